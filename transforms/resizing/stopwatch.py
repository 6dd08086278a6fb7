"""The thread time that each stage of an image takes."""

from __future__ import annotations

import time

# Computing the SHA-256 of the source, and writing outputs to temporary files. No image fails in these steps, so they
# are not members of `Stage`.
HASH, WRITE = "hash", "write"


class Stopwatch:
    """Adds up the time of the current thread by stage, in seconds. Thread time passes only while the thread runs."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.thread_time()

    def lap(self, stage: str) -> None:
        """Add the time since the previous lap to `stage`."""
        now = time.thread_time()
        name = str(stage)  # not a `Stage`, which would make the pickle of a result larger
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now
