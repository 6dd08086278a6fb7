"""The command: flags, runners and terminals, around the transforms."""
