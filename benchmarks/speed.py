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
    "pool": lambda source, out: run("benchmarks.pool", source, out, 512, WORKERS),
    "reference": lambda source, out: run("benchmarks.reference", source, out, 512, WORKERS),
}
_COMMANDS_FOR_TWO_SIZES: dict[str, Command] = {
    "ours, two sizes": lambda source, out: ours(source, out, "-s", 512, 256),
    "reference, 256": lambda source, out: run("benchmarks.reference", source, out, 256, WORKERS),
}


def _figures(rounds: list[Round], two_sizes: bool) -> dict[str, list[float]]:
    figures = {
        "time, of the bare pool's": [one.whole("ours") / one.whole("pool") for one in rounds],
        "the same without start-up": [one.slope("ours") / one.slope("pool") for one in rounds],
        "speed, of the first script's": [one.whole("reference") / one.whole("ours") for one in rounds],
        "the same without start-up ": [one.slope("reference") / one.slope("ours") for one in rounds],
    }
    if two_sizes:
        figures["two sizes at once, speed of two runs of the first script"] = [
            (one.whole("reference") + one.whole("reference, 256")) / one.whole("ours, two sizes") for one in rounds
        ]
        figures["the same without start-up  "] = [
            (one.slope("reference") + one.slope("reference, 256")) / one.slope("ours, two sizes") for one in rounds
        ]
    figures["peak memory, MB"] = [one.memory("ours") for one in rounds]
    figures["images/s, ours without start-up"] = [1 / one.slope("ours") for one in rounds]
    return figures


def measure(folder: Path, count: int, rounds: int, two_sizes: bool) -> None:
    """Prints the table of one folder."""
    commands = _COMMANDS | (_COMMANDS_FOR_TWO_SIZES if two_sizes else {})
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folders = small_and_large(folder, count, place)
        done = [Round(commands, folders, place / "out") for _ in range(rounds)]
    print(f"\n{folder.name} -> 512, {count} files, {rounds} rounds\n\n| figure | median | lowest | highest |")
    print("| --- | --- | --- | --- |")
    for name, values in _figures(done, two_sizes).items():
        print(f"| {name.strip()} | {median(values):.2f} | {min(values):.2f} | {max(values):.2f} |", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=240, help="files in the large folder (default: 240)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--two_sizes", action="store_true", help="-s 512 256 against two runs of the first script too")
    args = parser.parse_args()
    print(machine())
    for folder in args.folders:
        measure(folder, args.count, args.rounds, args.two_sizes)


if __name__ == "__main__":
    main()
