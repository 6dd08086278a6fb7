"""Resize with the thumbnail function of libvips through pyvips, in a process pool."""

from __future__ import annotations

import sys
from pathlib import Path

import pyvips

from benchmarks.peers.spread import in_processes


def resize(source: str, target: str, size: int) -> None:
    """Resize one file."""
    image = pyvips.Image.thumbnail_buffer(Path(source).read_bytes(), size, height=size)
    image.write_to_file(target, **({"Q": 75} if target.endswith("jpg") else {}))


if __name__ == "__main__":
    in_processes(resize, *sys.argv[1:])
