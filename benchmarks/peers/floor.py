"""Measure lower bounds of the time per image: `python -m benchmarks.peers.floor FOLDER SIZE` prints two, in seconds.

Both read, decode and encode in one thread, and write nothing. The images that they encode were resized to SIZE before.
The first decodes at an eighth of the size, which is little more than entropy decoding. The second decodes at the same
scale as image_resizer.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from transforms.imaging.decode import set_draft_scale
from transforms.imaging.jpeg import may_be_scaled
from transforms.imaging.opening import Opened, open_image
from transforms.imaging.spec import ResizeSpec

PASSES = 3


def seconds(paths: list[Path], results: list[Image.Image], shrink: Callable[[Opened], object]) -> float:
    """Return the seconds per image of decoding each path after `shrink`, and of encoding its result."""
    start = time.perf_counter()
    for _ in range(PASSES):
        for path, result in zip(paths, results, strict=True):
            opened = open_image(path.read_bytes())
            shrink(opened)
            opened.image.load()
            result.save(io.BytesIO(), "JPEG", quality=75)
    return (time.perf_counter() - start) / (PASSES * len(paths))


def _result(path: Path, size: int) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    return image


def _to_an_eighth(opened: Opened) -> None:
    if may_be_scaled(opened.data):
        opened.image.draft("RGB", (opened.image.width // 8, opened.image.height // 8))


def main(folder: str, size: str) -> None:
    """Print both times."""
    spec = ResizeSpec(sizes=(int(size),))
    paths = [Path(folder, name) for name in sorted(os.listdir(folder))]
    results = [_result(path, int(size)) for path in paths]
    print(seconds(paths, results, _to_an_eighth), seconds(paths, results, lambda opened: set_draft_scale(opened, spec)))


if __name__ == "__main__":
    main(*sys.argv[1:])
