"""--estimate: what a dataset will take, computed from a sample of its images."""
