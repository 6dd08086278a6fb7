"""The index of a .tar.gz, created by unpacking it once: its members, and the points at which unpacking can begin.

The index is stored in a folder of OUT. So a continued run need not list the archive again, and any worker can start
reading at any seek point:

members.jsonl    the path, size and offset of each member, or the reason why it is not read instead of the offset
windows          32 KB for each seek point
index.json       the seek points, and how the archive ends; written last
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from transforms import storage
from transforms.dataset import state
from transforms.imaging.errors import Kind
from transforms.model.errors import StorageError
from transforms.model.json_lines import json_line
from transforms.model.places import GzipMember, TarMember, Unreadable
from transforms.model.records import RUN_DIR
from transforms.sources import tar
from transforms.sources.inflate import START, Inflater, Point
from transforms.sources.members import LARGEST, ArchiveError, Member, unpacked_limit
from transforms.sources.unpacked import Unpacked
from transforms.storage.by_range import open_by_range

_SLOT = 1 << 15
_PIECE = 1 << 20
_MEMBERS, _WINDOWS, _INDEX = "members.jsonl", "windows", "index.json"


class Index(NamedTuple):
    """The seek points of an archive, and how it ends.

    Args:
        size: the size of the archive in bytes.
        points: the packed offset, offset, bits and window length of each seek point, see `inflate.Point`.
        unpacked: the number of bytes that could be unpacked.
        error: the kind and message of the error that ended the unpacking; None if the archive is complete.
    """

    size: int
    points: list[tuple[int, int, int, int]]
    unpacked: int
    error: tuple[Kind, str] | None


def folder_of(location: str, size: int, version: float) -> str:
    """Return the path below OUT of the folder for an index. Each version of an archive has its own folder."""
    name = hashlib.blake2b(json_line([location, size, version]), digest_size=10).hexdigest()
    return f"{RUN_DIR}/archives/{name}"


def read_index(folder: str) -> Index | None:
    """Return the index in a folder, or None if there is none. `folder` is a full path.

    Raises:
        StorageError: the index exists but cannot be read.
    """
    text = storage.read_if_there(storage.join(folder, _INDEX))
    if text is None:
        return None
    index = Index(**json.loads(text))
    return index._replace(error=(Kind(index.error[0]), index.error[1]) if index.error else None)


def point_before(folder: str, index: Index, offset: int) -> Point:
    """Return the last seek point at or before an offset in the unpacked archive."""
    numbers = [number for number, point in enumerate(index.points) if point[1] <= offset]
    if not numbers:
        return START
    packed, begin, bits, length = index.points[numbers[-1]]
    window = storage.read_range(storage.join(folder, _WINDOWS), numbers[-1] * _SLOT, length)
    return Point(packed, begin, bits, window)


def build_index(out_dir: str, folder: str, location: str, size: int) -> None:
    """Unpack an archive once, and write its index. Do nothing if the index exists.

    Args:
        out_dir: the folder of the dataset.
        folder: see `folder_of`.
        location: the full path of the archive.
        size: its size in bytes.

    Raises:
        ArchiveError: the archive cannot be read.
        StorageError: the index cannot be read or written.
    """
    if read_index(storage.join(out_dir, folder)) or _unpacked(out_dir, folder):
        return
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as windows:
        try:
            with open_by_range(location, size) as file:
                index = _list(file, size, lines, windows)
        except StorageError as error:
            raise ArchiveError(Kind.UNREADABLE, f"cannot be read: {error.reason}") from error
        for name, content in ((_MEMBERS, lines), (_WINDOWS, windows)):
            storage.write_pieces(out_dir, f"{folder}/{name}", functools.partial(_pieces, content))
    storage.write(out_dir, f"{folder}/{_INDEX}", json_line(index))


def _unpacked(out_dir: str, folder: str) -> bool:
    """Copy the index of an earlier run from the packed state to the folder. Return whether there is one."""
    paths = [f"{folder}/{name}" for name in (_MEMBERS, _WINDOWS, _INDEX)]
    if state.read(out_dir, paths[-1]) is None:
        return False
    for path in paths:
        storage.write(out_dir, path, state.read(out_dir, path) or b"")
    return True


def _list(file: BinaryIO, size: int, lines: BinaryIO, windows: BinaryIO) -> Index:
    points: list[tuple[int, int, int, int]] = []

    def add(point: Point) -> None:
        points.append((point.packed, point.offset, point.bits, len(point.window)))
        windows.write(point.window.ljust(_SLOT, b"\0"))

    error: tuple[Kind, str] | None = None
    with inflating(file, START, add) as inflater:
        unpacked = Unpacked(inflater, unpacked_limit(size))
        try:
            for member in tar.members(unpacked, TarMember):
                lines.write(json_line(_line(member)))
            while unpacked.read(_PIECE):  # to the end, where the checksum is
                pass
        except ArchiveError as raised:
            error = raised.kind, raised.message
        return Index(size, points, inflater.offset, error)


@contextlib.contextmanager
def inflating(file: BinaryIO, start: Point, on_point: Callable[[Point], None] | None = None) -> Iterator[Inflater]:
    """Yield an `Inflater` of a file, and close it at the end of the context."""
    inflater = Inflater(file, start, on_point)
    try:
        yield inflater
    finally:
        inflater.close()


def _line(member: Member) -> list[object]:
    place = member.place
    return [*member[:2], place.offset if isinstance(place, TarMember) else place]


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    yield from iter(functools.partial(file.read, _PIECE), b"")


def members(out_dir: str, folder: str) -> Iterator[Member]:
    """Yield the members of an indexed archive. Yield incomplete members as failures.

    Raises:
        ArchiveError: the archive is damaged or truncated. The members before that were yielded.
        StorageError: the index cannot be read.
    """
    index = read_index(storage.join(out_dir, folder))
    assert index is not None
    with storage.open_file(storage.join(out_dir, f"{folder}/{_MEMBERS}")) as lines:
        for line in lines:
            path, size, place = json.loads(line)
            if isinstance(place, list):
                yield Member(path, size, Unreadable(*place))
            elif size > LARGEST:
                yield Member(
                    path,
                    0,
                    Unreadable(Kind.FILE_TOO_LARGE, f"it has {size:,} bytes, more than the maximum of {LARGEST:,}"),
                )
            elif place + size > index.unpacked:
                yield Member(path, 0, Unreadable(Kind.TRUNCATED, "its archive is truncated or damaged inside it"))
            else:
                yield Member(path, size, GzipMember(place, 0, folder))
    if index.error:
        raise ArchiveError(*index.error)
