"""The errors that end a run. What is wrong with one image ends nothing: see `imaging.errors`."""

from __future__ import annotations

import re

_IN_A_TRACEBACK = re.compile(r"^transforms\.errors\.\w+: (.*)$", re.MULTILINE)
_WHERE = re.compile(r" \[while running '[^']*'\]")


class RunError(Exception):
    """The run cannot go on; the message is one sentence that says why and what to do."""


class StorageError(RunError):
    """A file cannot be read or written."""


def sentence_of(error: BaseException) -> str | None:
    """The sentence of a `RunError`, also of one that a runner handed back as the text of its traceback."""
    found = [str(error)] if isinstance(error, RunError) else _IN_A_TRACEBACK.findall(str(error))
    return _WHERE.sub("", found[-1]) if found else None
