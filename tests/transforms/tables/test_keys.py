import os
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dataset.plan import Plan
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split
from transforms.sharding.group import assign_row, assign_source
from transforms.tables.join import TableRow, match
from transforms.tables.keys import Keys


def config(*splits: Split) -> ResizeConfig:
    return ResizeConfig(splits, "/out", ResizeSpec(), "files", 100, 2, columns="c.csv")


def split(name: str, root: str, given: str = "") -> Split:
    return Split(name, f"{root}/**", root, given)


ONE = config(split("in", "/data/in", "/home/me/link"))
NAMED = config(split("train", "/data/tr"))
STORE = config(split("in", "gs://bucket/in"))
TWO = config(split("train", "/data/images/train"), split("val", "/data/images/v"))


def matched(settings: ResizeConfig, written: str, keys: Sequence[str], named: str = "") -> str | None:
    """Return the key in `keys` that a row matches, if the row is assigned to the same shard as that image."""
    plan = Plan({}, {}, {split.name: 997 for split in settings.splits})
    rules = Keys(settings)
    shard, (key, *_) = assign_row(("columns", named, written.encode(), 1, b""), rules, plan)
    in_shard = set()
    for image_key in keys:
        name, path = image_key.split("/", 1) if len(plan.shards) > 1 else (settings.splits[0].name, image_key)
        if assign_source((name, f"{path}.jpg".encode(), 1, 1.0, b""), settings, rules, plan)[0] == shard:
            in_shard.add(image_key)
    return next(iter(match(in_shard, [TableRow("columns", os.fsdecode(key), 1, b"{}")], settings).rows), None)


@pytest.mark.parametrize(
    ("settings", "written", "wanted"),
    [
        (ONE, "a", "a"),
        (ONE, "./a", "a"),
        (ONE, "././x//./a.jpg", "x/a"),
        (ONE, "../in/a", "a"),
        (ONE, "x/../a", "a"),
        (ONE, "x\\a.jpg", "x/a"),
        (ONE, ".\\x\\a.jpg", "x/a"),
        (ONE, "a.jpg", "a"),
        (ONE, "a.PNG", "a"),
        (ONE, "a.csv", None),
        (ONE, "/a.jpg", "a"),
        (ONE, "/data/in/x/a.jpg", "x/a"),
        (ONE, "/data//in/./x/a", "x/a"),
        (ONE, "\\data\\in\\x\\a", "x/a"),
        (ONE, "/home/me/link/x/a", "x/a"),
        (ONE, "file:///data/in/x/a.jpg", "x/a"),
        (ONE, "file:/data/in/x/a.jpg", "x/a"),
        (ONE, "file://localhost/data/in/x/%C3%BC%20b.jpg", "x/ü b"),
        (ONE, "/data/inside/a.jpg", None),
        (ONE, "/elsewhere/a.jpg", None),
        (ONE, "in/a.jpg", "a"),
        (ONE, "data/in/x/a", "x/a"),
        (ONE, "link/x/a", "x/a"),
        (ONE, "gs://bucket/in/a", None),
        (NAMED, "train/a", "a"),
        (NAMED, "tr/a", "a"),
        (STORE, "gs://bucket/in/x/a.jpg", "x/a"),
        (STORE, "bucket/in/x/a.jpg", "x/a"),
        (STORE, "in/a.jpg", "a"),
        (STORE, "s3://bucket/in/a.jpg", None),
    ],
)
def test_ways_to_write_a_key(settings: ResizeConfig, written: str, wanted: str | None) -> None:
    assert matched(settings, written, ["a", "x/a", "x/ü b"]) == wanted


@pytest.mark.parametrize(
    ("written", "named", "wanted"),
    [
        ("train/a", "", "train/a"),
        ("train/a.jpg", "val", "train/a"),
        ("./a.jpg", "val", "val/a"),
        ("\\a", "train", "train/a"),
        ("val\\a", "", "val/a"),
        ("v/a", "", "val/a"),
        ("images/v/a", "", "val/a"),
        ("images/train/a", "train", "train/a"),
        ("/data/images/v/a.jpg", "", "val/a"),
        ("/data/images/v/a.jpg", "train", "val/a"),
        ("a", "", None),
        ("a", "test", None),
    ],
)
def test_keys_of_several_splits(written: str, named: str, wanted: str | None) -> None:
    assert matched(TWO, written, ["train/a", "val/a"], named) == wanted


@pytest.mark.parametrize(
    ("written", "keys", "wanted"),
    [
        ("x\\a", ["x\\a", "x/a"], "x\\a"),
        ("x/a", ["x\\a"], None),
        ("a.jpg", ["a", "a.jpg"], "a.jpg"),
        ("a.jpg", ["a"], "a"),
        ("a.b", ["a"], None),
        ("a.b", ["a.b"], "a.b"),
        ("in/a", ["in/a", "a"], "in/a"),
        ("in/a.jpg", ["in/a", "a"], "in/a"),
        ("in/in/a", ["in/a", "a"], "in/a"),
        ("/data/in/in/a", ["a"], None),
        ("/data/in/in/a", ["in/a", "a"], "in/a"),
    ],
)
def test_a_literal_match_of_a_key_has_priority(written: str, keys: list[str], wanted: str | None) -> None:
    assert matched(ONE, written, keys) == wanted


def test_the_row_with_the_most_literal_key_has_priority() -> None:
    written = ["in/a.jpg", "./a", "a.jpg", "a", "a", "x"]
    rows = [TableRow("columns", key, number, b"{}") for number, key in enumerate(written, 1)]
    random.Random(1).shuffle(rows)
    matched, unmatched = match({"a"}, rows, ONE)
    assert matched == {"a": TableRow("columns", "a", 4, b"{}")}
    assert sorted((row.row, row.key, row.reason) for row in unmatched) == [
        *((1, "in/a.jpg", "repeated"), (2, "./a", "repeated"), (3, "a.jpg", "repeated"), (5, "a", "repeated")),
        (6, "x", "no-image"),
    ]


def test_a_folder_of_two_splits_names_neither() -> None:
    settings = config(split("a", "/x/photos"), split("b", "/y/photos"))
    assert matched(settings, "photos/1", ["a/1", "b/1"]) is None
    assert matched(settings, "y/photos/1", ["a/1", "b/1"]) == "b/1"


PARTS = ["in", "data", "images", "train", "v", "val", ".", "..", "a", "b.jpg", "b.jpg.PNG", "c.d", "", "\\", "bucket"]
MORE = ["gs:", "file:", "%41", "e\\f.jpg", "in.jpg"]


@given(
    st.lists(st.sampled_from(PARTS + MORE), min_size=1, max_size=6).map("/".join), st.sampled_from((ONE, STORE, TWO))
)
def test_all_readings_of_a_key_fall_into_one_shard(key: str, settings: ResizeConfig) -> None:
    keys = Keys(settings)
    assert {keys.shortest(reading) for reading in keys.readings(key)} == {keys.shortest(key)}
