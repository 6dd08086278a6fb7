"""The features of a sample in the format of a dataset card: https://huggingface.co/docs/hub/datasets-cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from transforms.layouts.archive import LIST_FIELDS
from transforms.model.annotations import ANNOTATION_FIELDS, BOX, CLASS
from transforms.model.json_lines import utf8_text
from transforms.model.records import LABEL, Columns


def image(name: str) -> dict[str, Any]:
    """Return the feature of a column of images."""
    return {"name": name, "dtype": "image"}


def value(name: str, kind: str) -> dict[str, Any]:
    """Return the feature of a column of values or lists. `kind` is Arrow's name for the type of the values."""
    return {"name": name, "list" if name in LIST_FIELDS else "dtype": kind}


def label(name: str, columns: Columns) -> dict[str, Any]:
    """Return the feature of a column of labels, with the names of the classes, if any."""
    if not columns.classes:
        return {"name": name, "dtype": "int64"}
    return {"name": name, "dtype": _class_label(columns.classes)}


def _class_label(names: Iterable[str]) -> dict[str, Any]:
    return {"class_label": {"names": {str(number): utf8_text(name) for number, name in enumerate(names)}}}


def annotated(columns: Columns) -> list[dict[str, Any]]:
    """Return the features of the annotations: structs of lists."""
    return [
        {
            "name": name,
            "struct": [
                {"name": field, "list": _item(kind, columns)} for field, kind in ANNOTATION_FIELDS[name].items()
            ],
        }
        for name in columns.annotations
    ]


def _item(kind: str, columns: Columns) -> Any:
    if kind == CLASS:
        return _class_label(columns.categories.values())
    return {"list": "float64"} if kind == BOX else kind


def table(types: Mapping[str, str], columns: Columns) -> list[dict[str, Any]]:
    """Return the features of a table: the column `image`, a column of each type, and the annotations.

    Args:
        types: name of column -> type. `label` is a column of labels.
        columns: the columns of the dataset.
    """
    return [
        image("image"),
        *(label(name, columns) if name == LABEL else value(name, kind) for name, kind in types.items()),
        *annotated(columns),
    ]
