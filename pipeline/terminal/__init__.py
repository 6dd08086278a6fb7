"""What a user sees of a run: progress, log, signals and summary."""
