"""The flattened picture of a Photoshop file: its channels, and their offsets in the file.

https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/ describes the layout. Pillow treats any fourth channel
as transparency, and looks for compressed rows in the wrong place if a file has more channels.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

from PIL import Image, PsdImagePlugin

from transforms.imaging import compat

_UNCOMPRESSED, _PACKBITS = 0, 1
_GRAY = (1, 8)  # the color modes gray and duotone
# A mode -> the mode with transparency, and the file's channel for each of its bands. Pillow cannot decode gray with
# transparency band by band, so it is decoded as RGBA and converted afterwards. Other modes have no transparency.
_TRANSPARENT = {"RGB": ("RGBA", (0, 1, 2, 3)), "L": ("RGBA", (0, 0, 0, 1))}


class Header(NamedTuple):
    """The header of a Photoshop file.

    Args:
        width: in pixels.
        height: in pixels.
        channels: the number of channels.
        transparent: whether the first channel after the colors is the transparency of the flattened picture. In this
            case, the number of layers in the file is negative.
        pixels: the offset of the flattened picture in the file.
    """

    width: int
    height: int
    channels: int
    transparent: bool
    pixels: int


def read_header(data: bytes) -> Header:
    """Return the header of a PSD.

    Raises:
        struct.error: the header is truncated.
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
    """Configure an opened PSD to decode as its header says. Return whether it has transparency that will be lost."""
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
    """Convert a gray picture with transparency, which was decoded as RGBA because of `correct`, to mode LA."""
    gray = Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
    gray.info = image.info
    return gray


def is_gray(data: bytes) -> bool:
    """Return whether the color mode of the file is gray or duotone."""
    return _number(">H", data, 24) in _GRAY


def _bands(data: bytes, header: Header, mode: str, channels: tuple[int, ...]) -> list[compat.Band]:
    """Return the offset and the codec of each band's pixels."""
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
    """Return the offset of each channel. A table of row lengths precedes compressed channels."""
    start = header.pixels + 2
    if compression == _UNCOMPRESSED:
        return [start + channel * header.width * header.height for channel in range(header.channels)]
    rows = header.channels * header.height
    lengths = struct.unpack_from(f">{rows}H", data, start)
    start += 2 * rows
    row_offsets = list(itertools.accumulate(lengths, initial=start))
    return row_offsets[:: header.height][: header.channels]
