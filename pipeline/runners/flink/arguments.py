"""The flags of a job on Flink: Beam's flags, in one place, and suitable defaults.

The user's own flags are never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
)

from pipeline.errors import UsageError
from pipeline.runners.flink.rest import TaskManager

# How long a worker of a cluster of our own waits for more work. `cluster` restarts a job after a longer delay.
WORKER_IDLE_MS = 2000

# Values of Beam's --flink_master that do not name a cluster.
_AUTO, _LOCAL = "[auto]", "[local]"
_MASTER = re.compile(r"(?:http://)?((?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+):\d{1,5})/?")


class Given(NamedTuple):
    """The user's Beam flags that this package reads.

    Args:
        master: HOST:PORT of --flink_master, or None.
        endpoint: --job_endpoint, or None.
        jar: --flink_job_server_jar, or None.
        launcher: the Java program for the job server.
        properties: Java flags for the job server.
        artifacts: --artifacts_dir, or None.
        parallelism: --parallelism, or None.
        job_name: --job_name, or None.
        has_environment: whether any flag says how workers are started.
        has_cache_time: whether --environment_cache_millis is used.
        has_worker_count: whether --sdk_worker_parallelism is used.
    """

    master: str | None
    endpoint: str | None
    jar: str | None
    launcher: str
    properties: tuple[str, ...]
    artifacts: str | None
    parallelism: int | None
    job_name: str | None
    has_environment: bool
    has_cache_time: bool
    has_worker_count: bool


def given(beam_args: Sequence[str]) -> Given:
    """Return the flags that this package reads.

    Raises:
        UsageError: --flink_master is not an address, or --flink_submit_uber_jar is used.
    """
    options = PipelineOptions(list(beam_args))
    flink, portable = options.view_as(FlinkRunnerOptions), options.view_as(PortableOptions)
    server = options.view_as(JobServerOptions)
    if flink.flink_submit_uber_jar:
        raise UsageError("--flink_submit_uber_jar has no effect because a job server submits the job: leave it out")
    names = {arg.partition("=")[0] for arg in beam_args}
    return Given(
        master=_master(flink.flink_master),
        endpoint=portable.job_endpoint,
        jar=flink.flink_job_server_jar,
        launcher=server.job_server_java_launcher,
        properties=tuple(server.job_server_jvm_properties),
        artifacts=server.artifacts_dir,
        parallelism=flink.parallelism if flink.parallelism > 0 else None,
        job_name=options.view_as(GoogleCloudOptions).job_name,
        has_environment=any((portable.environment_type, portable.environment_config, portable.environment_options)),
        has_cache_time="--environment_cache_millis" in names,
        has_worker_count="--sdk_worker_parallelism" in names,
    )


def _master(value: str) -> str | None:
    if value == _AUTO:
        return None
    if value == _LOCAL:
        raise UsageError(
            f"--flink_master {_LOCAL} does not name a cluster: use --local_cluster N to start one on this machine"
        )
    matched = _MASTER.fullmatch(value.strip())
    if matched is None:
        raise UsageError(
            f"--flink_master {value!r} is not HOST:PORT: use the address of Flink's web page, such as localhost:8081"
        )
    return matched[1]


def complete(
    flags: Given,
    endpoint: str,
    worker: str | None,
    job_name: str,
    parallelism: int,
    managers: Sequence[TaskManager],
    own_cluster: bool,
) -> Iterator[str]:
    """Yield the Beam flags of the job that the user left out.

    Args:
        flags: the user's flags.
        endpoint: the address of the job server.
        worker: the program that starts a Beam worker; None if the user's flags say how workers are started.
        job_name: a name for the job.
        parallelism: the number of tasks that run at the same time.
        managers: the TaskManagers of the cluster.
        own_cluster: whether the cluster was started for the run.
    """
    if flags.endpoint is None:
        yield f"--job_endpoint={endpoint}"
    if worker is not None:
        # Workers are processes of the TaskManagers' hosts: with LOOPBACK all work would be done in this process, and
        # with EXTERNAL all TaskManagers would use the same IDs for their workers.
        yield "--environment_type=PROCESS"
        yield f"--environment_config={json.dumps({'command': worker})}"
    if flags.parallelism is None:
        # Beam's default is that of the cluster, often 1. A task needs a slot; with too few slots, tasks never start.
        yield f"--parallelism={parallelism}"
    if not flags.has_worker_count and (most := max((manager.slots for manager in managers), default=1)) > 1:
        # Beam's default is one worker for each TaskManager, and by default a worker processes one image at a time: the
        # other slots would wait. With one worker per slot, the crash of a worker affects one shard.
        yield f"--sdk_worker_parallelism={most}"
    if own_cluster and not flags.has_cache_time:
        # A worker takes two seconds to load Beam, so it also serves the next steps. This time is shorter than the
        # delay of a restart (see `cluster`): until it has passed, Beam keeps even a worker that was killed, and a
        # restart must not use that worker.
        yield f"--environment_cache_millis={WORKER_IDLE_MS}"
    if flags.job_name is None:
        yield f"--job_name={job_name}"
