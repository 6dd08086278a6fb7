"""Tests of `transforms.committing`."""
