"""Tests of runs on clusters."""
