import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loguru import logger

from transforms.model.cell_types import kind_of
from transforms.model.errors import RunError
from transforms.tables.readers import Row, check_table, read_rows

CSV = '\ufeffImageID,split,label,note\r\n007,train,3,"a ""b""\nc"\r\n-x,,,\r\n'


def write(tmp_path: Path, name: str, data: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def check_and_read(path: str) -> None:
    check_table(path, "columns")
    for _ in read_rows(path, "columns"):
        pass


def test_csv(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, "a.csv", CSV), "columns"))
    assert rows == [
        Row(1, b"007", "train", {"split": "train", "label": "3", "note": 'a "b"\nc'}),
        Row(2, b"-x", None, {"split": None, "label": None, "note": None}),
    ]
    assert [kind_of(cell) for cell in rows[0].cells.values()] == ["text", "int", "text"]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv"])
def test_compressed_csv_and_tsv(tmp_path: Path, name: str) -> None:
    plain = "key\tx\na/b\t1\n" if name == "a.tsv" else "key,x\na/b,1\n"
    data = gzip.compress(plain.encode()) if name.endswith("gz") else plain
    assert list(read_rows(write(tmp_path, name, data), "columns")) == [Row(1, b"a/b", None, {"x": "1"})]


def test_nan_is_a_missing_value_but_text_in_csv(tmp_path: Path) -> None:
    (row,) = read_rows(write(tmp_path, "a.csv", "key,x,y,z\n1,NaN,nan,\n"), "columns")
    assert (row.cells, kind_of(row.cells["x"])) == ({"x": "NaN", "y": "nan", "z": None}, "text")
    path = write(tmp_path, "a.jsonl", '{"key":"1","x":NaN,"y":0.5}\n')
    assert list(read_rows(path, "columns")) == [Row(1, b"1", None, {"x": None, "y": "0.5"})]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        {"file_name": "a/b.c.jpg", "x": 1, "names": ["é", 2]},
        {"file_name": "d", "x": "1", "y": 0.5, "z": True, "w": None},
    ]
    path = write(tmp_path, "a.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    assert list(read_rows(path, "columns")) == [
        Row(1, b"a/b.c", None, {"x": 1, "names": '["é", 2]'}),
        Row(2, b"d", None, {"x": "1", "y": "0.5", "z": True, "w": None}),
    ]


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"image_id": [5, 6], "caption": ["x", None], "score": [0.5, 1.0], "good": [True, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert list(read_rows(str(tmp_path / "a.parquet"), "columns")) == [
        Row(1, b"5", None, {"caption": "x", "score": 0.5, "good": True}),
        Row(2, b"6", None, {"caption": None, "score": 1.0, "good": None}),
    ]


def test_an_attribution_keeps_the_columns_that_licenses_require(tmp_path: Path) -> None:
    text = "ImageID,Subset,Rotation,License,Author,Width\n1,train,90,by,Ann,12\n2,,,,,\n"
    nothing = dict.fromkeys(("OriginalURL", "OriginalLandingURL", "AuthorProfileURL", "Title"), "")
    assert list(read_rows(write(tmp_path, "a.csv", text), "attribution")) == [
        Row(1, b"1", "train", {**nothing, "License": "by", "Author": "Ann"}),
        Row(2, b"2", None, {**nothing, "License": "", "Author": ""}),
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "a.txt",
            "",
            "does not have the extension of a table: use a file that ends with .csv, .tsv, .jsonl or .parquet",
        ),
        ("a.csv", "", "has no rows: use a table with a header and a row for each image"),
        ("a.csv", "name,x\na,1\n", "has no column with the images' keys: name it 'key' or 'ImageID' or 'image_id' or"),
        ("a.csv", "key,x\n,1\n", "has no key in row 1, column 'key': add a key to each row"),
        ("a.csv", "key,width\na,1\n", "has a column 'width', a name that the dataset uses itself: rename the column"),
        ("a.csv", "key,label_name\na,1\n", "has a column 'label_name', a name that the dataset uses itself"),
        ("a.csv", "key,file_name\na,1\n", "has a column 'file_name', a name that the dataset uses itself"),
        ("a.csv", "key,objects\na,1\n", "has a column 'objects', a name that the dataset uses itself"),
        ("a.csv", "key,image_labels\na,1\n", "has a column 'image_labels', a name that the dataset uses itself"),
        ("a.csv", ",x\na,1\n", "has no column with the images' keys: name it 'key' or 'ImageID' or 'image_id' or"),
        ("a.jsonl", '{"key":["a"]}', "has no key in row 1, column 'key': add a key to each row"),
        ("a.jsonl", "[" * 100_000, "has invalid JSON in line 1 (maximum recursion depth exceeded"),
        ("a.csv", "key,x,x\na,1,2\n", "has two columns with the same name in its header ['key', 'x', 'x']"),
        ("a.csv", "key,x\na,1,2\n", "has 3 cells instead of 2 in line 2: give each row as many cells as the header"),
        ("a.csv", "key,x\n  \n", "has 1 cell instead of 2 in line 2: give each row as many cells as the header"),
        ("a.csv", b"key,x\na,\xff\n", "has text that is not UTF-8: save it as UTF-8"),
        ("a.csv", "key,x\na,ä\n".encode("utf-16"), "has text that is not UTF-8: save it as UTF-8"),
        ("a.jsonl", b'{"key":"\xff"}\n', "has text that is not UTF-8: save it as UTF-8"),
        (
            "a.csv",
            'key,x\n"a\n",1\n"b" c,2\n',
            "has a missing or misplaced quote in the row that begins in line 4 (',' expected after '\"'): close each "
            'cell that begins with a quote, and write a quote within it as ""',
        ),
        (
            "a.tsv",
            'key\tx\n\na\t"1\nb\t2\n',
            "has a missing or misplaced quote in the row that begins in line 3 (unexpected end of",
        ),
        ("a.jsonl", "[1]\n", "has no object in line 1: put one object on each line"),
        (
            "a.jsonl",
            '\n{"key":"a"}\n{"key":\n',
            "has invalid JSON in line 3 (Expecting value at character 9): put one object on each line",
        ),
        ("a.jsonl", '{"key":"a"}\n{"x":1}\n', "has no key in row 2: add a key to each row"),
        ("a.jsonl", '{"key":"\\ud800"}', "cannot be read as a table: 'utf-8' codec can't encode"),
        ("a.jsonl", '{"key":1.5}', "has no key in row 1, column 'key': add a key to each row"),
        ("a.parquet", "PAR1", "cannot be read as a table: "),
        ("a.csv.gz", b"\x1f\x8bkey,x\n", "cannot be read as a table: Compressed file ended before the end"),
    ],
)
def test_a_file_that_is_not_such_a_table(tmp_path: Path, name: str, data: str | bytes, message: str) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(RunError) as raised:
        check_and_read(path)
    assert f"--columns {path!r} {message}" in str(raised.value)


