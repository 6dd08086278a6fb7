"""Read tables of additional columns. Each has a row for each image, with the image's key.

A table is CSV or TSV with a header, JSON lines (each may be compressed, as .csv.gz), or Parquet; local or in a store.
"""

from __future__ import annotations

import codecs
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
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from loguru import logger

from transforms import storage
from transforms.model.annotations import ANNOTATION_FIELDS
from transforms.model.cell_types import Decimals, Text, as_type, json_text
from transforms.model.config import ATTRIBUTION, COLUMNS
from transforms.model.counting import counted
from transforms.model.errors import RunError, StorageError
from transforms.model.keys import key_of
from transforms.model.records import MANIFEST_FIELDS, Value
from transforms.tables.arrow import Base64, read_parquet
from transforms.web.urls import extension_path

# The columns that may contain the key: as in the manifest, in Open Images' two kinds of tables, and in imagefolder.
KEY_COLUMNS = ("key", "ImageID", "image_id", "file_name")
# The columns that may name the split of a row.
SPLIT_COLUMNS = ("split", "Subset")

# The columns of an attribution table that are kept, named as in Open Images' list of images.
ATTRIBUTION_COLUMNS = ("OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title")

# The column of a text file, which has no columns: each line is the path or web address of an image.
TEXT_COLUMN = "url"
_TEXT = ".txt"

# Names that the dataset itself uses in one of its layouts.
RESERVED = frozenset(
    {
        *MANIFEST_FIELDS,
        *ANNOTATION_FIELDS,
        *("columns", "file_name", "image", "label_name", "jpg", "png", "webp", "avif", "json", "cls"),
    }
)

# The names of columns that pandas writes for an index without a name.
INDEX_NAME = re.compile(r"\s*|__index_level_\d+__")

# The first bytes of a gzip file, and the number of bytes that identify a file.
_GZIP = b"\x1f\x8b"
_HEAD = 8192

# The maximum number of digits of an integer that is read as a number; a longer one is read as text.
_LONGEST_WHOLE_NUMBER = 20


class Row(NamedTuple):
    """A row of a table.

    Args:
        number: the number of the row, from 1.
        key: the key, encoded like a file name.
        split: the split that the row names; None if it names none.
        cells: column -> cell, for the other columns.
        left_out: the columns that have no name of their own, and are left out.
    """

    number: int
    key: bytes
    split: str | None
    cells: dict[str, Value]
    left_out: tuple[str, ...] = ()


def read_rows(location: str, table: str) -> Iterator[Row]:
    """Yield the rows of a table.

    Args:
        location: the location of the file.
        table: the kind of table, `COLUMNS` or `ATTRIBUTION`.

    Raises:
        StorageError: the file cannot be read.
        RunError: the file is not such a table.
    """
    where = f"--{table} {location!r}"
    if is_text(location):
        raise RunError(_no_table(where))
    cells_of = _attribution if table == ATTRIBUTION else _further_columns
    with _failing_in(where):
        for number, cells in enumerate(read_cells(location, where, storage.open_file(location)), 1):
            yield _row(number, cells, cells_of, where)


def read_cells(
    location: str, where: str, opening: contextlib.AbstractContextManager[BinaryIO]
) -> Iterator[dict[str, Any]]:
    """Yield the cells of each row of a file: column -> cell. The lines of a text file are the column `TEXT_COLUMN`.

    Args:
        location: the location of the file. The extension determines its format.
        where: the name of the file in messages.
        opening: opens the file.

    Raises:
        StorageError: the file cannot be read.
        RunError: the file is not a table.
    """
    read = _reader(location, where)
    with _failing_in(where), opening as opened, _plain_file(opened) as file:
        yield from read(file, where)


def check_table(location: str, table: str) -> None:
    """Read the first row of a table, and warn about columns that are left out.

    Raises:
        StorageError: the file cannot be read.
        RunError: the file is not such a table, or has no rows.
    """
    first = next(read_rows(location, table), None)
    if first is None:
        raise RunError(f"--{table} {location!r} has no rows: use a table with a header and a row for each image")
    if table == COLUMNS and first.left_out:
        names = ", ".join(map(repr, first.left_out))
        logger.warning(
            "--{} {!r} has a column {}, which pandas uses for an index: it is left out; rename it to keep it",
            table,
            location,
            names,
        )


def _row(number: int, cells: dict[str, Any], cells_of: Callable[..., dict[str, Value]], where: str) -> Row:
    name = next((name for name in KEY_COLUMNS if name in cells), None)
    if name is None and number > 1:
        raise RunError(f"{where} has no key in row {number}: add a key to each row")
    if name is None:
        raise RunError(f"{where} has no column with the images' keys: name it {' or '.join(map(repr, KEY_COLUMNS))}")
    key = key_in(cells[name])
    if key is None:
        raise RunError(f"{where} has no key in row {number}, column {name!r}: add a key to each row")
    split = next((str(cells[column]) for column in SPLIT_COLUMNS if cells.get(column) is not None), None)
    left_out = tuple(column for column in cells if INDEX_NAME.fullmatch(column))
    others = {column: cell for column, cell in cells.items() if column != name and column not in left_out}
    if name == "file_name":
        folder, separator, last = key.rpartition("\\")
        key = f"{folder}{separator}{key_of(last)}"
    return Row(number, os.fsencode(key), split, cells_of(others, where), left_out)


