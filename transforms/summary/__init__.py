"""The reports of a run: tallies, their sum in the graph, progress, counters, and the log of a worker."""
