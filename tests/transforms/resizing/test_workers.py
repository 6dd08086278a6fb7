"""Worker processes: their results, what ends them, and what their end costs."""

import dataclasses
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.disk_store import SCHEME
from tests.support import ROOT, image_bytes, jpeg
from tests.support.poison import POISON, SEGFAULT, poison
from tests.transforms.resizing.gate import PATIENCE, Gate, wait_until
from tests.transforms.shards import config, source
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.resize import Encoded
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import WebPolicy
from transforms.model.errors import RunError, StorageError
from transforms.model.records import Source
from transforms.resizing import dispatcher, read_ahead
from transforms.resizing import workers as workers_module
from transforms.resizing.process import SourceResult, Staged
from transforms.resizing.worker import Job, Task, result_of
from transforms.resizing.workers import Workers, close_workers, workers_for
from transforms.sources import read

MEMORY = 100_000_000
JOB = Job(ResizeSpec(sizes=(16, 8), extension="jpg"), "", MEMORY)


def photo_sources(tmp_path: Path, count: int, prefix: str = "p") -> list[Source]:
    return [source(tmp_path, f"{prefix}{number:02d}.jpg", jpeg(number, (40, 30))) for number in range(count)]


def poison_source(tmp_path: Path, name: str = "poison.png") -> Source:
    return source(tmp_path, name, POISON)


def expected(image: Source, job: Job = JOB) -> SourceResult:
    """Return the result of this process, without times."""
    return result_of(Task(image, None, job.memory), job)._replace(seconds={})


def untimed(results: list[SourceResult]) -> dict[str, SourceResult]:
    return {result.source.path: result._replace(seconds={}) for result in results}


def kinds(results: list[SourceResult]) -> dict[str, Kind | None]:
    outputs = {result.source.path: result.outputs[16] for result in results}
    return {path: output.kind if isinstance(output, ImageError) else None for path, output in outputs.items()}


