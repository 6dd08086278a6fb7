"""Runs on Prism, Beam's own portable runner: the common behavior of remote and local runs."""

import json
import signal
from pathlib import Path

import pytest

from tests.cluster.conftest import Local
from tests.pipeline.test_resume import start, wait_for_markers
from tests.support import rows, run, snapshot, summary
from tests.support.state import state_of


def on_prism(address: str) -> tuple[str, ...]:
    return ("--runner", "PortableRunner", "--job_endpoint", address, "--environment_type", "LOOPBACK")


FLAGS = ("-s", 128, 64, "--images_per_shard", 10)


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet", "tfrecord"])
def test_the_files_are_those_of_a_local_run(
    photos: Path, prism: str, local: Local, tmp_path: Path, layout: str
) -> None:
    flags = ("-s", 128, 64, "--images_per_shard", 100, "--layout", layout)
    done = run("-i", photos, "-o", tmp_path / "out", *flags, *on_prism(prism))
    assert done.returncode == 0, done.stderr
    assert snapshot(tmp_path / "out") == local(*flags)
    assert "Traceback" not in done.stderr


def test_the_run_is_shown_and_recorded_as_a_local_one(photos: Path, prism: str, tmp_path: Path) -> None:
    done = run("-i", photos, "-o", tmp_path / "out", *FLAGS, "-v", 50, *on_prism(prism))
    lines = [line.split(" | ")[-1] for line in done.stderr.splitlines()]
    assert lines[0].startswith("job job-")
    assert lines[0].endswith(f" at {prism}")
    assert any(" of 400 images (" in line and " images/s, " in line for line in lines), done.stderr
    assert any(line.startswith("done: 400 images in ") for line in lines)
    (path,) = state_of(tmp_path / "out").glob("history-*.json")
    history = json.loads(path.read_text())
    assert history["runner"] == "PortableRunner"
    assert (history["images"], history["matched"], history["failed"]) == (400, 400, 0)
    assert history["seconds"] > 0
    assert history["images_per_second"] == pytest.approx(400 / history["seconds"], rel=0.01)
    assert set(history["phases"]) >= {"starting", "listing"}
    assert history["stages"].keys() >= {"read", "hash", "decode", "resize", "encode"}
    assert all(seconds > 0 for seconds in history["stages"].values())
    assert history["series"][-1][1] == 400


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_job_and_the_next_run_continues(
    photos: Path, prism: str, local: Local, tmp_path: Path, number: int
) -> None:
    flags = ("-i", photos, "-o", tmp_path / "out", *FLAGS, *on_prism(prism))
    first = start(*flags)
    wait_for_markers(tmp_path / "out", 3)
    first.send_signal(number)
    messages = first.communicate(timeout=60)[1].splitlines()
    assert first.returncode == 128 + number, messages
    name = signal.Signals(number).name
    assert messages[-2].endswith(f"stopped by {name}: canceling the job; a second signal ends this command immediately")
    assert f"stopped by {name}; " in messages[-1]
    assert messages[-1].endswith("committed: run the same command again to continue")
    second = run(*flags)
    assert second.returncode == 0, second.stderr
    assert " were already committed" in second.stderr
    assert snapshot(tmp_path / "out") == local(*FLAGS)


def test_a_client_that_was_killed_is_continued(photos: Path, prism: str, local: Local, tmp_path: Path) -> None:
    flags = ("-i", photos, "-o", tmp_path / "out", *FLAGS, *on_prism(prism))
    first = start(*flags)
    wait_for_markers(tmp_path / "out", 3)
    first.kill()
    first.communicate()
    second = run(*flags)
    assert second.returncode == 0, second.stderr
    assert snapshot(tmp_path / "out") == local(*FLAGS)


def test_a_job_that_fails_says_why_in_one_sentence(photos: Path, prism: str, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("key,author\nno/such,me\n")
    failed = run("-i", photos, "-o", tmp_path / "out", *FLAGS, "--columns", table, *on_prism(prism))
    assert failed.returncode == 1
    lines = [line.split(" | ")[-1] for line in failed.stderr.splitlines()]
    assert lines[-1].startswith(f"--columns {str(table)!r} has no row for any image: its keys look like 'no/such'")
    assert len(lines) == 2, failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_failed_image_is_one_row(photos: Path, prism: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes((photos / "0" / "p000.jpg").read_bytes())
    (folder / "cut.jpg").write_bytes((photos / "0" / "p000.jpg").read_bytes()[:5000])
    done = run("-i", folder, "-o", tmp_path / "out", "-s", 64, *on_prism(prism))
    assert done.returncode == 0, done.stderr
    assert [row["error"] for row in rows(tmp_path / "out", "failures")] == ["truncated"]
    assert summary(tmp_path / "out")["images"] == {"matched": 2, "written": 1, "failed": 1, "skipped": 0}
