"""Real runners on this machine: `make test-cluster` builds and installs what they need."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, jpeg, run, snapshot, write_tree

Local = Callable[..., dict[str, bytes]]

_PRISM = ROOT / "build" / "prism" / "prism"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 400 photograph-like images with ten different contents."""
    data = [jpeg(seed, (2400, 1800)) for seed in range(10)]
    folder = tmp_path_factory.mktemp("in") / "photos"
    return write_tree(folder, {f"{number % 7}/p{number:03d}.jpg": data[number % 10] for number in range(400)})


@pytest.fixture(scope="session")
def local(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Local:
    """Return a function that returns the files of a local run with some flags."""
    known: dict[tuple[object, ...], dict[str, bytes]] = {}

    def files(*flags: object) -> dict[str, bytes]:
        if flags not in known:
            out = tmp_path_factory.mktemp("local") / "out"
            assert run("-i", photos, "-o", out, *flags).returncode == 0
            known[flags] = snapshot(out)
        return known[flags]

    return files


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of Beam's Prism runner."""
    if not _PRISM.exists():
        pytest.skip("Prism is not built: install Go, and run make test-cluster")
    port = free_port()
    with (tmp_path_factory.mktemp("prism") / "log").open("wb") as log:
        process = subprocess.Popen([_PRISM, f"-job_port={port}", "-serve_http=false"], stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield f"localhost:{port}"
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing listens at port {port} after 30 seconds")
