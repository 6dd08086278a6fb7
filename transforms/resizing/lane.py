"""A worker process and the thread that feeds it.

If the process dies, the task that it was at is tried once more, alone in a new process; if that dies too, the image
is `crashed`. Tasks that were sent after it are sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.model.records import Source
from transforms.resizing.memory_budget import MemoryBudget
from transforms.resizing.process import SourceResult, without_output
from transforms.resizing.work import Work
from transforms.resizing.worker import Failed, NeedsMemory, Reply, Task
from transforms.resizing.worker_process import WorkerDiedError, WorkerProcess

# Tasks that a process has at a time, so that it has the next one when it has finished the first.
_SENT = 2
# Files of a store that are read or wait to be sent, and their bytes.
_READ_AHEAD, _READ_AHEAD_BYTES = 4, 64_000_000


class LaneItem(NamedTuple):
    """A source that was taken from its work. `data` is the content of its file; None if the worker reads it."""

    work: Work
    source: Source
    data: Future[bytes] | None


class Lane:
    """A worker process, and the items that it has or will be sent. One thread at a time may call `run`.

    Args:
        take: returns the next item, or None if there is none at the moment.
        budget: the memory that all lanes share.

    Attributes:
        is_ended: whether `end` was called; then the lane is of no further use.
    """

    def __init__(self, take: Callable[[], LaneItem | None], budget: MemoryBudget) -> None:
        self._take = take
        self._budget = budget
        self._process: WorkerProcess | None = None
        self.is_ended = False
        self._waiting: deque[LaneItem] = deque()
        self._sent: deque[LaneItem] = deque()
        self._large: deque[tuple[LaneItem, int]] = deque()  # with the memory that they need

    def run(self, share: int) -> None:
        """Process items until there are none.

        Args:
            share: the bytes of memory that one image may take without waiting for more.
        """
        try:
            while item := self._take():
                self._waiting.append(item)
                with self._budget.admit(share):
                    self._feed(share, takes_more=True)
                self._feed_large()
        except BaseException as error:  # `Work.results` raises it
            self._drop_all(error)
        if self.is_ended:
            self._end_process()

    def end(self) -> None:
        """End the process at once. Any thread may call this, after it has stopped all work."""
        self.is_ended = True
        self._end_process()

    def _feed(self, granted: int, takes_more: bool) -> None:
        while self._waiting or self._sent:
            if takes_more:
                self._take_more()
            self._send_waiting(granted)
            if self._sent:
                self._receive(granted)

    def _feed_large(self) -> None:
        while self._large:
            item, needed = self._large.popleft()
            self._waiting.append(item)
            with self._budget.admit(needed):
                self._feed(needed, takes_more=False)

    def _take_more(self) -> None:
        while not self._large and not self._budget.is_waited_for and self._has_room() and (item := self._take()):
            self._waiting.append(item)

    def _has_room(self) -> bool:
        read = [item.source.bytes for item in self._waiting if item.data]
        if not read:
            return len(self._waiting) + len(self._sent) < _SENT
        return len(read) < _READ_AHEAD and sum(read) < _READ_AHEAD_BYTES

    def _send_waiting(self, granted: int) -> None:
        while self._waiting and len(self._sent) < _SENT:
            item = self._waiting[0]
            if self._sent and item.data and not item.data.done():
                return
            self._waiting.popleft()
            self._send(item, granted)

    def _send(self, item: LaneItem, granted: int) -> None:
        if item.work.is_stopped:
            return
        try:
            task = Task(item.source, item.data.result() if item.data else None, granted)
        except ImageError as error:
            item.work.finish(without_output(item.source, item.work.job.spec, error))
            return
        if self._process is None:
            self._process = WorkerProcess()
        self._sent.append(item)
        try:
            self._process.send(item.work.job, task)
        except WorkerDiedError:
            self._recover(granted)

    def _receive(self, granted: int) -> None:
        assert self._process is not None
        try:
            reply = self._process.receive()
        except WorkerDiedError:
            self._recover(granted)
        else:
            self._deliver(self._sent.popleft(), reply)

    def _deliver(self, item: LaneItem, reply: Reply) -> None:
        if isinstance(reply, NeedsMemory):
            self._large.append((item, reply.bytes))
        elif isinstance(reply, Failed):
            item.work.stop(reply.error)
        else:
            item.work.finish(reply)

    def _recover(self, granted: int) -> None:
        """Try the task that the process died of once more, and let those behind it wait to be sent again."""
        suspect = self._sent.popleft()
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        self._end_process()
        if not suspect.work.is_stopped:
            self._deliver(suspect, self._try_alone(suspect, granted))

    def _try_alone(self, item: LaneItem, granted: int) -> Reply:
        self._process = WorkerProcess()
        try:
            self._process.send(item.work.job, Task(item.source, item.data.result() if item.data else None, granted))
            return self._process.receive()
        except WorkerDiedError:
            reason = self._process.end_reason()
            self._process = None
            return _crashed(item, reason)

    def _drop_all(self, error: BaseException) -> None:
        for item in (*self._waiting, *self._sent, *(item for item, _ in self._large)):
            item.work.stop(error)
        for items in (self._waiting, self._sent, self._large):
            items.clear()
        self._end_process()  # its replies are not wanted any more

    def _end_process(self) -> None:
        if self._process:
            self._process.end()
        self._process = None


def _crashed(item: LaneItem, reason: str) -> SourceResult:
    seconds = item.work.job.seconds
    message = (
        f"it is not made after {seconds:g} s"
        if reason == "SIGALRM"
        else f"it ends the process that decodes it ({reason})"
    )
    error = ImageError(Kind.CRASHED, Stage.DECODE, message)
    return without_output(item.source, item.work.job.spec, error)
