"""A file's bytes -> an opened image, whose header is read but whose pixels are not decoded."""

from __future__ import annotations

import io
import math
from typing import NamedTuple

# The plugins of FORMATS. Import them here, so that no thread imports one in the middle of a run.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    PsdImagePlugin,
    QoiImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from transforms.imaging import (
    compat,
    heif,
    hostile,
    ico,
    jpeg,
    jxl,
    metadata,
    png,
    psd,
    tiff,
    unsupported,
    unsupported_tiff,
)
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.header import ImageHeader, check_pixels, probe_header
from transforms.imaging.pillow_errors import image_errors
from transforms.imaging.spec import MAX_PIXELS

# Pillow's names of the formats that are opened, whatever the name of a file. None of them starts another program.
# A JPEG with more pictures is opened as MPO. TGA comes last: it has no signature, and some icons look like a TGA.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "JPEG2000"),
    *("AVIF", "PPM", "ICO", "PSD", "QOI", "TGA"),
)

# The formats whose first bytes identify them.
_SIGNED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "JPEG2000", "AVIF")


class Opened(NamedTuple):
    """An opened image: Pillow's handle, its header, and the file's bytes."""

    image: ImageFile.ImageFile
    header: ImageHeader
    data: bytes


def open_image(data: bytes, max_pixels: int = MAX_PIXELS, probed: ImageHeader | None = None) -> Opened:
    """Open an image and read its header.

    Args:
        data: the whole file.
        max_pixels: the maximum number of pixels.
        probed: the result of `probe_header`, if the caller has it.

    Raises:
        ImageError: the file is not an image of `FORMATS`, has more than `max_pixels` pixels or an unsupported coding,
            or is damaged.
    """
    if not data:
        raise ImageError(Kind.EMPTY_FILE, Stage.DECODE, "the file has 0 bytes")
    _raise_limit_of_pillow(max_pixels)
    if probed is None:
        probe_header(data, max_pixels)
    if coding := jpeg.unsupported_coding(data):
        message = f"{coding} is not supported: convert the image with another program"
        raise ImageError(Kind.UNSUPPORTED_CODING, Stage.DECODE, message)
    with image_errors(Stage.DECODE, data):
        image, notes = _open(hostile.defuse(data))
        if image.format == "TIFF" and (coding := unsupported_tiff.preview_of(data)):
            raise ImageError(Kind.UNSUPPORTED_CODING, Stage.DECODE, unsupported.message(coding))
        if image.mode == "P" and image.palette is None:
            raise ImageError(Kind.DAMAGED, Stage.DECODE, "the pixels refer to a palette, but the file has none")
        if _correct(image, data):
            notes += (Note.TRANSPARENCY_IGNORED,)
        orientation, notes_of_metadata = metadata.read(image, data)
        # Read the whole file at once: with Pillow's chunks of 64 KB, decoding a large JPEG takes a sixth longer.
        compat.read_at_once(image, len(data))
        check_pixels(*image.size, max_pixels)
        header = ImageHeader(image.format or "", image.mode, *image.size, orientation, notes_of_metadata + notes)
        return Opened(image, header, data)


def without_metadata(data: bytes) -> bytes | None:
    """Return a PNG, or an icon of PNGs, without metadata; None if it has no metadata, or is neither."""
    if data.startswith(png.SIGNATURE):
        return png.without_metadata(data)
    return ico.without_metadata(data) if data.startswith(ico.SIGNATURE) else None


def _raise_limit_of_pillow(max_pixels: int) -> None:
    """Raise Pillow's own limit, which applies to the whole process, to `max_pixels`. Never lower it."""
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = math.ceil(max_pixels / 2)


def _open(data: bytes) -> tuple[ImageFile.ImageFile, tuple[Note, ...]]:
    """Open a file. Drop chunks of a PNG that Pillow rejects and that no pixel needs, and return a note if so."""
    repaired, is_shorter = png.repair(data) if data.startswith(png.SIGNATURE) else (data, False)
    try:
        return _open_unchanged(repaired), (Note.METADATA_DROPPED,) if is_shorter else ()
    # Every Exception: on a broken chunk Pillow raises SyntaxError, ValueError, struct.error, ...
    except Exception:
        pixels_only = without_metadata(data)
        if pixels_only is None:
            raise
        return _open_unchanged(pixels_only), (Note.METADATA_DROPPED,)


def _open_unchanged(data: bytes) -> ImageFile.ImageFile:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        for extra in (heif, jxl):  # after Pillow, so that they read only what Pillow cannot
            if extra.accepts(data):
                return extra.open_image(data)
        _raise_reason(data)
        raise


def _raise_reason(data: bytes) -> None:
    """Raise the error of the format's plugin if the first bytes identify a format."""
    for name in _SIGNED_FORMATS:
        plugin, accepts = compat.opener_of(name)
        if accepts and accepts(data[:16]) is True:
            plugin(io.BytesIO(data), "")


def _correct(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Correct what Pillow's plugin misreads. Return whether the image has transparency that will be lost."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tiff.correct(image, data)
    elif isinstance(image, TgaImagePlugin.TgaImageFile):
        compat.allow_transparent_palette(image)
    elif isinstance(image, PsdImagePlugin.PsdImageFile):
        return psd.correct(image, data)
    elif isinstance(image, PngImagePlugin.PngImageFile):
        return png.correct_transparency(image)
    return False
