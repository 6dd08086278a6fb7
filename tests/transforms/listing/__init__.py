"""Tests of `transforms.listing`."""
