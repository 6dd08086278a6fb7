"""A worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import pickle
import signal
import subprocess
import sys
from pathlib import Path

from transforms.model.errors import RunError
from transforms.resizing.worker import READY, Job, Reply, Task

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from transforms.resizing.worker import serve; serve()"


class WorkerDiedError(Exception):
    """The worker process ended while a task was at work, or before."""


class WorkerProcess:
    """A process that makes images. It ends when this process ends in any way, or calls `end`.

    The methods but `end` are for one thread.

    Raises:
        RunError: the process cannot be started.
    """

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise RunError(f"a worker process cannot be started ({error.strerror}): lower -j") from error
        self._is_ready = False
        self._job: Job | None = None

    def send(self, job: Job, task: Task) -> None:
        """Queue a task.

        Raises:
            WorkerDiedError: the process has ended.
        """
        assert self._process.stdin is not None
        try:
            if job is not self._job:
                self._process.stdin.write(pickle.dumps(job, pickle.HIGHEST_PROTOCOL))
                self._job = job
            pickle.dump(task, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: `end` has closed the pipe
            raise WorkerDiedError from error

    def receive(self) -> Reply:
        """Wait for the reply to the task that was sent first and has no reply yet.

        Raises:
            WorkerDiedError: the process has ended without a reply.
            RunError: the process ended before it was ready.
        """
        assert self._process.stdout is not None
        try:
            if not self._is_ready:
                self._wait_until_ready()
            reply: Reply = pickle.load(self._process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise WorkerDiedError from error
        return reply

    def _wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        try:
            self._is_ready = pickle.load(self._process.stdout) == READY
        except (EOFError, pickle.UnpicklingError) as error:
            raise RunError(f"a worker process ended before it was ready: {self.end_reason()}") from error

    def end_reason(self) -> str:
        """Return how the process ended, such as "SIGSEGV" or "exit code 1"; end it if it has not."""
        self._process.kill()
        self._process.communicate()
        code = self._process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def end(self) -> None:
        """End the process at once. Any thread may call this."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.wait()
