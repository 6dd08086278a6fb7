"""The sources of a shard -> its images, made by the workers of a process."""
