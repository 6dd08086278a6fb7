"""Where pixels go: the arithmetic of sizes, without a pixel touched. Sizes are (width, height) in pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

from transforms.imaging.errors import Skip
from transforms.imaging.spec import ResizeSpec

Size = tuple[int, int]
Box = tuple[float, float, float, float]


class Target(NamedTuple):
    """One output of an image.

    Args:
        size: the SIZE that was asked for.
        width: of the whole output, in pixels.
        height: of the whole output, in pixels.
        source_box: the part of the source that is shown, (x0, y0, x1, y1) in its pixels.
        output_box: where it is shown, (x0, y0, x1, y1) in the output's pixels.
        orientation: how it is turned for that, as an EXIF orientation; 1 where it is not.
    """

    size: int
    width: int
    height: int
    source_box: Box
    output_box: tuple[int, int, int, int]
    orientation: int = 1

    @property
    def dimensions(self) -> Size:
        """(width, height) of the whole output in pixels."""
        return self.width, self.height

    @property
    def picture(self) -> Size:
        """(width, height) of the part that shows the source, in pixels, before it is turned."""
        x0, y0, x1, y1 = self.output_box
        return _turned((x1 - x0, y1 - y0), self.orientation)


def unwanted(source: Size, spec: ResizeSpec) -> Skip | None:
    """The filter that leaves a source of (width, height) out, if any does."""
    shortest, longest = sorted(source)
    if shortest < spec.min_side:
        return Skip.MIN_SIDE
    if spec.max_aspect is not None and longest > spec.max_aspect * shortest:
        return Skip.MAX_ASPECT
    return None


def contain(source: Size, size: int, only_shrink: bool = False) -> Size:
    """The dimensions whose longest side is `size` and whose aspect ratio is the source's.

    The other side is `int(side * (size / longest))`, as the first image_resizer.py has it, but at least 1.

    Args:
        source: (width, height) in pixels.
        size: the longest side wanted, in pixels.
        only_shrink: leave a source whose longest side is at most `size` as it is.
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
    """The dimensions whose shortest side is `size` and whose aspect ratio is the source's, else like `contain`.

    The other side is at least `size` too: `int(600 * (55 / 600))` is 54.
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
    """The centre of the source that fills a `size` x `size` square, in floats: rounding it would shift the picture.

    With `only_shrink`, of a source whose shortest side is below `size`, what a square of that size shows of it.
    """
    width, height = source
    shortest = min(source)
    shown = (min(width, size), min(height, size)) if only_shrink and shortest <= size else (shortest, shortest)
    x0, y0 = (width - shown[0]) / 2, (height - shown[1]) / 2
    return x0, y0, x0 + shown[0], y0 + shown[1]


def _turned(size: Size, orientation: int) -> Size:
    """The dimensions after turning: 5 to 8 turn by a quarter."""
    return (size[1], size[0]) if orientation >= 5 else size


def _picture(source: Size, size: int, spec: ResizeSpec) -> Size:
    if spec.fit == "stretch":
        return size, size
    if spec.fit == "crop":
        return (min(source[0], size), min(source[1], size)) if spec.only_shrink else (size, size)
    return (cover if spec.fit == "cover" else contain)(source, size, spec.only_shrink)


def target_of(source: Size, size: int, spec: ResizeSpec, orientation: int = 1) -> Target:
    """The output at one size of a source of (width, height), whose EXIF tag is `orientation`."""
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
    """All outputs of one image, the largest first."""
    return [target_of(source, size, spec, orientation) for size in sorted(spec.sizes, reverse=True)]


def reduced_request(source: Size, largest: Target, reducing_gap: float) -> Size:
    """The least dimensions at which a source may be decoded whole, for its largest target."""
    x0, y0, x1, y1 = largest.source_box
    width, height = largest.picture
    return (
        math.ceil(width * reducing_gap * source[0] / (x1 - x0)),
        math.ceil(height * reducing_gap * source[1] / (y1 - y0)),
    )


def box_in(decoded: Box, source: Size, box: Box) -> Box:
    """A box of the source in pixels of the decoded image, and inside it.

    Args:
        decoded: the whole picture's box in the decoded image.
        source: (width, height) of the source.
        box: a part of the source.
    """
    scales = decoded[2] / source[0], decoded[3] / source[1]
    x0, y0, x1, y1 = (edge * scales[axis % 2] for axis, edge in enumerate(box))
    # The far edges exactly, where they are the picture's: a product may be off in its last digit.
    right = decoded[2] if box[2] == source[0] else x1
    bottom = decoded[3] if box[3] == source[1] else y1
    return x0, y0, right, bottom


def can_chain(larger: Target, smaller: Target) -> bool:
    """Whether `smaller` may be made from the picture in `larger` instead of from the decoded image.

    It costs little quality (54 dB from the direct way) where both show the same part of the source, and
    `larger` was not enlarged itself and is at least twice `smaller` on each side.
    """
    x0, y0, x1, y1 = larger.source_box
    (width, height), (small_width, small_height) = larger.picture, smaller.picture
    shrunk = width <= x1 - x0 and height <= y1 - y0
    return (
        shrunk and larger.source_box == smaller.source_box and width >= 2 * small_width and height >= 2 * small_height
    )
