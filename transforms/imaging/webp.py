"""The header of a WebP, read from its first bytes, because opening a WebP allocates two whole pictures."""

from __future__ import annotations

from typing import NamedTuple

_LOWEST_14_BITS = 0x3FFF


class Header(NamedTuple):
    """The width and height in pixels, and whether the picture may have transparency."""

    width: int
    height: int
    transparent: bool


def read_header(data: bytes) -> Header | None:
    """Return the header of a WebP; None for any other file, or if the header is truncated.

    https://developers.google.com/speed/webp/docs/riff_container defines the layout; RFC 6386, 9.1, and RFC 9649, 3.4,
    define the dimensions of a file without extensions.
    """
    if len(data) < 30 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    if data[12:16] == b"VP8X":
        transparent = bool(data[20] & 0x10) or b"VP8L" in data or b"ALPH" in data
        return Header(1 + _little(data[24:27]), 1 + _little(data[27:30]), transparent)
    if data[12:16] == b"VP8L":
        bits = _little(data[21:25])
        return Header(1 + (bits & _LOWEST_14_BITS), 1 + (bits >> 14 & _LOWEST_14_BITS), bool(bits >> 28 & 1))
    if data[12:16] == b"VP8 ":
        return Header(_little(data[26:28]) & _LOWEST_14_BITS, _little(data[28:30]) & _LOWEST_14_BITS, False)
    return None


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
