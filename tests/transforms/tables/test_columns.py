import dataclasses
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.model.cell_types import Text
from transforms.model.errors import RunError
from transforms.model.records import Columns, Value
from transforms.summary.tally import merge
from transforms.tables.columns import ColumnValues, Profile, columns_of, folder_class
from transforms.tables.readers import Row


def profile(*rows: dict[str, Value]) -> Profile:
    counted = Profile("columns")
    for number, cells in enumerate(rows, 1):
        counted.add(Row(number, b"k", None, cells))
    return counted


def test_a_profile_counts_the_kinds_of_cells_and_the_labels() -> None:
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


def test_of_an_attribution_only_rows_are_counted() -> None:
    counted = Profile("attribution")
    counted.add(Row(1, b"k", None, {"License": "by"}))
    assert counted.tally() == {"tables": {"attribution": {"rows": 1, "kinds": {}, "labels": {}}}}


@pytest.mark.parametrize(("path", "folder"), [("a.jpg", None), ("cat/a.jpg", "cat"), ("big/cat/a.jpg", "cat")])
def test_the_last_folder_is_the_class(path: str, folder: str | None) -> None:
    assert folder_class(path) == folder


def test_labels_by_folder(tmp_path: Path) -> None:
    labelled = dataclasses.replace(config(tmp_path), label_from="folder")
    columns = columns_of({"classes": {"dog": 2, "cat": 1}, **profile({"x": 1}).tally()}, labelled)
    assert columns == Columns({"x": "int64", "label": "int64", "label_name": "string"}, ("cat", "dog"))
    values = ColumnValues(columns)
    assert values.of_sample({"x": 5}, "dog") == {"x": 5, "label": 1, "label_name": "dog"}
    assert values.of_sample({}, None) == {"x": None, "label": None, "label_name": None}


def test_labels_by_name(tmp_path: Path) -> None:
    columns = columns_of(profile({"label": "dog"}, {"label": Text("7")}, {"label": None}).tally(), config(tmp_path))
    assert columns == Columns({"label": "int64", "label_name": "string"}, ("7", "dog"))
    values = ColumnValues(columns)
    assert values.of_sample({"label": "7"}, None) == {"label": 0, "label_name": "7"}
    assert values.of_sample({"label": None}, None) == {"label": None, "label_name": None}


def test_labels_by_number(tmp_path: Path) -> None:
    columns = columns_of(profile({"label": Text("7")}, {"label": Text("-1")}).tally(), config(tmp_path))
    assert columns == Columns({"label": "int64"})
    assert ColumnValues(columns).of_sample({"label": "-1"}, None) == {"label": -1}


def test_no_table_means_no_columns(tmp_path: Path) -> None:
    assert columns_of({"splits": {}}, config(tmp_path)) == Columns()


def test_labels_that_are_refused(tmp_path: Path) -> None:
    labelled = dataclasses.replace(config(tmp_path), label_from="folder", columns="/c.csv")
    with pytest.raises(
        RunError, match=r"--label_from folder and --columns '/c.csv' both provide 'label': use only one"
    ):
        columns_of(profile({"label": 1}).tally(), labelled)
    with pytest.raises(RunError, match="has float64 in its column 'label': use names or whole numbers"):
        columns_of(profile({"label": 0.5}).tally(), config(tmp_path))
    many: list[dict[str, Value]] = [{"label": f"caption {number}"} for number in range(100_002)]
    captions = profile(*many).tally()
    with pytest.raises(
        RunError, match="the column 'label' has more than 100,000 different values: if they are not classes"
    ):
        columns_of(captions, config(tmp_path))
