"""One worker process and the items that were sent to it. `Dispatcher` chooses the items."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.records import Source
from transforms.resizing.batch import Batch
from transforms.resizing.source_result import SourceResult, without_output
from transforms.resizing.worker import PackedResult, Reply, Task
from transforms.resizing.worker_process import WorkerProcess

# The seconds of work that a process has queued, and the maximum number of queued images. With more, one process would
# work alone at the end of a run.
_SECONDS_AHEAD, _IMAGES_AHEAD = 0.12, 20


class Item(NamedTuple):
    """A source of a batch, and the content of its file; None if the worker reads it."""

    batch: Batch
    source: Source
    data: bytes | None


class WorkerSlot:
    """A worker process and the items that were sent to it.

    Args:
        number: the number of the slot, from 0.

    Attributes:
        process: the process; None if there is none.
        granted: the bytes of memory that its images may use; 0 while no item is sent.
        is_alone: whether no further item may be sent until the current one is finished.
        is_second_try: whether the current item killed another process.
        is_flushed_later: whether some of the sent data is still to be written to the process.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: WorkerProcess | None = None
        self.granted = 0
        self.is_alone = self.is_second_try = self.is_flushed_later = False
        self._sent: deque[Item] = deque()
        self._seconds = 0.0  # the recent time of the process for an image; 0 while it is unknown

    @property
    def is_idle(self) -> bool:
        """Whether no sent item is waiting for a reply."""
        return not self._sent

    @property
    def seconds_queued(self) -> float:
        """The estimated seconds that the process needs for the items behind the first one; 0 if that is unknown."""
        return max(0, len(self._sent) - 1) * self._seconds

    def has_room(self) -> bool:
        """Return whether another item may be sent."""
        if not self._sent:
            return True
        seconds = self._seconds or _SECONDS_AHEAD
        return not self.is_alone and len(self._sent) < min(_IMAGES_AHEAD, 1 + _SECONDS_AHEAD / seconds)

    def send(self, item: Item) -> None:
        """Send an item to the process."""
        assert self.process is not None
        self._sent.append(item)
        self.process.send(item.batch.settings, Task(item.source, item.data, self.granted))

    def receive(self) -> list[tuple[Item, Reply]]:
        """Return the items whose replies have arrived, each with its reply.

        Raises:
            WorkerDiedError: the process has ended.
        """
        assert self.process is not None
        replies = self.process.receive()
        if replies:
            self.is_alone = self.is_second_try = False
        for reply in replies:
            if isinstance(reply, PackedResult):
                seconds = min(1.0, reply.seconds)
                self._seconds = self._seconds + (seconds - self._seconds) / 4 if self._seconds else seconds
        return [(self._sent.popleft(), reply) for reply in replies]

    def take_back(self) -> list[Item]:
        """Return the sent items that have no reply. The first one is the item that the process was processing."""
        items = list(self._sent)
        self._sent.clear()
        return items


def crashed(item: Item, end: str) -> SourceResult:
    """Return the result of an image that killed two processes."""
    message = (
        f"it was not finished within {item.batch.settings.seconds:g} s"
        if end == "SIGALRM"
        else f"it crashed the process that decoded it ({end})"
    )
    return without_output(item.source, item.batch.settings.spec, ImageError(Kind.CRASHED, Stage.DECODE, message))
