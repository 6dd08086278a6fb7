import dataclasses
import random
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.model.config import Split
from transforms.model.errors import RunError
from transforms.model.records import Source
from transforms.sharding.items import ShardItems
from transforms.sharding.write_plan import TableMatch, add_matches, check_tables_match, count_matches
from transforms.tables.join import TableRow


def items(images: list[str], **rows: list[str]) -> ShardItems:
    sources = [Source(key, f"{key}.jpg", f"/in/{key}.jpg", 1, 1.0) for key in images]
    return ShardItems(sources, [TableRow(table, key, 1, b"{}") for table, keys in rows.items() for key in keys])


def test_a_table_that_matches_no_image_is_refused(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), columns="/c.csv", attribution="/a.csv")
    shards = [
        items(["b", "d"], columns=["x/b", "x/a"], attribution=["b"]),
        items(["c", "a"], columns=["x/c"]),
        items([], columns=["x/d", "x/d"]),
    ]
    random.Random(2).shuffle(shards)
    counts = [count_matches(shard, settings) for shard in shards]
    matches = add_matches([add_matches(counts[:1]), add_matches([]), add_matches(counts[1:])])
    assert matches == {
        "columns": (0, ["x/a", "x/b", "x/c"], ["a", "b", "c"]),
        "attribution": (1, ["b"], ["a", "b", "c"]),
    }
    with pytest.raises(RunError) as raised:
        check_tables_match(matches, settings)
    assert str(raised.value) == (
        "--columns '/c.csv' has no row for any image: its keys look like 'x/a', 'x/b', 'x/c', the images' keys like "
        "'a', 'b', 'c'; use each image's path below the input without its extension, and run the command again "
        "(nothing was written)"
    )


def test_the_keys_of_a_table_without_splits_need_them_if_there_are_several(tmp_path: Path) -> None:
    splits = (Split("val", "/in/b/**", "/in/b", "/in/b"), Split("train", "/in/a/**", "/in/a", "/in/a"))
    settings = dataclasses.replace(config(tmp_path), columns="/c.csv", splits=splits)
    with pytest.raises(RunError) as raised:
        check_tables_match({"columns": TableMatch(0, ["a", "b"], ["train/a", "val/b"])}, settings)
    assert str(raised.value) == (
        "--columns '/c.csv' has no row for any image: its keys look like 'a', 'b', the images' keys like 'train/a', "
        "'val/b'; use each image's path below the input without its extension, with its split ('train', 'val') before "
        "it or in a column 'split', and run the command again (nothing was written)"
    )


def test_one_row_for_one_image_is_enough(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), columns="/c.csv")
    shards = [items(["a", "b"], columns=["./a.jpg"]), items(["c"])]
    check_tables_match(add_matches(count_matches(shard, settings) for shard in shards), settings)
