"""Tests of what the benchmarks compute; nothing is timed."""
