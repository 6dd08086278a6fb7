"""Tests of `pipeline.runners.following`."""

import json
from pathlib import Path

import pytest

from pipeline.runners.following import JobProgress
from tests.disk_store import SCHEME
from transforms.dataset import state
from transforms.dataset.plan import write_images_listed
from transforms.summary.progress import Progress


def write_marker(out: Path, shard: str, matched: int, failed: int = 0) -> None:
    """Write a marker. Only its tally is read."""
    folder = out / ".run" / "shards"
    folder.mkdir(parents=True, exist_ok=True)
    header = {"tally": {"images": {"matched": matched, "failed": failed}}}
    (folder / f"{shard}.jsonl").write_text(f"{json.dumps(header)}\nnot read\n")


def counts(progress: Progress) -> tuple[int | None, int, int, int, int]:
    return progress.total, progress.done, progress.resumed, progress.failed, progress.committed


@pytest.mark.parametrize("scheme", ["", SCHEME])
def test_the_counters_follow_the_markers(tmp_path: Path, scheme: str) -> None:
    write_marker(tmp_path, "a-0", 10, 1)
    write_marker(tmp_path, "a-1", 20)
    (tmp_path / ".run" / "config.json").write_text("{}")
    progress = Progress()
    job = JobProgress(f"{scheme}{tmp_path}", "run", progress)
    assert counts(progress) == (None, 30, 30, 1, 30)
    job.update()
    assert counts(progress) == (None, 30, 30, 1, 30)
    write_images_listed(str(tmp_path), "another-run", 7)
    job.update()
    assert counts(progress) == (None, 30, 30, 1, 30)
    write_images_listed(str(tmp_path), "run", 100)
    write_marker(tmp_path, "a-2", 40, 2)
    job.update()
    assert counts(progress) == (100, 70, 30, 3, 70)
    write_marker(tmp_path, "a-0", 11)  # written again
    job.update()
    assert counts(progress) == (100, 71, 20, 2, 71)


def test_markers_of_a_packed_state_are_those_of_earlier_runs(tmp_path: Path) -> None:
    write_marker(tmp_path, "a-0", 10)
    write_marker(tmp_path, "a-1", 20, 5)
    state.pack(str(tmp_path))
    progress = Progress()
    job = JobProgress(str(tmp_path), "run", progress)
    assert counts(progress) == (None, 30, 30, 5, 30)
    write_marker(tmp_path, "a-1", 20)
    job.update()
    assert counts(progress) == (None, 30, 10, 0, 30)


def test_the_last_look_is_at_the_end(tmp_path: Path) -> None:
    progress = Progress()
    with JobProgress(str(tmp_path), "run", progress).kept_current():
        write_marker(tmp_path, "a-0", 10)
        (tmp_path / ".run" / "shards" / "a-1.jsonl").write_text("")  # another host is writing it
    assert progress.done == 0
    write_marker(tmp_path, "a-1", 5)
    with JobProgress(str(tmp_path), "run", progress).kept_current():
        pass
    assert progress.done == 15
