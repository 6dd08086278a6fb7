"""Tables that further columns come from: a row an image, found by its key.

A CSV or TSV file with a header, JSON lines (each also compressed, as .csv.gz), or Parquet; local or in a store.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import math
import os
import posixpath
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from transforms import storage
from transforms.elements import ManifestRow, Value
from transforms.errors import RunError, StorageError
from transforms.imaging.naming import key_of

# The tables that a dataset may have, by the names of their flags.
COLUMNS, ATTRIBUTION = "columns", "attribution"

# The columns that may hold the key: the manifest's name of it, Open Images' two, and imagefolder's.
KEY_COLUMNS = ("key", "ImageID", "image_id", "file_name")
# Those that may name the split of a row.
SPLIT_COLUMNS = ("split", "Subset")

# What is kept of an attribution table, in the words of Open Images' image list.
ATTRIBUTION_COLUMNS = ("OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title")

# Columns that a dataset has already, in one of its layouts.
TAKEN = frozenset({*ManifestRow._fields, "image", "label_name", "jpg", "png", "webp", "avif", "json", "cls"})

# What a cell may hold: its kind -> the types of a column that it fits into, the narrowest first.
_FITTING = {
    "int": ("int64", "float64", "string"),
    "long": ("int64", "string"),
    "float": ("float64", "string"),
    "bool": ("bool", "string"),
    "text": ("string",),
}

_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LEADING_ZERO = re.compile(r"-?0\d")
_ROWS_AT_ONCE = 10_000


class Text(str):
    """A cell of a file that knows nothing but text: a number where it is written as one."""

    __slots__ = ()


class Row(NamedTuple):
    """A row of a table: its number from 1, its key as bytes of a name, the split that it names, its other cells."""

    number: int
    key: bytes
    split: str | None
    cells: dict[str, Value]


def read_rows(location: str, table: str) -> Iterator[Row]:
    """The rows of a table, one by one.

    Args:
        location: of the file.
        table: what it is, `COLUMNS` or `ATTRIBUTION`.

    Raises:
        StorageError: it cannot be read.
        RunError: it is no such table.
    """
    where = f"--{table} {location!r}"
    read = _reader(location, where)
    with _failing_in(where), storage.open_file(location) as opened, _plain_file(opened, location) as file:
        cells_of = _attribution if table == ATTRIBUTION else _further_columns
        for number, cells in enumerate(read(file, where), 1):
            yield _row(number, cells, cells_of, where)


def check_table(location: str, table: str) -> None:
    """Reads a table's first row, so that one that is none is refused before a run. Raises as `read_rows` does."""
    if next(read_rows(location, table), None) is None:
        raise RunError(f"--{table} {location!r} has no row: give a table with a header and a row an image")


def kind_of(cell: Value) -> str:
    """What a cell holds: "none", "int", "long" (one that no float64 holds exactly), "float", "bool" or "text"."""
    if cell is None:
        return "none"
    if isinstance(cell, Text):
        return _kind_of_text(cell)
    if isinstance(cell, bool):
        return "bool"
    if isinstance(cell, int):
        return "int" if abs(cell) <= 2**53 else "long" if -(2**63) <= cell < 2**63 else "text"
    return "float" if isinstance(cell, float) and math.isfinite(cell) else "text"  # JSON has no infinity


def type_of(kinds: Mapping[str, int]) -> str:
    """The narrowest type that all cells of a column fit into.

    Args:
        kinds: how many cells hold what, see `kind_of`.
    """
    fitting = [_FITTING[kind] for kind in kinds if kind != "none"] or [("string",)]
    return next(one for one in ("int64", "float64", "bool", "string") if all(one in types for types in fitting))


def _kind_of_text(text: str) -> str:
    if _WHOLE_NUMBER.fullmatch(text):
        return kind_of(int(text))
    return kind_of(float(text)) if _NUMBER.fullmatch(text) and not _LEADING_ZERO.match(text) else "text"


def as_type(cell: Value, name: str) -> Value:
    """A cell in the type of its column, see `type_of`."""
    if cell is None:
        return None
    if name == "string":
        return cell if isinstance(cell, str) else json.dumps(cell)
    return {"int64": int, "float64": float, "bool": bool}[name](cell)


