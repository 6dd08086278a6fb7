"""Open Images' image list, its labels, and limits on the number of images, in a dataset that the command creates."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline.run import main
from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, summary, write_tree
from tests.support.open_images import CAT, CC_BY, DOG, GLASS, LIST_HEADER, boxes_of, ids, keys, listed, table
from tests.support.rectangles import CLASSES, all_orientations, draw, off_by

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with forty images whose names are IDs."""
    files = {f"{image}.jpg": jpeg(seed, (48, 32)) for seed, image in enumerate(ids(40))}
    return write_tree(tmp_path_factory.mktemp("in") / "many", files)


def test_a_list_selects_and_attributes(many: Path, tmp_path: Path, make: Make) -> None:
    present, gone = ids(40)[:3], "f" * 16
    list_ = table(tmp_path / "list.csv", LIST_HEADER, *map(listed, [*present, gone, present[0]]))
    messages = make("-i", many, "-o", tmp_path / "out", "-s", 32, "--image_list", list_)
    assert keys(tmp_path / "out") == sorted(present)
    assert summary(tmp_path / "out")["skipped"] == {"not-listed": 37}
    assert rows(tmp_path / "out", "missing") == [{"image": gone, "row": 4}]
    attributed = rows(tmp_path / "out", "attribution")
    assert [row["key"] for row in attributed] == sorted(present)
    assert attributed[0]["License"] == CC_BY
    assert attributed[0]["Author"] == "A, B"
    assert summary(tmp_path / "out")["licenses"] == {CC_BY: 3}
    assert summary(tmp_path / "out")["annotations"]["image_list"] == {
        "read": 5,
        "kept": 5,
        "dropped": {},
        "kinds": {"rotation-unknown": 5},
        "classes": {},
        "rows_without_image": 1,
        "images_with_row": 3,
        "images_without_row": 37,
    }
    assert "rows of --image_list without an image in the input: 1: missing-*.jsonl" in messages
    assert (tmp_path / "out" / "LICENSE").read_text().count(CC_BY) == 1


@pytest.mark.parametrize("fit", ["contain", "crop", "pad"])
def test_rotation_turns_images_and_boxes(fit: str, tmp_path: Path, make: Make) -> None:
    drawn = all_orientations()
    draw(drawn, tmp_path / "in", tmp_path / "boxes.csv")
    turns = ["0.0", "90.0", "180", "270.0", "", "45", "north"]
    turn_of = {image.image: turns[number % 7] for number, image in enumerate(drawn)}
    list_ = table(tmp_path / "l.csv", LIST_HEADER, *(listed(image, rotation=turn) for image, turn in turn_of.items()))
    flags = ["-i", tmp_path / "in", "--boxes", tmp_path / "boxes.csv", "--image_list", list_, "-s", 128, "-ext", "png"]
    make(*flags, "-o", tmp_path / "out", "--rotation", "apply", "--fit", fit)
    exif = {image.image: image.orientation for image in drawn}
    by_turn = {"0.0": 1, "90.0": 8, "180": 3, "270.0": 6}
    for row in rows(tmp_path / "out", "manifest"):
        assert row["orientation"] == by_turn.get(turn_of[row["key"]], exif[row["key"]])
        picture = Image.open(tmp_path / "out" / row["path"])
        for number, box in zip(row["objects"]["category"], row["objects"]["bbox"], strict=True):
            assert off_by(picture, (CAT, GLASS, DOG)[number], box) <= 1
    kinds = summary(tmp_path / "out")["annotations"]["image_list"]["kinds"]
    assert kinds == {
        "rotation-0": 3,
        "rotation-90": 3,
        "rotation-180": 2,
        "rotation-270": 2,
        "rotation-unknown": 2,
        "rotation-invalid": 4,
    }


def test_labels(many: Path, tmp_path: Path, make: Make) -> None:
    one, two, three, four = ids(40)[:4]
    animal = "/m/0jbk"
    content = [
        (one, "verification", CAT, 1),
        (one, "verification", DOG, 0),
        (two, "machine", CAT, 0.7),
        (two, "machine", CAT, 0.9),
        (three, "verification", animal, 0),
        (four, "verification", DOG, 1),
        (four, "verification", CAT, "nan"),
    ]
    labels = table(tmp_path / "labels.csv", ("ImageID", "Source", "LabelName", "Confidence"), *content)
    with gzip.open(tmp_path / "labels.csv.gz", "wb") as file:
        file.write(labels.read_bytes())
    animals = {"LabelName": animal, "Subcategory": [{"LabelName": CAT}, {"LabelName": DOG}]}
    (tmp_path / "h.json").write_text(json.dumps({"LabelName": "/m/0bl9f", "Subcategory": [animals]}))
    flags = [
        "-i",
        many,
        "-s",
        32,
        "--image_labels",
        tmp_path / "labels.csv.gz",
        "--class_hierarchy",
        tmp_path / "h.json",
    ]
    make(*flags, "-o", tmp_path / "out")
    found = {row["key"]: row["image_labels"] for row in rows(tmp_path / "out", "manifest")}
    classes = sorted([CAT, animal, DOG])
    named = {
        key: dict(zip([classes[number] for number in of["category"]], of["confidence"], strict=True))
        for key, of in found.items()
    }
    assert named[one] == {CAT: 1.0, animal: 1.0, DOG: 0.0}
    assert named[two] == {CAT: 0.9, animal: 0.9}
    assert named[three] == {animal: 0.0, CAT: 0.0, DOG: 0.0}
    assert named[four] == {DOG: 1.0, animal: 1.0}
    assert sum(map(bool, named.values())) == 4
    assert summary(tmp_path / "out")["annotations"]["image_labels"]["dropped"] == {"no-confidence": 1}
    make(*flags, "-o", tmp_path / "cats", "--classes", CAT, "--only_classes")
    assert keys(tmp_path / "cats") == sorted([one, two])


