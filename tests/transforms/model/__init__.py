"""Tests of `transforms.model`."""
