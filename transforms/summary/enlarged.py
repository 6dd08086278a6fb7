"""Counts of enlarged outputs: those that have more pixels than their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Enlarged(NamedTuple):
    """The enlarged outputs of one size.

    Args:
        size: the size in pixels.
        images: the number of enlarged outputs, at least one.
        of: the number of outputs for which the tally states whether they are enlarged.
    """

    size: int
    images: int
    of: int

    def __str__(self) -> str:
        return f"{self.images:,} of {self.of:,} images ({100 * self.images / self.of:.3g} %)"


def enlarged(tally: Mapping[str, Any]) -> Iterator[Enlarged]:
    """Yield the counts of each size that has enlarged outputs, the largest size first; nothing for an old tally."""
    for size, counts in sorted(tally.get("enlarged", {}).items(), key=lambda item: -int(item[0])):
        if counts.get("yes"):
            yield Enlarged(int(size), counts["yes"], sum(counts.values()))
