"""One worker process and the items that were sent to it. `Dispatcher` decides which."""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.records import Source
from transforms.resizing.source_result import SourceResult, without_output
from transforms.resizing.work import Work
from transforms.resizing.worker import Reply, Task
from transforms.resizing.worker_process import WorkerProcess

# The seconds of work that a process has before it, and the most images that this may be: more would let one process
# work alone at the end of a run.
_SECONDS_AHEAD, _IMAGES_AHEAD = 0.03, 8


class Item(NamedTuple):
    """A source that was taken from its work, and the content of its file; None if the worker reads it."""

    work: Work
    source: Source
    data: bytes | None


class Lane:
    """A worker process and the items that were sent to it.

    Args:
        number: the lanes are numbered from 0.

    Attributes:
        process: the process; None if there is none.
        granted: the bytes of memory that its images may take; 0 while nothing is sent.
        is_alone: whether no item may be sent beside the one that is.
        is_second_try: whether that is an item that another process died of.
        is_flushed_later: whether a part of what is sent has yet to be written to the process.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: WorkerProcess | None = None
        self.granted = 0
        self.is_alone = self.is_second_try = self.is_flushed_later = False
        self._sent: deque[Item] = deque()
        self._seconds = _SECONDS_AHEAD  # that an image takes, at first a guess
        self._latest = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is sent."""
        return not self._sent

    def has_room(self) -> bool:
        """Return whether a further item may be sent."""
        if not self._sent:
            return True
        return not self.is_alone and len(self._sent) < min(_IMAGES_AHEAD, 1 + _SECONDS_AHEAD / self._seconds)

    def send(self, item: Item) -> None:
        """Send an item to the process."""
        assert self.process is not None
        if not self._sent:
            self._latest = time.perf_counter()
        self._sent.append(item)
        self.process.send(item.work.job, Task(item.source, item.data, self.granted))

    def receive(self) -> list[tuple[Item, Reply]]:
        """Return the items whose replies have arrived.

        Raises:
            WorkerDiedError: the process has ended.
        """
        assert self.process is not None
        replies = self.process.receive()
        if replies:
            now = time.perf_counter()
            self._seconds += (min(1.0, (now - self._latest) / len(replies)) - self._seconds) / 4
            self._latest = now
            self.is_alone = self.is_second_try = False
        return [(self._sent.popleft(), reply) for reply in replies]

    def take_back(self) -> list[Item]:
        """Return the items that were sent and have no reply, the one that the process was at first."""
        items = list(self._sent)
        self._sent.clear()
        return items


def crashed(item: Item, end: str) -> SourceResult:
    """Return the result of an image that killed its process twice."""
    message = (
        f"it was not finished within {item.work.job.seconds:g} s"
        if end == "SIGALRM"
        else f"it crashed the process that decoded it ({end})"
    )
    return without_output(item.source, item.work.job.spec, ImageError(Kind.CRASHED, Stage.DECODE, message))
