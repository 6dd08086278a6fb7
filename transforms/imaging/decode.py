"""Encoded bytes -> an image in memory, with as little work as its targets allow."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
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

from transforms.imaging import (
    alpha,
    coding,
    color,
    ico,
    jpeg,
    libtiff,
    metadata,
    png,
    quirks,
    strict,
    tiff_coding,
    upstream,
    webp,
)
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

# Kinds of failure that a coding which nothing here reads looks like.
_KINDS_BY_CODING = frozenset({Kind.NOT_AN_IMAGE, Kind.DAMAGED, Kind.TRUNCATED, Kind.UNSUPPORTED_DEPTH})

END_OF_JPEG = b"\xff\xd9"


class ImageHeader(NamedTuple):
    """What an image is before it is decoded: Pillow's format and mode, and (width, height) in pixels.

    `orientation` is that of EXIF or XMP, 1 where there is none or a broken one. `notes` name what an output does
    not have as such.
    """

    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1
    notes: tuple[Note, ...] = ()


@contextlib.contextmanager
def failing_as(stage: Stage, data: bytes = b"") -> Iterator[None]:
    """Turns whatever Pillow raises on foreign bytes into an `ImageError` of the right kind.

    Args:
        stage: where that happens.
        data: of the file, which may be in a coding that no decoder here reads.
    """
    with libtiff.listening() as said:
        try:
            yield
        except ImageError:
            raise
        # Every Exception: on damaged bytes Pillow raises OSError, ValueError, SyntaxError, struct.error, ...
        except Exception as error:
            raise _failure(error, stage, data, said) from error


def _failure(error: Exception, stage: Stage, data: bytes, said: Sequence[str]) -> ImageError:
    kind = _kind_of(error, stage)
    if kind in _KINDS_BY_CODING and (name := coding.unread(data, (*said, str(error)))):
        return ImageError(Kind.UNSUPPORTED_CODING, stage, coding.sentence(name, said))
    return ImageError(kind, stage, _sentence(error, said))


def _sentence(error: Exception, said: Sequence[str]) -> str:
    # Pillow names the BytesIO that it read by its address, which differs in every run.
    if isinstance(error, UnidentifiedImageError):
        return "the content is of no image format that is read here"
    return f"{type(error).__name__}: {error}{libtiff.told(said)}"


def _kind_of(error: Exception, stage: Stage) -> Kind:
    message = str(error)
    if isinstance(error, UnidentifiedImageError):
        return Kind.NOT_AN_IMAGE
    if isinstance(error, Image.DecompressionBombError):
        return Kind.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Kind.OUT_OF_MEMORY
    if "unknown pixel mode" in message:  # TIFF with 16- or 64-bit floats, for instance
        return Kind.UNSUPPORTED_DEPTH
    if stage is Stage.ENCODE:
        return Kind.NOT_ENCODED
    return Kind.TRUNCATED if "truncated" in message.lower() else Kind.DAMAGED


class Opened(NamedTuple):
    """An image whose header was read: Pillow's handle, what it is before it is decoded, and the file's bytes."""

    image: ImageFile.ImageFile
    header: ImageHeader
    data: bytes


def probe_header(data: bytes, max_pixels: int) -> ImageHeader | None:
    """Return the header of a file that takes memory as soon as it is opened (a WebP), or None for any other file.

    Raises:
        ImageError: it has more than `max_pixels` pixels.
    """
    header = webp.read_header(data)
    if header is None:
        return None
    _check_pixels(header.width, header.height, max_pixels)
    return ImageHeader("WEBP", "RGBA" if header.transparent else "RGB", header.width, header.height)


def open_image(data: bytes, max_pixels: int = MAX_PIXELS, probed: ImageHeader | None = None) -> Opened:
    """Read the header of an image.

    Args:
        data: the file, whole.
        max_pixels: the most pixels that it may have.
        probed: the result of `probe_header`, if the caller has it.

    Raises:
        ImageError: no image of `FORMATS`, more than `max_pixels` pixels, a coding that is not read, or damage.
    """
    if not data:
        raise ImageError(Kind.EMPTY_FILE, Stage.DECODE, "the file has 0 bytes")
    _allow(max_pixels)
    if probed is None:
        probe_header(data, max_pixels)
    if message := jpeg.unsupported(data):
        raise ImageError(Kind.UNSUPPORTED_CODING, Stage.DECODE, message)
    with failing_as(Stage.DECODE, data):
        image, notes = _open(upstream.defused(data))
        if image.format == "TIFF" and (name := tiff_coding.preview(data)):
            raise ImageError(Kind.UNSUPPORTED_CODING, Stage.DECODE, coding.sentence(name))
        if image.mode == "P" and image.palette is None:
            raise ImageError(Kind.DAMAGED, Stage.DECODE, "the pixels are entries of a palette, and there is none")
        notes += quirks.prepare(image, data)
        orientation, beside = metadata.read(image, data)
        # All of the file at once: in Pillow's pieces of 64 KB decoding a large JPEG takes a sixth longer.
        image.decodermaxblock = max(image.decodermaxblock, len(data))
        _check_pixels(*image.size, max_pixels)
        header = ImageHeader(image.format or "", image.mode, *image.size, orientation, beside + notes)
        return Opened(image, header, data)


def _allow(max_pixels: int) -> None:
    """Raises Pillow's own limit, that of this process, where it is the lower one. It is never lowered."""
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = math.ceil(max_pixels / 2)


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        message = f"{width} x {height} pixels are more than --max_pixels {max_pixels}"
        raise ImageError(Kind.TOO_MANY_PIXELS, Stage.DECODE, message)


