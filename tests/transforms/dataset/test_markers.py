import json
from pathlib import Path

import pytest

from transforms.dataset.markers import Header, digest_of, marker_bytes, marker_path, read_header, read_marker
from transforms.model.errors import RunError
from transforms.model.json_lines import json_line, manifest_line
from transforms.model.places import ListRow, Unreadable, UnreadableRow
from transforms.model.records import (
    Columns,
    FailureRow,
    ManifestRow,
    ResizedShard,
    Shard,
    Source,
    StoredFile,
    UnmatchedRow,
)
from transforms.tables.join import TableRow

SHARD = Shard("train", 3, 12)
ROW = ManifestRow("a\nb", "a\nb.jpg", 1, "00", "JPEG", "RGB", 2, 3, 512)
FAILURE = FailureRow("a\nb", "a\nb.jpg", "read", "unreadable", "cannot read")


def write_marker(out: Path, data: bytes) -> None:
    path = out / marker_path(SHARD)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_a_marker_is_read_as_it_was_written(tmp_path: Path) -> None:
    row = ROW._replace(columns={"caption": "x", "label": None})
    resized = ResizedShard(
        *(SHARD, "d1", {"images": {"matched": 1}}, (ROW, row), (FAILURE,)),
        attributions=({"key": "a", "Author": "A"},),
        unmatched=(UnmatchedRow("columns", "z", 3, "no-image"),),
    )
    write_marker(tmp_path, marker_bytes(resized, [StoredFile("x.jpg", b"12", "ff")]))
    marker = read_marker(str(tmp_path), SHARD)
    assert marker is not None
    assert marker.header == Header("d1", 2, 1, 1, [["x.jpg", 2, "ff"]], {"images": {"matched": 1}}, 1, 1)  # type: ignore[list-item]  # JSON has no tuples
    line = manifest_line(ROW)
    assert marker.rows == (line, line.replace(b"}\n", b',"caption":"x","label":null}\n'))
    assert json.loads(line)["notes"] == []
    assert marker.failures == (json_line(FAILURE),)
    assert marker.attributions == (b'{"key":"a","Author":"A"}\n',)
    assert marker.unmatched == (b'{"table":"columns","key":"z","row":3,"reason":"no-image"}\n',)


def test_a_missing_marker_is_none(tmp_path: Path) -> None:
    assert read_header(str(tmp_path), SHARD) is None


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"no json\n"])
def test_a_damaged_marker_is_an_error(tmp_path: Path, damage: bytes) -> None:
    write_marker(tmp_path, damage or marker_bytes(ResizedShard(SHARD, "d", {}, rows=(ROW,)), []).splitlines()[0])
    with pytest.raises(
        RunError, match=r"marker '.run/shards/train-00003-of-00012.jsonl' is damaged: run with --verify to delete it"
    ):
        read_header(str(tmp_path), SHARD)


def test_the_digest_depends_on_the_listing() -> None:
    first, second = Source("a", "a.jpg", "/in/a.jpg", 5, 1.5), Source("b", "b.jpg", "/in/b.jpg", 6, 2.5)
    digest = digest_of([first, second])
    assert digest_of([second, first]) == digest
    assert digest_of([first._replace(location="/moved/a.jpg"), second]) == digest
    for changed in (first._replace(bytes=6), first._replace(version=1.6), first._replace(path="a.png")):
        assert digest_of([changed, second]) != digest
    assert digest_of([first]) != digest


def test_the_digest_of_a_row_of_a_list_is_that_of_earlier_versions() -> None:
    """It depends on the address, the hash and the cells, but not on where the row stands."""
    place = ListRow(7, "00ff", '{"url":"https://x.org/a.jpg"}')
    source = Source("x.org/a", "x.org/a.jpg", "https://x.org/a.jpg", 0, 0.0, place)
    refused = Source("l.txt-row-8", "l.txt-row-8", "/in/", 0, 0.0, Unreadable("refused", "it does not name a file"))
    expected = "5f8d6e373ff5c9c0e4542af95ecdea9ed5b465db5722a94d94518fe96d1048c1"
    assert digest_of([source, refused]) == expected
    moved = source._replace(place=place._replace(row=8, list="l.txt", line=12))
    row = UnreadableRow("refused", "it does not name a file", 8, "l.txt")
    assert digest_of([moved, refused._replace(place=row)]) == expected
    for changed in (place._replace(hash="01"), place._replace(cells="{}")):
        assert digest_of([source._replace(place=changed), refused]) != expected


def test_the_digest_depends_on_rows_and_columns() -> None:
    source = Source("a", "a.jpg", "/in/a.jpg", 5, 1.5)
    rows = [TableRow("columns", "a", 1, b'{"x":1}'), TableRow("columns", "b", 2, b'{"x":2}')]
    columns = Columns({"x": "int64", "label": "int64", "label_name": "string"}, ("cat", "dog"))
    digest = digest_of([source], rows, columns)
    assert digest_of([source], rows[::-1], columns) == digest
    others = [
        digest_of([source], rows, columns._replace(classes=("ant", "cat", "dog"))),
        digest_of([source], rows, columns._replace(types={**columns.types, "x": "float64"})),
        digest_of([source], [rows[0], rows[1]._replace(cells=b'{"x":3}')], columns),
        digest_of([source], rows[:1], columns),
        digest_of([source]),
    ]
    assert len({digest, *others}) == 6


@pytest.mark.parametrize(("digest", "retry", "fits"), [("d", 0, True), ("d", 1, False), ("e", 0, False)])
def test_a_marker_fits_the_same_sources_if_there_is_nothing_to_retry(digest: str, retry: int, fits: bool) -> None:
    assert Header(digest, 0, 0, retry, [], {}).fits("d") is fits


def test_names_that_are_not_utf8_survive_json() -> None:
    name = b"caf\xe9\xf0".decode("utf-8", "surrogateescape")
    line = json_line({"key": name})
    assert line == b'{"key":"caf\\udce9\\udcf0"}\n'
    assert json.loads(line)["key"] == name
