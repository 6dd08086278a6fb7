"""Read the bytes of a source."""

from __future__ import annotations

import functools
import io

from transforms import storage
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.config import POLITE, WebPolicy
from transforms.model.errors import StorageError
from transforms.model.places import GzipMember, ListRow, TarMember, Unreadable, UnreadableRow, ZipMember
from transforms.model.records import Source
from transforms.sources import hashes
from transforms.sources.members import cut_off
from transforms.sources.zip import content
from transforms.web.errors import FetchError
from transforms.web.urls import is_web

# Unpacked data is held in pieces and, for a moment, also as a whole.
_COPIES = 2


def is_read_by_workers(source: Source) -> bool:
    """Return whether a worker process reads a source itself: it is stored in a local file, or there is nothing to read.

    Members of a .tar.gz are read elsewhere.
    """
    if isinstance(source.place, GzipMember):
        return False
    return isinstance(source.place, (Unreadable, UnreadableRow)) or storage.is_local(source.location)


def memory_to_unpack(source: Source) -> int:
    """Return the peak memory, in bytes, that unpacking a source takes; 0 if it is not compressed."""
    match source.place:
        case ZipMember(_, packed_bytes):
            return packed_bytes + _COPIES * source.bytes
        case GzipMember():
            return _COPIES * source.bytes
    return 0


def reading_order(source: Source) -> tuple[str, int, str]:
    """Return the sort key of a source for fast reading: the members of each archive in the order of their offsets."""
    return source.location, getattr(source.place, "offset", 0), source.path


def read(source: Source, web: WebPolicy = POLITE) -> bytes:
    """Return the content of a source.

    Args:
        source: the source.
        web: how to download the source if it is on the web.

    Raises:
        ImageError: the source cannot be read.
    """
    try:
        return _read(source, web)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error
    except MemoryError as error:
        raise ImageError(Kind.OUT_OF_MEMORY, Stage.READ, "there is not enough memory to read the file") from error


def _read(source: Source, web: WebPolicy) -> bytes:
    match source.place:
        case None:
            return storage.read(source.location)
        case TarMember(offset):
            return _exactly(source, storage.read_range(source.location, offset, source.bytes))
        case ListRow(_, expected):
            data = download(source.location, web) if is_web(source.location) else storage.read(source.location)
            if expected and (problem := hashes.difference(data, expected)):
                raise ImageError(Kind.HASH_DIFFERS, Stage.READ, problem)
            return data
        case ZipMember() as place:
            return content(place, source.bytes, functools.partial(storage.read_range, source.location))
        case GzipMember():
            from transforms.sources.stream import read_alone  # no worker process needs it

            return read_alone(source)
        case Unreadable(kind, message) | UnreadableRow(kind, message):
            raise ImageError(Kind(kind), Stage.READ, message)


def download(url: str, web: WebPolicy) -> bytes:
    """Download a file, and return its content.

    Raises:
        ImageError: the file cannot be downloaded.
    """
    from transforms.web.client import fetch  # loads urllib3, which no worker process needs

    file = io.BytesIO()
    try:
        fetch(url, web, file)
    except FetchError as error:
        raise ImageError(error.kind, Stage.READ, error.message) from error
    return file.getvalue()


def _exactly(source: Source, data: bytes) -> bytes:
    """Return `data`, the bytes of a member, if they are complete.

    Raises:
        ImageError: the archive ends inside the member.
    """
    if len(data) < source.bytes:
        raise ImageError(Kind.TRUNCATED, Stage.READ, cut_off(len(data), source.bytes))
    return data
