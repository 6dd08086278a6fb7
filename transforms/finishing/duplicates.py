"""How many images are the same file as another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.model.records import Tally
from transforms.summary.combine import Summarize

# Half of a SHA-256 tells files apart as well: among 2^40 of them two meet with a chance of 2^-49.
_BYTES = 16
_BUCKETS = 256

# In a row of the manifest. Quotes of a name are escaped in it, so that no name looks like this.
_SHA256 = re.compile(rb'"source_sha256":"([0-9a-f]{64})"')


def digests_of(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The digests of the sources of some rows of the manifest, joined by their first byte; some for any rows.

    Args:
        rows: one a source.
    """
    buckets: dict[int, list[bytes]] = {0: []}
    for row in rows:
        if found := _SHA256.search(row):
            digest = bytes.fromhex(found[1].decode())[:_BYTES]
            buckets.setdefault(digest[0] % _BUCKETS, []).append(digest)
    return ((bucket, b"".join(digests)) for bucket, digests in buckets.items())


def count_repeated(digests: Iterable[bytes]) -> int:
    """How many of the digests, which are joined to some length, came before."""
    joined = b"".join(digests)
    number = len(joined) // _BYTES
    return number - len({joined[start : start + _BYTES] for start in range(0, len(joined), _BYTES)})


class CountDuplicates(beam.PTransform):
    """(first byte, joined digests) -> a tally of the images whose bytes an earlier one has."""

    def expand(self, digests: beam.PCollection[tuple[int, bytes]]) -> beam.PCollection[Tally]:
        return (
            digests
            | "GroupDigests" >> beam.GroupByKey()
            | "CountInBucket" >> beam.Map(lambda bucket: {"duplicates": count_repeated(bucket[1])})
            | "SumBuckets" >> Summarize()
        )
