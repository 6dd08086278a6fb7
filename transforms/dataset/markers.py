"""Markers: a shard is committed if its marker exists and fits. Nothing else determines that.

A marker is a file of JSON lines: a header, then the shard's manifest rows, its failures, the attributions of its
images, the images and table rows without a match, and the missing images.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from transforms.dataset import state
from transforms.dataset.paths import MARKERS_DIR
from transforms.imaging.errors import RETRIED_KINDS
from transforms.model.errors import RunError
from transforms.model.json_lines import json_line, manifest_line
from transforms.model.places import ListRow
from transforms.model.records import NO_COLUMNS, Columns, ResizedShard, Shard, Source, StoredFile
from transforms.tables.join import TableRow


class Header(NamedTuple):
    """The first line of a marker.

    Args:
        digest: the digest of the shard's sources, see `digest_of`.
        rows: the number of manifest rows, which follow the header.
        failures: the number of failures, which follow the rows.
        retry: the number of failures that the next run retries.
        files: path below OUT, size in bytes and SHA-256 of each stored file.
        tally: the tally of the shard.
        attributions: the number of attributions, which follow the failures.
        unmatched: the number of unmatched images and table rows, which follow the attributions.
        missing: the number of missing images, which follow the unmatched ones.
    """

    digest: str
    rows: int
    failures: int
    retry: int
    files: list[tuple[str, int, str]]
    tally: dict[str, Any]
    attributions: int = 0
    unmatched: int = 0
    missing: int = 0

    def fits(self, digest: str, retry_failed: bool = False) -> bool:
        """Return whether the shard is complete: its sources have not changed, and there is nothing to retry.

        Args:
            digest: the digest of the current sources.
            retry_failed: whether to retry every failure, not only those that `retry` counts.
        """
        return self.digest == digest and (self.failures if retry_failed else self.retry) == 0


class Marker(NamedTuple):
    """A whole marker. All fields but the header are JSON lines, identical to those in the files of the dataset."""

    header: Header
    rows: tuple[bytes, ...]
    failures: tuple[bytes, ...]
    attributions: tuple[bytes, ...]
    unmatched: tuple[bytes, ...]
    missing: tuple[bytes, ...]


def marker_path(shard: Shard) -> str:
    """Return the path of a shard's marker below OUT."""
    return f"{MARKERS_DIR}/{shard.name}.jsonl"


def digest_of(
    sources: Sequence[Source], rows: Sequence[TableRow] = (), columns: Columns = NO_COLUMNS, selection: bytes = b""
) -> str:
    """Return the digest of a shard's sources: the path, size and version of each, in the order of the paths.

    For a source from a list, include the rest of its row, but not the row number. If there are tables or labels,
    include the shard's rows and the columns of the dataset.

    Args:
        sources: the sources of the shard.
        rows: the table rows of the shard.
        columns: the columns of the dataset.
        selection: which sources are selected, if that also depends on other shards; else b"".
    """
    listed = sorted(map(_identity, sources))
    digest = hashlib.sha256(json_line(listed))
    if rows or columns.types or columns.annotations:
        # Omit unused fields that older versions lack: otherwise their shards would be made again.
        known = columns if columns.annotations else {"types": columns.types, "classes": columns.classes}
        digest.update(json_line(known))
        for row in sorted(rows):
            digest.update(json_line(row[:3]) + row.cells)
    digest.update(selection)
    return digest.hexdigest()


def _identity(source: Source) -> tuple[Any, ...]:
    if isinstance(source.place, ListRow):
        return source.path, source.bytes, source.version, source.location, source.place.hash, source.place.cells
    return source.path, source.bytes, source.version


def marker_bytes(resized: ResizedShard, files: Sequence[StoredFile]) -> bytes:
    """Return the content of the marker of a shard that is stored as `files`."""
    header = Header(
        digest=resized.digest,
        rows=len(resized.rows),
        failures=len(resized.failures),
        retry=sum(failure.error in RETRIED_KINDS for failure in resized.failures),
        files=[(file.path, file.size, file.sha256) for file in files],
        tally=resized.tally,
        attributions=len(resized.attributions),
        unmatched=len(resized.unmatched),
        missing=len(resized.missing),
    )
    rows = map(manifest_line, resized.rows)
    others = (*resized.failures, *resized.attributions, *resized.unmatched, *resized.missing)
    return b"".join((json_line(header), *rows, *map(json_line, others)))


def read_marker(out_dir: str, shard: Shard) -> Marker | None:
    """Return the marker of a shard, or None if there is none.

    Raises:
        RunError: the marker is damaged.
    """
    data = state.read(out_dir, marker_path(shard))
    if data is None:
        return None
    first, *lines = data.splitlines(keepends=True)
    header = _parse_header(first, shard)
    counts = (header.rows, header.failures, header.attributions, header.unmatched, header.missing)
    if len(lines) != sum(counts):
        raise _damaged(shard)
    remaining = iter(lines)
    return Marker(header, *(tuple(itertools.islice(remaining, count)) for count in counts))


def read_header(out_dir: str, shard: Shard) -> Header | None:
    """Return the header of a shard's marker, or None if there is no marker.

    Raises:
        RunError: the marker is damaged.
    """
    marker = read_marker(out_dir, shard)
    return marker.header if marker else None


def _parse_header(line: bytes, shard: Shard) -> Header:
    try:
        return Header(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise _damaged(shard) from error


def _damaged(shard: Shard) -> RunError:
    return RunError(
        f"the marker {marker_path(shard)!r} is damaged: run with --verify to delete it, then run again to recreate the "
        "shard"
    )
