"""Tests of `transforms.summary`."""
