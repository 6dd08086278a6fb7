"""All names there are, cut into ranges, so that a bucket can be listed by many at the same time.

A store lists names in the order of their UTF-8 bytes, and from any name to any other. With the
boundaries b1 < b2 < ... < bn the ranges are

    [first, b1)  [b1, b2)  ...  [bn, last]

of which each name is in one, whatever characters it is made of: an alphabet that does not fit the names
makes the ranges unequal and the listing slow, but loses and doubles nothing.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

# Names that are known -> their alphabet.
ALPHABETS = {"hex": "0123456789abcdef"}

_BOUNDARY_CHARACTERS = 2


class NameRange(NamedTuple):
    """Names from `start` on, and before `end`; "" is the first of all, or the end."""

    start: str
    end: str


def name_ranges(alphabet: str) -> list[NameRange]:
    """The ranges between all pairs of characters of an alphabet; of hexadecimal digits 257."""
    characters = sorted(set(alphabet))
    boundaries = ["".join(pair) for pair in itertools.product(characters, repeat=_BOUNDARY_CHARACTERS)]
    return [NameRange(*ends) for ends in itertools.pairwise(["", *boundaries, ""])]
