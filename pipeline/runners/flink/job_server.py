"""Beam's job server for Flink. It receives the graph, and submits it to the cluster."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pipeline.runners.flink.cluster import java_flags
from pipeline.runners.flink.ports import LOOPBACK, answers, free_ports
from pipeline.runners.flink.processes import Processes
from transforms.model.errors import RunError

_MAIN = "org.apache.beam.runners.flink.FlinkJobServerDriver"
_START_SECONDS = 60
# The heap contains the graph, and the jars that are sent to the cluster.
_HEAP = 512 << 20


def start_job_server(
    processes: Processes, java: str, classpath: str, master: str, artifacts: str | None, properties: Sequence[str]
) -> str:
    """Start the job server, wait until it accepts jobs, and return its address.

    Args:
        processes: the group that the job server joins.
        java: the path of Java.
        classpath: its jars, in Java's notation.
        master: HOST:PORT of the cluster's REST interface.
        artifacts: a folder for the files that it passes to workers; None for a temporary one.
        properties: Java flags of the user.

    Raises:
        RunError: the job server does not start.
    """
    (port,) = free_ports(1)
    flags = [*java_flags(processes, "jobserver", _HEAP), *properties]
    # Port 0: the server chooses a port itself, and workers and clients learn it from the job.
    args = [f"--job-host={LOOPBACK}", f"--job-port={port}", "--artifact-port=0", "--expansion-port=0"]
    folder = artifacts or str(processes.folder / "artifacts")
    args += [f"--flink-master={master}", f"--artifacts-dir={folder}"]
    process = processes.start("jobserver", [java, *flags, "-cp", classpath, _MAIN, *args])
    until = time.monotonic() + _START_SECONDS
    while not answers(LOOPBACK, port):
        if process.exit_code() is not None:
            raise RunError(f"Beam's job server for Flink ended during start-up: {process.last_words()}")
        if time.monotonic() > until:
            raise RunError(f"Beam's job server for Flink was not ready in {_START_SECONDS} seconds")
        time.sleep(0.1)
    return f"{LOOPBACK}:{port}"
