"""A shard's sources and the rows of the tables that came to it -> what each source gets of them."""

from __future__ import annotations

import enum
import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from transforms.model.config import ATTRIBUTION, COLUMNS, ResizeConfig
from transforms.model.records import Columns, Source, UnmatchedRow, Value
from transforms.tables.columns import ColumnValues, class_of
from transforms.tables.keys import Keys


class Reason(enum.StrEnum):
    """Why a row of a table, or an image, is on the list of those that found nothing."""

    NO_IMAGE = "no-image"
    NO_ROW = "no-row"
    REPEATED = "repeated"  # another row has its image, or an earlier one its key


class TableRow(NamedTuple):
    """A row of a table in the shard of its key: the table, the key, its number in the table, and its cells as JSON."""

    table: str
    key: str
    number: int
    cells: bytes


class Joined(NamedTuple):
    """What came of a join.

    Args:
        columns: path of a source -> its values of the further columns.
        attributions: key -> who made the image.
        unmatched: the images and rows that found nothing, in the order of tables, keys and rows.
        tally: a table -> its rows, and how many of them, and of the images, found what they belong to.
    """

    columns: dict[str, dict[str, Value]]
    attributions: dict[str, dict[str, Value]]
    unmatched: tuple[UnmatchedRow, ...]
    tally: dict[str, Any]


# Where there are neither tables nor labels.
NOTHING_JOINED = Joined({}, {}, (), {})


class Matches(NamedTuple):
    """What came of a table's rows.

    Args:
        found: key of an image -> its row.
        unmatched: the rows that have no image, and those whose image has another row.
    """

    found: dict[str, TableRow]
    unmatched: list[UnmatchedRow]


def join(sources: Sequence[Source], rows: Sequence[TableRow], columns: Columns, config: ResizeConfig) -> Joined:
    """Find each source's row in each table by its key.

    Of several rows of one image the one counts that names it most literally, and of several such the first.
    """
    keys = {source.key for source in sources}
    matches = {table: match(keys, of_table(rows, table), config) for table in config.tables}
    found = {table: one.found for table, one in matches.items()}
    unmatched = [one for table in found for one in _unmatched(sources, table, matches[table])]
    return Joined(
        _values(sources, found.get(COLUMNS, {}), columns, config),
        {key: json.loads(row.cells) for key, row in found.get(ATTRIBUTION, {}).items()},
        tuple(sorted(unmatched, key=lambda one: (one.table, one.key, one.row or 0))),
        {table: _counts(sources, rows, table, unmatched) for table in found},
    )


def _unmatched(sources: Sequence[Source], table: str, matches: Matches) -> Iterator[UnmatchedRow]:
    yield from matches.unmatched
    for source in sources:
        if source.key not in matches.found:
            yield UnmatchedRow(table, source.key, None, Reason.NO_ROW)


def of_table(rows: Sequence[TableRow], table: str) -> list[TableRow]:
    """Return the rows of one table."""
    return [row for row in rows if row.table == table]


def match(keys: Set[str], rows: Sequence[TableRow], config: ResizeConfig) -> Matches:
    """Find the row of each image.

    Args:
        keys: of the images.
        rows: of one table.
        config: the dataset.
    """
    placed = [(*_place(row.key, keys, config), row) for row in rows]
    found: dict[str, TableRow] = {}
    none: set[str] = set()
    unmatched = []
    for _rank, key, row in sorted(placed, key=lambda one: (one[0], one[2].number)):
        if key is None:
            reason = Reason.REPEATED if row.key in none else Reason.NO_IMAGE
            none.add(row.key)
            unmatched.append(UnmatchedRow(row.table, row.key, row.number, reason))
        elif found.setdefault(key, row) is not row:
            unmatched.append(UnmatchedRow(row.table, row.key, row.number, Reason.REPEATED))
    return Matches(found, unmatched)


def _place(written: str, keys: Set[str], config: ResizeConfig) -> tuple[int, str | None]:
    """Return how literally a row names its image, 0 for word for word, and the key of this image or None."""
    if written in keys:  # nearly all of them
        return 0, written
    for rank, key in enumerate(_keys(config).readings(written)):
        if key in keys:
            return rank, key
    return 0, None


@functools.lru_cache(1)
def _keys(config: ResizeConfig) -> Keys:
    return Keys(config)


def _counts(
    sources: Sequence[Source], rows: Sequence[TableRow], table: str, unmatched: Sequence[UnmatchedRow]
) -> dict[str, int]:
    reasons = Counter(one.reason for one in unmatched if one.table == table)
    return {
        "rows": sum(row.table == table for row in rows),
        "rows_without_image": reasons[Reason.NO_IMAGE],
        "rows_repeated": reasons[Reason.REPEATED],
        "images_with_row": len(sources) - reasons[Reason.NO_ROW],
        "images_without_row": reasons[Reason.NO_ROW],
    }


def _values(
    sources: Sequence[Source], rows: Mapping[str, TableRow], columns: Columns, config: ResizeConfig
) -> dict[str, dict[str, Value]]:
    if not columns.types:
        return {}
    values = ColumnValues(columns)
    return {source.path: values.of(_cells(rows.get(source.key)), class_of(source.path, config)) for source in sources}


def _cells(row: TableRow | None) -> dict[str, Value]:
    return json.loads(row.cells) if row else {}
