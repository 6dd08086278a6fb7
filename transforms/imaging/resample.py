"""A faster `Image.resize` with byte-identical results, by the package's own C extension `_resample`.

Pillow's 8-bit resampling is integer arithmetic, so vector instructions can do it in another order with the same
result. Pillow does the work if the extension is not built, the processor lacks the instructions, or the image is not
supported. Callers need not know which of them did it: docs/resampling.md.
"""

from __future__ import annotations

import functools
import itertools
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import Image

from transforms.imaging.geometry import Box, Size

# 8-bit modes -> (bytes per pixel in memory, mask of the bytes that Pillow keeps, the lowest first).
_MODES = {
    "L": (1, 0xFFFFFFFF),
    "La": (4, 0xFF0000FF),
    **dict.fromkeys(("RGB", "YCbCr", "HSV", "LAB"), (4, 0x00FFFFFF)),
    **dict.fromkeys(("RGBX", "RGBa", "CMYK"), (4, 0xFFFFFFFF)),
}
# Pillow resizes these with premultiplied alpha.
_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
# In the order of the extension's filters.
_FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.HAMMING,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
PORTABLE = "portable"

# An image that Pillow stores in several blocks of memory is copied in strips of about this size.
_STRIP_BYTES = 1 << 20
# Weights are cached for this many lines of at most about this many taps: 30 MB in total.
_CACHED_LINES = 128
_CACHED_TAPS = 1 << 15


class _NotHereError(Exception):
    """The extension cannot do this resize, but Pillow can."""


class _Weights(NamedTuple):
    """The extension's weights for a line of pixels. They apply to the pixels from `first` up to `last`, exclusive."""

    capsule: object
    first: int
    last: int


class _Pixels(NamedTuple):
    """An image's pixels in the extension, for `Image.fromarrow`."""

    capsule: object

    def __arrow_c_array__(self, _requested_schema: object | None = None) -> tuple[object, object]:
        return _extension().arrow(self.capsule)


def resize(
    image: Image.Image,
    size: Size,
    resampling: Image.Resampling,
    box: Box | None = None,
    instruction_set: str | None = None,
) -> Image.Image:
    """Return what `image.resize(size, resampling, box)` returns, byte for byte.

    No other thread may change the image meanwhile: the global interpreter lock is released.

    Args:
        image: an image of any mode. Pillow resizes those that are not 8-bit.
        size: (width, height) in pixels.
        resampling: Pillow's filter.
        box: (x0, y0, x1, y1) in the image's pixels, not rounded.
        instruction_set: one of `instruction_sets()`; None for `active_instruction_set()`.
    """
    image.load()  # may change its mode and size
    chosen = instruction_set or active_instruction_set()
    part = box or (0, 0, *image.size)
    if chosen is None or not _is_resampled(image, size, resampling, part):
        return image.resize(size, resampling, box)
    if premultiplied := _PREMULTIPLIED.get(image.mode):
        return resize(image.convert(premultiplied), size, resampling, part, chosen).convert(image.mode)
    try:
        return _resample(image, size, _FILTERS.index(resampling), part, chosen)
    except _NotHereError:
        return image.resize(size, resampling, box)


def is_available() -> bool:
    """Return whether `resize` uses the extension on this machine."""
    return active_instruction_set() is not None


def instruction_sets() -> list[str]:
    """Return the instruction sets that the extension can use here, the fastest first; [] if it is not built."""
    try:
        return list(_extension().instruction_sets())
    except ImportError:
        return []


@functools.cache
def active_instruction_set() -> str | None:
    """Return the instruction set that `resize` uses; None if Pillow does the work.

    Pillow does the work if the extension supports no vector instructions of this processor, or if its results differ
    from those of the installed Pillow.
    """
    fastest = next(iter(instruction_sets()), PORTABLE)
    return fastest if fastest != PORTABLE and _agrees(fastest) else None


def resampler() -> str:
    """Return the name of what resizes here, for display: an instruction set, or "pillow"."""
    return active_instruction_set() or "pillow"


@functools.cache
def _extension() -> Any:
    from transforms.imaging import _resample  # imported here because it is optional

    return _resample


