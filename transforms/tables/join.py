"""A shard's sources and the rows of tables in the same shard -> the table values of each source."""

from __future__ import annotations

import enum
import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from transforms.model.config import ATTRIBUTION, COLUMNS, ResizeConfig
from transforms.model.places import ListRow
from transforms.model.records import Columns, Source, UnmatchedRow, Value
from transforms.tables.columns import ColumnValues, class_of
from transforms.tables.keys import Keys


class Reason(enum.StrEnum):
    """Why a row of a table, or an image, is reported as unmatched."""

    NO_IMAGE = "no-image"
    NO_ROW = "no-row"
    REPEATED = "repeated"  # another row matches the same image, or an earlier one has the same key


class TableRow(NamedTuple):
    """A row of a table in the shard of its key: the table, the key, its number in the table, and its cells as JSON."""

    table: str
    key: str
    number: int
    cells: bytes


class JoinResult(NamedTuple):
    """The table values of the images of a shard.

    Args:
        columns: path of a source -> its values in the additional columns.
        attributions: key -> the author and the license of the image.
        unmatched: the images without a row and the rows without an image, in the order of tables, keys and rows.
        tally: table -> how many rows it has in this shard, and how many of the rows and images are matched.
    """

    columns: dict[str, dict[str, Value]]
    attributions: dict[str, dict[str, Value]]
    unmatched: tuple[UnmatchedRow, ...]
    tally: dict[str, Any]


# The result if there are neither tables nor labels.
EMPTY_JOIN = JoinResult({}, {}, (), {})


class Matches(NamedTuple):
    """The rows of a table, matched with images.

    Args:
        rows: key of an image -> its row.
        unmatched: the rows that match no image, or whose image has another row.
    """

    rows: dict[str, TableRow]
    unmatched: list[UnmatchedRow]


def join(sources: Sequence[Source], rows: Sequence[TableRow], columns: Columns, config: ResizeConfig) -> JoinResult:
    """Find each source's row in each table by its key.

    If several rows match one image, the row whose key is closest to the image's key counts; the first such row wins.
    """
    keys = {source.key for source in sources}
    matches = {table: match(keys, of_table(rows, table), config) for table in config.tables}
    matched = {table: table_matches.rows for table, table_matches in matches.items()}
    unmatched = [row for table in matches for row in _unmatched(sources, table, matches[table])]
    return JoinResult(
        _values(sources, matched.get(COLUMNS, {}), columns, config),
        {key: json.loads(row.cells) for key, row in matched.get(ATTRIBUTION, {}).items()},
        tuple(sorted(unmatched, key=lambda row: (row.table, row.key, row.row or 0))),
        {table: _counts(sources, rows, table, unmatched) for table in matches},
    )


def _unmatched(sources: Sequence[Source], table: str, matches: Matches) -> Iterator[UnmatchedRow]:
    yield from matches.unmatched
    for source in sources:
        if source.key not in matches.rows:
            yield UnmatchedRow(table, source.key, None, Reason.NO_ROW)


def of_table(rows: Sequence[TableRow], table: str) -> list[TableRow]:
    """Return the rows of one table."""
    return [row for row in rows if row.table == table]


def match(keys: Set[str], rows: Sequence[TableRow], config: ResizeConfig) -> Matches:
    """Find the row of each image.

    Args:
        keys: the keys of the images.
        rows: the rows of one table.
        config: the dataset.
    """
    ranked = [(*_find_image(row.key, keys, config), row) for row in rows]
    matched: dict[str, TableRow] = {}
    without_image: set[str] = set()
    unmatched = []
    for _rank, key, row in sorted(ranked, key=lambda item: (item[0], item[2].number)):
        if key is None:
            reason = Reason.REPEATED if row.key in without_image else Reason.NO_IMAGE
            without_image.add(row.key)
            unmatched.append(UnmatchedRow(row.table, row.key, row.number, reason))
        elif matched.setdefault(key, row) is not row:
            unmatched.append(UnmatchedRow(row.table, row.key, row.number, Reason.REPEATED))
    return Matches(matched, unmatched)


def image_of(written: str, keys: Set[str], config: ResizeConfig) -> str | None:
    """Return the key of the image that a row's key names, or None if there is none."""
    return _find_image(written, keys, config)[1]


def _find_image(written: str, keys: Set[str], config: ResizeConfig) -> tuple[int, str | None]:
    """Return the rank of the first reading of a row's key that is the key of an image, and that key.

    The lower the rank, the more literally the row names the image; rank 0 is an exact match. If no reading is the key
    of an image, return (0, None).
    """
    if written in keys:  # the case for nearly all rows
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
    reasons = Counter(row.reason for row in unmatched if row.table == table)
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
    return {
        source.path: values.of_sample(_cells(source, rows.get(source.key)), class_of(source.path, config))
        for source in sources
    }


def _cells(source: Source, row: TableRow | None) -> dict[str, Value]:
    """Return the additional columns of a source: those of its list, and those of its row in the table."""
    listed = json.loads(source.place.cells) if isinstance(source.place, ListRow) and source.place.cells else {}
    return {**listed, **(json.loads(row.cells) if row else {})}
