"""Group sources and rows of tables into shards."""