def exists(process: int) -> bool:
    """Return whether a process runs, and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processes_of(workers: Workers) -> list[int]:
    assert workers._dispatcher is not None
    return [lane.process._process.pid for lane in workers._dispatcher._lanes if lane.process]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(monkeypatch, tmp_path)
    yield gate
    gate.open()


@pytest.fixture
def two() -> Iterator[Workers]:
    two = Workers(2, MEMORY)
    yield two
    two.close()


def test_every_source_has_the_result_that_this_process_makes(two: Workers, tmp_path: Path) -> None:
    images = [*photo_sources(tmp_path, 30), source(tmp_path, "damaged.jpg", jpeg(1, (400, 300))[:-900])]
    images += [source(tmp_path, "empty.jpg", b""), source(tmp_path, "gone.jpg", None)]
    reported: list[SourceResult] = []
    results = two.submit(images, JOB, reported.append).results()
    assert reported == results
    made = untimed(results)
    for image in images:
        mine = expected(image)
        assert str(made[image.path].outputs) == str(mine.outputs)
        assert made[image.path]._replace(outputs={}) == mine._replace(outputs={})
    assert kinds(results)["gone.jpg"] is Kind.UNREADABLE
    assert sum(isinstance(result.outputs[16], Encoded) for result in results) == 30
    assert len(processes_of(two)) == 2


def test_processes_are_kept_for_the_next_work(two: Workers, tmp_path: Path) -> None:
    images = photo_sources(tmp_path, 8)
    two.submit(images, JOB).results()
    before = processes_of(two)
    other = JOB._replace(spec=ResizeSpec(sizes=(20,), extension="png"))
    results = untimed(two.submit(images, other).results())
    assert results == {image.path: expected(image, other) for image in images}
    assert processes_of(two) == before


def test_processes_can_be_started_before_there_is_work(two: Workers, tmp_path: Path) -> None:
    two.warm_up()
    wait_until(lambda: len(processes_of(two)) == 2)
    before = processes_of(two)
    assert len(two.submit(photo_sources(tmp_path, 5), JOB).results()) == 5
    assert processes_of(two) == before


def test_outputs_are_left_in_temporary_files(two: Workers, tmp_path: Path) -> None:
    out = config(tmp_path).out_dir
    (image,) = photo_sources(tmp_path, 1)
    (result,) = two.submit([image], JOB._replace(staging=out)).results()
    encoded = expected(image).outputs
    for size, output in result.outputs.items():
        assert isinstance(output, Staged)
        data = Path(output.file.path).read_bytes()
        assert Encoded(output.target, data, output.sha256, output.kept) == encoded[size]
        assert output.file.size == len(data)
        assert Path(output.file.path).parent.parent == Path(out, ".run", "tmp")


def test_files_of_a_store_are_read_here(two: Workers, tmp_path: Path) -> None:
    images = [
        image._replace(location=f"{SCHEME}{image.location}")
        for image in (*photo_sources(tmp_path, 20), source(tmp_path, "gone.jpg", None))
    ]
    results = untimed(two.submit(images, JOB).results())
    gone = results.pop("gone.jpg")
    assert results == {image.path: expected(image) for image in images[:-1]}
    (error, _) = gone.outputs.values()
    assert isinstance(error, ImageError)
    assert (error.kind, error.stage) == (Kind.UNREADABLE, "read")


def test_files_are_read_while_others_wait_for_a_worker(
    two: Workers, tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counting(source: Source, web: WebPolicy) -> bytes:
        asked.append(source.path)
        return read(source, web)

    monkeypatch.setattr(read_ahead, "read", counting)
    poisoned = [poison_source(tmp_path, f"{number}.png") for number in range(50)]
    work = two.submit([image._replace(location=f"{SCHEME}{image.location}") for image in poisoned], JOB)
    gate.wait_for(2)
    wait_until(lambda: len(asked) == 36)  # 2 are sent to each worker, and 16 wait for each
    assert gate.nothing_more_is_begun()
    assert len(asked) == 36
    gate.open()
    assert len(work.results()) == len(set(asked)) == 50


def test_no_worker_waits_for_the_rest_of_its_file(
    two: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = image_bytes(Image.new("RGB", (1000, 1000)), "BMP")  # 3 MB, more than a pipe holds
    images = [source(tmp_path, f"{number}.bmp", large) for number in range(12)]
    pauses: list[bool] = []

    def pause(seconds: float) -> None:
        assert two._dispatcher is not None
        pauses.append(any(lane.process and lane.process.has_unsent for lane in two._dispatcher._lanes))
        time.sleep(seconds)

    monkeypatch.setattr(dispatcher, "time", SimpleNamespace(sleep=pause))
    results = two.submit([image._replace(location=f"{SCHEME}{image.location}") for image in images], JOB).results()
    assert kinds(results) == {image.path: None for image in images}
    assert pauses
    assert not any(pauses)


def test_work_without_sources_ends_at_once(two: Workers) -> None:
    assert two.submit([], JOB).results() == []


def test_no_more_images_are_at_work_than_there_are_processes(two: Workers, tmp_path: Path, gate: Gate) -> None:
    first = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(4)], JOB)
    second = two.submit([poison_source(tmp_path, f"{number}-2.png") for number in range(3)], JOB)
    gate.wait_for(2)
    assert gate.nothing_more_is_begun()
    gate.open()
    assert len(first.results()) == 4
    assert len(second.results()) == 3
    assert gate.begun == 7


def test_a_process_without_sources_takes_those_of_the_next_work(two: Workers, tmp_path: Path, gate: Gate) -> None:
    slow = two.submit([poison_source(tmp_path)], JOB)
    gate.wait_for(1)
    (image,) = photo_sources(tmp_path, 1)
    assert untimed(two.submit([image], JOB).results()) == {image.path: expected(image)}
    gate.open()
    assert len(slow.results()) == 1


def test_cancelled_work_begins_no_more_sources_and_keeps_no_result(two: Workers, tmp_path: Path, gate: Gate) -> None:
    reported: list[SourceResult] = []
    work = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(40)], JOB, reported.append)
    gate.wait_for(2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work.results)
        work.cancel()
        assert isinstance(waiting.exception(PATIENCE), CancelledError)
    gate.open()
    (image,) = photo_sources(tmp_path, 1)
    assert untimed(two.submit([image], JOB).results()) == {image.path: expected(image)}
    assert reported == []
    assert gate.begun < 20  # those that were sent to the processes before


def test_no_result_stays_in_memory(two: Workers, tmp_path: Path) -> None:
    alive: weakref.WeakSet[object] = weakref.WeakSet()

    class Watched(str):
        """A string that can be referred to weakly."""

    def watch(result: SourceResult) -> None:
        error = result.outputs[16]
        assert isinstance(error, ImageError)
        alive.add(error)

    work = two.submit([source(tmp_path, f"{number}.jpg", b"no image") for number in range(9)], JOB, watch)
    assert len(work.results()) == len(alive) == 9
    del work
    two.submit(photo_sources(tmp_path, 1), JOB).results()
    two.submit(photo_sources(tmp_path, 1), JOB).results()
    gc.collect()
    assert len(alive) == 0


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (SEGFAULT, "it ends the process that decodes it (SIGSEGV)"),
        ("os._exit(3)", "it ends the process that decodes it (exit code 3)"),
        ("time.sleep(60)", "it is not made after 1 s"),
    ],
)
def test_a_crash_costs_one_image(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, action: str, message: str
) -> None:
    deaths = tmp_path / "deaths"
    path = poison(tmp_path / "site", f"open({str(deaths)!r}, 'a').write('x'), {action}")
    monkeypatch.setenv("PYTHONPATH", path)
    images = [*photo_sources(tmp_path, 12), poison_source(tmp_path), *photo_sources(tmp_path, 12, "q")]
    results = untimed(two.submit(images, JOB._replace(seconds=1.0)).results())
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
    results = untimed(workers.submit(images, JOB).results())
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
    blamed = kinds(two.submit(images, JOB).results())
    assert blamed == {image.path: Kind.CRASHED if image.path.endswith("png") else None for image in images}


def test_a_worker_over_its_memory_fails_its_image_alone(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path / "site", "bytearray(7_000_000_000)"))
    images = [poison_source(tmp_path), *photo_sources(tmp_path, 6)]
    results = kinds(two.submit(images, JOB).results())
    assert results.pop("poison.png") is Kind.OUT_OF_MEMORY
    assert set(results.values()) == {None}


def test_images_that_need_more_than_a_share_of_the_memory_are_made(tmp_path: Path) -> None:
    large = [source(tmp_path, f"large{number}.jpg", jpeg(number, (400, 300))) for number in range(6)]
    images = [image for pair in zip(photo_sources(tmp_path, 6), large, strict=True) for image in pair]
    workers = Workers(4, 800_000)  # a share is 200 KB; one of the large ones needs 0.5 MB
    job = JOB._replace(memory=800_000)
    results = untimed(workers.submit(images, job).results())
    assert results == {image.path: expected(image, job) for image in images}
    assert workers._dispatcher is not None
    wait_until(lambda: workers._dispatcher is not None and workers._dispatcher._held == 0)
    workers.close()


def test_an_image_that_needs_more_than_all_memory_is_too_large(two: Workers, tmp_path: Path) -> None:
    (result,) = two.submit(photo_sources(tmp_path, 1), JOB._replace(memory=1000)).results()
    for error in result.outputs.values():
        assert isinstance(error, ImageError)
        assert error.kind is Kind.TOO_LARGE
        assert error.message == "decoding takes 0 MB, more than the whole budget: raise --memory"


def test_an_output_that_cannot_be_written_ends_the_work(two: Workers, tmp_path: Path) -> None:
    images = photo_sources(tmp_path, 30)
    with pytest.raises(StorageError, match="was removed while it was written to") as caught:
        two.submit(images, JOB._replace(staging=str(tmp_path / "nowhere"))).results()
    assert caught.value.reason == "OUT was removed"
    assert untimed(two.submit(images[:2], JOB).results()) == {image.path: expected(image) for image in images[:2]}


def test_an_unknown_error_in_a_worker_is_raised_with_its_traceback(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "import hashlib\ndef broken(data): raise ZeroDivisionError('a bug')\nhashlib.sha256 = broken\n"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with pytest.raises(ZeroDivisionError, match="a bug") as caught:
        two.submit(photo_sources(tmp_path, 3), JOB).results()
    assert "in process_source" in caught.value.__notes__[0]


def test_an_error_of_the_caller_ends_the_work_and_not_the_workers(two: Workers, tmp_path: Path) -> None:
    def broken(_result: SourceResult) -> None:
        raise ZeroDivisionError("a bug")

    images = photo_sources(tmp_path, 5)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        two.submit(images, JOB, broken).results()
    assert len(two.submit(images, JOB).results()) == 5


def test_a_worker_that_cannot_be_loaded_ends_the_work(
    two: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    images = photo_sources(tmp_path, 5)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match=r"^worker processes end before they are ready: exit code 1$"):
        two.submit(images, JOB).results()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(
        RunError, match=r"^a worker process cannot be started \(No such file or directory\): lower -j, or "
    ):
        two.submit(images, JOB).results()
    monkeypatch.undo()
    assert len(two.submit(images, JOB).results()) == 5


def test_processes_that_are_killed_cost_no_image(two: Workers, tmp_path: Path, gate: Gate) -> None:
    images = [*photo_sources(tmp_path, 10), poison_source(tmp_path)]
    work = two.submit(images, JOB)
    gate.wait_for(1)
    for process in processes_of(two):  # one is idle, the other is at the image that is held up
        os.kill(process, signal.SIGKILL)
    gate.wait_for(2)
    gate.open()
    assert set(kinds(work.results()).values()) == {None}


def test_closed_workers_cancel_all_work_and_begin_again_with_new_work(two: Workers, tmp_path: Path, gate: Gate) -> None:
    images = [poison_source(tmp_path, f"{number}.png") for number in range(20)]
    works = [two.submit(images, JOB), two.submit(images, JOB)]
    gate.wait_for(2)
    processes = processes_of(two)
    two.close()
    assert not any(map(exists, processes))
    for work in works:
        with pytest.raises(CancelledError):
            work.results()
    gate.open()
    assert len(two.submit(images, JOB).results()) == 20


def test_new_limits_apply_to_work_that_waits(two: Workers, tmp_path: Path, gate: Gate) -> None:
    first = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(2)], JOB)
    gate.wait_for(2)
    two.set_limits(3, 2 * MEMORY)
    second = two.submit([poison_source(tmp_path, f"{number}-2.png") for number in range(9)], JOB)
    gate.wait_for(3)
    assert gate.nothing_more_is_begun()
    two.set_limits(1, MEMORY)
    gate.open()
    assert len(first.results()) == 2
    assert len(second.results()) == 9
    assert len(two.submit(photo_sources(tmp_path, 5), JOB).results()) == 5
    wait_until(lambda: len(processes_of(two)) == 1)


_PARENT = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from transforms.imaging.spec import ResizeSpec
from transforms.model.records import Source
from transforms.resizing.worker import Job
from transforms.resizing.workers import Workers
workers = Workers(2, {MEMORY})
sources = [Source(path, path, path, 1, 1.0) for path in sys.argv[1:]]
work = workers.submit(sources, Job(ResizeSpec(sizes=(8,)), "", {MEMORY}))
while len(processes := [lane.process._process.pid for lane in workers._dispatcher._lanes if lane.process]) < 2:
    time.sleep(0.01)
print(*processes, flush=True)
"""


