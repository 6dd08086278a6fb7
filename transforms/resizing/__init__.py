"""The sources of a shard -> its images, which the worker processes create."""
