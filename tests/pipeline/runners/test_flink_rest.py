"""Tests of `pipeline.runners.flink.rest`."""

import socket
from typing import Any

import pytest

from pipeline.runners.flink import rest
from pipeline.runners.flink.rest import TaskManager
from tests.pipeline.runners.flink_rest import JOB, answers, flink
from transforms.model.errors import RunError


def job(name: str, state: str, started: int, jid: str = JOB) -> dict[str, Any]:
    return {"jid": jid, "name": name, "state": state, "start-time": started}


def test_a_cluster_says_what_it_has() -> None:
    with flink(answers(slots=3, free=1, host="worker-7")) as (address, _):
        assert rest.cluster(f"http://{address}") == ("1.19.3", 3, 1)
        assert rest.taskmanagers(f"http://{address}") == [TaskManager("taskmanager-1", "worker-7", 3)]


def test_an_address_of_ipv6_is_read() -> None:
    with flink(answers(host="[2001:db8::7]")) as (address, _):
        assert rest.taskmanagers(f"http://{address}")[0].host == "2001:db8::7"


def test_the_latest_job_of_a_name_counts() -> None:
    """The job server appends an underscore and a number of its own to the name."""
    jobs = [
        job("resize-a_11", "FAILED", 1, "old"),
        job("resize-a_22", "RUNNING", 3, "new"),
        job("resize-ab_33", "FINISHED", 5, "other"),
    ]
    with flink(answers() | {"/jobs/overview": {"jobs": jobs}}) as (address, _):
        base = f"http://{address}"
        assert (rest.state_of(base, "resize-a"), rest.job_id(base, "resize-a")) == ("RUNNING", "new")
        assert (rest.state_of(base, "resize"), rest.job_id(base, "resize")) == (None, None)
    assert rest.page("http://h:1", JOB) == f"http://h:1/#/job/running/{JOB}"


def test_the_greatest_attempt_counts() -> None:
    paths = {
        f"/jobs/{JOB}": {"vertices": [{"id": "v1"}, {"id": "v2"}]},
        f"/jobs/{JOB}/vertices/v1": {"subtasks": [{"attempt": 0}, {"attempt": 2}]},
        f"/jobs/{JOB}/vertices/v2": {"subtasks": [{"attempt": 1}]},
    }
    with flink(paths) as (address, _):
        assert rest.attempts(f"http://{address}", JOB) == 2


def test_canceling_asks_flink_and_leaves_an_unknown_job_alone() -> None:
    with flink({f"/jobs/{JOB}?mode=cancel": {}}) as (address, requests):
        rest.cancel(f"http://{address}", JOB)
        rest.cancel(f"http://{address}", "gone")
        assert requests == [f"PATCH /jobs/{JOB}?mode=cancel", "PATCH /jobs/gone?mode=cancel"]


@pytest.mark.parametrize(
    ("config", "restarts"),
    [
        ([], False),
        ([{"key": "restart-strategy", "value": "none"}], False),
        ([{"key": "restart-strategy.type", "value": "exponential-delay"}], True),
    ],
)
def test_a_restart_strategy_is_seen(config: list[dict[str, str]], restarts: bool) -> None:
    with flink({"/jobmanager/config": config}) as (address, _):
        assert rest.restarts(f"http://{address}") is restarts


def test_what_is_not_flink_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with flink({"/overview": b"<html>hello</html>", "/taskmanagers": {}}) as (address, _):
        for ask in (rest.cluster, rest.taskmanagers):
            with pytest.raises(RunError, match=f"^http://{address} does not respond like Flink's REST interface$"):
                ask(f"http://{address}")
        with pytest.raises(RunError, match=rf"^Flink at http://{address} answered 404 to GET /jobs/overview$"):
            rest.job_id(f"http://{address}", "a")
    with pytest.raises(RunError, match=f"^Flink at http://{address} does not answer: Connection refused$"):
        rest.cluster(f"http://{address}")
    monkeypatch.setattr(rest, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RunError, match=r"does not answer: no answer within 0\.1 seconds$"):
            rest.cluster(f"http://{address}")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with flink(answers()) as (address, _):
        assert rest.cluster(f"http://{address}").slots == 2
