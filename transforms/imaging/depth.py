"""Pixels of more, or other, than 8 unsigned bits -> 8-bit gray, by the range of their type."""

from __future__ import annotations

import math
from typing import NamedTuple

from PIL import Image, ImageMath, TiffImagePlugin

from transforms.imaging.errors import ImageError, Kind, Stage

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})

# Tags of TIFF 6.0: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
_PHOTOMETRIC, _BITS_PER_SAMPLE, _SAMPLE_FORMAT = 262, 258, 339
_MIN_IS_WHITE, _SIGNED = 0, 2

_HIGHEST_FLOAT = 3.4028234663852886e38  # of 32 bits


class Range(NamedTuple):
    """The values that become 0 and 255; the first is the larger one where small values are light."""

    black: float
    white: float

    @property
    def line(self) -> tuple[float, float]:
        """(a, b): a value v becomes a * v + b."""
        scale = 255 / (self.white - self.black) if self.white != self.black else 0.0
        return scale, -self.black * scale


def is_deep(image: Image.Image) -> bool:
    """Whether an image's pixels are no unsigned 8-bit ones, although gray."""
    return image.mode in DEEP_MODES or (image.mode == "L" and _tag(image, _SAMPLE_FORMAT, 1) == _SIGNED)


def full_range(image: Image.Image) -> Range:
    """The range of an image's type: from TIFF's tags, else 0 to 65535, and 0 to 1 for floats."""
    bits, signed = _tag(image, _BITS_PER_SAMPLE, 16), _tag(image, _SAMPLE_FORMAT, 1) == _SIGNED
    if image.mode == "F":
        lowest, highest = 0.0, 1.0
    elif signed:
        lowest, highest = -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    else:
        lowest, highest = 0.0, 2.0**bits - 1
    return Range(highest, lowest) if _is_inverted(image) else Range(lowest, highest)


def _is_inverted(image: Image.Image) -> bool:
    """Whether small values are light, where Pillow leaves that to us."""
    return image.mode in DEEP_MODES and _tag(image, _PHOTOMETRIC, 1) == _MIN_IS_WHITE


def _tag(image: Image.Image, tag: int, default: int) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return default
    value = image.tag_v2.get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def to_gray(image: Image.Image, depth_range: str) -> tuple[Image.Image, bool]:
    """A deep image in mode L, and whether values were cut off.

    The type's full range, or with `depth_range` "auto" that of the image's own values, is spread over
    0 to 255, rounded to the nearest: 16-bit gray becomes round(v / 257). NaN becomes 0.

    Args:
        image: decoded; `is_deep` is true of it.
        depth_range: "full" or "auto".

    Raises:
        ImageError: most values of a float image lie outside of 0 to 1; with "auto", some are infinite.
    """
    if image.mode == "F":
        return _floats_to_gray(image, depth_range)
    return _integers_to_gray(image, depth_range), False


def _integers_to_gray(image: Image.Image, depth_range: str) -> Image.Image:
    integers, shift = _integers(image)
    values = full_range(image)
    if depth_range == "auto":
        lowest, highest = _extrema(integers)
        values = _own(lowest + shift, highest + shift, values)
    scale, offset = values.line
    # On mode I, Pillow's point takes a linear function only, and cuts off the fraction of the result.
    return integers.point(lambda value: value * scale + (shift * scale + offset + 0.5)).convert("L")


def _integers(image: Image.Image) -> tuple[Image.Image, float]:
    """The image in mode I, and what is to be added to its pixels to have the values.

    Pillow holds unsigned 32-bit values as if they were signed, and signed 8-bit ones as if they were
    unsigned. With the highest bit turned over, their order is right again.
    """
    if image.mode == "L":
        return image.point([level ^ 0x80 for level in range(256)]).convert("I"), -128
    if image.mode == "I" and _tag(image, _BITS_PER_SAMPLE, 16) == 32 and _tag(image, _SAMPLE_FORMAT, 1) != _SIGNED:
        return ImageMath.lambda_eval(lambda args: args["image"] ^ -(2**31), image=image), 2**31
    return image.convert("I"), 0


def _floats_to_gray(image: Image.Image, depth_range: str) -> tuple[Image.Image, bool]:
    values, outside = full_range(image), 0.0
    if depth_range == "auto":
        # Comparing with NaN is false, and then the second of two is taken.
        lowest, _ = _extrema(_math("min", image, _HIGHEST_FLOAT))
        _, highest = _extrema(_math("max", image, -_HIGHEST_FLOAT))
        values = _own(lowest, highest, values)
    else:
        outside = _share_outside(image)
    first, second = ("max", "min") if values.black < values.white else ("min", "max")
    clipped = _math(second, _math(first, image, values.black), values.white)
    scale, offset = values.line
    return clipped.point(lambda value: value * scale + (offset + 0.5)).convert("L"), outside > 0


def _share_outside(image: Image.Image) -> float:
    """The share of the pixels that lie below 0 or above 1.

    Raises:
        ImageError: it is more than half: another range is meant.
    """
    outside = ImageMath.lambda_eval(lambda args: (args["image"] < 0.0) + (args["image"] > 1.0), image=image)
    share = outside.convert("L").histogram()[1] / (image.width * image.height)
    if share > 0.5:
        raise _unsupported(
            f"{share:.0%} of the values lie outside of 0 to 1, which is what floats are taken for: "
            "--depth_range auto stretches each image"
        )
    return share


def _extrema(image: Image.Image) -> tuple[float, float]:
    lowest, highest = image.getextrema()
    assert not isinstance(lowest, tuple)  # one channel
    assert not isinstance(highest, tuple)
    return lowest, highest


def _own(lowest: float, highest: float, values: Range) -> Range:
    """The range of an image's own values, in the direction of its type's."""
    if not math.isfinite(highest - lowest):
        raise _unsupported("some values are infinite")
    return Range(lowest, highest) if values.black < values.white else Range(highest, lowest)


def _math(name: str, image: Image.Image, number: float) -> Image.Image:
    return ImageMath.lambda_eval(lambda args: args[name](args["image"], number), image=image)


def _unsupported(reason: str) -> ImageError:
    return ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, reason)
