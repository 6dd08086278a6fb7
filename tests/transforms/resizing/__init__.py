"""Tests of `transforms.resizing`."""
