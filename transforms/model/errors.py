"""The errors that end a run. Errors in single images do not: see `imaging.errors`."""

from __future__ import annotations

import re

# A traceback contains the full name of an error's class. `__name__` stays right if this module is moved.
_IN_TRACEBACK = re.compile(rf"^{re.escape(__name__)}\.(\w+): (.*)$", re.MULTILINE)
_OS_ERROR = re.compile(r"\w+Error: (\[Errno \d+\] .*)")
_STEP = re.compile(r" \[while running '[^']*'\]")

# What to do about a path that cannot be read or written.
CHECK_PATH = "check the path and its permissions"


class RunError(Exception):
    """The run cannot continue. The message is one sentence that states the reason and what to do."""


class StorageError(RunError):
    """A file cannot be read or written.

    Args:
        message: the file, the operation and the reason.
        reason: the reason alone, without a path; "" for the whole message.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


def recover_run_error(error: BaseException) -> RunError | None:
    """Return the `RunError` that a runner raised or wrapped, or None if there is none.

    A runner may wrap it in its own error, whose message contains the traceback.
    """
    named = [(type(error).__name__, str(error))] if isinstance(error, RunError) else _IN_TRACEBACK.findall(str(error))
    if not named:
        return None
    name, message = named[-1]
    error_class = StorageError if name == StorageError.__name__ else RunError
    return error_class(_without_step(message))


def recover_os_error(error: BaseException) -> StorageError | None:
    """Return an OSError of the runner itself as a `StorageError`, or None if there is none.

    A runner may wrap it in its own error, whose message contains that of the OSError.
    """
    messages = [str(error)] if isinstance(error, OSError) else _OS_ERROR.findall(str(error))
    return StorageError(_without_step(messages[-1])) if messages else None


def _without_step(message: str) -> str:
    """Remove the name of the step that failed, which a runner appends to a message."""
    return _STEP.sub("", message)
