"""The documents of a dataset that have no parts, and the checksums of all files."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from transforms import storage
from transforms.dataset.access import edited_card
from transforms.dataset.paths import ARCHIVES_PATH, CARD_PATH, CROISSANT_PATH, LICENSE_PATH, SUMMARY_PATH, SUMS_PATH
from transforms.dataset.plan import Plan, metadata_paths
from transforms.finishing.annotation_files import write_annotations
from transforms.finishing.parts import PartResult
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line, utf8
from transforms.model.records import Columns
from transforms.publish.card import card
from transforms.publish.card_head import with_current_head
from transforms.publish.checksums import sum_line
from transforms.publish.croissant import croissant
from transforms.publish.facts import dataset_facts
from transforms.publish.license import license_text


def write_documents(
    plan: Plan, columns: Columns, summary: Mapping[str, Any], parts: Sequence[PartResult], config: ResizeConfig
) -> None:
    """Write all documents that have no parts.

    Args:
        plan: the plan of the dataset.
        columns: see `metadata.loaded_columns`.
        summary: the content of summary.json.
        parts: the results of all parts, in order.
        config: the configuration of the dataset.

    Raises:
        StorageError: a file cannot be written.
    """
    sums = [_join_pieces(path, parts, config) for path in metadata_paths(plan)]
    sums += write_annotations(columns, summary, parts, config)
    for path, text in _texts(columns, summary, parts, config):
        storage.write(config.out_dir, path, text)
        sums.append(sum_line(path, hashlib.sha256(text).hexdigest()))
    _join_pieces(SUMS_PATH, parts, config, sums)


def _texts(
    columns: Columns, summary: Mapping[str, Any], parts: Sequence[PartResult], config: ResizeConfig
) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of each document that is not joined from pieces."""
    archives = tuple(row for part in parts for row in part.archives)
    if LAYOUTS[config.layout].has_archives:
        yield ARCHIVES_PATH, b"".join(map(json_line, archives))
    facts = dataset_facts(summary, archives, columns, config)
    if config.is_attributed:
        yield LICENSE_PATH, utf8(license_text(facts))
    if described := croissant(facts):
        yield CROISSANT_PATH, utf8(described)
    else:  # an earlier run may have written images of formats that Croissant has, and this one others
        storage.delete_all(config.out_dir, [CROISSANT_PATH])
    edited = edited_card(config.out_dir)
    yield CARD_PATH, with_current_head(edited, facts) if edited else utf8(card(facts))
    yield SUMMARY_PATH, utf8(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def _join_pieces(path: str, parts: Sequence[PartResult], config: ResizeConfig, last: Iterable[bytes] = ()) -> bytes:
    """Write the pieces of one document, then the lines `last`. Return the document's line for SHA256SUMS."""
    _, sha256 = storage.write_pieces(config.out_dir, path, functools.partial(_pieces, path, parts, config, last))
    return sum_line(path, sha256)


def _pieces(path: str, parts: Sequence[PartResult], config: ResizeConfig, last: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        if path in part.pieces:
            yield storage.read(storage.join(config.out_dir, part.pieces[path]))
    yield from last
