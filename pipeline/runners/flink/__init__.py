"""A run on a Flink cluster, by Beam's job server: on one that is there, or on one that is started for the run."""
