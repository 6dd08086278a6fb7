"""Gray pixels that are signed or deeper than 8 bits -> 8-bit gray, by the range of their type."""

from __future__ import annotations

import math
from typing import NamedTuple

from PIL import Image, ImageMath, TiffImagePlugin

from transforms.imaging import heif
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.tiff_directory import BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})

# Values of the tags PhotometricInterpretation and SampleFormat of TIFF 6.0.
_MIN_IS_WHITE, _SIGNED = 0, 2

_HIGHEST_FLOAT = 3.4028234663852886e38  # of 32 bits


class Range(NamedTuple):
    """The values that become 0 and 255. `black` is the larger one if small values are light."""

    black: float
    white: float

    @property
    def line(self) -> tuple[float, float]:
        """The coefficients (a, b) of the mapping from a value v to a * v + b."""
        scale = 255 / (self.white - self.black) if self.white != self.black else 0.0
        return scale, -self.black * scale


def is_deep(image: Image.Image) -> bool:
    """Return whether an image's pixels are gray values other than unsigned 8-bit integers."""
    return image.mode in DEEP_MODES or (image.mode == "L" and _tag(image, SAMPLE_FORMAT, 1) == _SIGNED)


def full_range(image: Image.Image) -> Range:
    """Return the range of an image's type, from a TIFF's tags or a HEIF's bit depth; else 0 to 65535 or 0 to 1."""
    bits, signed = _tag(image, BITS_PER_SAMPLE, 16), _tag(image, SAMPLE_FORMAT, 1) == _SIGNED
    if image.mode == "F":
        lowest, highest = 0.0, 1.0
    elif signed:
        lowest, highest = -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    elif image.format == heif.FORMAT:
        lowest, highest = 0.0, heif.highest_value(image)
    else:
        lowest, highest = 0.0, 2.0**bits - 1
    return Range(highest, lowest) if _is_inverted(image) else Range(lowest, highest)


def _is_inverted(image: Image.Image) -> bool:
    """Return whether small values are light and Pillow does not invert them."""
    return image.mode in DEEP_MODES and _tag(image, PHOTOMETRIC, 1) == _MIN_IS_WHITE


def _tag(image: Image.Image, tag: int, default: int) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return default
    value = image.tag_v2.get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def to_gray(image: Image.Image, depth_range: str) -> tuple[Image.Image, bool]:
    """Convert a deep image to mode L. Return it, and whether values were clipped.

    Scale the full range of the type, or with `depth_range` "auto" the range of the image's own values, to 0 to 255,
    and round to the nearest integer: 16-bit gray becomes round(v / 257). NaN becomes 0.

    Args:
        image: a decoded image for which `is_deep` is true.
        depth_range: "full" or "auto".

    Raises:
        ImageError: with "full", most values of a float image are outside 0 to 1; with "auto", some are infinite.
    """
    if image.mode == "F":
        return _floats_to_gray(image, depth_range)
    return _integers_to_gray(image, depth_range), False


def _integers_to_gray(image: Image.Image, depth_range: str) -> Image.Image:
    integers, shift = _integers(image)
    values = full_range(image)
    if depth_range == "auto":
        lowest, highest = _extrema(integers)
        values = _own_range(lowest + shift, highest + shift, values)
    scale, offset = values.line
    # In mode I, Pillow's `point` accepts only linear functions, and truncates the results.
    return integers.point(lambda value: value * scale + (shift * scale + offset + 0.5)).convert("L")


def _integers(image: Image.Image) -> tuple[Image.Image, float]:
    """Return the image in mode I, and the number to add to its pixels to get the values.

    Pillow holds unsigned 32-bit values as if they were signed, and signed 8-bit values as if they were unsigned.
    Flipping the highest bit restores their order.
    """
    if image.mode == "L":
        return image.point([level ^ 0x80 for level in range(256)]).convert("I"), -128
    if image.mode == "I" and _tag(image, BITS_PER_SAMPLE, 16) == 32 and _tag(image, SAMPLE_FORMAT, 1) != _SIGNED:
        return ImageMath.lambda_eval(lambda args: args["image"] ^ -(2**31), image=image), 2**31
    return image.convert("I"), 0


def _floats_to_gray(image: Image.Image, depth_range: str) -> tuple[Image.Image, bool]:
    values, outside = full_range(image), 0.0
    if depth_range == "auto":
        # Comparisons with NaN are false, so that min and max return their second operand.
        lowest, _ = _extrema(_math("min", image, _HIGHEST_FLOAT))
        _, highest = _extrema(_math("max", image, -_HIGHEST_FLOAT))
        values = _own_range(lowest, highest, values)
    else:
        outside = _share_outside(image)
    first, second = ("max", "min") if values.black < values.white else ("min", "max")
    clipped = _math(second, _math(first, image, values.black), values.white)
    scale, offset = values.line
    return clipped.point(lambda value: value * scale + (offset + 0.5)).convert("L"), outside > 0


def _share_outside(image: Image.Image) -> float:
    """Return the share of the pixels that are below 0 or above 1.

    Raises:
        ImageError: the share is more than half, so the image must use another range.
    """
    outside = ImageMath.lambda_eval(lambda args: (args["image"] < 0.0) + (args["image"] > 1.0), image=image)
    share = outside.convert("L").histogram()[1] / (image.width * image.height)
    if share > 0.5:
        raise _unsupported(
            f"{share:.0%} of the values are outside 0 to 1, the expected range of floats: use --depth_range auto to "
            "stretch each image"
        )
    return share


def _extrema(image: Image.Image) -> tuple[float, float]:
    lowest, highest = image.getextrema()
    assert not isinstance(lowest, tuple)  # one channel
    assert not isinstance(highest, tuple)
    return lowest, highest


def _own_range(lowest: float, highest: float, values: Range) -> Range:
    """Return the range of an image's own values, in the same direction as the type's range `values`."""
    if not math.isfinite(highest - lowest):
        raise _unsupported("some values are infinite: use --depth_range full")
    return Range(lowest, highest) if values.black < values.white else Range(highest, lowest)


def _math(name: str, image: Image.Image, number: float) -> Image.Image:
    return ImageMath.lambda_eval(lambda args: args[name](args["image"], number), image=image)


def _unsupported(reason: str) -> ImageError:
    return ImageError(Kind.UNSUPPORTED_DEPTH, Stage.DECODE, reason)
