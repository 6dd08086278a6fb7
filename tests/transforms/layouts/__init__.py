"""Tests of `transforms.layouts`."""
