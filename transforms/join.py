"""A shard's sources and the rows of the tables that came to it -> what each source gets of them."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from transforms.columns import ColumnValues, class_of
from transforms.config import ResizeConfig
from transforms.elements import Columns, Source, UnmatchedRow, Value
from transforms.tables import ATTRIBUTION, COLUMNS


class Reason(enum.StrEnum):
    """Why a row of a table, or an image, is on the list of those that found nothing."""

    NO_IMAGE = "no-image"
    NO_ROW = "no-row"
    REPEATED = "repeated"  # an earlier row has its key


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


def join(sources: Sequence[Source], rows: Sequence[TableRow], columns: Columns, config: ResizeConfig) -> Joined:
    """Finds each source's row in each table by its key.

    Of several rows with one key the first in the table counts.
    """
    found = {table: _first_rows(rows, table) for table in config.tables}
    unmatched = [one for table in found for one in _unmatched(sources, rows, table, found[table])]
    keys = {source.key for source in sources}
    return Joined(
        _values(sources, found.get(COLUMNS, {}), columns, config),
        {key: json.loads(row.cells) for key, row in found.get(ATTRIBUTION, {}).items() if key in keys},
        tuple(sorted(unmatched, key=lambda one: (one.table, one.key, one.row or 0))),
        {table: _counts(sources, rows, table, unmatched) for table in found},
    )


def _first_rows(rows: Sequence[TableRow], table: str) -> dict[str, TableRow]:
    ordered = sorted((row for row in rows if row.table == table), key=lambda row: row.number, reverse=True)
    return {row.key: row for row in ordered}


def _unmatched(
    sources: Sequence[Source], rows: Sequence[TableRow], table: str, found: Mapping[str, TableRow]
) -> Iterator[UnmatchedRow]:
    keys = {source.key for source in sources}
    for row in rows:
        if row.table == table and found[row.key] is not row:
            yield UnmatchedRow(table, row.key, row.number, Reason.REPEATED)
        elif row.table == table and row.key not in keys:
            yield UnmatchedRow(table, row.key, row.number, Reason.NO_IMAGE)
    for source in sources:
        if source.key not in found:
            yield UnmatchedRow(table, source.key, None, Reason.NO_ROW)


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
