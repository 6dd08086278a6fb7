"""The properties of an image that are known before it is decoded."""

from __future__ import annotations

from typing import NamedTuple

from transforms.imaging import jxl, webp
from transforms.imaging.errors import ImageError, Kind, Note, Stage


class ImageHeader(NamedTuple):
    """The properties of an image that are known before it is decoded.

    Args:
        format: Pillow's name of the format.
        mode: Pillow's name of the pixel mode.
        width: the width of the stored picture, in pixels.
        height: the height of the stored picture, in pixels.
        orientation: the orientation in EXIF or XMP, 1 to 8; 1 if neither has a valid one.
        notes: remarks on what the outputs will lack.
    """

    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1
    notes: tuple[Note, ...] = ()


def probe_header(data: bytes, max_pixels: int) -> ImageHeader | None:
    """Return the header of a WebP or JPEG XL, for which opening already allocates pixels; None for any other file.

    Raises:
        ImageError: the image has more than `max_pixels` pixels.
    """
    header = _probe(data)
    if header is not None:
        check_pixels(header.width, header.height, max_pixels)
    return header


def _probe(data: bytes) -> ImageHeader | None:
    found = webp.read_header(data)
    if found and found.width and found.height:  # Pillow rejects a side of 0 without allocating memory
        return ImageHeader("WEBP", "RGBA" if found.transparent else "RGB", found.width, found.height)
    if jxl.accepts(data) and (size := jxl.read_size(data)):
        return ImageHeader(jxl.FORMAT, "RGBA", *size)  # the mode that needs the most memory
    return None


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Check the number of pixels of an image.

    Raises:
        ImageError: the image has more than `max_pixels` pixels.
    """
    if width * height > max_pixels:
        message = f"{width} x {height} pixels are more than --max_pixels {max_pixels}"
        raise ImageError(Kind.TOO_MANY_PIXELS, Stage.DECODE, message)
