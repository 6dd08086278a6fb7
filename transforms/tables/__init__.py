"""Tables of additional columns, whose rows are joined to the images by key."""
