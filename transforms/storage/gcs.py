"""Objects of Google Cloud Storage, with one client per process and one request per object.

Beam's own file system creates a client, and so a connection, for every file that it opens, and reads the metadata of
an object before its content. The client retries by itself, see `gcs_retry`.
"""

from __future__ import annotations

import calendar
import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from transforms.model.errors import StorageError
from transforms.storage import beam, gcs_errors
from transforms.storage.gcs_client import client
from transforms.storage.gcs_errors import file_errors
from transforms.storage.paths import WILDCARD, literal_prefix
from transforms.storage.schemes import GS_BUCKET

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Blob

T = TypeVar("T")

SCHEME = "gs://"

BACK_OFF = ()

is_failure = gcs_errors.is_failure

# The bytes of one request for an open file, as in Beam's file system.
_PIECE = 16 * 1024 * 1024


def is_object(path: str) -> bool:
    """Return whether a path belongs to this store."""
    return path.startswith(SCHEME)


def read(path: str) -> bytes:
    """Return the content of an object. Decompress it if its content encoding is gzip.

    Raises:
        FileNotFoundError, PermissionError: as for a file.
        Exception: the client's own errors, see `is_failure`.
    """
    with file_errors():
        return _blob(path).download_as_bytes(retry=_retry("read", path))


def read_range(path: str, offset: int, length: int) -> bytes:
    """Return `length` bytes of an object from `offset` on, or fewer at its end, as stored. Raise as `read` does."""
    end = offset + length - 1
    with file_errors():
        return _blob(path).download_as_bytes(start=offset, end=end, raw_download=True, retry=_retry("read", path))


def open_file(path: str) -> BinaryIO:
    """Open an object for reading, without decompressing it. Raise as `read` does, also during reads."""
    blob = _blob(path)
    with file_errors():
        blob.reload(retry=_retry("read", path))
    return blob.open("rb", chunk_size=_PIECE, retry=_retry("read", path), raw_download=True)


def exists(path: str) -> bool:
    """Return whether there is an object at `path`. Raise as `read` does."""
    return size(path) is not None


def write(_out_dir: str, path: str, data: bytes) -> None:
    """Write an object in one request. Raise as `read` does."""
    # The same name always gets the same bytes, so a request can be repeated if its response was lost.
    kind = "text/html" if path.endswith(".html") else "application/octet-stream"  # browsers rely on it
    with file_errors():
        _blob(path).upload_from_string(data, kind, retry=_retry("write", path))


def put(_out_dir: str, path: str, fill: Callable[[BinaryIO], T]) -> T:
    """Let `fill` write to a temporary file, then upload it. Return the result of `fill`. Raise as `read` does."""
    kind = "application/octet-stream"
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        with file_errors():
            _blob(path).upload_from_file(file, rewind=True, content_type=kind, retry=_retry("write", path))
    return filled


def move(out_dir: str, source: str, path: str) -> None:
    """Move an object to another name in the same bucket. The store itself copies it. Raise as `read` does."""
    blob = _blob(source)
    with file_errors():
        blob.bucket.copy_blob(blob, blob.bucket, split(path)[1], retry=_retry("move", source))
    delete(out_dir, source)


def delete(_out_dir: str, path: str) -> None:
    """Delete an object, if it exists. Raise as `read` does.

    Beam's file system treats a name as a pattern: for `a?.jpg`, it would delete `ab.jpg` too.
    """
    with contextlib.suppress(FileNotFoundError), file_errors():
        _blob(path).delete(retry=_retry("delete", path))


def size(path: str) -> int | None:
    """Return the size of an object in bytes, or None if there is no such object. Raise as `read` does."""
    blob = _look_up(path)
    return blob.size if blob else None


def region_of(path: str) -> str | None:
    """Return the location of the bucket of a path, such as us-east1 or us, or None if the store does not tell it.

    Raises:
        Exception: the store does not answer, see `is_failure`.
    """
    from google.api_core.exceptions import GoogleAPICallError

    bucket, _ = split(f"{path}/")  # the path may be a whole bucket
    with contextlib.suppress(FileNotFoundError, PermissionError, GoogleAPICallError), file_errors():
        return client().get_bucket(bucket, retry=_retry("look up", path)).location.lower()
    return None


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
    blob = _look_up(pattern)
    return [(pattern, blob.size, _seconds(blob))] if blob else []


def match_range(pattern: str, start: str, end: str) -> Iterator[tuple[str, int, float]]:
    """Return the objects in a range of names that match a pattern, page by page. See `match` and `list_range`."""
    return beam.matching(pattern, list_range(literal_prefix(pattern), start, end))


def list_range(prefix: str, start: str, end: str) -> Iterator[tuple[str, int, float]]:
    """Yield (path, bytes, seconds since 1970 of the last change) of the objects in a range of names, page by page.

    Args:
        prefix: the beginning of the paths, gs://BUCKET/ at least.
        start: the first name of the range, without the prefix, in the order of UTF-8 bytes; "" for the first of all.
        end: the name before which the range ends, without the prefix; "" for the end of all.
    """
    bucket, name = split(prefix)
    with file_errors():
        blobs = client().list_blobs(
            bucket,
            prefix=name or None,
            start_offset=name + start if start else None,
            end_offset=name + end if end else None,
            fields="items(name,size,updated),nextPageToken",
            retry=_retry("list", prefix),
        )
        for blob in blobs:
            yield f"{SCHEME}{bucket}/{blob.name}", blob.size, _seconds(blob)


def split(path: str) -> tuple[str, str]:
    """Return the bucket of a path and the name of its object.

    Raises:
        StorageError: the path names no bucket.
    """
    bucket, slash, name = path.removeprefix(SCHEME).partition("/")
    if not slash or not GS_BUCKET.fullmatch(bucket):
        problem = f"does not name a bucket ({bucket!r} is not a valid name)"
        raise StorageError(f"{path!r} {problem}: use a path such as gs://my-bucket/folder", f"it {problem}")
    return bucket, name


def _look_up(path: str) -> Blob | None:
    bucket, name = split(path)
    with file_errors():
        return client().bucket(bucket).get_blob(name, retry=_retry("look up", path))


def _blob(path: str) -> Blob:
    bucket, name = split(path)
    return client().bucket(bucket).blob(name)


def _retry(verb: str, path: str) -> Retry:
    """Return the retry policy for one object. Its warnings contain `verb` and `path`."""
    from transforms.storage.gcs_retry import StoreRetry  # loads Beam and Google's client

    return StoreRetry(verb, path)


def _seconds(blob: Blob) -> float:
    """Return the time of an object's last change, exactly as Beam's MatchFiles computes it."""
    return calendar.timegm(blob.updated.utctimetuple()) + blob.updated.microsecond / 1000000.0
