"""The timeline of a run: the seconds of each phase, and the number of images that are done over time."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.summary.progress import Progress

# The maximum number of points in a series, however long the run takes.
MAX_POINTS = 200
# Seconds between the first two points.
_FIRST_STEP = 0.25


class Phase(enum.StrEnum):
    """The phases of a run, in order."""

    STARTING = "starting"
    LISTING = "listing"
    RESIZING = "resizing"
    FINISHING = "finishing"


def phase_of(progress: Progress) -> Phase:
    """Return the current phase of a started run, based on its counters."""
    if progress.total is None or not progress.done:
        return Phase.LISTING
    return Phase.RESIZING if progress.committed < progress.total else Phase.FINISHING


class Series:
    """Points (seconds, images). There are fewer than `MAX_POINTS`: whenever there are that many, the step doubles."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self._step = _FIRST_STEP

    def add(self, seconds: float, images: int) -> None:
        """Add a point, unless it is less than a step after the last one."""
        if self.points and seconds < self.points[-1][0] + self._step:
            return
        self.points.append((round(seconds, 2), images))
        if len(self.points) == MAX_POINTS:
            self.points = self.points[::2]
            self._step *= 2


class RunTimeline:
    """Records how a run's counters change over time.

    Args:
        progress: the counters.
        startup_seconds: the seconds from the start of the command to the start of the run.
    """

    def __init__(self, progress: Progress, startup_seconds: float) -> None:
        self._progress = progress
        self._seconds = {Phase.STARTING: startup_seconds}
        self._series = Series()
        self._last = 0.0
        self._end: tuple[float, int] | None = None  # when all images were first seen as committed, and their number

    def record(self, seconds: float) -> None:
        """Read the counters, and add the time since the last call to the current phase.

        Args:
            seconds: the seconds since the run started.
        """
        phase = phase_of(self._progress)
        self._seconds[phase] = self._seconds.get(phase, 0.0) + seconds - self._last
        self._last = seconds
        images = self._progress.done - self._progress.resumed
        if phase is Phase.RESIZING:
            self._series.add(seconds, images)
        elif phase is Phase.FINISHING and self._end is None:
            self._end = round(seconds, 2), images

    def figures(self) -> dict[str, Any]:
        """Return the seconds of each phase, the thread time of each stage, and the series up to the last record."""
        last = self._end or (round(self._last, 2), self._progress.done - self._progress.resumed)
        points = self._series.points
        return {
            "phases": {phase: round(self._seconds[phase], 3) for phase in Phase if phase in self._seconds},
            "stages": {stage: round(seconds, 3) for stage, seconds in sorted(self._progress.seconds.items())},
            "series": [*points, *([last] if not points or last[1] > points[-1][1] else [])],
        }
