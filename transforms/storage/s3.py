"""Objects of S3, and of stores with the same protocol, with one client per process.

Beam's own file system signs every request, so it cannot read a public bucket without credentials. It also creates a
client for every file that it opens, and reads the metadata of an object before its content.
"""

from __future__ import annotations

import functools
import io
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

from transforms.model.errors import StorageError
from transforms.storage import beam, s3_errors
from transforms.storage.paths import WILDCARD, literal_prefix
from transforms.storage.s3_client import client
from transforms.storage.s3_errors import file_errors
from transforms.storage.schemes import S3_BUCKET

T = TypeVar("T")

SCHEME = "s3://"

BACK_OFF = (0.5, 1, 2, 4, 8, 16, 32)

is_failure = s3_errors.is_failure

# The bytes of the first and of the largest requests for an open file. The size doubles during sequential reads. So a
# sequential read takes few requests, and a read of single parts receives little more than these parts.
_FIRST_PIECE, _LARGEST_PIECE = 256 * 1024, 16 * 1024 * 1024


def is_object(path: str) -> bool:
    """Return whether a path belongs to this store."""
    return path.startswith(SCHEME)


def read(path: str) -> bytes:
    """Return the content of an object.

    Raises:
        FileNotFoundError, PermissionError: as for a file.
        Exception: boto3's own errors, see `is_failure`.
    """
    with file_errors():
        return bytes(client().get_object(**_names(path))["Body"].read())


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of an object from `offset` on, or fewer at its end. Raise as `read` does."""
    try:
        with file_errors():
            asked = f"bytes={offset}-{offset + length - 1}"
            return bytes(client().get_object(**_names(path), Range=asked)["Body"].read())
    except OSError as error:
        if error.__cause__ and s3_errors.code_of(error.__cause__) == "InvalidRange":
            return b""
        raise


def open_file(path: str) -> BinaryIO:
    """Open an object for reading by ranges. Raise as `read` does. Each range is retried separately."""
    head = _head(path)
    return io.BufferedReader(_Object(path, head["ContentLength"], head.get("ETag")))


def exists(path: str) -> bool:
    """Return whether there is an object at `path`. Raise as `read` does."""
    return size(path) is not None


def size(path: str) -> int | None:
    """Return the size of an object in bytes, or None if there is no such object. Raise as `read` does."""
    try:
        return int(_head(path)["ContentLength"])
    except FileNotFoundError:
        return None


def write(_out_dir: str, path: str, data: bytes) -> None:
    """Write an object in one request. Raise as `read` does."""
    kind = "text/html" if path.endswith(".html") else "application/octet-stream"  # browsers rely on it
    with file_errors():
        client().put_object(**_names(path), Body=data, ContentType=kind)


def put(_out_dir: str, path: str, fill: Callable[[BinaryIO], T]) -> T:
    """Let `fill` write to a temporary file, then upload it. Return the result of `fill`. Raise as `read` does."""
    names = _names(path)
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        file.seek(0)
        with file_errors():
            client().upload_fileobj(file, names["Bucket"], names["Key"])
    return filled


def move(out_dir: str, source: str, path: str) -> None:
    """Move an object to another name in the same bucket. The store itself copies it. Raise as `read` does."""
    with file_errors():
        client().copy(_names(source), *split(path))
    delete(out_dir, source)


def delete(_out_dir: str, path: str) -> None:
    """Delete an object, if it exists. Raise as `read` does."""
    with file_errors():
        client().delete_object(**_names(path))


def match(pattern: str, limit: int | None = None) -> list[tuple[str, int, float]]:
    """Return (path, bytes, seconds since 1970 of the last change) of the objects that match a pattern.

    Args:
        pattern: a pattern in the syntax of `beam.expression_of`.
        limit: the maximum number of objects to return; None for all.
    """
    if pattern.endswith("/"):
        pattern += "*"
    if WILDCARD.search(pattern):
        return list(itertools.islice(match_range(pattern, "", ""), limit))
    try:
        head = _head(pattern)
    except FileNotFoundError:
        return []
    return [(pattern, head["ContentLength"], head["LastModified"].timestamp())]


def match_range(pattern: str, start: str, end: str) -> Iterator[tuple[str, int, float]]:
    """Return the objects in a range of names that match a pattern, page by page. See `match` and `list_range`."""
    return beam.matching(pattern, list_range(literal_prefix(pattern), start, end))


def list_range(prefix: str, start: str, end: str) -> Iterator[tuple[str, int, float]]:
    """Yield (path, bytes, seconds since 1970 of the last change) of the objects in a range of names, page by page.

    Args:
        prefix: the beginning of the paths, s3://BUCKET/ at least.
        start: the first name of the range, without the prefix, in the order of UTF-8 bytes; "" for the first of all.
        end: the name before which the range ends, without the prefix; "" for the end of all.

    Raises:
        StorageError: a page cannot be listed, even after retries.
    """
    bucket, name = split(prefix)
    first, last = (name + start).encode(), (name + end).encode() if end else None
    asked = {"Bucket": bucket, "Prefix": name, **({"StartAfter": _before(name + start)} if start else {})}
    while True:
        page = _tried(functools.partial(_page, asked), "list", prefix)
        for item in page.get("Contents", ()):
            found = item["Key"].encode()
            if last is not None and found >= last:
                return
            if found >= first:
                yield f"{SCHEME}{bucket}/{item['Key']}", item["Size"], item["LastModified"].timestamp()
        if not page.get("IsTruncated"):
            return
        asked = {"Bucket": bucket, "Prefix": name, "ContinuationToken": page["NextContinuationToken"]}


def _page(asked: dict[str, str]) -> dict[str, Any]:
    return client().list_objects_v2(**asked)


def _before(name: str) -> str:
    """Return a name shortly before `name`, because S3 lists only the names after a given one."""
    code = ord(name[-1])
    return name[:-1] + (f"{chr(code - 1)}\U0010ffff" if code and not 0xD800 <= code - 1 <= 0xDFFF else "")


def split(path: str) -> tuple[str, str]:
    """Return the bucket of a path and the name of its object.

    Raises:
        StorageError: the path names no bucket.
    """
    bucket, slash, name = path.removeprefix(SCHEME).partition("/")
    if not slash or not S3_BUCKET.fullmatch(bucket):
        problem = f"does not name a bucket ({bucket!r} is not a valid name)"
        raise StorageError(f"{path!r} {problem}: use a path such as s3://my-bucket/folder", f"it {problem}")
    return bucket, name


def _names(path: str) -> dict[str, str]:
    bucket, name = split(path)
    return {"Bucket": bucket, "Key": name}


def _head(path: str) -> dict[str, Any]:
    with file_errors():
        return client().head_object(**_names(path))


def _tried(request: Callable[[], T], verb: str, path: str) -> T:
    """Return the result of one of several requests for `path`. Each request has its own retries."""
    from transforms.storage.retries import attempt  # a circular import: it imports every backend

    def send(_backend: object) -> T:
        with file_errors():
            return request()

    return attempt(send, verb, path)


class _Object(io.RawIOBase):
    """An object that is read by ranges. All ranges are read from the same version of the object."""

    def __init__(self, path: str, size: int, tag: str | None) -> None:
        self._path = path
        self._size = size
        self._names = {**_names(path), **({"IfMatch": tag} if tag else {})}
        self._at = 0
        self._piece, self._piece_at, self._next_length = b"", 0, _FIRST_PIECE

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has no buffer with a length
        if self._at >= self._size or not len(buffer):
            return 0
        if not self._piece_at <= self._at < self._piece_at + len(self._piece):
            self._fetch(len(buffer))
        begin = self._at - self._piece_at
        data = self._piece[begin : begin + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _fetch(self, wanted: int) -> None:
        """Read a range of at least `wanted` bytes from the current position on, or up to the end of the object."""
        goes_on = self._at == self._piece_at + len(self._piece)
        length = self._next_length if goes_on else _FIRST_PIECE
        last = min(self._size, self._at + max(length, wanted)) - 1
        asked = f"bytes={self._at}-{last}"
        body = _tried(lambda: client().get_object(**self._names, Range=asked)["Body"].read(), "read", self._path)
        self._piece, self._piece_at = body, self._at
        self._next_length = min(2 * length, _LARGEST_PIECE)
