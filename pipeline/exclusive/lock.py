"""A lock keeps a second run out of a local OUT. The operating system releases it when the process ends."""

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
from transforms.model.errors import CHECK_PATH, RunError, StorageError


def process_description() -> str:
    """Return what a second run says of this process: its id, machine and time."""
    now = datetime.datetime.now(datetime.UTC)
    return f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


@contextlib.contextmanager
def hold_lock(out_dir: str) -> Iterator[None]:
    """Hold the lock of a local OUT while the context lasts.

    Raises:
        RunError: another run holds it.
        StorageError: OUT cannot be written to.
    """
    path = storage.join(out_dir, LOCK_PATH)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115  # closed below
    except OSError as error:
        raise StorageError(f"cannot write {path!r}: {error.strerror}; {CHECK_PATH}", str(error.strerror)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                file.seek(0)
                holder = file.read().strip()
                raise RunError(f"another run is using {out_dir!r} ({holder}): wait for its end, or stop it") from error
            logger.warning("cannot lock {!r}: {}; make sure that no other run uses this output", path, error.strerror)
        file.truncate(0)
        file.write(process_description())
        file.flush()
        yield
