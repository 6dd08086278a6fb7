"""Boxes of Open Images in a dataset that the command creates."""

import hashlib
import io
import itertools
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tests.pipeline.conftest import Make
from tests.support import Row, rows, summary
from tests.support.rectangles import CLASSES, all_orientations, draw, found, off_by

pytestmark = pytest.mark.slow

NAMES = dict(enumerate(sorted(CLASSES)))


class Boxed:
    """A folder of images with rectangles, and the files that describe them."""

    def __init__(self, place: Path) -> None:
        self.images, self.boxes, self.names = place / "images", place / "boxes.csv", place / "names.csv"
        draw(all_orientations(), self.images, self.boxes)
        lines = [f"{class_},{name}\n" for class_, name in CLASSES.items()]
        self.names.write_text("LabelName,DisplayName\n" + "".join(lines))

    @property
    def flags(self) -> list[object]:
        return ["-i", self.images, "--boxes", self.boxes, "--class_names", self.names]


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Boxed:
    return Boxed(tmp_path_factory.mktemp("boxed"))


def shown(row: Row) -> Iterator[tuple[str, list[float], int]]:
    """Yield the class, box and truncation of each object in a row."""
    objects = row["objects"]
    for number, box, truncated in zip(objects["category"], objects["bbox"], objects["truncated"], strict=True):
        yield NAMES[number], box, truncated


@pytest.mark.parametrize("orientation", ["stored", "exif"])
@pytest.mark.parametrize("fit", ["contain", "cover", "crop", "pad", "stretch"])
def test_every_box_is_where_its_rectangle_is(
    fit: str, orientation: str, boxed: Boxed, tmp_path: Path, make: Make
) -> None:
    out = tmp_path / "out"
    make(*boxed.flags, "-o", out, "-s", 200, 96, "-ext", "png", "--fit", fit, "--orientation", orientation)
    written = rows(out, "manifest")
    assert len(written) == 2 * len(all_orientations())
    for row in written:
        picture = Image.open(out / row["path"])
        for class_, box, truncated in shown(row):
            assert off_by(picture, class_, box) <= 1, row["path"]
            assert truncated == 0 or fit == "crop"
        missing = {*CLASSES} - {class_ for class_, *_ in shown(row)}
        assert not any(found(picture, class_) for class_ in missing)


