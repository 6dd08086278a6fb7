"""Where the graph runs: on this machine, or elsewhere."""
