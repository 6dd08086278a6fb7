"""Two runs that use the same OUT in a store."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.cloud.dataflow import JobState

from tests.dataflow.service import running_service
from tests.dataflow.store import BUCKET
from tests.dataflow.support import IMAGE, PLACE, Store, flags_of, submission
from tests.support import ROOT, jpeg, write_tree

pytestmark = pytest.mark.slow


def start(store: Store, *flags: object) -> "subprocess.Popen[str]":
    """Start a run on this machine with an OUT in the store."""
    command = [sys.executable, str(ROOT / "image_resizer.py"), *map(str, flags)]
    return subprocess.Popen(
        command, env={**os.environ, **store.environment()}, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def write_lease(store: Store, out: str, **holder: object) -> None:
    store.bucket.blob(f"{out}/.run/lease.json").upload_from_string(json.dumps(holder))


def test_a_live_run_keeps_other_runs_out(store: Store, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (40, 30))})
    flags = ("-i", source, "-o", f"gs://{BUCKET}/leased", "-s", "16")
    write_lease(store, "leased", who="process 1 on a-machine", renewed=time.time() - 200)
    refused = start(store, *flags)
    assert refused.communicate(timeout=60)[1] == (
        f"image_resizer: another run is using 'gs://{BUCKET}/leased' (process 1 on a-machine): wait for it to end, or "
        "stop it; if it was killed, wait 5 minutes\n"
    )
    assert refused.returncode == 2
    write_lease(store, "leased", who="process 1 on a-machine", renewed=time.time() - 301)
    taken_over = start(store, *flags)
    messages = taken_over.communicate(timeout=60)[1]
    assert taken_over.returncode == 0, messages
    assert ".run/lease.json" not in store.generations("leased")
    assert set(store.snapshot("leased")) >= {"a.jpg", "summary.json"}


def test_a_stopped_run_releases_its_lease(store: Store, tmp_path: Path) -> None:
    data = jpeg(1, (1500, 1000))
    source = write_tree(tmp_path / "in", {f"{n:03d}.jpg": data for n in range(200)})
    first = start(store, "-i", source, "-o", f"gs://{BUCKET}/ended", "-s", "16", "--images_per_shard", "4")
    deadline = time.monotonic() + 60
    while not store.generations("ended/.run/shards") and time.monotonic() < deadline:
        time.sleep(0.05)
    holder = json.loads(store.read("ended/.run/lease.json"))
    assert holder["who"].startswith(f"process {first.pid} on ")
    first.send_signal(signal.SIGINT)
    messages = first.communicate(timeout=30)[1]
    assert first.returncode == 130, messages
    assert ".run/lease.json" not in store.generations("ended")


def test_a_running_job_keeps_other_runs_out(store: Store) -> None:
    out = f"gs://{BUCKET}/jobs"
    flags = [*flags_of(PLACE), *IMAGE, "-i", f"gs://{BUCKET}/photos", "-o", out, "-s", "64"]
    with running_service() as service:
        first = submission(store, *flags, "--dataflow_endpoint", service.url)
        assert first.returncode == 0, first.stderr
        (job_id,) = service.jobs
        second = submission(store, *flags, "--dataflow_endpoint", service.url)
        assert second.returncode == 2
        page = f"https://console.cloud.google.com/dataflow/jobs/us-central1/{job_id}?project=a-project"
        assert second.stderr.splitlines()[-1] == (
            f"image_resizer: another run is using {out!r} (job {job_id}: {page}): wait for it to end, or cancel it "
            f"with: gcloud dataflow jobs cancel {job_id} --project a-project --region us-central1; if it has already "
            f"ended, delete '{out}/.run/lease.json'"
        )
        assert list(service.jobs) == [job_id]
        service.requests.clear()
        here = start(store, "-i", f"gs://{BUCKET}/photos", "-o", out, "-s", "64", "--dataflow_endpoint", service.url)
        assert "another run is using" in here.communicate(timeout=60)[1]  # it asks where the job runs
        assert service.requests == [f"GET /v1b3/projects/a-project/locations/us-central1/jobs/{job_id}"]
        service.state = "JOB_STATE_CANCELLED"
        third = submission(store, *flags, "--dataflow_endpoint", service.url)
        assert third.returncode == 0, third.stderr
        assert len(service.jobs) == 2


def test_a_signal_cancels_a_job_that_is_followed(store: Store) -> None:
    out = f"gs://{BUCKET}/followed"
    place = [*flags_of(PLACE), "--sdk_container_image", IMAGE[1]]
    flags = [*place, "-i", f"gs://{BUCKET}/photos", "-o", out, "-s", "64", "--wait"]
    with running_service() as service:
        client = start(store, "--runner", "DataflowRunner", *flags, "--dataflow_endpoint", service.url)
        deadline = time.monotonic() + 120
        while ".run/lease.json" not in store.generations("followed") or "job" not in json.loads(
            store.read("followed/.run/lease.json")
        ):
            assert client.poll() is None, client.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        client.send_signal(signal.SIGTERM)
        lines = client.communicate(timeout=90)[1].splitlines()
        assert client.returncode == 143, lines
        assert int(service.state) == JobState.JOB_STATE_CANCELLED
    assert any(
        line.endswith("stopped by SIGTERM: canceling the job; a second signal ends this command immediately")
        for line in lines
    ), lines
    assert lines[-1].endswith("stopped by SIGTERM; nothing committed: run the same command again to continue")
    assert ".run/lease.json" not in store.generations("followed")
