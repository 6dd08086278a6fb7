"""Resize images like the first image_resizer.py: `python -m benchmarks.reference IN OUT SIZE PROCESSES`.

It is a simple equivalent: a process pool over one flat folder, in which Pillow decodes each image at full size.
"""

from __future__ import annotations

import functools
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from PIL import Image


def resize(name: str, in_dir: str, out_dir: str, size: int) -> None:
    """Resize one file."""
    image = Image.open(os.path.join(in_dir, name)).convert("RGB")
    scale = size / max(image.size)
    width, height = image.size
    target = (size, int(height * scale)) if width >= height else (int(width * scale), size)
    resized = image.resize(target, Image.Resampling.LANCZOS)
    resized.save(os.path.join(out_dir, f"{os.path.splitext(name)[0]}.jpg"))


def main(in_dir: str, out_dir: str, size: str, processes: str) -> None:
    """Resize all files of `in_dir`."""
    os.makedirs(out_dir, exist_ok=True)
    work = functools.partial(resize, in_dir=in_dir, out_dir=out_dir, size=int(size))
    with ProcessPoolExecutor(int(processes)) as pool:
        list(pool.map(work, os.listdir(in_dir), chunksize=8))


if __name__ == "__main__":
    main(*sys.argv[1:])
