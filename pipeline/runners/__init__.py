"""The places where the graph runs: this machine, or another Beam runner."""
