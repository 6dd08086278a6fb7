"""Markers: the record that a shard is committed, and the only truth about what is done.

A marker is one file: a header line of JSON, then the shard's manifest rows, its failures, who made its images,
and what found nothing in a table.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from transforms import storage
from transforms.imaging.errors import RETRIED_KINDS
from transforms.model.errors import RunError
from transforms.model.json_lines import json_line, manifest_line
from transforms.model.records import NO_COLUMNS, RUN_DIR, Columns, ResizedShard, Shard, Source, StoredFile
from transforms.tables.join import TableRow


class Header(NamedTuple):
    """The first line of a marker.

    Args:
        digest: of the shard's sources as they were listed.
        rows: how many manifest rows follow.
        failures: how many failures follow these.
        retry: how many of them another run tries again.
        files: path below OUT, bytes and SHA-256 of each file that was stored.
        tally: the shard's share of the summary.
        attributions: how many lines of who made the images follow the failures.
        unmatched: how many lines of what found nothing in a table follow these.
    """

    digest: str
    rows: int
    failures: int
    retry: int
    files: list[tuple[str, int, str]]
    tally: dict[str, Any]
    attributions: int = 0
    unmatched: int = 0

    def fits(self, digest: str, retry_failed: bool = False) -> bool:
        """Whether the shard needs nothing more: the same sources, and nothing to try again.

        Args:
            digest: of the sources as they are now.
            retry_failed: try every failure again, not only those that `retry` counts.
        """
        return self.digest == digest and (self.failures if retry_failed else self.retry) == 0


class Marker(NamedTuple):
    """A whole marker; all but its header are lines of JSON, as they go into the dataset's tables."""

    header: Header
    rows: tuple[bytes, ...]
    failures: tuple[bytes, ...]
    attributions: tuple[bytes, ...]
    unmatched: tuple[bytes, ...]


def marker_path(shard: Shard) -> str:
    """Where below OUT a shard's marker lies."""
    return f"{RUN_DIR}/shards/{shard.name}.jsonl"


def digest_of(sources: Sequence[Source], rows: Sequence[TableRow] = (), columns: Columns = NO_COLUMNS) -> str:
    """The digest of a shard's sources: what was listed of each, in the order of their paths.

    Where there are tables or labels, the shard's rows and the columns of the dataset are in it too.
    """
    listed = sorted((source.path, source.bytes, source.version) for source in sources)
    digest = hashlib.sha256(json_line(listed))
    if rows or columns.types:
        digest.update(json_line(columns))
        for row in sorted(rows):
            digest.update(json_line(row[:3]) + row.cells)
    return digest.hexdigest()


def marker_bytes(resized: ResizedShard, files: Sequence[StoredFile]) -> bytes:
    """The marker of a shard whose images have been stored as `files`."""
    header = Header(
        digest=resized.digest,
        rows=len(resized.rows),
        failures=len(resized.failures),
        retry=sum(failure.error in RETRIED_KINDS for failure in resized.failures),
        files=[(file.path, len(file.data), file.sha256) for file in files],
        tally=resized.tally,
        attributions=len(resized.attributions),
        unmatched=len(resized.unmatched),
    )
    rows = map(manifest_line, resized.rows)
    return b"".join(
        (json_line(header), *rows, *map(json_line, (*resized.failures, *resized.attributions, *resized.unmatched)))
    )


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
    counts = (header.rows, header.failures, header.attributions, header.unmatched)
    if len(lines) != sum(counts):
        raise RunError(f"the marker {marker_path(shard)!r} is damaged: delete it, and the shard is done again")
    following = iter(lines)
    return Marker(header, *(tuple(itertools.islice(following, count)) for count in counts))


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
