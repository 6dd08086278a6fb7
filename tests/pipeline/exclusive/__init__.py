"""Tests of `pipeline.exclusive`."""
