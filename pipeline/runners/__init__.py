"""The places where the graph runs: this machine, or another runner of Beam's."""
