import io
import json
from pathlib import Path

import pytest

from tests.support import snapshot
from tests.transforms.shards import SHARD, config, resized
from transforms.committing.write import ShardSink, commit
from transforms.dataset.markers import marker_path, read_header
from transforms.imaging.errors import Stage
from transforms.model.errors import StorageError
from transforms.model.records import ResizedShard, Shard


def test_a_commit_stores_images_and_a_marker(tmp_path: Path) -> None:
    commit(resized(tmp_path, "a.jpg", "x/b.jpg"), config(tmp_path))
    assert set(snapshot(tmp_path / "out")) == {"a.jpg", "x/b.jpg"}
    header = read_header(str(tmp_path / "out"), SHARD)
    assert header is not None
    assert header.digest == "digest of a.jpg x/b.jpg"
    assert [path for path, _, _ in header.files] == ["a.jpg", "x/b.jpg"]
    assert header.tally["images"]["written"] == 2


def test_a_second_commit_replaces_the_first(tmp_path: Path) -> None:
    commit(resized(tmp_path, "a.jpg", "x/b.jpg"), config(tmp_path))
    commit(resized(tmp_path, "a.jpg", "c.jpg"), config(tmp_path))
    assert set(snapshot(tmp_path / "out")) == {"a.jpg", "c.jpg"}
    assert not (tmp_path / "out" / "x").exists()


def test_a_commit_that_fails_leaves_no_marker(tmp_path: Path) -> None:
    (tmp_path / "out" / "b.jpg").mkdir(parents=True)
    (tmp_path / "out" / "b.jpg" / "notes.txt").write_bytes(b"of somebody else")
    with pytest.raises(StorageError, match=r"cannot write '.*/out/b.jpg': Is a directory"):
        commit(resized(tmp_path, "a.jpg", "b.jpg"), config(tmp_path))
    assert not (tmp_path / "out" / marker_path(SHARD)).exists()


def test_the_sink_commits_shards_that_are_not_committed_and_writes_a_receipt_for_each(tmp_path: Path) -> None:
    file = io.BytesIO()
    sink = ShardSink(config(tmp_path))
    sink.open(file)
    shard = resized(tmp_path, "a.jpg")
    sink.write(shard._replace(seconds={Stage.DECODE: 0.25, Stage.RESIZE: 0.125}))
    sink.write(ResizedShard(Shard("a", 1, 2), "d", shard.tally, committed=True))
    sink.flush()
    receipts = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(receipt["shard"], receipt["again"], receipt["written"], receipt["stages"]) for receipt in receipts] == [
        ("a-00000-of-00001", True, 1, {"decode": 0.25, "resize": 0.125}),
        ("a-00001-of-00002", False, 1, {}),
    ]
    assert [path.name for path in (tmp_path / "out" / ".run" / "shards").iterdir()] == ["a-00000-of-00001.jsonl"]
