"""The worker processes of this process, and their shared memory budget: one set for all DoFns and configurations."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable

from transforms.model.config import ResizeConfig
from transforms.model.records import Source
from transforms.resizing.batch import Batch
from transforms.resizing.dispatcher import Dispatcher
from transforms.resizing.memory import machine_memory
from transforms.resizing.worker import WorkerSettings
from transforms.resizing.worker_process import cannot_start

# The number of processes that are started before the number of images is known.
_WARM = 4


def _do_nothing(_failed: bool) -> None: ...


class Workers:
    """Processes the sources of all batches in the order of submission, in a limited number of processes.

    A process is started when it is first needed, and reused for later batches.

    Args:
        limit: the number of processes.
        memory: the bytes that decoded images may use in all processes together.
    """

    def __init__(self, limit: int, memory: int) -> None:
        self._limits = limit, memory
        self._lock = threading.Lock()
        self._dispatcher: Dispatcher | None = None

    @property
    def memory(self) -> int:
        """The bytes that decoded images may use in all processes together."""
        return self._limits[1]

    def set_limits(self, limit: int, memory: int) -> None:
        """Replace the limits. Images that are being processed are finished, and count toward the new limits."""
        with self._lock:
            self._limits = limit, memory
            if self._dispatcher:
                self._dispatcher.limit, self._dispatcher.memory = limit, memory

    def submit(
        self,
        sources: Iterable[Source],
        settings: WorkerSettings,
        on_result: Callable[[bool], None] = _do_nothing,
    ) -> Batch:
        """Start processing sources, and return at once.

        Args:
            sources: the sources to process.
            settings: the settings of all these sources.
            on_result: is called as soon as a result is available, with its `failed`, unless the batch was cancelled.

        Raises:
            RunError: the system lacks resources for the processes.
        """
        batch = Batch(sources, settings, on_result)
        with self._lock:
            self._running_dispatcher().add(batch)
        return batch

    def warm_up(self) -> None:
        """Start the first processes, which load while the caller prepares the first batch. Return at once.

        Raises:
            RunError: the system lacks resources for them.
        """
        with self._lock:
            self._running_dispatcher().warm_up(_WARM)

    def _running_dispatcher(self) -> Dispatcher:
        if self._dispatcher is None:
            try:
                self._dispatcher = Dispatcher(*self._limits)
            except OSError as error:
                raise cannot_start(error) from error
            self._dispatcher.start()
        return self._dispatcher

    def close(self) -> None:
        """Cancel all batches, and end the processes. A later `submit` starts new ones."""
        with self._lock:
            dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher:
            dispatcher.close()


_of_process: Workers | None = None
_lock = threading.Lock()


def workers_for(config: ResizeConfig) -> Workers:
    """Return the workers of this process, with the limits of `config`.

    Each process has one set of workers. If pipelines with several configurations share the process, they share the
    workers and the memory, and the limits are those of the latest call.
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
    """Cancel all batches of this process, and end its workers. The results are not needed after a failed run."""
    with _lock:
        if _of_process is not None:
            _of_process.close()


def _memory(config: ResizeConfig) -> int:
    processes = (os.cpu_count() or 1) if config.process_per_core else 1
    return config.memory or machine_memory() // 2 // processes
