"""List the members of a zip from the directory at its end, and read them.

Python's `zipfile` is not used: it keeps the whole directory in memory, and decodes UTF-8 names that are not marked as
UTF-8 as MS-DOS names.
"""

from __future__ import annotations

import contextlib
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.places import Place, Unreadable, ZipMember
from transforms.sources.members import LARGEST, LOST, ArchiveError, Member, member, refused, unpacked_limit

_END, _END_64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_ENTRY, _LOCAL = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_END_MARK, _END_64_MARK, _LOCATOR_MARK, _ENTRY_MARK = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2"
_LOCAL_MARK = b"PK\3\4"
# The first bytes of a zip: of its first member, of an empty zip, or of a zip in several parts.
MARKS = (_LOCAL_MARK, _END_MARK, b"PK\7\10")

_LONGEST_COMMENT = 0xFFFF
_MANY = 0xFFFFFFFF  # the value is in the extra field with 64-bit numbers
_SIZES_64 = 1
_ENCRYPTED, _UTF8 = 0x0001 | 0x0040 | 0x2000, 0x0800
_STORED, _DEFLATED = 0, 8
_UNIX = 3
# The bytes that are read in addition to a member, because the length of its local header is unknown.
_SPARE = 1024


class _Directory(NamedTuple):
    """The directory: its offset and size in bytes, and the number to add to the offsets in its entries."""

    offset: int
    size: int
    shift: int


class _Entry(NamedTuple):
    """The fields of a directory entry that decide whether and how the member is read; see `ZipMember`."""

    flags: int
    method: int
    mode: int
    size: int
    place: ZipMember


def members(file: BinaryIO, size: int) -> Iterator[Member]:
    """Yield the files in a zip of `size` bytes.

    Raises:
        ArchiveError: the directory is missing or damaged. The members before the damage were yielded.
    """
    directory = _directory(file, size)
    file.seek(directory.offset)
    left, unpacked = directory.size, 0
    while left > 0:
        begin = directory.offset + directory.size - left
        entry = file.read(_ENTRY.size)
        variable = sum(_ENTRY.unpack(entry)[10:13]) if len(entry) == _ENTRY.size else 0
        left -= _ENTRY.size + variable
        if left < 0 or entry[:4] != _ENTRY_MARK:
            raise ArchiveError(Kind.DAMAGED, f"has a damaged directory at byte {begin:,}: {LOST}")
        if found := _member(_ENTRY.unpack(entry), file.read(variable), directory):
            unpacked += found.bytes
            if unpacked > unpacked_limit(size):
                unpacked -= found.bytes
                reason = (
                    f"its archive would unpack to more than {unpacked_limit(size):,} bytes if this file were included"
                )
                found = found._replace(bytes=0, place=Unreadable(Kind.FILE_TOO_LARGE, reason))
            yield found


def ends_like_one(file: BinaryIO, size: int) -> bool:
    """Return whether a file of `size` bytes ends with the directory of a zip. Ignore how it begins."""
    with contextlib.suppress(ArchiveError):
        _directory(file, size)
        return True
    return False


def _directory(file: BinaryIO, size: int) -> _Directory:
    begin = max(0, size - _LONGEST_COMMENT - _END.size - _LOCATOR.size)
    file.seek(begin)
    tail = file.read(size - begin)
    at = tail.rfind(_END_MARK)
    if at < 0 or at + _END.size > len(tail):
        raise ArchiveError(Kind.TRUNCATED, "is truncated: the directory at its end is missing, so all of it is lost")
    end = _END.unpack_from(tail, at)
    length, offset, end_offset = end[5], end[6], begin + at
    if end[1] or end[2]:
        raise ArchiveError(
            Kind.UNSUPPORTED_CODING,
            "is one part of a multi-part archive, which is not supported: join the parts into one archive",
        )
    if tail[max(0, at - _LOCATOR.size) : at][:4] == _LOCATOR_MARK:
        length, offset, end_offset = _end_64(file, _LOCATOR.unpack_from(tail, at - _LOCATOR.size)[2], end_offset)
    shift = end_offset - length - offset  # the bytes before the zip: the program of a self-extracting zip
    if shift < 0:
        raise ArchiveError(Kind.DAMAGED, "has a directory that is larger than the archive: all of it is lost")
    return _Directory(offset + shift, length, shift)


