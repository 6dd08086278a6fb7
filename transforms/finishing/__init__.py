"""The tables and documents that a dataset has beside its images."""
