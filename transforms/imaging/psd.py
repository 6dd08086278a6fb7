"""The flattened picture of a Photoshop file: which channels belong to it, and where they are in the file.

The layout is that of https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/. Pillow takes any fourth channel
for transparency, and looks for compressed rows in the wrong place if a file has further channels.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

from PIL import Image, PsdImagePlugin

from transforms.imaging import compat

_UNCOMPRESSED, _PACKBITS = 0, 1
_GRAY = (1, 8)  # the colour modes gray and duotone
# A mode -> the mode with transparency, and the file's channel for each of its bands. Pillow cannot decode gray with
# transparency band by band, so it is decoded as RGBA and converted afterwards. Other modes have no transparency.
_TRANSPARENT = {"RGB": ("RGBA", (0, 1, 2, 3)), "L": ("RGBA", (0, 0, 0, 1))}


class Header(NamedTuple):
    """The header of a Photoshop file.

    Args:
        width: in pixels.
        height: in pixels.
        channels: how many there are.
        transparent: whether the first channel after the colours is the flattened picture's transparency. The number
            of layers is negative then.
        pixels: where the flattened picture begins in the file.
    """

    width: int
    height: int
    channels: int
    transparent: bool
    pixels: int


def read_header(data: bytes) -> Header:
    """Return the header of a PSD.

    Raises:
        struct.error: it is cut off.
    """
    channels, height, width = struct.unpack_from(">HII", data, 12)
    at = 26
    for _ in ("palette", "resources"):
        at += 4 + _number(">I", data, at)
    length = _number(">I", data, at)
    layers = _number(">h", data, at + 8) if length >= 6 and _number(">I", data, at + 4) >= 2 else 0
    return Header(width, height, channels, layers < 0, at + 4 + length)


def _number(code: str, data: bytes, at: int) -> int:
    return int(struct.unpack_from(code, data, at)[0])


def correct(image: PsdImagePlugin.PsdImageFile, data: bytes) -> bool:
    """Configure an opened PSD to decode as its header says; return whether it has transparency that will be lost."""
    header = read_header(data)
    mode = "RGB" if image.mode == "RGBA" else image.mode
    channels = tuple(range(len(mode) if mode in ("RGB", "CMYK", "LAB") else 1))
    transparent = header.transparent and header.channels > len(channels)
    if transparent and mode in _TRANSPARENT:
        mode, channels = _TRANSPARENT[mode]
        transparent = False
    compat.decode_bands(image, mode, _bands(data, header, mode, channels))
    return transparent


def rgba_to_gray(image: Image.Image) -> Image.Image:
    """Convert a gray picture with transparency, which `correct` had decoded as RGBA, to mode LA."""
    gray = Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
    gray.info = image.info
    return gray


def is_gray(data: bytes) -> bool:
    """Return whether the file's colours are gray."""
    return _number(">H", data, 24) in _GRAY


def _bands(data: bytes, header: Header, mode: str, channels: tuple[int, ...]) -> list[compat.Band]:
    """Return where the coded pixels of each band are, and how they are coded."""
    compression = _number(">H", data, header.pixels)
    if compression not in (_UNCOMPRESSED, _PACKBITS):
        raise ValueError(f"unknown compression {compression} of the flattened picture")
    codec = "packbits" if compression == _PACKBITS else "raw"
    offsets = _channel_offsets(data, header, compression)
    bands = mode if len(channels) > 1 else (mode,)
    return [
        compat.Band(codec, offsets[channel], band + ";I" if mode == "CMYK" else band)
        for band, channel in zip(bands, channels, strict=True)
    ]


def _channel_offsets(data: bytes, header: Header, compression: int) -> list[int]:
    """Return where each channel begins. A table with the length of each row precedes compressed channels."""
    start = header.pixels + 2
    if compression == _UNCOMPRESSED:
        return [start + channel * header.width * header.height for channel in range(header.channels)]
    rows = header.channels * header.height
    lengths = struct.unpack_from(f">{rows}H", data, start)
    start += 2 * rows
    row_offsets = list(itertools.accumulate(lengths, initial=start))
    return row_offsets[:: header.height][: header.channels]
