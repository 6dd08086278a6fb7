"""Estimates of the memory that an image needs, from its header."""

from __future__ import annotations

import math

from PIL import ImageFile, JpegImagePlugin

from transforms.imaging import compat
from transforms.imaging.geometry import Size, Target
from transforms.imaging.header import ImageHeader

# Pillow's peak memory from decoding to resizing, in bytes per pixel, by mode; and what decoders that work on whole
# images need in addition. Measured with images of 20 megapixels.
_BYTES_A_PIXEL = {"RGB": 4, "L": 1, "1": 2, "P": 5, "I;16": 12, "I;16B": 12, "I": 16, "F": 16}
_TRANSPARENT_BYTES_A_PIXEL = 16
_OTHER_BYTES_A_PIXEL = 8
_DECODERS_BYTES_A_PIXEL = {"WEBP": 13, "AVIF": 6, "JPEG2000": 16, "HEIF": 12, "JXL": 4}
# Pillow's decoders that are written in Python collect the samples in a growing array. The C library may copy it each
# time it grows; how often depends on the free blocks of memory. The highest peak was this many times its final size.
_COPIES_OF_SAMPLES = 4
# The decoder of PPMs written as text holds up to this many numbers at the same time, each in this many bytes.
_NUMBERS, _BYTES_A_NUMBER = 1 << 19, 128
_ENCODERS_BYTES_A_PIXEL = {"avif": 12}  # in addition to the output that they encode


def memory_needed(image: ImageFile.ImageFile, full_size: Size, largest: Target | None, extension: str) -> int:
    """Estimate the peak memory, in bytes, for making the outputs of an opened image.

    Args:
        image: the opened image, after `decode.set_draft_scale` and before decoding.
        full_size: (width, height) in pixels before `decode.set_draft_scale`.
        largest: the target of its largest output; None if it has no output.
        extension: the extension of its outputs.
    """
    transparent = image.has_transparency_data
    held = _memory(image.format or "", image.mode, transparent, image.size, largest, extension)
    return held + _coefficients(image, full_size) + _samples(image)


def memory_for_header(header: ImageHeader, largest: Target | None, extension: str) -> int:
    """Estimate the same from the probed header of an image that is not opened yet, including opening it."""
    size = header.width, header.height
    return _memory(header.format, header.mode, header.mode == "RGBA", size, largest, extension)


def _memory(image_format: str, mode: str, transparent: bool, size: Size, largest: Target | None, extension: str) -> int:
    held = _TRANSPARENT_BYTES_A_PIXEL if transparent else _BYTES_A_PIXEL.get(mode, _OTHER_BYTES_A_PIXEL)
    pixels = size[0] * size[1] * (held + _DECODERS_BYTES_A_PIXEL.get(image_format, 0))
    if largest is None:
        return pixels
    half_resized = largest.picture[0] * size[1] * 4  # Pillow resizes horizontally, then vertically
    output = largest.width * largest.height * (4 + _ENCODERS_BYTES_A_PIXEL.get(extension, 0))
    return pixels + half_resized + output


def _coefficients(image: ImageFile.ImageFile, full_size: Size) -> int:
    """Return the size of a progressive JPEG's coefficients in bytes: libjpeg holds all of them, 2 bytes per sample."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or "progressive" not in image.info:
        return 0
    samples = [across * down for across, down in compat.jpeg_sampling(image)]
    return math.ceil(full_size[0] * full_size[1] * 2 * sum(samples) / max(samples))


def _samples(image: ImageFile.ImageFile) -> int:
    """Return the bytes that a decoder written in Python needs in addition; 0 for a decoder written in C."""
    codec = compat.python_codec(image)
    if not codec:
        return 0
    samples = image.width * image.height * len(image.getbands())
    text = min(samples, _NUMBERS) * _BYTES_A_NUMBER if codec == "ppm_plain" else 0
    return samples * _COPIES_OF_SAMPLES * (4 if image.mode == "I" else 1) + text
