"""End requests that take too long. The time-out of a socket cannot do this, because each received byte restarts it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Protocol

_PERIOD = 0.25  # seconds between two checks


class Connected(Protocol):
    """A connection, and the socket that it has opened."""

    @property
    def socket(self) -> socket.socket | None: ...


class Watch:
    """One request. `connection` is its current connection. `is_over` is true after the watchdog has ended it."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.connection: Connected | None = None
        self.is_over = False

    def end(self) -> None:
        """Shut down the connection, so that everything that waits for it gets an error."""
        self.is_over = True
        opened = self.connection.socket if self.connection else None
        if opened is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # for TLS too: its own method also drops its state


class Watchdog:
    """Watches the requests of a process, in a daemon thread that runs while there are any."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, seconds: float) -> Iterator[Watch]:
        """Watch the request inside the context, and end it after a number of seconds."""
        watch = Watch(seconds)
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
        try:
            yield watch
        finally:
            with self._changed:
                self._watches.discard(watch)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._watches:
                    self._thread = None
                    return
                now = time.monotonic()
                late = [watch for watch in self._watches if watch.deadline <= now]
            for watch in late:  # repeated at each check: a connection may have opened a socket since
                watch.end()
            time.sleep(_PERIOD)
