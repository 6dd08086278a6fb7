"""The files that a pattern matches, as (path, bytes, seconds since 1970 of the last change)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from transforms import storage
from transforms.listing.ranges import NameRange, name_ranges
from transforms.storage import gcs
from transforms.storage.retries import wording

Listing = Iterator[tuple[str, int, float]]

# Ranges that one process lists at the same time.
_LISTERS = 16


def list_files(pattern: str, alphabet: str = "") -> Listing:
    """All files that a pattern of Beam's file systems matches.

    Args:
        pattern: of the local disk or of a store.
        alphabet: cuts the names into `name_ranges` that are listed at the same time; "" lists in one go.

    Raises:
        StorageError: they cannot be listed.
    """
    if not alphabet:
        yield from storage.list_pattern(pattern)
        return
    with ThreadPoolExecutor(_LISTERS) as pool:
        for listed in pool.map(lambda names: list(list_range(pattern, names)), name_ranges(alphabet)):
            yield from listed


def list_range(pattern: str, names: NameRange) -> Listing:
    """The files of Google Cloud Storage that a pattern matches in one range of names, page by page.

    Args:
        pattern: of Beam's file systems.
        names: ranges of what follows the part of the pattern before its first wildcard.

    Raises:
        StorageError: they cannot be listed.
    """
    with wording("list", pattern):
        yield from gcs.match_range(pattern, names.start, names.end)
