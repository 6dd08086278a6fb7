"""Corrections of what Pillow misreads in a TIFF: palettes with 8-bit entries, and uncompressed YCbCr."""

from __future__ import annotations

from PIL import ImagePalette, TiffImagePlugin

from transforms.imaging import compat
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.tiff_directory import (
    COLOR_MAP,
    PHOTOMETRIC,
    STRIP_BYTE_COUNTS,
    STRIP_OFFSETS,
    TILE_BYTE_COUNTS,
    TILE_OFFSETS,
)

_YCBCR = 6


def correct(image: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    """Configure an opened TIFF to decode as its tags say.

    Raises:
        ImageError: the file is truncated.
    """
    if image.mode in ("P", "PA"):
        _accept_8_bit_palette(image)
    uncompressed = image.mode == "RGB" and compat.tiff_compression(image) == "raw"
    if uncompressed and image.tag_v2.get(PHOTOMETRIC) == _YCBCR:
        _check_length(image, data)
        # Pillow leaves compressed YCbCr to libtiff, but decodes uncompressed YCbCr as if it were RGB. libtiff applies
        # the subsampling, the coefficients, and the reference black and white.
        compat.decode_tiff_by_libtiff(image, "RGBX")


def _accept_8_bit_palette(image: TiffImagePlugin.TiffImageFile) -> None:
    """Interpret all palette entries as 8-bit values if each is below 256, as libtiff does.

    Entries should have 16 bits, of which Pillow uses the upper 8.
    """
    entries = image.tag_v2[COLOR_MAP]
    if max(entries) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(entries))


def _check_length(image: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    tags = image.tag_v2
    offsets = tags.get(STRIP_OFFSETS) or tags.get(TILE_OFFSETS) or ()
    lengths = tags.get(STRIP_BYTE_COUNTS) or tags.get(TILE_BYTE_COUNTS) or ()
    end = max((offset + length for offset, length in zip(offsets, lengths, strict=False)), default=0)
    if end > len(data):
        message = f"the file is truncated: its pixels end at byte {end}, but it has only {len(data)}"
        raise ImageError(Kind.TRUNCATED, Stage.DECODE, message)
