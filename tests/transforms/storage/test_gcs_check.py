"""Test the check before a run: one request for each bucket, and an error within seconds."""

import socket

import pytest

from tests.transforms.storage.conftest import Server, reach
from transforms import storage
from transforms.model.errors import StorageError
from transforms.storage import gcs_check, gcs_client

UNREACHABLE = "Failed to establish a new connection: [Errno 111] Connection refused"


def refusal(folders: list[str], files: list[str]) -> str:
    with pytest.raises(StorageError) as raised:
        storage.check_buckets(folders, files)
    return str(raised.value)


def test_each_bucket_gets_one_request(server: Server) -> None:
    storage.check_buckets(["gs://a/x", "gs://a/y", "/local", "azfs://c/d"], ["gs://a/t.csv", "gs://b/t.csv"])
    assert server.requests == {"o": 1, "t.csv": 1}  # bucket a is listed, and the table in bucket b is looked up


def test_local_paths_send_no_requests(server: Server) -> None:
    storage.check_buckets(["/a", "b"], ["c.csv"])
    assert server.requests == {}


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, "cannot be used because Google rejected the credentials (Anonymous credentials cannot be refreshed.): "),
        (
            403,
            "cannot be accessed by this account (403 Forbidden: why): log in with another account, or ask the "
            "bucket's owner for access",
        ),
    ],
)
def test_the_error_names_a_bucket_that_refuses_access(server: Server, status: int, problem: str) -> None:
    assert refusal([], [f"gs://bucket/refused-{status}"]).startswith(f"gs://bucket {problem}")
    assert server.requests == {f"refused-{status}": 1}


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_store_passes(server: Server, status: int) -> None:
    storage.check_buckets([], [f"gs://bucket/refused-{status}"])
    assert server.requests == {f"refused-{status}": 1}


def test_a_lost_connection_gets_a_second_try(server: Server) -> None:
    storage.check_buckets([], ["gs://bucket/drop"])
    assert server.requests == {"drop": 2}


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:9", UNREACHABLE), ("http://nowhere.invalid", "Failed to resolve 'nowhere.invalid' (")],
)
def test_the_error_names_an_unreachable_store(monkeypatch: pytest.MonkeyPatch, url: str, reason: str) -> None:
    reach(url, monkeypatch)
    sentence = refusal(["gs://bucket/x"], [])
    assert sentence.startswith(f"gs://bucket cannot be reached (ConnectionError: {reason}")
    assert sentence.endswith("): check the network")


def test_a_silent_store_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs_check, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reach(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        gcs_client.client()
        assert refusal(["gs://bucket/x"], []) == (
            "gs://bucket cannot be reached (no answer in 0.3 s): check the network"
        )
