"""Resize with the command vipsthumbnail of libvips, one process per worker."""

from __future__ import annotations

import os
import sys

from benchmarks.peers.spread import in_commands


def main(in_dir: str, out_dir: str, size: str, workers: str, extension: str) -> None:
    """Resize all files of `in_dir`."""
    os.makedirs(out_dir)
    out = os.path.join(out_dir, f"%s.{extension}{'[Q=75]' if extension == 'jpg' else ''}")
    in_commands(["vipsthumbnail", "--size", f"{size}x{size}", "--output", out], in_dir, workers)


if __name__ == "__main__":
    main(*sys.argv[1:])
