"""What ships with a dataset: the texts of the files that describe it."""
