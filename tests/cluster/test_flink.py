"""Runs on a Flink session cluster with two TaskManagers, whose processes are killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.errors import UsageError
from pipeline.runners.flink import parts, rest
from pipeline.runners.flink.cluster import LocalCluster
from pipeline.runners.flink.processes import processes
from tests.cluster.conftest import Local
from tests.pipeline.test_resume import start, wait_for_markers
from tests.support import ROOT, jpeg, rows, run, snapshot, summary, write_tree
from tests.support.poison import POISON, SEGFAULT, poison

# The dataset has forty shards, so that a process is killed in the middle of the run.
FLAGS = ("-s", 128, 64, "--images_per_shard", 10)


class Flink(NamedTuple):
    """A cluster, and the flags that select it."""

    cluster: LocalCluster
    flags: tuple[str, ...]


@pytest.fixture(scope="session")
def flink() -> Iterator[Flink]:
    try:
        parts.job_server_jars(None)
        java, jars = parts.java(), [*parts.flink_jars(), *parts.beam_jars()]
    except UsageError as error:
        pytest.skip(str(error))
    with processes() as group:
        cluster = LocalCluster(group, java, os.pathsep.join(map(str, jars)), 2)
        cluster.start()
        try:
            master = cluster.rest.removeprefix("http://")
            flags = ("--runner", "FlinkRunner", "--flink_master", master, "--environment_cache_millis", "2000")
            yield Flink(cluster, flags)
        finally:
            cluster.close()


class Lease(NamedTuple):
    """The contents of the lease in OUT about the running job."""

    who: str
    flink_name: str
    flink_job: str
    cancel: str


def lease_of(out: Path) -> Lease:
    deadline = time.monotonic() + 120
    while not (path := out / ".run" / "lease.json").exists():
        assert time.monotonic() < deadline, "no job took the lease in two minutes"
        time.sleep(0.05)
    record = json.loads(path.read_text())
    return Lease(*(record[name] for name in Lease._fields))


def pids_of(*words: str, parents: list[int] | None = None) -> list[int]:
    """Return the IDs of the processes whose command line contains all words and whose parent is one of `parents`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        has_words = all(any(word in argument for argument in command) for word in words)
        if has_words and (parents is None or parent in parents):
            found.append(int(folder.name))
    return found


def sdk_workers(flink: Flink) -> list[int]:
    return pids_of("image_resizer_worker", parents=flink.cluster.pids()["taskmanagers"])


def job_servers(flink: Flink) -> list[int]:
    return pids_of("FlinkJobServerDriver", flink.cluster.rest.removeprefix("http://"))


def kill_task_manager(flink: Flink) -> None:
    os.kill(flink.cluster.pids()["taskmanagers"][0], signal.SIGKILL)


def kill_worker(flink: Flink) -> None:
    os.kill(sdk_workers(flink)[0], signal.SIGKILL)


def kill_both(flink: Flink) -> None:
    kill_worker(flink)
    kill_task_manager(flink)


def wait_for_slots(flink: Flink) -> None:
    deadline = time.monotonic() + 60
    while rest.cluster(flink.cluster.rest).free < 2:
        assert time.monotonic() < deadline, "the cluster has no two free slots after a minute"
        time.sleep(0.1)


def wait_for_end(flink: Flink, lease: Lease) -> str:
    deadline = time.monotonic() + 180
    while (state := rest.state_of(flink.cluster.rest, lease.flink_name)) not in rest.ENDED:
        assert time.monotonic() < deadline, f"the job is still {state} after three minutes"
        time.sleep(0.2)
    return str(state)


@pytest.mark.parametrize("layout", ["files", "webdataset", "parquet", "tfrecord"])
def test_the_files_are_those_of_a_local_run(
    photos: Path, flink: Flink, local: Local, tmp_path: Path, layout: str
) -> None:
    flags = ("-s", 128, 64, "--images_per_shard", 50, "--layout", layout)
    done = run("-i", photos, "-o", tmp_path / "out", *flags, "--shared_filesystem", *flink.flags)
    assert done.returncode == 0, done.stderr
    assert snapshot(tmp_path / "out") == local(*flags)
    lines = [line.split(" | ")[-1] for line in done.stderr.splitlines()]
    assert lines[0] == f"Flink's page: {flink.cluster.rest}"
    assert re.fullmatch(rf"job resize-out-\S+: {flink.cluster.rest}/#/job/running/[0-9a-f]{{32}}", lines[1])
    assert any(line.startswith("done: 400 images in ") for line in lines)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / ".run").exists()
    assert job_servers(flink) == []


@pytest.mark.parametrize("kill", [kill_task_manager, kill_worker, kill_both])
def test_a_job_survives_the_death_of_its_processes(
    photos: Path, flink: Flink, local: Local, tmp_path: Path, kill: Callable[[Flink], None]
) -> None:
    wait_for_slots(flink)
    out = tmp_path / "out"
    process = start("-i", photos, "-o", out, *FLAGS, *flink.flags)
    lease = lease_of(out)
    wait_for_markers(out, 5)
    kill(flink)
    messages = process.communicate(timeout=300)[1]
    assert process.returncode == 0, messages
    assert "Traceback" not in messages
    assert rest.attempts(flink.cluster.rest, lease.flink_job) > 0, "nothing was tried again, so nothing was tested"
    assert snapshot(out) == local(*FLAGS)


