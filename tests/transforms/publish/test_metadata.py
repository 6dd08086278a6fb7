import dataclasses
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.model.records import LABEL, Columns, Tally
from transforms.publish.metadata import loaded_columns, metadata_line

COLUMNS = Columns({"text": "string", "age": "int64", "ok": "bool", LABEL: "int64"}, ("cat",))
KINDS = {"text": {"text": 1, "none": 1}, "age": {"int": 1, "none": 1}, "ok": {"bool": 2}, LABEL: {"none": 2}}
TEXT = Columns({"text": "string", "age": "string", "ok": "string", LABEL: "int64"}, ("cat",))


@pytest.mark.parametrize(
    ("rows", "without_row", "layout", "wanted"),
    [
        (2, 0, "files", TEXT._replace(types={**TEXT.types, "ok": "bool"})),
        (3, 0, "files", TEXT),  # a row without the column, as JSON lines may have
        (2, 1, "files", TEXT),
        (3, 1, "parquet", COLUMNS),
    ],
)
def test_a_column_that_lacks_a_number_becomes_text(
    tmp_path: Path, rows: int, without_row: int, layout: str, wanted: Columns
) -> None:
    settings = dataclasses.replace(config(tmp_path), layout=layout, columns="a.csv")
    listing: Tally = {"splits": {"a": {"images": 2}}, "tables": {"columns": {"rows": rows, "kinds": KINDS}}}
    resized: Tally = {"tables": {"columns": {"images_without_row": without_row}}}
    assert loaded_columns(COLUMNS, listing, resized, settings) == wanted


def test_columns_without_a_table_are_not_changed(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), label_from="folder")
    assert loaded_columns(COLUMNS, {}, {}, settings) == COLUMNS


def test_a_line_has_no_null() -> None:
    full = {"path": "64/train/a/b.jpg", "text": "x", "age": 3, "ok": True, LABEL: 0}
    path = "64/train/metadata.jsonl"
    assert metadata_line(full, path, COLUMNS) == b'{"file_name":"a/b.jpg","text":"x","age":3,"ok":true,"label":0}\n'
    assert metadata_line(full, path, TEXT) == b'{"file_name":"a/b.jpg","text":"x","age":"3","ok":"true","label":0}\n'
    empty = {"path": "c.jpg", **dict.fromkeys(COLUMNS.types)}
    line = b'{"file_name":"c.jpg","text":"","age":"","ok":"","label":-1}\n'
    assert metadata_line(empty, "metadata.jsonl", TEXT) == line
