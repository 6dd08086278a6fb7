"""A memory budget for decoded images, shared by all workers of a process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator

from transforms.resizing.cgroup import own_memory_limit


class MemoryBudget:
    """Admits those who need memory, in the order in which they ask, while they hold at most a limit together.

    Args:
        limit: in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """The bytes that can be held at the same time. A new limit holds for those who already wait, too."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    @property
    def is_waited_for(self) -> bool:
        """Whether anyone waits for memory."""
        return bool(self._waiting)

    @contextlib.contextmanager
    def admit(self, needed: int) -> Iterator[None]:
        """Wait until `needed` bytes are free and nobody who asked before waits, and hold them inside the context.

        Whoever needs more than the limit waits until nothing is held.
        """
        place = object()
        with self._changed:
            self._waiting.append(place)
            self._changed.wait_for(lambda: self._waiting[0] is place and self._fits(needed))
            self._waiting.popleft()
            self._used += needed
            self._changed.notify_all()  # there may be room for the next one as well
        try:
            yield
        finally:
            with self._changed:
                self._used -= needed
                self._changed.notify_all()

    def _fits(self, needed: int) -> bool:
        return not self._used or self._used + needed <= self._limit


def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this process runs in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = own_memory_limit()
    return physical if limit is None else min(physical, limit)
