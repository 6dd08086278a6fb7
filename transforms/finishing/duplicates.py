"""How many images are the same file as another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.model.json_lines import source_sha256
from transforms.model.records import Tally
from transforms.summary.combine import Summarize

# Half of a SHA-256 tells files apart as well: among 2^40 of them two meet with a chance of 2^-49.
_BYTES = 16
_BUCKETS = 256


def digests_of(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The digests of the sources of some rows of the manifest, joined by their first byte; some for any rows.

    Args:
        rows: one a source.
    """
    buckets: dict[int, list[bytes]] = {0: []}
    for row in rows:
        if sha256 := source_sha256(row):
            digest = bytes.fromhex(sha256)[:_BYTES]
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
