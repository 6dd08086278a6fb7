"""A million files: `python -m benchmarks.million [--counts 10000 100000 1000000]`.

Hard links to a few tiny images, in folders of a thousand. `--sample` leaves one image in a thousand, so that
what is measured is listing, sharding, grouping, markers and manifest: all that a file costs apart from its
picture. Then the same command again, which finds all done.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

from benchmarks.measure import Run, machine, ours
from tests.support.photos import photo

FLAGS = ("-s", 32, "--sample", "1/1000", "--log_level", "error")

_SEEDS = 40
_A_FOLDER = 1000


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N")
    args = parser.parse_args()
    print(machine())
    counts = sorted(args.counts)
    runs = [_measure(count) for count in counts]
    print("\n| files | first run, s | peak, MB | all done, s | peak, MB |")
    print("| --- | --- | --- | --- | --- |")
    for count, (first, again) in zip(counts, runs, strict=True):
        cells = (f"{value:,.1f}" for one in (first, again) for value in one)
        print(f"| {count:,} | {' | '.join(cells)} |")
    print("\n| growth a file | first run, microseconds | KB | all done, microseconds | KB |")
    print("| --- | --- | --- | --- | --- |")
    for (few, before), (many, after) in pairwise(zip(counts, runs, strict=True)):
        cells = (cell for one, other in zip(before, after, strict=True) for cell in _growth(one, other, many - few))
        print(f"| {few:,} to {many:,} | {' | '.join(cells)} |")


def _measure(count: int) -> tuple[Run, Run]:
    """A first run over so many files, and one that finds all done."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = make(Path(temporary), count)
        first, again = (ours(folder, Path(temporary) / "out", *FLAGS) for _ in range(2))
        shutil.rmtree(folder)
    return first, again


def make(place: Path, count: int) -> Path:
    """A tree of so many images below `place`."""
    (place / "images").mkdir()
    images = []
    for seed in range(_SEEDS):
        images.append(place / "images" / f"{seed}.jpg")
        photo(seed, (64, 48)).save(images[-1])
    for number in range(count):
        folder = place / "in" / f"{number // _A_FOLDER:04d}"
        if number % _A_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(images[number % _SEEDS], folder / f"{number:08d}.jpg")
    return place / "in"


def _growth(few: Run, many: Run, files: int) -> tuple[str, str]:
    seconds, megabytes = many.seconds - few.seconds, many.megabytes - few.megabytes
    return f"{1e6 * seconds / files:.0f}", f"{1024 * megabytes / files:.2f}"


if __name__ == "__main__":
    main()
