"""An image that crashes the decoder fails alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import ROOT, jpeg, rows, snapshot, write_tree
from tests.support.poison import POISON, poison

pytestmark = pytest.mark.slow


def test_the_next_run_completes_a_crashed_one(make: Make, tmp_path: Path) -> None:
    names = [f"p{number:02d}.jpg" for number in range(40)]
    whole = write_tree(tmp_path / "in", {name: jpeg(seed, (60, 40)) for seed, name in enumerate(names)})
    write_tree(whole, {"poison.png": POISON})
    out = tmp_path / "out"
    flags = ["-i", str(whole), "-o", str(out), "-s", "16", "-ext", "jpg", "--images_per_shard", "4"]
    environment = {**os.environ, "PYTHONPATH": poison(tmp_path / "site", "os.kill(os.getpid(), signal.SIGSEGV)")}

    def run() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "image_resizer.py"), *flags]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    assert run().returncode == -11
    assert not (out / "summary.json").exists()
    again = run()
    assert again.returncode == 0, again.stderr
    assert "did not finish: decoding its images one at a time in a separate process" in again.stderr
    manifest = {row["source"]: row for row in rows(out, "manifest")}
    assert (manifest["poison.png"]["status"], manifest["poison.png"]["reason"]) == ("failed", "crashed")
    assert [manifest[name]["status"] for name in names] == ["written"] * 40
    assert not (out / "_run" / "attempts").exists()

    (whole / "poison.png").unlink()
    make(*flags[:2], "-o", tmp_path / "clean", *flags[4:])
    images = {path: data for path, data in snapshot(out).items() if path.endswith(".jpg")}
    assert images == {path: data for path, data in snapshot(tmp_path / "clean").items() if path.endswith(".jpg")}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_innocent_image_does_not_fail(make: Make, tmp_path: Path, count: int) -> None:
    """One image damages the child process and is made; the next one crashes there because of it, and is made too."""
    names = [f"p{number:02d}.jpg" for number in range(12)]
    whole = write_tree(tmp_path / "in", {name: jpeg(seed, (60, 40)) for seed, name in enumerate(names)})
    write_tree(whole, {"a.png": POISON})
    flags = ["-i", str(whole), "-s", "16", "-ext", "jpg", "--images_per_shard", "20"]
    command = [sys.executable, str(ROOT / "image_resizer.py"), *flags, "-o", str(tmp_path / "out"), "-j", "1"]
    codes = []
    for action in ("os.kill(os.getpid(), signal.SIGSEGV)", f"sys.argv[0] == '-c' and harm({count})"):
        environment = {**os.environ, "PYTHONPATH": poison(tmp_path / "site", action)}
        codes.append(subprocess.run(command, env=environment, capture_output=True, check=False).returncode)
    assert codes == [-11, 0]
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")] == ["written"] * 13
    make(*flags, "-o", tmp_path / "clean")
    images = [
        {path: data for path, data in snapshot(tmp_path / out).items() if path.endswith(".jpg")}
        for out in ("out", "clean")
    ]
    assert images[0] == images[1]
