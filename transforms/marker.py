"""Markers: the record that a shard is committed, and the only truth about what is done.

A marker is one file: a header line of JSON, then the shard's manifest rows, then its failures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from transforms import storage
from transforms.elements import RUN_DIR, ResizedShard, Shard, Source, StoredFile, json_line
from transforms.errors import RunError
from transforms.imaging.errors import RETRIED_KINDS


class Header(NamedTuple):
    """The first line of a marker.

    Args:
        digest: of the shard's sources as they were listed.
        rows: how many manifest rows follow.
        failures: how many failures follow these.
        retry: how many of them another run tries again.
        files: path below OUT, bytes and SHA-256 of each file that was stored.
        tally: the shard's share of the summary.
    """

    digest: str
    rows: int
    failures: int
    retry: int
    files: list[tuple[str, int, str]]
    tally: dict[str, Any]

    def fits(self, digest: str, retry_failed: bool = False) -> bool:
        """Whether the shard needs nothing more: the same sources, and nothing to try again.

        Args:
            digest: of the sources as they are now.
            retry_failed: try every failure again, not only those that `retry` counts.
        """
        return self.digest == digest and (self.failures if retry_failed else self.retry) == 0


class Marker(NamedTuple):
    """A whole marker; rows and failures are lines of JSON, as they go into the manifest."""

    header: Header
    rows: tuple[bytes, ...]
    failures: tuple[bytes, ...]


def marker_path(shard: Shard) -> str:
    """Where below OUT a shard's marker lies."""
    return f"{RUN_DIR}/shards/{shard.name}.jsonl"


def digest_of(sources: Sequence[Source]) -> str:
    """The digest of a shard's sources: what was listed of each, in the order of their paths."""
    listed = sorted((source.path, source.bytes, source.version) for source in sources)
    return hashlib.sha256(json_line(listed)).hexdigest()


def marker_bytes(resized: ResizedShard, files: Sequence[StoredFile]) -> bytes:
    """The marker of a shard whose images have been stored as `files`."""
    header = Header(
        digest=resized.digest,
        rows=len(resized.rows),
        failures=len(resized.failures),
        retry=sum(failure.error in RETRIED_KINDS for failure in resized.failures),
        files=[(file.path, len(file.data), file.sha256) for file in files],
        tally=resized.tally,
    )
    return b"".join(map(json_line, (header, *resized.rows, *resized.failures)))


def read_marker(out_dir: str, shard: Shard) -> Marker | None:
    """The marker of a shard, or None where it is not committed.

    Raises:
        RunError: it is there, but damaged.
    """
    data = storage.read_if_there(storage.join(out_dir, marker_path(shard)))
    if data is None:
        return None
    first, *lines = data.splitlines(keepends=True)
    header = _parse_header(first, shard)
    if len(lines) != header.rows + header.failures:
        raise RunError(f"the marker {marker_path(shard)!r} is damaged: delete it, and the shard is done again")
    return Marker(header, tuple(lines[: header.rows]), tuple(lines[header.rows :]))


def read_header(out_dir: str, shard: Shard) -> Header | None:
    """The header of a shard's marker, or None where the shard is not committed.

    Raises:
        RunError: it is there, but damaged.
    """
    marker = read_marker(out_dir, shard)
    return marker.header if marker else None


def _parse_header(line: bytes, shard: Shard) -> Header:
    try:
        return Header(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise RunError(
            f"the marker {marker_path(shard)!r} is damaged: delete it, and the shard is done again"
        ) from error
