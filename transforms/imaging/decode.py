"""Encoded bytes -> an image in memory, with as little work as its targets allow."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

# The plugins of FORMATS, imported here so that no thread imports one halfway through a run.
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

from transforms.imaging import color, jpeg, strict, upstream, webp
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.geometry import Box, reduced_request, targets
from transforms.imaging.spec import MAX_PIXELS, ResizeSpec

# Pillow's names of what is opened, whatever a file is called; no other program is ever started for one.
# What begins as a JPEG is opened as MPO where it holds more pictures. TGA comes last: it has no first bytes
# of its own, and some icons could be one.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "JPEG2000"),
    *("AVIF", "PPM", "ICO", "PSD", "QOI", "TGA"),
)

# Those of them whose first bytes tell them from anything else.
_SIGNED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "JPEG2000", "AVIF")

ORIENTATION_TAG = 0x0112
END_OF_JPEG = b"\xff\xd9"


class Source(NamedTuple):
    """What an image is before it is decoded: Pillow's format and mode, and (width, height) in pixels.

    `orientation` is its EXIF tag, 1 where there is none or a broken one. `notes` name what an output does not
    have as such.
    """

    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1
    notes: tuple[Note, ...] = ()


@contextlib.contextmanager
def failing_as(stage: Stage) -> Iterator[None]:
    """Turns whatever Pillow raises on foreign bytes into an `ImageError` of the right kind."""
    try:
        yield
    except ImageError:
        raise
    # Every Exception: on damaged bytes Pillow raises OSError, ValueError, SyntaxError, struct.error, ...
    except Exception as error:
        raise ImageError(_kind_of(error, stage), stage, _sentence(error)) from error


def _sentence(error: Exception) -> str:
    # Pillow names the BytesIO that it read by its address, which differs in every run.
    if isinstance(error, UnidentifiedImageError):
        return "the content is of no image format that is read here"
    return f"{type(error).__name__}: {error}"


def _kind_of(error: Exception, stage: Stage) -> Kind:
    message = str(error)
    if isinstance(error, UnidentifiedImageError):
        return Kind.NOT_AN_IMAGE
    if isinstance(error, Image.DecompressionBombError):
        return Kind.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Kind.OUT_OF_MEMORY
    if "MAX_TEXT_" in message:  # PNG texts or profiles that unpack to more than 1 MB, or 64 MB together
        return Kind.METADATA_TOO_LARGE
    if "unknown pixel mode" in message:  # TIFF with 16- or 64-bit floats, for instance
        return Kind.UNSUPPORTED_DEPTH
    if stage is Stage.ENCODE:
        return Kind.NOT_ENCODED
    return Kind.TRUNCATED if "truncated" in message.lower() else Kind.DAMAGED


class Opened(NamedTuple):
    """An image whose header was read: Pillow's handle, what it is before it is decoded, and the file's bytes."""

    image: ImageFile.ImageFile
    source: Source
    data: bytes


def open_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Opened:
    """Reads the header only.

    Raises:
        ImageError: no image of `FORMATS`, more than `max_pixels` pixels, a damaged header.
    """
    if not data:
        raise ImageError(Kind.EMPTY_FILE, Stage.DECODE, "the file has 0 bytes")
    _allow(max_pixels)
    if header := webp.read_header(data):
        _check_pixels(header.width, header.height, max_pixels)
    if coding := jpeg.unsupported(data):
        raise ImageError(Kind.UNSUPPORTED_CODING, Stage.DECODE, coding)
    with failing_as(Stage.DECODE):
        image = _open(upstream.defused(data))
        if image.mode == "P" and image.palette is None:
            raise ImageError(Kind.DAMAGED, Stage.DECODE, "the pixels are entries of a palette, and there is none")
        orientation = _orientation(image)
        # All of the file at once: in Pillow's pieces of 64 KB decoding a large JPEG takes a sixth longer.
        image.decodermaxblock = max(image.decodermaxblock, len(data))
        _check_pixels(*image.size, max_pixels)
        return Opened(image, _describe(image, orientation), data)


def _allow(max_pixels: int) -> None:
    """Raises Pillow's own limit, that of this process, where it is the lower one. It is never lowered."""
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = math.ceil(max_pixels / 2)


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        message = f"{width} x {height} pixels are more than --max_pixels {max_pixels}"
        raise ImageError(Kind.TOO_MANY_PIXELS, Stage.DECODE, message)


def _open(data: bytes) -> ImageFile.ImageFile:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        _raise_reason(data)
        raise