@pytest.mark.parametrize(
    "ending", ["time.sleep(60)", "sys.exit()", "import os; os._exit(1)", "raise SystemError", "del workers; sys.exit()"]
)
def test_processes_end_with_their_parent(tmp_path: Path, gate: Gate, ending: str) -> None:
    """In each way out: SIGKILL while it sleeps, an exit, an exit without clean-up, an error."""
    paths = [poison_source(tmp_path, f"{number}.png").location for number in range(4)]
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT + ending, *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        processes = [int(word) for word in parent.stdout.readline().split()]
        assert len(processes) == 2
        if "sleep" in ending:
            gate.wait_for(2)  # both are at an image
            parent.kill()
        parent.wait(PATIENCE)
    wait_until(lambda: not any(map(exists, processes)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_the_group_are_left_to_the_parent(two: Workers, tmp_path: Path, number: int) -> None:
    two.submit(photo_sources(tmp_path, 4), JOB).results()
    before = processes_of(two)
    for process in before:
        os.kill(process, number)
    assert len(two.submit(photo_sources(tmp_path, 4), JOB).results()) == 4
    assert processes_of(two) == before


def test_a_worker_loads_the_core_and_no_beam(two: Workers, tmp_path: Path) -> None:
    two.submit(photo_sources(tmp_path, 4), JOB).results()
    for process in processes_of(two):
        maps = Path(f"/proc/{process}/maps").read_text()
        assert "_imaging" in maps
        assert not any(name in maps for name in ("apache_beam", "numpy", "pyarrow", "grpc"))


@pytest.fixture
def of_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(workers_module, "_of_process", None)
    yield
    close_workers()


@pytest.mark.usefixtures("of_process")
def test_a_process_has_one_set_of_workers_with_the_limits_given_last(tmp_path: Path) -> None:
    settings = config(tmp_path)
    barrier = threading.Barrier(8)

    def first() -> Workers:
        barrier.wait(PATIENCE)
        return workers_for(settings)

    with ThreadPoolExecutor(8) as pool:
        ids = {id(future.result()) for future in [pool.submit(first) for _ in range(8)]}
    shared = workers_for(settings)
    assert ids == {id(shared)}
    for processes, memory in ((3, 10), (1, 20)):
        other = workers_for(dataclasses.replace(settings, processes=processes, memory=memory))
        assert other is shared
        assert (other._limits, other.memory) == ((processes, memory), memory)


@pytest.mark.usefixtures("of_process")
def test_the_default_memory_is_half_of_the_machine_shared_by_its_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workers_module, "machine_memory", lambda: 16_000)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    settings = config(tmp_path)
    assert workers_for(settings).memory == 8_000
    assert workers_for(dataclasses.replace(settings, process_per_core=True)).memory == 2_000
    assert workers_for(dataclasses.replace(settings, memory=5, process_per_core=True)).memory == 5