def _end_64(file: BinaryIO, offset: int, locator_end: int) -> tuple[int, int, int]:
    """Return the length and offset of the directory, and the offset of the 64-bit record that contains them."""
    for candidate in (offset, locator_end - _LOCATOR.size - _END_64.size):
        if 0 <= candidate < locator_end:
            file.seek(candidate)
            record = file.read(_END_64.size)
            if len(record) == _END_64.size and record[:4] == _END_64_MARK:
                return *_END_64.unpack(record)[8:10], candidate
    raise ArchiveError(Kind.DAMAGED, "has a damaged end-of-directory record: all of it is lost")


def _member(entry: tuple[int, ...], variable: bytes, directory: _Directory) -> Member | None:
    _, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra_length, *rest = entry
    _, _, _, attributes, offset = rest
    name = _name(variable[:name_length], flags, made_by >> 8)
    if name.endswith("/"):
        return None
    size, packed, offset = _sizes(variable[name_length : name_length + extra_length], size, packed, offset)
    mode = stat.S_IFMT(attributes >> 16) if made_by >> 8 == _UNIX else 0
    place = ZipMember(offset + directory.shift, packed, method, crc)
    return member(name, size, _place(_Entry(flags, method, mode, size, place), directory))


def _name(raw: bytes, flags: int, system: int) -> str:
    """Return a name with slashes. A name that is not marked as UTF-8 often is UTF-8; otherwise it is an MS-DOS name."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("utf-8", "surrogateescape") if flags & _UTF8 else raw.decode("cp437")
    return name if system == _UNIX else name.replace("\\", "/")


def _sizes(extra: bytes, *numbers: int) -> list[int]:
    """Return `numbers`: size, packed size and offset. Replace each by its 64-bit value in `extra` if it has one."""
    wide: list[int] = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _SIZES_64:
            field = extra[4 : 4 + length]
            wide = [*struct.unpack_from(f"<{len(field) // 8}Q", field)]
        extra = extra[4 + length :]
    return [wide.pop(0) if number == _MANY and wide else number for number in numbers]


def _place(entry: _Entry, directory: _Directory) -> Place:
    if entry.mode == stat.S_IFLNK:
        return refused("a link")
    if entry.mode not in (0, stat.S_IFREG):
        return refused("a device")
    if entry.flags & _ENCRYPTED:
        return refused("encrypted")
    if entry.method not in (_STORED, _DEFLATED):
        return refused(f"compressed by method {entry.method}")
    if entry.size > LARGEST:
        return Unreadable(
            Kind.FILE_TOO_LARGE, f"it unpacks to {entry.size:,} bytes, more than the maximum of {LARGEST:,}"
        )
    end = entry.place.offset + _LOCAL.size + entry.place.packed_bytes
    if end > directory.offset:
        reason = f"according to its archive's directory, it ends at byte {end:,}, but the directory begins at byte "
        return Unreadable(Kind.DAMAGED, f"{reason}{directory.offset:,}")
    return entry.place


def content(place: ZipMember, size: int, read: Callable[[int, int], bytes]) -> bytes:
    """Return the bytes of a member.

    Args:
        place: where the member is stored.
        size: its unpacked size in bytes.
        read: (offset, length) -> that part of the archive, which is shorter at its end.

    Raises:
        ImageError: the archive is damaged there, or ends before the end of the member.
    """
    data = read(place.offset, _LOCAL.size + _SPARE + place.packed_bytes)
    if len(data) < _LOCAL.size:
        raise _error(Kind.TRUNCATED, "its archive ends before it")
    if data[:4] != _LOCAL_MARK:
        raise _error(Kind.DAMAGED, "it is not where its archive's directory says")
    start = _LOCAL.size + sum(_LOCAL.unpack_from(data)[-2:])
    packed = data[start : start + place.packed_bytes]
    if start + place.packed_bytes > _LOCAL.size + _SPARE + place.packed_bytes:
        packed = read(place.offset + start, place.packed_bytes)
    if len(packed) < place.packed_bytes:
        raise _error(Kind.TRUNCATED, f"its archive ends inside it, after {len(packed):,} of its compressed bytes")
    unpacked = packed if place.method == _STORED else _inflated(packed, size)
    if len(unpacked) != size or zlib.crc32(unpacked) != place.crc:
        raise _error(Kind.DAMAGED, "its size or checksum differs from its archive's directory")
    return unpacked


def _inflated(packed: bytes, size: int) -> bytes:
    """Return the unpacked bytes. Stop after `size` + 1 bytes."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
    except zlib.error as error:
        raise _error(Kind.DAMAGED, "its compressed bytes are damaged") from error


def _error(kind: Kind, message: str) -> ImageError:
    return ImageError(kind, Stage.READ, message)
