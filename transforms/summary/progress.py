"""What a run counts: Beam's counters, and the progress that a local run shows."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping

from transforms.model.records import Shard, Tally
from transforms.summary.tally import add


class Progress:
    """How far the run in this process is. Written by worker threads, read by the one that shows it.

    Attributes:
        total: images that were matched; None until they are listed.
        done: images that need nothing more, in this run or an earlier one.
        resumed: those of them that an earlier run had committed.
        failed: those of them that failed.
        committed: images of shards that are committed.
        latest: the shard that was committed last.
        seconds: of thread time by stage, in this run.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forgets all: a new run begins."""
        with self._lock:
            self.total: int | None = None
            self.done = self.resumed = self.failed = self.committed = 0
            self.latest: Shard | None = None
            self.seconds: dict[str, float] = {}
            self._tally: Tally = {}

    def listed(self, images: int) -> None:
        """The listing is complete."""
        with self._lock:
            self.total = images

    def worked(self, failed: bool, seconds: Mapping[str, float]) -> None:
        """One more image was resized, or failed; it took so many seconds of thread time, by stage."""
        with self._lock:
            self.done += 1
            self.failed += failed
            add(self.seconds, seconds)

    def passed_over(self, shard: Shard, tally: Tally) -> None:
        """A shard was found committed."""
        with self._lock:
            self.done += tally["images"]["matched"]
            self.resumed += tally["images"]["matched"]
            self.failed += tally["images"]["failed"]
            self._commit(shard, tally)

    def commit(self, shard: Shard, tally: Tally) -> None:
        """A shard was committed."""
        with self._lock:
            self._commit(shard, tally)

    def _commit(self, shard: Shard, tally: Tally) -> None:
        self.latest = shard
        self.committed += tally["images"]["matched"]
        add(self._tally, tally)

    def tally(self) -> Tally:
        """That of all shards that are committed; {} where there is none yet."""
        with self._lock:
            return copy.deepcopy(self._tally)


# A global of this module, so that worker threads and the terminal's thread mean the same one.
progress = Progress()
