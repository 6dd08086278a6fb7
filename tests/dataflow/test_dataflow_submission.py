"""What a submission hands over: the job, and the files that its workers install."""

import hashlib
import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from tests.dataflow.store import BUCKET
from tests.dataflow.support import Job

pytestmark = pytest.mark.xdist_group("dataflow")


def graph_of(job: Job) -> beam_runner_api_pb2.Pipeline:
    return beam_runner_api_pb2.Pipeline.FromString((job.staged / "pipeline.pb").read_bytes())


def test_steps_have_the_names_that_they_have_here(job: Job) -> None:
    names = {transform.unique_name for transform in graph_of(job).components.transforms.values()}
    steps = {name.partition("/")[0] for name in names if "/" in name}
    assert steps == {"MatchSources", "FixShards", "GroupIntoShards", "ResizeShards", "WriteShards", "FinishDataset"}


def test_the_staged_graph_is_the_jobs(job: Job) -> None:
    graph = (job.staged / "pipeline.pb").read_bytes()
    assert job.options["pipelineProtoHash"] == hashlib.sha256(graph).hexdigest()
    assert job.options["pipelineUrl"] == f"{job.options['staging_location']}/pipeline.pb"


def test_options_and_worker_settings(job: Job) -> None:
    told = job.description
    assert (told["name"], told["labels"]) == ("a-job", {"team": "photos"})
    assert told["type"] in (1, "JOB_TYPE_BATCH")
    options = job.options
    assert (options["project"], options["region"]) == ("a-project", "us-central1")
    assert options["temp_location"].startswith(f"gs://{BUCKET}/tmp/a-job.")
    (pool,) = told["environment"]["workerPools"]
    assert (pool["machineType"], pool["diskSizeGb"]) == ("n2-standard-2", 30)
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 7
    assert told["environment"]["version"]["job_type"] == "FNAPI_BATCH"
    assert pool["workerHarnessContainerImage"].endswith(f":{version('apache-beam')}")


def test_every_staged_file_is_there_whole(job: Job) -> None:
    (pool,) = job.description["environment"]["workerPools"]
    packages = {package["name"] for package in pool["packages"]}
    assert "workflow.tar.gz" in packages
    (environment,) = [one for one in graph_of(job).components.environments.values() if one.dependencies]
    hashes = {}
    for dependency in environment.dependencies:
        artifact = beam_runner_api_pb2.ArtifactUrlPayload.FromString(dependency.type_payload)
        hashes[artifact.url.removeprefix(f"{job.options['staging_location']}/")] = artifact.sha256
    assert hashes == {name: hashlib.sha256((job.staged / name).read_bytes()).hexdigest() for name in packages}


def test_what_is_staged_installs_into_an_empty_environment(environment: Path, tmp_path: Path) -> None:
    lines = (
        "import importlib.metadata as m, json, pipeline.run, transforms.imaging.resize as r",
        "print(json.dumps([r.__file__, m.version('apache-beam'), m.version('pillow')]))",
    )
    command = [str(environment), "-P", "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    where, *versions = json.loads(done.stdout)
    assert Path(where).is_relative_to(environment.parents[1])
    assert versions == [version("apache-beam"), version("pillow")]
