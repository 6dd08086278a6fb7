"""An S3 on this machine: moto's server, which records requests, with a bucket that accepts only signed requests."""

from __future__ import annotations

import logging
import os
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# The number of objects in a page of a listing. S3's limit is 1000. With a smaller page, tests get several pages.
PAGE = 25
PUBLIC, PRIVATE = "public", "private"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}

# A header that marks a test's own requests, which are neither recorded nor rejected.
_TEST_HEADER = "HTTP_X_TEST"
# A header that moto accepts as the signature of an account with all permissions.
_SOMEBODY = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Request(NamedTuple):
    """A request that the store received."""

    method: str
    path: str
    query: str
    is_signed: bool


class S3:
    """A running store.

    Attributes:
        url: the URL at which it listens.
        requests: the requests that it has received.
        faults: the (status, code) of the next responses; None for the real response.
        client: boto3's client, for a test's own requests.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[tuple[int, str] | None] = []
        self._app = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
        )
        self.client.meta.events.register("before-send.s3", _mark)

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which a process uses this store, without credentials."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def write_tree(self, folder: Path, prefix: str, bucket: str = PUBLIC) -> None:
        """Write an object below `prefix` for each file below `folder`."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())

    def snapshot(self, prefix: str, bucket: str = PUBLIC) -> dict[str, bytes]:
        """Return path below `prefix` -> content of each object below `prefix`."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {
            name.removeprefix(f"{prefix}/"): self.client.get_object(Bucket=bucket, Key=name)["Body"].read()
            for name in names
        }

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _TEST_HEADER not in environ:
            is_signed = "HTTP_AUTHORIZATION" in environ
            path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
            self.requests.append(Request(environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], is_signed))
            fault = self.faults.pop(0) if self.faults else None
            if path.split("/")[1] == PRIVATE and not is_signed:
                fault = 403, "AccessDenied"
            if fault:
                start_response(f"{fault[0]} No", [("Content-Type", "application/xml")])
                return [f"<Error><Code>{fault[1]}</Code><Message>why</Message></Error>".encode()]
        environ.setdefault("HTTP_AUTHORIZATION", _SOMEBODY)
        return self._app(environ, start_response)


def _mark(request: Any, **_: Any) -> None:
    request.headers["X-Test"] = "1"


@contextmanager
def running_s3() -> Iterator[S3]:
    """Yield a running store with two empty buckets, and stop it at the end of the block."""
    os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = str(PAGE)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    store = S3()
    thread = threading.Thread(target=store.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    urllib.request.urlopen(f"{store.url}/moto-api/reset", data=b"", timeout=10).close()  # moto's stores are global
    for bucket in (PUBLIC, PRIVATE):
        store.client.create_bucket(Bucket=bucket)
    try:
        yield store
    finally:
        store.server.shutdown()
        thread.join(timeout=10)
        store.server.server_close()
