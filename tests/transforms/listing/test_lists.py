"""The rows of lists: what they name, and the paths that their images get."""

from pathlib import Path

import pytest

from transforms.imaging.errors import Kind
from transforms.listing.lists import is_list, read_entries
from transforms.model.config import ListColumns, WebPolicy
from transforms.model.places import ListRow, Place, Unreadable

LISTS = (
    "a.txt",
    "a.csv",
    "a.TSV",
    "a.jsonl",
    "a.parquet",
    "a.txt.gz",
    "a.csv.gz",
    "gs://b/a.csv",
    "https://x/a.csv?v=1",
)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_known_by_its_name(path: str) -> None:
    assert is_list(path)


@pytest.mark.parametrize("path", ["a.json", "a.parquet.gz", "a.gz", "csv", "a.csv/b", "https://x/a.jpg?f=a.csv"])
def test_another_name_is_no_list(path: str) -> None:
    assert not is_list(path)


def entries(folder: Path, text: str, key_column: str = "") -> list[tuple[str, str, Place]]:
    path = folder / ("l.csv" if "," in text else "l.txt")
    columns = ListColumns(key_column=key_column)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return [(entry.path, entry.location, entry.place) for entry in read_entries(str(path), columns, WebPolicy())]


def test_what_a_local_list_names(tmp_path: Path) -> None:
    text = "a/b.jpg\n./a//c.jpg\n../d.jpg\n/data/e.jpg\ngs://b/x/f.jpg\ns3://b/../g.jpg\nhttps://x.org/h%20i.jpg?q\n"
    above = str(tmp_path.parent)
    found = entries(tmp_path, text + "\udcff.jpg\n")
    assert [(path, location) for path, location, _ in found] == [
        ("a/b.jpg", f"{tmp_path}/a/b.jpg"),
        ("a/c.jpg", f"{tmp_path}/a/c.jpg"),
        (f"{above.lstrip('/')}/d.jpg", f"{above}/d.jpg"),
        ("data/e.jpg", "/data/e.jpg"),
        ("b/x/f.jpg", "gs://b/x/f.jpg"),
        ("g.jpg", "s3://b/../g.jpg"),
        ("x.org/h i.jpg", "https://x.org/h%20i.jpg?q"),
        ("\udcff.jpg", f"{tmp_path}/\udcff.jpg"),
    ]
    assert [place for *_, place in found[:2]] == [
        ListRow(1, "", '{"url":"a/b.jpg"}'),
        ListRow(2, "", '{"url":"./a//c.jpg"}'),
    ]


def test_what_names_nothing_is_counted(tmp_path: Path) -> None:
    found = entries(tmp_path, "url,id\n,a\nhttp://,b\nx.jpg,../..\nx\0.jpg,c\n", "id")
    assert found == [
        ("l.csv-row-1", "", Unreadable(Kind.REFUSED, "row 1 of 'l.csv': it does not name a file")),
        ("l.csv-row-2", "", Unreadable(Kind.REFUSED, "row 2 of 'l.csv': 'http://' does not name a host")),
        ("l.csv-row-3", "", Unreadable(Kind.REFUSED, "row 3 of 'l.csv': it does not have a key in column 'id'")),
        ("l.csv-row-4", "", Unreadable(Kind.REFUSED, "row 4 of 'l.csv': 'x\\x00.jpg' cannot be the name of a file")),
    ]
