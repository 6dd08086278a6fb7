"""Only the image that crashes the decoder fails, in the first run already."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import ROOT, jpeg, rows, snapshot, write_tree
from tests.support.poison import POISON, SEGFAULT, poison

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("layout", ["files", "webdataset"])
def test_the_first_run_completes(make: Make, tmp_path: Path, layout: str) -> None:
    names = [f"p{number:02d}.jpg" for number in range(40)]
    whole = write_tree(tmp_path / "in", {name: jpeg(seed, (60, 40)) for seed, name in enumerate(names)})
    flags = ["-s", "16", "-ext", "jpg", "--images_per_shard", "4", "--layout", layout, "--split", "train"]
    make("-i", whole, "-o", tmp_path / "clean", *flags)
    write_tree(whole, {"poison.png": POISON})
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": poison(tmp_path / "site", SEGFAULT)}
    command = [sys.executable, str(ROOT / "image_resizer.py"), "-i", str(whole), "-o", str(out), *flags]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    (failure,) = rows(out, "failures")
    assert failure == {
        "key": "poison",
        "source": "poison.png",
        "stage": "decode",
        "error": "crashed",
        "message": "it crashed the process that decoded it (SIGSEGV)",
    }
    made, clean = (
        {row["source"]: row["sha256"] for row in rows(tmp_path / folder, "manifest")} for folder in ("out", "clean")
    )
    assert made == {**clean, "poison.png": None}
    if layout == "files":
        images = {path: data for path, data in snapshot(out).items() if path.endswith(".jpg")}
        assert images == {path: data for path, data in snapshot(tmp_path / "clean").items() if path.endswith(".jpg")}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_innocent_image_does_not_fail(make: Make, tmp_path: Path, count: int) -> None:
    """One image damages its process and succeeds; a later one crashes that process because of it, and succeeds, too."""
    names = [f"p{number:02d}.jpg" for number in range(12)]
    whole = write_tree(tmp_path / "in", {name: jpeg(seed, (60, 40)) for seed, name in enumerate(names)})
    write_tree(whole, {"a.png": POISON})
    flags = ["-i", str(whole), "-s", "16", "-ext", "jpg", "--images_per_shard", "20"]
    command = [sys.executable, str(ROOT / "image_resizer.py"), *flags, "-o", str(tmp_path / "out"), "-j", "1"]
    environment = {**os.environ, "PYTHONPATH": poison(tmp_path / "site", f"harm({count})")}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert [row["status"] for row in rows(tmp_path / "out", "manifest")] == ["written"] * 13
    make(*flags, "-o", tmp_path / "clean")
    images = [
        {path: data for path, data in snapshot(tmp_path / out).items() if path.endswith(".jpg")}
        for out in ("out", "clean")
    ]
    assert images[0] == images[1]
