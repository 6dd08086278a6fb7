"""The pictures in an icon: PNGs, or BMPs with a mask of one bit per pixel.

The layout is described in https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10).
"""

from __future__ import annotations

import io
import struct

from PIL import BmpImagePlugin, IcoImagePlugin, Image

from transforms.imaging import compat, png

SIGNATURE = b"\0\0\1\0"
_ENTRY = 16  # bytes of a directory entry; the last eight are the picture's length and offset


def frame(icon: IcoImagePlugin.IcoImageFile) -> bytes:
    """Return the picture that Pillow decodes: a PNG, or a BMP without its file header."""
    return compat.icon_frame(icon)[0]


def mask(icon: IcoImagePlugin.IcoImageFile) -> Image.Image | None:
    """Return the mask of a 32-bit BMP, with 0 for hidden pixels; None if it has no mask.

    Pillow uses the alpha of such a picture and ignores its mask.
    """
    bitmap = frame(icon)
    offset, direction = compat.bitmap_layout(BmpImagePlugin.DibImageFile(io.BytesIO(bitmap)))
    stride = (icon.width + 31) // 32 * 4
    rows = bitmap[offset + 4 * icon.width * icon.height :][: stride * icon.height]
    if len(rows) < stride * icon.height:
        return None
    return Image.frombytes("1", icon.size, rows, "raw", "1;I", stride, direction)


def without_metadata(data: bytes) -> bytes | None:
    """Return the icon without metadata in its PNGs; None if they have no metadata, or the directory is truncated."""
    count = int.from_bytes(data[4:6], "little")
    directory = data[6 : 6 + count * _ENTRY]
    if len(directory) < count * _ENTRY:
        return None
    entries, frames = b"", b""
    changed = False
    for at in range(0, len(directory), _ENTRY):
        length, offset = struct.unpack_from("<II", directory, at + 8)
        picture = data[offset : offset + length]
        pixels_only = png.without_metadata(picture) if picture.startswith(png.SIGNATURE) else None
        changed |= pixels_only is not None
        picture = picture if pixels_only is None else pixels_only
        entries += directory[at : at + 8] + struct.pack("<II", len(picture), 6 + len(directory) + len(frames))
        frames += picture
    return data[:6] + entries + frames if changed else None
