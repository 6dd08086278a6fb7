"""Photograph-like images that are generated from a seed, and that compress and resize much like photographs.

They show clouds of several octaves, a few shapes with soft or hard edges, and sensor noise.
"""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

# (width, height) in pixels, as in camera pictures and in the 1024-px copy of Open Images.
_SIZES = ((1024, 683), (1024, 768), (683, 1024), (768, 1024), (1600, 1200), (1024, 576), (900, 1600), (1024, 1024))


def photo(seed: int, size: tuple[int, int] | None = None) -> Image.Image:
    """Return an RGB image, which is the same for the same seed and size.

    Args:
        seed: any integer.
        size: (width, height) in pixels; None for one of `_SIZES`, depending on the seed.
    """
    rng = random.Random(seed)
    size = size or _SIZES[seed % len(_SIZES)]
    clouds = ImageOps.autocontrast(_clouds(rng, size))
    sky, ground = _color(rng, 130), _color(rng, 20)
    picture = ImageOps.colorize(clouds, ground, (250, 248, 240), mid=sky)
    _draw_shapes(picture, rng)
    return ImageChops.add(picture, _grain(rng, size), offset=-128)


def _clouds(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    total = Image.new("L", size, 128)
    for octave in range(1, 7):
        cells = (2**octave, 2**octave)
        noise = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1]))
        total = Image.blend(total, noise.resize(size, Image.Resampling.BICUBIC), 0.5**octave + 0.1)
    return total


def _draw_shapes(picture: Image.Image, rng: random.Random) -> None:
    width, height = picture.size
    for number in range(14):
        layer = Image.new("L", picture.size, 0)
        x, y = rng.randrange(width), rng.randrange(height)
        reach = rng.randrange(width // 30 + 2, width // 5 + 3)
        box = (x - reach, y - reach * 2 // 3, x + reach, y + reach * 2 // 3)
        draw = ImageDraw.Draw(layer)
        (draw.ellipse if number % 2 else draw.rectangle)(box, fill=rng.randrange(120, 256))
        if number % 3:
            layer = layer.filter(ImageFilter.BoxBlur(reach / 8))
        picture.paste(Image.new("RGB", picture.size, _color(rng, 0)), mask=layer)


def _grain(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    tile = Image.frombytes("L", (256, 256), rng.randbytes(256 * 256)).point(lambda value: 122 + value // 21)
    grain = Image.new("L", size)
    for x in range(0, size[0], 256):
        for y in range(0, size[1], 256):
            grain.paste(tile, (x, y))
    return Image.merge("RGB", (grain, ImageChops.offset(grain, 7, 3), ImageChops.offset(grain, 3, 11)))


def _color(rng: random.Random, darkest: int) -> tuple[int, int, int]:
    return rng.randrange(darkest, 256), rng.randrange(darkest, 256), rng.randrange(darkest, 256)
