"""A lock keeps other runs out of a local OUT. The operating system releases it when the process ends.

The lock is on the folder OUT itself. Unlike a file in it, nothing deletes the folder during a run.
"""

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
from transforms.dataset import state
from transforms.dataset.paths import LOCK_PATH
from transforms.model.errors import CHECK_PATH, RunError, StorageError
from transforms.model.records import RUN_DIR


def process_description() -> str:
    """Return the description of this process in messages of other runs: its id, machine and start time."""
    now = datetime.datetime.now(datetime.UTC)
    return f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


@contextlib.contextmanager
def hold_lock(out_dir: str) -> Iterator[None]:
    """Hold the lock of a local OUT inside the context, and bring its state to the current form; see `state.settle`.

    Raises:
        RunError: another run holds the lock.
        StorageError: OUT cannot be written to.
    """
    path, old = storage.join(out_dir, LOCK_PATH), storage.join(out_dir, state.OLD_LOCK_PATH)
    with contextlib.ExitStack() as held:
        try:
            os.makedirs(out_dir, exist_ok=True)
            has_locks = _lock(held, out_dir, out_dir)
            if not has_locks and not _lock(held, path, out_dir):
                logger.warning("{!r} cannot be locked: make sure that no other run uses this output", out_dir)
            if os.path.isfile(old):  # a run of an earlier version may hold this lock
                _lock(held, old, out_dir)
            with open(path, "w", encoding="utf-8") as file:
                file.write(process_description())
        except OSError as error:
            raise StorageError(f"cannot write {path!r}: {error.strerror}; {CHECK_PATH}", str(error.strerror)) from error
        try:
            state.settle(out_dir)
            yield
        finally:
            _clean_up(out_dir)


def _lock(held: contextlib.ExitStack, path: str, out_dir: str) -> bool:
    """Lock a file or a folder until `held` closes. Return whether the file system supports it.

    Raises:
        RunError: another run holds the lock.
    """
    # NFS cannot lock folders, and locks a file only if it is open for writing.
    descriptor = os.open(path, os.O_RDONLY if os.path.isdir(path) else os.O_RDWR | os.O_CREAT, 0o666)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise _in_use(out_dir) from error
        return False
    if not os.path.lexists(path) or not os.path.samestat(os.fstat(descriptor), os.stat(path)):
        raise _in_use(out_dir)  # another run has just deleted the locked file or folder
    return True


def _in_use(out_dir: str) -> RunError:
    return RunError(f"another run is using {out_dir!r}{_holder(out_dir)}: wait for it to end, or stop it")


def _holder(out_dir: str) -> str:
    """Return a description of the run that holds the lock, in parentheses, or "" while that run starts or ends."""
    for path in (LOCK_PATH, state.OLD_LOCK_PATH):
        with contextlib.suppress(OSError), open(storage.join(out_dir, path), encoding="utf-8") as file:
            if text := file.read().strip():
                return f" ({text})"
    return ""


def _clean_up(out_dir: str) -> None:
    """Delete the file about this process, and the state folder if it is empty."""
    with contextlib.suppress(OSError):
        os.remove(storage.join(out_dir, LOCK_PATH))
    with contextlib.suppress(OSError):
        os.rmdir(storage.join(out_dir, RUN_DIR))
