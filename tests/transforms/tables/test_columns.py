import dataclasses
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.model.cell_types import Text
from transforms.model.errors import RunError
from transforms.model.records import Columns, Value
from transforms.summary.tally import merge
from transforms.tables.columns import ColumnValues, Profile, columns_of, folder_of
from transforms.tables.readers import Row


def profile(*cells: dict[str, Value]) -> Profile:
    made = Profile("columns")
    for number, one in enumerate(cells, 1):
        made.take(Row(number, b"k", None, one))
    return made


def test_a_profile_counts_what_columns_hold() -> None:
    first = profile({"x": Text("1"), "label": "cat"}, {"x": None, "label": "dog"})
    second = profile({"x": Text("b"), "label": "cat"})
    assert merge([first.tally(), second.tally()]) == {
        "tables": {
            "columns": {
                "rows": 3,
                "kinds": {"x": {"int": 1, "none": 1, "text": 1}, "label": {"text": 3}},
                "labels": {"cat": 2, "dog": 1},
            }
        }
    }


def test_an_attribution_is_only_counted() -> None:
    made = Profile("attribution")
    made.take(Row(1, b"k", None, {"License": "by"}))
    assert made.tally() == {"tables": {"attribution": {"rows": 1, "kinds": {}, "labels": {}}}}


@pytest.mark.parametrize(("path", "folder"), [("a.jpg", None), ("cat/a.jpg", "cat"), ("big/cat/a.jpg", "cat")])
def test_the_class_of_a_folder(path: str, folder: str | None) -> None:
    assert folder_of(path) == folder


def test_labels_by_folder(tmp_path: Path) -> None:
    labelled = dataclasses.replace(config(tmp_path), label_from="folder")
    columns = columns_of({"classes": {"dog": 2, "cat": 1}, **profile({"x": 1}).tally()}, labelled)
    assert columns == Columns({"x": "int64", "label": "int64", "label_name": "string"}, ("cat", "dog"))
    values = ColumnValues(columns)
    assert values.of({"x": 5}, "dog") == {"x": 5, "label": 1, "label_name": "dog"}
    assert values.of({}, None) == {"x": None, "label": None, "label_name": None}


def test_labels_by_name(tmp_path: Path) -> None:
    columns = columns_of(profile({"label": "dog"}, {"label": Text("7")}, {"label": None}).tally(), config(tmp_path))
    assert columns == Columns({"label": "int64", "label_name": "string"}, ("7", "dog"))
    values = ColumnValues(columns)
    assert values.of({"label": "7"}, None) == {"label": 0, "label_name": "7"}
    assert values.of({"label": None}, None) == {"label": None, "label_name": None}


def test_labels_by_number(tmp_path: Path) -> None:
    columns = columns_of(profile({"label": Text("7")}, {"label": Text("-1")}).tally(), config(tmp_path))
    assert columns == Columns({"label": "int64"})
    assert ColumnValues(columns).of({"label": "-1"}, None) == {"label": -1}


def test_nothing_joins_nothing(tmp_path: Path) -> None:
    assert columns_of({"splits": {}}, config(tmp_path)) == Columns()


def test_labels_that_are_none(tmp_path: Path) -> None:
    labelled = dataclasses.replace(config(tmp_path), label_from="folder", columns="/c.csv")
    with pytest.raises(RunError, match=r"--label_from folder and --columns '/c.csv' both give 'label': use one"):
        columns_of(profile({"label": 1}).tally(), labelled)
    with pytest.raises(RunError, match="has float64 in its column 'label': give names or whole numbers"):
        columns_of(profile({"label": 0.5}).tally(), config(tmp_path))
    many: list[dict[str, Value]] = [{"label": f"caption {number}"} for number in range(100_002)]
    captions = profile(*many).tally()
    with pytest.raises(RunError, match="the column 'label' has over 100,000 names: call it something else"):
        columns_of(captions, config(tmp_path))
