"""The orientation of a picture, by one rule for all formats: EXIF, or else XMP, or else as stored.

Only 1 to 8 are orientations. Any other value, or a broken block, counts as no orientation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from PIL import Image

from transforms.imaging import hostile

TAG = 0x0112
_AS_STORED = 1

# EXIF orientation -> the transposition that turns a picture upright.
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_NAMESPACE = rb"http://ns\.adobe\.com/tiff/1\.0/"


def choose(exif: int | None, xmp: Callable[[], int | None]) -> int:
    """Return the orientation by the rule, 1 to 8. Call `xmp` only if `exif` is None."""
    return exif or xmp() or _AS_STORED


def from_exif(block: bytes | None) -> int | None:
    """Return the orientation in an EXIF block, or None. The block may begin with the six-byte header of a JPEG."""
    if not block:
        return None
    exif = Image.Exif()
    try:
        hostile.check_exif(block)
        exif.load(block)
        return valid(exif.get(TAG))
    # Every Exception: Pillow raises SyntaxError, struct.error, ... A broken block must not make the image fail.
    except Exception:
        return None


def from_xmp(packet: bytes | str | None) -> int | None:
    """Return the orientation in an XMP packet, written as an attribute or an element; None if there is none."""
    if not packet:
        return None
    text = packet.encode() if isinstance(packet, str) else bytes(packet)
    prefix = re.search(rb"xmlns:([\w.-]+)\s*=\s*[\"']" + _NAMESPACE + rb"[\"']", text)
    name = re.escape(prefix[1] if prefix else b"tiff") + rb":Orientation"
    value = re.search(name + rb"(?:\s*=\s*[\"']\s*|\s*>\s*)(\d+)\s*[\"'<]", text)
    return valid(int(value[1])) if value else None


def valid(value: Any) -> int | None:
    """Return the value of a tag if it is an orientation, or None."""
    return value if isinstance(value, int) and 1 <= value <= 8 else None
