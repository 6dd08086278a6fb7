"""The files that match a pattern, as (path, bytes, time of the last change in seconds since 1970)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from transforms import storage
from transforms.listing.ranges import NameRange, name_ranges
from transforms.storage.backends import ranged_backend_of
from transforms.storage.retries import wording

Listing = Iterator[tuple[str, int, float]]

# The number of ranges that one process lists at the same time.
_THREADS = 16


def list_files(pattern: str, alphabet: str = "") -> Listing:
    """Yield all files that match a pattern.

    Args:
        pattern: a pattern in the syntax of Beam's file systems.
        alphabet: the characters that divide the names into ranges, which are listed in parallel, see `name_ranges`;
            "" to list all names in one pass.

    Raises:
        StorageError: the files cannot be listed.
    """
    if not alphabet:
        yield from storage.list_pattern(pattern)
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        for files in pool.map(lambda names: list(list_range(pattern, names)), name_ranges(alphabet)):
            yield from files


def list_range(pattern: str, names: NameRange) -> Listing:
    """Yield the objects in one range of names that match a pattern. Request one page at a time.

    Args:
        pattern: a pattern in the syntax of Beam's file systems, in a store that lists ranges.
        names: the range of names. A name begins at the first wildcard of the pattern.

    Raises:
        StorageError: the files cannot be listed.
    """
    store = ranged_backend_of(pattern)
    assert store
    with wording("list", pattern):
        yield from store.match_range(pattern, names.start, names.end)
