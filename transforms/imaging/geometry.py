"""Arithmetic of dimensions and boxes. Dimensions are (width, height) in pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

from transforms.imaging.errors import Skip
from transforms.imaging.spec import ResizeSpec

Size = tuple[int, int]
Box = tuple[float, float, float, float]


class Target(NamedTuple):
    """The dimensions and boxes of one output of an image.

    Args:
        size: one of the spec's sizes.
        width: the width of the whole output, in pixels.
        height: the height of the whole output, in pixels.
        source_box: the visible part of the source, (x0, y0, x1, y1) in the source's pixels.
        output_box: the position of that part in the output, (x0, y0, x1, y1) in the output's pixels.
        orientation: how that part is turned, as an EXIF orientation; 1 if it is not turned.
    """

    size: int
    width: int
    height: int
    source_box: Box
    output_box: tuple[int, int, int, int]
    orientation: int = 1

    @property
    def dimensions(self) -> Size:
        """The (width, height) of the whole output in pixels."""
        return self.width, self.height

    @property
    def picture(self) -> Size:
        """The (width, height) of the output box in pixels, before the picture is turned."""
        x0, y0, x1, y1 = self.output_box
        return _turned((x1 - x0, y1 - y0), self.orientation)


def skip_reason(source: Size, spec: ResizeSpec) -> Skip | None:
    """Return the filter that excludes a source of (width, height); None if it passes."""
    shortest, longest = sorted(source)
    if shortest < spec.min_side:
        return Skip.MIN_SIDE
    if spec.max_aspect is not None and longest > spec.max_aspect * shortest:
        return Skip.MAX_ASPECT
    return None


def contain(source: Size, size: int, only_shrink: bool = False) -> Size:
    """Return the dimensions with the source's aspect ratio whose longest side is `size`.

    The other side is `int(side * (size / longest))`, as in the first image_resizer.py, but at least 1.

    Args:
        source: (width, height) in pixels.
        size: the longest side of the result, in pixels.
        only_shrink: whether to keep the dimensions of a source whose longest side is at most `size`.
    """
    width, height = source
    longest = max(width, height)
    if only_shrink and longest <= size:
        return source
    scale = size / longest
    if width >= height:
        return size, max(1, int(height * scale))
    return max(1, int(width * scale)), size


def cover(source: Size, size: int, only_shrink: bool = False) -> Size:
    """Return the dimensions with the source's aspect ratio whose shortest side is `size`; see `contain`.

    The other side is at least `size`, too: `int(600 * (55 / 600))` would be 54.
    """
    width, height = source
    shortest = min(width, height)
    if only_shrink and shortest <= size:
        return source
    scale = size / shortest
    if width <= height:
        return size, max(size, int(height * scale))
    return max(size, int(width * scale)), size


def crop_box(source: Size, size: int, only_shrink: bool = False) -> Box:
    """Return the box at the center of the source that fills a square of `size`.

    The box is not rounded: rounding would shift the picture. With `only_shrink`, a source whose shortest side is at
    most `size` is not scaled: the box is the part of it that fits into the square.
    """
    width, height = source
    shortest = min(source)
    visible = (min(width, size), min(height, size)) if only_shrink and shortest <= size else (shortest, shortest)
    x0, y0 = (width - visible[0]) / 2, (height - visible[1]) / 2
    return x0, y0, x0 + visible[0], y0 + visible[1]


def _turned(size: Size, orientation: int) -> Size:
    """Return the dimensions after turning: orientations 5 to 8 swap the sides."""
    return (size[1], size[0]) if orientation >= 5 else size


def _picture(source: Size, size: int, spec: ResizeSpec) -> Size:
    if spec.fit == "stretch":
        return size, size
    if spec.fit == "crop":
        return (min(source[0], size), min(source[1], size)) if spec.only_shrink else (size, size)
    return (cover if spec.fit == "cover" else contain)(source, size, spec.only_shrink)


def target_of(source: Size, size: int, spec: ResizeSpec, orientation: int = 1) -> Target:
    """Return the target of one size for a source of (width, height) with an EXIF orientation."""
    turn = orientation if spec.orientation == "exif" else 1
    box = (0.0, 0.0, float(source[0]), float(source[1]))
    if spec.fit == "crop":
        box = crop_box(source, size, spec.only_shrink)
    width, height = _turned(_picture(source, size, spec), turn)
    if spec.fit != "pad":
        return Target(size, width, height, box, (0, 0, width, height), turn)
    x0, y0 = (size - width) // 2, (size - height) // 2
    return Target(size, size, size, box, (x0, y0, x0 + width, y0 + height), turn)


def targets(source: Size, spec: ResizeSpec, orientation: int = 1) -> list[Target]:
    """Return the targets of a source of (width, height) at all sizes, the largest first."""
    return [target_of(source, size, spec, orientation) for size in sorted(spec.sizes, reverse=True)]


def reduced_request(source: Size, largest: Target, reducing_gap: float) -> Size:
    """Return the smallest dimensions at which the whole source may be decoded to make its largest target."""
    x0, y0, x1, y1 = largest.source_box
    width, height = largest.picture
    return (
        math.ceil(width * reducing_gap * source[0] / (x1 - x0)),
        math.ceil(height * reducing_gap * source[1] / (y1 - y0)),
    )


def box_in(decoded: Box, source: Size, box: Box) -> Box:
    """Scale a box of the source to pixels of the decoded image.

    Args:
        decoded: the box of the whole picture in the decoded image.
        source: (width, height) of the source in pixels.
        box: a part of the source, in the source's pixels.
    """
    scales = decoded[2] / source[0], decoded[3] / source[1]
    x0, y0, x1, y1 = (edge * scales[axis % 2] for axis, edge in enumerate(box))
    # Keep the far edges exact, so that they stay inside the image: a product may be off in its last digit.
    right = decoded[2] if box[2] == source[0] else x1
    bottom = decoded[3] if box[3] == source[1] else y1
    return x0, y0, right, bottom


def can_chain(larger: Target, smaller: Target) -> bool:
    """Return whether `smaller` may be resized from the picture of `larger` instead of the decoded image.

    The loss of quality is small (54 dB against resizing directly) if both show the same part of the source,
    `larger` is not enlarged, and each of its sides is at least twice as long as that of `smaller`.
    """
    x0, y0, x1, y1 = larger.source_box
    (width, height), (small_width, small_height) = larger.picture, smaller.picture
    shrunk = width <= x1 - x0 and height <= y1 - y0
    return (
        shrunk and larger.source_box == smaller.source_box and width >= 2 * small_width and height >= 2 * small_height
    )
