"""One store, one service and one environment with the staged packages, for all tests of one process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataflow.service import Service, running_service
from tests.dataflow.support import Job, Store, Submit, running_store, submit_to
from tests.support import jpeg, write_tree

IMAGES = 240

# Names that a store accepts, but that must be encoded in a request.
ODD_NAMES = ("a b.jpg", "ü/ñ.jpg", "100%.jpg", "100%25.jpg", "x#y+z&a=b.jpg", "q[1].jpg", "star*.jpg")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `IMAGES` small images, one of them broken, and a text file."""
    data = [jpeg(seed, (240, 160)) for seed in range(12)]
    names = [*ODD_NAMES, *(f"{number % 7}/p{number:03d}.jpg" for number in range(IMAGES - len(ODD_NAMES) - 1))]
    files = {name: data[number % len(data)] for number, name in enumerate(names)}
    folder = tmp_path_factory.mktemp("in") / "photos"
    return write_tree(folder, {**files, "broken.jpg": b"\xff\xd8\xff no image", "notes.txt": b"none either"})


@pytest.fixture(scope="session")
def store(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Yield a store with the images in gs://bucket/photos."""
    with running_store(tmp_path_factory.mktemp("store") / "one") as store:
        store.write_tree(images, "photos")
        yield store


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Yield a service that accepts jobs and leaves them running."""
    with running_service() as service:
        yield service


@pytest.fixture(scope="session")
def submit(store: Store, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Submit:
    """Return a function that submits a job with the output folder gs://bucket/<name> and other flags."""

    def submit(name: str, *flags: str) -> Job:
        return submit_to(service, store, name, flags, tmp_path_factory.mktemp(name))

    return submit


@pytest.fixture(scope="session")
def job(submit: Submit) -> Job:
    """Return a submitted job of 24 shards."""
    dataset = ("--layout", "files", "--images_per_shard", "10")
    workers = ("--max_num_workers", "7", "--machine_type", "n2-standard-2", "--disk_size_gb", "30")
    return submit("files", *dataset, *workers, "--labels", "team=photos", "--job_name", "a-job")


@pytest.fixture(scope="session")
def environment(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with only the staged packages and their dependencies.

    The project's package is installed first: it must declare all its dependencies. The staged requirements only pin
    versions.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    # Install the package like a worker does: first itself, then its dependencies.
    alone = ["--upgrade", "--force-reinstall", "--no-deps"]
    requirements = ["-r", str(job.staged / "requirements.txt")]
    for arguments in ([*alone, str(job.package)], [str(job.package)], requirements):
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr
    return python
