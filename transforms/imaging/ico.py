"""The pictures of an icon: BMPs with a mask of one bit a pixel, or PNGs.

The layout is that of https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10).
"""

from __future__ import annotations

import io
import struct

from PIL import BmpImagePlugin, IcoImagePlugin, Image

from transforms.imaging import png

SIGNATURE = b"\0\0\1\0"
_ENTRY = 16  # bytes of the directory a picture; its last eight are the picture's length and place


def frame(icon: IcoImagePlugin.IcoImageFile) -> bytes:
    """The picture that Pillow takes: a PNG, or a BMP without the head of a file."""
    entry = icon.ico.entry[0]
    icon.ico.buf.seek(entry.offset)
    return icon.ico.buf.read(entry.size)


def mask(icon: IcoImagePlugin.IcoImageFile) -> Image.Image | None:
    """The mask of a BMP of 32 bits a pixel, 0 where nothing is shown; None if there is none.

    Pillow takes the alpha of such a picture and leaves its mask.
    """
    bitmap = frame(icon)
    decoder = BmpImagePlugin.DibImageFile(io.BytesIO(bitmap)).tile[0]
    stride = (icon.width + 31) // 32 * 4
    rows = bitmap[decoder.offset + 4 * icon.width * icon.height :][: stride * icon.height]
    if len(rows) < stride * icon.height:
        return None
    direction = decoder.args[-1] if isinstance(decoder.args, tuple) else -1
    return Image.frombytes("1", icon.size, rows, "raw", "1;I", stride, direction)


def bare(data: bytes) -> bytes | None:
    """The icon with nothing but pixels in its PNGs; None where nothing else is in them, or it is cut off."""
    count = int.from_bytes(data[4:6], "little")
    directory = data[6 : 6 + count * _ENTRY]
    if len(directory) < count * _ENTRY:
        return None
    entries, frames = b"", b""
    changed = False
    for at in range(0, len(directory), _ENTRY):
        length, place = struct.unpack_from("<II", directory, at + 8)
        picture = data[place : place + length]
        less = png.bare(picture) if picture.startswith(png.SIGNATURE) else None
        changed |= less is not None
        picture = picture if less is None else less
        entries += directory[at : at + 8] + struct.pack("<II", len(picture), 6 + len(directory) + len(frames))
        frames += picture
    return data[:6] + entries + frames if changed else None
