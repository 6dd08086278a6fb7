"""Read, look up and list files in any storage."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from transforms.model.errors import StorageError
from transforms.storage import gcs
from transforms.storage.paths import is_local
from transforms.storage.retries import attempt, wording


def read(path: str) -> bytes:
    """Return the content of a file.

    Raises:
        StorageError: the file cannot be read, even after retries of temporary errors.
    """
    return attempt(lambda backend: backend.read(path), "read", path)


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of a file from `offset` on, as stored, or fewer if the file ends earlier.

    Raises:
        StorageError: as for `read`.
    """
    return attempt(lambda backend: backend.read_range(path, offset, length), "read", path) if length else b""


@contextlib.contextmanager
def open_file(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading piece by piece, without decompressing it.

    Raises:
        StorageError: the file cannot be opened, or the store fails while the file is read.
    """
    with attempt(lambda backend: backend.open_file(path), "read", path) as file:
        yield file if is_local(path) else io.BufferedReader(_StoreFile(file, path))


class _StoreFile(io.RawIOBase):
    """An open file of a store. It converts errors during reads to StorageErrors."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._file = file
        self._path = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has no buffer with a length
        with wording("read", self._path):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with wording("read", self._path):
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def read_if_there(path: str) -> bytes | None:
    """Return the content of a file, or None if there is no such file.

    Raises:
        StorageError: the file exists but cannot be read.
    """
    try:
        return read(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def exists(path: str) -> bool:
    """Return whether there is a file at `path`, or a local folder.

    Raises:
        StorageError: the path cannot be looked up.
    """
    return attempt(lambda backend: backend.exists(path), "look up", path)


def size(path: str) -> int | None:
    """Return the size of a file in bytes, or None if there is no such file.

    Raises:
        StorageError: the file cannot be looked up.
    """
    return attempt(lambda backend: backend.size(path), "look up", path)


def region_of(path: str) -> str | None:
    """Return the location of the bucket of a gs:// path, such as us-east1, or None if the store does not tell it.

    Raises:
        StorageError: the store does not answer.
    """
    return attempt(lambda _: gcs.region_of(path), "look up", path)


def matches(pattern: str) -> bool:
    """Return whether any file matches a pattern.

    Raises:
        StorageError: the storage does not answer, or rejects the request.
    """
    return bool(list_pattern(pattern, 1))


def list_pattern(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """Return (path, bytes, seconds since 1970 of the last change) of the files that match a pattern.

    Args:
        pattern: a pattern in the syntax of `beam.expression_of`.
        limit: the maximum number of files to return; None for all.

    Raises:
        StorageError: the files cannot be listed.
    """
    return attempt(lambda backend: backend.match(pattern, limit), "list", pattern)