def test_max_per_class_fills_each_class(many: Path, tmp_path: Path, make: Make) -> None:
    cats, dogs, gone = ids(40)[:25], ids(40)[20:36], [f"{number:016x}" for number in range(1, 9)]
    boxes = boxes_of({CAT: [*gone, *cats], DOG: dogs}, tmp_path / "boxes.csv")
    flags = ["-i", many, "-s", 32, "--boxes", boxes, "--images_per_shard", 7]
    taken = {}
    for most in (5, 8, 20):
        out = tmp_path / f"{most}"
        make(*flags, "-o", out, "--max_per_class", most)
        taken[most] = {*keys(out)}
        of_cats, of_dogs = ({*taken[most]} & {*images} for images in (cats, dogs))
        assert len(of_cats) >= min(most, 25)
        assert len(of_dogs) >= min(most, 16)
        assert len(taken[most]) <= 2 * most
        assert summary(out)["skipped"] == {"limit": 36 - len(taken[most]), "not-selected": 4}
    assert taken[5] < taken[8] < taken[20]
    make(*flags, "-o", tmp_path / "one", "--max_per_class", 8, "--classes", DOG)
    assert len(keys(tmp_path / "one")) == 8
    make(*flags, "-o", tmp_path / "few", "--max_per_class", 8, "--max_images", 6)
    assert len(keys(tmp_path / "few")) == 6
    assert {*keys(tmp_path / "few")} < taken[8]
    assert any(
        "nothing to do" in line
        for line in make(*flags, "-o", tmp_path / "few", "--max_per_class", 8, "--max_images", 6)
    )


def test_max_images_of_a_list(many: Path, tmp_path: Path, make: Make) -> None:
    list_ = table(tmp_path / "list.csv", LIST_HEADER, *map(listed, ids(40)[:30]))
    flags = ["-i", many, "-s", 32, "--image_list", list_, "--images_per_shard", 7]
    make(*flags, "-o", tmp_path / "ten", "--max_images", 10)
    make(*flags, "-o", tmp_path / "twelve", "--max_images", 12)
    make(*flags, "-o", tmp_path / "all", "--max_images", 99)
    assert len(keys(tmp_path / "ten")) == 10
    assert len(keys(tmp_path / "twelve")) == 12
    assert {*keys(tmp_path / "ten")} < {*keys(tmp_path / "twelve")} < {*ids(40)[:30]} == {*keys(tmp_path / "all")}


def test_md5(many: Path, tmp_path: Path, make: Make) -> None:
    sums = {
        image: base64.b64encode(hashlib.md5((many / f"{image}.jpg").read_bytes()).digest()).decode() for image in ids(8)
    }
    sums[ids(8)[3]] = sums[ids(8)[4]]
    content = [listed(image, md5=md5, size=(many / f"{image}.jpg").stat().st_size) for image, md5 in sums.items()]
    list_ = table(tmp_path / "list.csv", LIST_HEADER, *content)
    flags = ["-i", many, "-s", 32, "--verify_md5", "--image_list"]
    make(*flags, list_, "-o", tmp_path / "out")
    assert keys(tmp_path / "out") == sorted({*ids(8)} - {ids(8)[3]})
    (failure,) = rows(tmp_path / "out", "failures")
    assert (failure["key"], failure["error"]) == (ids(8)[3], "hash-differs")
    copies = table(tmp_path / "copies.csv", LIST_HEADER, *(listed(image, md5="x", size=9) for image in ids(40)))
    messages = make(*flags, copies, "-o", tmp_path / "copies", expect=1)
    assert any("--verify_md5 is for originals, but the input contains copies" in line for line in messages)


