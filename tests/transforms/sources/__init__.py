"""Tests of `transforms.sources`."""
