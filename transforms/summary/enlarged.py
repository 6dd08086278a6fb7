"""The outputs that show their source enlarged: those with more pixels than the source has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Enlarged(NamedTuple):
    """The outputs of one size that are enlarged.

    Args:
        size: in pixels.
        images: how many outputs are enlarged, at least one.
        of: how many outputs are known to be enlarged or not.
    """

    size: int
    images: int
    of: int

    def __str__(self) -> str:
        return f"{self.images:,} of {self.of:,} images ({100 * self.images / self.of:.3g} %)"


def enlarged(tally: Mapping[str, Any]) -> Iterator[Enlarged]:
    """Yield the sizes at which an output is enlarged, the largest first; none if the tally does not know."""
    for size, counts in sorted(tally.get("enlarged", {}).items(), key=lambda item: -int(item[0])):
        if counts.get("yes"):
            yield Enlarged(int(size), counts["yes"], sum(counts.values()))
