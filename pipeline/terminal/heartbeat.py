"""Log a line whenever nothing else was logged for a while, to show that the command is still running."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from loguru import logger

from pipeline.terminal.log import terminal

# Seconds without a line until one is logged.
PERIOD = 30.0


@contextlib.contextmanager
def heartbeat(log_line: Callable[[], None]) -> Iterator[None]:
    """Inside the context, call `log_line` whenever standard error had no new line for `PERIOD` seconds."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(log_line, over), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def at_work(doing: str) -> contextlib.AbstractContextManager[None]:
    """Inside the context, log from time to time what the command is doing, and how long it has been doing so."""
    started = time.monotonic()
    return heartbeat(lambda: logger.info("{}: {:,.0f} s so far", doing, time.monotonic() - started))


def _beat(log_line: Callable[[], None], over: threading.Event) -> None:
    since = time.monotonic()
    while not over.wait(since + PERIOD - time.monotonic()):
        since = max(since, terminal.line_at)
        if time.monotonic() - since >= PERIOD:
            since = time.monotonic()
            log_line()
