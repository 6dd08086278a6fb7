"""HEIC and other HEIF files, which the extra `heif` reads. An AVIF is none of them: Pillow reads it.

libheif turns and mirrors a picture as its properties irot and imir say. The standard has no other orientation: that of
EXIF or XMP only repeats what the camera said (ISO/IEC 23008-12, annex A).
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageFile

from transforms.imaging import cicp, extras
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.isobmff import AVIF_BRANDS, GENERIC_BRANDS, brands, extents

# Pillow's name of the format, which the plugin sets.
FORMAT = "HEIF"
# The brands of pictures whose pixels are coded as HEVC: https://mp4ra.org/registered-types/brands.
HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})


def accepts(data: bytes) -> bool:
    """Return whether a file that Pillow does not read may be a HEIF, and the extra is installed."""
    found = set(brands(data))
    return bool((HEVC_BRANDS | GENERIC_BRANDS) & found) and not AVIF_BRANDS & found and extras.HEIF.is_installed


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Open the primary picture of a HEIF. Its pixels are decoded when they are loaded.

    Raises:
        ImageError: a part of it lies behind the end of the file. libheif would fill such tiles with green.
    """
    _check_complete(data)
    module = extras.load(extras.HEIF)
    with _one_thread(module.options):
        image: ImageFile.ImageFile = module.HeifImageFile(io.BytesIO(data), "")
    for name in ("exif", "xmp"):
        image.info.pop(name, None)
    return image


def color_space(image: Image.Image) -> cicp.Cicp | None:
    """Return the colour space by numbers (nclx) of an opened picture; None if it has none."""
    nclx = image.info.get("nclx_profile")
    return cicp.of_numbers(nclx["color_primaries"], nclx["transfer_characteristics"]) if nclx else None


def highest_value(image: Image.Image) -> int:
    """Return the value of white in a gray picture of more than 8 bits: libheif's values are shifted up to 16 bits."""
    bits = image.info["bit_depth"]
    return (1 << 16) - (1 << 16 - bits)


def _check_complete(data: bytes) -> None:
    with contextlib.suppress(struct.error):  # libheif will say what is wrong
        end = max((end for _, end in extents(data)), default=0)
        if end > len(data):
            message = f"the file ends early: {end - len(data)} bytes of the picture are missing"
            raise ImageError(Kind.TRUNCATED, Stage.DECODE, message)


@contextlib.contextmanager
def _one_thread(options: Any) -> Iterator[None]:
    """Open a picture so that one thread decodes it: there is a worker process for each core."""
    threads, options.DECODE_THREADS = options.DECODE_THREADS, 1
    try:
        yield
    finally:
        options.DECODE_THREADS = threads
