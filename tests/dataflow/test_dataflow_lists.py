"""Staged jobs that read from lists, the web and S3 create the same images as local runs on a folder."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.dataflow.captured import HARNESS_DIED
from tests.dataflow.service import Service
from tests.dataflow.store import BUCKET
from tests.dataflow.support import CapturedRun, Job, Store, submit_to
from tests.support import Row, rows
from tests.support.here import run_here
from tests.support.s3 import S3, running_s3
from tests.support.web import Web, running_web
from transforms.model.file_names import CANDIDATE_EXTENSIONS

pytestmark = pytest.mark.slow

# The SHA-256 of a source and of its output.
Hashes = tuple[str, str]


@pytest.fixture(scope="module")
def web(images: Path) -> Iterator[Web]:
    with running_web(images) as server:
        yield server


@pytest.fixture(scope="module")
def s3(images: Path) -> Iterator[S3]:
    with running_s3() as running:
        running.write_tree(images, "photos")
        yield running


@pytest.fixture(scope="module")
def with_boto3(environment: Path) -> Path:
    """Return the environment with boto3, which a job requires if it may read from S3."""
    command = [str(environment), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "boto3"]
    subprocess.run(command, check=True, timeout=200)
    return environment


@pytest.fixture(scope="module")
def local(images: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Hashes]:
    """Return the hashes of a local run on the same images as files."""
    out = tmp_path_factory.mktemp("local") / "out"
    done = run_here("-i", images, "-o", out, "-s", 64, "--layout", "files", "--images_per_shard", 10)
    assert done.returncode == 0, done.stderr
    return outcomes_of(rows(out, "manifest"))


def names_of(images: Path) -> list[str]:
    paths = (path for path in images.rglob("*") if path.suffix[1:] in CANDIDATE_EXTENSIONS)
    return sorted(str(path.relative_to(images)) for path in paths)


def outcomes_of(manifest: Iterable[Row]) -> dict[str, Hashes]:
    return {row["source"]: (row["source_sha256"], row["sha256"]) for row in manifest}


def outcomes(store: Store, job: Job) -> dict[str, Hashes]:
    """Return source -> the hashes of the source and of its output, for each image of a dataset."""
    parts = [name for name in store.generations(job.out) if name.startswith("manifest-")]
    return outcomes_of(json.loads(line) for name in parts for line in store.read(f"{job.out}/{name}").splitlines())


def test_a_list_of_web_addresses_and_of_paths_survives_the_loss_of_its_worker(
    service: Service, store: Store, with_boto3: Path, images: Path, web: Web, s3: S3, tmp_path: Path,
    local: dict[str, Hashes], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    lines = ["address\tid"]
    starts = (f"{web.url}/slow/", "../photos/", f"gs://{BUCKET}/photos/", "s3://public/photos/")
    for number, name in enumerate(names_of(images)):
        start = starts[number % 4]
        quoted = name.replace("%", "%25").replace("#", "%23").replace("?", "%3F") if start.startswith("http") else name
        lines.append(f"{start}{quoted}\t{name}")
    store.bucket.blob("lists/all.tsv").upload_from_string("\n".join(lines).encode())
    flags = ("--layout", "files", "--images_per_shard", "10", "--url_column", "address", "--key_column", "id")
    (tmp_path / "staged").mkdir()
    listed = submit_to(
        *(service, store, "listed", (*flags, "--allow_private_hosts"), tmp_path / "staged"),
        inputs=[f"gs://{BUCKET}/lists/all.tsv"],
    )
    with CapturedRun(listed, with_boto3, store, tmp_path) as first:
        first.wait_until(lambda: len(store.generations(f"{listed.out}/.run/shards")) >= 3)
        first.kill_harness()
        assert first.wait() == HARNESS_DIED
    kept = store.generations(f"{listed.out}/.run/shards")
    with CapturedRun(listed, with_boto3, store, tmp_path) as second:
        assert second.wait() == 0
    assert kept.items() <= store.generations(f"{listed.out}/.run/shards").items()
    assert outcomes(store, listed) == local


def test_s3_is_an_input_of_a_job(
    service: Service, store: Store, with_boto3: Path, s3: S3, tmp_path: Path, local: dict[str, Hashes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "staged").mkdir()
    flags = ("--layout", "files", "--images_per_shard", "50")
    from_s3 = submit_to(service, store, "from-s3", flags, tmp_path / "staged", inputs=["s3://public/photos"])
    requirements = (from_s3.staged / "requirements.txt").read_text()
    assert "boto3==" in requirements
    with CapturedRun(from_s3, with_boto3, store, tmp_path) as first:
        assert first.wait() == 0
    assert not any(request.is_signed for request in s3.requests)
    assert outcomes(store, from_s3) == local
