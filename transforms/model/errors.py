"""The errors that end a run. What is wrong with one image ends nothing: see `imaging.errors`."""

from __future__ import annotations

import re

# A traceback names an error by its module: this one, wherever it moves to.
_IN_A_TRACEBACK = re.compile(rf"^{re.escape(__name__)}\.(\w+): (.*)$", re.MULTILINE)
_OF_THE_MACHINE = re.compile(r"\w+Error: (\[Errno \d+\] .*)")
_WHERE = re.compile(r" \[while running '[^']*'\]")


class RunError(Exception):
    """The run cannot go on; the message is one sentence that says why and what to do."""


class StorageError(RunError):
    """A file cannot be read or written.

    Args:
        message: which file, what was tried, and why it failed.
        reason: why alone, without a path.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


def recover(error: BaseException) -> RunError | None:
    """Our own error, also where a runner hands back the text of its traceback; None for a stranger's."""
    found = [(type(error).__name__, str(error))] if isinstance(error, RunError) else _IN_A_TRACEBACK.findall(str(error))
    if not found:
        return None
    name, sentence = found[-1]
    kind = StorageError if name == StorageError.__name__ else RunError
    return kind(_without_step(sentence))


def _without_step(message: str) -> str:
    """What a runner adds to an error's message, the step in which it was met, is for debugging."""
    return _WHERE.sub("", message)


def of_this_machine(error: BaseException) -> StorageError | None:
    """An OSError that a runner met itself, also where it hands back its text alone; None for any other error."""
    found = [str(error)] if isinstance(error, OSError) else _OF_THE_MACHINE.findall(str(error))
    return StorageError(_without_step(found[-1])) if found else None
