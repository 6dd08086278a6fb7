"""Tests of `transforms.finishing`."""
