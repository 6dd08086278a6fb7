"""Checks of a run on Flink before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.cli.options import Options
from pipeline.errors import UsageError
from pipeline.runners import endpoint
from pipeline.runners.flink import arguments, parts, rest
from pipeline.runners.flink.arguments import Given
from pipeline.runners.flink.ports import is_here
from transforms import storage
from transforms.model.errors import RunError


def check(options: Options) -> None:
    """Refuse, within seconds, a command that cannot work on Flink.

    Raises:
        UsageError: a flag is wrong, a part is missing, or the cluster does not respond or is not suitable.
    """
    flags = arguments.given(options.beam_args)
    if options.local_cluster is None and flags.master is None:
        raise UsageError(
            "--runner FlinkRunner needs a cluster: pass its address with --flink_master HOST:PORT, or start one on "
            "this machine with --local_cluster N"
        )
    if options.local_cluster is not None and flags.master is not None:
        raise UsageError(
            f"--local_cluster {options.local_cluster} and --flink_master contradict each other: use only one of them"
        )
    if options.local_cluster is not None and flags.endpoint is not None:
        raise UsageError(f"--local_cluster {options.local_cluster} starts its own job server: leave out --job_endpoint")
    _check_parts(options, flags)
    if flags.master is not None:
        _check_cluster(options, flags, flags.master)


def _check_parts(options: Options, flags: Given) -> None:
    if flags.endpoint is not None:
        endpoint.check(options.runner or "", options.beam_args)
    else:
        parts.java(flags.launcher)
        parts.job_server_jars(flags.jar)
    if options.local_cluster is not None:
        parts.flink_jars()
    if not flags.has_environment:
        parts.worker()


def _check_cluster(options: Options, flags: Given, master: str) -> None:
    address = f"http://{master}"
    try:
        cluster = rest.cluster(address)
        managers = rest.taskmanagers(address)
    except RunError as error:
        raise UsageError(
            f"--flink_master {master}: {error}; check the address, and that the cluster is running"
        ) from error
    has_own_server = flags.endpoint is not None or flags.jar is not None  # its version is unknown
    if not has_own_server and not cluster.version.startswith(f"{parts.FLINK}."):
        raise UsageError(
            f"--flink_master {master} is Flink {cluster.version}, but the job server here is for {parts.FLINK}: use a "
            "cluster of that version, or another job server with --flink_job_server_jar or --job_endpoint"
        )
    if cluster.slots == 0 and flags.parallelism is None:
        raise UsageError(
            f"--flink_master {master} has no task slots: start TaskManagers, or use --parallelism N if the cluster "
            "starts them on demand"
        )
    if not options.shared_filesystem:
        _check_places(options, master, (manager.host for manager in managers))


def _check_places(options: Options, master: str, hosts: Iterable[str]) -> None:
    """Refuse a local path that some TaskManager cannot reach."""
    local = next((place for place in options.config.places if storage.is_local(place)), None)
    if local is None:
        return
    for host in dict.fromkeys(hosts):
        if not is_here(host):
            raise UsageError(
                f"a TaskManager of --flink_master {master} is on {host}, which may not have {local!r}: use an object "
                "store path such as gs:// or s3://, or --shared_filesystem if all hosts have it in the same place"
            )
