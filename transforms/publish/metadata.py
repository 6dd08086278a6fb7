"""metadata.jsonl, as Hugging Face's imagefolder reads it: https://huggingface.co/docs/datasets/image_dataset.

imagefolder infers the types of columns from the first lines of each split and rejects splits whose types differ. So a
column must not be null, or missing, in all of these lines. The file contains no null at all: a missing text is "", and
a missing label is -1, which imagefolder treats as no label. No number can represent a missing one, so a numeric column
with missing values becomes text. A column of uint64 becomes text, too: Arrow reads JSON integers as int64, and larger
ones as floats, which changes them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from transforms.layouts import LAYOUTS
from transforms.layouts.archive import without_uint64
from transforms.model.cell_types import as_type
from transforms.model.config import COLUMNS, ResizeConfig
from transforms.model.json_lines import json_line
from transforms.model.records import LABEL, Columns, Tally, Value


def loaded_columns(columns: Columns, listing: Tally, resized: Tally, config: ResizeConfig) -> Columns:
    """Return the columns with the types that loaders see: in layout `files`, the types of metadata.jsonl.

    Args:
        columns: the columns of the dataset.
        listing: the tally of the matched images and of the table's cells.
        resized: the tally of all shards.
        config: the configuration of the dataset.
    """
    layout = LAYOUTS[config.layout]
    if not layout.has_uint64:
        columns = without_uint64(columns)
    if layout.has_archives or not (COLUMNS in config.tables or "lists" in listing):
        return columns
    images = sum(split["images"] for split in listing["splits"].values())
    full = {LABEL, *_full(listing.get("lists", {}), images)}  # the columns that never lack a value
    if COLUMNS in config.tables and not resized["tables"][COLUMNS]["images_without_row"]:
        table = listing["tables"][COLUMNS]
        full |= _full(table, table["rows"])
    return columns._replace(types={name: kind if name in full else "string" for name, kind in columns.types.items()})


def _full(profile: Tally, rows: int) -> set[str]:
    """Return the columns that have a value in all `rows` rows."""
    kinds_of = profile.get("kinds", {})
    return {name for name, kinds in kinds_of.items() if sum(kinds.values()) - kinds.get("none", 0) == rows}


def metadata_line(row: Mapping[str, Any], path: str, columns: Columns) -> bytes:
    """Return the line of metadata.jsonl for a written image.

    Args:
        row: its row of the manifest, with the additional columns.
        path: the path of metadata.jsonl below OUT.
        columns: the columns, see `loaded_columns`.
    """
    name = row["path"].removeprefix(path.removesuffix(posixpath.basename(path)))
    values = {column: _filled(column, as_type(row[column], kind)) for column, kind in columns.types.items()}
    return json_line({"file_name": name, **values, **{name: row[name] for name in columns.annotations}})


def _filled(column: str, value: Value) -> Value:
    if isinstance(value, str):  # Arrow rejects lone surrogates, which represent bytes of a name that are not UTF-8
        return value.encode("utf-8", "replace").decode()
    if value is not None:
        return value
    return -1 if column == LABEL else ""
