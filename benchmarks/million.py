"""Measure runs over up to a million files: `python -m benchmarks.million [--counts 10000 100000 1000000]`.

The files are hard links to a few tiny images, in folders of a thousand. `--sample 1/1000` resizes one image in a
thousand, so the figures cover listing, sharding, grouping, markers and manifest: all costs of a file except for its
pixels. The second run finds all files committed. With --local_cluster N, both run on a Flink cluster with N
TaskManagers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Run, image_resizer, machine
from tests.support.photos import photo

FLAGS = ("-s", 32, "--sample", "1/1000", "--log_level", "error")

_IMAGES = 40
_FILES_PER_FOLDER = 1000


class TwoRuns(NamedTuple):
    """The first and the second run over one folder."""

    first: Run
    second: Run


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.million", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--counts",
        type=int,
        nargs="+",
        default=[10_000, 100_000, 1_000_000],
        metavar="N",
        help="numbers of files (default: 10000 100000 1000000)",
    )
    parser.add_argument("--local_cluster", type=int, metavar="N", help="run on a Flink cluster of this machine")
    args = parser.parse_args()
    counts = sorted(args.counts)
    cluster = ["--local_cluster", args.local_cluster] if args.local_cluster else []
    print(machine())
    runs = [_measure(count, cluster) for count in counts]
    print("\n| files | first run, s | peak MB | second run, s | peak MB |")
    print("| --- | --- | --- | --- | --- |")
    for count, measured in zip(counts, runs, strict=True):
        cells = (f"{value:,.1f}" for run in measured for value in (run.seconds, run.megabytes))
        print(f"| {count:,} | {' | '.join(cells)} |")
    kinds = sorted({kind for measured in runs for kind in measured.first.largest})
    print(f"\n| files, first run | {' | '.join(f'largest {kind}, MB' for kind in kinds)} |")
    print("| --- |" + " --- |" * len(kinds))
    for count, measured in zip(counts, runs, strict=True):
        print(f"| {count:,} | {' | '.join(f'{measured.first.largest.get(kind, 0):,.0f}' for kind in kinds)} |")
    print("\n| growth per file | first run, microseconds | KB | second run, microseconds | KB |")
    print("| --- | --- | --- | --- | --- |")
    for (few, before), (many, after) in pairwise(zip(counts, runs, strict=True)):
        growths = (_growth(small, large, many - few) for small, large in zip(before, after, strict=True))
        print(f"| {few:,} to {many:,} | {' | '.join(cell for cells in growths for cell in cells)} |")


def _measure(count: int, cluster: list[object]) -> TwoRuns:
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_tree(Path(temporary), count)
        runs = TwoRuns(*(image_resizer(folder, Path(temporary) / "out", *FLAGS, *cluster) for _ in range(2)))
        shutil.rmtree(folder)
    return runs


def make_tree(place: Path, count: int) -> Path:
    """Create a tree of `count` images below `place`, and return its root."""
    (place / "images").mkdir()
    images = []
    for seed in range(_IMAGES):
        images.append(place / "images" / f"{seed}.jpg")
        photo(seed, (64, 48)).save(images[-1])
    for number in range(count):
        folder = place / "in" / f"{number // _FILES_PER_FOLDER:04d}"
        if number % _FILES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(images[number % _IMAGES], folder / f"{number:08d}.jpg")
    return place / "in"


def _growth(small: Run, large: Run, files: int) -> tuple[str, str]:
    """Return the microseconds and the KB that each of the `files` additional files costs."""
    seconds, megabytes = large.seconds - small.seconds, large.megabytes - small.megabytes
    return f"{1e6 * seconds / files:.0f}", f"{1024 * megabytes / files:.2f}"


if __name__ == "__main__":
    main()
