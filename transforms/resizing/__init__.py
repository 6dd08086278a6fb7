"""A shard's sources resized in the workers of a process."""
