"""Files of the local disk, without Beam, so that a command line can be refused before Beam is loaded.

A file is written in a temporary folder below OUT and moved to its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from transforms.elements import RUN_DIR
from transforms.errors import StorageError
from transforms.storage.paths import join

T = TypeVar("T")

# Where files are written before they are moved to their place, below OUT.
TEMPORARY_DIR = f"{RUN_DIR}/tmp"


def read(path: str) -> bytes:
    """A file's content; a pipe or a device by its name would be waited for, or never end, and is refused."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read()


def size(path: str) -> int | None:
    """How many bytes a file has; None where there is none."""
    return os.stat(path).st_size if os.path.isfile(path) else None


def exists(path: str) -> bool:
    """Whether a file or folder is there."""
    return os.path.exists(path)


def write(out_dir: str, target: str, data: bytes) -> None:
    """Makes a file of some bytes."""
    put(out_dir, target, lambda file: file.write(data))


def put(out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    """Makes a file of what `fill` writes."""
    temporary = join(out_dir, f"{TEMPORARY_DIR}/{uuid.uuid4().hex}")
    try:
        try:
            file = open(temporary, "xb")  # noqa: SIM115  # closed below
        except FileNotFoundError:
            _make_temporary_dir(out_dir)
            file = open(temporary, "xb")  # noqa: SIM115  # closed below
        with file:
            filled = fill(file)
        try:
            os.replace(temporary, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(temporary, target)
    except OSError:
        if os.path.lexists(temporary):
            os.remove(temporary)
        raise
    return filled


def _make_temporary_dir(out_dir: str) -> None:
    """Makes it in an OUT that a run has begun, and never OUT itself.

    Raises:
        StorageError: OUT is gone; made anew, it would hold a part of a dataset that nobody could go on with.
    """
    if not os.path.isdir(join(out_dir, RUN_DIR)):
        raise StorageError(f"{out_dir!r} was removed while it was written to", "OUT was removed")
    os.makedirs(join(out_dir, TEMPORARY_DIR), exist_ok=True)


def delete(out_dir: str, target: str) -> None:
    """Deletes a file, and the folders below OUT that this leaves empty."""
    if os.path.lexists(target):
        os.remove(target)
    folder = os.path.dirname(target)
    while len(folder) > len(out_dir) and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def delete_folder(path: str, spare: str | None) -> None:
    """Deletes a folder with all that it holds, but not the file `spare` in it; a missing one is no error."""
    if not os.path.lexists(path):
        return
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != spare:
            with contextlib.suppress(FileNotFoundError):  # moved to its place meanwhile
                os.remove(entry.path)
    if spare is None:
        os.rmdir(path)
