"""Errors of the command."""


class UsageError(Exception):
    """The command is wrong. The message is one sentence: what is wrong, which value, and what to do."""


class ExitRun(BaseException):
    """The run ends early. Like SystemExit it is not an `Exception`, so that no handler catches it on the way.

    Args:
        exit_code: the exit code of the process.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
