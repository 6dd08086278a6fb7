"""Test that the images of a .tar.gz are split into sequences, and that items with the same key stay together."""

import pytest

from transforms.dataset.plan import Plan, StreamShards
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig, Split
from transforms.model.keys import shard_index
from transforms.model.places import GzipMember, pack
from transforms.model.records import Shard, Tally
from transforms.sharding.items import ItemTuple
from transforms.sharding.streams import hashed_shards, send, shard_counts, stream_shard

CONFIG = ResizeConfig(
    (Split("a", "/in/**", "/in"),), "/out", ResizeSpec(), "files", 100, 2, columns="/t.csv", attribution=""
)
STREAMS = {"x.tgz": StreamShards(4, 3, 100), "y.tgz": StreamShards(7, 1, 10)}
PLAN = Plan({}, {}, {"a": 8, "b": 5}, streams={"a": STREAMS})


def counts(images: int, size: int, **streams: tuple[int, int]) -> object:
    listing: Tally = {
        "splits": {"a": {"images": images, "bytes": size}},
        "streams": {"a": {name: {"images": n, "bytes": b} for name, (n, b) in streams.items()}},
    }
    return shard_counts(listing, CONFIG)


def test_a_stream_has_its_own_shards_after_the_others() -> None:
    assert counts(1000, 0, y=(10, 0), x=(250, 0)) == (
        {"a": 8 + 3 + 1},
        {"a": {"x": StreamShards(8, 3, 84), "y": StreamShards(11, 1, 10)}},
    )
    assert counts(250, 0, x=(250, 0)) == ({"a": 3}, {"a": {"x": StreamShards(0, 3, 84)}})
    assert counts(20, 1_024_000_010, x=(10, 1_024_000_000)) == ({"a": 3}, {"a": {"x": StreamShards(1, 2, 5)}})
    assert counts(50, 0) == ({"a": 1}, {})
    assert shard_counts({"splits": {"a": {"images": 101, "bytes": 0}}}, CONFIG) == ({"a": 2}, {})


def test_unreadable_parts_have_no_shards_of_their_own() -> None:
    """Their shards would be the first ones, and have no images."""
    listing: Tally = {
        "splits": {"a": {"images": 12, "bytes": 0}},
        "streams": {"a": {"x": {"images": 10, "bytes": 0}}},
        "unreadable": {"a": 2},
    }
    assert shard_counts(listing, CONFIG) == ({"a": 1}, {"a": {"x": StreamShards(0, 1, 10)}})
    listing["splits"]["a"]["images"] = 13
    assert shard_counts(listing, CONFIG) == ({"a": 2}, {"a": {"x": StreamShards(1, 1, 10)}})
    assert shard_counts({"splits": listing["splits"], "unreadable": {"a": 13}}, CONFIG) == ({"a": 1}, {})


def test_the_number_of_shards_of_other_images() -> None:
    assert hashed_shards(PLAN, "a") == 4
    assert hashed_shards(PLAN, "b") == 5
    assert hashed_shards(PLAN._replace(streams={"a": {"x": StreamShards(0, 8, 1)}}), "a") == 8


@pytest.mark.parametrize(
    ("archive", "number", "shard"),
    [("x.tgz", 0, 4), ("x.tgz", 99, 4), ("x.tgz", 100, 5), ("x.tgz", 299, 6), ("x.tgz", 5000, 6), ("y.tgz", 9, 7)],
)
def test_a_sequence_of_images_is_a_shard(archive: str, number: int, shard: int) -> None:
    """An archive that has grown since the first run has a longer last sequence."""
    assert stream_shard(GzipMember(0, number, ""), archive, "a", PLAN, 100) == shard


def test_an_archive_that_was_added_later_shares_all_shards() -> None:
    first = shard_index("new.tgz", 8)
    shards = [stream_shard(GzipMember(0, number, ""), "new.tgz", "a", PLAN, 100) for number in (0, 99, 100, 799, 800)]
    assert shards == [first, first, (first + 1) % 8, (first + 7) % 8, first]


def image(path: str, number: int | None = None, archive: str = "x.tgz") -> ItemTuple:
    place = b"" if number is None else pack(GzipMember(512 * number, number, ".run/archives/x"), archive)
    return path.encode(), 5, 1.5, place


def row(key: str, number: int) -> ItemTuple:
    return key.encode(), -1, float(number), b"{}"


def test_rows_follow_their_images() -> None:
    shard = Shard("a", 2, 8)
    streamed, loose = image("d/1.jpg", 150), image("d/2.jpg")
    rows = [row("d/1", 1), row("d/1.jpg", 2), row("d/2", 3), row("none", 4), row("/in/d/1.jpg", 5), row("none", 6)]
    assert list(send(shard, [streamed, loose, *rows], PLAN, CONFIG)) == [
        (("a", 5, 8), streamed),
        (("a", 2, 8), loose),
        (("a", 5, 8), rows[0]),
        (("a", 5, 8), rows[1]),
        (("a", 2, 8), rows[2]),
        (("a", 2, 8), rows[3]),
        (("a", 5, 8), rows[4]),
        (("a", 2, 8), rows[5]),
    ]


def test_a_folder_follows_the_image_with_its_name() -> None:
    folders = [(name.encode(), -6, 0.0, b"") for name in ("d/1.jpg", "none.jpg")]
    streamed = image("d/1.jpg", 150)
    assert list(send(Shard("a", 2, 8), [*folders, streamed], PLAN, CONFIG)) == [
        (("a", 5, 8), streamed),
        (("a", 5, 8), folders[0]),
        (("a", 2, 8), folders[1]),
    ]


def test_images_with_one_key_share_a_shard() -> None:
    """Only one of the images can have an output with that name."""
    items = [image("1.jpg", 250), image("1.png", 120), image("2.jpg", 250), image("2.jpg"), image("3.jpg", 5, "y.tgz")]
    sent = {item: shard[1] for shard, item in send(Shard("a", 1, 8), items, PLAN, CONFIG)}
    assert sent == {items[0]: 5, items[1]: 5, items[2]: 1, items[3]: 1, items[4]: 7}
