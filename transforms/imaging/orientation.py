"""Which way up a picture is, by one rule for every format: EXIF first, else XMP, else as it is stored.

Only 1 to 8 are orientations. Any other value counts as none, and so does a block that is broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from PIL import Image

from transforms.imaging import upstream

TAG = 0x0112
_STORED = 1
_NAMESPACE = rb"http://ns\.adobe\.com/tiff/1\.0/"


def combined(exif: int | None, xmp: Callable[[], int | None]) -> int:
    """The orientation by the rule, 1 to 8. XMP is read only where EXIF has none."""
    return exif or xmp() or _STORED


def from_exif(block: bytes | None) -> int | None:
    """The orientation of an EXIF block, with or without the six bytes that a JPEG puts before it."""
    if not block:
        return None
    exif = Image.Exif()
    try:
        upstream.check_exif(block)
        exif.load(block)
        return valid(exif.get(TAG))
    # Every Exception: Pillow raises SyntaxError, struct.error, ... A broken block is no reason to lose the image.
    except Exception:
        return None


def from_xmp(packet: bytes | str | None) -> int | None:
    """The orientation of an XMP packet, where it stands as an attribute or as an element."""
    if not packet:
        return None
    text = packet.encode() if isinstance(packet, str) else bytes(packet)
    bound = re.search(rb"xmlns:([\w.-]+)\s*=\s*[\"']" + _NAMESPACE + rb"[\"']", text)
    name = re.escape(bound[1] if bound else b"tiff") + rb":Orientation"
    stated = re.search(name + rb"(?:\s*=\s*[\"']\s*|\s*>\s*)(\d+)\s*[\"'<]", text)
    return valid(int(stated[1])) if stated else None


def valid(value: Any) -> int | None:
    """A tag's value if it is an orientation."""
    return value if isinstance(value, int) and 1 <= value <= 8 else None
