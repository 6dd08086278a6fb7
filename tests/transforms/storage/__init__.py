"""Tests of `transforms.storage`."""
