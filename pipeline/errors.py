"""Errors of the command line."""


class UsageError(Exception):
    """The command cannot be carried out as it was given; the message is one sentence that says why."""


class ExitRun(BaseException):
    """The run ends before its time; as for an exit, everybody lets it pass.

    Args:
        exit_code: of the process.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
