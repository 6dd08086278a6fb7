"""Resized shards -> their files and markers in OUT."""
