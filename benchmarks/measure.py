"""Times whole commands, and makes the folders that they work on."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import platform
import resource
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
WORKERS = 2
TIME_LIMIT = 3600  # seconds of one command


class Run(NamedTuple):
    """A finished command: seconds of wall time, and the peak of its memory in MB."""

    seconds: float
    megabytes: float


def timed(command: Sequence[str], codes: Container[int] = (0,), variables: Mapping[str, str] | None = None) -> Run:
    """Runs a command to its end; its output is thrown away, and what it started and left behind is ended.

    Args:
        command: the program and its arguments.
        codes: exit codes that are no failure.
        variables: added to the environment.

    Raises:
        RuntimeError: it failed, or took longer than an hour; the message ends with its last line on stderr.
    """
    environment = os.environ | (variables or {})
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        ) as process,
    ):
        status, usage = _wait(process.pid)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            errors.seek(0)
            raise _failure(command, process.returncode, errors.read())
    return Run(seconds, usage.ru_maxrss / 1024)


def _wait(leader: int) -> tuple[int, resource.struct_rusage]:
    """The exit status and the usage of a process; then its whole group is ended."""
    limit = threading.Timer(TIME_LIMIT, os.killpg, (leader, signal.SIGKILL))
    limit.start()
    try:
        _, status, usage = os.wait4(leader, 0)
    finally:
        limit.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
    return status, usage


def _failure(command: Sequence[str], code: int, written: bytes) -> RuntimeError:
    lines = written.decode(errors="replace").split("\n")
    error = RuntimeError(f"ended with {code}: {next((line for line in reversed(lines) if line.strip()), '')}")
    error.add_note(shlex.join(command))
    return error


def run(module: str, *args: object) -> Run:
    """Runs `python -m module args`, which may also refuse its arguments.

    Raises:
        RuntimeError: it failed.
    """
    return timed([sys.executable, "-m", module, *map(str, args)], codes=(0, 2))


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
