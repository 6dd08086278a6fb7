"""Tests of `transforms.sharding`."""
