"""--estimate: the size, time and cost of a dataset, computed from a sample of its images."""
