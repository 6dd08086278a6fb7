import json
import time
from pathlib import Path

import pytest

from pipeline.exclusive.lease import hold_lease
from transforms.model.errors import RunError


def write_lease(out: Path, text: str) -> Path:
    """Write the lease's file, and return its path."""
    path = out / ".run" / "lease.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["", "[]", '"x"', '{"who": "x"}', '{"who": "x", "renewed": "soon"}'])
def test_a_damaged_lease_is_reported(tmp_path: Path, text: str) -> None:
    path = write_lease(tmp_path, text)
    message = f"{str(path)!r} is damaged and names no run: if no run uses this output, delete it"
    with pytest.raises(RunError) as caught, hold_lease(str(tmp_path), []):
        pass
    assert str(caught.value) == message
    assert path.read_text() == text


def test_an_expired_lease_is_taken_over_and_deleted_at_the_end(tmp_path: Path) -> None:
    path = write_lease(tmp_path, json.dumps({"who": "process 1", "renewed": time.time() - 301}))
    with hold_lease(str(tmp_path), []):
        assert json.loads(path.read_text())["renewed"] > time.time() - 60
    assert not path.exists()


def test_a_current_lease_keeps_other_runs_out(tmp_path: Path) -> None:
    path = write_lease(tmp_path, text := json.dumps({"who": "process 1", "renewed": time.time() - 240}))
    with pytest.raises(RunError, match=r"^another run is using '.*' \(process 1\): wait for its end, or stop it"):
        hold_lease(str(tmp_path), []).__enter__()
    assert path.read_text() == text
