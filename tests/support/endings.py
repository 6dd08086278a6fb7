"""Runs of the command that are killed or stopped by a signal, continued, and compared with an uninterrupted run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support import ROOT
from transforms.dataset import state
from transforms.model.records import PACKED_PATH, RUN_DIR

# (layout, sizes) of the datasets.
CASES = (("files", (128,)), ("files", (128, 64)), ("webdataset", (128,)), ("webdataset", (128, 64)))

# The number of seconds between two signals.
SIGNALS_APART = 0.08

# CPU seconds until the command must handle signals. Python itself starts in a tenth of that.
PYTHON_STARTS_WITHIN = 0.3

_THREADS = 2
_TIME_LIMIT = 600


class LostError(Exception):
    """A run ended incorrectly, or its dataset differs from that of an uninterrupted run. The message says how."""


class Ending(NamedTuple):
    """The end of a process: its exit code, its messages, and the seconds since the signal."""

    code: int
    messages: str
    seconds: float


class Case:
    """One command, and the dataset that an uninterrupted run of it creates.

    Args:
        source: the folder of photographs.
        place: a folder for this case alone.
        layout: the layout of the dataset.
        sizes: the sizes of its images.
        flags: additional flags of the command.

    Attributes:
        out: the dataset of the interrupted runs.
        whole: the dataset of the uninterrupted run.
        seconds: the duration of the uninterrupted run.
    """

    def __init__(self, source: Path, place: Path, layout: str, sizes: Sequence[int], *flags: object) -> None:
        self.name = f"{layout}, {' and '.join(map(str, sizes))} px"
        self._args = ["-i", source, "-s", *sizes, "--layout", layout, "-j", _THREADS, *flags]
        self.out, self.whole = place / "out", place / "whole"
        start = time.monotonic()
        self._complete(self.whole)
        self.seconds = time.monotonic() - start
        self._expected = contents(self.whole)
        self._shards = len(state.paths(str(self.whole), f"{RUN_DIR}/shards/"))

    def start(self, out: Path | None = None) -> subprocess.Popen[str]:
        """Start the command as a shell does."""
        command = [sys.executable, "image_resizer.py", *map(str, self._args), "-o", str(out or self.out)]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def kill(self, after: float) -> str:
        """Kill a run after `after` seconds. Return its `state`, or "over" if it had already ended."""
        process = self.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()
        process.communicate()
        return "over" if process.returncode == 0 else self.state()

    def interrupt(self, number: int, after: float, times: int) -> Ending:
        """Send a signal `times` times, `after` seconds after the command has begun to handle signals."""
        process = self.start()
        wait_for_handlers(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        return send(process, number, times)

    def committed(self) -> int:
        """Return the number of committed shards."""
        return len(state.paths(str(self.out), f"{RUN_DIR}/shards/"))

    def state(self) -> str:
        """Return the progress of the interrupted run: "start-up", "at work" or "finalizing"."""
        committed = self.committed()
        if committed == self._shards:
            return "finalizing"
        return "at work" if committed else "start-up"

    def resume(self) -> None:
        """Run the command again, and check the dataset.

        Raises:
            LostError: a file differs from that of the uninterrupted run, or a temporary file is left over.
        """
        self._complete(self.out)
        files = contents(self.out)
        if files != self._expected:
            names = sorted(name for name in {*files, *self._expected} if files.get(name) != self._expected.get(name))
            raise LostError(f"{len(names)} files differ from those of an uninterrupted run: {names[:5]}")
        if left := leftovers(self.out):
            raise LostError(f"left behind: {left}")

    def clear(self) -> None:
        """Delete the dataset of the interrupted runs."""
        shutil.rmtree(self.out, ignore_errors=True)

    def _complete(self, out: Path) -> None:
        process = self.start(out)
        messages = process.communicate(timeout=_TIME_LIMIT)[1]
        if process.returncode != 0:
            raise LostError(f"ended with {process.returncode}: {messages}")


def contents(out: Path) -> dict[str, bytes]:
    """Return path -> bytes of all files, except for the state and the report, which contains times."""
    files = (path for path in out.rglob("*") if path.is_file())
    paths = {str(path.relative_to(out)): path for path in files}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith((RUN_DIR, "report.html"))}


def leftovers(out: Path) -> list[str]:
    """Return the paths with a temporary or hidden name, except for the file of the state of a complete dataset."""
    paths = (path.relative_to(out) for path in out.rglob("*") if path.name.startswith((".", "tmp")))
    return sorted(str(path) for path in paths if str(path) != PACKED_PATH)


def wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Wait until the command handles SIGTERM. While Python starts, a signal ends it without a message.

    Raises:
        LostError: the command does not handle SIGTERM after `PYTHON_STARTS_WITHIN`.
    """
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if caught & 1 << signal.SIGTERM - 1:
            return
        times = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        if sum(map(int, times)) / os.sysconf("SC_CLK_TCK") > PYTHON_STARTS_WITHIN:
            process.kill()
            raise LostError(f"SIGTERM ends the command without a message after {PYTHON_STARTS_WITHIN} s of CPU time")
        time.sleep(0.001)


def send(process: subprocess.Popen[str], number: int, times: int) -> Ending:
    """Send a signal `times` times in short succession, and wait for the end."""
    start = time.monotonic()
    for repetition in range(times):
        if repetition:
            time.sleep(SIGNALS_APART)
        process.send_signal(number)
    messages = process.communicate(timeout=_TIME_LIMIT)[1]
    return Ending(process.returncode, messages, time.monotonic() - start)


def check_ending(ending: Ending, number: int) -> bool:
    """Return whether the signal ended the run; False if the run was already complete.

    Raises:
        LostError: the exit code is wrong, the last message does not say how to continue, or there is a traceback.
    """
    stop_lines = [line for line in ending.messages.splitlines() if "stopped by" in line]
    if ending.code == 0 and not stop_lines:
        return False
    expected = f"stopped by {signal.Signals(number).name}; "
    if ending.code != 128 + number or len(stop_lines) != 1 or expected not in stop_lines[0]:
        raise LostError(f"ended with {ending.code}: {ending.messages}")
    if "run the same command again to continue" not in stop_lines[0] or not ending.messages.endswith(
        f"{stop_lines[0]}\n"
    ):
        raise LostError(f"the last message does not say how to continue: {ending.messages}")
    if "Traceback" in ending.messages or "Exception" in ending.messages:
        raise LostError(f"a traceback: {ending.messages}")
    return True
