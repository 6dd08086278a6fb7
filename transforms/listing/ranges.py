"""Ranges of names, for listing a bucket in parallel.

A store lists names in the order of their UTF-8 bytes, and can start and end at any name. With the boundaries
b1 < b2 < ... < bn the ranges are

    [first, b1)  [b1, b2)  ...  [bn, last]

Every name is in exactly one of them, whatever its characters. With an alphabet that does not fit the names, the
ranges are unequal and the listing is slow, but no name is lost or listed twice.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

# The named alphabets of --list_prefixes.
ALPHABETS = {"hex": "0123456789abcdef"}

_BOUNDARY_LENGTH = 2


class NameRange(NamedTuple):
    """The names from `start` on and before `end`. "" is before the first name, or after the last."""

    start: str
    end: str


def name_ranges(alphabet: str) -> list[NameRange]:
    """Return the ranges whose boundaries are all pairs of characters of an alphabet: 257 for hexadecimal digits."""
    characters = sorted(set(alphabet))
    boundaries = ["".join(pair) for pair in itertools.product(characters, repeat=_BOUNDARY_LENGTH)]
    return [NameRange(*ends) for ends in itertools.pairwise(["", *boundaries, ""])]
