"""Files on the local disk. Only `match` loads Beam, so that a wrong command is rejected without loading it.

A file is written to a temporary folder below OUT and then moved to its path.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from transforms.model.errors import StorageError
from transforms.model.file_names import is_candidate
from transforms.model.records import RUN_DIR
from transforms.storage import beam
from transforms.storage.paths import join

T = TypeVar("T")

BACK_OFF = (0.1, 0.5)

# The folder below OUT to which files are written before they are moved to their paths.
TEMPORARY_DIR = f"{RUN_DIR}/tmp"


def is_failure(error: BaseException) -> bool:
    """Return whether the operating system raised an error."""
    return isinstance(error, OSError)


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open_file(path) as file:
        return file.read()


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of a file from `offset` on, or fewer if the file ends earlier."""
    with open_file(path) as file:
        file.seek(offset)
        return file.read(length)


def open_file(path: str) -> BinaryIO:
    """Open a file for reading. Reject pipes, which may block a reader, and devices, which may never end."""
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")  # noqa: SIM115  # the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file")
    return file


def size(path: str) -> int | None:
    """Return the size of a file in bytes, or None if there is no such file."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def size_and_time(path: str) -> tuple[int, float]:
    """Return the size of a file in bytes and the time of its last change in seconds since 1970.

    Return zeros if there is no such file, or if it cannot be looked up.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: an invalid character in the path
        return 0, 0.0
    return (status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else (0, 0.0)


def exists(path: str) -> bool:
    """Return whether there is a file or folder at `path`."""
    return os.path.exists(path)


def match(pattern: str, limit: int | None) -> list[tuple[str, int, float]]:
    """Return the files that match a pattern, see `beam.match`."""
    return beam.match(pattern, limit)


def write(out_dir: str, target: str, data: bytes) -> None:
    """Write `data` to a file."""
    put(out_dir, target, lambda file: file.write(data))


def put(out_dir: str, target: str, fill: Callable[[BinaryIO], T]) -> T:
    """Let `fill` write a file, and return the result of `fill`."""
    temporary, filled = _fill_temporary(out_dir, TEMPORARY_DIR, fill)
    with _removed_on_error(temporary):
        move(out_dir, temporary, target)
    return filled


def stage(out_dir: str, data: bytes) -> str:
    """Write `data` to a temporary file below `out_dir`, and return its path. `move` moves it to its final path."""
    # Each process has its own folder: it takes processes twice as long to create files in one folder at the same time.
    return _fill_temporary(out_dir, f"{TEMPORARY_DIR}/{os.getpid()}", lambda file: file.write(data))[0]


def _fill_temporary(out_dir: str, folder: str, fill: Callable[[BinaryIO], T]) -> tuple[str, T]:
    temporary = join(out_dir, f"{folder}/{os.urandom(16).hex()}")
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
    """Move a file to its path below `out_dir`."""
    try:
        os.replace(source, target)
    except FileNotFoundError as error:
        if not os.path.lexists(source):  # then OUT was deleted, and must not be created again
            raise _removed(out_dir) from error
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(source, target)


def move_output(out_dir: str, source: str, target: str) -> None:
    """Move an output to its path below `out_dir`.

    If outputs of an earlier run, whose sources no longer exist, are in the way, delete them: a folder of images at the
    path of the output, or an image at the path of its folder. Delete nothing else.
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
    """Create a temporary folder in the OUT of a started run, but never OUT itself.

    Raises:
        StorageError: OUT was deleted. A new one would contain a part of a dataset that no run could continue.
    """
    if not os.path.isdir(join(out_dir, RUN_DIR)):
        raise _removed(out_dir)
    os.makedirs(folder, exist_ok=True)


def _removed(out_dir: str) -> StorageError:
    return StorageError(f"{out_dir!r} was removed during the run", "OUT was removed")


def delete(out_dir: str, target: str) -> None:
    """Delete a file, if it exists, and the folders below OUT that are then empty. Keep a folder at `target`."""
    if os.path.lexists(target) and not os.path.isdir(target):
        os.remove(target)
    folder = os.path.dirname(target)
    while len(folder) > len(out_dir) and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def delete_folder(path: str, spare: str | None) -> None:
    """Delete a folder, if it exists, with everything in it except the file `spare`."""
    if not os.path.lexists(path):
        return
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != spare:
            with contextlib.suppress(FileNotFoundError):  # another thread has moved the file to its path
                os.remove(entry.path)
    if spare is None:
        os.rmdir(path)
