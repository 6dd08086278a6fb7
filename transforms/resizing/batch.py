"""Sources to process, and their results."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError

from transforms.model.records import Source
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import PackedResult, WorkerSettings


class Batch:
    """Sources that the workers process. `Workers.submit` documents the arguments, and returns an object of this class.

    After an error or `cancel`, the object refers to no source and no result.
    """

    def __init__(self, sources: Iterable[Source], settings: WorkerSettings, on_result: Callable[[bool], None]) -> None:
        self.settings = settings
        self._left = deque(sources)
        self._on_result = on_result
        self._at_work = 0
        self._results: list[SourceResult | PackedResult] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._decided = threading.Event()  # set when `results` can return or raise
        self._decide_if_over()

    def results(self) -> list[SourceResult]:
        """Wait until all sources are processed, and return their results in the order in which they were finished.

        Call this method once.

        Raises:
            CancelledError: the batch was cancelled.
            BaseException: the error that a worker raised. Sources that no worker has begun are dropped in that case.
        """
        self._decided.wait()
        with self._lock:
            if self._error is not None:
                raise self._error
            packed, self._results = self._results, []
        packed.reverse()
        results = []
        while packed:  # one at a time, since outputs may have many bytes
            result = packed.pop()
            results.append(result.unpack() if isinstance(result, PackedResult) else result)
        return results

    def cancel(self) -> None:
        """Drop all results, and the sources that no worker has begun. Return at once.

        Sources that are being processed are finished in the background, and their results are dropped too.
        """
        with self._lock:
            self._error = None  # its traceback may refer to an image
        self.stop(CancelledError("the batch was cancelled"))

    # Only `Dispatcher` uses the following members.

    @property
    def is_over(self) -> bool:
        """Whether no source is left, and no source is being processed whose result is needed."""
        with self._lock:
            return not self._left and (not self._at_work or self._error is not None)

    @property
    def is_stopped(self) -> bool:
        """Whether results are dropped, because of an error or `cancel`."""
        return self._error is not None

    def begin(self) -> Source | None:
        """Return the next source, or None if there is none."""
        with self._lock:
            if not self._left:
                return None
            self._at_work += 1
            return self._left.popleft()

    def finish(self, result: SourceResult | PackedResult) -> None:
        """Store the result of a source that was begun."""
        with self._lock:
            is_kept = self._error is None
            if is_kept:
                self._results.append(result)
        if is_kept:
            self._on_result(result.failed)
        with self._lock:
            self._at_work -= 1  # last, so that `results` returns after `on_result`
        self._decide_if_over()

    def stop(self, error: BaseException) -> None:
        """Make `results` raise an error, and drop all results and the sources that no worker has begun."""
        with self._lock:
            if self._error is None:
                self._error = error
            self._left.clear()
            self._results = []
        self._decided.set()

    def _decide_if_over(self) -> None:
        if self.is_over:
            self._decided.set()
