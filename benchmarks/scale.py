"""Measure the costs of a file except for its pixels: `python -m benchmarks.scale [--count N]`.

The figures are the memory and time per file for many tiny files, in a first run and in a second one, which finds all of
them committed; the time of a run over two files; and the time until an invalid command is rejected.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import Run, image_resizer, machine, repeat_files, run_module
from tests.support.photos import photo


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--count", type=int, default=20_000, help="tiny files; compared with a tenth of them (default: 20000)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    args = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        figures = _measure(Path(temporary), args.count, args.rounds)
    print(f"\n{args.count // 10:,} and {args.count:,} tiny files; rounds: {args.rounds}\n")
    print("| figure | median | lowest | highest |\n| --- | --- | --- | --- |")
    for name, values in figures.items():
        print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


def _measure(place: Path, count: int, rounds: int) -> dict[str, list[float]]:
    """Return name -> values of each figure, with a value for each round."""
    (place / "tiny").mkdir()
    for seed in range(24):
        photo(seed, (64, 48)).save(place / "tiny" / f"{seed}.jpg")
    folders = {number: repeat_files(place / "tiny", number, place / f"in{number}") for number in (count // 10, count)}
    figures: dict[str, list[float]] = {}
    for number in range(rounds):
        for name, value in _round(place, number, folders).items():
            figures.setdefault(name, []).append(value)
    return figures


def _round(place: Path, number: int, folders: dict[int, Path]) -> dict[str, float]:
    figures: dict[str, float] = {}
    few, many = sorted(folders)
    for name in ("first run", "second run"):
        runs = [image_resizer(folders[files], place / f"out{files}-{number}", "-s", 32) for files in (few, many)]
        figures |= _growth(name, runs[0], runs[1], many - few)
        figures[f"{name} over {few:,} files, s"] = runs[0].seconds
    two = repeat_files(place / "tiny", 2, place / f"two{number}")
    figures["run over two tiny files, s"] = image_resizer(two, place / f"out-two{number}", "-s", 32).seconds
    refused = run_module("pipeline", "-i", place / "missing", "-o", place / "out")
    figures["refusal of a missing folder, s"] = refused.seconds
    return figures


def _growth(name: str, small: Run, large: Run, files: int) -> dict[str, float]:
    """Return the cost of each additional file of the large folder."""
    return {
        f"{name}: memory per file, KB": (large.megabytes - small.megabytes) * 1024 / files,
        f"{name}: time per file, microseconds": (large.seconds - small.seconds) * 1e6 / files,
    }


if __name__ == "__main__":
    main()
