"""Encoded bytes -> an RGB image in memory, with as little work as its targets allow."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import NamedTuple

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

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.geometry import Box, Size, Target, reduced_request, targets
from transforms.imaging.spec import ResizeSpec

# Pillow's names of what is opened, whatever a file is called; no other program is ever started for one.
# What begins as a JPEG is opened as MPO where it holds more pictures.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "JPEG2000"),
    *("AVIF", "PPM", "TGA", "ICO", "PSD", "QOI"),
)

BACKGROUND = (255, 255, 255, 255)
ORIENTATION_TAG = 0x0112


class Source(NamedTuple):
    """What an image is before it is decoded: Pillow's format and mode, and (width, height) in pixels.

    `orientation` is its EXIF tag, 1 where there is none or a broken one. `notes` name what an output does not
    have as such: "exif-orientation", "icc-profile".
    """

    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1
    notes: tuple[str, ...] = ()


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
    if isinstance(error, UnidentifiedImageError):
        return Kind.NOT_AN_IMAGE
    if isinstance(error, Image.DecompressionBombError):
        return Kind.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Kind.OUT_OF_MEMORY
    if stage is Stage.ENCODE:
        return Kind.NOT_ENCODED
    return Kind.TRUNCATED if "truncated" in str(error).lower() else Kind.DAMAGED


class Opened(NamedTuple):
    """An image whose header was read: Pillow's handle, and what it is before it is decoded."""

    image: ImageFile.ImageFile
    source: Source


def open_image(data: bytes) -> Opened:
    """Reads the header only.

    Raises:
        ImageError: no image of `FORMATS`, more pixels than Pillow allows, a damaged header.
    """
    if not data:
        raise ImageError(Kind.EMPTY_FILE, Stage.DECODE, "the file has 0 bytes")
    with failing_as(Stage.DECODE):
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        return Opened(image, _describe(image))


def _describe(image: ImageFile.ImageFile) -> Source:
    notes = []
    orientation = _orientation(image)
    if orientation > 1:
        notes.append("exif-orientation")
    if image.info.get("icc_profile"):
        notes.append("icc-profile")
    return Source(image.format or "", image.mode, *image.size, orientation, tuple(notes))


def _orientation(image: ImageFile.ImageFile) -> int:
    if "exif" not in image.info:
        return 1
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # a broken EXIF block is no reason to lose the image
        return 1
    return value if value in range(1, 9) else 1


def reduce(image: ImageFile.ImageFile, spec: ResizeSpec) -> Box:
    """Sets a JPEG to be decoded at the smallest scale that its largest target allows.

    The scale is 1, 1/2, 1/4 or 1/8 (libjpeg's shrink-on-load, Pillow's draft).

    Returns:
        The whole picture's (x0, y0, x1, y1) in pixels of the image that decoding will give; its far
        corner may lie inside the last pixel.
    """
    request = None
    if spec.reduces:
        request = reduced_request(image.size, targets(image.size, spec)[0], spec.reducing_gap)
    drafted = image.draft("", request) if request else None
    return drafted[1] if drafted else (0, 0, *image.size)


def memory_needed(image: ImageFile.ImageFile, full_size: Size, largest: Target) -> int:
    """Bytes that decoding `image` to RGB and resizing it takes at its peak: an estimate from the header.

    Pillow keeps 4 bytes a pixel; a conversion holds both images; a transparent one is laid on a third.
    libjpeg holds a progressive image's coefficients, 2 bytes a sample at 4:2:0, before it scales it.

    Args:
        image: opened, and reduced, but not decoded.
        full_size: (width, height) before it was reduced.
        largest: its largest output.
    """
    images = 3 if image.has_transparency_data else 1 if image.mode == "RGB" else 2
    pixels = image.width * image.height * 4 * images
    coefficients = full_size[0] * full_size[1] * 3 if "progressive" in image.info else 0
    return pixels + coefficients + largest.width * largest.height * 4


def decode(image: ImageFile.ImageFile) -> Image.Image:
    """Decodes and converts to mode RGB.

    Raises:
        ImageError: damaged or truncated data, or a pixel type without a rule.
    """
    with failing_as(Stage.DECODE):
        image.load()
        return to_rgb(image)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any image in mode RGB: 16-bit gray by round(v / 257), transparency laid on white.

    Raises:
        ImageError: 32-bit integers and floats have no fixed range, so they are not guessed at.
    """
    if image.mode.startswith("I;16"):
        return _gray16_to_rgb(image.convert("I"))
    if image.mode == "I" and image.format in ("PPM", "PNG"):  # these hold 0..65535 in it
        return _gray16_to_rgb(image)
    if image.mode in ("I", "F"):
        raise ImageError(
            Kind.UNSUPPORTED_DEPTH, Stage.DECODE, f"pixels of mode {image.mode} (32 bits) have no fixed range"
        )
    if image.has_transparency_data:
        return _on_background(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _gray16_to_rgb(image: Image.Image) -> Image.Image:
    # On mode I, Pillow's point takes a linear function only, and cuts off the fraction of the result.
    return image.point(lambda value: value * (1 / 257) + 0.5).convert("L").convert("RGB")


def _on_background(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    canvas = Image.new("RGBA", image.size, BACKGROUND)
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")
