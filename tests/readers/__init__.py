"""Load datasets with other libraries, and compare every sample with the manifest."""
