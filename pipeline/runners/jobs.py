"""A job of a remote runner: its identity, its state, and how to end it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.runners.runner import PipelineState
from loguru import logger

from pipeline.runners import endpoint
from pipeline.runners.flink import rest
from transforms import compat

# The final states of a job on Flink -> Beam's names for them.
_FLINK_ENDS = {
    "FINISHED": PipelineState.DONE,
    "FAILED": PipelineState.FAILED,
    "CANCELED": PipelineState.CANCELLED,
}


@dataclasses.dataclass(frozen=True)
class Job:
    """A job, as the lease of OUT records it.

    Args:
        job: its ID.
        page: the URL of its page; "" if it has none.
        endpoint: the address of the job server that started it; "" for a Dataflow job.
        flink: the URL of the JobManager that runs it; "" if it does not run on Flink.
        flink_name, flink_job: its name and its ID on Flink.
        project, region: where Dataflow runs it; "" if it does not run on Dataflow.
        cancel: the command that cancels it; "" if there is none.
        outlives: whether it continues after this process has ended.
    """

    job: str
    page: str = ""
    endpoint: str = ""
    flink: str = ""
    flink_name: str = ""
    flink_job: str = ""
    project: str = ""
    region: str = ""
    cancel: str = ""
    outlives: bool = True

    def on_flink(self, flink: str, name: str, job_id: str) -> Job:
        """Return this job with its name and ID on Flink.

        Args:
            flink: the URL of the JobManager.
            name: the name of the job on Flink.
            job_id: its ID on Flink.
        """
        cancel = f"curl -X PATCH '{flink}/jobs/{job_id}?mode=cancel'"
        page = rest.page(flink, job_id)
        return dataclasses.replace(self, page=page, flink=flink, flink_name=name, flink_job=job_id, cancel=cancel)

    @property
    def description(self) -> str:
        """The description of the job in messages."""
        return f"job {self.job}" + (f": {self.page}" if self.page else f" at {self.endpoint}")

    @property
    def cancel_hint(self) -> str:
        """A phrase that says how to cancel the job."""
        if not self.outlives:
            return "it ends together with this process"
        return (
            f"cancel it with: {self.cancel}" if self.cancel else f"end the job server at {self.endpoint} to cancel it"
        )

    def record(self) -> dict[str, str]:
        """Return the data about the job that later runs need."""
        fields = dataclasses.asdict(self)
        return {"who": self.description, **{name: value for name, value in fields.items() if isinstance(value, str)}}

    def end_on_flink(self) -> str | None:
        """Wait until Flink no longer runs the job. Return Beam's name of its final state; None if Flink has no state.

        Raises:
            RunError: Flink does not respond.
        """
        while self.is_on_flink():
            time.sleep(rest.PERIOD)
        state = rest.state_of(self.flink, self.flink_name)
        return None if state is None else _FLINK_ENDS.get(state, PipelineState.UNKNOWN)

    def is_on_flink(self) -> bool:
        """Return whether Flink runs the job. The errors are those of `end_on_flink`."""
        state = rest.state_of(self.flink, self.flink_name)
        return state is not None and state not in rest.ENDED


def is_alive(record: Mapping[str, Any], beam_args: Sequence[str]) -> bool:
    """Return whether a job may still be running: True unless the service says that it has ended.

    Args:
        record: a result of `Job.record`.
        beam_args: the flags for queries of Dataflow.
    """
    job = Job(**{field.name: record[field.name] for field in dataclasses.fields(Job) if field.name in record})
    try:
        if job.flink:
            return job.is_on_flink()
        if job.endpoint:
            return not PipelineState.is_terminal(endpoint.job_state(job.endpoint, job.job))
        place = [f"--project={job.project}", f"--region={job.region}"] if job.project else []
        return not PipelineState.is_terminal(compat.dataflow_job_state(job.job, [*beam_args, *place]))
    # Catch every Exception: no project, no permission, no such job, no response.
    except Exception as error:
        logger.warning(
            "cannot get the state of job {}, which may still be running: {}", job.job, endpoint.reason(error)
        )
        return True
