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
from transforms.resizing.batch import Batch
from transforms.resizing.read_ahead import ReadAhead
from transforms.resizing.source_result import SourceResult
from transforms.resizing.worker import Failed, NeedsMemory, Reply
from transforms.resizing.worker_process import WorkerDiedError, WorkerProcess
from transforms.resizing.worker_slot import Item, WorkerSlot, crashed
from transforms.sources import is_read_by_workers

# Between two checks of the workers, the thread sleeps for this part of the shortest time for which a worker has work
# queued, but for at most this many seconds. A processor's caches are cold after a sleep, so a wake-up costs more than
# the work it is for, and the longer the sleep, the more replies have arrived.
_PAUSE_OF_QUEUED, _MAX_PAUSE = 1 / 2, 0.06


class Dispatcher(threading.Thread):
    """Processes the sources of all batches in the order in which they were added.

    Args:
        limit: the number of worker processes.
        memory: the bytes that decoded images may use in all processes together.
    """

    def __init__(self, limit: int, memory: int) -> None:
        super().__init__(name="workers", daemon=True)
        self.limit, self.memory = limit, memory
        self._batches: list[Batch] = []
        self._batches_lock = threading.Lock()
        self._is_closed = False
        self._warm = 0
        # Only the thread itself uses the following attributes.
        self._slots: list[WorkerSlot] = []
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

    def add(self, batch: Batch) -> None:
        """Start processing the sources of a batch."""
        with self._batches_lock:
            self._batches = [*(other for other in self._batches if not other.is_over), batch]
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
        """Cancel all batches, and end the processes and the thread."""
        self._is_closed = True
        with self._batches_lock:
            batches, self._batches = self._batches, []
        for batch in batches:
            batch.cancel()
        self.wake()
        self.join()

    def run(self) -> None:
        """Process batches until `close` is called."""
        while not self._is_closed:
            try:
                self._handle_events()
                if pause := self._pause():
                    time.sleep(pause)
            except BaseException as error:  # `Batch.results` raises it
                self._abandon(error)
        for slot in self._slots:
            self._end_process(slot)
        self._read_ahead.close()
        self._selector.close()

    def _pause(self) -> float:
        """Return the seconds to sleep, in which no worker is likely to finish its queued images.

        Return 0 while a worker has no image queued: it may be waiting for a file that is being read.
        """
        if self._waits_for_memory or any(slot.is_flushed_later for slot in self._slots):
            return 0.0  # a worker may be waiting for memory, or for the rest of its file
        queued = min((slot.seconds_queued for slot in self._slots), default=0.0)
        return min(_PAUSE_OF_QUEUED * queued, _MAX_PAUSE)

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
        while len(self._slots) > self.limit and self._slots[-1].is_idle:
            self._end_process(self._slots.pop())
        while len(self._slots) < self.limit:
            self._slots.append(WorkerSlot(len(self._slots)))
        for slot in self._slots[: self._warm]:
            self._start_process(slot)
        self._warm = 0
        hungry = sorted(self._slots, key=lambda slot: not slot.is_idle)
        while hungry:  # in turn, idle slots first, so that no slot gets a second item while another has none
            hungry = [slot for slot in hungry if self._send_one(slot)]

    def _send_one(self, slot: WorkerSlot) -> bool:
        """Send an item to a slot. Return False if the slot has enough, or no item or not enough memory is available."""
        if self._is_closed or slot.number >= self.limit or not slot.has_room():
            return False
        if self._large and not slot.is_idle:
            return False  # it finishes its items, which frees its memory for the large item
        needed = self._large[0][1] if self._large else self.memory // self.limit
        if slot.is_idle and not self._hold(slot, needed):
            return False
        slot.is_alone, slot.is_second_try = bool(self._large), False
        item = self._large.popleft()[0] if self._large else self._next_item()
        if item is None:
            self._release(slot)
            return False
        self._send(slot, item)
        return True

    def _hold(self, slot: WorkerSlot, needed: int) -> bool:
        """Grant memory to an idle slot. Return whether enough is free; if nothing is granted, any amount is."""
        if self._held and self._held + needed > self.memory:
            self._waits_for_memory = True
            return False
        slot.granted = needed
        self._held += needed
        return True

    def _release(self, slot: WorkerSlot) -> None:
        """Release the memory of a slot that has nothing to do."""
        if slot.is_idle:
            self._held -= slot.granted
            slot.granted = 0

    def _next_item(self) -> Item | None:
        """Return an item to send, or None if there is none or all remaining files are still being read."""
        if self._again:
            return self._again.popleft()
        item = self._read_ahead.next()
        while not self._again and self._read_ahead.has_room(self.limit) and (begun := self._begin()):
            if not is_read_by_workers(begun.source):
                self._read_ahead.begin(begun.batch, begun.source)
            elif item is None:
                return begun
            else:
                self._again.append(begun)
        return item

    def _begin(self) -> Item | None:
        for batch in self._batches:
            if not self._read_ahead.is_busy(batch) and (source := batch.begin()):
                return Item(batch, source, None)
        return None

    def _send(self, slot: WorkerSlot, item: Item) -> None:
        if item.batch.is_stopped:
            self._release(slot)
            return
        self._start_process(slot)
        slot.send(item)
        if slot.process and slot.process.has_unsent and not slot.is_flushed_later:
            slot.is_flushed_later = True
            self._selector.register(slot.process.tasks, selectors.EVENT_WRITE, slot)

    def _flush(self, slot: WorkerSlot) -> None:
        """Write the unsent part of the messages to a process."""
        if slot.process:
            slot.process.flush()
            if not slot.process.has_unsent:
                self._stop_flushing(slot, slot.process)

    def _stop_flushing(self, slot: WorkerSlot, process: WorkerProcess) -> None:
        if slot.is_flushed_later:
            slot.is_flushed_later = False
            self._selector.unregister(process.tasks)

    def _receive(self, slot: WorkerSlot) -> None:
        try:
            replies = slot.receive()
        except WorkerDiedError:
            self._recover(slot)
        else:
            for item, reply in replies:
                self._deliver(item, reply)
        self._release(slot)

    def _deliver(self, item: Item, reply: Reply | SourceResult) -> None:
        if isinstance(reply, NeedsMemory):
            self._large.append((item, reply.bytes))
            self._waits_for_memory = True
        elif isinstance(reply, Failed):
            item.batch.stop(reply.error)
        else:
            item.batch.finish(reply)

    def _recover(self, slot: WorkerSlot) -> None:
        """Send the item that killed a process again, alone, to a new process. The second time, report it as crashed.

        Raises:
            RunError: the second process ended while it was loading the program, which the item did not cause.
        """
        sent = slot.take_back()
        is_second_try = bool(sent) and slot.is_second_try
        was_ready = slot.process is not None and slot.process.is_ready
        slot.is_alone = slot.is_second_try = bool(sent) and not is_second_try
        self._again.extendleft(reversed(sent[1:]))
        end = self._end_process(slot)
        if is_second_try and not was_ready:
            raise RunError(f"worker processes end during start-up: {end}")
        if is_second_try:
            self._deliver(sent[0], crashed(sent[0], end))
        elif sent:
            self._send(slot, sent[0])

    def _abandon(self, error: BaseException) -> None:
        """Stop all batches with an error, and end all processes."""
        with self._batches_lock:
            batches, self._batches = self._batches, []
        for batch in batches:
            batch.stop(error)
        for slot in self._slots:
            self._end_process(slot)
        self._slots.clear()
        self._again.clear()
        self._large.clear()
        self._held = 0

    def _start_process(self, slot: WorkerSlot) -> None:
        """Start the process of a slot if it has none."""
        if slot.process is None:
            slot.process = WorkerProcess()
            self._selector.register(slot.process.replies, selectors.EVENT_READ, slot)

    def _end_process(self, slot: WorkerSlot) -> str:
        """End the process of a slot, and return how it ended."""
        process, slot.process = slot.process, None
        if process is None:
            return ""
        self._stop_flushing(slot, process)
        self._selector.unregister(process.replies)
        return process.end()
