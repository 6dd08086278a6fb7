"""Test how the program handles a Google Cloud Storage that refuses requests, fails, or is unreachable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from apache_beam.metrics.execution import MetricsContainer
from apache_beam.metrics.metricbase import MetricName
from apache_beam.runners.worker import statesampler
from apache_beam.utils import counters
from loguru import logger

from tests.transforms.storage.conftest import Server, reach
from transforms import storage
from transforms.listing.files import list_range
from transforms.listing.ranges import NameRange
from transforms.model.errors import StorageError
from transforms.storage import gcs_retry

PASSING = ["408", "429", "500", "502", "503", "504", "drop"]


def test_temporary_errors_are_retried(server: Server) -> None:
    with ThreadPoolExecutor(len(PASSING)) as pool:
        contents = list(pool.map(storage.read, [f"gs://bucket/{name}" for name in PASSING]))
    assert contents == [name.encode() for name in PASSING]
    assert server.requests == dict.fromkeys(PASSING, 2)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "400 Bad Request: why"),
        (401, "Google rejected the credentials: Anonymous credentials cannot be refreshed."),
        (403, "403 Forbidden: why"),
        (404, "No such object or bucket"),
        (412, "412 Precondition Failed: why"),
    ],
)
def test_permanent_errors_are_not_retried(server: Server, status: int, reason: str) -> None:
    path = f"gs://bucket/refused-{status}"
    for verb, action in (("read", storage.read), ("look up", storage.size), ("list", storage.list_pattern)):
        server.requests.clear()
        if status == 404 and verb != "read":
            assert not action(path)
        else:
            with pytest.raises(StorageError) as raised:
                action(path)
            advice = "; check the path and its permissions" if status in (401, 403, 404) else ""
            assert str(raised.value) == f"cannot {verb} {path!r}: {reason}{advice}"
            assert raised.value.reason == reason
        assert server.requests == {f"refused-{status}": 1}


def test_one_policy_retries_and_no_other(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time for a second try, there is only one request, because nothing else retries."""
    monkeypatch.setattr(gcs_retry, "TIMEOUT", 0.0)
    path = "gs://bucket/refused-503"
    actions: list[Callable[[], object]] = [
        lambda: storage.read(path),
        lambda: storage.size(path),
        lambda: storage.exists(path),
        lambda: storage.list_pattern(path),
        lambda: storage.open_file(path).__enter__(),
        lambda: storage.delete_all("gs://bucket", ["refused-503"]),
        lambda: storage.region_of("gs://refused-503/x"),
        lambda: storage.list_pattern("gs://503/*"),
        lambda: storage.write("gs://503", "x", b"data"),
        lambda: storage.write_pieces("gs://503", "x", lambda: [b"piece"]),
        lambda: list(list_range("gs://503/*", NameRange("", ""))),
    ]
    for number, action in enumerate(actions, 1):
        with pytest.raises(
            StorageError,
            match=r"^cannot [a-z ]+ 'gs://.*': 503 Service Unavailable: why \(Timeout of 0\.0s exceeded\)$",
        ):
            action()
        assert server.requests.total() == number


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "Failed to establish a new connection: [Errno 111] Connection refused"),
        ("http://nowhere.invalid", "Failed to resolve 'nowhere.invalid' ("),
    ],
)
def test_an_unreachable_store_is_retried(monkeypatch: pytest.MonkeyPatch, url: str, reason: str) -> None:
    """Test a refused connection, and a host name that does not exist."""
    monkeypatch.setattr(gcs_retry, "TIMEOUT", 0.0)
    reach(url, monkeypatch)
    with pytest.raises(StorageError) as raised:
        storage.read("gs://b/x")
    assert str(raised.value).startswith(f"cannot read 'gs://b/x': ConnectionError: {reason}")
    assert str(raised.value).endswith(" (Timeout of 0.0s exceeded)")


def test_a_bug_is_neither_retried_nor_reworded(server: Server) -> None:
    calls: list[str] = []

    def pieces() -> Iterator[bytes]:
        calls.append("pieces")
        yield b"some"
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        storage.write_pieces("gs://bucket", "x", pieces)
    assert calls == ["pieces"]
    with pytest.raises(TypeError):
        storage.write("gs://bucket", "x", 5)  # type: ignore[arg-type]  # this is the bug
    assert server.requests == {}


@pytest.mark.usefixtures("server")
def test_long_waits_are_shown_and_throttled_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    container = MetricsContainer("step")
    throttled = container.get_counter(MetricName("gcsio", "cumulativeThrottlingSeconds"))
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    sampler = statesampler.StateSampler("", counters.CounterFactory())
    statesampler.set_current_tracker(sampler)
    sampler.start()
    try:
        with sampler.scoped_state("step", "state", metrics_container=container):
            storage.read("gs://bucket/503")
            assert throttled.get_cumulative() == 0
            storage.read("gs://bucket/429")
            assert throttled.get_cumulative() >= 1
        assert lines == []
        monkeypatch.setattr(gcs_retry, "_PATIENCE", 0.0)
        storage.read("gs://bucket/plain")
        storage.read("gs://bucket/500")
    finally:
        sampler.stop()
        statesampler.set_current_tracker(None)
        logger.remove(sink)
    (line,) = lines
    assert line.strip() == (
        "WARNING cannot read 'gs://bucket/500' for 0 s: 500 Internal Server Error: why; trying for 120 s"
    )


@pytest.mark.parametrize("path", ["gs:///x", "gs://Bad!/x", "gs://b**", "gs://b"])
def test_a_path_without_a_bucket_is_refused(server: Server, path: str) -> None:
    for action in (storage.read, storage.exists, storage.list_pattern):
        with pytest.raises(
            StorageError,
            match=r"^'gs://.*' does not name a bucket \('.*' is not a valid name\): use a path such as "
            r"gs://",
        ):
            action(path)
    assert server.requests == {}


def test_missing_credentials_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is sent to the store."""
    with Server() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
        storage.set_options([])
        with pytest.raises(StorageError) as raised:
            storage.read("gs://bucket/x")
        assert str(raised.value) == (
            f"there are no Google credentials for gs:// (File {tmp_path}/none.json was not found): run gcloud auth "
            "application-default login, set GOOGLE_APPLICATION_CREDENTIALS to a key file, or use --no_auth if all "
            "buckets are public"
        )
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
        with pytest.raises(StorageError, match=r"for gs:// \(Your default credentials were not found\): run gcloud"):
            storage.matches("gs://bucket/*")
        assert server.requests == {}
