"""Measure how far worker processes scale: `python -m benchmarks.workers [--milliseconds 6] [--jobs 1 2 4 8 16 32]`.

A sleep replaces the processing of images, so that the machine needs no more cores than workers. A worker still reads,
hashes and writes files, and its parent does all of its usual work. For each -j, the table has the images per second
without start-up, their share of the ideal (-j divided by the sleep), and the parent's CPU time per image. That time is
an upper bound of the time that the parent holds its interpreter lock. Its share of the sleep is how much of a worker's
time the parent takes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT, machine, measure, repeat_files
from tests.support.photos import photo

# Every Python process of a run executes this program. Only worker processes are started with -c.
_PROGRAM = """
import atexit, os, sys, time
if sys.argv[:1] == ["-c"]:
    sys.path.insert(0, {root!r})
    from transforms.imaging import resize
    made, process_image = [], resize.process_image
    def sleep(*arguments, **settings):
        if not made:
            made.append(process_image(*arguments, **settings))
        time.sleep({seconds})
        return made[0]
    resize.process_image = sleep
else:
    atexit.register(lambda: open({cpu!r}, "w").write(str(time.process_time())))
"""


class Slept(NamedTuple):
    """A run: its wall time and the parent's CPU time, in seconds."""

    wall: float
    parent: float


def sleeping(source: Path, place: Path, jobs: int, seconds: float) -> Slept:
    """Run the command over `source` with `jobs` workers that sleep for `seconds` for each image."""
    cpu = place / "cpu"
    (place / "site").mkdir(exist_ok=True)
    program = _PROGRAM.format(root=str(ROOT), seconds=seconds, cpu=str(cpu))
    (place / "site" / "sitecustomize.py").write_text(program)
    with tempfile.TemporaryDirectory(dir=place) as out:
        command = [sys.executable, "-m", "pipeline", "-i", source, "-o", out, "-j", jobs, "-s", 32, "-ext", "jpg"]
        run = measure([*map(str, command)], variables={"PYTHONPATH": f"{place / 'site'}:{ROOT}"})
    return Slept(run.seconds, float(cpu.read_text()))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--milliseconds", type=float, default=6.0, help="the sleep (default: 6)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32], help="values of -j")
    parser.add_argument("--seconds", type=float, default=4.0, help="the ideal time of a large run (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    args = parser.parse_args()
    print(f"{machine()}; sleep: {args.milliseconds:g} ms; rounds: {args.rounds}\n")
    print("| -j | images/s | of the ideal | parent, microseconds of CPU an image | of the sleep |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "tiny").mkdir()
        photo(1, (64, 48)).save(place / "tiny" / "1.jpg")
        for jobs in args.jobs:
            print(_row(place, jobs, args.milliseconds / 1000, args.seconds, args.rounds), flush=True)


def _row(place: Path, jobs: int, sleep: float, seconds: float, rounds: int) -> str:
    many = round(seconds * jobs / sleep)
    few = many // 4
    folders = [repeat_files(place / "tiny", count, place / f"in{jobs}-{count}") for count in (few, many)]
    rates, parents = [], []
    for _ in range(rounds):
        small, large = (sleeping(folder, place, jobs, sleep) for folder in folders)
        rates.append((many - few) / (large.wall - small.wall))
        parents.append((large.parent - small.parent) / (many - few))
    rate, parent = statistics.median(rates), statistics.median(parents)
    return f"| {jobs} | {rate:,.0f} | {rate * sleep / jobs:.2f} | {parent * 1e6:.0f} | {parent / sleep:.1%} |"


if __name__ == "__main__":
    main()
