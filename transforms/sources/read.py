"""A source -> its bytes."""

from __future__ import annotations

import functools

from transforms import storage
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.errors import StorageError
from transforms.model.places import GzipMember, TarMember, Unreadable, ZipMember
from transforms.model.records import Source
from transforms.sources.zip import content


def is_read_by_workers(source: Source) -> bool:
    """Return whether a worker process reads a source by itself, since it lies in a local file."""
    if isinstance(source.place, GzipMember):
        return False
    return isinstance(source.place, Unreadable) or storage.is_local(source.location)


def reading_order(source: Source) -> tuple[str, int, str]:
    """Return the key that sorts sources into the order in which they are best read: along each archive."""
    return source.location, getattr(source.place, "offset", 0), source.path


def read(source: Source) -> bytes:
    """Return the content of a source.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        return _read(source)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error
    except MemoryError as error:
        raise ImageError(Kind.OUT_OF_MEMORY, Stage.READ, "there is not enough memory to read the file") from error


def _read(source: Source) -> bytes:
    match source.place:
        case None:
            return storage.read(source.location)
        case TarMember(offset):
            return _exactly(source, storage.read_range(source.location, offset, source.bytes))
        case ZipMember() as place:
            return content(place, source.bytes, functools.partial(storage.read_range, source.location))
        case GzipMember():
            from transforms.sources.stream import read_alone  # no worker process needs it

            return read_alone(source)
        case Unreadable(kind, message):
            raise ImageError(Kind(kind), Stage.READ, message)


def _exactly(source: Source, data: bytes) -> bytes:
    """Return the bytes of a member.

    Raises:
        ImageError: the archive ends before the member does.
    """
    if len(data) < source.bytes:
        held = f"{len(data):,} of its {source.bytes:,} bytes are there"
        raise ImageError(Kind.TRUNCATED, Stage.READ, f"its archive ends within it: {held}")
    return data