def test_several_splits(tmp_path: Path, make: Make) -> None:
    train, val = ids(9)[:6], ids(9)[6:]
    for split, images in (("train", train), ("val", val)):
        write_tree(tmp_path / split, {f"x/{image}.jpg": jpeg(1, (48, 32)) for image in images})
    one = boxes_of({CAT: train[:2], DOG: val[:1]}, tmp_path / "one.csv")
    both = [boxes_of({CAT: train[:2]}, tmp_path / "t.csv"), boxes_of({DOG: val[:1]}, tmp_path / "v.csv")]
    list_ = table(
        tmp_path / "list.csv",
        LIST_HEADER,
        *(listed(image, "train") for image in train),
        *(listed(image, "val") for image in val[1:]),
        listed("e" * 16, "test"),
    )
    flags = ["-i", tmp_path / "train", tmp_path / "val", "-s", 32]
    make(*flags, "-o", tmp_path / "a", "--boxes", one)
    make(*flags, "-o", tmp_path / "b", "--boxes", *both)
    assert boxes_in(tmp_path / "a") == boxes_in(tmp_path / "b")
    assert [key for key, number in boxes_in(tmp_path / "a") if number] == sorted(
        [f"train/x/{image}" for image in train[:2]] + [f"val/x/{val[0]}"]
    )
    make(*flags, "-o", tmp_path / "c", "--image_list", list_)
    assert len(keys(tmp_path / "c")) == 8
    assert summary(tmp_path / "c")["annotations"]["image_list"]["kinds"]["other-subset"] == 1
    assert rows(tmp_path / "c", "missing") == []


def boxes_in(out: Path) -> list[tuple[str, int]]:
    return [(row["key"], len(row["objects"]["bbox"])) for row in rows(out, "manifest")]


WRONG = [
    ("--classes Cat", "has no effect without --boxes or --image_labels: add that, or leave out --classes"),
    ("--rotation apply", "has no effect without --image_list: add that, or leave out --rotation"),
    ("--boxes BOXES --only_classes", "has no effect without --classes: use both, or leave out --only_classes"),
    ("--boxes BOXES --classes Cat", "'Cat' is a name: add --class_names, or use a class such as /m/01yrx"),
    ("--boxes BOXES --class_names NAMES --classes Kat", "'Kat' is not a class: did you mean 'Cat'?"),
    ("--boxes BOXES --class_names NAMES --classes Wine", "'Wine' is not a class: did you mean 'Wine glass'?"),
    (
        "--boxes BOXES --box_filter IsOld=1",
        "'IsOld=1' is not a rule: use one such as IsGroupOf=0 or IsDepiction!=1, with one of IsOccluded, IsTruncated, "
        "IsGroupOf, IsDepiction, IsInside and 1, 0, or -1 for unknown",
    ),
    ("--boxes BOXES --min_visible 2", "'2' is out of range: use a number from 0 to 1, such as 0.3"),
    ("--boxes gone.csv", "No such file or directory"),
    ("--boxes BOXES --class_hierarchy NAMES", "is not a class hierarchy: use a file such as"),
    ("--boxes BOXES --class_names BOXES", "in line 1: use a file with the columns LabelName and DisplayName"),
]


@pytest.mark.parametrize(("flags", "message"), WRONG, ids=[case[0] for case in WRONG])
def test_wrong_flags(flags: str, message: str, many: Path, tmp_path: Path, make: Make) -> None:
    boxes = boxes_of({CAT: ids(2)}, tmp_path / "boxes.csv")
    names = tmp_path / "names.csv"
    names.write_text("".join(f"{class_},{name}\n" for class_, name in CLASSES.items()))
    files = {"BOXES": boxes, "NAMES": names}
    messages = make("-i", many, "-o", tmp_path / "out", *(files.get(flag, flag) for flag in flags.split()), expect=2)
    assert message in messages[-1]
    assert not (tmp_path / "out").exists()


def test_a_class_without_a_row_ends_the_run_before_an_image_is_read(many: Path, tmp_path: Path, make: Make) -> None:
    boxes = boxes_of({CAT: ids(2)}, tmp_path / "boxes.csv")
    messages = make("-i", many, "-o", tmp_path / "out", "--boxes", boxes, "--classes", CAT, DOG, expect=1)
    assert f"--classes {DOG!r} matches no kept row in --boxes: use another class, or other tables" in messages[-1]


def test_an_estimate_counts_the_selection(
    many: Path, tmp_path: Path, make: Make, capsys: pytest.CaptureFixture
) -> None:
    boxes = boxes_of({CAT: ids(40)[:25], DOG: ids(40)[20:36]}, tmp_path / "boxes.csv")
    list_ = table(tmp_path / "list.csv", LIST_HEADER, *map(listed, ids(40)[:30]))
    tables = ["-i", many, "-s", 32, "--boxes", boxes, "--image_list", list_]
    selections: tuple[tuple[str, object], ...] = (
        *(("--classes", DOG), ("--exclude_classes", CAT), ("--max_per_class", 4), ("--max_images", 7)),
    )
    for flag, value in selections:
        make(*tables, flag, value, "-o", tmp_path / flag)
        assert main([*map(str, tables), flag, str(value), "--estimate", "3"]) == 0
        (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  selected"))
        assert int(line.split()[1]) == summary(tmp_path / flag)["images"]["written"]
