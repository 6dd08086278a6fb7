"""Compare image_resizer with a bare thread pool and with the first script: `python -m benchmarks.speed FOLDER ...`.

Each round runs every command on a small and a large folder. The slope between the two is the time without start-up.
Every ratio is between two runs of one round. The table has the median, lowest and highest values.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import WORKERS, image_resizer, machine, run_module
from benchmarks.rounds import Command, Round, small_and_large

_COMMANDS: dict[str, Command] = {
    "image_resizer": lambda source, out: image_resizer(source, out, "-s", 512),
    "two sizes": lambda source, out: image_resizer(source, out, "-s", 512, 256),
    "pool": lambda source, out: run_module("benchmarks.pool", source, out, 512, WORKERS),
    "first script": lambda source, out: run_module("benchmarks.reference", source, out, 512, WORKERS),
}


def _whole(name: str, other: str) -> Callable[[Round], float]:
    """Return a function that computes the ratio of two commands' times in a round."""
    return lambda measured: measured.seconds(name) / measured.seconds(other)


def _work(name: str, other: str) -> Callable[[Round], float]:
    """Return a function that computes the ratio of two commands' times without start-up in a round."""
    return lambda measured: measured.seconds_per_image(name) / measured.seconds_per_image(other)


def _cpu(name: str, other: str) -> Callable[[Round], float]:
    """Return a function that computes the ratio of two commands' CPU times without start-up in a round."""
    return lambda measured: measured.cpu_seconds_per_image(name) / measured.cpu_seconds_per_image(other)


# Name of a figure in the table -> function that computes it from a round.
_FIGURES: dict[str, Callable[[Round], float]] = {
    "time relative to the bare pool, whole command": _whole("image_resizer", "pool"),
    "time relative to the bare pool, without start-up": _work("image_resizer", "pool"),
    "speed relative to the first script, whole command": _whole("first script", "image_resizer"),
    "speed relative to the first script, without start-up": _work("first script", "image_resizer"),
    "CPU time of the first script relative to this, without start-up": _cpu("first script", "image_resizer"),
    "time for two sizes relative to one, without start-up": _work("two sizes", "image_resizer"),
    "CPU time for two sizes relative to one, without start-up": _cpu("two sizes", "image_resizer"),
    "peak memory, MB": lambda measured: measured.megabytes("image_resizer"),
    "images/s, without start-up": lambda measured: 1 / measured.seconds_per_image("image_resizer"),
}


def compare(folder: Path, count: int, rounds: int) -> None:
    """Print the table of one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folders = small_and_large(folder, count, place)
        measured = [Round(_COMMANDS, folders, place / "out") for _ in range(rounds)]
    print(f"\n{folder.name}, {count} files, resized to 512 px; rounds: {rounds}\n")
    print("| figure | median | lowest | highest |\n| --- | --- | --- | --- |")
    for name, compute in _FIGURES.items():
        values = list(map(compute, measured))
        print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |", flush=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=240, help="files in the large folder (default: 240)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    args = parser.parse_args()
    print(machine())
    for folder in args.folders:
        compare(folder, args.count, args.rounds)


if __name__ == "__main__":
    main()