def _open(data: bytes) -> tuple[ImageFile.ImageFile, tuple[Note, ...]]:
    """Opens a file, without chunks of a PNG that Pillow refuses and no pixel needs; and a note if there were any."""
    mended, dropped = png.mended(data) if data.startswith(png.SIGNATURE) else (data, False)
    try:
        return _open_as_is(mended), (Note.METADATA_DROPPED,) if dropped else ()
    # Every Exception: of a broken chunk Pillow raises SyntaxError, ValueError, struct.error, ...
    except Exception:
        bare = _bare(data)
        if bare is None:
            raise
        return _open_as_is(bare), (Note.METADATA_DROPPED,)


def _bare(data: bytes) -> bytes | None:
    """The file with nothing but its pixels, where it is a PNG or an icon of PNGs and has anything else."""
    if data.startswith(png.SIGNATURE):
        return png.bare(data)
    return ico.bare(data) if data.startswith(ico.SIGNATURE) else None


def _open_as_is(data: bytes) -> ImageFile.ImageFile:
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
    notes = _accepted(opened, spec)
    try:
        working = _decoded(opened.image, opened.data, spec)
        unchecked = spec.check_jpeg and _is_jpeg(opened) and not strict.is_checked(opened.data)
        return _noting(working, *notes, *[Note.UNCHECKED] * unchecked)
    except ImageError as error:
        second = _second_try(opened, spec, error)
        if second is None:
            raise
    opened.image.close()  # which gives its pixels' memory back
    data, note = second
    again = open_image(data, spec.max_pixels)
    for name in ("icc_profile", "cicp"):
        if name in opened.image.info:
            again.image.info[name] = opened.image.info[name]
    reduce(again, spec)
    return _noting(_decoded(again.image, data, spec), *notes, note)


def _is_jpeg(opened: Opened) -> bool:
    return opened.header.format in ("JPEG", "MPO")


def _noting(working: color.Working, *notes: Note) -> color.Working:
    """The same with further notes, each once."""
    return working._replace(notes=tuple(dict.fromkeys((*working.notes, *notes))))


def _accepted(opened: Opened, spec: ResizeSpec) -> tuple[Note, ...]:
    """Notes damage of a PNG that its decoder does not see, where it is accepted.

    Raises:
        ImageError: it is not.
    """
    image = opened.image
    data = ico.frame(image) if isinstance(image, IcoImagePlugin.IcoImageFile) else opened.data
    error = png.damage(data) if data.startswith(png.SIGNATURE) else None
    if error is None:
        return ()
    if spec.truncated != "accept":
        raise error
    return (Note.TRUNCATED if error.kind is Kind.TRUNCATED else Note.DAMAGED,)


def _second_try(opened: Opened, spec: ResizeSpec, error: ImageError) -> tuple[bytes, Note] | None:
    """Other bytes that may be decoded after an error, and the note that tells of them."""
    if _is_jpeg(opened) and error.kind is Kind.TRUNCATED and spec.truncated == "accept":
        # libjpeg makes up what is missing as soon as the file has an end.
        return opened.data + END_OF_JPEG, Note.TRUNCATED
    bare = _bare(opened.data)  # texts and profiles may stand behind the pixels
    return None if bare is None else (bare, Note.METADATA_DROPPED)


def _decoded(image: ImageFile.ImageFile, data: bytes, spec: ResizeSpec) -> color.Working:
    with failing_as(Stage.DECODE, data):
        image.load()
        return color.prepare(alpha.settled(image, data), spec)
