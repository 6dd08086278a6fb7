"""Where pixels go: the arithmetic of sizes, without a pixel touched. Sizes are (width, height) in pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

from transforms.imaging.spec import ResizeSpec

Size = tuple[int, int]


class Target(NamedTuple):
    """One output of an image: the SIZE that was asked for and the (width, height) that it gives."""

    size: int
    width: int
    height: int

    @property
    def dimensions(self) -> Size:
        """(width, height) in pixels."""
        return self.width, self.height


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


def targets(source: Size, spec: ResizeSpec) -> list[Target]:
    """All outputs of one image, the largest first."""
    return [Target(size, *contain(source, size, spec.only_shrink)) for size in sorted(spec.sizes, reverse=True)]


def reduced_request(largest: Target, reducing_gap: float) -> Size:
    """The least dimensions at which a source may be decoded for its largest target."""
    return math.ceil(largest.width * reducing_gap), math.ceil(largest.height * reducing_gap)


def can_chain(source: Size, larger: Target, smaller: Target) -> bool:
    """Whether `smaller` may be made from the output `larger` instead of from the decoded image.

    It costs little quality (54 dB from the direct way) where `larger` was not enlarged itself and is at
    least twice `smaller` on each side.
    """
    shrunk = larger.width <= source[0] and larger.height <= source[1]
    return shrunk and larger.width >= 2 * smaller.width and larger.height >= 2 * smaller.height
