"""The markers of a hundred shards -> their part of the manifest and of the other documents with parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from transforms import storage
from transforms.annotations import coco
from transforms.dataset.markers import Marker, read_marker
from transforms.dataset.paths import PIECES_DIR, SUMS_PATH
from transforms.dataset.plan import Part, coco_boxes_path, coco_images_path, metadata_path
from transforms.layouts import LAYOUTS
from transforms.model.annotations import COCO, IMAGE_LIST
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.json_lines import is_written
from transforms.model.records import ArchiveRow, Columns, Shard, Tally
from transforms.publish.checksums import sum_line
from transforms.publish.metadata import metadata_line
from transforms.summary.tally import merge


class PartResult(NamedTuple):
    """The sums of the markers of one part.

    Args:
        number: the number of the part.
        tally: the sum of its shards' tallies.
        outputs: split -> its share of the tally's `outputs`, see `_outputs_of`.
        archives: the rows of the archives, in the order of the shards.
        pieces: path of a document that has no parts -> path of this part's piece of it.
    """

    number: int
    tally: Tally
    outputs: dict[str, Tally]
    archives: tuple[ArchiveRow, ...]
    pieces: dict[str, str]


def read_markers(part: Part, config: ResizeConfig) -> list[Marker]:
    """Return the markers of a part's shards.

    Raises:
        RunError: a shard is not committed.
    """
    return [_read_marker(shard, config) for shard in part.shards]


def _read_marker(shard: Shard, config: ResizeConfig) -> Marker:
    marker = read_marker(config.out_dir, shard)
    if marker is None:
        raise RunError(f"shard {shard.name} of {config.out_dir!r} is not committed: run the same command again")
    return marker


def write_part(part: Part, markers: Sequence[Marker], columns: Columns, config: ResizeConfig) -> PartResult:
    """Write one part of each document that has parts, and this part's piece of each document that has none.

    Raises:
        StorageError: a file cannot be written.
    """
    sums = [sum_line(path, sha256) for marker in markers for path, _, sha256 in marker.header.files]
    for name, lines in _documents(markers, config).items():
        data = b"".join(lines)
        storage.write(config.out_dir, part.path(name), data)
        sums.append(sum_line(part.path(name), hashlib.sha256(data).hexdigest()))
    pieces = {SUMS_PATH: sums, **_metadata(part, markers, columns, config)}
    shards = zip(part.shards, markers, strict=True)
    return PartResult(
        part.number,
        merge(marker.header.tally for marker in markers),
        _outputs(part, markers),
        tuple(row for shard, marker in shards for row in archives_of(shard, marker, config)),
        {path: _write_piece(part, path, lines, config) for path, lines in pieces.items()},
    )


def _documents(markers: Sequence[Marker], config: ResizeConfig) -> dict[str, list[bytes]]:
    """Return name -> lines of each document that has parts."""
    documents = {
        "manifest": [line for marker in markers for line in marker.rows],
        "failures": [line for marker in markers for line in marker.failures],
    }
    if config.is_attributed:
        documents["attribution"] = [line for marker in markers for line in marker.attributions]
    if config.annotations and IMAGE_LIST in config.annotations.tables:
        documents["missing"] = [line for marker in markers for line in marker.missing]
    if config.tables:
        documents["unmatched"] = [line for marker in markers for line in marker.unmatched]
    return documents


def _metadata(part: Part, markers: Sequence[Marker], columns: Columns, config: ResizeConfig) -> dict[str, list[bytes]]:
    """Return path -> lines of each metadata.jsonl, and of the images and the boxes of each coco.json.

    Return {} with archives, whose samples contain metadata.
    """
    if LAYOUTS[config.layout].has_archives:
        return {}
    lines: dict[str, list[bytes]] = {}
    for shard, marker in zip(part.shards, markers, strict=True):
        for row in map(json.loads, filter(is_written, marker.rows)):
            folder = config.size_folder(row["size"]) + config.key_prefix(shard.split)
            path = metadata_path(folder)
            lines.setdefault(path, []).append(metadata_line(row, path, columns))
            if config.annotations and COCO in config.annotations.formats:
                images = lines.setdefault(coco_images_path(folder), [])
                boxes = lines.setdefault(coco_boxes_path(folder), [])
                boxes += coco.box_lines(row, len(images))
                images.append(coco.image_line(row, row["path"].removeprefix(folder)))
    return lines


def _outputs(part: Part, markers: Sequence[Marker]) -> dict[str, Tally]:
    outputs: dict[str, list[Tally]] = {}
    for shard, marker in zip(part.shards, markers, strict=True):
        outputs.setdefault(shard.split, []).append(_outputs_of(marker.header.tally))
    return {split: merge(tallies) for split, tallies in outputs.items()}


def _outputs_of(tally: Tally) -> Tally:
    """Return the `outputs` of a tally. With annotations, each size also has the number of images with any of them."""
    annotated = tally.get("annotated")
    if not annotated:
        outputs: Tally = tally["outputs"]
        return outputs
    return {
        size: {**output, "annotated": {name: counts[size]["images_with"] for name, counts in annotated.items()}}
        for size, output in tally["outputs"].items()
    }


def archives_of(shard: Shard, marker: Marker, config: ResizeConfig) -> list[ArchiveRow]:
    """Return the rows of a shard's archives, one for each size; [] in layout `files`."""
    if not LAYOUTS[config.layout].has_archives:
        return []
    header = marker.header
    return [
        ArchiveRow(path, shard.split, size, header.tally["outputs"][str(size)]["images"], length, sha256)
        for size, (path, length, sha256) in zip(config.spec.sizes, header.files, strict=True)
    ]


def _write_piece(part: Part, path: str, lines: Sequence[bytes], config: ResizeConfig) -> str:
    """Write a part's piece of the document at `path`, and return the path of the piece."""
    piece = f"{PIECES_DIR}/{path}-{part.number:05d}"
    storage.write(config.out_dir, piece, b"".join(lines))
    return piece
