"""Errors in a command are reported before anything is listed, and before OUT is touched, with exit code 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, photo_tree
from transforms.storage.gcs_client import CREDENTIALS_ADVICE

pytestmark = pytest.mark.slow

ADVICE = f"image_resizer: there are no Google credentials for gs:// (none found in 2 s): {CREDENTIALS_ADVICE}"


def refused(*args: object, **variables: str) -> str:
    """Run the command, check that it ends with exit code 2 and one line, and return the line."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("GCE_", "GOOGLE_", "NO_GCE"))
    }
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=inherited | variables, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an input whose listing would log a warning."""
    folder = photo_tree(tmp_path / "in", 1)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere")
    return folder


def test_an_unknown_runner(source: Path, tmp_path: Path) -> None:
    line = refused("-i", source, "-o", tmp_path / "out", "--runner", "Dataflw", "--overwrite")
    assert line == "image_resizer: --runner 'Dataflw' is not an Apache Beam runner: did you mean DataflowRunner?"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["-i", "-o", "--columns"])
def test_a_store_that_cannot_be_reached(source: Path, tmp_path: Path, place: str) -> None:
    paths = {"-i": str(source), "-o": str(tmp_path / "out"), place: "gs://bucket/a"}
    flags = [word for pair in paths.items() for word in pair]
    line = refused(*flags, "--no_auth", STORAGE_EMULATOR_HOST="http://127.0.0.1:9")
    assert line == (
        "image_resizer: gs://bucket cannot be reached (ConnectionError: Failed to establish a new connection: "
        "[Errno 111] Connection refused): check the network"
    )
    assert not (tmp_path / "out").exists()


def test_missing_credentials(source: Path, tmp_path: Path) -> None:
    """The address from which Google's virtual machines get credentials does not respond, as on most machines."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        line = refused("-i", source, "-o", "gs://bucket/out", GCE_METADATA_IP=address, CLOUDSDK_CONFIG=str(tmp_path))
    assert line == ADVICE


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            "-i azfs://account/a",
            "-i 'azfs://account/a' cannot be used: azfs:// needs azure.storage.blob, which is not installed: pip ",
        ),
        (
            "-i a.rar",
            "-i 'a.rar' is an unsupported kind of archive: unpack it and pass the folder, or repack it as .tar",
        ),
        ("-i data/train", "-i 'data/train' does not exist: use a folder, a glob pattern or an object store path"),
        ("-i photos --in_dri x", "'--in_dri' is not a flag: did you mean --in_dir?"),
    ],
)
def test_a_wrong_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.rar").touch()
    assert refused(*flags.split(), "-o", "out").startswith(f"image_resizer: {sentence}")
    assert not (tmp_path / "out").exists()
