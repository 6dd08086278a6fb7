"""The errors that end a run. What is wrong with one image ends nothing: see `imaging.errors`."""

from __future__ import annotations

import re

_IN_A_TRACEBACK = re.compile(r"^transforms\.errors\.\w+: (?P<sentence>.*?)(?: \[while running '.*'\])*$", re.MULTILINE)


class RunError(Exception):
    """The run cannot go on; the message is one sentence that says why and what to do."""


class StorageError(RunError):
    """A file cannot be read or written."""


def sentence_of(error: BaseException) -> str | None:
    """The sentence of a `RunError`, also of one that a runner handed back as the text of its traceback."""
    if isinstance(error, RunError):
        return str(error)
    found = list(_IN_A_TRACEBACK.finditer(str(error)))
    return found[-1]["sentence"] if found else None
