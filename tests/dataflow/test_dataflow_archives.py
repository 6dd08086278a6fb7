"""Archives in a store, read by the workers of a job."""

import json
from pathlib import Path

import pytest

from tests.dataflow.captured import HARNESS_DIED
from tests.dataflow.support import CapturedRun, Job, running_store
from tests.dataflow.test_dataflow_run import FILES, local_dataset
from tests.support import jpeg, sha256, write_tree
from tests.support.archives import packed

pytestmark = pytest.mark.slow

PHOTOS = {f"d/{number:03d}.jpg": jpeg(number % 12, (240 + number, 160)) for number in range(120)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a quarter of the photographs in each kind of archive, and a quarter as files."""
    names = list(PHOTOS)
    tar, zipped, stream, loose = ({name: PHOTOS[name] for name in names[start::4]} for start in range(4))
    files = {"a.tar": packed(tar, "tar"), "x/b.zip": packed(zipped, "zip"), "c.tar.gz": packed(stream, "tar.gz")}
    files["cut.tgz"] = packed({"e.jpg": PHOTOS["d/000.jpg"], "f.jpg": PHOTOS["d/001.jpg"]}, "tar.gz")[:-3000]
    return write_tree(tmp_path_factory.mktemp("archives") / "photos", {**files, **loose})


def test_a_job_on_archives_whose_worker_was_killed_makes_the_local_dataset(
    job: Job, environment: Path, folder: Path, tmp_path: Path
) -> None:
    with running_store(tmp_path / "own") as store:
        store.write_tree(folder, "photos")
        with CapturedRun(job, environment, store, tmp_path) as first:
            first.wait_until(lambda: len(store.generations(f"{job.out}/.run/shards")) >= 3)
            first.kill_harness()
            assert first.wait() == HARNESS_DIED
        committed = store.generations(f"{job.out}/.run/shards")
        lists = store.generations(f"{job.out}/.run/archives")
        assert 3 <= len(committed) < 14
        assert sum(name.endswith("/index.json") for name in lists) == 2
        with CapturedRun(job, environment, store, tmp_path) as second:
            assert second.wait() == 0
        dataset = store.snapshot(job.out)
        assert committed.items() <= store.generations(f"{job.out}/.run/shards").items()
        assert store.generations(f"{job.out}/.run/archives") == lists
    local = local_dataset(folder, tmp_path / "here", *FILES)
    assert {name: data for name, data in dataset.items() if name.endswith(".jpg")} == {
        name: data for name, data in local.items() if name.endswith(".jpg")
    }
    assert dataset == local
    rows = [json.loads(line) for line in dataset["manifest-00000-of-00001.jsonl"].splitlines()]
    found = {row["source"]: row["source_sha256"] for row in rows if row["status"] == "written"}
    assert found.pop("e.jpg") == sha256(PHOTOS["d/000.jpg"])
    assert {name.removeprefix("x/"): digest for name, digest in found.items()} == {
        name: sha256(data) for name, data in PHOTOS.items()
    }
    assert sorted(row["source"] for row in rows if row["status"] == "failed") == ["cut.tgz", "f.jpg"]
