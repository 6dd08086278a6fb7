"""Counts: the pure tally, its sum in the graph, progress and counters."""
