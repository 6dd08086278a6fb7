"""Tests of `transforms.tables`."""
