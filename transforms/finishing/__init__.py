"""The markers of all shards -> the documents of a dataset, once everything is committed."""
