"""Resize with ImageMagick's mogrify, one process per worker. It decodes JPEGs at a reduced scale."""

from __future__ import annotations

import os
import sys

from benchmarks.peers.spread import in_commands


def main(in_dir: str, out_dir: str, size: str, workers: str, extension: str) -> None:
    """Resize all files of `in_dir`."""
    os.makedirs(out_dir)
    hint = f"jpeg:size={2 * int(size)}x{2 * int(size)}"
    command = ["mogrify", "-define", hint, "-path", out_dir, "-resize", f"{size}x{size}"]
    command += ["-depth", "8", "-quality", "75", "-format", extension]
    in_commands(command, in_dir, workers)


if __name__ == "__main__":
    main(*sys.argv[1:])
