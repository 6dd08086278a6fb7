"""Tests of `transforms.dataset`."""
