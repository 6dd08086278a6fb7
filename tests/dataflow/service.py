"""A stand-in for the part of the Dataflow service that a submission uses. It keeps jobs in a state that tests set."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_JOBS = re.compile(r"/v1b3/projects/[^/]+/locations/[^/]+/jobs(?:/([^/]+)(?:/(messages|metrics))?)?")


class Service(ThreadingHTTPServer):
    """The service, on this machine.

    Attributes:
        jobs: job id -> the submitted description.
        state: the state of every job, such as JOB_STATE_RUNNING.
        messages: the messages of every job, with the service's fields messageText, messageImportance and time.
        requests: "METHOD path" of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://localhost:{self.server_port}"
        self.jobs: dict[str, dict[str, Any]] = {}
        self.state = "JOB_STATE_RUNNING"
        self.messages: list[dict[str, str]] = []
        self.requests: list[str] = []

    def answer(self, method: str, job_id: str | None, part: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a request."""
        if job_id is None and method == "GET":
            return {"jobs": [self._job(known_id) for known_id in self.jobs]}
        if job_id is None:
            job_id = f"2026-01-01_00_00_00-{len(self.jobs) + 1}"
            self.jobs[job_id] = body
            return {**self._job(job_id), "currentState": "JOB_STATE_PENDING"}
        if method == "PUT":
            self.state = body["requestedState"]
        if part == "messages":
            return {"jobMessages": self.messages}
        return {"metrics": []} if part else self._job(job_id)

    def _job(self, job_id: str) -> dict[str, Any]:
        job = self.jobs[job_id]
        names: dict[str, Any] = {key: job[key] for key in ("name", "clientRequestId") if key in job}
        return {**names, "id": job_id, "currentState": self.state}


class _Handler(BaseHTTPRequestHandler):
    server: Service
    disable_nagle_algorithm = True

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        self.server.requests.append(f"{self.command} {path}")
        match = _JOBS.fullmatch(path)
        if match and match[1] not in (None, *self.server.jobs):
            match = None
        answer = self.server.answer(self.command, match[1], match[2], json.loads(body or b"{}")) if match else {}
        self.send_response(200 if match else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_PUT = serve  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@contextmanager
def running_service() -> Iterator[Service]:
    """Yield a running service, and stop it at the end of the block."""
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield service
        service.shutdown()
        thread.join(timeout=10)
