"""The standard streams: closed, as in some services, or leading to a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, rows, run, snapshot, write_tree
from tests.support.poison import POISON, poison

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, str(ROOT / "image_resizer.py")]
FULL = "cannot write to standard output: No space left on device; check the file to which it is redirected"


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(photos: Path, tmp_path: Path, closed: str) -> None:
    flags = ["-s", "8", "-ext", "jpg", "--images_per_shard", "3"]
    assert run("-i", photos, "-o", tmp_path / "expected", *flags).returncode == 0
    command = [*COMMAND, "-i", str(photos), "-o", str(tmp_path / "out"), *flags]
    done = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], timeout=300, check=False)
    assert done.returncode == 0
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "expected")


def test_a_message_of_a_library_on_a_closed_stream_does_no_harm(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"poison.png": POISON})
    environment = {**os.environ, "PYTHONPATH": poison(tmp_path / "site", "os.write(2, b'a warning\\n')")}
    command = [*COMMAND, "-i", str(source), "-o", str(tmp_path / "out"), "-s", "8"]
    shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    assert subprocess.run(shell, env=environment, timeout=60, check=False).returncode == 0
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")] == ["written"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("flag", ["-h", "--help", "--version", "--estimate"])
def test_a_page_that_cannot_be_written_ends_with_a_sentence(photos: Path, flag: str) -> None:
    command = [*COMMAND, "-i", str(photos), flag]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (
        2,
        [f"image_resizer: {FULL}"],
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flag", ["-h", "--help", "--version", "--estimate"])
def test_a_page_whose_reader_has_closed_the_pipe_is_not_an_error(photos: Path, flag: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND, "-i", str(photos), "--quiet", flag]
    with open(writer, "w") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_the_path_of_a_report_that_cannot_be_written_ends_with_a_sentence(photos: Path, tmp_path: Path) -> None:
    assert run("-i", photos, "-o", tmp_path / "out", "-s", "8").returncode == 0
    command = [sys.executable, "-m", "pipeline.report", str(tmp_path / "out")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False
        )
    assert (done.returncode, done.stderr) == (2, f"pipeline.report: {FULL}\n")