def _row(number: int, cells: dict[str, Any], cells_of: Callable[..., dict[str, Value]], where: str) -> Row:
    name = next((name for name in KEY_COLUMNS if name in cells), None)
    if name is None:
        raise RunError(f"{where} has no column that names the images: call it {' or '.join(map(repr, KEY_COLUMNS))}")
    key = cells[name]
    if key is None or isinstance(key, (float, bool)):
        raise RunError(f"{where} has no key in row {number}, column {name!r}: each row takes one")
    key = key_of(key) if name == "file_name" else str(key)
    split = next((str(cells[one]) for one in SPLIT_COLUMNS if cells.get(one) is not None), None)
    others = {column: cell for column, cell in cells.items() if column != name}
    return Row(number, os.fsencode(key), split, cells_of(others, where))


def _further_columns(cells: dict[str, Any], where: str) -> dict[str, Value]:
    for name in cells:
        if name in TAKEN or not name:
            raise RunError(f"{where} has a column {name!r}, which is a name of the dataset's own: give it another")
    return {name: _plain(cell) for name, cell in cells.items()}


def _attribution(cells: dict[str, Any], where: str) -> dict[str, Value]:
    if "License" not in cells:
        raise RunError(f"{where} has no column 'License': its columns are {', '.join(ATTRIBUTION_COLUMNS)}")
    return {name: "" if cells.get(name) is None else str(cells[name]) for name in ATTRIBUTION_COLUMNS}


def _plain(cell: Any) -> Value:
    """A cell as it is, where it is a plain value; a list or an object as JSON. No number is no value."""
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if cell is None or isinstance(cell, (str, int, float)):
        return cell
    return json.dumps(cell, ensure_ascii=False, default=str)


def _plain_file(file: BinaryIO, location: str) -> contextlib.AbstractContextManager[Any]:
    """A file as it was before it was compressed."""
    if location.endswith(".gz"):
        return gzip.open(file)
    return contextlib.nullcontext(file)


def _reader(location: str, where: str) -> Callable[[BinaryIO, str], Iterator[dict[str, Any]]]:
    extension = posixpath.splitext(location.removesuffix(".gz"))[1].lower()
    if extension not in _READERS:
        raise RunError(f"{where} is no table by its name: give a file called .csv, .tsv, .jsonl or .parquet")
    return _READERS[extension]


@contextlib.contextmanager
def _failing_in(where: str) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except OSError as error:
        raise StorageError(f"{where} cannot be read: {error.strerror or error}", str(error)) from error
    # What csv, json, UTF-8 and pyarrow say of what is no table; pyarrow's own errors are ValueErrors.
    except (csv.Error, zlib.error, ValueError, EOFError) as error:
        raise RunError(f"{where} cannot be read as a table: {error}") from error


def _read_csv(file: BinaryIO, where: str, delimiter: str = ",") -> Iterator[dict[str, Any]]:
    csv.field_size_limit(sys.maxsize)  # of its own, 128 KB
    lines = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter=delimiter, strict=True)
    names = next(lines, None)
    if names is None:
        return
    if len(set(names)) < len(names):
        raise RunError(f"{where} has two columns of one name in its header {names!r}: give each its own")
    for cells in filter(None, lines):
        if len(cells) != len(names):
            raise RunError(f"{where} has {len(cells)} cells instead of {len(names)} in line {lines.line_num}")
        yield {name: Text(cell) if cell else None for name, cell in zip(names, cells, strict=True)}


def _read_tsv(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    return _read_csv(file, where, "\t")


def _read_jsonl(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        row = json.loads(line)
        if not isinstance(row, dict):
            raise RunError(f"{where} has no object in line {number}: each line takes one")
        yield row


def _read_parquet(file: BinaryIO, _where: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq  # a quarter of a second, which no other run should wait for

    for batch in pq.ParquetFile(file).iter_batches(_ROWS_AT_ONCE):
        yield from batch.to_pylist()


_READERS: dict[str, Callable[[BinaryIO, str], Iterator[dict[str, Any]]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
