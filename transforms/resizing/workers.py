"""The worker processes of this process, and the memory that they share: one set for all DoFns and configurations."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from transforms.model.config import ResizeConfig
from transforms.model.records import Source
from transforms.resizing.lane import Lane, LaneItem
from transforms.resizing.memory_budget import MemoryBudget, machine_memory
from transforms.resizing.process import SourceResult, read
from transforms.resizing.work import Work
from transforms.resizing.worker import Job
from transforms.storage import is_local

# Files of a store that are read at the same time for each worker process.
_READERS = 4


def _do_nothing(_result: SourceResult) -> None: ...


class Workers:
    """Processes the sources of all `Work` in the order in which it was submitted, in a limited number of processes.

    A process is started when it is first needed, and kept for the next work. A thread feeds each of them.

    Args:
        limit: the number of processes.
        memory: the bytes that decoded images may take in all of them together.
    """

    def __init__(self, limit: int, memory: int) -> None:
        self._limit = limit
        self._budget = MemoryBudget(memory)
        self._works: list[Work] = []
        self._running: set[Lane] = set()
        self._idle: list[Lane] = []
        self._lock = threading.Lock()
        self._readers: ThreadPoolExecutor | None = None

    @property
    def memory(self) -> int:
        """The bytes that decoded images may take in all processes together."""
        return self._budget.limit

    def set_limits(self, limit: int, memory: int) -> None:
        """Replace the limits that were given before. Images at work are finished and count towards the new limits."""
        with self._lock:
            self._limit = limit
        self._budget.limit = memory

    def submit(
        self, sources: Iterable[Source], job: Job, on_result: Callable[[SourceResult], None] = _do_nothing
    ) -> Work:
        """Begin to process sources, and return at once.

        Args:
            sources: what to process.
            job: what to make of them.
            on_result: is called with each result as soon as there is one, unless the work was cancelled.
        """
        work = Work(sources, job, on_result)
        with self._lock:
            self._works = [*self._works_not_over(), work]
            self._start_lanes(work.left)
        return work

    def close(self) -> None:
        """Cancel all work, and end the processes. A later `submit` starts new ones."""
        with self._lock:
            works, self._works = self._works, []
            lanes, self._idle = [*self._running, *self._idle], []
            readers, self._readers = self._readers, None
        for work in works:
            work.cancel()
        for lane in lanes:
            lane.end()
        if readers:
            readers.shutdown(wait=False, cancel_futures=True)

    def _start_lanes(self, wanted: int) -> None:
        for _ in range(min(wanted, self._limit - len(self._running))):
            lane = self._idle.pop() if self._idle else Lane(self._take, self._budget)
            self._running.add(lane)
            threading.Thread(target=self._run, args=(lane,), name="worker", daemon=True).start()

    def _run(self, lane: Lane) -> None:
        while True:
            lane.run(self._budget.limit // self._limit)
            with self._lock:
                if lane.is_ended or not self._has_items():
                    self._running.discard(lane)
                    self._idle += [] if lane.is_ended else [lane]
                    return

    def _has_items(self) -> bool:
        """Return whether a lane may take an item. Call this with the lock."""
        self._works = self._works_not_over()  # so that nothing refers to their results
        return len(self._running) <= self._limit and any(work.left for work in self._works)

    def _works_not_over(self) -> list[Work]:
        return [work for work in self._works if not work.is_over]

    def _take(self) -> LaneItem | None:
        with self._lock:
            if len(self._running) > self._limit:
                return None
            for work in self._works:
                if source := work.begin():
                    return LaneItem(work, source, self._read(source))
        return None

    def _read(self, source: Source) -> Future[bytes] | None:
        """Begin to read a file of a store. A worker reads a local file by itself."""
        if is_local(source.location):
            return None
        if self._readers is None:
            self._readers = ThreadPoolExecutor(_READERS * self._limit, thread_name_prefix="read")
        return self._readers.submit(read, source.location)


_of_process: Workers | None = None
_lock = threading.Lock()


def workers_for(config: ResizeConfig) -> Workers:
    """Return the workers of this process, with the limits of `config`.

    There is one set a process. If pipelines of several configurations share the process, they share the workers and
    the memory, and the limits are those of the configuration that was given last.
    """
    global _of_process
    limits = config.processes, _memory(config)
    with _lock:
        if _of_process is None:
            _of_process = Workers(*limits)
        else:
            _of_process.set_limits(*limits)
        return _of_process


def close_workers() -> None:
    """Cancel all work of this process, whose results are not needed after a run that failed, and end its workers."""
    with _lock:
        if _of_process is not None:
            _of_process.close()


def _memory(config: ResizeConfig) -> int:
    processes = (os.cpu_count() or 1) if config.process_per_core else 1
    return config.memory or machine_memory() // 2 // processes
