"""Tests of `pipeline.runners.flink.processes`, its keeper, and `ports`. They need no Java."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.runners.flink.ports import answers, free_ports, is_here
from pipeline.runners.flink.processes import last_words, processes
from tests.support import ROOT
from transforms.model.errors import RunError

# A process that has started another one.
_PARENT = ["sh", "-c", "sleep 1000 & echo $!; wait"]


def is_alive(pid: int) -> bool:
    """Return whether a process is running. A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended(pids: list[int], folder: Path) -> bool:
    deadline = time.monotonic() + 20
    while any(map(is_alive, pids)) or folder.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def child_of(log: Path) -> int:
    deadline = time.monotonic() + 20
    while not log.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(log.read_text())


def test_processes_end_with_their_children_and_their_folder() -> None:
    with processes() as group:
        process = group.start("one", _PARENT)
        child = child_of(group.folder / "one.log")
        assert process.exit_code() is None
        assert os.getpgid(child) == os.getpgid(process.pid) != os.getpgid(0)
    assert ended([process.pid, child], group.folder)


@pytest.mark.slow
def test_a_killed_client_leaves_nothing() -> None:
    code = (
        "import sys, time; from pipeline.runners.flink.processes import processes\n"
        "with processes() as group:\n"
        f"    process = group.start('one', {_PARENT!r})\n"
        "    print(group.folder, process.pid, flush=True)\n"
        "    time.sleep(1000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout
        folder, pid = client.stdout.readline().split()
        child = child_of(Path(folder) / "one.log")
        client.send_signal(signal.SIGKILL)
    assert ended([int(pid), child], Path(folder))


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(RunError, match="java cannot be started: No such file"), processes() as group:
        group.start("one", ["/no/java"])
    assert not group.folder.exists()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "it did not write a log"),
        ("hello\nworld\n\n", "world"),
        ("INFO start\nCaused by: java.net.BindException: in use\n\tat a.Error(B.java)\nINFO shutting down\n",
         "Caused by: java.net.BindException: in use"),
        ("Error: Could not find or load main class x.Y\nINFO bye\n", "Error: Could not find or load main class x.Y"),
    ],
)  # fmt: skip
def test_the_last_line_that_says_why(log: str, words: str) -> None:
    assert last_words(log) == words


def test_ports_and_addresses_of_this_machine() -> None:
    first, second = free_ports(2)
    assert first != second
    assert not answers("127.0.0.1", first)
    assert is_here("127.0.0.1")
    assert is_here("localhost")
    assert not is_here("192.0.2.1")  # reserved for documentation: no machine has it
    assert not is_here("no.such.host.invalid")
