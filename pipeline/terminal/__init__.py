"""What a person sees of a run: progress, log, signals and summary."""
