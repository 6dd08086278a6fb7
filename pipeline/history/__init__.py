"""The record of a run: its times and rates."""
