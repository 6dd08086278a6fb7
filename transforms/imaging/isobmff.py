"""Parsers for files made of boxes (ISO/IEC 14496-12): AVIF, HEIF and JPEG XL."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# Generic brands of pictures: they do not specify the codec of the pixels.
GENERIC_BRANDS = frozenset({b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
_MOST_BRAND_BYTES = 400


def boxes(data: bytes, wanted: bytes) -> Iterator[bytes]:
    """Yield the bodies of the boxes named `wanted`. Do not search inside boxes."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1 and at + 16 <= len(data):
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size else len(data)
        if end < at + header:
            return
        if name == wanted:
            yield data[at + header : end]
        at = end


def end_of_boxes(data: bytes) -> int:
    """Return the offset at which the last box ends. It may be beyond the end of the file, or before it."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:
            return len(data)
        if size < 8:
            break
        at += size
    return at


def is_deep_avif(data: bytes) -> bool:
    """Return whether a picture in an AVIF has more than 8 bits per channel, from its configuration (av1C)."""
    meta = next(boxes(data, b"meta"), b"")[4:]  # without its version and flags
    properties = next(boxes(next(boxes(meta, b"iprp"), b""), b"ipco"), b"")
    return any(len(body) > 2 and body[2] & 0x40 for body in boxes(properties, b"av1C"))


def brands(data: bytes) -> list[bytes]:
    """Return the major brand of a file, then its compatible brands; [] if the file does not begin with a "ftyp" box."""
    if data[4:8] != b"ftyp" or len(data) < 16:
        return []
    end = min(int.from_bytes(data[:4], "big"), len(data), _MOST_BRAND_BYTES)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]


def extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the byte range (start, end) of each extent of the items in the file: ISO/IEC 14496-12, 8.11.3.

    Raises:
        struct.error: the list of items ends early.
    """
    meta = next(boxes(data, b"meta"), b"")[4:]  # without its version and flags
    for body in boxes(meta, b"iloc"):
        yield from _Locations(body).extents()


class _Locations:
    """Reads the body of an item location box from start to end."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def extents(self) -> Iterator[tuple[int, int]]:
        version, _, sizes, more_sizes = self._read(1), self._read(3), self._read(1), self._read(1)
        offset_size, length_size, base_size = sizes >> 4, sizes & 15, more_sizes >> 4
        index_size = more_sizes & 15 if version else 0
        wide = 4 if version == 2 else 2
        for _ in range(self._read(wide)):
            self._read(wide)  # the item
            method = self._read(2) & 15 if version else 0
            reference, base = self._read(2), self._read(base_size)
            for _ in range(self._read(2)):
                self._read(index_size)
                start = base + self._read(offset_size)
                length = self._read(length_size)
                if method == reference == 0:  # in this file
                    yield start, start + length

    def _read(self, size: int) -> int:
        self._at += size
        if self._at > len(self._body):
            raise struct.error("the list of items ends early")
        return int.from_bytes(self._body[self._at - size : self._at], "big")
