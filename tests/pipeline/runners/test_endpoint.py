"""Tests of `pipeline.runners.endpoint`, against servers on this machine."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from pipeline.errors import UsageError
from pipeline.runners import endpoint, jobs
from tests.pipeline.conftest import Make
from tests.support import jpeg, write_tree


class JobService(beam_job_api_pb2_grpc.JobServiceServicer):
    """A job server that has one job."""

    def DescribePipelineOptions(self, _request: object, _context: object) -> object:  # noqa: N802  # Beam's name
        return beam_job_api_pb2.DescribePipelineOptionsResponse()

    def GetState(self, request: Any, context: grpc.ServicerContext) -> object:  # noqa: N802  # Beam's name
        states = {"running": beam_job_api_pb2.JobState.RUNNING, "done": beam_job_api_pb2.JobState.DONE}
        if request.job_id not in states:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such job")
        return beam_job_api_pb2.JobStateEvent(state=states[request.job_id])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    beam_job_api_pb2_grpc.add_JobServiceServicer_to_server(JobService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0)


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that accepts connections but never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_job_server_is_accepted(address: str) -> None:
    endpoint.check("PortableRunner", [f"--job_endpoint={address}"])
    endpoint.check("PortableRunner", ["--job_endpoint=embed"])
    endpoint.check("PrismRunner", [])


@pytest.mark.parametrize("runner", ["PortableRunner", "portable", "SparkRunner"])
def test_an_address_without_a_job_server_is_refused(runner: str, silent: str) -> None:
    for address in ("127.0.0.1:1", silent, "no-such-host.invalid:1"):
        with pytest.raises(UsageError) as caught:
            endpoint.check(runner, ["--job_endpoint", address])
        assert str(caught.value) in {
            f"--job_endpoint {address!r}: no Beam job server answers there ({reason}): start it, or use the address of "
            "one, such as localhost:8099"
            for reason in ("unavailable", "deadline exceeded")
        }


def test_a_refused_command_leaves_out_as_it_is(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (9, 9))})
    (refusal,) = make("-i", source, "-o", tmp_path / "out", "--runner", "PortableRunner", expect=2)
    assert refusal == (
        "image_resizer: --job_endpoint is missing: specify the address of a Beam job server, such as localhost:8099"
    )
    (refusal,) = make(
        *("-i", source, "-o", tmp_path / "out", "--runner", "PortableRunner", "--job_endpoint", "127.0.0.1:1"), expect=2
    )
    assert refusal.startswith("image_resizer: --job_endpoint '127.0.0.1:1': no Beam job server answers there (")
    assert not (tmp_path / "out").exists()


def test_a_job_server_is_asked_about_the_job_of_a_lease(address: str) -> None:
    def is_alive(job_id: str, at: str = address) -> bool:
        return jobs.is_alive(jobs.Job(job_id, endpoint=at).record(), [])

    assert is_alive("running")
    assert not is_alive("done")
    assert is_alive("unknown"), "it may be at work, for all that is known"
    assert is_alive("done", "127.0.0.1:1")


def test_a_job_is_described_by_its_page_or_its_server() -> None:
    job = jobs.Job("job-1", endpoint="localhost:8099")
    assert job.description == "job job-1 at localhost:8099"
    assert job.cancel_hint == "end the job server at localhost:8099 to cancel it"
    on_dataflow = jobs.Job("2026", "https://console/2026", cancel="gcloud dataflow jobs cancel 2026")
    assert on_dataflow.description == "job 2026: https://console/2026"
    assert on_dataflow.cancel_hint == "cancel it with: gcloud dataflow jobs cancel 2026"
