"""A run on a Flink cluster through Beam's job server. The cluster exists already, or is started for the run."""
