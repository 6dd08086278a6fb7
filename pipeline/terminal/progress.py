"""How far a local run is: a bar on a terminal, lines in the log elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

from loguru import logger
from tqdm import tqdm

from pipeline.history.timeline import RunTimeline
from transforms.summary.progress import Progress

# Seconds between two looks at the counters.
_PERIOD = 0.05


class ProgressReporter:
    """Follows a run's counters.

    Args:
        progress: the counters.
        verbose: images between two lines in the log.
        starting: seconds that the command took before the run.
    """

    def __init__(self, progress: Progress, verbose: int, starting: float = 0.0) -> None:
        self._progress = progress
        self._course = RunTimeline(progress, starting)
        self._verbose = verbose
        self._next_line = verbose
        self._start = time.monotonic()

    def follow(self, alive: Callable[[float], bool], stop: Callable[[], bool]) -> None:
        """Shows progress until the run ends.

        Args:
            alive: waits for some seconds; whether the run still goes on then.
            stop: whether to leave it before its end.
        """
        bar: tqdm | None = None
        with contextlib.ExitStack() as stack:
            while alive(_PERIOD) and not stop():
                if bar is None and self._progress.total is not None and sys.stderr.isatty():
                    bar = stack.enter_context(_bar(self._progress.total))
                self._show(bar)
            self._show(bar)

    def _show(self, bar: tqdm | None) -> None:
        progress = self._progress
        self._course.look(self.seconds())
        if bar is not None:
            bar.initial = progress.resumed  # so that the rate is this run's
            bar.set_postfix_str(f"{progress.failed} failed", refresh=False)
            bar.update(progress.done - bar.n)
        if progress.done >= self._next_line:
            self._next_line = progress.done - progress.done % self._verbose + self._verbose
            logger.bind(progress=True).info(self.line())

    def line(self) -> str:
        """How far the run is, and how fast."""
        progress = self._progress
        total = progress.total or 0
        rate = self.rate()
        left = f"{(total - progress.done) / rate:,.0f} s left" if rate else "time left unknown"
        share = 100 * progress.done / total if total else 0
        return (
            f"{progress.done:,} of {total:,} images ({share:.0f} %), {rate:,.1f} images/s, {left}, "
            f"{progress.failed:,} failed"
        )

    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._start

    def rate(self) -> float:
        """Images a second, without those that an earlier run had committed."""
        return (self._progress.done - self._progress.resumed) / max(self.seconds(), 1e-9)

    def figures(self) -> dict[str, Any]:
        """The run in numbers."""
        resized = self._progress.done - self._progress.resumed
        return {
            "seconds": round(self.seconds(), 3),
            "images": resized,
            "images_per_second": round(self.rate(), 3),
            **self._course.figures(),
        }

    def conclusion(self) -> str:
        """The run in a sentence."""
        progress = self._progress
        resized = progress.done - progress.resumed
        if not resized:
            return f"nothing to do: all {progress.done:,} images were committed already, and none was read"
        earlier = f", {progress.resumed:,} were committed already" if progress.resumed else ""
        return f"done: {resized:,} images in {self.seconds():,.1f} s, {self.rate():,.1f} images/s{earlier}"


def _bar(total: int) -> tqdm:
    return tqdm(total=total, unit=" images", dynamic_ncols=True, smoothing=0.05, file=sys.stderr)
