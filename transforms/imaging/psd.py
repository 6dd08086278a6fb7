"""Photoshop's flattened picture: which of a file's channels belong to it, and where they lie.

The layout is that of https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/. Pillow takes any fourth channel
for transparency, and looks for compressed rows in the wrong place where a file has further channels.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

from PIL import Image, ImageFile, PsdImagePlugin

_UNCOMPRESSED, _PACKBITS = 0, 1
_GRAY = (1, 8)  # gray and duotone, of the colour modes
# A mode -> the one with transparency, and the file's channel of each of its bands. Pillow cannot read gray with
# transparency band by band: it is made of RGBA afterwards. Other modes have no transparency in Pillow.
_TRANSPARENT = {"RGB": ("RGBA", (0, 1, 2, 3)), "L": ("RGBA", (0, 0, 0, 1))}


class Header(NamedTuple):
    """(width, height) in pixels, the number of channels, and where the flattened picture begins.

    `transparent` says that the first channel beyond the colours is the flattened picture's transparency: the number
    of layers is negative then.
    """

    width: int
    height: int
    channels: int
    transparent: bool
    pixels: int


def read_header(data: bytes) -> Header:
    """The header of a PSD.

    Raises:
        struct.error: it is cut off.
    """
    channels, height, width = struct.unpack_from(">HII", data, 12)
    at = 26
    for _ in ("colours", "resources"):
        at += 4 + _number(">I", data, at)
    length = _number(">I", data, at)
    layers = _number(">h", data, at + 8) if length >= 6 and _number(">I", data, at + 4) >= 2 else 0
    return Header(width, height, channels, layers < 0, at + 4 + length)


def _number(code: str, data: bytes, at: int) -> int:
    return int(struct.unpack_from(code, data, at)[0])


def prepare(image: PsdImagePlugin.PsdImageFile, data: bytes) -> bool:
    """Sets an opened PSD to be decoded as its header says; whether it has transparency that is left out."""
    header = read_header(data)
    mode = "RGB" if image.mode == "RGBA" else image.mode
    channels = tuple(range(len(mode) if mode in ("RGB", "CMYK", "LAB") else 1))
    transparent = header.transparent and header.channels > len(channels)
    if transparent and mode in _TRANSPARENT:
        mode, channels = _TRANSPARENT[mode]
        transparent = False
    image._mode = mode
    image.tile = _tiles(data, header, mode, channels)
    return transparent


def gray_again(image: Image.Image) -> Image.Image:
    """A decoded gray picture with transparency, which `prepare` had decoded as RGBA, in mode LA."""
    gray = Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
    gray.info = image.info
    return gray


def is_gray(data: bytes) -> bool:
    """Whether the file's colours are gray."""
    return _number(">H", data, 24) in _GRAY


def _tiles(data: bytes, header: Header, mode: str, channels: tuple[int, ...]) -> list[ImageFile._Tile]:
    """What Pillow decodes into each band: (decoder, box, place in the file, raw mode)."""
    compression = _number(">H", data, header.pixels)
    if compression not in (_UNCOMPRESSED, _PACKBITS):
        raise ValueError(f"unknown compression {compression} of the flattened picture")
    places = _places(data, header, compression)
    bands = mode if len(channels) > 1 else (mode,)
    return [
        ImageFile._Tile(
            "packbits" if compression == _PACKBITS else "raw",
            (0, 0, header.width, header.height),
            places[channel],
            band + ";I" if mode == "CMYK" else band,
        )
        for band, channel in zip(bands, channels, strict=True)
    ]


def _places(data: bytes, header: Header, compression: int) -> list[int]:
    """Where each channel begins. Compressed ones follow a table with the length of every row of every channel."""
    start = header.pixels + 2
    if compression == _UNCOMPRESSED:
        return [start + channel * header.width * header.height for channel in range(header.channels)]
    rows = header.channels * header.height
    lengths = struct.unpack_from(f">{rows}H", data, start)
    start += 2 * rows
    sums = list(itertools.accumulate(lengths, initial=start))
    return sums[:: header.height][: header.channels]
