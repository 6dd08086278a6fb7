"""A job server, to which Beam's portable runners submit jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc
from apache_beam.runners.runner import PipelineState

from pipeline.errors import UsageError

# Seconds to wait for a response.
_PATIENCE = 4
# Beam's name for a job server in this process.
_EMBEDDED = "embed"


def check(runner: str, beam_args: Sequence[str]) -> None:
    """Refuse a job server that does not respond.

    Args:
        runner: Beam's name of the runner.
        beam_args: the flags for it.

    Raises:
        UsageError: --job_endpoint is missing although the runner needs it, or no job server responds there.
    """
    address = PipelineOptions(list(beam_args)).view_as(PortableOptions).job_endpoint
    if not address and runner.lower().removesuffix("runner") == "portable":
        raise UsageError("--job_endpoint is missing: specify the address of a Beam job server, such as localhost:8099")
    if not address or address == _EMBEDDED:
        return
    try:
        with _service(address) as service:
            service.DescribePipelineOptions(beam_job_api_pb2.DescribePipelineOptionsRequest(), timeout=_PATIENCE)
    except grpc.RpcError as error:
        raise UsageError(
            f"--job_endpoint {address!r}: no Beam job server answers there ({reason(error)}): start it, or use the "
            "address of one, such as localhost:8099"
        ) from error


def job_state(address: str, job_id: str) -> str:
    """Return the state of a job, one of Beam's `PipelineState`.

    Raises:
        grpc.RpcError: the job server does not respond, or does not have the job.
    """
    with _service(address) as service:
        state = service.GetState(beam_job_api_pb2.GetJobStateRequest(job_id=job_id), timeout=_PATIENCE).state
    return getattr(PipelineState, beam_job_api_pb2.JobState.Enum.Name(state))


@contextlib.contextmanager
def _service(address: str) -> Iterator[beam_job_api_pb2_grpc.JobServiceStub]:
    with grpc.insecure_channel(address) as channel:
        yield beam_job_api_pb2_grpc.JobServiceStub(channel)


def reason(error: BaseException) -> str:
    """Return the reason for an error in one phrase."""
    if isinstance(error, grpc.RpcError):
        return f"{error.code().name.lower().replace('_', ' ')}"
    return str(error)