def _raise_reason(data: bytes) -> None:
    """Raises what the opener of the format found wrong, where the first bytes tell the format."""
    for name in _SIGNED_FORMATS:
        factory, accepts = Image.OPEN[name]
        if accepts and accepts(data[:16]) is True:
            factory(io.BytesIO(data), "")


def _describe(image: ImageFile.ImageFile, orientation: int) -> Source:
    notes = []
    if orientation > 1:
        notes.append(Note.EXIF_ORIENTATION)
    if image.info.get("icc_profile"):
        notes.append(Note.ICC_PROFILE)
    if image.format == "PNG" and "transparency" in image.info and not _mend_transparency(image):
        notes.append(Note.TRANSPARENCY_IGNORED)
    return Source(image.format or "", image.mode, *image.size, orientation, tuple(notes))


def _mend_transparency(image: ImageFile.ImageFile) -> bool:
    """Brings a PNG's transparent colour to the 8 bits of the pixels; takes it away where it has 16.

    Pillow spreads gray of 2 and 4 bits over 0 to 255, and leaves the colour as it was.
    """
    rawmode = next((tile.args for tile in image.tile if isinstance(tile.args, str)), "")
    if "16" in rawmode:
        del image.info["transparency"]
        return False
    image.info["transparency"] = _spread(image.info["transparency"], rawmode)
    return True


def _spread(transparency: Any, rawmode: str) -> Any:
    return transparency * {"L;2": 85, "L;4": 17}.get(rawmode, 1) if isinstance(transparency, int) else transparency


def _orientation(image: ImageFile.ImageFile) -> int:
    """The EXIF tag. Of a TIFF it is taken away: Pillow would turn the image by it while it decodes."""
    if not ({"exif", "Raw profile type exif"} & set(image.info) or isinstance(image, TiffImagePlugin.TiffImageFile)):
        return 1
    try:
        upstream.check_info(image.info)
        exif = image.getexif()
    except Exception:  # a broken EXIF block is no reason to lose the image
        return 1
    value = exif.get(ORIENTATION_TAG, 1)
    if isinstance(image, TiffImagePlugin.TiffImageFile) and ORIENTATION_TAG in exif:
        del exif[ORIENTATION_TAG]
        image._size = image._tile_size  # as the pixels are stored; there is no public way
    return value if value in range(1, 9) else 1


def reduce(opened: Opened, spec: ResizeSpec) -> Box:
    """Sets a JPEG to be decoded at the smallest scale that its largest target allows, and as gray if that is wanted.

    The scale is 1, 1/2, 1/4 or 1/8 (libjpeg's shrink-on-load, Pillow's draft).

    Returns:
        The whole picture's (x0, y0, x1, y1) in pixels of the image that decoding will give; its far
        corner may lie inside the last pixel.
    """
    image, request = opened.image, None
    if not jpeg.may_be_scaled(opened.data):
        return (0, 0, *image.size)
    if spec.reduces:
        request = reduced_request(image.size, targets(image.size, spec)[0], spec.reducing_gap)
    gray = spec.mode == "L" and not (spec.color == "srgb" and "icc_profile" in image.info)
    drafted = image.draft("L" if gray else "", request) if request or gray else None
    return drafted[1] if drafted else (0, 0, *image.size)


def decode(opened: Opened, spec: ResizeSpec) -> color.Working:
    """Decodes an image that was reduced, and brings it into the mode that it is resized in.

    Raises:
        ImageError: damaged or truncated data, or a pixel type without a rule.
    """
    is_jpeg = opened.source.format in ("JPEG", "MPO")
    try:
        working = _decoded(opened.image, spec)
        unchecked = spec.check_jpeg and is_jpeg and not strict.is_checked(opened.data)
        return working._replace(notes=(*working.notes, Note.UNCHECKED)) if unchecked else working
    except ImageError as error:
        if not (error.kind is Kind.TRUNCATED and spec.truncated == "accept" and is_jpeg):
            raise
    opened.image.close()  # which gives its pixels' memory back
    # libjpeg makes up what is missing as soon as the file has an end.
    again = open_image(opened.data + END_OF_JPEG, spec.max_pixels)
    reduce(again, spec)
    working = _decoded(again.image, spec)
    return working._replace(notes=(*working.notes, Note.TRUNCATED))


def _decoded(image: ImageFile.ImageFile, spec: ResizeSpec) -> color.Working:
    with failing_as(Stage.DECODE):
        image.load()
        return color.prepare(image, spec)
