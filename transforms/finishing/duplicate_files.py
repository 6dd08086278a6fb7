"""Counts the images whose file is the same as that of an earlier image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.model.json_lines import source_sha256

# Half of a SHA-256 is enough to distinguish files: the probability of a collision among 2^40 files is 2^-49.
_DIGEST_BYTES = 16


def digests_of(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Return pairs (first byte, joined digests that begin with it) for the sources; at least one, even without rows.

    Args:
        rows: rows of the manifest, one for each source.
    """
    buckets: dict[int, list[bytes]] = {0: []}
    for row in rows:
        if sha256 := source_sha256(row):
            digest = bytes.fromhex(sha256)[:_DIGEST_BYTES]
            buckets.setdefault(digest[0], []).append(digest)
    return ((bucket, b"".join(digests)) for bucket, digests in buckets.items())


def count_repeated(strings: Iterable[bytes]) -> int:
    """Return the number of digests that are the same as an earlier one. Each string consists of joined digests."""
    joined = b"".join(strings)
    number = len(joined) // _DIGEST_BYTES
    return number - len({joined[start : start + _DIGEST_BYTES] for start in range(0, len(joined), _DIGEST_BYTES)})


class CountDuplicates(beam.PTransform):
    """(first byte, joined digests) -> for each first byte, the number of images with the bytes of an earlier image."""

    def expand(self, digests: beam.PCollection[tuple[int, bytes]]) -> beam.PCollection[int]:
        return (
            digests
            | "GroupDigests" >> beam.GroupByKey()
            | "CountInBucket" >> beam.Map(lambda bucket: count_repeated(bucket[1]))
        )
