"""The items of a shard: sources, rows of tables and folders, in their shuffled form."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import apache_beam as beam

from transforms.listing.match import to_source
from transforms.model.annotations import BOXES, IMAGE_LABELS, IMAGE_LIST
from transforms.model.config import ATTRIBUTION, COLUMNS, ResizeConfig
from transforms.model.records import Shard, Source
from transforms.sharding.duplicate_paths import settled
from transforms.tables.join import TableRow

ShardTuple = tuple[str, int, int]

# The shuffled form of an item of a shard: a source (its path, bytes, version and place), a row of a table (its key, a
# negative number for the table, its number in the table, and its cells as JSON, compressed in a table of annotations),
# or a folder with the extension of an image (its path and another negative number).
ItemTuple = tuple[bytes, int, float, bytes]
ITEM_TYPE = beam.typehints.Tuple[bytes, int, float, bytes]
ASSIGNED_TYPE = beam.typehints.Tuple[beam.typehints.Tuple[str, int, int], ITEM_TYPE]

TABLE_NUMBERS = {COLUMNS: -1, ATTRIBUTION: -2, BOXES: -3, IMAGE_LABELS: -4, IMAGE_LIST: -5}
FOLDER_NUMBER = -6
_TABLES = {number: table for table, number in TABLE_NUMBERS.items()}


class ShardItems(NamedTuple):
    """The sources of a shard, the rows of tables for them, and the folders that may have the names of their outputs."""

    sources: list[Source]
    rows: list[TableRow]
    folders: frozenset[str] = frozenset()


def unpack_items(shard: Shard, items: Iterable[ItemTuple], config: ResizeConfig) -> ShardItems:
    """Convert the items of a shard from their shuffled form."""
    unpacked, folders = ShardItems([], []), set()
    for name, number, version, rest in items:
        if number in _TABLES:
            table = _TABLES[number]
            cells = rest if table in (COLUMNS, ATTRIBUTION) else zlib.decompress(rest)
            unpacked.rows.append(TableRow(table, os.fsdecode(name), int(version), cells))
        elif number == FOLDER_NUMBER:
            folders.add(os.fsdecode(name))
        elif name:
            unpacked.sources.append(to_source((shard.split, name, number, version, rest), config))
    return unpacked._replace(sources=settled(unpacked.sources), folders=frozenset(folders))
