import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transforms.errors import RunError
from transforms.kinds import Text, as_type, kind_of, type_of
from transforms.tables import Row, check_table, read_rows

CSV = '\ufeffImageID,split,label,note\r\n007,train,3,"a ""b""\nc"\r\n-x,,,\r\n'


def write(tmp_path: Path, name: str, data: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def test_csv(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, "a.csv", CSV), "columns"))
    assert rows == [
        Row(1, b"007", "train", {"split": "train", "label": "3", "note": 'a "b"\nc'}),
        Row(2, b"-x", None, {"split": None, "label": None, "note": None}),
    ]
    assert [kind_of(cell) for cell in rows[0].cells.values()] == ["text", "int", "text"]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv"])
def test_other_files_of_text(tmp_path: Path, name: str) -> None:
    plain = "key\tx\na/b\t1\n" if name == "a.tsv" else "key,x\na/b,1\n"
    data = gzip.compress(plain.encode()) if name.endswith("gz") else plain
    assert list(read_rows(write(tmp_path, name, data), "columns")) == [Row(1, b"a/b", None, {"x": "1"})]


def test_nan_is_no_value(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"key":"1","x":NaN,"y":0.5}\n')
    assert list(read_rows(path, "columns")) == [Row(1, b"1", None, {"x": None, "y": 0.5})]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        {"file_name": "a/b.c.jpg", "x": 1, "names": ["é", 2]},
        {"file_name": "d", "x": "1", "y": 0.5, "z": True, "w": None},
    ]
    path = write(tmp_path, "a.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    assert list(read_rows(path, "columns")) == [
        Row(1, b"a/b.c", None, {"x": 1, "names": '["é", 2]'}),
        Row(2, b"d", None, {"x": "1", "y": 0.5, "z": True, "w": None}),
    ]


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"image_id": [5, 6], "caption": ["x", None], "score": [0.5, 1.0], "good": [True, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert list(read_rows(str(tmp_path / "a.parquet"), "columns")) == [
        Row(1, b"5", None, {"caption": "x", "score": 0.5, "good": True}),
        Row(2, b"6", None, {"caption": None, "score": 1.0, "good": None}),
    ]


def test_attribution_keeps_what_licenses_ask_for(tmp_path: Path) -> None:
    text = "ImageID,Subset,Rotation,License,Author,Width\n1,train,90,by,Ann,12\n2,,,,,\n"
    nothing = dict.fromkeys(("OriginalURL", "OriginalLandingURL", "AuthorProfileURL", "Title"), "")
    assert list(read_rows(write(tmp_path, "a.csv", text), "attribution")) == [
        Row(1, b"1", "train", {**nothing, "License": "by", "Author": "Ann"}),
        Row(2, b"2", None, {**nothing, "License": "", "Author": ""}),
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", "", "is no table by its name: give a file called .csv, .tsv, .jsonl or .parquet"),
        ("a.csv", "", "has no row: give a table with a header and a row an image"),
        ("a.csv", "name,x\na,1\n", "has no column that names the images: call it 'key' or 'ImageID' or 'image_id' or"),
        ("a.csv", "key,x\n,1\n", "has no key in row 1, column 'key': each row takes one"),
        ("a.csv", "key,width\na,1\n", "has a column 'width', which is a name of the dataset's own: give it another"),
        ("a.csv", "key,label_name\na,1\n", "has a column 'label_name', which is a name of the dataset's own"),
        ("a.csv", "key,\na,1\n", "has a column '', which is a name of the dataset's own: give it another"),
        ("a.csv", "key,x,x\na,1,2\n", "has two columns of one name in its header ['key', 'x', 'x']"),
        ("a.csv", "key,x\na,1,2\n", "has 3 cells instead of 2 in line 2"),
        ("a.csv", b"key,x\na,\xff\n", "cannot be read as a table: 'utf-8' codec can't decode byte 0xff"),
        ("a.csv", 'key,x\na,"1\n', "cannot be read as a table: unexpected end of data"),
        ("a.jsonl", "[1]\n", "has no object in line 1: each line takes one"),
        ("a.jsonl", "{]\n", "cannot be read as a table: Expecting property name"),
        ("a.jsonl", '{"key":"\\ud800"}', "cannot be read as a table: 'utf-8' codec can't encode"),
        ("a.jsonl", '{"key":1.5}', "has no key in row 1, column 'key': each row takes one"),
        ("a.parquet", "PAR1", "cannot be read as a table: "),
        ("a.csv.gz", "key,x\n", "cannot be read"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, data: str | bytes, message: str) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(RunError) as raised:
        check_table(path, "columns")
    assert f"--columns {path!r} {message}" in str(raised.value)


def test_an_attribution_without_licenses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no column 'License': its columns are OriginalURL, OriginalLandingURL"):
        check_table(write(tmp_path, "a.csv", "key,Author\n1,Ann\n"), "attribution")


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot read '.*/a.csv': No such file or directory"):
        check_table(str(tmp_path / "a.csv"), "columns")


@pytest.mark.parametrize(
    ("cells", "wanted", "typed"),
    [
        ([Text("1"), None, Text("-20")], "int64", [1, None, -20]),
        ([Text("1"), Text("2.50"), Text("1e3")], "float64", [1.0, 2.5, 1000.0]),
        ([Text("1"), Text("2.50"), Text("x")], "string", ["1", "2.50", "x"]),
        ([Text("007"), Text("1")], "string", ["007", "1"]),
        ([Text("-0.5"), Text(".5")], "float64", [-0.5, 0.5]),
        ([Text("9223372036854775807"), Text("1")], "int64", [2**63 - 1, 1]),
        ([Text("9223372036854775808"), Text("1")], "string", ["9223372036854775808", "1"]),
        ([Text("nan"), Text("1")], "string", ["nan", "1"]),
        ([Text("True"), None], "string", ["True", None]),
        ([1, 2.5, None], "float64", [1.0, 2.5, None]),
        ([2**53, 2.5], "float64", [float(2**53), 2.5]),
        ([2**53 + 1, -(2**63)], "int64", [2**53 + 1, -(2**63)]),
        ([2**53 + 1, 2.5], "string", ["9007199254740993", "2.5"]),
        ([-(2**63) - 1, 1], "string", ["-9223372036854775809", "1"]),
        ([Text("9007199254740993"), Text("2.50")], "string", ["9007199254740993", "2.50"]),
        ([Text("1e999"), Text("1")], "string", ["1e999", "1"]),
        ([float("inf"), 1.5], "string", ["Infinity", "1.5"]),
        ([True, False, None], "bool", [True, False, None]),
        ([True, 1], "string", ["true", "1"]),
        (["1", 2], "string", ["1", "2"]),
        ([None], "string", [None]),
    ],
)
def test_the_type_of_a_column_is_the_narrowest(cells: list[Any], wanted: str, typed: list[Any]) -> None:
    kinds = dict.fromkeys(map(kind_of, cells), 1)
    assert type_of(kinds) == wanted
    made = [as_type(cell, wanted) for cell in cells]
    assert list(map(repr, made)) == list(map(repr, typed))
