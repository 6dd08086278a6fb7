"""How like the exact pixels a tool's are: `python -m benchmarks.peers.likeness SOURCES RESULTS EXTENSION SIZE`.

Exact is Pillow's Lanczos on the whole decoded image. Run in the peers' environment, which has scikit-image.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from PIL import Image

from transforms.imaging.resample import psnr

# Tools round the shorter side differently.
TOLERANCE = 2


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of two images of one size and mode; 1 where they are equal."""
    import numpy
    from skimage.metrics import structural_similarity

    return float(structural_similarity(numpy.asarray(one), numpy.asarray(other), channel_axis=2))


def exact(source: Image.Image, dimensions: tuple[int, int], size: int) -> list[Image.Image]:
    """The exact pixels of `source` at a tool's own dimensions, in each of the ways to read these.

    Tools round the shorter side up or down. Their results are not resized to be compared: the exact image
    is made at the tool's dimensions instead, if those are at most `TOLERANCE` pixels from the true ones.
    Where a side was rounded, some tools fit the whole source to it, and others keep one scale for both sides,
    from the first pixel on or about the centre, which is a shift by a part of a pixel.

    Raises:
        ValueError: the dimensions are further away.
    """
    scale = size / max(source.size)
    over = [side - whole * scale for side, whole in zip(dimensions, source.size, strict=True)]
    if max(map(abs, over)) > TOLERANCE:
        raise ValueError(f"{dimensions[0]} x {dimensions[1]} pixels for a source of {source.width} x {source.height}")
    picture = source.convert("RGB")
    found = [picture.resize(dimensions, Image.Resampling.LANCZOS)]
    if any(over):
        found += [_in_one_scale(picture, dimensions, scale, share) for share in (0, 0.5)]
    return found


def _in_one_scale(picture: Image.Image, dimensions: tuple[int, int], scale: float, share: float) -> Image.Image:
    """The exact image that has one scale for both sides; `share` of what it lacks or has over is at its start."""
    import numpy

    edge = math.ceil(TOLERANCE / scale) + 1
    edged = Image.fromarray(numpy.pad(numpy.asarray(picture), ((edge, edge), (edge, edge), (0, 0)), "edge"))
    sides = [side / scale for side in dimensions]
    x, y = (edge + share * (whole - side) for whole, side in zip(picture.size, sides, strict=True))
    return edged.resize(dimensions, Image.Resampling.LANCZOS, box=(x, y, x + sides[0], y + sides[1]))


def compare(source: Image.Image, result: Image.Image, size: int) -> tuple[float, float]:
    """PSNR and SSIM of a result, with the exact image that it is most like."""
    wanted = max(exact(source, result.size, size), key=lambda image: psnr(image, result))
    return psnr(wanted, result), ssim(wanted, result)


def main(sources: str, results: str, extension: str, size: str) -> None:
    """Prints the likenesses as JSON; both folders are paired in order, since one tool numbers its files."""
    found = sorted(Path(results).rglob(f"*.{extension}"))
    likeness = [
        compare(Image.open(source), Image.open(result).convert("RGB"), int(size))
        for source, result in zip(sorted(Path(sources).iterdir()), found, strict=True)
    ]
    print(json.dumps({"psnr": [pair[0] for pair in likeness], "ssim": [pair[1] for pair in likeness]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
