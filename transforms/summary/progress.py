"""The progress of a run."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping

from transforms.model.records import Shard, Tally
from transforms.summary.tally import add


class Progress:
    """The progress of the run in this process. Worker threads update it, and other threads display it.

    Attributes:
        total: the number of images; None until the listing is complete.
        done: the number of images that this run or an earlier one has finished.
        resumed: the number of those that an earlier run has committed.
        failed: the number of those that have failed.
        committed: the number of images in committed shards.
        latest: the shard that was committed last; None if there is none.
        seconds: stage -> thread time of this run, for the shards that it has committed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Reset all values for a new run."""
        with self._lock:
            self.total: int | None = None
            self.done = self.resumed = self.failed = self.committed = 0
            self.latest: Shard | None = None
            self.seconds: dict[str, float] = {}
            self._tally: Tally = {}

    def set_total(self, images: int) -> None:
        """Set the number of images, once the listing is complete."""
        with self._lock:
            self.total = images

    def set_counts(self, *, done: int, resumed: int, failed: int, committed: int) -> None:
        """Set the counts of a job that another process follows."""
        with self._lock:
            self.done, self.resumed, self.failed, self.committed = done, resumed, failed, committed

    def set_seconds(self, seconds: Mapping[str, float]) -> None:
        """Set the thread time of a job that another process followed."""
        with self._lock:
            self.seconds = dict(seconds)

    def add_result(self, failed: bool) -> None:
        """Count an image that is finished."""
        with self._lock:
            self.done += 1
            self.failed += failed

    def add_resumed_shard(self, shard: Shard, tally: Tally) -> None:
        """Add a shard that an earlier run has committed."""
        with self._lock:
            self.done += tally["images"]["matched"]
            self.resumed += tally["images"]["matched"]
            self.failed += tally["images"]["failed"]
            self._add_shard(shard, tally)

    def add_committed_shard(self, shard: Shard, tally: Tally, seconds: Mapping[str, float]) -> None:
        """Add a shard that this run has committed, and the thread time of its stages."""
        with self._lock:
            self._add_shard(shard, tally)
            add(self.seconds, seconds)

    def _add_shard(self, shard: Shard, tally: Tally) -> None:
        self.latest = shard
        self.committed += tally["images"]["matched"]
        add(self._tally, tally)

    def tally(self) -> Tally:
        """Return the tally of all committed shards; {} if there are none yet."""
        with self._lock:
            return copy.deepcopy(self._tally)


# A global, so that all threads share it.
progress = Progress()
