"""Resize images with image_resizer's core in a bare thread pool: `python -m benchmarks.pool IN OUT SIZE THREADS`.

It reads, resizes, hashes and writes, without Beam or a manifest, and cannot continue an interrupted run.
"""

from __future__ import annotations

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import ResizeSpec


def main(in_dir: str, out_dir: str, size: str, threads: str) -> None:
    """Resize all files of `in_dir`."""
    os.makedirs(out_dir, exist_ok=True)
    spec = ResizeSpec(sizes=(int(size),), extension="jpg")

    def resize(name: str) -> str:
        data = Path(in_dir, name).read_bytes()
        (output,) = resize_image(open_image(data), spec).outputs.values()
        assert isinstance(output, Encoded)
        Path(out_dir, name).write_bytes(output.data)
        return hashlib.sha256(data).hexdigest()

    with ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(resize, os.listdir(in_dir)))


if __name__ == "__main__":
    main(*sys.argv[1:])
