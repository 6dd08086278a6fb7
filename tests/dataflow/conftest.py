"""One store, one service, and one environment made of what was staged, for all tests that run in one process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataflow.service import Service, running_service
from tests.dataflow.support import Job, Store, Submit, running_store, submit_to
from tests.support import jpeg, write_tree

IMAGES = 240

# Names that a store takes and a request must encode.
ODD_NAMES = ("a b.jpg", "ü/ñ.jpg", "100%.jpg", "100%25.jpg", "x#y+z&a=b.jpg", "q[1].jpg", "star*.jpg")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`IMAGES` small images, one of them broken, and another file."""
    data = [jpeg(seed, (240, 160)) for seed in range(12)]
    names = [*ODD_NAMES, *(f"{number % 7}/p{number:03d}.jpg" for number in range(IMAGES - len(ODD_NAMES) - 1))]
    files = {name: data[number % len(data)] for number, name in enumerate(names)}
    folder = tmp_path_factory.mktemp("in") / "photos"
    return write_tree(folder, {**files, "broken.jpg": b"\xff\xd8\xff no image", "notes.txt": b"none either"})


@pytest.fixture(scope="session")
def store(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the images in gs://bucket/photos."""
    with running_store(tmp_path_factory.mktemp("store") / "one") as store:
        store.write_tree(images, "photos")
        yield store


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The service that jobs are submitted to, which never ends any."""
    with running_service() as service:
        yield service


@pytest.fixture(scope="session")
def submit(store: Store, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Submit:
    """Submits a job that makes a dataset of the images in gs://bucket/<name>, with more flags."""

    def submit(name: str, *flags: str) -> Job:
        return submit_to(service, store, name, flags, tmp_path_factory.mktemp(name))

    return submit


@pytest.fixture(scope="session")
def job(submit: Submit) -> Job:
    """A job of 24 shards."""
    dataset = ("--layout", "files", "--images_per_shard", "10")
    workers = ("--max_num_workers", "7", "--machine_type", "n2-standard-2", "--disk_size_gb", "30")
    return submit("files", *dataset, *workers, "--labels", "team=photos", "--job_name", "a-job")


@pytest.fixture(scope="session")
def environment(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds what was staged, with its dependencies, and nothing else.

    The package comes first: it must bring all that it needs by itself. What is staged beside it are versions alone.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    for wanted in ([str(job.staged / "workflow.tar.gz")], ["-r", str(job.staged / "requirements.txt")]):
        done = subprocess.run([*install, *wanted], capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr
    return python