def test_only_shrink(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    for fit in ("contain", "crop", "pad"):
        out = tmp_path / fit
        make(*boxed.flags, "-o", out, "-s", 245, "-ext", "png", "--fit", fit, "--only_shrink")
        for row in rows(out, "manifest"):
            for class_, box, _ in shown(row):
                assert off_by(Image.open(out / row["path"]), class_, box) <= 1


def test_a_box_that_is_cut_is_clipped_and_truncated(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    out = tmp_path / "out"
    make(*boxed.flags, "-o", out, "-s", 160, "-ext", "png", "--fit", "crop", "--orientation", "stored")
    landscape = next(row for row in rows(out, "manifest") if row["source_width"] == 240)
    # The output shows 40 to 200 of 240 pixels: half of the cat (10 to 70), and a quarter of the glass (190 to 234).
    assert [(CLASSES[class_], box, cut) for class_, box, cut in shown(landscape)] == [
        ("Cat", [0, 12, 30, 28], 1),
        ("Dog", [50, 56, 58, 54], 0),
        ("Wine glass", [150, 116, 10, 39], 1),
    ]
    assert landscape["objects"]["group_of"] == [1, 1, 1]
    assert landscape["objects"]["depiction"] == [-1, -1, -1]
    make(
        *boxed.flags, "-o", tmp_path / "o", "-s", 160, "--fit", "crop", "--orientation", "stored", "--min_visible", 0.3
    )
    fewer = next(row for row in rows(tmp_path / "o", "manifest") if row["source_width"] == 240)
    assert [CLASSES[class_] for class_, *_ in shown(fewer)] == ["Cat", "Dog"]
    counts = summary(tmp_path / "o")
    # The output of a portrait shows rows 50 to 200 of 250: neither the cat nor the glass.
    assert counts["dropped_boxes"] == {"160": {"min-visible": 8, "not-visible": 16}}
    assert counts["annotated"]["objects"]["160"]["count"] == 3 * 16 - 24


@pytest.mark.parametrize("layout", ["files", "parquet", "webdataset", "tfrecord"])
def test_each_layout_has_the_boxes(layout: str, boxed: Boxed, tmp_path: Path, make: Make) -> None:
    out = tmp_path / "out"
    make(*boxed.flags, "-o", out, "-s", 128, "-ext", "png", "--layout", layout, "--fit", "pad")
    by_key = {row["key"]: row["objects"] for row in rows(out, "manifest")}
    loaded = dict(LOADED[layout](out))
    assert {key: objects for key, (objects, _) in loaded.items()} == by_key
    for objects, image in loaded.values():
        for number, box in zip(objects["category"], objects["bbox"], strict=True):
            assert off_by(Image.open(io.BytesIO(image)), NAMES[number], box) <= 1


def _files(out: Path) -> Iterator[tuple[str, tuple[Row, bytes]]]:
    for line in (out / "metadata.jsonl").read_text().splitlines():
        row = json.loads(line)
        yield Path(row["file_name"]).stem, (row["objects"], (out / row["file_name"]).read_bytes())


def _parquet(out: Path) -> Iterator[tuple[str, tuple[Row, bytes]]]:
    for path in out.glob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            yield row["key"], (row["objects"], row["image"]["bytes"])


def _webdataset(out: Path) -> Iterator[tuple[str, tuple[Row, bytes]]]:
    for path in out.glob("*.tar"):
        with tarfile.open(path) as tar:
            content = {member.name: file.read() for member in tar if (file := tar.extractfile(member))}
        for name in (name for name in content if name.endswith(".json")):
            sample = json.loads(content[name])
            yield sample["key"], (sample["objects"], content[f"{Path(name).stem}.png"])


def _tfrecord(out: Path) -> Iterator[tuple[str, tuple[Row, bytes]]]:
    from tests.transforms.layouts.examples import examples

    for path in out.glob("*.tfrecord"):
        for sample in examples(path.read_bytes()):
            width, height = sample["image/width"][0], sample["image/height"][0]
            edges = (sample.get(f"image/object/bbox/{edge}", []) for edge in ("xmin", "ymin", "xmax", "ymax"))
            boxes = [
                [round(v, 2) for v in (x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height)]
                for x0, y0, x1, y1 in zip(*edges, strict=True)
            ]
            flags = ("occluded", "truncated", "group_of", "depiction", "inside")
            objects = {
                "bbox": boxes,
                "category": [label - 1 for label in sample["image/object/class/label"]],
                **{flag: sample[f"image/object/{flag}"] for flag in flags},
            }
            yield sample["manifest/key"][0].decode(), (objects, sample["image/encoded"][0])


LOADED = {"files": _files, "parquet": _parquet, "webdataset": _webdataset, "tfrecord": _tfrecord}


def test_images_are_selected_by_their_classes(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    lines = boxed.boxes.read_text().splitlines(keepends=True)
    ids = [image.image for image in all_orientations()]
    boxes = tmp_path / "boxes.csv"  # three images have cats, one of these also a dog; the others glasses or nothing
    kept = {ids[0]: ["/m/01yrx"], ids[1]: ["/m/01yrx", "/m/0bt9lr"], ids[2]: ["/m/01yrx"], ids[3]: ["/m/09tvcd"]}
    boxes.write_text(lines[0] + "".join(line for line in lines[1:] if line.split(",")[2] in kept.get(line[:16], ())))
    flags = ["-i", boxed.images, "--boxes", boxes, "--class_names", boxed.names, "-s", 64]
    make(*flags, "-o", tmp_path / "cats", "--classes", "cats", "--exclude_classes", "DOG")
    written = [row for row in rows(tmp_path / "cats", "manifest") if row["status"] == "written"]
    assert [row["key"] for row in written] == sorted([ids[0], ids[2]])
    assert summary(tmp_path / "cats")["skipped"] == {"not-selected": 14}
    make(*flags, "-o", tmp_path / "only", "--classes", "Dog", "wine_glass", "--only_classes")
    written = [row for row in rows(tmp_path / "only", "manifest") if row["status"] == "written"]
    assert [(row["key"], row["objects"]["category"]) for row in written] == [(ids[1], [1]), (ids[3], [0])]
    assert summary(tmp_path / "only")["annotations"]["boxes"]["images_with_row"] == 2


def test_a_second_run_makes_nothing_and_another_selection_is_refused(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    flags = [*boxed.flags, "-o", tmp_path / "out", "-s", 64]
    make(*flags)
    assert any("nothing to do" in line for line in make(*flags))
    refused = make(*flags, "--classes", "Cat", expect=2)
    assert "made without --classes, but this run is with --classes" in refused[-1]


HOSTILE = [
    ("XMin", "IDs,LabelName\n", "has no column 'ImageID'"),
    ("empty", "", "has no column 'ImageID' because it is empty"),
    ("labels", "ImageID,Source,LabelName,Confidence\na,verification,/m/01yrx,1\n", "has no column 'XMin'"),
    ("cells", "ImageID,LabelName,XMin,XMax,YMin,YMax\na,/m/01yrx,0.1,0.2,0.3\n", "cannot be read as a table"),
    ("words", "ImageID,LabelName,XMin,XMax,YMin,YMax\na,/m/01yrx,left,0.2,0.3,0.4\n", "cannot be read as a table"),
]


@pytest.mark.parametrize(("content", "problem"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_another_file_is_refused(content: str, problem: str, boxed: Boxed, tmp_path: Path, make: Make) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    messages = make("-i", boxed.images, "-o", tmp_path / "out", "--boxes", path, expect=2)
    assert f"--boxes {str(path)!r} {problem}" in messages[-1]
    assert not (tmp_path / "out").exists()


def test_odd_rows_are_counted(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    first = all_orientations()[0].image
    rows_ = [
        (0.1, 0.2, 0.3, 0.4),
        (-0.1, 0.2, 0.3, 1.5),  # clipped
        (0.5, 0.2, 0.3, 0.4),  # reversed
        (0.2, 0.2, 0.3, 0.4),  # empty
        (1.1, 1.2, 0.3, 0.4),  # outside
    ]
    lines = [f"{first.upper()}.jpg,/m/01yrx,{','.join(map(str, edges))}" for edges in rows_]
    path = tmp_path / "boxes.csv"
    path.write_text("\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *lines, lines[0]]) + "\n")
    make(
        "-i", boxed.images, "-o", tmp_path / "out", "--boxes", path, "-s", 240, "--orientation", "stored", "-ext", "png"
    )
    counts = summary(tmp_path / "out")["annotations"]["boxes"]
    assert counts == {
        "read": 6,
        "kept": 3,
        "kinds": {"clipped": 1},
        "dropped": {"reversed": 1, "empty": 1, "outside": 1},
        "repeated": 1,
        "classes": {"/m/01yrx": 3},
        "rows_without_image": 0,
        "images_with_row": 1,
        "images_without_row": 15,
    }
    row = next(row for row in rows(tmp_path / "out", "manifest") if row["key"] == first)
    assert row["objects"]["bbox"] == [[24, 48, 24, 16], [0, 48, 48, 112]]
    assert row["objects"]["occluded"] == [-1, -1]


def test_the_hierarchy_gives_boxes_to_ancestors(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    pet = {"LabelName": "/m/068hy", "Subcategory": [{"LabelName": "/m/01yrx"}, {"LabelName": "/m/0bt9lr"}]}
    mammal = {"LabelName": "/m/04rky", "Subcategory": [{"LabelName": "/m/01yrx"}]}
    path = tmp_path / "hierarchy.json"
    path.write_text(json.dumps({"LabelName": "/m/0bl9f", "Subcategory": [pet, mammal]}))
    make(*boxed.flags, "-o", tmp_path / "out", "-s", 64, "--class_hierarchy", path)
    row = rows(tmp_path / "out", "manifest")[0]
    classes = ["/m/01yrx", "/m/04rky", "/m/068hy", "/m/09tvcd", "/m/0bt9lr"]
    named = [classes[number] for number in row["objects"]["category"]]
    assert named == ["/m/01yrx", "/m/04rky", "/m/068hy", "/m/0bt9lr", "/m/068hy", "/m/09tvcd"]
    boxes = row["objects"]["bbox"]
    assert boxes[0] == boxes[1] == boxes[2] != boxes[3] == boxes[4]
    assert summary(tmp_path / "out")["annotated"]["objects"]["64"]["classes"] == dict.fromkeys(classes, 16) | {
        "/m/068hy": 32
    }


def test_coco_and_yolo_say_where_the_rectangles_are(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    for split, part in (("train", slice(0, 11)), ("val", slice(11, None))):
        (tmp_path / split / "deep").mkdir(parents=True)
        for image in all_orientations()[part]:
            os.link(boxed.images / f"{image.image}.png", tmp_path / split / "deep" / f"{image.image}.png")
    flags = ["--boxes", boxed.boxes, "--class_names", boxed.names, "--images_per_shard", 3]
    out = tmp_path / "out"
    inputs = ["-i", tmp_path / "train", tmp_path / "val"]
    make(*inputs, "-o", out, *flags, "-s", 200, 64, "-ext", "png", "--fit", "crop", "--annotations", "yolo", "coco")
    checked = 0
    for size, (split, count) in itertools.product((200, 64), (("train", 11), ("val", 5))):
        folder = out / str(size) / split
        coco = json.loads((folder / "coco.json").read_text())
        assert [image["id"] for image in coco["images"]] == list(range(1, count + 1))
        assert [box["id"] for box in coco["annotations"]] == list(range(1, len(coco["annotations"]) + 1))
        assert [(category["mid"], category["name"]) for category in coco["categories"]] == sorted(CLASSES.items())
        boxes: dict[int, list[Row]] = {image["id"]: [] for image in coco["images"]}
        for box in coco["annotations"]:
            boxes[box["image_id"]].append(box)
            assert box["area"] == pytest.approx(box["bbox"][2] * box["bbox"][3], abs=0.01)
            assert (box["iscrowd"], box["depiction"]) == (1, -1)
        for image in coco["images"]:
            picture = Image.open(folder / image["file_name"])
            assert picture.size == (image["width"], image["height"])
            for box in boxes[image["id"]]:
                assert off_by(picture, NAMES[box["category_id"]], box["bbox"]) <= 1
            lines = (folder / image["file_name"]).with_suffix(".txt").read_text().splitlines()
            assert len(lines) == len(boxes[image["id"]])
            for line in lines:
                number, x, y, width, height = map(float, line.split())
                sides = [(x - width / 2) * size, (y - height / 2) * size, width * size, height * size]
                assert off_by(picture, NAMES[int(number)], sides) <= 1
                checked += 1
        described = yaml.safe_load((out / str(size) / "data.yaml").read_text())
        assert described == {
            "train": "train",
            "val": "val",
            "names": dict(enumerate(map(CLASSES.get, sorted(CLASSES)))),
        }
    assert checked == sum(counts["count"] for counts in summary(out)["annotated"]["objects"].values()) > 60
    listed = json.loads((out / "classes.json").read_text())
    assert [(row["id"], row["class"], row["name"]) for row in listed] == [
        (number, class_, CLASSES[class_]) for number, class_ in NAMES.items()
    ]
    assert sum(row["objects"]["count"] for row in listed) == summary(out)["annotated"]["objects"]["200"]["count"]
    sums = {line[66:]: line[:64] for line in (out / "SHA256SUMS").read_text().splitlines()}
    assert {"200/data.yaml", "64/train/coco.json", "classes.json"} <= {*sums}
    assert hashlib.sha256((out / "64/train/coco.json").read_bytes()).hexdigest() == sums["64/train/coco.json"]


def test_files_of_boxes_need_files(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    flags = [*boxed.flags, "-o", tmp_path / "out", "--annotations", "coco", "--layout", "parquet"]
    assert "--annotations coco needs image files, but --layout parquet writes none" in make(*flags, expect=2)[-1]
    flags[-3:] = ["tfrecord", "objects"]
    assert (
        "--annotations tfrecord has no effect with --layout files: use --layout tfrecord" in make(*flags, expect=2)[-1]
    )


def test_the_report_counts_boxes_and_images(boxed: Boxed, tmp_path: Path, make: Make) -> None:
    make(*boxed.flags, "-o", tmp_path / "out", "-s", 96)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "boxes: 1 Cat, 1 Dog, 1 Wine glass" in page
    numbers = page[page.index(">Boxes<") :]
    assert all(f"<bdi>{name}" in numbers for name in ("Cat", "Dog", "Wine"))