def test_an_attribution_without_licenses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no column 'License': use a table with OriginalURL, OriginalLandingURL"):
        check_table(write(tmp_path, "a.csv", "key,Author\n1,Ann\n"), "attribution")


def test_a_table_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot read '.*/a.csv': No such file or directory"):
        check_table(str(tmp_path / "a.csv"), "columns")


def test_numbers_of_json_keep_their_digits(tmp_path: Path) -> None:
    line = '{"key":"1","a":1.10,"b":1e400,"c":-0,"d":%s,"e":12345678901234567890,"f":[1.10,1e400,%s,NaN,"x"]}'
    long = "9" * 5000
    (row,) = read_rows(write(tmp_path, "a.jsonl", line % (long, long)), "columns")
    nested = f'[1.10, 1e400, {long}, null, "x"]'
    assert row.cells == {"a": "1.10", "b": "1e400", "c": "-0", "d": long, "e": 12345678901234567890, "f": nested}
    assert list(map(kind_of, row.cells.values())) == ["float", "text", "float", "text", "unsigned", "text"]


@pytest.mark.parametrize(
    ("name", "data", "left_out"),
    [
        ("a.csv", ",key,Unnamed: 0\n0,a,5\n", ("",)),
        ("a.csv", "key, ,Unnamed: 0,\na,0,5,\n", (" ", "")),
        ("a.csv", ",,key,Unnamed: 0\n0,1,a,5\n", ("",)),
        ("a.tsv", "\tkey\tUnnamed: 0\n0\ta\t5\n", ("",)),
        ("a.jsonl", '{"":1,"key":"a","__index_level_0__":4,"Unnamed: 0":"5"}', ("", "__index_level_0__")),
    ],
)
def test_an_index_without_a_name_is_left_out(tmp_path: Path, name: str, data: str, left_out: tuple[str, ...]) -> None:
    path = write(tmp_path, name, data)
    assert list(read_rows(path, "columns")) == [Row(1, b"a", None, {"Unnamed: 0": "5"}, left_out)]
    warnings: list[str] = []
    handler = logger.add(warnings.append, format="{level} {message}")
    check_table(path, "columns")
    logger.remove(handler)
    names = ", ".join(map(repr, left_out))
    assert warnings == [
        f"WARNING --columns {path!r} has a column {names}, which pandas uses for an index: it is left out; rename it "
        "to keep it\n"
    ]


