"""Keep the items with the lowest scores."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Lowest(Generic[T]):
    """Keeps the items with the lowest scores. Earlier items win ties. Each source file is kept once.

    Args:
        count: the number of items to keep.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[float, int, str, T]] = []  # negated, so that the worst item is first
        self._files: set[str] = set()
        self._added = 0

    def add(self, score: float, file: str, item: T) -> None:
        """Keep an item if its score is low enough.

        Args:
            score: the score of the item.
            file: identifies the content of the item's source.
            item: the item to keep.
        """
        self._added += 1
        if file in self._files or (len(self._heap) == self._count and score >= -self._heap[0][0]):
            return
        if len(self._heap) == self._count:
            self._files.remove(heapq.heappop(self._heap)[2])
        heapq.heappush(self._heap, (-score, -self._added, file, item))
        self._files.add(file)

    def items(self) -> tuple[T, ...]:
        """Return the kept items, the lowest score first."""
        return tuple(item for *_, item in sorted(self._heap, key=lambda entry: (-entry[0], -entry[1])))
