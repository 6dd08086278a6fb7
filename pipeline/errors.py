"""Errors of the command line."""


class UsageError(Exception):
    """The command cannot be carried out as it was given; the message is one sentence that says why."""
