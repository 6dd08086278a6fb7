"""Test the rows of lists: their locations, and the paths of their images."""

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import jpeg
from transforms.imaging.errors import Kind
from transforms.listing import lists
from transforms.listing.lists import is_list, read_entries
from transforms.model.config import ListColumns, WebPolicy
from transforms.model.errors import RunError
from transforms.model.places import ListRow, Place, UnreadableRow

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
def test_a_list_is_recognized_by_its_name(path: str) -> None:
    assert is_list(path)


@pytest.mark.parametrize("path", ["a.json", "a.parquet.gz", "a.gz", "csv", "a.csv/b", "https://x/a.jpg?f=a.csv"])
def test_files_with_other_names_are_not_lists(path: str) -> None:
    assert not is_list(path)


def entries(folder: Path, text: str, key_column: str = "") -> list[tuple[str, str, Place]]:
    path = folder / ("l.csv" if "," in text else "l.txt")
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return read(path, folder, key_column)


def read(path: Path, root: Path, key_column: str = "") -> list[tuple[str, str, Place]]:
    columns = ListColumns(key_column=key_column)
    found = read_entries(str(path), str(root), columns, WebPolicy())
    return [(entry.path, entry.location, entry.place) for entry in found]


def test_locations_in_a_local_list(tmp_path: Path) -> None:
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
        ListRow(1, "", '{"url":"a/b.jpg"}', "l.txt", 1),
        ListRow(2, "", '{"url":"./a//c.jpg"}', "l.txt", 2),
    ]


def test_rows_without_a_valid_location_or_key_are_failures(tmp_path: Path) -> None:
    found = entries(tmp_path, "url,id\n,a\nhttp://,b\nx.jpg,../..\nx\0.jpg,c\n", "id")
    problems = [
        "it does not name a file",
        "'http://' does not name a host",
        "it has no key in column 'id'",
        "'x\\x00.jpg' cannot be the name of a file",
    ]
    assert found == [
        (f"l.csv-row-{row}", "", UnreadableRow(Kind.REFUSED, f"row {row} of 'l.csv': {problem}", row, "l.csv"))
        for row, problem in enumerate(problems, 1)
    ]


def test_rows_of_lists_with_the_same_name_have_different_paths(tmp_path: Path) -> None:
    for folder in ("p1", "p2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "l.txt").write_text("# a comment\n\nhttp://\n")
        assert read(tmp_path / folder / "l.txt", tmp_path) == [
            (
                f"{folder}/l.txt-row-1",
                "",
                UnreadableRow(Kind.REFUSED, f"line 3 of '{folder}/l.txt': 'http://' does not name a host", 1,
                              f"{folder}/l.txt"),
            )
        ]  # fmt: skip


NO_NAME = "is not a valid name"


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("file:///tmp/x/a.jpg", "is a URL: use only the path, '/tmp/x/a.jpg'"),
        ("s3://[b/x.jpg", f"does not name a bucket ('[b' {NO_NAME}): write s3://BUCKET/..."),
        ("gs://]/x", f"does not name a bucket (']' {NO_NAME}): write gs://BUCKET/..."),
        ("gs://b", "does not name a file: write gs://BUCKET/FILE"),
        ("s3://b/", "does not name a file: write s3://BUCKET/FILE"),
        ("htps://x.org/a.jpg", "cannot be used (htps:// is not supported): did you mean https://?"),
        ("http://[::1/x.jpg", "is not a web address (Invalid IPv6 URL)"),
    ],
)
@pytest.mark.parametrize("location", ["/data/l.txt", "gs://b/l.txt", "https://x.org/l.txt"])
def test_locations_that_are_refused_in_all_lists(location: str, named: str, problem: str) -> None:
    if named.startswith("s3") and importlib.util.find_spec("boto3") is None:
        pytest.skip("boto3 is not installed")
    assert lists._target(named, location)[1] == f"{named!r} {problem}"


ELSEWHERE = "is not a web address, but the list is on the web"


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("x:p/f.jpg", ELSEWHERE),
        ("file:/etc/passwd", ELSEWHERE),
        ("FILE:/etc/passwd", ELSEWHERE),
        ("fi\tle:/etc/passwd", ELSEWHERE),
        ("//[::1/x.jpg", "is not a web address (Invalid IPv6 URL)"),
        ("http:", ELSEWHERE),
        ("//user:secret@x.org/a.jpg", "contains a user name or password, which would not be sent"),
        ("//x.org:99999/a.jpg", "is not a web address (Port out of range 0-65535)"),
    ],
)
def test_a_list_on_the_web_may_contain_only_web_addresses_and_objects(named: str, problem: str) -> None:
    assert lists._target(named, "https://x.org/d/l.txt")[1] == f"{named!r} {problem}"


@pytest.mark.parametrize(
    ("named", "target"),
    [
        ("a.jpg", "https://x.org/d/a.jpg"),
        ("/etc/passwd", "https://x.org/etc/passwd"),
        ("//y.org/a.jpg", "https://y.org/a.jpg"),
        ("~/a.jpg", "https://x.org/d/~/a.jpg"),
        ("x/y://z", "https://x.org/d/x/y:/z"),
        ("1x://etc/passwd", "https://x.org/d/1x:/etc/passwd"),
        ("get?u=https://y.org/a.jpg", "https://x.org/d/get?u=https://y.org/a.jpg"),
    ],
)
def test_locations_in_a_list_on_the_web_are_relative_to_it(named: str, target: str) -> None:
    assert lists._target(named, "https://x.org/d/l.txt") == (target, "")


@pytest.mark.parametrize(
    "named", ["x:p/f.jpg", "file:/etc/passwd", "../../../etc/passwd", "x/y://z", "1x://etc/passwd"]
)
def test_locations_in_a_list_in_a_store_stay_in_its_bucket(named: str) -> None:
    target, problem = lists._target(named, "gs://b/d/l.txt")
    assert target.startswith("gs://b/")
    assert problem == ""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            jpeg(1, (30, 20)),
            "is not a text file because it contains a NUL byte: use a text file with one path per line",
        ),
        ("/data/a.jpg\n".encode("utf-16"), "is encoded as UTF-16: save it as UTF-8"),
        ("\ufeff/data/a.jpg\n".encode("utf-16-be"), "is encoded as UTF-16: save it as UTF-8"),
        (
            "/data/a.jpg\n".encode("utf-16-le"),
            "is not a text file because it contains a NUL byte: use a text file with one path per line",
        ),
    ],
)
def test_a_list_that_is_not_utf8_text_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "l.txt"
    path.write_bytes(content)
    with pytest.raises(RunError) as raised:
        read(path, tmp_path)
    assert str(raised.value) == f"-i '{path}' {problem}"


@pytest.mark.parametrize("name", ["l.txt", "l.txt.gz", "l.TXT.GZ"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_first_bytes_decide_whether_a_list_is_compressed(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(compress(b"/data/a.jpg\n"))
    row = ListRow(1, "", '{"url":"/data/a.jpg"}', name, 1)
    assert read(tmp_path / name, tmp_path) == [("data/a.jpg", "/data/a.jpg", row)]
