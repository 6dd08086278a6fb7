"""Listed sources grouped into shards."""
