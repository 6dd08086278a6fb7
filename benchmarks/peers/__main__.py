"""Ours beside other tools: `python -m benchmarks.peers FOLDER ... [--count N] [--rounds N]`.

The tools are installed first: Python and Node packages below build/peers, Debian's packages (libvips-tools,
imagemagick) on the machine if that is root's to do. What cannot be installed is left out, by name.

All make JPEGs of quality 75 whose longest side is 512. In each round every tool resizes a small and a large
folder, on one core and on two; the slope between the two folders is the time without start-up. Some tools
take seconds to start, and not always the same: N must be large enough for their work to take several times that.
A multiple of 128 gives the two workers of every pool the same number of files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import PIL

from benchmarks.measure import machine
from benchmarks.peers.compare import CORES, SAMPLE, Comparison, leaving_out
from benchmarks.peers.install import pip
from benchmarks.peers.table import LEGEND, notes, table
from benchmarks.peers.tools import REFERENCE, SIZE, TOOLS


def _installed() -> tuple[dict[str, str], dict[str, str]]:
    """The version of each tool, and why those that have none are left out."""
    versions: dict[str, str] = {}
    left_out: dict[str, str] = {}
    with leaving_out("likeness", left_out):
        pip("likeness", "scikit-image", f"pillow=={PIL.__version__}")
    for tool in TOOLS:
        with leaving_out(tool.name, left_out):
            tool.install()
            versions[tool.name] = tool.version()
    return versions, left_out


def compare(folder: Path, count: int, rounds: int, left_out: Mapping[str, str]) -> None:
    """Prints the table of one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        done = Comparison(TOOLS, folder, count, Path(temporary), dict(left_out))
        done.look()
        for _ in range(rounds):
            done.turn()
    if REFERENCE.name in done.left_out:
        raise SystemExit(f"nothing to compare with: {done.left_out[REFERENCE.name]}")
    print(f"\n{folder.name} -> {SIZE}, {count} files, medians of {rounds}, likeness of {SAMPLE} files at most\n")
    print("\n".join(table(done)), f"\n\n{LEGEND}\n", flush=True)
    for name, reason in done.left_out.items():
        print(f"left out: {name}: {reason}", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=256, help="files in the large folder (default: 256)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if len(os.sched_getaffinity(0)) < max(CORES):
        parser.error(f"{max(CORES)} cores are needed")
    versions, left_out = _installed()
    print(machine())
    for folder in args.folders:
        compare(folder, args.count, args.rounds, left_out)
    print("\n".join(["", *notes(TOOLS, versions)]))


if __name__ == "__main__":
    main()
