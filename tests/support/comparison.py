"""Measures of the difference between two images."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageStat


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of two 8-bit images of the same size and mode, in decibels.

    The squared error is averaged over all pixels and channels. The ratio of equal images is infinite.
    """
    errors = ImageStat.Stat(ImageChops.difference(one, other)).rms
    mean_square = sum(error * error for error in errors) / len(errors)
    return math.inf if mean_square == 0 else 10 * math.log10(255 * 255 / mean_square)
