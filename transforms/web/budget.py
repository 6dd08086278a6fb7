"""The memory of downloads that run at the same time."""

from __future__ import annotations

import threading
from types import TracebackType

# The bytes that downloads of one process hold together; beyond them one download goes on at a time.
BYTES = 512_000_000


class Budget:
    """Counts the bytes that downloads hold.

    Args:
        limit: the bytes that they may hold together. When they are spent, one download may hold more, and the others
            wait: so at least one always ends, and the total is bounded by `limit` and the size of one file.
    """

    def __init__(self, limit: int = BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._excess: Share | None = None
        self._changed = threading.Condition()

    def take(self, share: Share, amount: int) -> None:
        """Count further bytes of a share, as soon as there is room for them."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(share, amount))
            if self._held + amount > self._limit:
                self._excess = share
            self._held += amount

    def _has_room(self, share: Share, amount: int) -> bool:
        return self._held + amount <= self._limit or self._excess in (None, share)

    def give_back(self, share: Share, amount: int) -> None:
        """Count all bytes of a share no longer."""
        with self._changed:
            self._held -= amount
            if self._excess is share:
                self._excess = None
            self._changed.notify_all()


class Share:
    """What one download holds of a budget, until the end of its `with` block."""

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
        """Hold further bytes. Wait for room if need be."""
        self._budget.take(self, amount)
        self._amount += amount
