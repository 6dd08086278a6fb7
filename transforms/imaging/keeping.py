"""The decision which sources need no change, so that --keep_small stores them byte for byte.

An output shows the first picture of its source, upright, in the mode and format of all outputs. A source is kept if
its own bytes do the same, were decoded to the end without an error, and contain nothing after the picture.
"""

from __future__ import annotations

from collections.abc import Collection

from transforms.imaging import isobmff, jpeg, png
from transforms.imaging.color import MASK_MODES
from transforms.imaging.encode import KEPT_EXTENSIONS
from transforms.imaging.errors import Note
from transforms.imaging.geometry import Target
from transforms.imaging.opening import Opened
from transforms.imaging.spec import ResizeSpec

# Notes that do not prevent keeping, unless colors are converted. Any other note (an orientation, damage) means that
# the pixels, or how programs display the file, differ from those of an output.
_HARMLESS = frozenset({Note.ICC_PROFILE, Note.CICP})


def keeps(opened: Opened, notes: Collection[Note], extension: str, spec: ResizeSpec) -> bool:
    """Return whether a decoded source is kept for targets of its own size, see `is_unchanged`.

    Args:
        opened: the source.
        notes: the notes on the source, from its header and its pixels.
        extension: the extension of its outputs.
        spec: the settings.
    """
    header = opened.header
    return (
        spec.keep_small
        and KEPT_EXTENSIONS.get(header.format) == extension
        and set(notes) <= (frozenset() if spec.color == "srgb" else _HARMLESS)
        and _has_mode_of_outputs(opened, spec)
        and getattr(opened.image, "n_frames", 1) == 1
        and _end_of_picture(opened) == len(opened.data)
    )


def is_unchanged(target: Target, opened: Opened) -> bool:
    """Return whether an output has the size of its source. If so, it shows the whole source: nothing is enlarged."""
    return target.dimensions == (opened.header.width, opened.header.height)


def _has_mode_of_outputs(opened: Opened, spec: ResizeSpec) -> bool:
    mode = opened.header.mode
    if spec.mode == "keep" and mode in MASK_MODES:
        return True
    wanted = "L" if spec.mode == "L" else "RGB"
    return mode == wanted and not opened.image.has_transparency_data and not _is_deep(opened)


def _is_deep(opened: Opened) -> bool:
    """Return whether the file has more than 8 bits per color channel."""
    if opened.header.format == "PNG":
        return png.depth(opened.data) > 8
    return opened.header.format == "AVIF" and isobmff.is_deep_avif(opened.data)


def _end_of_picture(opened: Opened) -> int | None:
    """Return the offset of the picture's end in the file; None if it is not found, or few programs read the file."""
    data = opened.data
    if opened.header.format == "JPEG":
        return jpeg.end_of_image(data) if jpeg.is_common(data) else None
    if opened.header.format == "PNG":
        return png.end_of_image(data)
    if opened.header.format == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    return isobmff.end_of_boxes(data) if opened.header.format == "AVIF" else None
