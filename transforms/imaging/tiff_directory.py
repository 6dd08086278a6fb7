"""The first directory of a TIFF or EXIF block, as it is stored. Values are neither interpreted nor validated.

The layout is defined by TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, and BigTIFF,
https://libtiff.gitlab.io/libtiff/specification/bigtiff.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

# Tags.
SUBFILE_TYPE, BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC = 254, 258, 259, 262
STRIP_OFFSETS, STRIP_BYTE_COUNTS, TILE_OFFSETS, TILE_BYTE_COUNTS = 273, 279, 324, 325
COLOR_MAP, SUB_IFDS, SAMPLE_FORMAT = 320, 330, 339

SHORT, LONG = 3, 4
# Type of the values -> the size of one value in bytes.
_WIDTHS = {1: 1, 2: 1, SHORT: 2, LONG: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}


class Directory(NamedTuple):
    """A directory's header.

    Args:
        order: the byte order, "<" or ">".
        is_big: whether offsets have 8 bytes, as in a BigTIFF, instead of 4.
        start: the position of the TIFF header in the data. All offsets are relative to it.
        first: the position of the first entry in the data.
        entries: the number of entries that the directory claims to have.
    """

    order: str
    is_big: bool
    start: int
    first: int
    entries: int

    @property
    def offset_width(self) -> int:
        """The size in bytes of an offset, and of the values that fit into an entry."""
        return 8 if self.is_big else 4


class Entry(NamedTuple):
    """An entry of a directory.

    Args:
        tag: the number of the tag.
        kind: TIFF's number of the type of the values.
        size: the size of all values in bytes; 0 for an unknown type.
        place: the position of the values in the data. It may be beyond the end.
        is_inside: whether the entry itself contains the values.
        raw: the bytes of the entry.
    """

    tag: int
    kind: int
    size: int
    place: int
    is_inside: bool
    raw: bytes


def read_directory(data: bytes, start: int, *, is_big: bool) -> Directory:
    """Return the header of the first directory after a TIFF header.

    Raises:
        struct.error: the data ends before the directory.
        OverflowError: the directory's offset is too large to address.
    """
    order = "<" if data.startswith(b"II", start) else ">"
    offset, counter = ("Q", "Q") if is_big else ("I", "H")
    (place,) = struct.unpack_from(order + offset, data, start + (8 if is_big else 4))
    (count,) = struct.unpack_from(order + counter, data, start + place)
    return Directory(order, is_big, start, start + place + struct.calcsize(order + counter), count)


def read_entries(data: bytes, directory: Directory) -> Iterator[Entry]:
    """Yield the entries of a directory, in order, up to the end of the data.

    Raises:
        struct.error: the data ends inside an entry.
    """
    width = directory.offset_width
    layout = directory.order + ("HHQQ" if directory.is_big else "HHII")
    length = struct.calcsize(layout)
    for at in range(directory.first, min(directory.first + directory.entries * length, len(data)), length):
        tag, kind, count, offset = struct.unpack_from(layout, data, at)
        size = count * _WIDTHS.get(kind, 0)
        is_inside = size <= width
        place = at + length - width if is_inside else directory.start + offset
        yield Entry(tag, kind, size, place, is_inside, data[at : at + length])


def whole_numbers(data: bytes) -> dict[int, int]:
    """Return tag -> first value, for the tags of a TIFF that contain whole numbers (SHORT or LONG).

    The dictionary is empty if the data is not a TIFF, or ends inside the directory or before such a value.
    """
    order = {b"II": "little", b"MM": "big"}.get(data[:2])
    if order is None:
        return {}
    try:
        directory = read_directory(data, 0, is_big=data[2:4] == (b"+\0" if order == "little" else b"\0+"))
        return {
            entry.tag: struct.unpack_from(directory.order + {SHORT: "H", LONG: "I"}[entry.kind], data, entry.place)[0]
            for entry in read_entries(data, directory)
            if entry.kind in (SHORT, LONG)
        }
    except (struct.error, OverflowError):
        return {}
