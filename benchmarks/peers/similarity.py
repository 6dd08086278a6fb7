"""Compare a tool's results with exact ones: `python -m benchmarks.peers.similarity SOURCES RESULTS EXTENSION SIZE`.

An exact result is the image decoded at full size and resized with Pillow's Lanczos filter. The command runs in the
environment `similarity`, which has scikit-image.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from PIL import Image

from tests.support.comparison import psnr

# Pixels by which a result's side may differ from the fitted one, since tools round the shorter side differently.
TOLERANCE = 2


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Return the structural similarity of two images of the same size and mode; 1 if they are equal."""
    import numpy
    from skimage.metrics import structural_similarity

    return float(structural_similarity(numpy.asarray(first), numpy.asarray(second), channel_axis=2))


def exact(source: Image.Image, dimensions: tuple[int, int], size: int) -> list[Image.Image]:
    """Return the exact images of a source at the dimensions of a tool's result, one for each interpretation of them.

    Tools round the shorter side up or down. Their results are not resized for the comparison: the exact image has the
    dimensions of the result instead. If a side was rounded, some tools fit the whole source to it. Others keep one
    scale for both sides, aligned to the first pixel or the center, which shifts the image by a fraction of a pixel.

    Args:
        source: the image decoded at full size.
        dimensions: the (width, height) of the result.
        size: the longest side that was requested from the tool.

    Raises:
        ValueError: a side differs by more than `TOLERANCE` pixels from the fitted one.
    """
    scale = size / max(source.size)
    differences = [side - whole * scale for side, whole in zip(dimensions, source.size, strict=True)]
    if max(map(abs, differences)) > TOLERANCE:
        raise ValueError(f"{dimensions[0]} x {dimensions[1]} pixels for a source of {source.width} x {source.height}")
    picture = source.convert("RGB")
    images = [picture.resize(dimensions, Image.Resampling.LANCZOS)]
    if any(differences):
        images += [_in_one_scale(picture, dimensions, scale, share) for share in (0, 0.5)]
    return images


def _in_one_scale(picture: Image.Image, dimensions: tuple[int, int], scale: float, share: float) -> Image.Image:
    """Return the exact image with one scale for both sides. `share` of the excess or missing pixels is at its start."""
    import numpy

    edge = math.ceil(TOLERANCE / scale) + 1
    edged = Image.fromarray(numpy.pad(numpy.asarray(picture), ((edge, edge), (edge, edge), (0, 0)), "edge"))
    sides = [side / scale for side in dimensions]
    x, y = (edge + share * (whole - side) for whole, side in zip(picture.size, sides, strict=True))
    return edged.resize(dimensions, Image.Resampling.LANCZOS, box=(x, y, x + sides[0], y + sides[1]))


def compare(source: Image.Image, result: Image.Image, size: int) -> tuple[float, float]:
    """Return the PSNR and SSIM of a result, relative to the most similar of the exact images."""
    closest = max(exact(source, result.size, size), key=lambda image: psnr(image, result))
    return psnr(closest, result), ssim(closest, result)


def main(sources: str, results: str, extension: str, size: str) -> None:
    """Print the similarities as JSON. Pair the files of both folders by their order, since one tool numbers them."""
    paths = sorted(Path(results).rglob(f"*.{extension}"))
    pairs = [
        compare(Image.open(source), Image.open(result).convert("RGB"), int(size))
        for source, result in zip(sorted(Path(sources).iterdir()), paths, strict=True)
    ]
    print(json.dumps({"psnr": [pair[0] for pair in pairs], "ssim": [pair[1] for pair in pairs]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
