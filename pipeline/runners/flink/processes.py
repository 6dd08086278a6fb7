"""Processes that end when this process ends, in any way."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.runners.flink import keeper
from transforms.model.errors import RunError

# A line of a log that says why a process ended.
_REASON = re.compile(r"^(?!\s+at ).*(?:Caused by: |Exception|Error\b|ERROR|FATAL)")


class Processes:
    """Processes in one group, and a folder for their files. The keeper ends and deletes them, see `keeper`.

    Args:
        folder: the folder, which is deleted at the end.

    Raises:
        RunError: the keeper cannot be started.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        command = [sys.executable, "-I", "-S", keeper.__file__, str(folder)]
        try:
            self._keeper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,  # the terminal signals only this process, which ends the others
            )
        except OSError as error:
            raise RunError(f"a process for Flink cannot be started: {error.strerror}") from error
        assert self._keeper.stdout
        self._group = int(self._keeper.stdout.readline())

    def start(self, name: str, command: Sequence[str]) -> Process:
        """Start a process. Its output is its log.

        Args:
            name: the log is NAME.log in the folder.
            command: the program and its arguments.

        Raises:
            RunError: the process cannot be started.
        """
        log = self.folder / f"{name}.log"
        try:
            with log.open("ab") as file:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    process_group=self._group,
                )
        except OSError as error:
            raise RunError(f"{command[0]} cannot be started: {error.strerror}") from error
        self._started.append(process)
        return Process(process, log)

    def close(self) -> None:
        """End all processes, including those that they started, and delete the folder."""
        assert self._keeper.stdin
        self._keeper.stdin.close()
        for process in self._started:
            process.wait()
        self._keeper.wait()


class Process:
    """A started process, and its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The process ID."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code (negative for a signal), or None while the process is running."""
        return self._process.poll()

    def last_words(self) -> str:
        """Return the line of the log that best explains why the process ended."""
        return last_words(self._log.read_text(encoding="utf-8", errors="replace"))


def last_words(log: str) -> str:
    """Return the last line of a log that contains an error, without stack traces, or else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reasons = [line for line in log.splitlines() if _REASON.match(line)]
    return (reasons or lines or ["it did not write a log"])[-1].strip()


@contextlib.contextmanager
def processes() -> Iterator[Processes]:
    """Provide a process group with a temporary folder inside the context.

    Raises:
        RunError: the keeper cannot be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="image_resizer-flink-"))
    try:
        group = Processes(folder)
    except RunError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        yield group
    finally:
        group.close()