def _agrees(instruction_set: str) -> bool:
    """Return whether small images are resized as Pillow does, with every filter. This takes a few milliseconds.

    The last part is chosen so that the box filter selects different pixels if Pillow was compiled with multiply-adds
    of a different precision than the extension.
    """
    rings = Image.radial_gradient("L").crop((60, 60, 131, 127)).point([97 * level % 256 for level in range(256)])
    colors = Image.merge("RGBA", [rings.rotate(90 * turn) for turn in range(4)])
    parts = ((33, 21), (0.25, 3.5, 70.75, 60.125)), ((71, 80), None), ((6, 10), (10, 10, 17, 21))
    return all(
        resize(image, size, resampling, box, instruction_set).tobytes() == image.resize(size, resampling, box).tobytes()
        for image, resampling, (size, box) in itertools.product((rings, colors), _FILTERS, parts)
    )


def _is_resampled(image: Image.Image, size: Size, resampling: Image.Resampling, box: Box) -> bool:
    """Return whether Pillow would resample this image in just two passes: 8-bit, with a filter, inside the image."""
    width, height = image.size
    if not (image.mode in _MODES or image.mode in _PREMULTIPLIED) or resampling not in _FILTERS:
        return False
    if min(*size, *image.size) < 1:
        return False
    x0, y0, x1, y1 = array("f", box)
    if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
        return False  # Pillow raises an error
    if x0.is_integer() and y0.is_integer() and (x1 - x0, y1 - y0) == size:
        return False  # Pillow copies the pixels
    return not (height > width * 100 and size[1] < height)  # Pillow resizes very tall images in two steps


def _resample(image: Image.Image, size: Size, filter_number: int, box: Box, instruction_set: str) -> Image.Image:
    """Resize in two passes.

    Raises:
        _NotHereError: the extension cannot do it.
    """
    pixel, mask = _MODES[image.mode]
    x0, y0, x1, y1 = array("f", box)
    columns = _weights(instruction_set, image.width, x0, x1, size[0], filter_number)
    rows = _weights(instruction_set, image.height, y0, y1, size[1], filter_number)
    first, last = (rows.first, rows.last) if rows else (0, image.height)
    if first == last:
        raise _NotHereError
    extension = _extension()
    pixels = extension.pixels(pixel, size[0], last - first)
    for strip, skip, top, height in _strips(image, first, last, pixel):
        extension.across(columns and columns.capsule, strip, skip, height, pixels, top - first, mask)
    if rows:
        pixels = extension.down(rows.capsule, pixels, mask)
    # The copy is in Pillow's own memory, so it can be changed and exported like any other image.
    made = Image.fromarrow(_Pixels(pixels), image.mode, size).copy()
    made.info = image.info.copy()
    return made


def _strips(image: Image.Image, first: int, last: int, pixel: int) -> Iterator[tuple[object, int, int, int]]:
    """Yield (Arrow array, rows to skip in it, first row in the image, number of rows) for rows `first` to `last`."""
    if image.readonly:  # Pillow 12.3 crashes when it exports pixels in memory that it does not own
        image = image.copy()
    if whole := _exported(image):
        yield whole, first, first, last - first
        return
    step = max(1, _STRIP_BYTES // (image.width * pixel))
    for top in range(first, last, step):
        bottom = min(top + step, last)
        strip = _exported(image.crop((0, top, image.width, bottom)))
        if strip is None:
            raise _NotHereError
        yield strip, 0, top, bottom - top


def _exported(image: Image.Image) -> object | None:
    """Return an image's pixels as an Arrow array; None if Pillow stores them in several blocks."""
    try:
        return image.__arrow_c_array__()[1]
    except ValueError:
        return None


def _weights(instruction_set: str, size: int, start: float, end: float, outputs: int, number: int) -> _Weights | None:
    """Return the weights of one pass; None if Pillow would skip the pass.

    Raises:
        _NotHereError: the weights are too large for the extension.
    """
    if (size, start, end) == (outputs, 0, outputs):
        return None
    taps = 8 * max(size, outputs)  # an upper bound
    compute = _extension().weights if taps > _CACHED_TAPS else _cached_weights
    made = compute(instruction_set, size, start, end, outputs, number)
    if made is None:
        raise _NotHereError
    return _Weights(*made)


@functools.lru_cache(_CACHED_LINES)
def _cached_weights(
    instruction_set: str, size: int, start: float, end: float, outputs: int, number: int
) -> tuple[object, int, int] | None:
    return _extension().weights(instruction_set, size, start, end, outputs, number)
