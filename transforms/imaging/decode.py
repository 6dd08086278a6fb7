"""An opened image -> its pixels, decoded with as little work as its targets allow."""

from __future__ import annotations

from PIL import IcoImagePlugin, ImageFile

from transforms.imaging import alpha, color, ico, jpeg, png, strict
from transforms.imaging.errors import ImageError, Kind, Note, Stage
from transforms.imaging.geometry import Box, reduced_request, targets
from transforms.imaging.opening import Opened, open_image, without_metadata
from transforms.imaging.pillow_errors import image_errors
from transforms.imaging.spec import ResizeSpec

_END_OF_JPEG = b"\xff\xd9"


def set_draft_scale(opened: Opened, spec: ResizeSpec) -> Box:
    """Configure a JPEG to decode at the smallest scale that its largest target allows, and as gray for a gray spec.

    The scale is 1, 1/2, 1/4 or 1/8 (libjpeg's shrink-on-load, Pillow's draft).

    Returns:
        The box (x0, y0, x1, y1) of the whole picture, in pixels of the image that decoding will return. Its far corner
        may be inside the last pixel.
    """
    image, request = opened.image, None
    if not jpeg.may_be_scaled(opened.data):
        return (0, 0, *image.size)
    if spec.reduces:
        request = reduced_request(image.size, targets(image.size, spec)[0], spec.reducing_gap)
    gray = spec.mode == "L" and not (spec.color == "srgb" and "icc_profile" in image.info)
    drafted = image.draft("L" if gray else "", request) if request or gray else None
    return drafted[1] if drafted else (0, 0, *image.size)


def decode(opened: Opened, spec: ResizeSpec) -> color.Decoded:
    """Decode an image after `set_draft_scale`, and convert it to the mode in which it is resized.

    Raises:
        ImageError: the data is damaged or truncated, or the pixel type is not supported.
    """
    notes = _check_png(opened, spec)
    try:
        decoded = _decode(opened.image, opened.data, spec)
        unchecked = spec.check_jpeg and _is_jpeg(opened) and not strict.check(opened.data)
        return _with_notes(decoded, *notes, *[Note.UNCHECKED] * unchecked)
    except ImageError as error:
        repaired = _repair(opened, spec, error)
        if repaired is None:
            raise
    opened.image.close()  # frees its pixels
    data, note = repaired
    reopened = open_image(data, spec.max_pixels)
    for name in ("icc_profile", "cicp"):
        if name in opened.image.info:
            reopened.image.info[name] = opened.image.info[name]
    set_draft_scale(reopened, spec)
    return _with_notes(_decode(reopened.image, data, spec), *notes, note)


def _is_jpeg(opened: Opened) -> bool:
    return opened.header.format in ("JPEG", "MPO")


def _with_notes(decoded: color.Decoded, *notes: Note) -> color.Decoded:
    """Return the same image with additional notes, without duplicates."""
    return decoded._replace(notes=tuple(dict.fromkeys((*decoded.notes, *notes))))


def _check_png(opened: Opened, spec: ResizeSpec) -> tuple[Note, ...]:
    """Return notes on damage to a PNG that its decoder does not detect, if the spec accepts damage.

    Raises:
        ImageError: the PNG is damaged, and the spec does not accept damage.
    """
    image = opened.image
    data = ico.frame(image) if isinstance(image, IcoImagePlugin.IcoImageFile) else opened.data
    error = png.find_damage(data) if data.startswith(png.SIGNATURE) else None
    if error is None:
        return ()
    if spec.truncated != "accept":
        raise error
    return (Note.TRUNCATED if error.kind is Kind.TRUNCATED else Note.DAMAGED,)


def _repair(opened: Opened, spec: ResizeSpec, error: ImageError) -> tuple[bytes, Note] | None:
    """Return repaired bytes to decode after an error, and a note on the repair; None if there is no repair."""
    if _is_jpeg(opened) and error.kind is Kind.TRUNCATED and spec.truncated == "accept":
        # Given an end marker, libjpeg fills in the missing pixels.
        return opened.data + _END_OF_JPEG, Note.TRUNCATED
    pixels_only = without_metadata(opened.data)  # damaged texts and profiles may follow the pixels
    return None if pixels_only is None else (pixels_only, Note.METADATA_DROPPED)


def _decode(image: ImageFile.ImageFile, data: bytes, spec: ResizeSpec) -> color.Decoded:
    with image_errors(Stage.DECODE, data):
        image.load()
        return color.prepare(alpha.without_meaningless_alpha(image, data), spec)
