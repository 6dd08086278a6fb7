"""What a run counts: Beam's counters, and the progress that a local run shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from apache_beam.metrics import Metrics

NAMESPACE = "downsampled-open-images"


def count(tally: Mapping[str, Any], msec: int) -> None:
    """Adds a shard's tally to the job's counters.

    Args:
        tally: see `summarize.tally`.
        msec: thread time that its images took.
    """
    outputs = tally["outputs"].values()
    counts = {
        "in-images": tally["images"]["matched"],
        "in-bytes": tally["source_bytes"],
        "out-images": sum(output["images"] for output in outputs),
        "out-bytes": sum(output["bytes"] for output in outputs),
        "resize-msec": msec,
        **{f"failed-{kind}": number for kind, number in tally["failures"].items()},
    }
    for name, number in counts.items():
        Metrics.counter(NAMESPACE, name).inc(number)


class Progress:
    """How far the run in this process is. Written by worker threads, read by the one that shows it.

    Attributes:
        total: images that were matched; None until they are listed.
        done: images that need nothing more, in this run or an earlier one.
        resumed: those of them that an earlier run had committed.
        failed: those of them that failed.
        committed: images of shards that are committed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forgets all: a new run begins."""
        with self._lock:
            self.total: int | None = None
            self.done = self.resumed = self.failed = self.committed = 0

    def listed(self, images: int) -> None:
        """The listing is complete."""
        with self._lock:
            self.total = images

    def worked(self, failed: bool) -> None:
        """One more image was resized, or failed."""
        with self._lock:
            self.done += 1
            self.failed += failed

    def passed_over(self, images: int, failed: int) -> None:
        """A shard was found committed."""
        with self._lock:
            self.done += images
            self.resumed += images
            self.failed += failed
            self.committed += images

    def commit(self, images: int) -> None:
        """A shard was committed."""
        with self._lock:
            self.committed += images


# A global of this module, so that worker threads and the terminal's thread mean the same one.
progress = Progress()
