"""Tables of further columns, whose rows are joined to the images by key."""
