"""Tables of further columns, joined to the images by key."""
