import dataclasses
import random
from pathlib import Path

from tests.transforms.shards import config
from transforms.model.config import Split
from transforms.model.records import Columns, Source, UnmatchedRow
from transforms.tables.join import EMPTY_JOIN, TableRow, join

COLUMNS = Columns({"x": "int64"})


def source(path: str) -> Source:
    return Source(path.rpartition(".")[0], path, f"/in/{path}", 1, 1.0)


def test_rows_are_matched_with_images(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), columns="c.csv", attribution="a.csv")
    sources = [source(path) for path in ("a.jpg", "a.png", "b.jpg", "c.jpg")]
    rows = [
        TableRow("columns", "a", 4, b'{"x":"7"}'),
        TableRow("columns", "a", 2, b'{"x":"1"}'),
        TableRow("columns", "b", 3, b"{}"),
        TableRow("columns", "z", 9, b'{"x":"5"}'),
        TableRow("columns", "z", 8, b'{"x":"6"}'),
        TableRow("attribution", "c", 1, b'{"License":"by"}'),
        TableRow("attribution", "y", 2, b'{"License":"by"}'),
    ]
    random.Random(1).shuffle(rows)
    result = join(sources, rows, COLUMNS, settings)
    assert result.columns == {"a.jpg": {"x": 1}, "a.png": {"x": 1}, "b.jpg": {"x": None}, "c.jpg": {"x": None}}
    assert result.attributions == {"c": {"License": "by"}}
    assert result.unmatched == (
        UnmatchedRow("attribution", "a", None, "no-row"),
        UnmatchedRow("attribution", "a", None, "no-row"),
        UnmatchedRow("attribution", "b", None, "no-row"),
        UnmatchedRow("attribution", "y", 2, "no-image"),
        UnmatchedRow("columns", "a", 4, "repeated"),
        UnmatchedRow("columns", "c", None, "no-row"),
        UnmatchedRow("columns", "z", 8, "no-image"),
        UnmatchedRow("columns", "z", 9, "repeated"),
    )
    assert result.tally == {
        "columns": {
            "rows": 5,
            "rows_without_image": 1,
            "rows_repeated": 2,
            "images_with_row": 3,
            "images_without_row": 1,
        },
        "attribution": {
            "rows": 2,
            "rows_without_image": 1,
            "rows_repeated": 0,
            "images_with_row": 1,
            "images_without_row": 3,
        },
    }


def test_the_folder_of_a_split_is_not_a_class(tmp_path: Path) -> None:
    columns = Columns({"label": "int64", "label_name": "string"}, ("cat", "dog"))
    splits = tuple(Split(name, f"/in/{name}/**", f"/in/{name}") for name in ("cat", "b"))
    settings = dataclasses.replace(config(tmp_path), label_from="folder", splits=splits)
    result = join([source("cat/a.jpg"), source("cat/dog/b.jpg")], [], columns, settings)
    assert result.columns == {
        "cat/a.jpg": {"label": None, "label_name": None},
        "cat/dog/b.jpg": {"label": 1, "label_name": "dog"},
    }
    assert (result.unmatched, result.tally) == ((), {})


def test_without_tables_and_labels_the_result_is_empty(tmp_path: Path) -> None:
    assert join([source("a.jpg")], [], Columns(), config(tmp_path)) == EMPTY_JOIN
