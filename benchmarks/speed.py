"""Ours, a bare pool and the first script side by side: `python -m benchmarks.speed FOLDER ... [--count N]`.

Each round runs every command on a small and on a large folder. The slope between the two is the time
without start-up. All figures are ratios of one round; the table shows their medians and ranges.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import WORKERS, machine, median, ours, run
from benchmarks.rounds import Command, Round, small_and_large

_COMMANDS: dict[str, Command] = {
    "ours": lambda source, out: ours(source, out, "-s", 512),
    "ours simd": lambda source, out: ours(source, out, "-s", 512, "--resampler", "simd"),
    "ours, two sizes": lambda source, out: ours(source, out, "-s", 512, 256),
    "pool": lambda source, out: run("benchmarks.pool", source, out, 512, WORKERS),
    "reference": lambda source, out: run("benchmarks.reference", source, out, 512, WORKERS),
}


def _figures(rounds: list[Round]) -> dict[str, list[float]]:
    """Each figure of each round; "whole" is the command, "work" the same without start-up."""
    return {
        "time, of the bare pool's: whole": [one.whole("ours") / one.whole("pool") for one in rounds],
        "time, of the bare pool's: work": [one.slope("ours") / one.slope("pool") for one in rounds],
        "speed, of the first script's: whole": [one.whole("reference") / one.whole("ours") for one in rounds],
        "speed, of the first script's: work": [one.slope("reference") / one.slope("ours") for one in rounds],
        "speed with simd, of the first script's: whole": [
            one.whole("reference") / one.whole("ours simd") for one in rounds
        ],
        "speed with simd, of the first script's: work": [
            one.slope("reference") / one.slope("ours simd") for one in rounds
        ],
        "time of two sizes, of one's: work": [one.slope("ours, two sizes") / one.slope("ours") for one in rounds],
        "peak memory, MB": [one.memory("ours") for one in rounds],
        "images/s, ours: work": [1 / one.slope("ours") for one in rounds],
        "images/s, ours simd: work": [1 / one.slope("ours simd") for one in rounds],
    }


def measure(folder: Path, count: int, rounds: int) -> None:
    """Prints the table of one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folders = small_and_large(folder, count, place)
        done = [Round(_COMMANDS, folders, place / "out") for _ in range(rounds)]
    print(f"\n{folder.name} -> 512, {count} files, {rounds} rounds\n\n| figure | median | lowest | highest |")
    print("| --- | --- | --- | --- |")
    for name, values in _figures(done).items():
        print(f"| {name} | {median(values):.2f} | {min(values):.2f} | {max(values):.2f} |", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=240, help="files in the large folder (default: 240)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(machine())
    for folder in args.folders:
        measure(folder, args.count, args.rounds)


if __name__ == "__main__":
    main()
