"""Threads that download: no host gets more than a few requests at once, and none keeps the threads from others."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class HostThreads:
    """Runs calls in threads, at most a number of them for the same host at once.

    Args:
        threads: the calls that run at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="read")
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._waiting: defaultdict[str, deque[Callable[[], None]]] = defaultdict(deque)

    def submit(self, host: str, limit: int, function: Callable[..., T], *args: Any) -> Future[T]:
        """Call a function in a thread as soon as one is free, and fewer than `limit` calls for `host` run.

        Args:
            host: the host that the call asks; "" for none, which has no limit.
            limit: see above.
            function: what to call.
            args: its arguments.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function(*args))
            except BaseException as error:  # the future raises it
                future.set_exception(error)
            finally:
                self._end(host)

        with self._lock:
            if host and self._running[host] >= limit:
                self._waiting[host].append(run)
                return future
            self._running[host] += 1
        self._threads.submit(run)
        return future

    def _end(self, host: str) -> None:
        """Let the next call for a host take the place of one that has ended."""
        with self._lock:
            if waiting := self._waiting.get(host):
                following = waiting.popleft()
            else:
                self._waiting.pop(host, None)
                self._running[host] -= 1
                if not self._running[host]:
                    del self._running[host]
                return
        try:
            self._threads.submit(following)
        except RuntimeError:  # `close` was called
            return

    def close(self) -> None:
        """Begin no further call."""
        self._threads.shutdown(wait=False, cancel_futures=True)
