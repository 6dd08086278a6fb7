"""metadata.jsonl, as Hugging Face's imagefolder reads it: https://huggingface.co/docs/datasets/image_dataset.

It takes the types of the columns from the first lines of each split, and refuses splits whose types differ: a column
must not be null, or missing, in all of them. So there is no null: text without a value is "", a label without one is
-1, which stands for no label there, and since nothing stands for a number that is missing, a column of numbers that
lacks any is one of text. Arrow reads whole numbers in JSON as int64, and larger ones as floats, which changes them: a
column of uint64 is one of text too.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from transforms.dataset.plan import has_archives
from transforms.layouts.archive import without_uint64
from transforms.model.cell_types import as_type
from transforms.model.config import COLUMNS, ResizeConfig
from transforms.model.json_lines import json_line
from transforms.model.records import LABEL, Columns, Tally, Value


def loaded_columns(columns: Columns, listing: Tally, resized: Tally, config: ResizeConfig) -> Columns:
    """The columns as people load them: in layout `files` those of metadata.jsonl, and only Parquet has uint64.

    Args:
        columns: of the dataset.
        listing: the tally of what was matched, and of the table's cells.
        resized: the tally of all shards.
        config: the dataset.
    """
    if config.layout != "parquet":
        columns = without_uint64(columns)
    if has_archives(config.layout) or COLUMNS not in config.tables:
        return columns
    table = listing["tables"][COLUMNS]
    full = {LABEL}
    if not resized["tables"][COLUMNS]["images_without_row"]:
        cells = {name: sum(kinds.values()) - kinds.get("none", 0) for name, kinds in table["kinds"].items()}
        full |= {name for name, number in cells.items() if number == table["rows"]}
    return columns._replace(types={name: kind if name in full else "string" for name, kind in columns.types.items()})


def metadata_line(row: Mapping[str, Any], path: str, columns: Columns) -> bytes:
    """The line of an image that was written.

    Args:
        row: of the manifest, with its further columns.
        path: of metadata.jsonl below OUT.
        columns: see `loaded_columns`.
    """
    name = posixpath.relpath(row["path"], posixpath.dirname(path) or ".")
    values = {column: _filled(column, as_type(row[column], kind)) for column, kind in columns.types.items()}
    return json_line({"file_name": name, **values})


def _filled(column: str, value: Value) -> Value:
    if isinstance(value, str):  # half of a pair, a byte that is no UTF-8, makes Arrow refuse the whole file
        return value.encode("utf-8", "replace").decode()
    if value is not None:
        return value
    return -1 if column == LABEL else ""