def key_in(cell: Any) -> str | None:
    """Return the key in a cell, or None if it holds no key. A number with a fraction is not a key."""
    if isinstance(cell, Base64):
        return os.fsdecode(cell.data)
    if cell is None or isinstance(cell, (float, bool, list, dict, Decimals)):
        return None
    return str(cell)


def _further_columns(cells: dict[str, Any], where: str) -> dict[str, Value]:
    for name in cells:
        if name in RESERVED:
            raise RunError(f"{where} has a column {name!r}, a name that the dataset uses itself: rename the column")
    return {name: plain_cell(cell) for name, cell in cells.items()}


def _attribution(cells: dict[str, Any], where: str) -> dict[str, Value]:
    if "License" not in cells:
        raise RunError(f"{where} has no column 'License': use a table with {', '.join(ATTRIBUTION_COLUMNS)}")
    return {name: as_type(plain_cell(cells.get(name)), "string") or "" for name in ATTRIBUTION_COLUMNS}


def plain_cell(cell: Any) -> Value:
    """Return a plain value unchanged, a list or an object as JSON, and None for NaN."""
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if cell is None or isinstance(cell, (str, int, float)):
        return cell
    return json_text(cell)


def _plain_file(file: BinaryIO) -> contextlib.AbstractContextManager[Any]:
    """Return the decompressed file if it is compressed, else the file itself, whatever its name says."""
    if _head(file).startswith(_GZIP):
        return gzip.open(file)
    return contextlib.nullcontext(file)


def _head(file: Any) -> bytes:
    """Return the first bytes of a file, which is buffered, and leave them there."""
    return bytes(file.peek(_HEAD))


def _reader(location: str, where: str) -> Callable[[BinaryIO, str], Iterator[dict[str, Any]]]:
    extension = _extension(location)
    if extension not in _READERS:
        raise RunError(_no_table(where))
    return _READERS[extension]


def is_text(location: str) -> bool:
    """Return whether a file, by its extension, is a text file whose lines are the rows."""
    return _extension(location) == _TEXT


def _extension(location: str) -> str:
    return posixpath.splitext(extension_path(location).lower().removesuffix(".gz"))[1]


def _no_table(where: str) -> str:
    return f"{where} does not have the extension of a table: use a file that ends with .csv, .tsv, .jsonl or .parquet"


@contextlib.contextmanager
def _failing_in(where: str) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except OSError as error:
        raise StorageError(f"{where} cannot be read: {error.strerror or error}", str(error)) from error
    except UnicodeDecodeError as error:
        raise RunError(f"{where} has text that is not UTF-8: save it as UTF-8") from error
    # Raised by gzip, pyarrow and the UTF-8 encoder for a file that is not such a table.
    except (zlib.error, ValueError, EOFError, NotImplementedError) as error:
        raise RunError(f"{where} cannot be read as a table: {error}") from error


def _read_csv(file: BinaryIO, where: str, delimiter: str = ",") -> Iterator[dict[str, Any]]:
    rows = _csv_rows(file, where, delimiter)
    _, names = next(rows, (1, None))
    if names is None:
        return
    if any(number > 1 and not INDEX_NAME.fullmatch(name) for name, number in Counter(names).items()):
        raise RunError(f"{where} has two columns with the same name in its header {names!r}: give each a unique name")
    for line, cells in rows:
        if len(cells) != len(names):
            raise RunError(
                f"{where} has {counted(len(cells), 'cell')} instead of {len(names)} in line {line}: give each row as "
                f"many cells as the header"
            )
        yield {name: Text(cell) if cell else None for name, cell in zip(names, cells, strict=True)}


def _csv_rows(file: BinaryIO, where: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each row that is not empty.

    Raises:
        RunError: a quote is missing or in the wrong place.
    """
    csv.field_size_limit(sys.maxsize)  # the default is 128 KB
    rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in rows:
            if cells:
                yield line, cells
            line = rows.line_num + 1
    except csv.Error as error:
        raise RunError(
            f"{where} has a missing or misplaced quote in the row that begins in line {line} ({error}): close each "
            'cell that begins with a quote, and write a quote within it as ""'
        ) from error


def _read_tsv(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    return _read_csv(file, where, "\t")


def _read_jsonl(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=_whole_number, parse_float=Decimals)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
            raise RunError(
                f"{where} has invalid JSON in line {number} ({reason}): put one object on each line"
            ) from error
        if not isinstance(row, dict):
            raise RunError(f"{where} has no object in line {number}: put one object on each line")
        yield row


def _whole_number(digits: str) -> int | Text:
    if digits == "-0":
        return Decimals(digits)
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else Text(digits)


def _read_parquet(file: BinaryIO, _where: str) -> Iterator[dict[str, Any]]:
    return read_parquet(file)


class Line(Text):
    """A line of a text, with its number from 1 in `line`."""

    __slots__ = ("line",)
    line: int


def _read_text(file: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a text file except empty lines and comments (#). Names need not be UTF-8.

    Raises:
        RunError: the file is not a text file.
    """
    head = _head(file)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RunError(f"{where} is encoded as UTF-16: save it as UTF-8")
    if b"\0" in head:
        raise RunError(
            f"{where} is not a text file because it contains a NUL byte: use a text file with one path per line"
        )
    for number, line in enumerate(io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape"), 1):
        if (text := line.strip()) and not text.startswith("#"):
            cell = Line(text)
            cell.line = number
            yield {TEXT_COLUMN: cell}


_READERS: dict[str, Callable[[BinaryIO, str], Iterator[dict[str, Any]]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    _TEXT: _read_text,
}
