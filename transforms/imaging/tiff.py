"""What Pillow does not see in a TIFF: palettes of 8-bit entries, and uncompressed YCbCr."""

from __future__ import annotations

from PIL import ImageFile, ImagePalette, TiffImagePlugin

from transforms.imaging.errors import ImageError, Kind, Stage

# Tags of TIFF 6.0: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
_PHOTOMETRIC, _COLOR_MAP = 262, 320
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325
_YCBCR = 6


def prepare(image: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    """Sets an opened TIFF to be decoded as its tags say.

    Raises:
        ImageError: it is cut off.
    """
    if image.mode in ("P", "PA"):
        _take_small_entries(image)
    if image.mode == "RGB" and image._compression == "raw" and image.tag_v2.get(_PHOTOMETRIC) == _YCBCR:
        _check_length(image, data)
        _decode_by_libtiff(image)


def _take_small_entries(image: TiffImagePlugin.TiffImageFile) -> None:
    """Takes a palette for one of 8-bit entries if all of them are below 256, as libtiff does.

    Entries should have 16 bits, and Pillow takes the upper 8.
    """
    entries = image.tag_v2[_COLOR_MAP]
    if max(entries) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(entries))


def _decode_by_libtiff(image: TiffImagePlugin.TiffImageFile) -> None:
    """Leaves uncompressed YCbCr to libtiff, which Pillow does with compressed YCbCr alone.

    libtiff knows subsampling, the coefficients and the reference black and white.
    """
    args = ("RGBX", "raw", False, image.tag_v2.offset)
    image.tile = [ImageFile._Tile("libtiff", (0, 0, *image._tile_size), 0, args)]
    image.use_load_libtiff = True


def _check_length(image: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    tags = image.tag_v2
    offsets = tags.get(_STRIP_OFFSETS) or tags.get(_TILE_OFFSETS) or ()
    sizes = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
    end = max((offset + size for offset, size in zip(offsets, sizes, strict=False)), default=0)
    if end > len(data):
        message = f"the file is truncated: its pixels end at byte {end}, and it has {len(data)}"
        raise ImageError(Kind.TRUNCATED, Stage.DECODE, message)
