import io
import json
from pathlib import Path

import pytest

from tests.support import jpeg, snapshot, write_tree
from transforms.committing.write import ShardSink, commit
from transforms.dataset.markers import marker_path, read_header
from transforms.imaging.errors import Stage
from transforms.imaging.spec import ResizeSpec
from transforms.listing.match import to_source
from transforms.model.config import ResizeConfig, Split
from transforms.model.errors import StorageError
from transforms.model.records import ResizedShard, Shard
from transforms.resizing.assemble import assemble
from transforms.resizing.worker import Job, Task, result_of

SHARD = Shard("a", 0, 1)


def config(tmp_path: Path, layout: str = "files") -> ResizeConfig:
    (tmp_path / "out" / ".run").mkdir(parents=True, exist_ok=True)  # a run makes this folder before everything else
    split = Split("a", f"{tmp_path}/in/**", f"{tmp_path}/in")
    return ResizeConfig((split,), f"{tmp_path}/out", ResizeSpec(sizes=(8,)), layout, 100, 2)


def resized(tmp_path: Path, *names: str, layout: str = "files") -> ResizedShard:
    settings = config(tmp_path, layout)
    write_tree(tmp_path / "in", {name: jpeg(1, (9, 9)) for name in names})
    sources = [to_source(("a", name.encode(), 1, 1.0, b""), settings) for name in names]
    job = Job(settings.spec, staging=settings.out_dir if layout == "files" else "", memory=1 << 30)
    results = [result_of(Task(source, None, job.memory), job) for source in sources]
    return assemble(SHARD, "digest of " + " ".join(names), results, settings)


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
