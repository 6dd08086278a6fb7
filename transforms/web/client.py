"""Download one file, with redirects, retries and limits. This module loads urllib3, which local runs do not need."""

from __future__ import annotations

import functools
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import responses
from typing import Any, BinaryIO
from urllib.parse import urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    SSLError,
)
from urllib3.util import Url

from transforms.imaging.errors import Kind
from transforms.model.config import WebPolicy
from transforms.web import coding, robots, urls
from transforms.web.addresses import addresses_of
from transforms.web.budget import Budget, Share
from transforms.web.errors import FetchError
from transforms.web.watchdog import Watch, Watchdog

# The maximum number of bytes of an image, and of a list.
LARGEST_IMAGE, LARGEST_LIST = 500_000_000, 50_000_000_000
# The maximum number of seconds for one try to download an image, and a list, with all redirects.
IMAGE_SECONDS, LIST_SECONDS = 120.0, 3600.0
# The seconds before each further try. A server may ask for a longer wait, but for no more than `_LONGEST_WAIT`.
BACK_OFF = (1.0, 4.0)
_LONGEST_WAIT = 30.0

# The time-outs, in seconds, for a connection and for the next bytes of a response.
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
# The seconds for which the addresses of a host are cached.
_ADDRESS_SECONDS = 300.0
_MOST_REDIRECTS = 5
# The maximum number of addresses of one host to try.
_MOST_ADDRESSES = 3
_PIECE = 1 << 16
# The maximum number of hosts to which connections are kept open.
_POOLS = 256

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

# The urllib3 object at the beginning of an error message.
_OBJECT = re.compile(r"^(?:<.*?>|\w+\(.*?\)): ")

_HEADERS = {"User-Agent": robots.AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}

_thread = threading.local()  # its `watch` belongs to the current request of the thread


def fetch(url: str, policy: WebPolicy, file: BinaryIO, is_list: bool = False) -> None:
    """Download a file.

    Args:
        url: its web address.
        policy: the rules about private hosts and directives for robots.
        file: receives the content, which replaces its former content.
        is_list: whether the file is a list of images, to which directives for robots do not apply.

    Raises:
        FetchError: the file was not downloaded.
    """
    client, limit = _client(policy.allow_private_hosts), LARGEST_LIST if is_list else LARGEST_IMAGE
    obeyed = not (is_list or policy.ignore_robots_tag)
    for number in range(len(BACK_OFF) + 1):
        file.seek(0)
        file.truncate()
        try:
            with client.watchdog.watching(LIST_SECONDS if is_list else IMAGE_SECONDS) as watch:
                client.fetch(url, watch, file, limit, obeyed)
            return
        except FetchError as error:
            if number >= min(error.tries, len(BACK_OFF)):
                raise
            time.sleep(min(max(BACK_OFF[number] * random.uniform(0.5, 1.5), error.wait), _LONGEST_WAIT))


@functools.cache
def _client(allow_private: bool) -> _Client:
    return _Client(allow_private)


