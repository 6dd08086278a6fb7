"""A worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from transforms.model.errors import RunError
from transforms.resizing.worker import LENGTH, READY, Job, Reply, Task, framed, message_end

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from transforms.resizing.worker import serve; serve()"

# The bytes that wait in a pipe without blocking the worker. An image of 512 px has about 40 KB.
_PIPE_BYTES = 1 << 20


def cannot_start(error: OSError) -> RunError:
    """Return the error of a run whose worker processes the system refuses."""
    return RunError(f"a worker process cannot be started ({error.strerror}): lower -j, or raise the limit (ulimit -a)")


class WorkerDiedError(Exception):
    """The worker process has ended."""


class WorkerProcess:
    """A process that makes images. It ends when this process ends in any way, or calls `end`.

    Raises:
        RunError: the process cannot be started.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-c", _PROGRAM]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise cannot_start(error) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._tasks, self._replies = self._process.stdin.fileno(), self._process.stdout.fileno()
        with contextlib.suppress(AttributeError, OSError):  # Linux alone has it, and limits it
            fcntl.fcntl(self._replies, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._received = bytearray()
        self._is_ready = False
        self._job: Job | None = None

    def fileno(self) -> int:
        """Return the file descriptor that is readable when `receive` does not block."""
        return self._replies

    def send(self, job: Job, task: Task) -> None:
        """Queue a task. Its reply is behind those to the tasks that were sent before.

        If the process has ended, `receive` says so.
        """
        message = framed(task) if job is self._job else framed(job) + framed(task)
        self._job = job
        view = memoryview(message)
        with contextlib.suppress(OSError):
            while view:
                view = view[os.write(self._tasks, view) :]

    def receive(self) -> list[Reply]:
        """Return the replies that have arrived; wait for a part of one.

        Raises:
            WorkerDiedError: the process has ended, and all its replies were returned before.
            RunError: the process ended before it was ready.
        """
        try:
            received = os.read(self._replies, _PIPE_BYTES)
        except OSError:
            received = b""
        if not received:
            if not self._is_ready:
                raise RunError(f"a worker process ended before it was ready: {self.end()}")
            raise WorkerDiedError
        self._received += received
        return list(self._parse())

    def _parse(self) -> Iterator[Reply]:
        start = 0
        while (end := message_end(self._received, start)) is not None:
            message = pickle.loads(memoryview(self._received)[start + LENGTH.size : end])
            start = end
            if message == READY:
                self._is_ready = True
            else:
                yield message
        del self._received[:start]

    def end(self) -> str:
        """End the process at once, if it has not ended, and return how it did, such as "SIGSEGV" or "exit code 1"."""
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
