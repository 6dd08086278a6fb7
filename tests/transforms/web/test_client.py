"""Test downloads from servers that are slow, broken, redirecting, misleading or hostile."""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import jpeg, write_tree
from tests.support.web import Web, closed_port, running_web, self_signed
from transforms.imaging.errors import ImageError, Kind
from transforms.model.config import WebPolicy
from transforms.sources import download
from transforms.web import addresses, client
from transforms.web.errors import FetchError

PHOTO = jpeg(1, (60, 40))
ZEROS = bytes(1_000_003)
HERE = WebPolicy(allow_private_hosts=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("web"), {"a.jpg": PHOTO, "ü b/100%.jpg": PHOTO, "zeros.bin": ZEROS})


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Web]:
    with running_web(folder) as server:
        yield server


@pytest.fixture
def web(running: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    """Return a server, without waits between two tries."""
    running.requests.clear()
    monkeypatch.setattr("transforms.web.client.BACK_OFF", (0.0, 0.0))
    return running


def failure(url: str, policy: WebPolicy = HERE) -> tuple[Kind, str]:
    with pytest.raises(ImageError) as raised:
        download(url, policy)
    assert raised.value.stage == "read"
    return raised.value.kind, raised.value.message


@pytest.mark.parametrize(
    "path",
    [
        *("a.jpg", "a.jpg?size=large#top", "%C3%BC%20b/100%25.jpg", "ü b/100%.jpg", "//a.jpg"),
        *("text/a.jpg", "gzip/a.jpg", "slow/a.jpg", "redirect/redirect/a.jpg", "robots/otherbot: noai/a.jpg"),
    ],
)
def test_an_image_is_downloaded(web: Web, path: str) -> None:
    assert download(f"{web.url}/{path}", HERE) == PHOTO


def test_a_redirect_to_a_whole_url_is_followed(web: Web) -> None:
    assert download(f"{web.url}/redirect/{web.url}/a.jpg", HERE) == PHOTO


def test_the_request_names_the_program_and_the_host(web: Web) -> None:
    download(f"{web.url}/a.jpg", HERE)
    headers = web.headers_of["/a.jpg"]
    assert (headers["User-Agent"], headers["Host"]) == ("downsampled-open-images", web.url.removeprefix("http://"))


@pytest.mark.parametrize("how", ["503", "500", "429", "408", "502", "504", "drop", "cut"])
def test_temporary_errors_are_retried(web: Web, how: str) -> None:
    assert download(f"{web.url}/flaky/{how}/a.jpg", HERE) == PHOTO
    assert web.requests == {f"/flaky/{how}/a.jpg": 2}


@pytest.mark.parametrize(
    ("path", "kind", "message", "requests"),
    [
        ("none.jpg", Kind.NOT_FOUND, "the server answered 404 Not Found", 1),
        ("status/410/a.jpg", Kind.NOT_FOUND, "the server answered 410 Gone", 1),
        ("status/403/a.jpg", Kind.REFUSED, "the server answered 403 Forbidden", 1),
        ("status/401/a.jpg", Kind.REFUSED, "the server answered 401 Unauthorized", 1),
        ("status/206/a.jpg", Kind.REFUSED, "the server answered 206 Partial Content", 1),
        ("status/304/a.jpg", Kind.REFUSED, "the server answered 304 Not Modified", 1),
        ("status/299/a.jpg", Kind.REFUSED, "the server answered 299", 1),
        ("status/503/a.jpg", Kind.UNREADABLE, "the server answered 503 Service Unavailable", 3),
        ("status/429/a.jpg", Kind.UNREADABLE, "the server answered 429 Too Many Requests", 3),
        ("loop/a.jpg", Kind.REFUSED, "it redirects more than 5 times", 6),
        (
            "redirect/file:///etc/passwd",
            Kind.REFUSED,
            "it redirects to 'file:///etc/passwd', which is not a web address",
            1,
        ),
        (
            "redirect/ftp://x.org/a.jpg",
            Kind.REFUSED,
            "it redirects to 'ftp://x.org/a.jpg', which is not a web address",
            1,
        ),
        (
            "redirect/http://[::1/x",
            Kind.REFUSED,
            "it redirects to 'http://[::1/x', which is not a web address (Invalid IPv6 URL)",
            1,
        ),
        (
            "redirect/http://user:pw@x.org/a.jpg",
            Kind.REFUSED,
            "it redirects to 'http://user:pw@x.org/a.jpg', which contains a user name or password, which would not be "
            "sent",
            1,
        ),
        ("broken_gzip/a.jpg", Kind.DAMAGED, "the server's compression of the file is damaged", 2),
        ("coded/wrong/a.jpg", Kind.DAMAGED, "the server's compression of the file is damaged", 2),
        ("coded/many/a.jpg", Kind.DAMAGED, "the server's compression of the file is damaged", 2),
        (
            "robots/noai/a.jpg",
            Kind.REFUSED,
            "the server forbids its use (X-Robots-Tag: noai): use --ignore_robots_tag and --retry_failed to use it "
            "anyway",
            1,
        ),
    ],
)
def test_a_file_that_is_not_downloaded(web: Web, path: str, kind: Kind, message: str, requests: int) -> None:
    assert failure(f"{web.url}/{path}") == (kind, message)
    assert sum(web.requests.values()) == requests


@pytest.mark.parametrize(
    "coding", ["gzip", "capital", "twice", "both", "members", "padded", "deflate", "raw", "identity", "unknown"]
)
def test_compressed_files_are_unpacked_to_their_end(web: Web, coding: str) -> None:
    assert download(f"{web.url}/coded/{coding}/a.jpg", HERE) == PHOTO
    assert download(f"{web.url}/coded/{coding}/zeros.bin", HERE) == ZEROS


@pytest.mark.parametrize("missing", [1, 8, 9, 300])
@pytest.mark.parametrize("coding", ["gzip", "capital", "twice", "both", "members", "deflate", "raw"])
def test_a_truncated_compressed_file_is_tried_three_times(web: Web, coding: str, missing: int) -> None:
    path = f"/coded/{coding}-{missing}/a.jpg"
    assert failure(web.url + path) == (Kind.UNREADABLE, "the download failed: the compressed content ends early")
    assert web.requests == {path: 3}


def test_a_truncated_list_is_not_read(web: Web) -> None:
    with pytest.raises(FetchError, match="the download failed: the compressed content ends early"):
        client.fetch(f"{web.url}/coded/gzip-9/a.jpg", HERE, io.BytesIO(), is_list=True)


def test_an_empty_body_is_an_empty_file_whatever_its_coding(web: Web) -> None:
    assert download(f"{web.url}/coded/empty/a.jpg", HERE) == b""


@pytest.mark.parametrize("path", ["cut/a.jpg", "cut_chunks/a.jpg", "garbage"])
def test_a_broken_response_is_tried_three_times(web: Web, path: str) -> None:
    kind, message = failure(f"{web.url}/{path}")
    assert kind is Kind.UNREADABLE
    assert message.startswith("the download failed: ")
    assert "0x" not in message
    assert sum(web.requests.values()) == 3


def test_bytes_beyond_the_content_length_do_not_reach_the_next_response(web: Web) -> None:
    for _ in range(3):
        assert download(f"{web.url}/short/a.jpg", HERE) == PHOTO[:-10]
        assert download(f"{web.url}/a.jpg", HERE) == PHOTO


@pytest.mark.parametrize("path", ["bomb/a.jpg", "endless/a.jpg"])
def test_a_file_that_does_not_end_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(client, "LARGEST_IMAGE", 2_000_000)
    assert failure(f"{web.url}/{path}") == (Kind.FILE_TOO_LARGE, "the file has more than 2 MB")
    monkeypatch.setattr(client, "LARGEST_IMAGE", 100)
    assert failure(f"{web.url}/a.jpg") == (Kind.FILE_TOO_LARGE, "the file has more than 0 MB")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["drip/head/a.jpg", "drip/body/a.jpg", "silent/a.jpg", "endless/a.jpg"])
