import json
import time
from pathlib import Path

import pytest

from pipeline.exclusive.lease import leased
from transforms.model.errors import RunError


def lease(out: Path, text: str) -> Path:
    path = out / "_run" / "lease.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["", "[]", '"x"', '{"who": "x"}', '{"who": "x", "renewed": "soon"}'])
def test_a_damaged_one_is_told_of(tmp_path: Path, text: str) -> None:
    path = lease(tmp_path, text)
    told = f"{str(path)!r} is damaged, and tells of no run: if none is at work, delete it"
    with pytest.raises(RunError) as raised, leased(str(tmp_path), []):
        pass
    assert str(raised.value) == told
    assert path.read_text() == text


def test_one_that_is_old_is_taken_over_and_ends(tmp_path: Path) -> None:
    path = lease(tmp_path, json.dumps({"who": "process 1", "renewed": time.time() - 301}))
    with leased(str(tmp_path), []):
        assert json.loads(path.read_text())["renewed"] > time.time() - 60
    assert not path.exists()


def test_one_that_is_new_keeps_others_out(tmp_path: Path) -> None:
    path = lease(tmp_path, text := json.dumps({"who": "process 1", "renewed": time.time() - 240}))
    with pytest.raises(RunError, match=r"^another run is at work on '.*' \(process 1\): wait for its end, or end it"):
        leased(str(tmp_path), []).__enter__()
    assert path.read_text() == text
