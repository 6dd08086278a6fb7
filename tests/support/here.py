"""Runs of the command in this process, which avoid loading Beam and starting worker processes again."""

from __future__ import annotations

import io
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest
from loguru import logger

from pipeline.run import main
from transforms.resizing.workers import Workers, close_workers

_LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)

_started_in: object = None


def run_here(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the command in this process. Return the same result as `tests.support.run`."""
    argv = [str(arg) for arg in args]
    with warm_workers(), redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as messages:
        code = main(argv)
    logger.remove()  # it writes to the redirected standard error
    return subprocess.CompletedProcess(argv, code, printed.getvalue(), messages.getvalue())


@contextmanager
def warm_workers() -> Iterator[None]:
    """Let a run of the command in this process reuse the workers of the last run, and keep them for the next.

    A run gets new workers if a process that starts now would inherit different surroundings. It ends workers that are
    still busy.
    """
    global _started_in  # global, like the workers of the process
    surroundings = _surroundings()
    if surroundings != _started_in:
        close_workers()
    _started_in = surroundings
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Workers, "close", _close_if_at_work)
        yield


def _surroundings() -> object:
    """Return what a process that starts now inherits."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    messages = os.fstat(2)
    limits = [resource.getrlimit(limit) for limit in _LIMITS]
    umask = os.umask(0)
    os.umask(umask)
    return variables, os.getcwd(), (messages.st_dev, messages.st_ino), limits, umask


def _close_if_at_work(workers: Workers, close: Callable[[Workers], None] = Workers.close) -> None:
    with workers._lock:
        dispatcher = workers._dispatcher
        is_idle = dispatcher is None or (
            all(batch.is_over for batch in dispatcher._batches) and all(slot.is_idle for slot in dispatcher._slots)
        )
    if not is_idle:
        close(workers)
