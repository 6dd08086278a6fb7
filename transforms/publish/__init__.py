"""The texts of the files that describe a dataset and ship with it."""
