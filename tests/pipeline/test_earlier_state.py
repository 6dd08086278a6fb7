"""Datasets of earlier versions, whose state is in _run, are read and continued."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.report.__main__ import main as report
from pipeline.report.data import read_report_data
from tests.disk_store import SCHEME
from tests.pipeline.conftest import Make
from tests.support import jpeg, snapshot, write_tree
from tests.support.state import markers, state_of

pytestmark = pytest.mark.slow


@pytest.fixture
def args(tmp_path: Path) -> tuple[object, ...]:
    source = write_tree(tmp_path / "in", {f"{n}.jpg": jpeg(n, (40, 30)) for n in range(6)})
    return ("-i", source, "-s", 16, "--images_per_shard", 2)


def make_old(make: Make, *args: object, out: Path) -> dict[str, bytes]:
    """Create a dataset, convert its state to that of an earlier version, and return its files."""
    make(*args, "-o", out)
    state_of(out).rename(out / "_run")
    (out / "_run" / "lock").write_text("process 1 on here")
    return of_dataset(out)


def of_dataset(out: Path) -> dict[str, bytes]:
    return {path: data for path, data in snapshot(out).items() if not path.startswith("_run/")}


def hidden(out: Path) -> set[str]:
    return {path.name for path in out.iterdir() if path.name.startswith((".", "_"))}


def test_a_complete_dataset_is_continued(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = make_old(make, *args, out=out)
    made = markers(out)
    assert len(made) == 3
    assert make(*args, "-o", out)[:2] == [
        f"continuing the dataset in {out}",
        "nothing to do: all 6 images were already committed, and none was read",
    ]
    assert (snapshot(out), markers(out), hidden(out)) == (files, made, {".run.sqlite"})


def test_a_dataset_that_is_half_done_is_continued(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = make_old(make, *args, out=out)
    made = markers(out)
    lost = min((out / "_run" / "shards").iterdir())
    lost.unlink()
    write_tree(out, {"_run/tmp/1/half": b"half"})
    for path in (*out.glob("manifest-*"), out / "SHA256SUMS", out / "report.html"):
        path.unlink()
    make(*args, "-o", out)
    assert (snapshot(out), hidden(out)) == (files, {".run.sqlite"})
    assert {name for name, at in markers(out).items() if made[name] != at} == {lost.name}


def test_a_run_that_had_not_begun_is_continued(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    """A run that was killed during the listing has written its lock and its record, but no plan."""
    out = write_tree(tmp_path / "out", {"_run/lock": b"process 1", "_run/history-1.json": b"{}"})
    make(*args, "-o", out)
    assert hidden(out) == {".run.sqlite"}


def test_other_commands_read_it_as_it_is(
    make: Make, args: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    make_old(make, *args, out=out)
    (history,) = (json.loads(path.read_bytes()) for path in (out / "_run").glob("history-*.json"))
    make(*args, "-o", out, "--estimate")
    make(*args, "-o", out, "-s", 17, expect=2)
    capsys.readouterr()
    assert report([str(out)]) == 0
    data: Any = read_report_data(str(out))
    assert (data.runs, data.plan is not None) == ((history,), True)
    assert hidden(out) == {"_run"}
    assert make(*args, "-o", out, "--verify") == ["all 6 files are there, checked by size"]
    assert hidden(out) == {".run"}


def test_a_run_of_an_earlier_version_keeps_others_out(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_old(make, *args, out=out)
    with open(out / "_run" / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (refusal,) = make(*args, "-o", out, expect=2)
    assert refusal == (
        f"image_resizer: another run is using {str(out)!r} (process 1 on here): wait for it to end, or stop it"
    )
    assert hidden(out) == {"_run"}


def test_a_dataset_in_a_store_is_continued(make: Make, args: tuple[object, ...], tmp_path: Path) -> None:
    out, store_out = tmp_path / "out", f"{SCHEME}{tmp_path}/out"
    make(*args, "-o", store_out)
    (out / ".run").rename(out / "_run")
    made = markers(out)
    lease = {"who": "process 1 on here", "renewed": 1e12}
    (out / "_run" / "lease.json").write_text(json.dumps(lease))
    (refusal,) = make(*args, "-o", store_out, expect=2)
    assert f"another run is using {store_out!r} (process 1 on here): wait for it to end" in refusal
    (out / "_run" / "lease.json").write_text(json.dumps({**lease, "renewed": 1}))
    assert "nothing to do: all 6 images were already committed, and none was read" in make(*args, "-o", store_out)
    assert markers(out) == made
    assert [path for path in (out / "_run").rglob("*") if path.is_file()] == []
    assert not (out / ".run" / "lease.json").exists()


def test_a_folder_of_images_may_have_the_old_name(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"_run/a.jpg": jpeg(1, (9, 9)), "_run/shards/b.jpg": jpeg(2, (9, 9))})
    for _ in range(2):
        make("-i", source, "-o", tmp_path / "out", "-s", 8)
        assert {path for path in snapshot(tmp_path / "out") if path.startswith("_run")} == {
            "_run/a.jpg",
            "_run/shards/b.jpg",
        }
