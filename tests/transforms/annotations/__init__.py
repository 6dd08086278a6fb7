"""Tests of `transforms.annotations`."""
