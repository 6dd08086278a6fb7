"""Times whole commands, and makes the folders that they work on."""

from __future__ import annotations

import datetime
import itertools
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
WORKERS = 2


class Run(NamedTuple):
    """A finished command: seconds of wall time, and the peak of its memory in MB."""

    seconds: float
    megabytes: float


def run(module: str, *args: object) -> Run:
    """Runs `python -m module args` to its end; its output is thrown away.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", module, *map(str, args)]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 2):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024)


def ours(in_dir: Path, out_dir: Path, *flags: object) -> Run:
    """Runs the command with two workers."""
    return run("pipeline", "-i", in_dir, "-o", out_dir, "-j", WORKERS, "-ext", "jpg", *flags)


def repeated(folder: Path, count: int, into: Path) -> Path:
    """A flat folder with the files of `folder`, again and again under new names, as hard links to copies."""
    sources = sorted(path for path in folder.iterdir() if path.is_file())
    copies = into.with_name(f"{into.name}-copies")
    for path in (into, copies):
        path.mkdir(parents=True)
    for source in sources:
        (copies / source.name).write_bytes(source.read_bytes())
    for number, source in zip(range(count), itertools.cycle(sources), strict=False):
        os.link(copies / source.name, into / f"{number:08d}{source.suffix}")
    return into


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def machine() -> str:
    """This machine's kind and today's date, for the table's caption."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    today = datetime.datetime.now(datetime.UTC).date()
    return f"{len(models)} cores of {models[0]}, {memory:.0f} GB, Python {python}, {today}"
