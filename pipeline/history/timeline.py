"""The timeline of a run: the seconds of each phase, and the number of images that were done over time."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.summary.progress import Progress

# The largest number of points that a series keeps, however long the run takes.
MAX_POINTS = 200
# Seconds between the first two points.
_FIRST_STEP = 0.25


class Phase(enum.StrEnum):
    """The phases of a run, in their order."""

    STARTING = "starting"
    LISTING = "listing"
    RESIZING = "resizing"
    FINISHING = "finishing"


def phase_of(progress: Progress) -> Phase:
    """Return the phase that the counters of a started run show."""
    if progress.total is None or not progress.done:
        return Phase.LISTING
    return Phase.RESIZING if progress.committed < progress.total else Phase.FINISHING


class Series:
    """Points (seconds, images): fewer than `MAX_POINTS`, since the step doubles whenever there are that many."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self._step = _FIRST_STEP

    def add(self, seconds: float, images: int) -> None:
        """Add a point unless it is less than a step after the last one."""
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
        startup_seconds: the seconds from the beginning of the command to the beginning of the run.
    """

    def __init__(self, progress: Progress, startup_seconds: float) -> None:
        self._progress = progress
        self._seconds = {Phase.STARTING: startup_seconds}
        self._series = Series()
        self._last = 0.0
        self._end: tuple[float, int] | None = None  # when the last image was seen to be committed

    def record(self, seconds: float) -> None:
        """Read the counters, and assign the time since the last call to the phase that the run is in now.

        Args:
            seconds: the seconds since the run began.
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