def test_a_download_that_takes_too_long_ends(web: Web, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(client, "IMAGE_SECONDS", 0.5)
    monkeypatch.setattr(client, "LARGEST_IMAGE", 10**12)  # a fast machine sends half a gigabyte in that time
    assert failure(f"{web.url}/{path}") == (Kind.UNREADABLE, "the download took too long")
    assert sum(web.requests.values()) == 1


@pytest.mark.slow
def test_a_silent_server_times_out(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    client._client.cache_clear()
    message = "the download failed: Read timed out. (read timeout=0.2)"
    assert failure(f"{web.url}/silent/a.jpg") == (Kind.UNREADABLE, message)
    assert sum(web.requests.values()) == 3
    client._client.cache_clear()


def test_the_client_waits_as_long_as_the_server_asks(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(client, "time", SimpleNamespace(sleep=waits.append, monotonic=time.monotonic))
    monkeypatch.setattr("tests.support.web._Handler.answer_status", _busy)
    failure(f"{web.url}/status/429/a.jpg")
    assert waits == [7.0, 7.0]


def _busy(self: object, _rest: str, _number: int) -> None:
    self.send(b"", 429, Retry_After="7")  # type: ignore[attr-defined]  # it is the handler


@pytest.mark.slow
def test_the_watchdog_spares_requests_that_end_in_time(web: Web) -> None:
    """The requests are slow, but finish before the deadline."""
    threads = [threading.Thread(target=download, args=(f"{web.url}/slow/a.jpg", HERE)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert web.requests == {"/slow/a.jpg": 20}


def test_robots_directives_can_be_ignored(web: Web) -> None:
    policy = WebPolicy(allow_private_hosts=True, ignore_robots_tag=True)
    assert download(f"{web.url}/robots/noai/a.jpg", policy) == PHOTO
    client.fetch(f"{web.url}/robots/noindex/a.jpg", HERE, file := io.BytesIO(), is_list=True)
    assert file.getvalue() == PHOTO


def test_addresses_of_this_machine_are_refused(web: Web) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"):
        kind, message = failure(f"http://{host}:{web.server_port}/a.jpg", WebPolicy())
        assert kind is Kind.REFUSED, (host, message)
        assert message.endswith(
            ", an address of this machine or of a private network: use --allow_private_hosts and --retry_failed to "
            "allow it"
        )
    assert web.requests == {}


def test_a_redirect_to_this_machine_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first host is treated as public. The second one is the same server under another name."""
    monkeypatch.setattr(addresses, "is_public", lambda _: not web.requests)
    url = f"http://localhost:{web.server_port}/a.jpg"
    client._client.cache_clear()
    kind, _ = failure(f"{web.url}/redirect/{url}", WebPolicy())
    assert kind is Kind.REFUSED
    assert list(web.requests) == [f"/redirect/{url}"]


def test_the_client_connects_to_the_checked_address(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up only once, because a second lookup could return another address."""
    looked_up: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("transforms.web.addresses.socket.getaddrinfo", _numeric_or(look_up))
    assert download(f"http://rebinding.example:{web.server_port}/a.jpg", HERE) == PHOTO
    assert looked_up == ["rebinding.example"]
    assert web.headers_of["/a.jpg"]["Host"] == f"rebinding.example:{web.server_port}"


def _numeric_or(look_up: object) -> object:
    """Return a stand-in for getaddrinfo that resolves numeric addresses itself, and calls `look_up` for names."""

    def getaddrinfo(host: str, port: int, *_args: object, **_kwargs: object) -> object:
        if host[0].isdigit():
            return [(2, 1, 6, "", (host, port))]
        return look_up(host, port)  # type: ignore[operator]  # it is a function

    return getaddrinfo


def test_an_unreachable_host(web: Web) -> None:
    kind, message = failure("http://nowhere.invalid/a.jpg")
    assert kind is Kind.UNREADABLE
    assert message.startswith("the host 'nowhere.invalid' was not found: ")
    kind, message = failure(f"http://127.0.0.1:{closed_port()}/a.jpg")
    assert kind is Kind.UNREADABLE
    assert (
        message == "the server cannot be reached: Failed to establish a new connection: [Errno 111] Connection refused"
    )
    assert web.requests == {}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://", "does not name a host"),
        ("http:///a.jpg", "does not name a host"),
        ("http://user:secret@x.org/a.jpg", "contains a user name or password, which would not be sent"),
        ("http://x.org:99999/a.jpg", "is not a web address (Port out of range 0-65535)"),
        ("http://[::1/a.jpg", "is not a web address (Invalid IPv6 URL)"),
        ("http://a b/c.jpg", "does not name a host"),
    ],
)
def test_an_invalid_web_address_is_refused(url: str, problem: str) -> None:
    assert failure(url) == (Kind.REFUSED, f"the address {url!r} {problem}")


@pytest.mark.parametrize("url", [f"http://{'a' * 300}.org/", "http://-.-/", "http://\udce4.org/", "http://ä..org/"])
def test_an_odd_host_is_a_failure(url: str) -> None:
    kind, _ = failure(url)
    assert kind in (Kind.REFUSED, Kind.UNREADABLE)


def test_lists_have_their_own_limit(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST_IMAGE", 100)
    client.fetch(f"{web.url}/a.jpg", HERE, file := io.BytesIO(b"old" * 10_000), is_list=True)
    assert file.getvalue() == PHOTO
    monkeypatch.setattr(client, "LARGEST_LIST", 100)
    with pytest.raises(FetchError, match="the file has more than 0 MB"):
        client.fetch(f"{web.url}/a.jpg", HERE, io.BytesIO(), is_list=True)


@pytest.mark.slow
def test_tls_checks_the_name_and_the_certificate(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_web(folder, self_signed(tmp_path)) as server:
        kind, message = failure(f"{server.url}/a.jpg")
        assert kind is Kind.UNREADABLE
        assert message.startswith("no secure connection: [SSL: CERTIFICATE_VERIFY_FAILED]")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
        client._client.cache_clear()
        assert download(f"{server.url}/a.jpg", HERE) == PHOTO
        kind, message = failure(f"{server.url.replace('localhost', '127.0.0.1')}/a.jpg")
        assert message == "no secure connection: hostname '127.0.0.1' doesn't match 'localhost'"
    client._client.cache_clear()
