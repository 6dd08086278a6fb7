"""Threads for downloads. Each host gets only a few requests at once, and a slow host does not occupy all threads."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class HostThreads:
    """Runs calls in threads, with a limit on the calls for one host at the same time.

    Args:
        threads: the maximum number of calls at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="read")
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._waiting: defaultdict[str, deque[Callable[[], None]]] = defaultdict(deque)

    def submit(self, host: str, limit: int, function: Callable[..., T], *args: Any) -> Future[T]:
        """Call a function as soon as a thread is free and fewer than `limit` calls for `host` are running.

        Args:
            host: the host that the call contacts; "" for none, without a limit.
            limit: the maximum number of calls for the host at the same time.
            function: the function to call.
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
        """Start the next call for a host after one has ended."""
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
        """Start no further calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)
