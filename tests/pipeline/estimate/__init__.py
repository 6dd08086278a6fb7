"""Tests of `pipeline.estimate`."""
