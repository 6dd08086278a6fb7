"""What does not depend on the pictures: `python -m benchmarks.scale [--count N]`.

Memory and time a file from many tiny files, of a first run and of one that finds all done, and the
time until a wrong command is refused.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import machine, median, ours, repeated, run
from tests.support.photos import photo


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--count", type=int, default=20_000, help="tiny files (default: 20000), against a tenth of them"
    )
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        _measure(Path(temporary), args.count, args.rounds)


def _measure(place: Path, count: int, rounds: int) -> None:
    (place / "tiny").mkdir()
    for seed in range(24):
        photo(seed, (64, 48)).save(place / "tiny" / f"{seed}.jpg")
    folders = {number: repeated(place / "tiny", number, place / f"in{number}") for number in (count // 10, count)}
    figures: dict[str, list[float]] = {}
    for number in range(rounds):
        first = [ours(folder, place / f"out{files}-{number}", "-s", 32) for files, folder in folders.items()]
        again = [ours(folder, place / f"out{files}-{number}", "-s", 32) for files, folder in folders.items()]
        for name, (small, large) in (("first run", first), ("run that finds all done", again)):
            growth = (large.megabytes - small.megabytes) * 1024 / (count - count // 10)
            figures.setdefault(f"{name}: memory a file, KB", []).append(growth)
            slope = (large.seconds - small.seconds) / (count - count // 10)
            figures.setdefault(f"{name}: time a file, microseconds", []).append(slope * 1e6)
        figures.setdefault(f"{name} of {count // 10} files, s", []).append(again[0].seconds)
        start_up = ours(repeated(place / "tiny", 2, place / f"two{number}"), place / f"out-two{number}", "-s", 32)
        figures.setdefault("start-up (a run over two tiny files), s", []).append(start_up.seconds)
        refused = run("pipeline", "-i", place / "missing", "-o", place / "out")
        figures.setdefault("refusal of a missing folder, s", []).append(refused.seconds)
    print(f"\n{count // 10} and {count} tiny files, {rounds} rounds\n\n| figure | median | lowest | highest |")
    print("| --- | --- | --- | --- |")
    for name, values in figures.items():
        print(f"| {name} | {median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()
