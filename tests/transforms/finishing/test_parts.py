import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import snapshot
from tests.transforms.shards import SHARD, config, resized
from transforms.committing.write import commit
from transforms.dataset.paths import GENERATED_MARK
from transforms.dataset.plan import Part, Plan, new_plan
from transforms.dataset.settings import settings
from transforms.finishing.documents import write_documents
from transforms.finishing.parts import PartResult, read_markers, write_part
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.records import NO_COLUMNS, ArchiveRow, Columns, Shard

SUMMARY: dict[str, Any] = {
    "images": {"matched": 2, "written": 2, "failed": 0, "skipped": 0},
    "duplicates": 0,
    "notes": {},
    "splits": {"a": {"images": 2, "bytes": 9, "outputs": {"8": {"images": 2, "bytes": 9, "formats": {"jpg": 2}}}}},
}


def inputs(dataset: ResizeConfig) -> tuple[Plan, Columns, dict[str, Any]]:
    """Return a plan, no additional columns, and the content of summary.json."""
    return new_plan(dataset, {"a": 2}, NO_COLUMNS), NO_COLUMNS, {**SUMMARY, "settings": settings(dataset)}


def write(part: Part, dataset: ResizeConfig, columns: Columns = NO_COLUMNS) -> PartResult:
    return write_part(part, read_markers(part, dataset), columns, dataset)


def sums(files: dict[str, bytes], *names: str) -> str:
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)


def test_a_part_joins_its_markers(tmp_path: Path) -> None:
    commit(resized(tmp_path, "a.jpg", "b.jpg"), config(tmp_path))
    result = write(Part(0, 1, (SHARD,)), config(tmp_path))
    assert (result.number, result.archives) == (0, ())
    assert result.tally["images"] == {"matched": 2, "written": 2, "failed": 0, "skipped": 0}
    files = snapshot(tmp_path / "out")
    length = len(files["a.jpg"]) + len(files["b.jpg"])
    assert result.outputs == {"a": {"8": {"images": 2, "bytes": length, "formats": {"jpg": 2}}}}
    rows = files["manifest-00000-of-00001.jsonl"].splitlines()
    assert [json.loads(line)["key"] for line in rows] == ["a", "b"]
    assert files["failures-00000-of-00001.jsonl"] == b""
    pieces = {path: (tmp_path / "out" / piece).read_text() for path, piece in result.pieces.items()}
    assert pieces == {
        "SHA256SUMS": sums(files, "a.jpg", "b.jpg", "manifest-00000-of-00001.jsonl", "failures-00000-of-00001.jsonl"),
        "metadata.jsonl": '{"file_name":"a.jpg"}\n{"file_name":"b.jpg"}\n',
    }


def test_a_column_cannot_pass_for_the_status_of_an_image(tmp_path: Path) -> None:
    r"""A column named x"status is escaped as x\"status, which ends like the name of the field status."""
    shard = resized(tmp_path, "a.jpg", "b.jpg")
    written, failed = (row._replace(columns={'x"status': "written"}) for row in shard.rows)
    failed = failed._replace(status="failed", path=None)
    commit(shard._replace(rows=(written, failed)), config(tmp_path))
    result = write(Part(0, 1, (SHARD,)), config(tmp_path), Columns({'x"status': "string"}))
    metadata = (tmp_path / "out" / result.pieces["metadata.jsonl"]).read_text()
    assert metadata == '{"file_name":"a.jpg","x\\"status":"written"}\n'


def test_a_shard_that_is_not_committed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"shard a-00001-of-00002 of '.*' is not committed: run the same command again"):
        write(Part(0, 1, (Shard("a", 1, 2),)), config(tmp_path))
    assert snapshot(tmp_path / "out") == {}


def test_pieces_are_joined_in_the_order_of_the_parts(tmp_path: Path) -> None:
    settings = config(tmp_path)
    parts = []
    for number, name in enumerate(("b.jpg", "a.jpg")):
        shard = Shard("a", number, 2)
        commit(resized(tmp_path, name)._replace(shard=shard), settings)
        parts.append(write(Part(number, 2, (shard,)), settings))
    write_documents(*inputs(settings), parts, settings)
    files = snapshot(tmp_path / "out")
    assert files["metadata.jsonl"] == b'{"file_name":"b.jpg"}\n{"file_name":"a.jpg"}\n'
    lines = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    assert [name for _, name in lines] == [
        *("b.jpg", "manifest-00000-of-00002.jsonl", "failures-00000-of-00002.jsonl"),
        *("a.jpg", "manifest-00001-of-00002.jsonl", "failures-00001-of-00002.jsonl"),
        *("metadata.jsonl", "croissant.json", "README.md", "summary.json"),
    ]
    assert {name: sha256 for sha256, name in lines} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"
    }


def test_the_list_of_archives_is_in_the_order_of_the_shards(tmp_path: Path) -> None:
    paths = [f"a-0000{number}-of-00002.tar" for number in range(2)]
    rows = [ArchiveRow(path, "a", 8, number, 10, "ff") for number, path in enumerate(paths)]
    parts = [PartResult(number, {}, {}, (row,), {}) for number, row in enumerate(rows)]
    settings = config(tmp_path, layout="webdataset")
    write_documents(*inputs(settings), parts, settings)
    assert (tmp_path / "out" / "shards.jsonl").read_text() == (
        f'{{"path":"{paths[0]}","split":"a","size":8,"samples":0,"bytes":10,"sha256":"ff"}}\n'
        f'{{"path":"{paths[1]}","split":"a","size":8,"samples":1,"bytes":10,"sha256":"ff"}}\n'
    )


def test_croissant_is_deleted_once_there_are_images_that_its_readers_cannot_read(tmp_path: Path) -> None:
    settings = config(tmp_path)
    plan, columns, summary = inputs(settings)
    write_documents(plan, columns, summary, [], settings)
    assert "croissant.json" in snapshot(tmp_path / "out")
    outputs = {"8": {"images": 2, "bytes": 9, "formats": {"jpg": 1, "webp": 1}}}
    splits = {"a": {"images": 2, "bytes": 9, "outputs": outputs}}
    for _ in range(2):
        write_documents(plan, columns, {**summary, "splits": splits}, [], settings)
        assert sorted(snapshot(tmp_path / "out")) == ["README.md", "SHA256SUMS", "metadata.jsonl", "summary.json"]


def test_a_card_without_the_mark_of_runs_is_kept(tmp_path: Path) -> None:
    settings = config(tmp_path)
    card = tmp_path / "out" / "README.md"
    write_documents(*inputs(settings), [], settings)
    written = card.read_text()
    card.write_text("mine")
    write_documents(*inputs(settings), [], settings)
    assert card.read_text() == "mine"
    assert f"{hashlib.sha256(b'mine').hexdigest()}  README.md\n" in (tmp_path / "out" / "SHA256SUMS").read_text()
    card.write_text(GENERATED_MARK)
    write_documents(*inputs(settings), [], settings)
    assert card.read_text() == written
