"""Read parts of a file of any storage, with the retries of its backend for each request."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from transforms.storage.paths import is_local
from transforms.storage.reading import open_file, read_range

# A store sends 4 MB in the time that it takes to answer a request. So a smaller gap is read with the data around it, in
# requests that grow from this size. After a larger gap, a request is short.
_SHORT, _LONG, _LONGEST = 64_000, 4_000_000, 16_000_000


@contextlib.contextmanager
def open_by_range(path: str, size: int) -> Iterator[BinaryIO]:
    """Open a file for reading some parts of it in ascending order. On a store, this takes few requests and few bytes.

    Args:
        path: the path of the file.
        size: its size in bytes.

    Raises:
        StorageError: the file cannot be opened, or the storage fails while the file is read.
    """
    if is_local(path):
        with open_file(path) as file:
            yield file
    else:
        yield io.BufferedReader(_Ranges(path, size))


class _Ranges(io.RawIOBase):
    def __init__(self, path: str, size: int) -> None:
        self._path, self._size = path, size
        self._position = 0
        self._start, self._data = 0, b""  # the result of the last request

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has no buffer with a length
        end = self._start + len(self._data)
        if not self._start <= self._position < end and self._position < self._size:
            is_near = 0 <= self._position - end < _LONG
            wanted = min(max(_LONG, 2 * len(self._data)), _LONGEST) if is_near and end else _SHORT
            length = min(max(len(buffer), wanted), self._size - self._position)
            self._start, self._data = self._position, read_range(self._path, self._position, length)
        begin = self._position - self._start
        piece = self._data[begin : begin + len(buffer)] if begin >= 0 else b""
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
