"""Test what ends worker processes and their work, and which images fail because of it."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.poison import SEGFAULT, poison
from tests.transforms.resizing.gate import PATIENCE, Gate, wait_until
from tests.transforms.resizing.images import (
    MEMORY,
    SETTINGS,
    exists,
    expected,
    kinds,
    photo_sources,
    poison_source,
    processes_of,
    untimed,
)
from transforms.imaging.errors import ImageError, Kind
from transforms.model.errors import RunError, StorageError
from transforms.resizing.worker import PackedResult, Task
from transforms.resizing.worker_process import WorkerProcess
from transforms.resizing.workers import Workers


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (SEGFAULT, "it crashed the process that decoded it (SIGSEGV)"),
        ("os._exit(3)", "it crashed the process that decoded it (exit code 3)"),
        ("time.sleep(60)", "it was not finished within 1 s"),
    ],
)
def test_a_crash_costs_one_image(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, action: str, message: str
) -> None:
    deaths = tmp_path / "deaths"
    path = poison(tmp_path / "site", f"open({str(deaths)!r}, 'a').write('x'), {action}")
    monkeypatch.setenv("PYTHONPATH", path)
    images = [*photo_sources(tmp_path, 12), poison_source(tmp_path), *photo_sources(tmp_path, 12, "q")]
    results = untimed(two.submit(images, SETTINGS._replace(seconds=1.0)).results())
    errors = results.pop("poison.png").outputs
    assert set(errors) == {16, 8}
    for error in errors.values():
        assert isinstance(error, ImageError)
        assert (error.kind, error.message) == (Kind.CRASHED, message)
    assert results == {image.path: expected(image) for image in images if image.path != "poison.png"}
    assert deaths.read_text() == "xx"  # it was tried twice


@pytest.mark.parametrize("count", range(1, 5))
def test_an_image_does_not_fail_because_an_earlier_one_damaged_its_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path / "site", f"harm({count})"))
    workers = Workers(1, MEMORY)
    images = [poison_source(tmp_path), *photo_sources(tmp_path, 9)]
    results = untimed(workers.submit(images, SETTINGS).results())
    workers.close()
    assert results == {image.path: expected(image) for image in images}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_innocent_image_is_blamed_in_20_runs(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path / "site", SEGFAULT))
    images = [*photo_sources(tmp_path, 20), *(poison_source(tmp_path, f"{number}.png") for number in range(3))]
    random.Random(seed).shuffle(images)
    blamed = kinds(two.submit(images, SETTINGS).results())
    assert blamed == {image.path: Kind.CRASHED if image.path.endswith("png") else None for image in images}


def test_a_worker_over_its_memory_fails_its_image_alone(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path / "site", "bytearray(7_000_000_000)"))
    images = [poison_source(tmp_path), *photo_sources(tmp_path, 6)]
    results = kinds(two.submit(images, SETTINGS).results())
    assert results.pop("poison.png") is Kind.OUT_OF_MEMORY
    assert set(results.values()) == {None}


def test_an_output_that_cannot_be_written_ends_the_work(two: Workers, tmp_path: Path) -> None:
    images = photo_sources(tmp_path, 30)
    with pytest.raises(StorageError, match="was removed during the run") as caught:
        two.submit(images, SETTINGS._replace(staging=str(tmp_path / "nowhere"))).results()
    assert caught.value.reason == "OUT was removed"
    assert untimed(two.submit(images[:2], SETTINGS).results()) == {image.path: expected(image) for image in images[:2]}


def test_an_unknown_error_in_a_worker_is_raised_with_its_traceback(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "import hashlib\ndef broken(data): raise ZeroDivisionError('a bug')\nhashlib.sha256 = broken\n"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with pytest.raises(ZeroDivisionError, match="a bug") as caught:
        two.submit(photo_sources(tmp_path, 3), SETTINGS).results()
    assert "in process_source" in caught.value.__notes__[0]


def test_an_error_of_the_caller_ends_the_work_and_not_the_workers(two: Workers, tmp_path: Path) -> None:
    def broken(_failed: bool) -> None:
        raise ZeroDivisionError("a bug")

    images = photo_sources(tmp_path, 5)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        two.submit(images, SETTINGS, broken).results()
    assert len(two.submit(images, SETTINGS).results()) == 5


def test_a_worker_that_cannot_be_loaded_ends_the_work(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    images = photo_sources(tmp_path, 5)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match=r"^worker processes end during start-up: exit code 1$"):
        two.submit(images, SETTINGS).results()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(
        RunError, match=r"^a worker process cannot be started \(No such file or directory\): check the program '.*/no-p"
    ):
        two.submit(images, SETTINGS).results()
    monkeypatch.undo()
    assert len(two.submit(images, SETTINGS).results()) == 5


def test_processes_that_are_killed_cost_no_image(two: Workers, tmp_path: Path, gate: Gate) -> None:
    images = [*photo_sources(tmp_path, 10), poison_source(tmp_path)]
    batch = two.submit(images, SETTINGS)
    gate.wait_for(1)
    for process in processes_of(two):  # one is idle, the other processes the blocked image
        os.kill(process, signal.SIGKILL)
    gate.wait_for(2)
    gate.open()
    assert set(kinds(batch.results()).values()) == {None}


_PARENT = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from transforms.imaging.spec import ResizeSpec
from transforms.model.records import Source
from transforms.resizing.worker import WorkerSettings
from transforms.resizing.workers import Workers
workers = Workers(2, {MEMORY})
sources = [Source(path, path, path, 1, 1.0) for path in sys.argv[1:]]
work = workers.submit(sources, WorkerSettings(ResizeSpec(sizes=(8,)), "", {MEMORY}))
while len(processes := [slot.process._process.pid for slot in workers._dispatcher._slots if slot.process]) < 2:
    time.sleep(0.01)
print(*processes, flush=True)
"""


@pytest.mark.parametrize(
    "ending", ["time.sleep(60)", "sys.exit()", "import os; os._exit(1)", "raise SystemError", "del workers; sys.exit()"]
)
def test_processes_end_with_their_parent(tmp_path: Path, gate: Gate, ending: str) -> None:
    """The parent may end by SIGKILL while it sleeps, an exit, an exit without cleanup, or an error."""
    paths = [poison_source(tmp_path, f"{number}.png").location for number in range(4)]
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT + ending, *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        processes = [int(word) for word in parent.stdout.readline().split()]
        assert len(processes) == 2
        if "sleep" in ending:
            gate.wait_for(2)  # both are processing an image
            parent.kill()
        parent.wait(PATIENCE)
    wait_until(lambda: not any(map(exists, processes)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_the_group_are_left_to_the_parent(two: Workers, tmp_path: Path, number: int) -> None:
    two.submit(photo_sources(tmp_path, 4), SETTINGS).results()
    before = processes_of(two)
    for process in before:
        os.kill(process, number)
    assert len(two.submit(photo_sources(tmp_path, 4), SETTINGS).results()) == 4
    assert processes_of(two) == before


def test_signals_to_the_group_do_not_end_a_worker_that_is_starting(tmp_path: Path) -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    process = WorkerProcess()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(process._process.pid, number)
    (image,) = photo_sources(tmp_path, 1)
    process.send(SETTINGS, Task(image, None, MEMORY))
    while not (replies := process.receive()):  # raises an error if the process has ended
        pass
    assert process.end() == "SIGKILL"
    (reply,) = replies
    assert isinstance(reply, PackedResult)
    assert reply.unpack()._replace(seconds={}) == expected(image)
