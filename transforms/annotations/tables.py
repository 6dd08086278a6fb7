"""Read the columns of Open Images' tables, some rows at a time. They are CSV with a header, and may end with .gz."""

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

# Bytes of a file that are parsed at once.
_BLOCK = 8_000_000

# A column that only one kind of table has -> the flag that takes that table.
_TELLING = {"XMin": "--boxes", "OriginalURL": "--image_list", "Confidence": "--image_labels"}


def read_columns(
    location: str, where: str, types: Mapping[str, str], needed: Sequence[str]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the columns of a table that are used, some rows at a time: name -> cells. An empty cell is None.

    Args:
        location: of the file.
        where: the flag and the file, for messages.
        types: name -> type of each column that is used, in the words of Arrow; the others are ignored.
        needed: the names of those that must be there.

    Raises:
        StorageError: the file cannot be read.
        RunError: the file is no such table.
    """
    import pyarrow as pa  # takes a quarter of a second, for which no run without annotations should wait
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
    """Return the ID of an image that a table may give with spaces around it, its folder or its extension."""
    written = written.strip()
    return image_id(key_of(written) if "." in written and is_candidate(written) else written)


def _plain(file: BinaryIO, location: str) -> contextlib.AbstractContextManager[BinaryIO | gzip.GzipFile]:
    """Return a file without its compression, if it has one."""
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
    # What gzip, the decoder of UTF-8 and pyarrow raise for a file that is not such a table.
    except (csv.Error, zlib.error, ValueError, EOFError) as error:
        raise RunError(f"{where} cannot be read as a table: {error}") from error