def test_a_job_survives_its_job_server(photos: Path, flink: Flink, local: Local, tmp_path: Path) -> None:
    wait_for_slots(flink)
    out = tmp_path / "out"
    process = start("-i", photos, "-o", out, *FLAGS, *flink.flags)
    lease_of(out)
    wait_for_markers(out, 3)
    (job_server,) = job_servers(flink)
    os.kill(job_server, signal.SIGKILL)
    messages = process.communicate(timeout=300)[1]
    assert process.returncode == 0, messages
    assert " no longer answers: following the job on Flink" in messages
    assert "Traceback" not in messages
    assert snapshot(out) == local(*FLAGS)


def test_a_job_keeps_out_to_itself_when_its_client_is_killed(
    photos: Path, flink: Flink, local: Local, tmp_path: Path
) -> None:
    wait_for_slots(flink)
    out = tmp_path / "out"
    process = start("-i", photos, "-o", out, *FLAGS, *flink.flags)
    lease = lease_of(out)
    process.kill()
    process.communicate()
    for flags in (flink.flags, ()):
        refused = run("-i", photos, "-o", out, *FLAGS, *flags)
        assert refused.returncode == 2
        assert refused.stderr == (
            f"image_resizer: another run is using {str(out)!r} ({lease.who}): wait for it to end, or cancel it with: "
            f"{lease.cancel}; if it has already ended, delete '{out}/.run/lease.json'\n"
        )
    assert wait_for_end(flink, lease) == "FINISHED"
    again = run("-i", photos, "-o", out, *FLAGS)
    assert again.returncode == 0, again.stderr
    assert "nothing to do: all 400 images were already committed" in again.stderr
    assert snapshot(out) == local(*FLAGS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_job_and_waits_for_its_end(
    photos: Path, flink: Flink, local: Local, tmp_path: Path, number: int
) -> None:
    wait_for_slots(flink)
    out = tmp_path / "out"
    flags = ("-i", photos, "-o", out, *FLAGS)
    process = start(*flags, *flink.flags)
    lease = lease_of(out)
    wait_for_markers(out, 3)
    process.send_signal(number)
    lines = process.communicate(timeout=120)[1].splitlines()
    assert process.returncode == 128 + number, lines
    assert rest.state_of(flink.cluster.rest, lease.flink_name) == "CANCELED"
    name = signal.Signals(number).name
    assert lines[-2].endswith(f"stopped by {name}: canceling the job; a second signal ends this command immediately")
    assert re.search(
        rf"stopped by {name}; \d+ of 400 images committed: run the same command again to continue$", lines[-1]
    )
    assert not (out / ".run" / "lease.json").exists()
    again = run(*flags)
    assert again.returncode == 0, again.stderr
    assert " were already committed" in again.stderr
    assert snapshot(out) == local(*FLAGS)


def test_a_second_signal_leaves_the_job_at_work(photos: Path, flink: Flink, local: Local, tmp_path: Path) -> None:
    wait_for_slots(flink)
    out = tmp_path / "out"
    process = start("-i", photos, "-o", out, *FLAGS, *flink.flags)
    lease = lease_of(out)
    (job_manager,) = flink.cluster.pids()["jobmanager"]
    os.kill(job_manager, signal.SIGSTOP)  # so that it cancels nothing for now
    try:
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        lines = process.communicate(timeout=30)[1].splitlines()
    finally:
        os.kill(job_manager, signal.SIGCONT)
    assert process.returncode == 143, lines
    assert lines[-1].endswith(f"stopped by SIGTERM; {lease.who} is still running: cancel it with: {lease.cancel}")
    assert lease_of(out) == lease
    subprocess.run(lease.cancel, shell=True, check=True, capture_output=True)  # as a user would type it
    assert wait_for_end(flink, lease) == "CANCELED"
    again = run("-i", photos, "-o", out, *FLAGS)
    assert again.returncode == 0, again.stderr
    assert snapshot(out) == local(*FLAGS)


def test_an_image_that_kills_its_process_fails_alone(flink: Flink, tmp_path: Path) -> None:
    del flink  # requested only so that this test is skipped together with the others
    folder = write_tree(tmp_path / "in", {f"p{seed:02d}.jpg": jpeg(seed, (60, 40)) for seed in range(40)})
    write_tree(folder, {"poison.png": POISON})
    flags = ("-i", folder, "-o", tmp_path / "out", "-s", 16, "-ext", "jpg", "--images_per_shard", 4)
    done = subprocess.run(
        [sys.executable, str(ROOT / "image_resizer.py"), *map(str, flags), "--local_cluster", "2"],
        env={**os.environ, "PYTHONPATH": poison(tmp_path / "site", SEGFAULT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (failure,) = rows(tmp_path / "out", "failures")
    assert (failure["key"], failure["error"]) == ("poison", "crashed")
    assert summary(tmp_path / "out")["images"] == {"matched": 41, "written": 40, "failed": 1, "skipped": 0}
