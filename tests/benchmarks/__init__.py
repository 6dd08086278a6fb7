"""Tests of the figures that the benchmarks compute. They measure no times."""
