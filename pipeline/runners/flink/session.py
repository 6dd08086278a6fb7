"""The services that a job on Flink needs while it runs: a cluster, and Beam's job server."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from loguru import logger

from pipeline.cli.options import Options
from pipeline.runners.dataflow import job_name
from pipeline.runners.flink import arguments, parts, rest
from pipeline.runners.flink.arguments import Given
from pipeline.runners.flink.checks import check
from pipeline.runners.flink.cluster import LocalCluster
from pipeline.runners.flink.job_server import start_job_server
from pipeline.runners.flink.processes import Processes, processes

__all__ = ["FlinkSession", "check", "flink_session"]


@dataclasses.dataclass(frozen=True)
class FlinkSession:
    """A cluster and a job server that are ready for a job.

    Args:
        args: the Beam flags that the job needs in addition to the user's.
        endpoint: the address of the job server.
        rest: the address of Flink's REST interface, and of its web page.
        job_name: Beam's name of the job, with which `rest` finds it.
        cluster: the cluster that was started for this run; None if an existing one is used.
        logs: the folder with the logs of the started processes; None if none was started.
    """

    args: tuple[str, ...]
    endpoint: str
    rest: str
    job_name: str
    cluster: LocalCluster | None = None
    logs: Path | None = None


@contextlib.contextmanager
def flink_session(options: Options) -> Iterator[FlinkSession]:
    """Provide a cluster and a job server inside the context. Started processes are ended, even after a SIGKILL.

    Args:
        options: the command, which `check` has accepted.

    Raises:
        UsageError: a part is missing.
        RunError: the cluster or the job server does not start, or the cluster does not respond.
    """
    flags = arguments.given(options.beam_args)
    with contextlib.ExitStack() as stack:
        group: Processes | None = None
        if options.local_cluster is not None or flags.endpoint is None:
            group = stack.enter_context(processes())
        cluster = (
            _local_cluster(stack, group, flags, options.local_cluster) if group and options.local_cluster else None
        )
        address = cluster.rest if cluster else f"http://{flags.master}"
        logger.info("Flink's page: {}", address)
        if cluster is None and not rest.restarts(address):
            logger.warning(
                "the cluster at {} has no restart-strategy in its configuration: the job fails as soon as one worker "
                "fails; then run the same command again",
                address,
            )
        endpoint = flags.endpoint or _job_server(group, flags, address)
        name = flags.job_name or _job_name(options.config.out_dir)
        state = rest.cluster(address)
        worker = None if flags.has_environment else parts.worker()
        slots = state.free or state.slots or 1
        args = arguments.complete(flags, endpoint, worker, name, slots, rest.taskmanagers(address), cluster is not None)
        logs = group.folder if group else None
        yield FlinkSession(tuple(args), endpoint, address, name, cluster, logs)


def _local_cluster(stack: contextlib.ExitStack, group: Processes, flags: Given, count: int) -> LocalCluster:
    # With Beam's jars on its classpath, a TaskManager keeps a Beam worker from one step to the next. Classes that are
    # sent with a job are unloaded between two steps, and the job would start some 20 workers for each slot.
    jars = [*parts.flink_jars(), *(parts.beam_jars() if flags.jar is None else [])]
    cluster = LocalCluster(group, parts.java(flags.launcher), _classpath(jars), count)
    stack.callback(cluster.close)
    cluster.start()
    return cluster


def _job_server(group: Processes | None, flags: Given, address: str) -> str:
    assert group is not None
    # Separate from Flink's own jar, which has other versions of some libraries. Both log with the same library.
    classpath = _classpath([*parts.job_server_jars(flags.jar), *parts.log_jars()])
    master = address.removeprefix("http://")
    return start_job_server(group, parts.java(flags.launcher), classpath, master, flags.artifacts, flags.properties)


def _classpath(jars: Iterable[Path]) -> str:
    return os.pathsep.join(map(str, jars))


def _job_name(out_dir: str) -> str:
    """Return a unique job name, even if two jobs start in the same second."""
    return f"{job_name(out_dir, datetime.datetime.now(datetime.UTC))}-{secrets.token_hex(3)}"
