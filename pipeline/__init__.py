"""The command: flags, runners and terminal output around the transforms."""
