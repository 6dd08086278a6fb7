"""A web server on this machine that is slow, broken, redirecting, lying or hostile, depending on the path."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import subprocess
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _halves(data: bytes) -> bytes:
    return gzip.compress(data[:100]) + gzip.compress(data[100:])


# The codings of bodies: their headers, and what makes them.
CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "capital": ("X-GZip", gzip.compress),
    "twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "both": ("gzip, deflate", lambda data: zlib.compress(gzip.compress(data))),
    "members": ("gzip", _halves),
    "padded": ("gzip", lambda data: gzip.compress(data) + bytes(50)),
    "deflate": ("deflate", zlib.compress),
    "raw": ("deflate", _raw_deflate),
    "identity": ("identity", bytes),
    "unknown": ("x-none", bytes),
    "empty": ("gzip", lambda _: b""),
    "wrong": ("gzip", bytes),
    "many": ("gzip,gzip,gzip,gzip,gzip,gzip", bytes),
}

# The maximum duration of a response in seconds.
_MOST_SECONDS = 20


class Web(ThreadingHTTPServer):
    """A running server. The first part of a path selects the behavior: `/status/503/a.jpg` returns the status 503.

    See the methods `answer_*` of `_Handler`.

    Args:
        folder: the folder with its files. Any other path is the path of a file.

    Attributes:
        url: the URL at which it listens.
        requests: path -> number of requests.
        most_at_once: the maximum number of requests that it answered at the same time.
        is_stopped: an event that ends all slow responses.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: Counter[str] = Counter()
        self.headers_of: dict[str, dict[str, str]] = {}
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()
        self.is_stopped = threading.Event()

    def handle_error(self, *_args: object) -> None:
        """Ignore errors: clients disconnect."""


class _Handler(BaseHTTPRequestHandler):
    server: Web
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path, errors="surrogateescape")
        with self.server.lock:
            self.server.requests[path] += 1
            self.server.headers_of[path] = dict(self.headers)
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
            number = self.server.requests[path]
        self.is_counted = True
        try:
            with contextlib.suppress(OSError):
                self.answer(path, number)
        finally:
            self.uncount()

    def uncount(self) -> None:
        """Stop counting the request. Do so before its last byte is sent: then the client may send another request."""
        with self.server.lock:
            self.server.at_once -= self.is_counted
            self.is_counted = False

    def answer(self, path: str, number: int) -> None:
        """Answer request `number` for a path."""
        _, kind, *rest = path.split("/")
        answer = getattr(self, f"answer_{kind.replace('-', '_')}", None)
        if answer is None:
            self.send(self.file(path))
        else:
            answer("/".join(rest), number)

    def file(self, path: str) -> bytes | None:
        found = self.server.folder / path.lstrip("/")
        return found.read_bytes() if found.is_file() else None

    def send(self, data: bytes | None, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.send_response(status if data is not None else 404)
        self.send_header("Content-Length", str(len(data or b"") if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.uncount()
        self.end_headers()
        self.wfile.write(data or b"")

    def answer_status(self, rest: str, _number: int) -> None:
        status, _, _ = rest.partition("/")
        self.send(b"no", int(status))

    def answer_flaky(self, rest: str, number: int) -> None:
        """Fail on the first request. The next part of the path says how: a status, `drop`, or `cut` inside the body."""
        how, _, path = rest.partition("/")
        data = self.file(path)
        if number > 1:
            self.send(data)
        elif how == "cut":
            assert data
            self.send(data[: len(data) // 2], length=len(data))
            self.close_connection = True
        elif how == "drop":
            self.close_connection = True
        else:
            self.send(b"", int(how), Retry_After="0")

    def answer_cut(self, path: str, _number: int) -> None:
        """Declare a longer body than is sent."""
        data = self.file(path) or b""
        self.send(data[:-10], length=len(data))
        self.close_connection = True

    def answer_cut_chunks(self, path: str, _number: int) -> None:
        data = self.file(path) or b""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data[:-10])
        self.close_connection = True

    def answer_short(self, path: str, _number: int) -> None:
        """Declare a shorter body than is sent."""
        data = self.file(path) or b""
        self.send(data, length=len(data) - 10)

    def answer_redirect(self, rest: str, _number: int) -> None:
        """Redirect to the rest of the path, which may be a whole URL."""
        self.send(b"moved", 302, Location=rest if "://" in rest else f"/{rest}")

    def answer_loop(self, rest: str, _number: int) -> None:
        self.send(b"moved", 301, Location=f"/loop/{rest}")

    def answer_gzip(self, path: str, _number: int) -> None:
        self.send(gzip.compress(self.file(path) or b""), Content_Encoding="gzip")

    def answer_bomb(self, _rest: str, _number: int) -> None:
        """Send about a megabyte that decompresses to a gigabyte."""
        self.send(gzip.compress(bytes(1 << 20), 9) * 1000, Content_Encoding="gzip")

    def answer_broken_gzip(self, path: str, _number: int) -> None:
        self.send(gzip.compress(self.file(path) or b"")[:-20] + bytes(20), Content_Encoding="gzip")

    def answer_coded(self, rest: str, _number: int) -> None:
        """Send a body in a coding of `CODINGS`: all of it, or without its last bytes, such as `gzip-9`."""
        how, _, path = rest.partition("/")
        coding, _, missing = how.partition("-")
        header, encode = CODINGS[coding]
        body = encode(self.file(path) or b"")
        self.send(body[: len(body) - int(missing or 0)], Content_Encoding=header)

    def answer_endless(self, _rest: str, _number: int) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.is_stopped.is_set():
            self.wfile.write(bytes(1 << 16))

    def answer_drip(self, rest: str, _number: int) -> None:
        """Send the headers or the body slowly, byte by byte."""
        if rest.startswith("head"):
            self._drip(b"HTTP/1.1 200 OK\r\nX: " + bytes(1000))
        else:
            self.send(b"", length=1000)
            self._drip(bytes(1000))
        self.close_connection = True

    def _drip(self, data: bytes) -> None:
        for byte in data:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.is_stopped.wait(0.05):
                return

    def answer_silent(self, _rest: str, _number: int) -> None:
        self.server.is_stopped.wait(_MOST_SECONDS)
        self.close_connection = True

    def answer_slow(self, path: str, _number: int) -> None:
        self.server.is_stopped.wait(0.1)
        self.send(self.file(path))

    def answer_robots(self, rest: str, _number: int) -> None:
        rule, _, path = rest.partition("/")
        self.send(self.file(path), X_Robots_Tag=rule)

    def answer_garbage(self, _rest: str, _number: int) -> None:
        self.wfile.write(b"\x00\xff nothing like HTTP\r\n\r\n")
        self.close_connection = True

    def answer_html(self, _rest: str, _number: int) -> None:
        self.send(b"<html>Sign in</html>", Content_Type="image/jpeg")

    def answer_text(self, path: str, _number: int) -> None:
        """Send an image with the content type of text."""
        self.send(self.file(path), Content_Type="text/html")

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@contextmanager
def running_web(folder: Path, certificate: Path | None = None) -> Iterator[Web]:
    """Yield a running server, with TLS if a certificate with its key is passed. Stop it at the end of the block."""
    server = Web(folder)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_stopped.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def self_signed(folder: Path) -> Path:
    """Return the path of a file with a self-signed certificate for `localhost` and its key."""
    path = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    path.write_bytes((folder / "cert").read_bytes() + (folder / "key").read_bytes())
    return path


def closed_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
