import os

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from transforms.dataset import settings
from transforms.dataset.plan import Plan, parts
from transforms.imaging.spec import ResizeSpec
from transforms.listing.match import to_source
from transforms.listing.split import SourceTuple
from transforms.model.config import ResizeConfig, Split
from transforms.model.errors import RunError
from transforms.model.keys import shard_index
from transforms.model.records import Shard
from transforms.sharding.group import (
    GroupIntoShards,
    assign_folders,
    assign_row,
    assign_source,
    placeholders,
    plan_shards,
)
from transforms.sharding.items import ItemTuple, ShardTuple, unpack_items
from transforms.sharding.streams import shard_count
from transforms.tables.join import TableRow
from transforms.tables.keys import Keys


def config(*names: str) -> ResizeConfig:
    splits = tuple(Split(name, f"/in/{name}/**", f"/in/{name}") for name in names)
    return ResizeConfig(splits, "/out", ResizeSpec(), "files", 100, 2)


@pytest.mark.parametrize(
    ("images", "source_bytes", "expected"),
    [(1, 0, 1), (100, 1, 1), (101, 1, 2), (9_011_219, 1, 90_113), (10, 5_120_000_000, 10), (10, 5_120_000_001, 11)],
)
def test_a_shard_has_a_maximum_number_of_images_and_bytes(images: int, source_bytes: int, expected: int) -> None:
    assert shard_count(images, source_bytes, 100) == expected


def test_the_plan_of_a_listing() -> None:
    listing = {"splits": {"b": {"images": 101, "bytes": 5}, "a": {"images": 1, "bytes": 5}}, "not_images": {}}
    plan = plan_shards(listing, config("a", "b"))
    assert list(plan.shards.items()) == [("a", 1), ("b", 2)]
    assert plan.inputs == {"a": "/in/a/**", "b": "/in/b/**"}
    assert plan.settings == settings.settings(config("a", "b"))
    assert list(plan.all_shards()) == [Shard("a", 0, 1), Shard("b", 0, 2), Shard("b", 1, 2)]


def test_a_split_without_images_is_refused() -> None:
    listing = {"splits": {"a": {"images": 0, "bytes": 0}}, "not_images": {".txt": 3}, "system_files": 0}
    with pytest.raises(RunError, match=r"-i '/in/a/\*\*' contains no images: 3 \.txt; use a folder or pattern"):
        plan_shards(listing, config("a"))


def test_with_several_splits_the_error_counts_the_other_files_of_all_inputs() -> None:
    listing = {
        "splits": {"a": {"images": 0, "bytes": 0}, "b": {"images": 1, "bytes": 1}},
        "not_images": {".heic": 3},
        "system_files": 1,
    }
    message = r"-i '/in/a/\*\*' \(all inputs together\) contains no images: 3 \.heic, 1 system file; pip install"
    with pytest.raises(RunError, match=message):
        plan_shards(listing, config("a", "b"))


