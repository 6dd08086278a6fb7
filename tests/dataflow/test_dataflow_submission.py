"""The contents of a submission: the job, and the files that its workers install."""

import hashlib
import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from tests.dataflow.service import Service, running_service
from tests.dataflow.store import BUCKET
from tests.dataflow.support import IMAGE, PLACE, Job, Store, flags_of, submission
from tests.support import snapshot
from tests.support.here import run_here
from transforms.imaging import resample

pytestmark = pytest.mark.slow


def graph_of(job: Job) -> beam_runner_api_pb2.Pipeline:
    return beam_runner_api_pb2.Pipeline.FromString((job.staged / "pipeline.pb").read_bytes())


def without_python_variables() -> dict[str, str]:
    """Return the environment without variables such as PYTHONPATH, which could add this checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_steps_have_the_names_of_a_local_run(job: Job) -> None:
    names = {transform.unique_name for transform in graph_of(job).components.transforms.values()}
    steps = {name.partition("/")[0] for name in names if "/" in name}
    assert steps == {
        *("MatchSources", "SumListings", "PlanShards", "GroupIntoShards"),
        *("StorePlan", "ResizeShards", "WriteShards", "FinishDataset"),
    }


def test_the_staged_graph_is_the_jobs(job: Job) -> None:
    graph = (job.staged / "pipeline.pb").read_bytes()
    assert job.options["pipelineProtoHash"] == hashlib.sha256(graph).hexdigest()
    assert job.options["pipelineUrl"] == f"{job.options['staging_location']}/pipeline.pb"


def test_the_command_ends_once_the_job_is_submitted(job: Job, service: Service) -> None:
    assert service.requests[0] == "POST /v1b3/projects/a-project/locations/us-central1/jobs"
    assert set(service.requests) == {service.requests[0]}  # it does not ask for the state of the job
    (job_id,) = [job_id for job_id, description in service.jobs.items() if description is job.description]
    page = f"https://console.cloud.google.com/dataflow/jobs/us-central1/{job_id}?project=a-project"
    assert f"job {job_id}: {page}\n" in job.messages
    assert "WARNING" not in job.messages


def test_a_failed_job_is_reported(store: Store) -> None:
    with running_service() as service:
        service.state = "JOB_STATE_FAILED"
        message = {"messageImportance": "JOB_MESSAGE_ERROR", "messageText": "the workers stopped", "id": "1"}
        service.messages = [{**message, "time": "2026-01-01T00:00:00Z"}]
        place = [*flags_of(PLACE), *IMAGE, "--dataflow_endpoint", service.url]
        flags = ("-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/failed", "-s", "64", "--wait")
        done = submission(store, *place, *flags)
    assert done.returncode == 1
    assert "the workers stopped" in done.stderr
    assert "run the same command again to continue" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_job_that_another_user_cancels_is_reported(store: Store) -> None:
    with running_service() as service:
        service.state = "JOB_STATE_CANCELLED"
        place = [*flags_of(PLACE), *IMAGE, "--dataflow_endpoint", service.url]
        flags = ("-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/cancelled", "-s", "64", "--wait")
        done = submission(store, *place, *flags)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "--runner DataflowRunner: the job ended as CANCELLED; run the same command again to continue"
    )


def test_options_and_worker_settings(job: Job) -> None:
    description = job.description
    assert (description["name"], description["labels"]) == ("a-job", {"team": "photos"})
    assert description["type"] in (1, "JOB_TYPE_BATCH")
    options = job.options
    assert (options["project"], options["region"]) == ("a-project", "us-central1")
    assert options["temp_location"].startswith(f"gs://{BUCKET}/tmp/a-job.")
    (pool,) = description["environment"]["workerPools"]
    assert (pool["machineType"], pool["diskSizeGb"]) == ("n2-standard-2", 30)
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 7
    assert description["environment"]["version"]["job_type"] == "FNAPI_BATCH"
    assert pool["workerHarnessContainerImage"].endswith(f":{version('apache-beam')}")


def test_every_staged_file_has_its_hash(job: Job) -> None:
    (pool,) = job.description["environment"]["workerPools"]
    packages = {package["name"] for package in pool["packages"]}
    assert job.package.name in packages
    assert ("workflow.tar.gz" in packages) == (job.package.suffix != ".whl")  # never both
    pinned = [f"{name}=={version(name)}\n" for name in ("pillow", "pillow-heif", "pillow-jxl-plugin")]
    assert (job.staged / "requirements.txt").read_text() == "".join(pinned)
    assert any(name.startswith(f"pillow-{version('pillow')}-") for name in packages)
    assert not any("session" in name for name in packages)  # no pickled main session
    (environment,) = [
        candidate for candidate in graph_of(job).components.environments.values() if candidate.dependencies
    ]
    hashes = {}
    for dependency in environment.dependencies:
        artifact = beam_runner_api_pb2.ArtifactUrlPayload.FromString(dependency.type_payload)
        hashes[artifact.url.removeprefix(f"{job.options['staging_location']}/")] = artifact.sha256
    assert hashes == {name: hashlib.sha256((job.staged / name).read_bytes()).hexdigest() for name in packages}


def test_the_staged_packages_install_into_an_empty_environment(environment: Path, tmp_path: Path) -> None:
    lines = (
        "import importlib.metadata as m, json, pipeline.run, transforms.imaging.resample as e",
        "print(json.dumps([e.__file__, m.version('apache-beam'), m.version('pillow'), e.active_instruction_set()]))",
    )
    done = subprocess.run(
        [str(environment), "-P", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=without_python_variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    location, *versions = json.loads(done.stdout)
    assert Path(location).is_relative_to(environment.parents[1])
    assert versions == [version("apache-beam"), version("pillow"), resample.active_instruction_set()]


def test_the_installed_command_makes_datasets_and_estimates(environment: Path, images: Path, tmp_path: Path) -> None:
    """The package is installed as by a user: without a checkout, and with only the dependencies of setup.py."""

    def command(*flags: str) -> str:
        line = [str(environment.with_name("image_resizer")), "-i", str(images), "-s", "64", *flags]
        done = subprocess.run(
            line, cwd=tmp_path, env=without_python_variables(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for layout in ("files", "parquet", "tfrecord"):  # the last two need packages that no other layout needs
        command("-o", f"installed-{layout}", "--layout", layout)
    local = run_here("-i", images, "-s", "64", "-o", tmp_path / "here")
    assert local.returncode == 0, local.stderr
    assert snapshot(tmp_path / "installed-files") == snapshot(tmp_path / "here")
    for layout in ("parquet", "tfrecord"):
        assert len(list((tmp_path / f"installed-{layout}").glob(f"*-of-*.{layout}"))) == 1
    assert "3 of 240 images" in command("--estimate", "3")
