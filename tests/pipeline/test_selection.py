"""Test selections and messages for rows and flags of annotation tables that do not occur in Open Images."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, summary, write_tree
from tests.support.open_images import CAT, DOG, LIST_HEADER, boxes_of, ids, keys, listed, table
from tests.support.rectangles import CLASSES

pytestmark = pytest.mark.slow

BOX_HEADER = ("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax", "IsOccluded", "IsTruncated", "IsGroupOf")
BOX = (0.1, 0.5, 0.2, 0.6)
ONE, TWO, THREE = ids(4)[1:]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"{image}.jpg": jpeg(seed, (48, 32)) for seed, image in enumerate((ONE, TWO, THREE))}
    return write_tree(tmp_path_factory.mktemp("in") / "few", files)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("".join(f"{class_},{name}\n" for class_, name in CLASSES.items()))
    return path


def test_a_table_of_columns_beside_annotations(few: Path, names: Path, tmp_path: Path, make: Make) -> None:
    boxes = boxes_of({CAT: [ONE]}, tmp_path / "boxes.csv")
    columns = table(tmp_path / "columns.csv", ("ImageID", "caption"), (f"{ONE}.jpg", "hello"), ("f" * 16, "gone"))
    out = tmp_path / "out"
    make("-i", few, "-o", out, "--boxes", boxes, "--class_names", names, "--columns", columns)
    assert {row["key"]: row["caption"] for row in rows(out, "manifest")} == {ONE: "hello", TWO: None, THREE: None}


@pytest.mark.parametrize("flags", [[], ["--only_classes", "--classes", CAT], ["--box_filter", "IsGroupOf=0"]])
def test_an_excluded_class_leaves_images_out_also_if_its_boxes_are_not_kept(
    flags: list[str], few: Path, tmp_path: Path, make: Make
) -> None:
    content = [(ONE, CAT, *BOX, 0, 0, 0), (ONE, DOG, *BOX, 0, 0, 1), (TWO, CAT, *BOX, 0, 0, 0)]
    boxes = table(tmp_path / "boxes.csv", BOX_HEADER, *content)
    out = tmp_path / "out"
    make("-i", few, "-o", out, "--boxes", boxes, "--exclude_classes", DOG, *flags)
    assert keys(out) == ([TWO] if "--classes" in flags else [TWO, THREE])
    counts = summary(out)["annotations"]["boxes"]
    assert counts["kept"] + sum(counts["dropped"].values()) == counts["read"] == 3


def test_an_excluded_label_leaves_images_out_also_if_only_other_classes_are_kept(
    few: Path, tmp_path: Path, make: Make
) -> None:
    content = [(ONE, CAT, 1), (ONE, DOG, 1), (TWO, CAT, 1), (TWO, DOG, 0)]
    labels = table(tmp_path / "labels.csv", ("ImageID", "LabelName", "Confidence"), *content)
    out = tmp_path / "out"
    make(
        *("-i", few, "-o", out, "--image_labels", labels, "--classes", CAT),
        *("--only_classes", "--exclude_classes", DOG),
    )
    assert keys(out) == [TWO]
    (written,) = (row for row in rows(out, "manifest") if row["status"] == "written")
    assert written["image_labels"] == {"category": [0], "confidence": [1.0]}


def test_classes_with_the_same_name_are_distinguished(few: Path, tmp_path: Path, make: Make) -> None:
    boxes = boxes_of({CAT: [ONE], DOG: [ONE], "/m/01xyz": [TWO]}, tmp_path / "boxes.csv")
    names = tmp_path / "names.csv"
    names.write_text(f"{CAT},Jaguar\n{DOG},Jaguar\n/m/01xyz,\n")
    out = tmp_path / "out"
    make("-i", few, "-o", out, "--boxes", boxes, "--class_names", names)
    assert {row["class"]: row["name"] for row in json.loads((out / "classes.json").read_text())} == {
        CAT: f"Jaguar ({CAT})",
        DOG: f"Jaguar ({DOG})",
        "/m/01xyz": "/m/01xyz",
    }


def test_copies_are_refused_also_if_few_of_them_are_selected(tmp_path: Path, make: Make) -> None:
    many = write_tree(tmp_path / "many", {f"{image}.jpg": jpeg(1, (48, 32)) for image in ids(9)})
    copies = table(tmp_path / "list.csv", LIST_HEADER, *(listed(image, md5="x", size=9) for image in ids(9)))
    boxes = boxes_of({CAT: [ids(9)[1]]}, tmp_path / "boxes.csv")
    flags = ("--image_list", copies, "--verify_md5", "--boxes", boxes, "--classes", CAT)
    messages = make("-i", many, "-o", tmp_path / "out", *flags, expect=1)
    assert any("--verify_md5 is for originals, but the input contains copies" in line for line in messages)


def test_an_md5_may_lack_its_padding_and_one_that_is_unknown_is_counted(few: Path, tmp_path: Path, make: Make) -> None:
    md5 = base64.b64encode(hashlib.md5((few / f"{ONE}.jpg").read_bytes()).digest()).decode()
    list_ = table(tmp_path / "list.csv", LIST_HEADER, listed(ONE, md5=md5.rstrip("=")), listed(TWO))
    make("-i", few, "-o", tmp_path / "out", "--image_list", list_, "--verify_md5")
    assert keys(tmp_path / "out") == [ONE, TWO]
    assert summary(tmp_path / "out")["annotations"]["image_list"]["kinds"]["md5-unknown"] == 1


@pytest.mark.parametrize(
    ("flags", "column"), [(["--verify_md5"], "OriginalMD5"), (["--rotation", "apply"], "Rotation")]
)
def test_a_list_needs_the_column_that_a_flag_reads(
    flags: list[str], column: str, few: Path, tmp_path: Path, make: Make
) -> None:
    list_ = table(tmp_path / "list.csv", ("ImageID",), [ONE])
    messages = make("-i", few, "-o", tmp_path / "out", "--image_list", list_, *flags, expect=2)
    assert f"has no column {column!r}" in messages[-1]


@pytest.mark.parametrize("flag", ["--image_labels", "--image_list"])
def test_a_table_of_boxes_is_refused_as_another_table(flag: str, few: Path, tmp_path: Path, make: Make) -> None:
    header = (*BOX_HEADER[:2], "Confidence", *BOX_HEADER[2:])
    boxes = table(tmp_path / "boxes.csv", header, (ONE, CAT, 1, *BOX, 0, 0, 0))
    messages = make("-i", few, "-o", tmp_path / "out", flag, boxes, expect=2)
    assert messages[-1].endswith("has a column 'XMin', so it is not such a table: pass it with --boxes")


def test_a_class_without_an_image_is_named_and_a_selection_without_images_fails(
    few: Path, names: Path, tmp_path: Path, make: Make
) -> None:
    boxes = boxes_of({CAT: [ONE], DOG: ["f" * 16]}, tmp_path / "boxes.csv")
    flags = ("-i", few, "--boxes", boxes, "--class_names", names)
    messages = make(*flags, "-o", tmp_path / "both", "--classes", "cat", "dog")
    assert "--classes 'Dog': no output has a box or a label of this class" in messages
    assert not any("'Cat'" in line for line in messages)
    messages = make(*flags, "-o", tmp_path / "none", "--classes", "dog", expect=1)
    assert messages[-1] == (
        "no image was selected by --boxes and the flags beside them (3 not-selected): use tables that describe these "
        "images, or select less strictly"
    )


def test_ids_may_differ_in_case_and_have_folders_and_spaces(tmp_path: Path, make: Make) -> None:
    written = {"ABCDEF0123456789": "abcdef0123456789", "00ff": "00ff"}
    images = write_tree(tmp_path / "in", {f"{image}.jpg": jpeg(1, (48, 32)) for image in written})
    path = tmp_path / "boxes.csv"
    lines = [f"{image}, {CAT},0.1,0.5,0.1,0.5" for image in ("ABCDEF0123456789", "train/abcdef0123456789 ", "00ff.jpg")]
    path.write_text("\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *lines]) + "\n")
    make("-i", images, "-o", tmp_path / "out", "--boxes", path)
    found = {row["key"]: row["objects"]["category"] for row in rows(tmp_path / "out", "manifest")}
    assert found == {"ABCDEF0123456789": [0], "00ff": [0]}
    assert summary(tmp_path / "out")["annotations"]["boxes"]["repeated"] == 1
    assert [row["class"] for row in json.loads((tmp_path / "out" / "classes.json").read_text())] == [CAT]


def test_a_flag_with_another_value_is_unknown_and_counted(few: Path, tmp_path: Path, make: Make) -> None:
    boxes = table(tmp_path / "boxes.csv", BOX_HEADER, (ONE, CAT, *BOX, 0, 1, 2))
    make("-i", few, "-o", tmp_path / "out", "--boxes", boxes)
    (row,) = (row for row in rows(tmp_path / "out", "manifest") if row["key"] == ONE)
    assert (row["objects"]["occluded"], row["objects"]["truncated"], row["objects"]["group_of"]) == ([0], [1], [-1])
    assert summary(tmp_path / "out")["annotations"]["boxes"]["kinds"]["flag-invalid"] == 1


def test_rows_of_one_table_for_two_splits_count_once(tmp_path: Path, make: Make) -> None:
    for split, image in (("train", ONE), ("val", TWO)):
        write_tree(tmp_path / split, {f"{image}.jpg": jpeg(1, (48, 32))})
    boxes = boxes_of({CAT: [ONE, TWO, THREE]}, tmp_path / "boxes.csv")
    make("-i", tmp_path / "train", tmp_path / "val", "-o", tmp_path / "out", "--boxes", boxes)
    counts = summary(tmp_path / "out")["annotations"]["boxes"]
    assert (counts["read"], counts["kept"], counts["rows_without_image"]) == (3, 3, 1)
    assert (counts["images_with_row"], counts["images_without_row"]) == (2, 0)


def test_images_that_share_a_label_file_do_not_share_it(tmp_path: Path, make: Make) -> None:
    picture = jpeg(1, (48, 32))
    images = write_tree(tmp_path / "in", {f"{ONE}.jpg": picture, f"{ONE}.jpeg": picture, f"images/{TWO}.jpg": picture})
    (images / f"{ONE}.jpeg").rename(images / f"{ONE}.webp")
    boxes = boxes_of({CAT: [ONE, TWO]}, tmp_path / "boxes.csv")
    flags = ("-i", images, "--boxes", boxes, "--annotations", "yolo", "-s", 32)
    out = tmp_path / "out"
    make(*flags, "-o", out)
    (failure,) = rows(out, "failures")
    assert (failure["error"], failure["source"]) == ("name-taken", f"{ONE}.webp")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.txt")) == [
        f"{ONE}.txt",
        f"labels/{TWO}.txt",
    ]
    messages = make(*flags, "-o", tmp_path / "images" / "out", expect=2)
    assert "below a folder 'images', YOLO looks for the boxes of an image in a folder 'labels'" in messages[-1]


def test_small_tables_may_be_gzipped(few: Path, names: Path, tmp_path: Path, make: Make) -> None:
    (tmp_path / "n.csv.gz").write_bytes(gzip.compress(names.read_bytes()))
    boxes = boxes_of({CAT: [ONE]}, tmp_path / "boxes.csv")
    flags = ("-i", few, "--boxes", boxes, "--class_names", tmp_path / "n.csv.gz")
    make(*flags, "-o", tmp_path / "out", "--classes", "cat")
    assert keys(tmp_path / "out") == [ONE]
    assert "--class_names FILE" in (tmp_path / "out" / "README.md").read_text()
    (tmp_path / "n.csv.gz").write_bytes(gzip.compress(names.read_bytes())[:-9])
    messages = make(*flags, "-o", tmp_path / "o", expect=2)
    assert "cannot be decompressed" in messages[-1]
