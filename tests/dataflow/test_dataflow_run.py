"""Staged jobs that run on a store create the same datasets as local runs."""

import json
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.dataflow.captured import HARNESS_DIED
from tests.dataflow.conftest import IMAGES
from tests.dataflow.service import running_service
from tests.dataflow.store import BUCKET
from tests.dataflow.support import (
    IMAGE,
    PLACE,
    CapturedRun,
    Job,
    Request,
    Store,
    Submit,
    flags_of,
    running_store,
    submission,
)
from tests.support import jpeg, snapshot, write_tree
from tests.support.here import run_here
from tests.support.poison import POISON, SEGFAULT, poison

pytestmark = pytest.mark.slow

FILES = ("--layout", "files", "--images_per_shard", "10")


def archives(shards: int) -> tuple[str, ...]:
    return ("--layout", "webdataset", "--images_per_shard", str(IMAGES // shards))


@pytest.fixture(scope="module")
def two_shards(submit: Submit) -> Job:
    return submit("two", *archives(2))


@pytest.fixture(scope="module")
def six_shards(submit: Submit) -> Job:
    return submit("six", *archives(6), "--list_prefixes", "p0123")


def local_dataset(images: Path, out: Path, *flags: str) -> dict[str, bytes]:
    """Create a dataset on this machine, and return its files."""
    done = run_here("-i", images, "-o", out, "-s", 64, *flags)
    assert done.returncode == 0, done.stderr
    return snapshot(out)


def test_a_job_continues_after_its_worker_was_killed(
    job: Job, environment: Path, store: Store, images: Path, tmp_path: Path
) -> None:
    with CapturedRun(job, environment, store, tmp_path) as first:
        first.wait_until(lambda: len(store.generations(f"{job.out}/.run/shards")) >= 3)
        first.kill_harness()
        assert first.wait() == HARNESS_DIED
    markers = store.generations(f"{job.out}/.run/shards")
    assert 3 <= len(markers) < 24
    assert not store.generations(job.out).keys() & {"summary.json", "manifest-00000-of-00001.jsonl"}
    committed = [f".run/shards/{name}" for name in markers]
    for name in markers:
        header = json.loads(store.read(f"{job.out}/.run/shards/{name}").splitlines()[0])
        committed += [path for path, _, _ in header["files"]]
    assert len(committed) > len(markers)
    written = {path: write for path, write in store.generations(job.out).items() if path in committed}

    with CapturedRun(job, environment, store, tmp_path) as second:
        assert second.wait() == 0
    assert {path: write for path, write in store.generations(job.out).items() if path in committed} == written
    assert store.snapshot(job.out) == local_dataset(images, tmp_path / "here", *FILES)

    with running_service() as service:
        service.state = "JOB_STATE_DONE"
        place = [*flags_of(PLACE), *IMAGE, "--dataflow_endpoint", service.url, "--wait"]
        again = submission(
            store, *place, "-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/{job.out}", "-s", "64", *FILES
        )
    assert again.returncode == 0, again.stderr
    assert f"{IMAGES} images matched: {IMAGES - 1} written, 1 failed, 0 skipped" in again.stderr


def requests_of(job: Job, python: Path, store: Store, folder: Path) -> list[Request]:
    """Run a job, and return its requests to the store, each part of a batch separately."""
    store.clear_requests()
    with CapturedRun(job, python, store, folder) as captured:
        assert captured.wait() == 0
    requests = []
    for request in store.requests():
        parts = [part.split(" ", 1) for part in request.parts] or [[request.method, request.path]]
        requests += [Request(method, path, request.status, ()) for method, path in parts]
    return requests


def reads_of_images(requests: list[Request]) -> Counter[tuple[str, str]]:
    """Return the number of reads of each image's content and of its metadata."""
    reads: Counter[tuple[str, str]] = Counter()
    for request in requests:
        url = urlsplit(request.path)
        name = unquote(url.path).partition(f"/storage/v1/b/{BUCKET}/o/photos/")[2]
        if request.method == "GET" and name:
            reads[name, "content" if "alt=media" in url.query else "metadata"] += 1
    return reads


def test_jobs_make_the_local_dataset_with_few_requests(
    two_shards: Job, six_shards: Job, environment: Path, store: Store, images: Path, tmp_path: Path
) -> None:
    names = {str(path.relative_to(images)) for path in images.rglob("*.jpg")}
    two_requests = requests_of(two_shards, environment, store, tmp_path)
    six_requests = requests_of(six_shards, environment, store, tmp_path)
    for job, requests, shards in ((two_shards, two_requests, 2), (six_shards, six_requests, 6)):
        assert store.snapshot(job.out) == local_dataset(images, tmp_path / job.out, *archives(shards))
        reads = reads_of_images(requests)
        assert reads == dict.fromkeys(((name, "content") for name in names), 1)
        other_reads = sum(request.method == "GET" for request in requests) - reads.total()
        assert other_reads <= 30 + 8 * shards  # listings and markers: none per image
    writes = [sum(request.method != "GET" for request in requests) for requests in (two_requests, six_requests)]
    writes_per_shard = (writes[1] - writes[0]) / (6 - 2)
    assert 0 < writes_per_shard / 1000 < 0.01  # per image, with a thousand images per shard


def test_a_busy_store_changes_no_byte(two_shards: Job, environment: Path, images: Path, tmp_path: Path) -> None:
    with running_store(tmp_path / "busy", fault_every=20) as busy:
        busy.write_tree(images, "photos")
        with CapturedRun(two_shards, environment, busy, tmp_path) as captured:
            assert captured.wait() == 0
        answers = Counter(request.status for request in busy.requests())
        assert answers[429] + answers[503] == answers.total() // 20
        assert min(answers[429], answers[503]) > 5
        assert busy.snapshot(two_shards.out) == local_dataset(images, tmp_path / "here", *archives(2))


def test_an_image_that_kills_its_worker_process_fails_alone(job: Job, environment: Path, tmp_path: Path) -> None:
    photos = {f"p{seed:02d}.jpg": jpeg(seed, (60, 40)) for seed in range(40)}
    poisoned = write_tree(tmp_path / "in", {**photos, "poison.png": POISON})
    path = poison(tmp_path / "site", SEGFAULT)
    with running_store(tmp_path / "own") as own:
        own.write_tree(poisoned, "photos")
        with CapturedRun(job, environment, own, tmp_path, path) as captured:
            assert captured.wait() == 0
        dataset = own.snapshot(job.out)
    (failure,) = [json.loads(line) for line in dataset["failures-00000-of-00001.jsonl"].splitlines()]
    assert failure["source"] == "poison.png"
    assert (failure["error"], failure["message"]) == ("crashed", "it crashed the process that decoded it (SIGSEGV)")
    local = local_dataset(poisoned, tmp_path / "here", *FILES)  # here the image does not crash the decoder
    assert dataset.keys() == local.keys() - {"poison.png"}
    assert [dataset[name] for name in photos] == [local[name] for name in photos]
    rows, local_rows = (files["manifest-00000-of-00001.jsonl"].splitlines() for files in (dataset, local))
    differing = [json.loads(row) for row in set(rows) - set(local_rows)]
    assert [(row["source"], row["status"], row["reason"]) for row in differing] == [("poison.png", "failed", "crashed")]
