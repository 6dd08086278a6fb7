"""What failed for no lasting reason is tried again; what still fails is told in a sentence."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable
from typing import TypeVar

from loguru import logger

from transforms.errors import RunError, StorageError
from transforms.storage.paths import is_local

T = TypeVar("T")

# Waits in seconds before another try; with a store half to one and a half times as long, so that the
# thousands who were refused at once do not come back at once.
_BACK_OFF = (0.1, 0.5)
_STORE_BACK_OFF = (1, 4, 16)
# What another try will not change.
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_LASTING_CODES = frozenset({errno.EINVAL, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP})


def attempt(action: Callable[[], T], verb: str, path: str) -> T:
    """What `action` gives.

    Args:
        action: does something with a file, and may be called several times.
        verb: what it does: read, write ...
        path: of the file.

    Raises:
        StorageError: it fails for a lasting reason, or each time.
    """
    for wait in (*(_BACK_OFF if is_local(path) else _STORE_BACK_OFF), None):
        try:
            return _with_os_errors(action)
        except OSError as error:
            reason = _reason(error)
            if wait is None or isinstance(error, _LASTING) or error.errno in _LASTING_CODES:
                raise StorageError(f"cannot {verb} {path!r}: {reason}", reason) from error
            if not is_local(path):
                wait *= random.uniform(0.5, 1.5)
                logger.warning("cannot {} {!r}: {}; again in {:.0f} s", verb, path, reason, wait)
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _reason(error: OSError) -> str:
    """Why, in the words of whoever knows: a BeamIOError has the errors that led to it, by path."""
    cause: object = error
    while details := getattr(cause, "exception_details", None):
        cause = next(iter(details.values()))
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return f"{type(cause).__name__}: {cause}"


def _with_os_errors(action: Callable[[], T]) -> T:
    """What a store's client raises in its own words becomes an OSError, as Beam's BeamIOError is."""
    try:
        return action()
    except (OSError, RunError):
        raise
    # Every Exception: each store has errors of its own, which Beam passes on.
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