def test_an_index_of_parquet_is_left_out_unless_it_has_a_name(tmp_path: Path) -> None:
    frame = pd.DataFrame({"key": ["a", "b"], "x": [1, 2]}, index=[7, 4])
    frame[1:].to_parquet(tmp_path / "a.parquet")
    assert list(read_rows(str(tmp_path / "a.parquet"), "columns")) == [
        Row(1, b"b", None, {"x": 2}, ("__index_level_0__",)),
    ]
    frame.set_index("key").to_parquet(tmp_path / "b.parquet")
    assert [row.key for row in read_rows(str(tmp_path / "b.parquet"), "columns")] == [b"a", b"b"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("a.jpg", "a"),
        ("x.y/a", "x.y/a"),
        ("in\\x.y\\a", "in\\x.y\\a"),
        ("in\\a.tar.png", "in\\a.tar"),
        ("./a.jpg", "./a"),
        (".jpg", ".jpg"),
    ],
)
def test_the_extension_of_a_file_name_is_not_in_its_key(tmp_path: Path, written: str, key: str) -> None:
    (row,) = read_rows(write(tmp_path, "a.jsonl", json.dumps({"file_name": written})), "columns")
    assert row.key == key.encode()


def test_keys_of_parquet(tmp_path: Path) -> None:
    keys = [pa.array([b"\xff/a"]), pa.array([2**64 - 1], pa.uint64()), pa.array(["x"]).dictionary_encode()]
    for number, (key, wanted) in enumerate(zip(keys, (b"\xff/a", b"18446744073709551615", b"x"), strict=True)):
        pq.write_table(pa.table({"key": key}), tmp_path / f"{number}.parquet")
        assert [row.key for row in read_rows(str(tmp_path / f"{number}.parquet"), "columns")] == [wanted]
    pq.write_table(pa.table({"key": [5.0]}), tmp_path / "f.parquet")
    with pytest.raises(RunError, match="has no key in row 1, column 'key': add a key to each row"):
        check_table(str(tmp_path / "f.parquet"), "columns")


def test_an_attribution_of_parquet_has_the_same_texts(tmp_path: Path) -> None:
    when = pa.array([1500], pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table({"key": ["a"], "License": ["by"], "Title": when, "Author": [[5]]}), tmp_path / "a.parquet")
    (row,) = read_rows(str(tmp_path / "a.parquet"), "attribution")
    assert (row.cells["Title"], row.cells["Author"]) == ("1970-01-01T00:00:01.500Z", "[5]")
