"""An emulated Cloud Storage: `python -m tests.dataflow.store RECORD [--fault_every N]`.

It is gcp-storage-emulator in memory, extended with listings of ranges, pages and selected fields, with a record of all
requests and, optionally, with the errors of a busy store. It prints its port, and ends when its standard input is
closed, or after an hour.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import re
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.storage import Storage

BUCKET = "bucket"
# Another bucket, in europe-west1.
FAR_BUCKET = "far-away"
# The header of a test's own requests, which never fail and are never recorded.
TEST_HEADER = "X-Test"

_MAX_SECONDS = 3600
# The number of objects in a page of a listing. Cloud Storage's limit is 1000; smaller pages give the tests several.
_PAGE = 100
_LISTING = re.compile(r"/storage/v1/b/([^/]+)/o")
# The first line of each request in a batch.
_PART = re.compile(rb"^((?:GET|POST|PATCH|DELETE) \S+)", re.MULTILINE)
_BUSY = ((429, "Too Many Requests"), (503, "Service Unavailable"))


class _MemoryStorage(Storage):
    def _write_config_to_file(self) -> None:
        """Write nothing: no data must survive this process, and each write would take longer than the last one."""

    def create_file(self, bucket: str, name: str, content: bytes, resource: dict[str, Any], upload: str = "") -> None:
        path = f"/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        query = f"generation={resource['generation']}&alt=media"
        link = urlsplit(resource["mediaLink"])._replace(path=path, query=query).geturl()
        super().create_file(bucket, name, content, {**resource, "mediaLink": link}, upload)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, record: Path, fault_every: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.storage = _MemoryStorage(use_memory_fs=True)
        create_bucket(BUCKET, self.storage)
        create_bucket(FAR_BUCKET, self.storage)["location"] = "EUROPE-WEST1"
        self.lock = threading.Lock()
        self._record = record.open("a", encoding="utf-8")
        self._fault_every = fault_every
        self._served = 0

    def next_fault(self) -> tuple[int, str] | None:
        """Return the error for the current request, or None if it succeeds."""
        self._served += 1
        number, rest = divmod(self._served, self._fault_every) if self._fault_every else (0, 1)
        return None if rest else _BUSY[number % len(_BUSY)]

    def record(self, request: dict[str, Any]) -> None:
        self._record.write(json.dumps(request) + "\n")
        self._record.flush()


class _Handler(RequestHandler):
    server: _Server
    rfile: IO[bytes]
    disable_nagle_algorithm = (
        True  # a response consists of several small packets, each of which would wait for an acknowledgement
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(args[-1].storage, *args)

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.rfile = io.BytesIO(body)
        path = urlsplit(self.path).path
        with self.server.lock:
            from_test = TEST_HEADER in self.headers
            fault = None if from_test else self.server.next_fault()
            if fault:
                self._reply(*fault, {"error": {"code": fault[0], "message": fault[1]}})
            elif self.command == "GET" and (listing := _LISTING.fullmatch(path)):
                self._list(listing[1])
            else:
                Router(self).handle(self.command)
            if not from_test:
                parts = [part.decode() for part in _PART.findall(body)] if path.startswith("/batch") else []
                self.server.record({"method": self.command, "path": self.path, "status": self.status, "parts": parts})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

    def send_response(self, code: int, message: str | None = None) -> None:
        self.status = int(code)
        super().send_response(code, message)

    def _reply(self, status: int, phrase: str, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status, phrase)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _list(self, bucket: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        prefix, delimiter, glob = (query.get(name) for name in ("prefix", "delimiter", "matchGlob"))
        try:
            objects, prefixes = self.storage.get_file_list(unquote(bucket), prefix, delimiter, glob)
        except NotFound:
            self._reply(404, "Not Found", {"error": {"code": 404, "message": f"no bucket {bucket}"}})
            return
        self._reply(200, "OK", page_of(objects, prefixes, query))


def page_of(objects: list[dict[str, Any]], prefixes: list[str], query: dict[str, str]) -> dict[str, Any]:
    """Return a page of a listing; see https://cloud.google.com/storage/docs/json_api/v1/objects/list."""
    first, end = max(query.get("startOffset", ""), query.get("pageToken", "")), query.get("endOffset")
    ranged = sorted(
        (item for item in objects if item["name"] >= first and (end is None or item["name"] < end)),
        key=lambda item: item["name"],
    )
    size = min(_PAGE, int(query.get("maxResults", _PAGE)))
    page: dict[str, Any] = {"kind": "storage#objects", "prefixes": prefixes, "items": ranged[:size]}
    if len(ranged) > size:
        page["nextPageToken"] = ranged[size]["name"]
    return _with_fields(query["fields"], page) if "fields" in query else page


def _with_fields(fields: str, page: dict[str, Any]) -> dict[str, Any]:
    """Return a page with only the requested fields, such as items(name,size),nextPageToken."""
    item_fields = re.search(r"items(?:\(([^)]*)\)|/(\w+))", fields)
    fields_of_page = set(re.split(r"[,/]", re.sub(r"\([^)]*\)", "", fields)))
    kept = {name: value for name, value in page.items() if name in fields_of_page}
    if item_fields and "items" in kept:
        names = (item_fields[1] or item_fields[2]).split(",")
        kept["items"] = [{name: item[name] for name in names if name in item} for item in kept["items"]]
    return kept


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    logging.disable()  # the emulator logs warnings about itself
    parser.add_argument("record", type=Path, help="the file that gets a line of JSON for each request")
    parser.add_argument("--fault_every", type=int, default=0, metavar="N", help="refuse every N-th request")
    args = parser.parse_args()
    server = _Server(args.record, args.fault_every)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    timer = threading.Timer(_MAX_SECONDS, os._exit, [1])
    timer.daemon = True
    timer.start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
