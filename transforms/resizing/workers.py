"""The workers of this process, and the memory budget that they share: one set for all DoFns and configurations."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Generic, TypeVar

from transforms.model.config import ResizeConfig
from transforms.resizing.memory_budget import MemoryBudget, machine_memory

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def _do_nothing(*_arguments: object) -> None: ...


class Work(Generic[_Item, _Result]):
    """Items that the workers process. `Workers.submit` documents the arguments and returns an object of this class.

    After an error or `cancel`, it refers to no item and to no result.
    """

    def __init__(
        self,
        items: Iterable[_Item],
        process: Callable[[_Item], _Result],
        on_result: Callable[[_Result], None],
        on_end: Callable[[], None],
        at_once: int,
    ) -> None:
        self._left = deque(items)
        self._process = process
        self._on_result = on_result
        self._on_end = on_end
        self._at_once = at_once
        self._at_work = 0
        self._results: list[_Result] = []
        self._error: BaseException | None = None
        self._ended = False
        self._lock = threading.Lock()
        self._decided = threading.Event()  # whether `results` returns or raises

    def results(self) -> list[_Result]:
        """Wait until all items are processed, and return their results, the item finished first at the front.

        Raises:
            CancelledError: the work was cancelled.
            BaseException: what `process` raised on an item. The items that no worker had begun are dropped then.
        """
        self._decided.wait()
        with self._lock:
            if self._error is not None:
                raise self._error
            return self._results

    def cancel(self) -> None:
        """Drop all results, and the items that no worker has begun. Return at once.

        Items at work are finished in the background, and their results are dropped too.
        """
        with self._lock:
            self._error = None  # its traceback may refer to an image
        self._stop(CancelledError("the work was cancelled"))
        self.end_if_over()

    # The rest is for `Workers`.

    @property
    def waiting(self) -> int:
        """The number of items that no worker has begun."""
        return len(self._left)

    def is_over(self) -> bool:
        """Return whether no item is at work and none is left."""
        with self._lock:
            return not self._left and not self._at_work

    def begin(self) -> Callable[[], None] | None:
        """Return a function that processes the next item, or None where there is none or `at_once` are at work."""
        with self._lock:
            if not self._left or self._at_work >= self._at_once:
                return None
            self._at_work += 1
            item = self._left.popleft()
        return lambda: self._finish(item)

    def end_if_over(self) -> None:
        """Call `on_end` if no item is at work and none is left, unless it was called before."""
        with self._lock:
            if self._ended or self._left or self._at_work:
                return
            self._ended = True
        try:
            self._on_end()
        except BaseException as error:  # `results` raises it
            self._stop(error)
        self._decided.set()

    def _finish(self, item: _Item) -> None:
        try:
            self._keep(self._process(item))
        except BaseException as error:  # `results` raises it
            self._stop(error)
        with self._lock:
            self._at_work -= 1
        self.end_if_over()

    def _keep(self, result: _Result) -> None:
        with self._lock:
            if self._error is not None:
                return
            self._results.append(result)
        self._on_result(result)

    def _stop(self, error: BaseException) -> None:
        with self._lock:
            if self._error is None:
                self._error = error
            self._left.clear()
            self._results = []
        self._decided.set()


class Workers:
    """Processes the items of all `Work` in the order in which it was submitted, a limited number at a time.

    Args:
        limit: how many items may be at work at the same time.
        memory: the limit of `budget`, in bytes.

    Attributes:
        budget: the memory that items at work share.
    """

    def __init__(self, limit: int, memory: int) -> None:
        self.budget = MemoryBudget(memory)
        self._limit = limit
        self._running = 0
        self._works: list[Work] = []
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def set_limits(self, limit: int, memory: int) -> None:
        """Replace the limits that were given before. Items at work are finished and count towards the new limits."""
        with self._lock:
            self._limit = limit
        self.budget.limit = memory

    def submit(
        self,
        items: Iterable[_Item],
        process: Callable[[_Item], _Result],
        on_result: Callable[[_Result], None] = _do_nothing,
        on_end: Callable[[], None] = _do_nothing,
        at_once: int = sys.maxsize,
    ) -> Work[_Item, _Result]:
        """Begin to process items, and return at once.

        Args:
            items: what to process.
            process: is called with each item in a worker.
            on_result: is called with each result as soon as there is one, unless the work was cancelled.
            on_end: is called once, when no item is at work and none is left, including after an error or `cancel`.
            at_once: how many of these items may be at work at the same time.
        """
        work = Work(items, process, on_result, on_end, at_once)
        with self._lock:
            self._works.append(work)
            self._start_workers(min(work.waiting, at_once))
        work.end_if_over()  # where there are no items
        return work

    def close(self) -> None:
        """Cancel all work, and stop the workers. A later `submit` starts new ones."""
        with self._lock:
            works, self._works = self._works, []
            threads, self._threads = self._threads, None
        for work in works:
            work.cancel()
        if threads:
            threads.shutdown(wait=False)

    def _start_workers(self, wanted: int) -> None:
        if self._threads is None:  # it keeps its threads: what they have loaded or opened serves the next work
            self._threads = ThreadPoolExecutor(sys.maxsize, thread_name_prefix="resize")
        for _ in range(min(wanted, self._limit - self._running)):
            self._threads.submit(self._run)
            self._running += 1

    def _run(self) -> None:
        while finish := self._next():
            finish()

    def _next(self) -> Callable[[], None] | None:
        """Begin an item, and return a function that finishes it; None ends a worker."""
        with self._lock:
            self._works = [work for work in self._works if not work.is_over()]
            if self._running <= self._limit:
                for work in self._works:
                    if finish := work.begin():
                        return finish
            self._running -= 1
            return None


_of_process: Workers | None = None
_lock = threading.Lock()


def workers_for(config: ResizeConfig) -> Workers:
    """Return the workers of this process, with the limits of `config`.

    There is one set a process. If pipelines of several configurations share the process, they share the workers and
    the memory, and the limits are those of the configuration that was given last.
    """
    global _of_process
    limits = config.threads, _memory(config)
    with _lock:
        if _of_process is None:
            _of_process = Workers(*limits)
        else:
            _of_process.set_limits(*limits)
        return _of_process


def close_workers() -> None:
    """Cancel all work of this process, whose results are not needed after a run that failed."""
    with _lock:
        if _of_process is not None:
            _of_process.close()


def _memory(config: ResizeConfig) -> int:
    processes = (os.cpu_count() or 1) if config.process_per_core else 1
    return config.memory or machine_memory() // 2 // processes
