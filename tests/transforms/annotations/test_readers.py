import gzip
from pathlib import Path

import pytest

from transforms.annotations.readers import BoxReader, ListReader, clipped
from transforms.annotations.values import Box, ImageListRow, Label, count_rows, pack, unpack
from transforms.model.annotations import BOXES, IMAGE_LABELS, IMAGE_LIST, AnnotationFile, Annotations, FlagRule
from transforms.model.errors import RunError, StorageError

HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
EDGES = (0.1, 0.2, 0.3, 0.4)


def file(path: Path, content: str, table: str = BOXES) -> AnnotationFile:
    path.write_text(content)
    return AnnotationFile(table, str(path), ("train",))


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (EDGES, ("", EDGES)),
        ((-0.5, 0.2, 1.5, 0.4), ("", (0.0, 0.2, 1.0, 0.4))),
        ((0.3, 0.2, 0.1, 0.4), ("reversed", (0, 0, 0, 0))),
        ((0.1, 0.2, 0.1, 0.4), ("empty", (0, 0, 0, 0))),
        ((1.2, 0.2, 1.4, 0.4), ("outside", (0, 0, 0, 0))),
        ((None, 0.2, 1.4, 0.4), ("no-coordinates", (0, 0, 0, 0))),
        ((float("nan"), 0.2, 1.4, 0.4), ("no-coordinates", (0, 0, 0, 0))),
    ],
)
def test_edges_are_clipped_or_dropped(edges: tuple[float | None, ...], expected: object) -> None:
    assert clipped(edges) == expected


def test_boxes_of_an_image_are_one_row(tmp_path: Path) -> None:
    row = "xclick,/m/1,1,0.1,0.3,0.2,0.4"
    content = [HEADER, f"b,{row},0,1,-1,0,", f"b,{row},0,0,1,0,0", f"a,{row},0,0,0,1,0", f"b,{row},1,0,0,0,0"]
    annotations = Annotations((), rules=(FlagRule("IsDepiction", 1, is_equal=False),))
    reader = BoxReader(annotations)
    found = list(reader.read(file(tmp_path / "b.csv", "\n".join(content))))
    assert [(rows.number, rows.image, len(rows.values)) for rows in found] == [(1, "b", 2), (3, "a", 0), (4, "b", 1)]
    assert found[0].values[0] == Box("/m/1", EDGES, (0, 1, -1, 0, -1))
    assert (reader.rows, dict(reader.dropped), dict(reader.kept)) == (4, {"IsDepiction!=1": 1}, {"/m/1": 3})


def test_rows_of_an_image_may_be_in_two_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.annotations.tables._BLOCK", 300)
    content = [HEADER, *("a,xclick,/m/1,1,0.1,0.3,0.2,0.4,0,0,0,0,0" for _ in range(50))]
    found = list(BoxReader(Annotations(())).read(file(tmp_path / "b.csv", "\n".join(content))))
    assert [(rows.number, rows.image, len(rows.values)) for rows in found] == [(1, "a", 50)]


def test_a_list_with_line_breaks_in_a_title(tmp_path: Path) -> None:
    content = 'ImageID,Subset,Title,License,Rotation\n0A0B0C0D0E0F0102.jpg,train,"a\nb, ""c""",CC,90.0\nx,,,,45\n'
    reader = ListReader(Annotations(()))
    first, second = reader.read(file(tmp_path / "l.csv", content, IMAGE_LIST))
    assert first.image == "0a0b0c0d0e0f0102"
    assert first.values == (ImageListRow(("", "", "CC", "", "", 'a\nb, "c"'), "", "", 90),)
    assert (second.split, second.values[0]) == ("", ImageListRow(("",) * 6, "", "", None))
    assert dict(reader.counts) == {"rotation-90": 1, "rotation-invalid": 1}


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.csv.gz"
    rows = "\n".join([HEADER, *(f"{number:016x},xclick,/m/1,1,0.1,0.3,0.2,0.4,0,0,0,0,0" for number in range(9000))])
    path.write_bytes(gzip.compress(rows.encode())[:-2000])
    with pytest.raises(RunError, match="cannot be read as a table"):
        list(BoxReader(Annotations(())).read(AnnotationFile(BOXES, str(path), ("train",))))
    path.write_bytes(b"no gzip")
    with pytest.raises(StorageError, match="cannot be read: Not a gzipped file"):
        list(BoxReader(Annotations(())).read(AnnotationFile(BOXES, str(path), ("train",))))


def test_values_survive_the_shuffle() -> None:
    boxes = [Box("/m/1", EDGES, (0, 1, -1, 0, 1)), Box("/m/2", (0.0, 0.0, 1.0, 1.0), (-1,) * 5)]
    assert unpack(BOXES, pack(boxes, 2)) == boxes
    assert count_rows(pack(boxes, 2)) == 2
    assert unpack(IMAGE_LABELS, pack([Label("/m/1", 0.5)], 1)) == [Label("/m/1", 0.5)]
    listed = ImageListRow(("ü", "", "", "", "", ""), "m", "9", None)
    assert unpack(IMAGE_LIST, pack([listed], 1)) == [listed]
