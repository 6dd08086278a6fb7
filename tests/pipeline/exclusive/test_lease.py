import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.exclusive.lease import hold_lease
from tests.disk_store import SCHEME
from transforms.model.errors import RunError


def write_lease(out: Path, text: str) -> Path:
    """Write the lease file, and return its path."""
    path = out / ".run" / "lease.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def is_running(record: Mapping[str, Any]) -> bool:
    return record["job"] == "job-1"


@pytest.mark.parametrize("text", ["", "[]", '"x"', '{"who": "x"}', '{"who": "x", "renewed": "soon"}'])
def test_a_damaged_lease_is_reported(tmp_path: Path, text: str) -> None:
    path = write_lease(tmp_path, text)
    with pytest.raises(RunError) as caught, hold_lease(str(tmp_path), is_running):
        pass
    assert str(caught.value) == (
        f"{str(path)!r} is damaged and does not name a run: if no run uses this output, delete it"
    )
    assert path.read_text() == text


def test_an_expired_lease_is_taken_over_and_deleted_at_the_end(tmp_path: Path) -> None:
    path = write_lease(tmp_path, json.dumps({"who": "process 1", "renewed": time.time() - 301}))
    with hold_lease(f"{SCHEME}{tmp_path}", is_running):
        assert json.loads(path.read_text())["renewed"] > time.time() - 60
    assert not path.exists()


def test_a_current_lease_keeps_other_runs_out(tmp_path: Path) -> None:
    path = write_lease(tmp_path, text := json.dumps({"who": "process 1", "renewed": time.time() - 240}))
    with pytest.raises(RunError, match=r"^another run is using '.*' \(process 1\): wait for it to end, or stop it"):
        hold_lease(f"{SCHEME}{tmp_path}", is_running).__enter__()
    assert path.read_text() == text


JOB = {"who": "job job-1 at localhost:8099", "job": "job-1", "endpoint": "localhost:8099"}


def test_a_job_at_work_keeps_other_runs_out_of_a_local_folder_too(tmp_path: Path) -> None:
    path = write_lease(tmp_path, text := json.dumps({**JOB, "renewed": 0}))
    with pytest.raises(RunError) as caught:
        hold_lease(str(tmp_path), is_running).__enter__()
    assert str(caught.value) == (
        f"another run is using {str(tmp_path)!r} (job job-1 at localhost:8099): wait for it to end, or cancel it; if "
        f"it has already ended, delete {str(path)!r}"
    )
    assert path.read_text() == text


def test_the_command_that_cancels_a_job_is_named(tmp_path: Path) -> None:
    write_lease(tmp_path, json.dumps({**JOB, "cancel": "cancel job-1", "renewed": 0}))
    with pytest.raises(
        RunError, match="wait for it to end, or cancel it with: cancel job-1; if it has already ended, delete"
    ):
        hold_lease(str(tmp_path), is_running).__enter__()


@pytest.mark.parametrize("scheme", ["", SCHEME])
def test_the_lease_of_a_job_that_is_over_is_taken_over(tmp_path: Path, scheme: str) -> None:
    path = write_lease(tmp_path, json.dumps({**JOB, "job": "job-2", "renewed": time.time()}))
    with hold_lease(f"{scheme}{tmp_path}", is_running):
        holder = json.loads(path.read_text())["who"] if path.exists() else ""
        assert holder.startswith("process ") if scheme else not holder
    assert not path.exists()


@pytest.mark.parametrize("scheme", ["", SCHEME])
def test_a_job_keeps_the_lease_until_it_is_over(tmp_path: Path, scheme: str) -> None:
    path = write_lease(tmp_path, "")
    path.rename(path.with_name("config.json"))
    with hold_lease(f"{scheme}{tmp_path}", is_running) as lease:
        lease.pass_to_job(JOB)
    left = json.loads(path.read_text())
    assert {name: left[name] for name in JOB} == JOB
    path.unlink()
    with hold_lease(f"{scheme}{tmp_path}", is_running) as lease:
        lease.pass_to_job(JOB)
        lease.take_back()
        assert path.exists() == bool(scheme)
    assert not path.exists()
