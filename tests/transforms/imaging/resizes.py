"""Resizes generated from a number, and the bytes of images in memory, to compare `resample` with Pillow."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import Image

from transforms.imaging import resample
from transforms.imaging.geometry import Box, Size

FILTERS = tuple(Image.Resampling)
MODES = ("L", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
# Modes that Pillow resizes differently, so that `resample` leaves them to Pillow.
OTHER_MODES = ("1", "P", "PA", "I", "F", "I;16")

BLOCK_BYTES = 16 << 20


class Resize(NamedTuple):
    """One resize: the image, and the arguments of `Image.resize`."""

    image: Image.Image
    size: Size
    resampling: Image.Resampling
    box: Box | None

    def __str__(self) -> str:
        mode, filter_name = self.image.mode, self.resampling.name
        return f"{mode} {self.image.size} to {self.size} {filter_name}, box {self.box}"

    def by_pillow(self) -> Image.Image:
        """Return Pillow's result."""
        return self.image.resize(self.size, self.resampling, self.box)

    def by_extension(self, instruction_set: str | None = None) -> Image.Image:
        """Return the result of `resample`."""
        return resample.resize(self.image, self.size, self.resampling, self.box, instruction_set)


def noise(mode: str, size: Size, seed: int = 1) -> Image.Image:
    """Return an image of random bytes, including the padding bytes of its pixels."""
    bytes_of = random.Random(seed).randbytes
    width, height = size
    if mode in ("RGB", "YCbCr"):
        return Image.frombytes(mode, size, bytes_of(4 * width * height), "raw", "RGBX" if mode == "RGB" else "YCbCrX")
    if mode in ("La", "RGBa"):  # no color value exceeds the alpha
        return noise({"La": "LA", "RGBa": "RGBA"}[mode], size, seed).convert(mode)
    made = Image.new(mode, size)
    made.frombytes(bytes_of(len(made.tobytes())))
    return made


def memory(image: Image.Image) -> bytes:
    """Return an image's bytes as Pillow stores them, including the padding bytes of its pixels."""
    if len(image.getbands()) == 1:
        return image.tobytes()
    try:
        return Image.fromarrow(image, "RGBX", image.size).tobytes()
    except ValueError:  # Pillow stores the pixels in several blocks
        return image.tobytes()


def difference(resize: Resize, instruction_set: str | None = None) -> str | None:
    """Describe how the two results differ; return None if they are the same."""
    try:
        theirs = resize.by_pillow()
    except ValueError as error:
        return _raised(resize, instruction_set, str(error))
    ours = resize.by_extension(instruction_set)
    if (ours.mode, ours.size, ours.info) != (theirs.mode, theirs.size, theirs.info):
        return f"{ours!r} {ours.info} instead of {theirs!r} {theirs.info}"
    if memory(ours) == memory(theirs):
        return None
    wrong = sum(one != other for one, other in zip(memory(ours), memory(theirs), strict=True))
    return f"{wrong} of {len(memory(theirs))} bytes differ"


def _raised(resize: Resize, instruction_set: str | None, message: str) -> str | None:
    try:
        resize.by_extension(instruction_set)
    except ValueError as error:
        return None if str(error) == message else f"'{error}' instead of '{message}'"
    return f"nothing was raised instead of '{message}'"


def any_resize(number: int) -> Resize:
    """Return the resize for a number: any mode, filter, size and box, including extremes."""
    chance = random.Random(number)
    width, height = _side(chance), _side(chance)
    if chance.random() < 0.05:  # so tall that Pillow resizes in two steps
        width, height = chance.randint(1, 5), chance.randint(300, 3000)
    mode = chance.choice(MODES if chance.random() < 0.95 else OTHER_MODES)
    image = noise(mode, (width, height), number)
    image.info["comment"] = str(number)
    size = _side(chance), _side(chance)
    if chance.random() < 0.2:  # one pass only
        size = (width, size[1]) if chance.random() < 0.5 else (size[0], height)
    box = None if chance.random() < 0.3 else (*_part(chance, width, size[0]), *_part(chance, height, size[1]))
    return Resize(image, size, chance.choice(FILTERS), box and (box[0], box[2], box[1], box[3]))


def _side(chance: random.Random) -> int:
    return chance.choice((chance.randint(1, 9), chance.randint(1, 70), chance.randint(1, 400)))


def _part(chance: random.Random, side: int, target: int) -> tuple[float, float]:
    """Return the ends of a part of a side: any, whole, whole pixels, a sliver, the target's length, or too long."""
    start, end = sorted((chance.uniform(0, side), chance.uniform(0, side)))
    first = chance.randrange(side)
    return chance.choice(
        (
            (start, end),
            (start, end),
            (0, side),
            (first, chance.randint(first, side)),
            (start, min(side, start + 1e-6)),
            (first, min(side, first + target)),
            (start, side * (1 + 1e-12)),
            (start, side + 0.01) if chance.random() < 0.2 else (start, side),
        )
    )


@contextlib.contextmanager
def blocks_of(block_bytes: int, strip_bytes: int) -> Iterator[None]:
    """Let Pillow store new images in blocks of `block_bytes`, and `resample` copy strips of `strip_bytes`."""
    core: Any = vars(Image)["core"]  # whose environment variable is PILLOW_BLOCK_SIZE
    strip_before = resample._STRIP_BYTES
    core.set_block_size(block_bytes)
    resample._STRIP_BYTES = strip_bytes
    try:
        yield
    finally:
        core.set_block_size(BLOCK_BYTES)
        resample._STRIP_BYTES = strip_before
