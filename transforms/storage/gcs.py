"""Objects of Google Cloud Storage, with one client a process and one request an object.

Beam's own file system makes a client, and so a connection, for every file that it opens, and reads an
object's metadata before its content.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

T = TypeVar("T")

# A client of Google's asks for the project's number of each bucket that it reads, for traces that nobody takes.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "1")

SCHEME = "gs://"

# More threads than these never share a process; a connection that has no place in the pool is made anew each time.
_CONNECTIONS = 64


def is_object(path: str) -> bool:
    """Whether a path is one of this store."""
    return path.startswith(SCHEME)


def read(path: str) -> bytes:
    """An object's content; one that is stored compressed by gzip as its transport is decompressed.

    Raises:
        FileNotFoundError, PermissionError: as a file's.
        Exception: what the client raises once its own tries, with back-off and jitter, are used up.
    """
    return _with_file_errors(lambda: _blob(path).download_as_bytes(retry=_retry()))


def exists(path: str) -> bool:
    """Whether an object is there. Raises as `read` does."""
    return size(path) is not None


def write(_out_dir: str, path: str, data: bytes) -> None:
    """Makes an object, in one request. Raises as `read` does."""
    # The same name always gets the same bytes, so that a request whose answer was lost can be repeated.
    kind = "text/html" if path.endswith(".html") else "application/octet-stream"  # a browser asks
    _with_file_errors(lambda: _blob(path).upload_from_string(data, kind, retry=_retry()))


def put(_out_dir: str, path: str, fill: Callable[[BinaryIO], T]) -> T:
    """Makes an object of what `fill` writes, once all of it is written. Raises as `read` does."""
    with tempfile.TemporaryFile() as file:
        filled = fill(file)
        upload = functools.partial(_blob(path).upload_from_file, file, rewind=True, retry=_retry())
        _with_file_errors(lambda: upload(content_type="application/octet-stream"))
    return filled


def delete(_out_dir: str, path: str) -> None:
    """Deletes an object; a missing one is no error. Raises as `read` does.

    Beam's file system takes a name for a pattern: of `a?.jpg` it would delete `ab.jpg` too.
    """
    with contextlib.suppress(FileNotFoundError):
        _with_file_errors(lambda: _blob(path).delete(retry=_retry()))


def size(path: str) -> int | None:
    """How many bytes an object has; None where there is none. Raises as `read` does."""
    bucket, _, name = path.removeprefix(SCHEME).partition("/")
    found = _with_file_errors(lambda: _client().bucket(bucket).get_blob(name, retry=_retry()))
    return found.size if found else None


def region_of(path: str) -> str | None:
    """Where a path's bucket is, such as us-east1 or us; None where it may not be asked."""
    from google.api_core.exceptions import GoogleAPICallError

    bucket, _, _ = path.removeprefix(SCHEME).partition("/")
    try:
        return _client().get_bucket(bucket).location.lower()
    except GoogleAPICallError:
        return None


def list_range(prefix: str, start: str, end: str) -> Iterator[tuple[str, int, float]]:
    """(path, bytes, seconds since 1970 of its last change) of the objects in a range of names, page by page.

    Args:
        prefix: what the paths begin with, gs://BUCKET/ at least.
        start: names that follow the prefix begin here, in the order of their UTF-8; "" is the first.
        end: and end before this; "" is the end of all.
    """
    from apache_beam.io.gcp.gcsio import GcsIO, parse_gcs_path

    bucket, name = parse_gcs_path(prefix, object_optional=True)
    objects = _client().list_blobs(
        bucket,
        prefix=name or None,
        start_offset=name + start if start else None,
        end_offset=name + end if end else None,
        fields="items(name,size,updated),nextPageToken",
        retry=_retry(),
    )
    for one in objects:
        yield f"{SCHEME}{bucket}/{one.name}", one.size, GcsIO._updated_to_seconds(one.updated)  # as MatchFiles has it


def _with_file_errors(action: Callable[[], T]) -> T:
    from google.api_core.exceptions import Forbidden, NotFound, Unauthorized

    try:
        return action()
    except NotFound as error:
        raise FileNotFoundError(2, "No such object or bucket") from error
    except (Forbidden, Unauthorized) as error:
        raise PermissionError(13, error.message) from error


def _blob(path: str) -> Blob:
    bucket, _, name = path.removeprefix(SCHEME).partition("/")
    return _client().bucket(bucket).blob(name)


def _retry() -> Any:
    """Two minutes of tries, with back-off and jitter; a runner sees the time that a job is throttled."""
    from apache_beam.io.gcp.gcsio_retry import DEFAULT_RETRY_WITH_THROTTLING_COUNTER

    return DEFAULT_RETRY_WITH_THROTTLING_COUNTER


@functools.cache
def _client() -> Client:
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.io.gcp.gcsio import create_storage_client
    from apache_beam.options.pipeline_options import PipelineOptions
    from requests.adapters import HTTPAdapter

    client: Any = create_storage_client(FileSystems._pipeline_options or PipelineOptions())
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS))
    return client
