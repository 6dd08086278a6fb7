"""A server that responds like Flink's REST interface."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JOB = "4a67bdaa8418394736918c9019d3ae19"


def answers(version: str = "1.19.3", slots: int = 2, free: int = 2, host: str = "127.0.0.1") -> dict[str, Any]:
    """Return the responses of a cluster with one TaskManager and no job."""
    manager = {"id": "taskmanager-1", "path": f"pekko.tcp://flink@{host}:34567/user/rpc/taskmanager_0"}
    return {
        "/overview": {"flink-version": version, "slots-total": slots, "slots-available": free},
        "/taskmanagers": {"taskmanagers": [{**manager, "slotsNumber": slots}] if slots else []},
        "/jobs/overview": {"jobs": []},
        "/jobmanager/config": [{"key": "restart-strategy", "value": "fixed-delay"}],
    }


@contextlib.contextmanager
def flink(paths: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Serve responses as JSON, and 404 for any other path. Yield HOST:PORT and the list of requests."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            requests.append(f"{self.command} {self.path}")
            found = paths.get(self.path)
            data = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200 if self.path in paths else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PATCH = do_GET  # noqa: N815  # http.server's name

        def log_message(self, *_args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", requests
        finally:
            server.shutdown()
            thread.join()
