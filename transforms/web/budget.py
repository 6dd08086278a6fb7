"""Limit the memory of downloads that run at the same time."""

from __future__ import annotations

import threading
from types import TracebackType

# The bytes that all downloads of a process may hold together. Beyond this limit, only one download continues.
BYTES = 512_000_000


class Budget:
    """Counts the bytes that downloads hold.

    Args:
        limit: the bytes that all downloads may hold together. Beyond it, one download may hold more, and the others
            wait. So at least one download always ends, and the total is at most `limit` plus the size of one file.
    """

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._excess: Share | None = None
        self._changed = threading.Condition()

    def take(self, share: Share, amount: int) -> None:
        """Wait until there is room for `amount` more bytes of a share, and count them."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(share, amount))
            if self._held + amount > self._limit:
                self._excess = share
            self._held += amount

    def _has_room(self, share: Share, amount: int) -> bool:
        return self._held + amount <= self._limit or self._excess in (None, share)

    def give_back(self, share: Share, amount: int) -> None:
        """Release all bytes of a share, which are `amount`."""
        with self._changed:
            self._held -= amount
            if self._excess is share:
                self._excess = None
            self._changed.notify_all()


class Share:
    """The part of a budget that one download holds until the end of its `with` block."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._amount = 0

    def __enter__(self) -> Share:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._budget.give_back(self, self._amount)

    def grow(self, amount: int) -> None:
        """Hold `amount` more bytes. Wait for room if necessary."""
        self._budget.take(self, amount)
        self._amount += amount
