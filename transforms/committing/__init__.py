"""Resized shards stored in OUT."""
