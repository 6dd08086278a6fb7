"""The memory that an image takes, estimated from its header."""

from __future__ import annotations

import math

from PIL import ImageFile, JpegImagePlugin

from transforms.imaging import compat
from transforms.imaging.geometry import Size, Target
from transforms.imaging.header import ImageHeader

# Bytes for each pixel that Pillow holds at its peak, from decoding to resizing, by mode; and what decoders that work
# on whole images hold in addition. Measured on images of 20 megapixels.
_BYTES_A_PIXEL = {"RGB": 4, "L": 1, "1": 2, "P": 5, "I;16": 12, "I;16B": 12, "I": 16, "F": 16}
_TRANSPARENT_BYTES_A_PIXEL = 16
_OTHER_BYTES_A_PIXEL = 8
_DECODERS_BYTES_A_PIXEL = {"WEBP": 13, "AVIF": 6, "JPEG2000": 16, "QOI": 4, "HEIF": 12, "JXL": 4}
_ENCODERS_BYTES_A_PIXEL = {"avif": 12}  # in addition to the output that they encode


def memory_needed(image: ImageFile.ImageFile, full_size: Size, largest: Target, extension: str) -> int:
    """Estimate the bytes of memory that making the outputs of an opened image takes at its peak.

    Args:
        image: opened, and reduced, but not decoded.
        full_size: (width, height) in pixels before it was reduced.
        largest: its largest output.
        extension: of its outputs.
    """
    transparent = image.has_transparency_data
    held = _memory(image.format or "", image.mode, transparent, image.size, largest, extension)
    return held + _coefficients(image, full_size)


def memory_for_header(header: ImageHeader, largest: Target, extension: str) -> int:
    """Estimate the same for an image that is not opened yet, from its probed header. Opening it is included."""
    size = header.width, header.height
    return _memory(header.format, header.mode, header.mode == "RGBA", size, largest, extension)


def _memory(image_format: str, mode: str, transparent: bool, size: Size, largest: Target, extension: str) -> int:
    held = _TRANSPARENT_BYTES_A_PIXEL if transparent else _BYTES_A_PIXEL.get(mode, _OTHER_BYTES_A_PIXEL)
    pixels = size[0] * size[1] * (held + _DECODERS_BYTES_A_PIXEL.get(image_format, 0))
    half_resized = largest.picture[0] * size[1] * 4  # Pillow resizes across, and then down
    output = largest.width * largest.height * (4 + _ENCODERS_BYTES_A_PIXEL.get(extension, 0))
    return pixels + half_resized + output


def _coefficients(image: ImageFile.ImageFile, full_size: Size) -> int:
    """Return the bytes of a progressive JPEG's coefficients: libjpeg holds all of them, 2 bytes for each sample."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or "progressive" not in image.info:
        return 0
    samples = [across * down for across, down in compat.jpeg_sampling(image)]
    return math.ceil(full_size[0] * full_size[1] * 2 * sum(samples) / max(samples))
