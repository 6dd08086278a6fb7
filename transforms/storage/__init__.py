"""Whole files, on the local disk or on any of Beam's file systems.

A file appears complete or not at all: locally it is written in a temporary folder and moved to its
place, on a store it is one object write. Each kind of storage is a module of its own, of one shape.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Protocol, TypeVar

from transforms.elements import StoredFile
from transforms.errors import StorageError
from transforms.storage import beam, gcs, local
from transforms.storage.beam import set_options
from transforms.storage.local import TEMPORARY_DIR
from transforms.storage.paths import below, is_inside, is_local, join
from transforms.storage.retries import attempt
from transforms.storage.schemes import problem_of

__all__ = [
    "TEMPORARY_DIR",
    "below",
    "delete_all",
    "delete_tree",
    "exists",
    "is_folder",
    "is_inside",
    "is_local",
    "join",
    "list_pattern",
    "matches",
    "open_file",
    "problem_of",
    "read",
    "read_if_there",
    "set_options",
    "size",
    "write",
    "write_all",
    "write_pieces",
]

T = TypeVar("T")

# Objects written at the same time to a store, where each takes long and none takes work.
_STORE_WRITERS = 16


class _Storage(Protocol):
    """What each kind of storage can do, once. What fails raises, and `attempt` tries again or words it."""

    def read(self, path: str, /) -> bytes: ...

    def size(self, path: str, /) -> int | None: ...

    def exists(self, path: str, /) -> bool: ...

    def write(self, out_dir: str, target: str, data: bytes, /) -> None: ...

    def put(self, out_dir: str, target: str, fill: Callable[[BinaryIO], T], /) -> T: ...

    def delete(self, out_dir: str, target: str, /) -> None: ...


def _of(path: str) -> _Storage:
    return local if is_local(path) else gcs if gcs.is_object(path) else beam


def read(path: str) -> bytes:
    """A whole file.

    Raises:
        StorageError: it cannot be read, also after further tries where they make sense.
    """
    return attempt(lambda: _of(path).read(path), "read", path)


@contextlib.contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """A file to read piece by piece.

    Raises:
        StorageError: it cannot be opened.
    """
    with attempt(lambda: beam.open_file(path), "read", path) as file:
        yield file


def read_if_there(path: str) -> bytes | None:
    """A whole file, or None where there is none.

    Raises:
        StorageError: it is there and cannot be read.
    """
    try:
        return read(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def exists(path: str) -> bool:
    """Whether a file is there, locally also a folder.

    Raises:
        StorageError: it cannot be looked up.
    """
    return attempt(lambda: _of(path).exists(path), "look up", path)


def is_folder(path: str) -> bool:
    """Whether a path is a folder of the local disk; a store has none."""
    return is_local(path) and os.path.isdir(path)


def size(path: str) -> int | None:
    """How many bytes a file has; None where there is none.

    Raises:
        StorageError: it cannot be looked up.
    """
    return attempt(lambda: _of(path).size(path), "look up", path)


def write_pieces(out_dir: str, path: str, pieces: Callable[[], Iterable[bytes]]) -> tuple[int, str]:
    """Stores one file that may be larger than memory, whole or not at all; gives its bytes and their SHA-256.

    Args:
        out_dir: the dataset's folder.
        path: of the file below it.
        pieces: gives what the file is made of, anew for each try.

    Raises:
        StorageError: it cannot be written.
    """
    target = join(out_dir, path)
    fill = functools.partial(_fill, pieces)
    return attempt(lambda: _of(target).put(out_dir, target, fill), "write", target)


def _fill(pieces: Callable[[], Iterable[bytes]], file: BinaryIO) -> tuple[int, str]:
    digest = hashlib.sha256()
    for piece in pieces():
        file.write(piece)
        digest.update(piece)
    return file.tell(), digest.hexdigest()


def write_all(out_dir: str, files: Iterable[StoredFile]) -> None:
    """Stores each file at its path below `out_dir`; on a store several at a time.

    Raises:
        StorageError: one of them cannot be written.
    """
    if is_local(out_dir):
        for file in files:
            write(out_dir, file.path, file.data)
        return
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(lambda file: write(out_dir, file.path, file.data), files))


def write(out_dir: str, path: str, data: bytes) -> None:
    """Stores one file at `path` below `out_dir`, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    target = join(out_dir, path)
    attempt(lambda: _of(target).write(out_dir, target, data), "write", target)


def delete_all(out_dir: str, paths: Sequence[str]) -> None:
    """Deletes files below `out_dir`, and locally the folders that this leaves empty. Missing ones are no error.

    Raises:
        StorageError: one is there and cannot be deleted.
    """
    targets = [join(out_dir, path) for path in paths]
    if is_local(out_dir) or len(targets) < 2:
        for target in targets:
            _delete(out_dir, target)
        return
    with ThreadPoolExecutor(_STORE_WRITERS) as pool:
        list(pool.map(lambda target: _delete(out_dir, target), targets))


def _delete(out_dir: str, target: str) -> None:
    attempt(lambda: _of(target).delete(out_dir, target), "delete", target)


def delete_tree(path: str, spare: str | None = None) -> None:
    """Deletes a folder with all that it holds, but not the file `spare` in it; a missing one is no error.

    Raises:
        StorageError: it cannot be deleted.
    """
    if is_local(path):
        attempt(lambda: local.delete_folder(path, spare), "delete", path)
    else:
        delete_all(path, [below(path, one) for one in _list_below(path) if one != spare])


def _list_below(folder: str) -> list[str]:
    """The paths of all files below a folder of a store.

    Raises:
        StorageError: the folder cannot be listed.
    """
    prefix = join(folder, "")
    if gcs.is_object(folder):  # as it is: with a wildcard in its name it would be a pattern
        return attempt(lambda: [path for path, _, _ in gcs.list_range(prefix, "", "")], "list", folder)
    return [path for path, _, _ in list_pattern(f"{prefix}**")]


def matches(pattern: str) -> bool:
    """Whether a store has any file that a pattern matches.

    Raises:
        StorageError: the store does not answer, or refuses.
    """
    return bool(list_pattern(pattern, 1))


def list_pattern(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """(path, bytes, seconds since 1970 of the last change) of the files that a pattern matches, in one go.

    Raises:
        StorageError: they cannot be listed.
    """
    return attempt(lambda: beam.match(pattern, limit), "list", pattern)
