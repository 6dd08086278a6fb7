"""Tests of what ships with a dataset."""
