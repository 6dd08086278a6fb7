"""The progress of a run: a bar on a terminal, and lines in the log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

from loguru import logger
from tqdm import tqdm

from pipeline.history.timeline import RunTimeline
from pipeline.terminal.heartbeat import heartbeat
from transforms.model.counting import counted
from transforms.summary.progress import Progress

# Seconds between two reads of the counters.
_PERIOD = 0.05


class ProgressReporter:
    """Follows a run's counters, and shows and summarizes them.

    Args:
        progress: the counters.
        verbose: the number of images between two lines in the log.
        startup_seconds: the seconds from the start of the command to the start of the run.
        has_bar: whether to show a bar.
    """

    def __init__(self, progress: Progress, verbose: int, startup_seconds: float = 0.0, has_bar: bool = False) -> None:
        self._progress = progress
        self._has_bar = has_bar
        self._timeline = RunTimeline(progress, startup_seconds)
        self._verbose = verbose
        self._next_line = verbose
        self._start = time.monotonic()
        self._doing, self._doing_since = "listing the input", self._start
        self._paced: tuple[float, int] | None = None

    def begin(self, doing: str) -> None:
        """Set the activity that status lines name until the images are listed, such as "listing the input"."""
        self._doing, self._doing_since = doing, time.monotonic()

    def follow(self, wait: Callable[[float], bool], should_stop: Callable[[], bool]) -> None:
        """Show the progress until the run ends.

        Args:
            wait: waits for the end of the run, for at most a number of seconds; returns whether the run continues.
            should_stop: returns whether to stop following before the run ends.
        """
        bar: tqdm | None = None
        with heartbeat(lambda: _log_progress(self.state())), contextlib.ExitStack() as stack:
            while wait(_PERIOD) and not should_stop():
                if bar is None and self._has_bar and self._progress.total is not None:
                    bar = stack.enter_context(_bar(self._progress.total))
                self._show(bar)
            self._show(bar)

    def _show(self, bar: tqdm | None) -> None:
        progress = self._progress
        self._timeline.record(self.seconds())
        if self._paced is None and progress.total is not None:
            self._paced = self.seconds(), progress.done
        if bar is not None:
            bar.initial = progress.resumed  # so that the rate counts only this run's images
            bar.set_postfix_str(f"{progress.failed} failed", refresh=False)
            bar.update(progress.done - bar.n)
        if progress.done >= self._next_line:
            self._next_line = progress.done - progress.done % self._verbose + self._verbose
            _log_progress(self.line())

    def state(self) -> str:
        """Return a line about the current activity of the run."""
        progress = self._progress
        if progress.total is None:
            return f"{self._doing}: {_duration(time.monotonic() - self._doing_since)} so far"
        if progress.total and progress.committed >= progress.total:
            return f"all {counted(progress.total, 'image')} done: writing the manifest, the card and the checksums"
        return self.line()

    def line(self) -> str:
        """Return a line with the progress and the rate."""
        progress = self._progress
        total = progress.total or 0
        rate = self._pace() or self.rate()
        if progress.done == total:
            left = "0 s left"
        else:
            left = f"{_duration((total - progress.done) / rate)} left" if rate else "time left unknown"
        share = 100 * progress.done / total if total else 0
        return (
            f"{progress.done:,} of {counted(total, 'image')} ({share:.0f} %), {rate:,.1f} images/s, {left}, "
            f"{progress.failed:,} failed"
        )

    def seconds(self) -> float:
        """Return the seconds since the run started."""
        return time.monotonic() - self._start

    def _pace(self) -> float:
        """Return the images per second since the end of the listing, which a cluster may reach only after minutes."""
        seconds, done = self._paced or (0.0, self._progress.resumed)
        return (self._progress.done - max(done, self._progress.resumed)) / max(self.seconds() - seconds, 1e-9)

    def rate(self) -> float:
        """Return the images per second of this run, without images that an earlier run committed."""
        return self._rate_after(self.seconds())

    def _rate_after(self, seconds: float) -> float:
        return (self._progress.done - self._progress.resumed) / max(seconds, 1e-9)

    def figures(self) -> dict[str, Any]:
        """Return the figures of the run for its record."""
        seconds = self.seconds()
        return {
            "seconds": round(seconds, 3),
            "images": self._progress.done - self._progress.resumed,
            "images_per_second": round(self._rate_after(seconds), 3),
            "matched": self._progress.done,
            "failed": self._progress.failed,
            **self._timeline.figures(),
        }

    def conclusion(self) -> str:
        """Return a sentence about the completed run."""
        progress = self._progress
        resized = progress.done - progress.resumed
        if not resized:
            if progress.done == 1:
                return "nothing to do: the only image was already committed, and was not read"
            return f"nothing to do: all {progress.done:,} images were already committed, and none was read"
        were = "was" if progress.resumed == 1 else "were"
        earlier = f", {progress.resumed:,} {were} already committed" if progress.resumed else ""
        seconds = self.seconds()
        rate = self._rate_after(seconds)
        return f"done: {counted(resized, 'image')} in {seconds:,.1f} s, {rate:,.1f} images/s{earlier}"


def _log_progress(line: str) -> None:
    """Log a line that the terminal does not show if it has a progress bar."""
    logger.bind(progress=True).info("{}", line)


def _duration(seconds: float) -> str:
    """Return a duration such as "95 s", "25 min" or "3.5 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def _bar(total: int) -> tqdm:
    return tqdm(total=total, unit=" images", dynamic_ncols=True, smoothing=0.05, file=sys.stderr)


def committed_so_far(progress: Progress, is_continued: bool) -> str:
    """Return how many images are committed when a run is stopped.

    Args:
        progress: the counters of the run. They count an image that an earlier run committed only when this run
            reaches it.
        is_continued: whether the run continues a dataset.
    """
    if is_continued and not progress.committed:
        return "nothing new committed"
    if not progress.total:
        return "nothing committed"
    at_least = "at least " if is_continued and progress.committed < progress.total else ""
    return f"{at_least}{progress.committed:,} of {counted(progress.total, 'image')} committed"
