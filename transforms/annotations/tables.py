"""Read the columns of Open Images' tables in batches of rows. They are CSV with a header; .gz files are compressed."""

from __future__ import annotations

import contextlib
import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from transforms import storage
from transforms.model.errors import RunError, StorageError
from transforms.model.file_names import is_candidate
from transforms.model.keys import image_id, key_of

# The number of bytes of a file that are parsed at once.
_BLOCK = 8_000_000

# A column that only one kind of table has -> the flag for that table.
_TELLING = {"XMin": "--boxes", "OriginalURL": "--image_list", "Confidence": "--image_labels"}


def read_columns(
    location: str, where: str, types: Mapping[str, str], needed: Sequence[str]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the used columns of a table in batches of rows: name -> cells. An empty cell is None.

    Args:
        location: the location of the file.
        where: the flag and the file, for messages.
        types: name -> Arrow type of each column that is used; other columns are ignored.
        needed: the names of the columns that the table must have.

    Raises:
        StorageError: the file cannot be read.
        RunError: the file is not such a table.
    """
    import pyarrow as pa  # importing it takes a quarter of a second; runs without annotations should not wait for it
    from pyarrow import csv as arrow_csv

    with _failing_in(where), storage.open_file(location) as opened, _plain(opened, location) as file:
        names = _header(file, where, needed)
        used = [name for name in types if name in names]
        convert = arrow_csv.ConvertOptions(
            include_columns=used,
            column_types={name: pa.type_for_alias(types[name]) for name in used},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        )
        read = arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False)
        parse = arrow_csv.ParseOptions(newlines_in_values=True)
        try:
            for batch in arrow_csv.open_csv(file, read, parse, convert):
                yield {name: batch.column(name).to_pylist() for name in used}
        except pa.ArrowInvalid as error:
            if str(error) != "Empty CSV file":  # the header alone
                raise


def image_id_of(written: str) -> str:
    """Return an image ID. A table may write it with spaces around it, with its folder or with its extension."""
    written = written.strip()
    return image_id(key_of(written) if "." in written and is_candidate(written) else written)


def _plain(file: BinaryIO, location: str) -> contextlib.AbstractContextManager[BinaryIO | gzip.GzipFile]:
    """Return the decompressed file if it is compressed, else the file itself."""
    return gzip.GzipFile(fileobj=file) if location.endswith(".gz") else contextlib.nullcontext(file)


def _header(file: BinaryIO | gzip.GzipFile, where: str, needed: Sequence[str]) -> list[str]:
    names = next(csv.reader([file.readline().decode("utf-8-sig")]), [])
    missing = [name for name in needed if name not in names]
    if missing:
        has = f"; its first line is {','.join(names)[:100]!r}" if names else " because it is empty"
        flag = next((flag for name, flag in _TELLING.items() if name in names and flag not in where), "")
        advice = f": pass it with {flag}" if flag else f": use a table with {', '.join(needed)}"
        raise RunError(f"{where} has no column {missing[0]!r}{has}{advice}")
    for name, flag in _TELLING.items():
        if name in names and flag not in where and not (flag == "--image_labels" and where.startswith("--boxes ")):
            raise RunError(f"{where} has a column {name!r}, so it is not such a table: pass it with {flag}")
    if len(set(names)) < len(names):
        raise RunError(f"{where} has two columns with the same name in its header {names!r}: give each a unique name")
    return names


@contextlib.contextmanager
def _failing_in(where: str) -> Iterator[None]:
    try:
        yield
    except (RunError, StorageError):
        raise
    except OSError as error:
        raise StorageError(f"{where} cannot be read: {error.strerror or error}", str(error)) from error
    # Raised by gzip, the UTF-8 decoder and pyarrow for a file that is not such a table.
    except (csv.Error, zlib.error, ValueError, EOFError) as error:
        raise RunError(f"{where} cannot be read as a table: {error}") from error
