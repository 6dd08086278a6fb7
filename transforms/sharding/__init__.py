"""Sources and rows of tables, grouped into shards."""
