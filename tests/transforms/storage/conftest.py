"""A Google Cloud Storage whose responses depend on the names of its objects."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from apache_beam.io.filesystems import FileSystems

from transforms import storage
from transforms.storage import gcs_client


class Server(ThreadingHTTPServer):
    """A store in which an object's name determines the responses to its requests.

    The first request for the object `503` is answered with 503, and later requests succeed. Requests for `refused-403`
    are always refused. The bucket `503` refuses every request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        path = urlsplit(self.path).path
        name = "refused-503" if "/b/503/" in path else unquote(path.rpartition("/")[2])
        self.server.requests[name] += 1
        kind, _, status = name.rpartition("-")
        if status == "drop" and self.server.requests[name] == 1:
            self.connection.close()
        elif status.isdigit() and (kind or self.server.requests[name] == 1):
            self.answer(int(status), json.dumps({"error": {"code": int(status), "message": "why"}}).encode())
        else:
            self.answer(200, name.encode() if "alt=media" in self.path else b"{}")

    do_GET = do_POST = do_DELETE = serve  # noqa: N815

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    yield
    gcs_client.client.cache_clear()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        reach(server.url, monkeypatch)
        yield server
        server.shutdown()
        thread.join(timeout=10)


def reach(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
    storage.set_options(["--no_auth"])
