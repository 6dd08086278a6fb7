"""What the user sees of a run: progress, log, signals and summary."""
