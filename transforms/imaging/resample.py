"""Resizing of one image, by Pillow or by the resampler of the extra `simd`."""

from __future__ import annotations

import functools
import math
import threading
from typing import Any

from PIL import Image, ImageChops, ImageStat

from transforms.imaging import exact
from transforms.imaging.geometry import Box, Size
from transforms.imaging.spec import ResizeSpec, SettingError

# The modes that the extra resizes; Pillow resizes the others.
_SIMD_MODES = frozenset({"L", "RGB"})
# Our names of filters -> the extra's names.
_SIMD_FILTERS = {"lanczos": "lanczos3", "bilinear": "bilinear", "bicubic": "catmull_rom", "box": "box"}

# The least agreement of the two resamplers: on photographs it was 54 dB at worst.
AGREEMENT_DB = 50.0

_own = threading.local()


def resample(image: Image.Image, size: Size, spec: ResizeSpec, box: Box | None = None) -> Image.Image:
    """Resize the part `box` of an image, or all of it.

    Args:
        image: decoded.
        size: (width, height) of the result in pixels.
        spec: the filter and the resampler.
        box: (x0, y0, x1, y1) in the image's pixels, not rounded.
    """
    if spec.resampler == "simd" and image.mode in _SIMD_MODES:
        return _simd_resize(image, size, spec.algorithm, box or (0, 0, *image.size))
    return exact.resize(image, size, spec.filter, box)


def check_simd() -> None:
    """Check that the extra is installed, and that it reads this Pillow's images correctly.

    It derives the layout of Pillow's images in memory from nothing but Pillow's version number.

    Raises:
        SettingError: it is not installed, or its results differ from Pillow's.
    """
    try:
        _module()
    except ImportError as error:
        raise SettingError(
            "resampler",
            "simd is not installed: give --resampler pillow, or install the extra with "
            "pip install 'downsampled-open-images[simd]' (in a checkout: .venv/bin/pip install -e '.[simd]')",
        ) from error
    for mode in sorted(_SIMD_MODES):
        agreement = _agreement(_test_image().convert(mode))
        if agreement < AGREEMENT_DB:
            raise SettingError(
                "resampler",
                f"simd does not fit this version of Pillow: on a test image they agree to {agreement:.0f} dB only, "
                f"and {AGREEMENT_DB:.0f} are needed: give --resampler pillow",
            )


@functools.cache
def _module() -> Any:
    import cykooz_resizer  # optional, hence here

    return cykooz_resizer


def _simd_resize(image: Image.Image, size: Size, algorithm: str, box: Box) -> Image.Image:
    simd = _module()
    if not hasattr(_own, "resizer"):
        _own.resizer = simd.Resizer()  # one for each thread: a shared one is locked while it works
    resized = Image.new(image.mode, size)
    options = simd.ResizeOptions(resize_alg=_simd_algorithm(algorithm), crop_box=simd.CropBox(*_crop(box, image.size)))
    _own.resizer.resize_pil(image, resized, options)
    return resized


@functools.cache
def _simd_algorithm(algorithm: str) -> Any:
    simd = _module()
    if algorithm == "nearest":
        return simd.ResizeAlg.nearest()
    return simd.ResizeAlg.convolution(simd.FilterType[_SIMD_FILTERS[algorithm]])


def _crop(box: Box, size: Size) -> tuple[float, float, float, float]:
    """Return (left, top, width, height), inside the image even if the box exceeds it in the last digit."""
    x0, y0, x1, y1 = box
    return x0, y0, min(x1, size[0]) - x0, min(y1, size[1]) - y0


def _test_image() -> Image.Image:
    """Return 256 x 256 pixels of slopes and waves: a shift by a quarter of a pixel lowers the agreement to 41 dB."""
    slope, rings = Image.linear_gradient("L"), Image.radial_gradient("L")
    waves = rings.point([min(255, abs(16 * level % 512 - 256)) for level in range(256)])
    return Image.merge("RGB", (slope, rings, waves))


def _agreement(image: Image.Image) -> float:
    """Return the agreement of the two resamplers on an image, in decibels."""
    size, box = (101, 77), (3.25, 7.5, 250.75, 240.125)
    return psnr(_simd_resize(image, size, "lanczos", box), image.resize(size, Image.Resampling.LANCZOS, box=box))


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of two 8-bit images of one size and mode, in decibels.

    The squared error is the mean over all pixels and channels. The ratio of equal images is infinite.
    """
    errors = ImageStat.Stat(ImageChops.difference(one, other)).rms
    mean_square = sum(error * error for error in errors) / len(errors)
    return math.inf if mean_square == 0 else 10 * math.log10(255 * 255 / mean_square)
