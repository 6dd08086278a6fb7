"""The thread that sends sources to worker processes and receives their results.

Each image is granted a share of the memory. If an image needs more, its worker replies with the number of bytes. The
dispatcher then starts no other image until enough memory is free, and sends that image again with the memory it needs.

If a process dies, the item that it was processing is sent once more, alone, to a new process. If that process dies
too, the image fails as `crashed`. The items queued after it are sent again.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque

from transforms.model.errors import RunError
from transforms.resizing.lane import Item, Lane, crashed
from transforms.resizing.read_ahead import ReadAhead
from transforms.resizing.work import Work
from transforms.resizing.worker import Failed, NeedsMemory, Reply
from transforms.resizing.worker_process import WorkerDiedError, WorkerProcess
from transforms.sources import is_read_by_workers

# Between two checks of the workers, the thread sleeps for this part of the shortest time for which a worker has work
# queued, but for at most this many seconds. A processor's caches are cold after a sleep, so a wake-up costs more than
# the work it is for, and the longer the sleep, the more replies have arrived.
_PAUSE_OF_QUEUED, _MAX_PAUSE = 1 / 3, 0.02


class Dispatcher(threading.Thread):
    """Processes the sources of all `Work` in the order in which the works were added.

    Args:
        limit: the number of worker processes.
        memory: the bytes that decoded images may use in all processes together.
    """

    def __init__(self, limit: int, memory: int) -> None:
        super().__init__(name="workers", daemon=True)
        self.limit, self.memory = limit, memory
        self._works: list[Work] = []
        self._works_lock = threading.Lock()
        self._is_closed = False
        self._warm = 0
        # Only the thread itself uses the following attributes.
        self._lanes: list[Lane] = []
        # Items to send before all others: items of a dead process, and a local file that was begun while other files
        # were being read.
        self._again: deque[Item] = deque()
        self._large: deque[tuple[Item, int]] = deque()  # items that need more than a share, and the bytes they need
        self._held = 0  # bytes of memory that are granted
        self._waits_for_memory = False
        # Never closed explicitly: a thread that has read a file may still wake this thread after it has ended.
        self._wakes, self._wake_end = socket.socketpair()
        self._wakes.setblocking(False)
        self._wake_end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._read_ahead = ReadAhead(self.wake)

    def add(self, work: Work) -> None:
        """Start processing the sources of a work."""
        with self._works_lock:
            self._works = [*(other for other in self._works if not other.is_over), work]
        self.wake()

    def warm_up(self, count: int) -> None:
        """Start processes before there is work for them.

        Args:
            count: the number of processes. At most `limit` are started.
        """
        self._warm = count
        self.wake()

    def wake(self) -> None:
        """Let the thread look for items to send."""
        with contextlib.suppress(BlockingIOError):  # the socket is full, so the thread wakes anyway
            self._wake_end.send(b"x")

    def close(self) -> None:
        """Cancel all work, and end the processes and the thread."""
        self._is_closed = True
        with self._works_lock:
            works, self._works = self._works, []
        for work in works:
            work.cancel()
        self.wake()
        self.join()

    def run(self) -> None:
        """Process work until `close` is called."""
        while not self._is_closed:
            try:
                self._handle_events()
                if pause := self._pause():
                    time.sleep(pause)
            except BaseException as error:  # `Work.results` raises it
                self._abandon(error)
        for lane in self._lanes:
            self._end_process(lane)
        self._read_ahead.close()
        self._selector.close()

    def _pause(self) -> float:
        """Return the seconds to sleep. No worker finishes its queued images meanwhile."""
        if any(lane.is_flushed_later for lane in self._lanes):
            return 0.0  # a worker may be waiting for its file
        queued = [lane.seconds_queued for lane in self._lanes if not lane.is_idle]
        return min(_PAUSE_OF_QUEUED * min(queued, default=0.0), _MAX_PAUSE)

    def _handle_events(self) -> None:
        looks_at_all = False
        for key, _ in self._selector.select():
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wakes.recv(1 << 12)
                looks_at_all = True
            elif key.events & selectors.EVENT_WRITE:
                self._flush(key.data)
            else:
                self._receive(key.data)
                while self._send_one(key.data):
                    pass
        if looks_at_all or self._waits_for_memory:
            self._fill_all()

    def _fill_all(self) -> None:
        self._waits_for_memory = False
        while len(self._lanes) > self.limit and self._lanes[-1].is_idle:
            self._end_process(self._lanes.pop())
        while len(self._lanes) < self.limit:
            self._lanes.append(Lane(len(self._lanes)))
        for lane in self._lanes[: self._warm]:
            self._start_process(lane)
        self._warm = 0
        hungry = sorted(self._lanes, key=lambda lane: not lane.is_idle)
        while hungry:  # in turn, idle lanes first, so that no lane gets a second item while another has none
            hungry = [lane for lane in hungry if self._send_one(lane)]

    def _send_one(self, lane: Lane) -> bool:
        """Send an item to a lane. Return False if the lane has enough, or no item or not enough memory is available."""
        if self._is_closed or lane.number >= self.limit or not lane.has_room():
            return False
        if self._large and not lane.is_idle:
            return False  # it finishes its items, which frees its memory for the large item
        needed = self._large[0][1] if self._large else self.memory // self.limit
        if lane.is_idle and not self._hold(lane, needed):
            return False
        lane.is_alone, lane.is_second_try = bool(self._large), False
        item = self._large.popleft()[0] if self._large else self._next_item()
        if item is None:
            self._release(lane)
            return False
        self._send(lane, item)
        return True

    def _hold(self, lane: Lane, needed: int) -> bool:
        """Grant memory to an idle lane. Return whether enough is free; if nothing is granted, any amount is."""
        if self._held and self._held + needed > self.memory:
            self._waits_for_memory = True
            return False
        lane.granted = needed
        self._held += needed
        return True

    def _release(self, lane: Lane) -> None:
        """Release the memory of a lane that has nothing to do."""
        if lane.is_idle:
            self._held -= lane.granted
            lane.granted = 0

    def _next_item(self) -> Item | None:
        """Return an item to send, or None if there is none or all remaining files are still being read."""
        if self._again:
            return self._again.popleft()
        item = self._read_ahead.next()
        while not self._again and self._read_ahead.has_room(self.limit) and (begun := self._begin()):
            if not is_read_by_workers(begun.source):
                self._read_ahead.begin(begun.work, begun.source)
            elif item is None:
                return begun
            else:
                self._again.append(begun)
        return item

    def _begin(self) -> Item | None:
        for work in self._works:
            if not self._read_ahead.is_busy(work) and (source := work.begin()):
                return Item(work, source, None)
        return None

    def _send(self, lane: Lane, item: Item) -> None:
        if item.work.is_stopped:
            self._release(lane)
            return
        self._start_process(lane)
        lane.send(item)
        if lane.process and lane.process.has_unsent and not lane.is_flushed_later:
            lane.is_flushed_later = True
            self._selector.register(lane.process.tasks, selectors.EVENT_WRITE, lane)

    def _flush(self, lane: Lane) -> None:
        """Write the unsent part of the messages to a process."""
        if lane.process:
            lane.process.flush()
            if not lane.process.has_unsent:
                self._stop_flushing(lane, lane.process)

    def _stop_flushing(self, lane: Lane, process: WorkerProcess) -> None:
        if lane.is_flushed_later:
            lane.is_flushed_later = False
            self._selector.unregister(process.tasks)

    def _receive(self, lane: Lane) -> None:
        try:
            replies = lane.receive()
        except WorkerDiedError:
            self._recover(lane)
        else:
            for item, reply in replies:
                self._deliver(item, reply)
        self._release(lane)

    def _deliver(self, item: Item, reply: Reply) -> None:
        if isinstance(reply, NeedsMemory):
            self._large.append((item, reply.bytes))
            self._waits_for_memory = True
        elif isinstance(reply, Failed):
            item.work.stop(reply.error)
        else:
            item.work.finish(reply)

    def _recover(self, lane: Lane) -> None:
        """Send the item that killed a process again, alone, to a new process. The second time, report it as crashed.

        Raises:
            RunError: the second process ended while it was loading the program, which the item did not cause.
        """
        sent = lane.take_back()
        is_second_try = bool(sent) and lane.is_second_try
        was_ready = lane.process is not None and lane.process.is_ready
        lane.is_alone = lane.is_second_try = bool(sent) and not is_second_try
        self._again.extendleft(reversed(sent[1:]))
        end = self._end_process(lane)
        if is_second_try and not was_ready:
            raise RunError(f"worker processes end during start-up: {end}")
        if is_second_try:
            self._deliver(sent[0], crashed(sent[0], end))
        elif sent:
            self._send(lane, sent[0])

    def _abandon(self, error: BaseException) -> None:
        """Stop all work with an error, and end all processes."""
        with self._works_lock:
            works, self._works = self._works, []
        for work in works:
            work.stop(error)
        for lane in self._lanes:
            self._end_process(lane)
        self._lanes.clear()
        self._again.clear()
        self._large.clear()
        self._held = 0

    def _start_process(self, lane: Lane) -> None:
        """Start the process of a lane if it has none."""
        if lane.process is None:
            lane.process = WorkerProcess()
            self._selector.register(lane.process.replies, selectors.EVENT_READ, lane)

    def _end_process(self, lane: Lane) -> str:
        """End the process of a lane, and return how it ended."""
        process, lane.process = lane.process, None
        if process is None:
            return ""
        self._stop_flushing(lane, process)
        self._selector.unregister(process.replies)
        return process.end()
