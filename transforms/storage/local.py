"""Files of the local disk. Only matching a pattern loads Beam, so that a wrong command is refused without it.

A file is written in a temporary folder below OUT, then moved to its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from transforms.model.errors import StorageError
from transforms.model.file_names import is_candidate
from transforms.model.records import RUN_DIR
from transforms.storage import beam
from transforms.storage.paths import join

T = TypeVar("T")

BACK_OFF = (0.1, 0.5)

# The folder below OUT in which files are written before they are moved to their place.
TEMPORARY_DIR = f"{RUN_DIR}/tmp"


def is_failure(error: BaseException) -> bool:
    """Return whether the operating system raised an error."""
    return isinstance(error, OSError)


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open_file(path) as file:
        return file.read()


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return at most `length` bytes of a file from `offset` on: fewer only if it ends before."""
    with open_file(path) as file:
        file.seek(offset)
        return file.read(length)


def open_file(path: str) -> BinaryIO:
    """Open a file for reading. Refuse a pipe, which may keep a reader waiting, and a device, which may never end."""
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file")
    return file


def size(path: str) -> int | None:
    """Return the size of a file in bytes, or None if there is no such file."""
    return os.stat(path).st_size if os.path.isfile(path) else None


def size_and_time(path: str) -> tuple[int, float]:
    """Return the size of a file in bytes and the time of its last change in seconds since 1970.

    Return zeros if there is no such file, or it cannot be looked up.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: for what no name may hold
        return 0, 0.0
    return (status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else (0, 0.0)


def exists(path: str) -> bool:
    """Return whether there is a file or folder at `path`."""
    return os.path.exists(path)


def match(pattern: str, limit: int | None) -> list[tuple[str, int, float]]:
    """Return the files that a pattern matches, see `beam.match`."""
    return beam.match(pattern, limit)


def write(out_dir: str, target: str, data: bytes) -> None:
    """Write a file that holds `data`."""
    put(out_dir, target, lambda file: file.write(data))


def put(out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    """Write a file with `fill`, and return what `fill` returns."""
    temporary, filled = _fill_temporary(out_dir, TEMPORARY_DIR, fill)
    with _removed_on_error(temporary):
        move(out_dir, temporary, target)
    return filled


def stage(out_dir: str, data: bytes) -> str:
    """Write a temporary file of `out_dir` that holds `data`, and return its path. `move` gives it its place."""
    # In a folder of this process: making files in one folder at the same time takes processes twice as long.
    return _fill_temporary(out_dir, f"{TEMPORARY_DIR}/{os.getpid()}", lambda file: file.write(data))[0]


def _fill_temporary(out_dir: str, folder: str, fill: Callable[[BinaryIO], T]) -> tuple[str, T]:
    temporary = join(out_dir, f"{folder}/{uuid.uuid4().hex}")
    with _removed_on_error(temporary), _create(out_dir, temporary) as file:
        return temporary, fill(file)


@contextlib.contextmanager
def _removed_on_error(temporary: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if os.path.lexists(temporary):
            os.remove(temporary)
        raise


def _create(out_dir: str, temporary: str) -> BinaryIO:
    try:
        return open(temporary, "xb")
    except FileNotFoundError:
        _make_temporary_dir(out_dir, os.path.dirname(temporary))
        return open(temporary, "xb")


def move(out_dir: str, source: str, target: str) -> None:
    """Move a file to its place below `out_dir`."""
    try:
        os.replace(source, target)
    except FileNotFoundError as error:
        if not os.path.lexists(source):  # then OUT is gone, and a folder for the target would be a new one
            raise _removed(out_dir) from error
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(source, target)


def move_output(out_dir: str, source: str, target: str) -> None:
    """Move an output to its place below `out_dir`.

    Delete what an earlier run has left there of images that are gone: a folder of images with the name of the output,
    or an image with the name of its folder. Leave anything else.
    """
    try:
        move(out_dir, source, target)
    except (NotADirectoryError, IsADirectoryError):
        _clear(out_dir, target)
        move(out_dir, source, target)


def _clear(out_dir: str, target: str) -> None:
    if os.path.isdir(target) and all(is_candidate(name) for _, _, names in os.walk(target) for name in names):
        shutil.rmtree(target)
    folder = os.path.dirname(target)
    while len(folder) > len(out_dir):
        if os.path.isfile(folder) and is_candidate(folder):
            os.remove(folder)
        folder = os.path.dirname(folder)


def _make_temporary_dir(out_dir: str, folder: str) -> None:
    """Make a temporary folder in an OUT that a run has begun, but never OUT itself.

    Raises:
        StorageError: OUT is gone. A new one would hold a part of a dataset that no run could continue.
    """
    if not os.path.isdir(join(out_dir, RUN_DIR)):
        raise _removed(out_dir)
    os.makedirs(folder, exist_ok=True)


def _removed(out_dir: str) -> StorageError:
    return StorageError(f"{out_dir!r} was removed during the run", "OUT was removed")


def delete(out_dir: str, target: str) -> None:
    """Delete a file, if it is there, and the folders below OUT that this leaves empty. Keep a folder of its name."""
    if os.path.lexists(target) and not os.path.isdir(target):
        os.remove(target)
    folder = os.path.dirname(target)
    while len(folder) > len(out_dir) and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def delete_folder(path: str, spare: str | None) -> None:
    """Delete a folder, if it is there, with everything in it except the file `spare`."""
    if not os.path.lexists(path):
        return
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != spare:
            with contextlib.suppress(FileNotFoundError):  # another thread moved it to its place
                os.remove(entry.path)
    if spare is None:
        os.rmdir(path)
