"""--estimate: what a dataset will take, told by a sample of its images."""
