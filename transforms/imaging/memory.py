"""How much memory an image takes, estimated from its header."""

from __future__ import annotations

import math

from PIL import ImageFile, JpegImagePlugin

from transforms.imaging.decode import ImageHeader
from transforms.imaging.geometry import Size, Target

# Bytes that Pillow holds of a pixel at its peak, from what it decodes to what is resized, by its mode; and what
# decoders that work on whole images hold beside it. Measured on images of 20 megapixels.
_BYTES_A_PIXEL = {"RGB": 4, "L": 1, "1": 2, "P": 5, "I;16": 12, "I;16B": 12, "I": 16, "F": 16}
_TRANSPARENT_BYTES_A_PIXEL = 16
_OTHER_BYTES_A_PIXEL = 8
_DECODERS_BYTES_A_PIXEL = {"WEBP": 13, "AVIF": 6, "JPEG2000": 16, "QOI": 4}
_ENCODERS_BYTES_A_PIXEL = {"avif": 12}  # beside the output that they encode


def memory_needed(image: ImageFile.ImageFile, full_size: Size, largest: Target, extension: str) -> int:
    """Bytes that making the outputs of `image` takes at its peak: an estimate from the header.

    Args:
        image: opened, and reduced, but not decoded.
        full_size: (width, height) before it was reduced.
        largest: its largest output.
        extension: that of its outputs.
    """
    transparent = image.has_transparency_data
    held = _memory(image.format or "", image.mode, transparent, image.size, largest, extension)
    return held + _coefficients(image, full_size)


def memory_for_header(header: ImageHeader, largest: Target, extension: str) -> int:
    """Return the same for an image that is not opened yet, from its probed header; opening it is included."""
    size = header.width, header.height
    return _memory(header.format, header.mode, header.mode == "RGBA", size, largest, extension)


def _memory(image_format: str, mode: str, transparent: bool, size: Size, largest: Target, extension: str) -> int:
    held = _TRANSPARENT_BYTES_A_PIXEL if transparent else _BYTES_A_PIXEL.get(mode, _OTHER_BYTES_A_PIXEL)
    pixels = size[0] * size[1] * (held + _DECODERS_BYTES_A_PIXEL.get(image_format, 0))
    halfway = largest.picture[0] * size[1] * 4  # Pillow resizes across, and then down
    output = largest.width * largest.height * (4 + _ENCODERS_BYTES_A_PIXEL.get(extension, 0))
    return pixels + halfway + output


def _coefficients(image: ImageFile.ImageFile, full_size: Size) -> int:
    """Bytes of a progressive JPEG's coefficients, 2 a sample, which libjpeg holds whole before it scales them."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or "progressive" not in image.info:
        return 0
    samples = [across * down for _, across, down, _ in image.layer]
    return math.ceil(full_size[0] * full_size[1] * 2 * sum(samples) / max(samples))
