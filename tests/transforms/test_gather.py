import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import snapshot
from tests.transforms.test_write import SHARD, config, resized
from transforms.config import ResizeConfig
from transforms.dataset import Part, Plan
from transforms.elements import ArchiveRow, Shard
from transforms.errors import RunError
from transforms.gather import Gathered, gather, read_markers
from transforms.ship import ship
from transforms.write import commit

SUMMARY: dict[str, Any] = {"images": {}}


def gathered(part: Part, settings: ResizeConfig) -> Gathered:
    return gather(part, read_markers(part, settings), settings)


def sums(files: dict[str, bytes], *names: str) -> str:
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)


def test_a_part_joins_its_markers(tmp_path: Path) -> None:
    commit(resized(tmp_path, "a.jpg", "b.jpg"), config(tmp_path))
    made = gathered(Part(0, 1, (SHARD,)), config(tmp_path))
    assert (made.number, made.archives) == (0, ())
    assert made.tally["images"] == {"matched": 2, "written": 2, "failed": 0, "skipped": 0}
    files = snapshot(tmp_path / "out")
    assert made.outputs == {"a": {"8": {"images": 2, "bytes": len(files["a.jpg"]) + len(files["b.jpg"])}}}
    rows = files["manifest-00000-of-00001.jsonl"].splitlines()
    assert [json.loads(line)["key"] for line in rows] == ["a", "b"]
    assert files["failures-00000-of-00001.jsonl"] == b""
    pieces = {path: (tmp_path / "out" / piece).read_text() for path, piece in made.pieces.items()}
    assert pieces == {
        "SHA256SUMS": sums(files, "a.jpg", "b.jpg", "manifest-00000-of-00001.jsonl", "failures-00000-of-00001.jsonl"),
        "metadata.jsonl": '{"file_name":"a.jpg"}\n{"file_name":"b.jpg"}\n',
    }


def test_a_part_with_a_shard_that_is_not_committed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"shard a-00001-of-00002 of '.*' is not committed: give the same command again"):
        gathered(Part(0, 1, (Shard("a", 1, 2),)), config(tmp_path))
    assert snapshot(tmp_path / "out") == {}


def test_files_without_parts_are_in_the_order_of_the_parts(tmp_path: Path) -> None:
    settings = config(tmp_path)
    parts = []
    for number, name in enumerate(("b.jpg", "a.jpg")):
        shard = Shard("a", number, 2)
        commit(resized(tmp_path, name)._replace(shard=shard), settings)
        parts.append(gathered(Part(number, 2, (shard,)), settings))
    ship(Plan({}, {"layout": "files", "size": [8]}, {"a": 2}), SUMMARY, parts, settings)
    files = snapshot(tmp_path / "out")
    assert files["metadata.jsonl"] == b'{"file_name":"b.jpg"}\n{"file_name":"a.jpg"}\n'
    told = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    assert [name for _, name in told] == [
        *("b.jpg", "manifest-00000-of-00002.jsonl", "failures-00000-of-00002.jsonl"),
        *("a.jpg", "manifest-00001-of-00002.jsonl", "failures-00001-of-00002.jsonl"),
        *("metadata.jsonl", "summary.json"),
    ]
    assert {name: sha256 for sha256, name in told} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"
    }


def test_the_table_of_archives_is_in_the_order_of_the_shards(tmp_path: Path) -> None:
    rows = [ArchiveRow(f"a-{number}.tar", "a", 8, number, 10, "ff") for number in range(2)]
    parts = [Gathered(number, {}, {}, (row,), {}) for number, row in enumerate(rows)]
    settings = config(tmp_path, layout="webdataset")
    ship(Plan({}, {"layout": "webdataset", "size": [8]}, {"a": 2}), SUMMARY, parts, settings)
    assert (tmp_path / "out" / "shards.jsonl").read_text() == (
        '{"path":"a-0.tar","split":"a","size":8,"samples":0,"bytes":10,"sha256":"ff"}\n'
        '{"path":"a-1.tar","split":"a","size":8,"samples":1,"bytes":10,"sha256":"ff"}\n'
    )
