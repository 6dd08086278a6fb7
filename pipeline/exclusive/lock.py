"""One run at a time on one OUT: a lock of the operating system's, which ends with the process that has it."""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import os
import socket
from collections.abc import Iterator

from loguru import logger

from transforms import storage
from transforms.dataset.paths import LOCK_PATH
from transforms.model.errors import RunError, StorageError


def process_description() -> str:
    """This process, in words for whoever comes second."""
    now = datetime.datetime.now(datetime.UTC)
    return f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


@contextlib.contextmanager
def locked(out_dir: str) -> Iterator[None]:
    """Has a local OUT to itself while the context lasts.

    Raises:
        RunError: another run has it.
        StorageError: OUT cannot be written to.
    """
    path = storage.join(out_dir, LOCK_PATH)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115  # closed below
    except OSError as error:
        raise StorageError(f"cannot write {path!r}: {error.strerror}", str(error.strerror)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                file.seek(0)
                raise RunError(
                    f"another run is at work on {out_dir!r} ({file.read().strip()}): wait for its end, or end it"
                ) from error
            logger.warning("{!r} cannot be locked ({}): take care that no other run works on it", path, error.strerror)
        file.truncate(0)
        file.write(process_description())
        file.flush()
        yield
