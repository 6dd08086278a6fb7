import dataclasses
import random
from pathlib import Path

import pytest

from tests.transforms.shards import config
from transforms.model.errors import RunError
from transforms.model.records import Source
from transforms.sharding.write_plan import add, check, meet
from transforms.sharding.group import ShardItems
from transforms.tables.join import TableRow


def members(images: list[str], **rows: list[str]) -> Members:
    sources = [Source(key, f"{key}.jpg", f"/in/{key}.jpg", 1, 1.0) for key in images]
    return Members(sources, [TableRow(table, key, 1, b"{}") for table, keys in rows.items() for key in keys])


def test_tables_that_match_no_image_are_refused(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), columns="/c.csv", attribution="/a.csv")
    shards = [
        members(["b", "d"], columns=["x/b", "x/a"], attribution=["b"]),
        members(["c", "a"], columns=["x/c"]),
        members([], columns=["x/d", "x/d"]),
    ]
    random.Random(2).shuffle(shards)
    met = [meet(one, settings) for one in shards]
    sums = add([add(met[:1]), add([]), add(met[1:])])
    assert sums == {"columns": (0, ["x/a", "x/b", "x/c"], ["a", "b", "c"]), "attribution": (1, ["b"], ["a", "b", "c"])}
    with pytest.raises(RunError) as raised:
        check(sums, settings)
    assert str(raised.value) == (
        "--columns '/c.csv' has no row for any image: its keys are like 'x/a', 'x/b', 'x/c', those of the images like "
        "'a', 'b', 'c'; write an image's path below the input without extension, and give the command again "
        "(nothing was made)"
    )


def test_one_row_for_one_image_is_enough(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), columns="/c.csv")
    check(add([meet(members(["a", "b"], columns=["./a.jpg"]), settings), meet(members(["c"]), settings)]), settings)