@pytest.mark.parametrize(("shards", "expected"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_part_of_the_manifest_has_100_shards(shards: int, expected: list[int]) -> None:
    all_parts = parts(Plan({}, {}, {"a": shards}))
    assert [len(part.shards) for part in all_parts] == expected
    assert [shard for part in all_parts for shard in part.shards] == [
        Shard("a", number, shards) for number in range(shards)
    ]
    assert all_parts[0].path("manifest") == f"manifest-00000-of-{len(expected):05d}.jsonl"


@given(st.binary(max_size=30).filter(lambda name: b"\0" not in name).map(lambda name: name + b"x"), st.integers(1, 500))
def test_the_shard_depends_on_the_key_alone(name: bytes, count: int) -> None:
    plan = Plan({}, {}, {"a": count})
    expected = ("a", shard_index(os.fsdecode(name), count), count)
    for extension, size in ((b".jpg", 1), (b".png", 2)):
        item = (name + extension, size, float(size), b"")
        assert assign_source(("a", name + extension, size, float(size), b""), config("a"), None, plan) == (
            expected,
            item,
        )
    keys = Keys(config("a"))
    shard, item = assign_row(("columns", "", name, 7, b"{}"), keys, plan)
    assert item == (name, -1, 7.0, b"{}")
    assert assign_source(("a", name + b".jpg", 1, 1.0, b""), config("a"), keys, plan)[0] == shard


@pytest.mark.parametrize(
    ("row_split", "key", "split", "full_key"),
    [
        ("", b"b/x.y", "b", b"b/x.y"),
        ("b", b"x.y", "b", b"b/x.y"),
        ("b", b"a/x.y", "a", b"a/x.y"),
        ("c", b"x.y", "a", b"x.y"),
        ("", b"c/x", "a", b"c/x"),
    ],
)
def test_a_row_belongs_to_the_split_in_its_key_or_to_the_one_that_it_names(
    row_split: str, key: bytes, split: str, full_key: bytes
) -> None:
    plan = Plan({}, {}, {"a": 50, "b": 70})
    count = plan.shards[split]
    shard, item = assign_row(("attribution", row_split, key, 3, b"{}"), Keys(config("a", "b")), plan)
    assert shard == (split, shard_index(full_key.decode(), count), count)
    assert item == (full_key, -2, 3.0, b"{}")


def test_items_are_unpacked_as_they_were_packed() -> None:
    plan = Plan({}, {}, {"b": 1})
    source: SourceTuple = ("b", b"x/y.jpg", 0, 1.5, b"")
    rows = [("columns", "", b"x/y", 7, b'{"n":1}'), ("attribution", "", b"", 8, b"{}")]
    keys = Keys(config("b"))
    assigned = [
        assign_source(source, config("b"), None, plan),
        *(assign_row(row, keys, plan) for row in rows),
        *placeholders(plan),
    ]
    assert {shard for shard, _ in assigned} == {("b", 0, 1)}
    assert unpack_items(Shard("b", 0, 1), [item for _, item in assigned], config("b")) == (
        [to_source(source, config("b"))],
        [TableRow("columns", "x/y", 7, b'{"n":1}'), TableRow("attribution", "", 8, b"{}")],
        frozenset(),
    )


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("", []),
        ("x/y", []),
        ("x.y/z", []),
        ("x/a.jpg/y/B.PNG", ["x/a.jpg/y/B.PNG", "x/a.jpg"]),
        (os.fsdecode(b"\xe9.png/y.txt"), [os.fsdecode(b"\xe9.png")]),
    ],
)
def test_folders_that_are_named_like_an_image_meet_the_images_of_that_name(folder: str, found: list[str]) -> None:
    plan = Plan({}, {}, {"a": 50, "b": 70})
    assigned = list(assign_folders("b", folder, config("a", "b"), None, plan))
    for (shard, item), path in zip(assigned, found, strict=True):
        image: SourceTuple = ("b", os.fsencode(f"{os.path.splitext(path)[0]}.webp"), 1, 1.0, b"")
        assert shard == assign_source(image, config("a", "b"), None, plan)[0]
        assert unpack_items(Shard(*shard), [item, item], config("a", "b")).folders == {f"b/{path}"}


def test_the_split_is_part_of_the_key_if_there_are_several() -> None:
    source: SourceTuple = ("b", b"x/y.jpg", 7, 1.5, b"")
    of_one = to_source(source, config("b"))
    of_several = to_source(source, config("a", "b"))
    assert (of_one.key, of_one.path, of_one.location) == ("x/y", "x/y.jpg", "/in/b/x/y.jpg")
    assert (of_several.key, of_several.path, of_several.location) == ("b/x/y", "b/x/y.jpg", "/in/b/x/y.jpg")
    assert (of_one.bytes, of_one.version) == (7, 1.5)


def test_every_shard_exists_and_has_its_sources_and_rows() -> None:
    plan = Plan({}, {}, {"a": 7})
    sources = [("a", f"{number}.jpg".encode(), number, 0.5, b"") for number in range(5)]
    rows = [("columns", "", f"{number}".encode(), number, b"{}") for number in range(3, 8)]
    expected: dict[ShardTuple, list[ItemTuple]] = {shard: [] for shard, _ in placeholders(plan)}
    assigned_sources = [assign_source(source, config("a"), None, plan) for source in sources]
    assigned_rows = [assign_row(row, Keys(config("a")), plan) for row in rows]
    for shard, item in [*assigned_sources, *assigned_rows, *placeholders(plan)]:
        expected[shard].append(item)
    with beam.Pipeline("FnApiRunner") as pipeline:
        plans = pipeline | "Plan" >> beam.Create([plan])
        row_tuples = pipeline | "Rows" >> beam.Create(rows)
        grouped = pipeline | beam.Create(sources) | GroupIntoShards(config("a"), plans, row_tuples)
        ordered = grouped | beam.Map(lambda group: (group[0], sorted(group[1])))
        assert_that(ordered, equal_to([(shard, sorted(items)) for shard, items in expected.items()]))
