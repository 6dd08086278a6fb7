"""The resampler, an instruction set or Pillow, affects no byte of a dataset: only the records of runs name it."""

import json
from pathlib import Path

import pytest

from tests.pipeline.conftest import Make
from tests.support import snapshot
from tests.support.state import state_of
from transforms.imaging import resample

pytestmark = pytest.mark.slow


def test_runs_with_and_without_the_extension_can_share_a_dataset(
    make: Make, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["-i", photos, "-s", 48, 24, "--images_per_shard", 3]
    make(*line, "-o", tmp_path / "alike")
    with monkeypatch.context() as patched:
        patched.setattr(resample, "active_instruction_set", lambda: None)
        make(*line, "-o", tmp_path / "mixed")
    assert snapshot(tmp_path / "mixed") == snapshot(tmp_path / "alike")

    for marker in list((state_of(tmp_path / "mixed") / "shards").iterdir())[::2]:
        marker.unlink()
    make(*line, "-o", tmp_path / "mixed")  # processes these shards again
    assert snapshot(tmp_path / "mixed") == snapshot(tmp_path / "alike")
    records = [json.loads(path.read_bytes()) for path in state_of(tmp_path / "mixed").glob("history-*.json")]
    assert sorted(record["images"] > 0 for record in records) == [True, True]
    assert {record["resampling"] for record in records} == {"pillow", resample.active_instruction_set() or "pillow"}


def test_a_remote_run_does_not_name_what_resizes_on_this_machine(make: Make, photos: Path, tmp_path: Path) -> None:
    make("-i", photos, "-o", tmp_path / "out", "-s", 16, "--runner", "BundleBasedDirectRunner")
    (record,) = (json.loads(path.read_bytes()) for path in state_of(tmp_path / "out").glob("history-*.json"))
    assert (record["runner"], "resampling" in record) == ("BundleBasedDirectRunner", False)
