"""Measurement of whole commands, and creation of their input folders."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import platform
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.memory import memory_of_tree

ROOT = Path(__file__).parent.parent
WORKERS = 2
TIME_LIMIT = 3600  # seconds for one command


class Run(NamedTuple):
    """A finished command.

    Memory that processes share, such as libraries, counts once for each process.

    Args:
        seconds: its wall time.
        cpu_seconds: its CPU time, except for that of killed processes.
        megabytes: the peak memory of all its processes together, in MB.
        largest: kind -> peak memory of the largest process of that kind, in MB.
    """

    seconds: float
    cpu_seconds: float
    megabytes: float
    largest: dict[str, float]


def measure(command: Sequence[str], codes: Container[int] = (0,), variables: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end and measure it. Discard its output, and kill the processes that it leaves running.

    Args:
        command: the program and its arguments.
        codes: the exit codes that are not failures.
        variables: additional environment variables.

    Raises:
        RuntimeError: the command failed, or took longer than an hour. The message ends with its last line on stderr.
    """
    environment = os.environ | (variables or {})
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        ) as process,
    ):
        watched = PeakMemory(process.pid)
        status, usage = _wait(process.pid)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            errors.seek(0)
            raise _failure(command, process.returncode, errors.read())
    watched.end()
    return Run(seconds, usage.ru_utime + usage.ru_stime, watched.megabytes, watched.largest)


# Word in the command line of a process -> kind of the process. The others are the command itself.
_KINDS = {
    "StandaloneSessionClusterEntrypoint": "JobManager",
    "TaskManagerRunner": "TaskManager",
    "FlinkJobServerDriver": "job server",
    "image_resizer_worker": "worker of Beam",
    "transforms.resizing.worker": "worker of images",
}


class PeakMemory(threading.Thread):
    """Watches the memory of a process and its descendants ten times per second.

    Attributes:
        megabytes: the peak memory of all of them together, in MB.
        largest: kind -> peak memory of the largest process of that kind, in MB.
    """

    def __init__(self, leader: int) -> None:
        super().__init__(daemon=True)
        self._leader = leader
        self._kinds: dict[int, str] = {}
        self.megabytes = 0.0
        self.largest: dict[str, float] = {}
        self._is_over = threading.Event()
        self.start()

    def run(self) -> None:
        """Watch until `end` is called."""
        while not self._is_over.wait(0.1):
            memory = {process: size / 2**20 for process, size in memory_of_tree(self._leader).items()}
            self.megabytes = max(self.megabytes, sum(memory.values()))
            for process, megabytes in memory.items():
                kind = self._kinds.get(process) or self._kind(process)
                self.largest[kind] = max(self.largest.get(kind, 0.0), megabytes)

    def _kind(self, process: int) -> str:
        """Return the kind of a process. Remember it unless it is "command": the process may still replace itself."""
        try:
            command = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has ended
            return "command"
        kind = next((kind for word, kind in _KINDS.items() if word in command), "command")
        if kind != "command":
            self._kinds[process] = kind
        return kind

    def end(self) -> None:
        """Stop watching."""
        self._is_over.set()
        self.join()


def _wait(leader: int) -> tuple[int, resource.struct_rusage]:
    """Wait for a process, kill the rest of its group, and return its exit status and its resource usage."""
    limit = threading.Timer(TIME_LIMIT, os.killpg, (leader, signal.SIGKILL))
    limit.start()
    try:
        _, status, usage = os.wait4(leader, 0)
    finally:
        limit.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
    return status, usage


def _failure(command: Sequence[str], code: int, stderr: bytes) -> RuntimeError:
    lines = stderr.decode(errors="replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    error = RuntimeError(f"the command ended with exit code {code}: {last}")
    error.add_note(shlex.join(command))
    return error


def run_module(module: str, *args: object) -> Run:
    """Run `python -m module args`. Exit code 2, for invalid arguments, is not a failure.

    Raises:
        RuntimeError: the command failed.
    """
    return measure([sys.executable, "-m", module, *map(str, args)], codes=(0, 2))


def image_resizer(in_dir: Path, out_dir: Path, *flags: object, processes: int | None = WORKERS) -> Run:
    """Run image_resizer with this number of worker processes; None for the command's default."""
    limit = [] if processes is None else ["-j", processes]
    return run_module("pipeline", "-i", in_dir, "-o", out_dir, *limit, "-ext", "jpg", *flags)


def repeat_files(folder: Path, count: int, into: Path) -> Path:
    """Create the flat folder `into` with `count` files, and return it.

    The files of `folder` are repeated under new names, as hard links to one copy of each.
    """
    sources = sorted(path for path in folder.iterdir() if path.is_file())
    copies = into.with_name(f"{into.name}-copies")
    for path in (into, copies):
        path.mkdir(parents=True)
    for source in sources:
        (copies / source.name).write_bytes(source.read_bytes())
    for number, source in zip(range(count), itertools.cycle(sources), strict=False):
        os.link(copies / source.name, into / f"{number:08d}{source.suffix}")
    return into


def machine() -> str:
    """Return the machine, Python's version and the date, for the caption of a table."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    today = datetime.datetime.now(datetime.UTC).date()
    return f"{len(models)} cores of {models[0]}, {memory:.0f} GB, Python {python}, {today}"
