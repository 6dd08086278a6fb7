"""Measure how far worker processes scale: `python -m benchmarks.workers [PHOTOS] [--jobs 1 2 4 8 16 32]`.

A sleep replaces the processing of images, so that the machine needs no more cores than workers. A worker still reads,
hashes and writes files, and its parent does all of its usual work. For each -j, the table has the images per second in
the middle of a run, their share of the ideal (-j divided by the sleep), and, for one image, the CPU time of a worker
and of its parent. The parent's time is an upper bound of the time that it holds its interpreter lock. Its share of the
sleep, or with PHOTOS of the worker's CPU time, is how much of a worker's time the parent takes.

With the folder PHOTOS, the workers process its images instead of sleeping. It needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT, machine, repeat_files
from tests.support.photos import photo
from transforms.storage.local import TEMPORARY_DIR

# Every Python process of a run executes this program. Only worker processes are started with -c.
_PROGRAM = """
import sys, time
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
"""
# A run is measured from this many seconds after its first image, and longer for each worker, since all of them start.
_WARM_UP, _WARM_UP_OF_WORKER = 1.0, 0.4
_TIME_LIMIT = 60.0  # seconds for the first image of a run


class Moment(NamedTuple):
    """The state of a run: the clock, the images so far, and the CPU seconds of the parent and of all its workers."""

    clock: float
    images: int
    parent: float
    workers: float


class Rates(NamedTuple):
    """What was measured between two moments: images per second, and CPU seconds for one image."""

    images: float
    parent: float
    worker: float


def rates_of(source: Path, place: Path, jobs: int, sleep: float, seconds: float) -> Rates:
    """Run the command over `source` with `jobs` workers, and measure `seconds` of it.

    Args:
        source: the folder of images, more than the run can process in that time.
        place: a folder for temporary files.
        jobs: the number of workers.
        sleep: the seconds that replace the processing of an image; 0 to process it.
        seconds: the seconds to measure.

    Raises:
        RuntimeError: the run ended before that.
    """
    site = place / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(_PROGRAM.format(root=str(ROOT), seconds=sleep) if sleep else "")
    flags = f"-j {jobs} -s {32 if sleep else 512} -ext jpg -q".split()
    with tempfile.TemporaryDirectory(dir=place) as out:
        command = [sys.executable, "-m", "pipeline", "-i", str(source), "-o", out, *flags]
        environment = os.environ | {"PYTHONPATH": f"{site}:{ROOT}"}
        with subprocess.Popen(command, cwd=ROOT, env=environment) as run:
            try:
                limit = time.monotonic() + _TIME_LIMIT
                while not _images(out) and time.monotonic() < limit:
                    time.sleep(0.1)
                time.sleep(_warm_up(jobs))
                begin = _moment(run, out)
                time.sleep(seconds)
                end = _moment(run, out)
            finally:
                run.kill()
    images = end.images - begin.images
    return Rates(
        images / (end.clock - begin.clock), (end.parent - begin.parent) / images, (end.workers - begin.workers) / images
    )


def _warm_up(jobs: int) -> float:
    return _WARM_UP + _WARM_UP_OF_WORKER * jobs


def _moment(run: subprocess.Popen[bytes], out: str) -> Moment:
    if run.poll() is not None:
        code = run.returncode
        raise RuntimeError(f"the run ended too early, with exit code {code}; if it is 0, raise --images_per_second")
    threads = Path(f"/proc/{run.pid}/task")
    workers = " ".join(children.read_text() for children in threads.glob("*/children")).split()
    parent = _cpu_seconds(run.pid)
    return Moment(time.perf_counter(), _images(out), parent, sum(_cpu_seconds(int(worker)) for worker in workers))


def _images(out: str) -> int:
    """Return the number of images in OUT, including those that are not committed yet."""
    uncommitted = f"{out}/{TEMPORARY_DIR}"
    return sum(len(names) for folder, _, names in os.walk(out) if folder == out or folder.startswith(uncommitted))


def _cpu_seconds(process: int) -> float:
    """Return the CPU time of all threads of a process in seconds; see `man 5 proc` and the kernel's sched-stats.rst."""
    seconds = 0.0
    for thread in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended
            seconds += int((thread / "schedstat").read_text().split()[0]) / 1e9
    return seconds


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", metavar="PHOTOS", nargs="?", type=Path, help="a folder of images to process")
    parser.add_argument("--milliseconds", type=float, default=6.0, help="the sleep (default: 6)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32], help="values of -j")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a run is measured (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument(
        "--images_per_second", type=int, default=500, help="the most that PHOTOS may reach (default: 500)"
    )
    args = parser.parse_args()
    sleep = 0.0 if args.photos else args.milliseconds / 1000
    print(f"{machine()}; {f'sleep: {sleep * 1000:g} ms' if sleep else 'real images'}; rounds: {args.rounds}\n")
    print("| -j | images/s | of the ideal | worker, CPU for an image | parent, CPU for an image | parent's share |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        photos = args.photos or place / "tiny"
        if not args.photos:
            photos.mkdir()
            photo(1, (64, 48)).save(photos / "1.jpg")
        for jobs in args.jobs:
            most = jobs / sleep if sleep else args.images_per_second
            source = repeat_files(photos, round(most * (_warm_up(jobs) + args.seconds + 1)), place / f"in{jobs}")
            runs = [rates_of(source, place, jobs, sleep, args.seconds) for _ in range(args.rounds)]
            print(_row(jobs, sleep, runs), flush=True)


def _row(jobs: int, sleep: float, runs: list[Rates]) -> str:
    images, parent, worker = (statistics.median(values) for values in zip(*runs, strict=True))
    ideal = f"{images * sleep / jobs:.2f}" if sleep else ""
    return (
        f"| {jobs} | {images:,.0f} | {ideal} | {worker * 1e6:,.0f} us | {parent * 1e6:.0f} us "
        f"| {parent / (sleep or worker):.2%} |"
    )


if __name__ == "__main__":
    main()