class _Watched:
    """A connection that registers itself with the watch of its thread."""

    sock: socket.socket | None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._opened = getattr(self, "_opened", None)
        _thread.watch.connection = self
        super().request(*args, **kwargs)  # type: ignore[misc]  # a method of the class that this one is mixed into

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # as above
        self._opened = self.sock

    @property
    def socket(self) -> socket.socket | None:
        """The socket, even during the TLS handshake and after http.client has passed it to the response."""
        return self.sock or self._opened


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Client:
    """The connections of a process."""

    def __init__(self, allow_private: bool) -> None:
        self.watchdog = Watchdog()
        self._allow_private = allow_private
        self._budget = Budget()
        self._pools = urllib3.PoolManager(
            _POOLS, maxsize=16, retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )
        self._pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}

    def fetch(self, url: str, watch: Watch, file: BinaryIO, limit: int, obeys_robots: bool) -> None:
        """Try once to download a file, see the function `fetch`."""
        if problem := urls.problem_of(url):
            raise FetchError(Kind.REFUSED, f"the address {url!r} {problem}")
        for _ in range(_MOST_REDIRECTS + 1):
            with self._asked(url, watch) as answer:
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or not location:
                    _check(answer, obeys_robots)
                    self._receive(answer, watch, file, limit)
                    return
            url = _redirected(url, location)
        raise FetchError(Kind.REFUSED, f"it redirects more than {_MOST_REDIRECTS} times")

    @contextmanager
    def _asked(self, url: str, watch: Watch) -> Iterator[urllib3.BaseHTTPResponse]:
        """Request a URL, yield the response, and close it at the end of the block.

        Raises:
            FetchError: there is no response, or it is incomplete.
        """
        answer = None
        try:
            answer = self._ask(urllib3.util.parse_url(url), watch)
            yield answer
        except (HTTPError, OSError, ValueError) as error:  # ValueError: a header with invalid characters
            raise _worded(error, watch) from error
        finally:
            if answer is not None:
                answer.close()  # and its connection, if the response was not read to its end

    def _ask(self, url: Url, watch: Watch) -> urllib3.BaseHTTPResponse:
        """Send the request to the first address of the host that accepts a connection."""
        scheme, host = url.scheme or "", (url.host or "").strip("[]")
        port = url.port or (443 if scheme == "https" else 80)
        tls = dict.fromkeys(("server_hostname", "assert_hostname"), host.rstrip(".")) if scheme == "https" else {}
        headers = {**_HEADERS, "Host": url.netloc or ""}
        _thread.watch = watch
        *others, last = self._addresses(host, port)[:_MOST_ADDRESSES]
        for address in others:
            pool = self._pools.connection_from_host(address, port, scheme, tls)
            with suppress(NewConnectionError, ConnectTimeoutError):
                return pool.urlopen("GET", url.request_uri, headers=headers, redirect=False, preload_content=False)
        pool = self._pools.connection_from_host(last, port, scheme, tls)
        return pool.urlopen("GET", url.request_uri, headers=headers, redirect=False, preload_content=False)

    def _addresses(self, host: str, port: int) -> list[str]:
        expiry, addresses = self._known.get((host, port), (0.0, []))
        if expiry < time.monotonic():
            addresses = addresses_of(host, port, self._allow_private)
            self._known[host, port] = time.monotonic() + _ADDRESS_SECONDS, addresses
        return addresses

    def _receive(self, answer: urllib3.BaseHTTPResponse, watch: Watch, file: BinaryIO, limit: int) -> None:
        """Write the body of a response to a file, decompressed if the server compressed it.

        Raises:
            FetchError: the body has too many bytes.
            HTTPError: the body is damaged or truncated.
        """
        too_large = FetchError(Kind.FILE_TOO_LARGE, f"the file has more than {limit / 1e6:,.0f} MB")
        if (answer.length_remaining or 0) > limit:
            raise too_large
        size = 0
        with Share(self._budget) as share:
            for piece in _content(answer):
                size += len(piece)
                if size > limit:
                    raise too_large
                if limit == LARGEST_IMAGE:  # a list is stored on disk
                    started = time.monotonic()
                    share.grow(len(piece))
                    watch.deadline += time.monotonic() - started
                file.write(piece)
            if watch.is_over:
                raise TimeoutError


def _content(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body in pieces, decompressed. urllib3 decompresses codings other than gzip and deflate."""
    codings = coding.codings_of(answer.headers.get("Content-Encoding", ""))
    pieces = iter(functools.partial(answer.read1, _PIECE, decode_content=codings is None), b"")
    return coding.unpacked(pieces, codings or [])


def _redirected(url: str, location: str) -> str:
    """Return the target of a redirect.

    Raises:
        FetchError: the target is not a web address, or cannot be requested.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    if problem := urls.problem_of(target) if urls.is_web(target) else "is not a web address":
        raise FetchError(Kind.REFUSED, f"it redirects to {target!r}, which {problem}")
    return target


def _check(answer: urllib3.BaseHTTPResponse, obeys_robots: bool) -> None:
    """Check that a response contains a file whose use the server does not forbid.

    Raises:
        FetchError: the status is not 200, or a directive for robots forbids the use of the file.
    """
    status = answer.status
    if status != HTTPStatus.OK:
        phrase = responses.get(status, "")
        says = f"the server answered {status} {phrase}".rstrip()
        if status in _PASSING:
            raise FetchError(Kind.UNREADABLE, says, tries=2, wait=_retry_after(answer))
        raise FetchError(Kind.NOT_FOUND if status in _GONE else Kind.REFUSED, says)
    if obeys_robots and (directive := robots.forbidding(answer.headers.getlist("X-Robots-Tag"))):
        raise FetchError(
            Kind.REFUSED,
            f"the server forbids its use (X-Robots-Tag: {directive}): use --ignore_robots_tag and --retry_failed to "
            "use it anyway",
        )


def _retry_after(answer: urllib3.BaseHTTPResponse) -> float:
    text = answer.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0


def _worded(error: Exception, watch: Watch) -> FetchError:
    """Convert an error during a download to a FetchError, with the number of further tries that may help."""
    if watch.is_over:
        return FetchError(Kind.UNREADABLE, "the download took too long")
    if isinstance(error, LocationParseError):
        return FetchError(Kind.REFUSED, f"its address is not a web address: {error}")
    if isinstance(error, (NewConnectionError, ConnectTimeoutError)):
        return FetchError(Kind.UNREADABLE, f"the server cannot be reached: {_reason(error)}", tries=1)
    if isinstance(error, SSLError):
        return FetchError(Kind.UNREADABLE, f"no secure connection: {_reason(error)}")
    if isinstance(error, DecodeError):
        return FetchError(Kind.DAMAGED, "the server's compression of the file is damaged", tries=1)
    return FetchError(Kind.UNREADABLE, f"the download failed: {_reason(error)}", tries=2)


def _reason(error: BaseException) -> str:
    """Return the message of an error without the object that urllib3 puts before it."""
    return _OBJECT.sub("", str(error)) or type(error).__name__
