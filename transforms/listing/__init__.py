"""The files that the inputs hold."""
