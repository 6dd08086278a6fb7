"""What other libraries read of a dataset: every sample, compared with the manifest."""
