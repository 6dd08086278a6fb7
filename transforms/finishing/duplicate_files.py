"""Count the images whose file is the same as that of another image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from transforms.model.json_lines import source_sha256

# Half of a SHA-256 is enough to distinguish files: among 2^40 of them two collide with a probability of 2^-49.
_DIGEST_BYTES = 16
_BUCKETS = 256


def digests_of(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Return the digests of sources, joined into one string for each first byte; at least one pair, even for no rows.

    Args:
        rows: of the manifest, one for each source.
    """
    buckets: dict[int, list[bytes]] = {0: []}
    for row in rows:
        if sha256 := source_sha256(row):
            digest = bytes.fromhex(sha256)[:_DIGEST_BYTES]
            buckets.setdefault(digest[0] % _BUCKETS, []).append(digest)
    return ((bucket, b"".join(digests)) for bucket, digests in buckets.items())


def count_repeated(strings: Iterable[bytes]) -> int:
    """Return how many of the digests in some strings are the same as an earlier one."""
    joined = b"".join(strings)
    number = len(joined) // _DIGEST_BYTES
    return number - len({joined[start : start + _DIGEST_BYTES] for start in range(0, len(joined), _DIGEST_BYTES)})


class CountDuplicates(beam.PTransform):
    """(first byte, joined digests) -> for each first byte, how many images have the same bytes as an earlier one."""

    def expand(self, digests: beam.PCollection[tuple[int, bytes]]) -> beam.PCollection[int]:
        return (
            digests
            | "GroupDigests" >> beam.GroupByKey()
            | "CountInBucket" >> beam.Map(lambda bucket: count_repeated(bucket[1]))
        )
