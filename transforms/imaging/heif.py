"""HEIC and other HEIF files, which the extra `heif` reads. AVIF files are not included: Pillow reads them.

libheif rotates and mirrors a picture according to its properties irot and imir. No other orientation applies: that of
EXIF or XMP is only informative (ISO/IEC 23008-12, annex A).
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
# The brands of pictures whose pixels are encoded with HEVC: https://mp4ra.org/registered-types/brands.
HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})


def accepts(data: bytes) -> bool:
    """Return whether a file that Pillow cannot read may be a HEIF and the extra is installed."""
    found = set(brands(data))
    return bool((HEVC_BRANDS | GENERIC_BRANDS) & found) and not AVIF_BRANDS & found and extras.HEIF.is_installed


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Open the primary picture of a HEIF. Its pixels are decoded when the image is loaded.

    Raises:
        ImageError: the file ends before the picture does. libheif would fill the missing tiles with green.
    """
    _check_complete(data)
    module = extras.load(extras.HEIF)
    with _one_thread(module.options):
        image: ImageFile.ImageFile = module.HeifImageFile(io.BytesIO(data), "")
    for name in ("exif", "xmp"):
        image.info.pop(name, None)
    return image


def color_space(image: Image.Image) -> cicp.Cicp | None:
    """Return the CICP color space (nclx) of an opened picture; None if it has none."""
    nclx = image.info.get("nclx_profile")
    return cicp.of_numbers(nclx["color_primaries"], nclx["transfer_characteristics"]) if nclx else None


def highest_value(image: Image.Image) -> int:
    """Return the value of white in a gray picture of more than 8 bits. libheif shifts values left to 16 bits."""
    bits = image.info["bit_depth"]
    return (1 << 16) - (1 << 16 - bits)


def _check_complete(data: bytes) -> None:
    with contextlib.suppress(struct.error):  # libheif will report the error
        end = max((end for _, end in extents(data)), default=0)
        if end > len(data):
            message = f"the file ends early: {end - len(data)} bytes of the picture are missing"
            raise ImageError(Kind.TRUNCATED, Stage.DECODE, message)


@contextlib.contextmanager
def _one_thread(options: Any) -> Iterator[None]:
    """Let pictures that are opened in this context be decoded by one thread: each core has a worker process."""
    threads, options.DECODE_THREADS = options.DECODE_THREADS, 1
    try:
        yield
    finally:
        options.DECODE_THREADS = threads
