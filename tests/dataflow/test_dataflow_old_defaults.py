"""A dataset in a store is continued with the defaults with which it was started, by a local run and by a job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataflow.service import Service
from tests.dataflow.store import BUCKET
from tests.dataflow.support import IMAGE, PLACE, Store, flags_of, submission
from tests.support import ROOT, photo_tree

pytestmark = pytest.mark.slow

OLD = ("--orientation", "stored", "--split", "few")
KEPT = "was started with other defaults, and keeps them: --split few --orientation stored"


def files(store: Store) -> dict[str, bytes]:
    return {path: data for path, data in store.snapshot("kept").items() if path != "report.html"}


def test_a_job_and_a_local_run_keep_them(store: Store, service: Service, tmp_path: Path) -> None:
    store.write_tree(photo_tree(tmp_path / "few", 3), "few")
    dataset = ("-i", f"gs://{BUCKET}/few", "-o", f"gs://{BUCKET}/kept", "-s", "64", "--images_per_shard", "4000")

    def run(*flags: str) -> str:
        command = [sys.executable, str(ROOT / "image_resizer.py"), *dataset, *flags]
        environment = {**os.environ, **store.environment()}
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert KEPT not in run(*OLD)
    before = files(store)
    again = run()
    assert KEPT in again
    assert "nothing to do: all 3 images were already committed" in again
    assert files(store) == before
    assert KEPT in run("--verify")
    submitted = submission(store, *flags_of(PLACE), *IMAGE, "--dataflow_endpoint", service.url, *dataset)
    assert submitted.returncode == 0, submitted.stderr
    assert KEPT in submitted.stderr
