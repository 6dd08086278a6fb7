"""The markers of a hundred shards -> their part of the dataset's tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from transforms import storage
from transforms.dataset.markers import Marker, read_marker
from transforms.dataset.paths import PIECES_DIR, SUMS_PATH
from transforms.dataset.plan import Part, has_archives, metadata_path
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.json_lines import is_written
from transforms.model.records import ArchiveRow, Columns, Shard, Tally
from transforms.publish.checksums import sum_line
from transforms.publish.metadata import metadata_line
from transforms.summary.tally import merge


class PartResult(NamedTuple):
    """What the markers of one part add up to.

    Args:
        number: of the part.
        tally: of its shards.
        outputs: split -> its share of the tally's `outputs`.
        archives: in the order of the shards.
        pieces: path of a file that all parts make together -> path of this part's piece of it.
    """

    number: int
    tally: Tally
    outputs: dict[str, Tally]
    archives: tuple[ArchiveRow, ...]
    pieces: dict[str, str]


def read_markers(part: Part, config: ResizeConfig) -> list[Marker]:
    """The markers of a part's shards.

    Raises:
        RunError: a shard is not committed.
    """
    return [_read_marker(shard, config) for shard in part.shards]


def _read_marker(shard: Shard, config: ResizeConfig) -> Marker:
    marker = read_marker(config.out_dir, shard)
    if marker is None:
        raise RunError(f"shard {shard.name} of {config.out_dir!r} is not committed: give the same command again")
    return marker


def write_part(part: Part, markers: Sequence[Marker], columns: Columns, config: ResizeConfig) -> PartResult:
    """Writes one part of the manifest, the failures and the like, and its piece of each file that has no parts.

    Raises:
        StorageError: one cannot be written.
    """
    sums = [sum_line(path, sha256) for marker in markers for path, _, sha256 in marker.header.files]
    for name, lines in _tables(markers, config).items():
        data = b"".join(lines)
        storage.write(config.out_dir, part.path(name), data)
        sums.append(sum_line(part.path(name), hashlib.sha256(data).hexdigest()))
    pieces = {SUMS_PATH: sums, **_metadata(part, markers, columns, config)}
    return PartResult(
        part.number,
        merge(marker.header.tally for marker in markers),
        _outputs(part, markers),
        tuple(row for shard, one in zip(part.shards, markers, strict=True) for row in archives_of(shard, one, config)),
        {path: _write_piece(part, path, lines, config) for path, lines in pieces.items()},
    )


def _tables(markers: Sequence[Marker], config: ResizeConfig) -> dict[str, list[bytes]]:
    """The lines of each table that has parts."""
    tables = {
        "manifest": [line for marker in markers for line in marker.rows],
        "failures": [line for marker in markers for line in marker.failures],
    }
    if config.attribution:
        tables["attribution"] = [line for marker in markers for line in marker.attributions]
    if config.tables:
        tables["unmatched"] = [line for marker in markers for line in marker.unmatched]
    return tables


def _metadata(part: Part, markers: Sequence[Marker], columns: Columns, config: ResizeConfig) -> dict[str, list[bytes]]:
    """The lines of each metadata.jsonl, by its path."""
    if has_archives(config.layout):
        return {}
    made: dict[str, list[bytes]] = {}
    for shard, marker in zip(part.shards, markers, strict=True):
        for row in map(json.loads, filter(is_written, marker.rows)):
            path = metadata_path(config.size_folder(row["size"]), config.key_prefix(shard.split))
            made.setdefault(path, []).append(metadata_line(row, path, columns))
    return made


def _outputs(part: Part, markers: Sequence[Marker]) -> dict[str, Tally]:
    tallies: dict[str, list[Tally]] = {}
    for shard, marker in zip(part.shards, markers, strict=True):
        tallies.setdefault(shard.split, []).append(marker.header.tally["outputs"])
    return {split: merge(some) for split, some in tallies.items()}


def archives_of(shard: Shard, marker: Marker, config: ResizeConfig) -> list[ArchiveRow]:
    """A shard's archives, one a size; in layout `files` none."""
    if not has_archives(config.layout):
        return []
    header = marker.header
    return [
        ArchiveRow(path, shard.split, size, header.tally["outputs"][str(size)]["images"], length, sha256)
        for size, (path, length, sha256) in zip(config.spec.sizes, header.files, strict=True)
    ]


def _write_piece(part: Part, path: str, lines: Sequence[bytes], config: ResizeConfig) -> str:
    piece = f"{PIECES_DIR}/{path}-{part.number:05d}"
    storage.write(config.out_dir, piece, b"".join(lines))
    return piece
