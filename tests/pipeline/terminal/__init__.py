"""Tests of `pipeline.terminal`."""
