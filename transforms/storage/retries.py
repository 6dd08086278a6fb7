"""Retry operations that fail temporarily; report permanent failures."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from transforms.model.errors import CHECK_PATH, StorageError
from transforms.storage.backends import Backend, backend_of
from transforms.storage.paths import is_local

T = TypeVar("T")

# Errors that no further try can fix. Beam's file systems raise the last four for a wrong path or setting.
_LASTING = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    AssertionError,
    ImportError,
    NotImplementedError,
    ValueError,
)
# Errors of a path that is wrong or that this user may not access.
_WRONG_PATH = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_LASTING_CODES = frozenset({errno.EINVAL, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP})


def attempt(action: Callable[[Backend], T], verb: str, path: str) -> T:
    """Return the result of `action`. Retry it after temporary errors, as often as the backend of `path` specifies.

    Args:
        action: (backend) -> the result of an operation on a file. It may be called several times.
        verb: the verb for the operation in messages: read, write ...
        path: the path of the file.

    Raises:
        StorageError: the storage failed with a permanent error, or in each try.
        Exception: any error that the storage did not raise, unchanged and without a retry.
    """
    backend = backend_of(path)
    for wait in backend.BACK_OFF:
        try:
            return action(backend)
        # Every Exception: each store has its own classes of errors, and `backend` recognizes them.
        except Exception as error:
            cause = _cause(error)
            if not backend.is_failure(cause) or not _may_pass(cause):
                _raise(error, backend, verb, path)
            _wait(wait, f"cannot {verb} {path!r}: {_reason(cause)}", path)
    with wording(verb, path):
        return action(backend)


@contextmanager
def wording(verb: str, path: str) -> Iterator[None]:
    """Convert errors of the storage of `path` in the block to StorageErrors. For `verb`, see `attempt`."""
    try:
        yield
    # Every Exception: as in `attempt`.
    except Exception as error:
        _raise(error, backend_of(path), verb, path)


def _raise(error: Exception, backend: Backend, verb: str, path: str) -> None:
    cause = _cause(error)
    if backend.is_failure(cause):
        reason = _reason(cause)
        advice = f"; {CHECK_PATH}" if isinstance(cause, _WRONG_PATH) else ""
        raise StorageError(f"cannot {verb} {path!r}: {reason}{advice}", reason) from cause
    raise cause


def _wait(seconds: float, problem: str, path: str) -> None:
    """Sleep. For a store, warn, and vary the time by half, so that thousands of workers do not retry at once."""
    if not is_local(path):
        seconds *= random.uniform(0.5, 1.5)
        from loguru import logger  # slow to load, and not needed by workers, which do not read stores

        logger.warning("{}; trying again in {:.0f} s", problem, seconds)
    time.sleep(seconds)


def _cause(error: BaseException) -> BaseException:
    """Return the cause of a BeamIOError, which stores its causes by path, or any other error itself."""
    while details := getattr(error, "exception_details", None):
        error = next(iter(details.values()))
    return error


def _may_pass(error: BaseException) -> bool:
    return not isinstance(error, _LASTING) and getattr(error, "errno", None) not in _LASTING_CODES


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__}: {error}"
