"""The elements of the graph, the configuration of a dataset, and the errors that end a run."""
