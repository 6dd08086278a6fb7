"""metadata.jsonl, as Hugging Face's imagefolder reads it: https://huggingface.co/docs/datasets/image_dataset.

It takes the types of the columns from the first lines of each split, and refuses splits whose types differ: a column
must not be null, or missing, in all of them. So text without a value is "", and a label without one is -1, which
stands for no label there. For other numbers nothing stands for none: they are null.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from transforms.elements import LABEL, Columns, Value, json_line


def metadata_line(row: Mapping[str, Any], path: str, columns: Columns) -> bytes:
    """The line of an image that was written.

    Args:
        row: of the manifest, with its further columns.
        path: of metadata.jsonl below OUT.
        columns: of the dataset.
    """
    name = posixpath.relpath(row["path"], posixpath.dirname(path) or ".")
    values = {column: _filled(column, kind, row[column]) for column, kind in columns.types.items()}
    return json_line({"file_name": name, **values})


def _filled(column: str, kind: str, value: Value) -> Value:
    if isinstance(value, str):  # half of a pair, a byte that is no UTF-8, makes Arrow refuse the whole file
        return value.encode("utf-8", "replace").decode()
    if value is not None:
        return value
    return -1 if column == LABEL else "" if kind == "string" else None
