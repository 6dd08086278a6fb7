"""Queries of Flink's REST interface about a cluster and its jobs."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from transforms.model.errors import RunError

# Seconds to wait for a response. Even a busy cluster responds in milliseconds.
TIMEOUT = 4.0

# Seconds between two requests while waiting for a job.
PERIOD = 0.5

# The final states of a job.
ENDED = frozenset({"FINISHED", "CANCELED", "FAILED", "SUSPENDED"})

# Beam's job server does not use the proxies of the environment to reach Flink, so neither does this module.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_HOST = re.compile(r"@(\[[^\]]+\]|[^:/\[\]]+)")


class TaskManager(NamedTuple):
    """A worker process of the cluster.

    Args:
        name: its ID in the cluster.
        host: the name or address of its host, as the cluster sees it.
        slots: the number of tasks that it runs at the same time.
    """

    name: str
    host: str
    slots: int


class Cluster(NamedTuple):
    """The overview of a cluster.

    Args:
        version: the version of Flink.
        slots: the number of all slots.
        free: the number of slots that no job uses.
    """

    version: str
    slots: int
    free: int


def cluster(rest: str) -> Cluster:
    """Return the overview of a cluster.

    Args:
        rest: the address of its REST interface, such as http://localhost:8081.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    overview = _get(rest, "/overview")
    try:
        return Cluster(str(overview["flink-version"]), int(overview["slots-total"]), int(overview["slots-available"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _not_flink(rest) from error


def taskmanagers(rest: str) -> list[TaskManager]:
    """Return the TaskManagers of a cluster.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    listed = _get(rest, "/taskmanagers")
    try:
        return [
            TaskManager(each["id"], _host(each["path"]), int(each["slotsNumber"])) for each in listed["taskmanagers"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise _not_flink(rest) from error


def restarts(rest: str) -> bool:
    """Return whether the cluster's configuration lets a job continue after the failure of a worker.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    try:
        settings = {each["key"]: each["value"] for each in _get(rest, "/jobmanager/config")}
    except (KeyError, TypeError) as error:
        raise _not_flink(rest) from error
    kind = settings.get("restart-strategy.type", settings.get("restart-strategy", "none"))
    return kind not in ("none", "off", "disable")


def job_id(rest: str, job_name: str) -> str | None:
    """Return the ID of the latest job with a name, or None if there is none.

    Args:
        rest: the address of the cluster's REST interface.
        job_name: the value of Beam's --job_name. The job server appends an underscore and a number of its own.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    job = _job(rest, job_name)
    return str(job["jid"]) if job else None


def state_of(rest: str, job_name: str) -> str | None:
    """Return the state of the latest job with a name, such as RUNNING, or None if there is none.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    job = _job(rest, job_name)
    return str(job["state"]) if job else None


def page(rest: str, job: str) -> str:
    """Return the address of a job's page for a browser."""
    return f"{rest}/#/job/running/{job}"


def cancel(rest: str, job: str) -> None:
    """Ask Flink to cancel a job, and return immediately. Ignore a job that has ended or does not exist.

    Raises:
        RunError: there is no response, or Flink refuses.
    """
    _send(rest, f"/jobs/{job}?mode=cancel", "PATCH", missing_ok=True)


def attempts(rest: str, job: str) -> int:
    """Return the highest attempt number of any part of a job: 0 if nothing was retried.

    Raises:
        RunError: there is no response, or it is not Flink's.
    """
    try:
        vertices = [vertex["id"] for vertex in _get(rest, f"/jobs/{job}")["vertices"]]
        return max(
            (
                int(subtask["attempt"])
                for vertex in vertices
                for subtask in _get(rest, f"/jobs/{job}/vertices/{vertex}")["subtasks"]
            ),
            default=0,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _not_flink(rest) from error


def _job(rest: str, job_name: str) -> dict[str, Any] | None:
    try:
        jobs = _get(rest, "/jobs/overview")["jobs"]
        named = [job for job in jobs if job["name"] == job_name or job["name"].startswith(f"{job_name}_")]
        return max(named, key=lambda job: job["start-time"], default=None)
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_flink(rest) from error


def _host(path: str) -> str:
    """Return the host in an address such as pekko.tcp://flink@10.0.0.5:34567/user/rpc/taskmanager_0."""
    matched = _HOST.search(path)
    if matched is None:
        raise ValueError(path)
    return matched[1].strip("[]")


def _get(rest: str, path: str) -> Any:
    return _send(rest, path, "GET")


def _send(rest: str, path: str, method: str, *, missing_ok: bool = False) -> Any:
    request = urllib.request.Request(rest + path, method=method)
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as response:
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        if missing_ok and error.code in (404, 409):  # 409: it has ended
            return None
        raise RunError(f"Flink at {rest} answered {error.code} to {method} {path.partition('?')[0]}") from error
    except (OSError, http.client.HTTPException) as error:
        raise RunError(f"Flink at {rest} does not answer: {_reason(error)}") from error
    except ValueError as error:
        raise _not_flink(rest) from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT:g} seconds"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _not_flink(rest: str) -> RunError:
    return RunError(f"{rest} does not respond like Flink's REST interface")
