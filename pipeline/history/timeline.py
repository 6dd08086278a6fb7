"""The course of a run: how long each of its phases took, and how many images were done when."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.summary.progress import Progress

# Points that are kept, however long the run is.
MOST_POINTS = 200
# Seconds between the first two.
_FIRST_STEP = 0.25


class Phase(enum.StrEnum):
    """What a run is at."""

    STARTING = "starting"
    LISTING = "listing"
    RESIZING = "resizing"
    FINISHING = "finishing"


def phase_of(progress: Progress) -> Phase:
    """What a run that has started is at, by its counters."""
    if progress.total is None or not progress.done:
        return Phase.LISTING
    return Phase.RESIZING if progress.committed < progress.total else Phase.FINISHING


class Series:
    """(seconds, images) now and then: at most `MOST_POINTS`, at steps that double when there are so many."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self._step = _FIRST_STEP

    def add(self, seconds: float, images: int) -> None:
        """Takes a point unless the one before is too near."""
        if self.points and seconds < self.points[-1][0] + self._step:
            return
        self.points.append((round(seconds, 2), images))
        if len(self.points) == MOST_POINTS:
            self.points = self.points[::2]
            self._step *= 2


class RunTimeline:
    """Is told the time and looks at the counters, again and again.

    Args:
        progress: the counters.
        starting: seconds that the command took before the run began.
    """

    def __init__(self, progress: Progress, starting: float) -> None:
        self._progress = progress
        self._seconds = {Phase.STARTING: starting}
        self._series = Series()
        self._last = 0.0

    def look(self, seconds: float) -> None:
        """What has passed since the look before belongs to the phase that the run is in now.

        Args:
            seconds: since the run began.
        """
        phase = phase_of(self._progress)
        self._seconds[phase] = self._seconds.get(phase, 0.0) + seconds - self._last
        self._last = seconds
        if phase is Phase.RESIZING:
            self._series.add(seconds, self._progress.done - self._progress.resumed)

    def figures(self) -> dict[str, Any]:
        """Seconds by phase, thread time by stage, and the series, which ends with what is so by now."""
        now = (round(self._last, 2), self._progress.done - self._progress.resumed)
        points = self._series.points
        return {
            "phases": {phase: round(self._seconds[phase], 3) for phase in Phase if phase in self._seconds},
            "stages": {stage: round(seconds, 3) for stage, seconds in sorted(self._progress.seconds.items())},
            "series": [*points, *([now] if not points or now[1] > points[-1][1] else [])],
        }
