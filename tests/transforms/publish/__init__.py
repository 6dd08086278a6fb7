"""Tests of `transforms.publish`."""
