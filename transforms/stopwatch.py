"""Where an image's time goes: the thread time of each stage."""

from __future__ import annotations

import time

from transforms.imaging.errors import Stage

# What is no stage at which an image can fail: the SHA-256 of the source.
HASH = "hash"

STAGES = (Stage.READ, Stage.DECODE, Stage.RESIZE, Stage.ENCODE, HASH)


class Stopwatch:
    """Adds up this thread's time, which passes only while it works, in seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.thread_time()

    def lap(self, stage: str) -> None:
        """What has passed since the lap before was spent on `stage`."""
        now = time.thread_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
