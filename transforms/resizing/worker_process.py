"""A worker process, from the point of view of its parent."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from transforms.model.errors import RunError
from transforms.resizing.worker import Reply, Task, WorkerSettings, message_to_worker, reply_at

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_PROGRAM = "import sys; sys.path.insert(0, {root!r}); from transforms.resizing.worker import serve; serve({lifeline})"

# The capacity of a pipe in bytes: room for results, so that the worker does not block, and for the next tasks' files.
_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 18
# How many parts of messages one call writes. Every system allows at least 16.
_PARTS = 16


def cannot_start(error: OSError) -> RunError:
    """Return the error of a run whose worker processes cannot be started."""
    is_limit = error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
    advice = "lower -j, or raise the limit (ulimit -a)" if is_limit else f"check the program {sys.executable!r}"
    return RunError(f"a worker process cannot be started ({error.strerror}): {advice}")


class WorkerDiedError(Exception):
    """The worker process has ended."""


class WorkerProcess:
    """A process that creates images. It ends when this process ends in any way, or calls `end`.

    Attributes:
        tasks: the file descriptor to which tasks are written.
        replies: the file descriptor that is readable when `receive` does not block.
        is_ready: whether the process has loaded everything.

    Raises:
        RunError: the process cannot be started.
    """

    def __init__(self) -> None:
        try:
            self._process, self._lifeline = _start()
        except OSError as error:
            raise cannot_start(error) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.tasks, self.replies = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self.tasks, False)
        for pipe in (self.tasks, self.replies):
            with contextlib.suppress(AttributeError, OSError):  # only Linux has it, and limits the size
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._unsent: deque[memoryview] = deque()
        self._received = bytearray()
        self._buffer = bytearray(_READ_BYTES)  # reused: the system would clear the pages of a new one each time
        self.is_ready = False
        self._settings: WorkerSettings | None = None

    def send(self, settings: WorkerSettings, task: Task) -> None:
        """Queue a task. Replies arrive in the order of the tasks.

        If the process has ended, `receive` raises the error.
        """
        if settings is not self._settings:
            self._unsent.extend(map(memoryview, message_to_worker(settings)))
            self._settings = settings
        self._unsent.extend(map(memoryview, message_to_worker(task)))
        self.flush()

    def flush(self) -> None:
        """Write as many bytes of the queued messages as the pipe accepts. The next call writes the rest."""
        try:
            while self._unsent:
                self._drop(os.writev(self.tasks, [*itertools.islice(self._unsent, _PARTS)]))
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()  # the process has ended

    def _drop(self, length: int) -> None:
        """Remove this many bytes, which have been written, from the front of the queue."""
        while length:
            part = self._unsent.popleft()
            if length < len(part):
                self._unsent.appendleft(part[length:])
            length -= min(length, len(part))

    @property
    def has_unsent(self) -> bool:
        """Whether `flush` must be called when `tasks` can be written to."""
        return bool(self._unsent)

    def receive(self) -> list[Reply]:
        """Return the replies that are complete. Block only if no data has arrived.

        Raises:
            WorkerDiedError: the process has ended, and all its replies have been returned.
        """
        try:
            length = os.readv(self.replies, [self._buffer])
        except OSError:
            length = 0
        if not length:
            raise WorkerDiedError
        self._received += memoryview(self._buffer)[:length]
        return list(self._parse())

    def _parse(self) -> Iterator[Reply]:
        start = 0
        while message := reply_at(self._received, start):
            reply, start = message
            if isinstance(reply, str):
                self.is_ready = True
            else:
                yield reply
        del self._received[:start]

    def end(self) -> str:
        """Kill the process if it is running, and return how it ended, such as "SIGSEGV" or "exit code 1".

        A further call returns the same value.
        """
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._lifeline):
            if pipe:
                pipe.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _start() -> tuple[subprocess.Popen[bytes], BinaryIO]:
    """Start a worker, and return it with this process's end of its lifeline."""
    theirs, ours = os.pipe()
    lifeline = open(ours, "wb", buffering=0)  # noqa: SIM115  # it is closed with the process
    # These signals are sent to the whole process group, and the parent handles them. The worker inherits the mask, so
    # it never gets them, not even while it is starting.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    try:
        command = [sys.executable, "-c", _PROGRAM.format(root=_ROOT, lifeline=theirs)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, pass_fds=[theirs]), lifeline
    except OSError:
        lifeline.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(theirs)
