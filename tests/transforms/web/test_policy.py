"""Test which addresses may be contacted, directives for robots, and limits on simultaneous requests."""

import socket
import threading
import time

import pytest

from transforms.web.addresses import is_public
from transforms.web.budget import Budget, Share
from transforms.web.hosts import HostThreads
from transforms.web.robots import forbidding


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255"),
        *("192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1"),
        *("240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0"),
        *("fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::127.0.0.1", "::ffff:10.0.0.1"),
        *("::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::1", "2001:0:a00:1::1", "fec0::1"),
        *("64:ff9b:1::1"),
    ],
)
def test_an_address_of_this_machine_or_of_a_private_network(address: str) -> None:
    assert not is_public(address)


def test_a_public_address_of_this_machine_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Probe(socket.socket):
        def connect(self, address: object) -> None:
            self._asked = address

        def getsockname(self) -> object:
            return self._asked

    monkeypatch.setattr("transforms.web.addresses.socket.socket", Probe)
    assert not is_public("8.8.8.8")


@pytest.mark.parametrize(
    ("headers", "directive"),
    [
        ([], None),
        (["index, follow"], None),
        (["noai"], "noai"),
        (["all, NoImageAI "], "noimageai"),
        (["nofollow", "noindex, noarchive"], "noindex"),
        (["noimageindex"], "noimageindex"),
        (["otherbot: noai, noindex"], None),
        (["Downsampled-Open-Images: noai"], "noai"),
        (["unavailable_after: 25 Jun 2026 15:00:00 PST"], None),
        (["otherbot: noai", "noindex"], "noindex"),
        (["noai, max-image-preview:large"], "noai"),
        (["max-snippet:-1, noai"], "noai"),
        (["max-image-preview: large, noindex"], "noindex"),
        (["Max-Video-Preview: 1, NoImageIndex"], "noimageindex"),
        (["unavailable_after: Wed, 25 Jun 2026 15:00:00 GMT, noimageai"], "noimageai"),
        (["otherbot: max-snippet:-1, noai"], None),
        (["downsampled-open-images: max-snippet:-1, noai"], "noai"),
    ],
)
def test_directives_for_robots(headers: list[str], directive: str | None) -> None:
    assert forbidding(headers) == directive


def test_a_slow_host_gets_a_few_requests_at_once_and_does_not_occupy_all_threads() -> None:
    threads, release, began = HostThreads(3), threading.Event(), threading.Semaphore(0)
    running, most, lock = 0, 0, threading.Lock()

    def call(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        began.release()
        release.wait(10)
        with lock:
            running -= 1
        return number

    slow = [threads.submit("slow", 2, call, number) for number in range(20)]
    assert began.acquire(timeout=10)
    assert began.acquire(timeout=10)
    assert threads.submit("fast", 2, lambda: "done").result(10) == "done"
    assert threads.submit("", 2, lambda: "local").result(10) == "local"
    release.set()
    assert [future.result(10) for future in slow] == list(range(20))
    assert most == 2

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        threads.submit("slow", 1, fail).result(10)
    assert threads.submit("slow", 1, lambda: 1).result(10) == 1
    threads.close()


def test_downloads_stay_within_the_budget_and_one_continues_beyond_it() -> None:
    budget, ended = Budget(100), []

    def download(name: str, go: threading.Event) -> None:
        with Share(budget) as share:
            share.grow(60)
            go.wait(10)
            share.grow(60)
            ended.append(name)

    first_goes, second_goes = threading.Event(), threading.Event()
    first = threading.Thread(target=download, args=("first", first_goes))
    first.start()
    while budget._held < 60:
        time.sleep(0.001)
    second = threading.Thread(target=download, args=("second", second_goes))
    second.start()  # exceeds the budget
    while budget._held < 120:
        time.sleep(0.001)
    first_goes.set()
    first.join(0.2)
    assert first.is_alive()  # waits for the second download
    second_goes.set()
    second.join(10)
    first.join(10)
    assert ended == ["second", "first"]
    assert budget._held == 0
