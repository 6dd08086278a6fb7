"""Resize with Pillow's `thumbnail`, which lets libjpeg decode at a reduced scale, in a process pool."""

from __future__ import annotations

import sys

from PIL import Image

from benchmarks.peers.spread import in_processes


def resize(source: str, target: str, size: int) -> None:
    """Resize one file."""
    with Image.open(source) as image:
        image.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2)
        image.convert("RGB").save(target, quality=75)


if __name__ == "__main__":
    in_processes(resize, *sys.argv[1:])
