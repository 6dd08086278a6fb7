"""Test the results of worker processes, and which items they are sent at which time."""

import dataclasses
import gc
import io
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.disk_store import SCHEME
from tests.support import image_bytes, jpeg
from tests.support.archives import zipped
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
from tests.transforms.shards import config, source
from transforms.imaging.errors import ImageError, Kind, Stage
from transforms.imaging.resize import Encoded
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import WebPolicy
from transforms.model.places import GzipMember
from transforms.model.records import Source
from transforms.resizing import dispatcher, read_ahead
from transforms.resizing import workers as workers_module
from transforms.resizing.source_result import SourceResult, Staged
from transforms.resizing.worker import PackedResult
from transforms.resizing.workers import Workers, close_workers, workers_for
from transforms.sources import read
from transforms.sources import zip as zips


def test_every_source_has_the_result_that_this_process_makes(two: Workers, tmp_path: Path) -> None:
    images = [*photo_sources(tmp_path, 30), source(tmp_path, "damaged.jpg", jpeg(1, (400, 300))[:-900])]
    images += [source(tmp_path, "empty.jpg", b""), source(tmp_path, "gone.jpg", None)]
    reported: list[bool] = []
    results = two.submit(images, SETTINGS, reported.append).results()
    assert reported == [kinds([result])[result.source.path] is not None for result in results]
    assert sum(reported) == 3
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
    two.submit(images, SETTINGS).results()
    before = processes_of(two)
    other = SETTINGS._replace(spec=ResizeSpec(sizes=(20,), extension="png"))
    results = untimed(two.submit(images, other).results())
    assert results == {image.path: expected(image, other) for image in images}
    assert processes_of(two) == before


def test_processes_can_be_started_before_there_is_work(two: Workers, tmp_path: Path) -> None:
    two.warm_up()
    wait_until(lambda: len(processes_of(two)) == 2)
    before = processes_of(two)
    assert len(two.submit(photo_sources(tmp_path, 5), SETTINGS).results()) == 5
    assert processes_of(two) == before


def test_outputs_are_left_in_temporary_files(two: Workers, tmp_path: Path) -> None:
    out = config(tmp_path).out_dir
    (image,) = photo_sources(tmp_path, 1)
    (result,) = two.submit([image], SETTINGS._replace(staging=out)).results()
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
    results = untimed(two.submit(images, SETTINGS).results())
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
    batch = two.submit([image._replace(location=f"{SCHEME}{image.location}") for image in poisoned], SETTINGS)
    gate.wait_for(2)
    wait_until(lambda: len(asked) == 36)  # 2 are sent to each worker, and 16 wait for each
    assert gate.nothing_more_is_begun()
    assert len(asked) == 36
    gate.open()
    assert len(batch.results()) == len(set(asked)) == 50


def test_no_worker_waits_for_the_rest_of_its_file(
    two: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = image_bytes(Image.new("RGB", (1000, 1000)), "BMP")  # 3 MB, more than a pipe holds
    images = [source(tmp_path, f"{number}.bmp", large) for number in range(12)]
    images = [image._replace(location=f"{SCHEME}{image.location}") for image in images]
    pauses: list[bool] = []

    def pause(seconds: float) -> None:
        assert two._dispatcher is not None
        pauses.append(any(slot.process and slot.process.has_unsent for slot in two._dispatcher._slots))
        time.sleep(seconds)

    monkeypatch.setattr(dispatcher, "time", SimpleNamespace(sleep=pause))
    assert len(two.submit(photo_sources(tmp_path, 2), SETTINGS).results()) == 2  # the speed of both is known now
    assert kinds(two.submit(images, SETTINGS).results()) == {image.path: None for image in images}
    assert not any(pauses)
    assert len(two.submit(photo_sources(tmp_path, 60), SETTINGS).results()) == 60
    assert pauses  # files that each worker reads itself


def test_pauses_are_shorter_than_the_queued_work(two: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[tuple[float, float]] = []

    def pause(seconds: float) -> None:
        assert two._dispatcher is not None
        queued = min(slot.seconds_queued for slot in two._dispatcher._slots)
        pauses.append((seconds, queued))
        time.sleep(seconds)

    monkeypatch.setattr(dispatcher, "time", SimpleNamespace(sleep=pause))
    assert len(two.submit(photo_sources(tmp_path, 2), SETTINGS).results()) == 2
    assert pauses == []  # nothing is queued behind the image that a worker is processing
    assert len(two.submit(photo_sources(tmp_path, 60), SETTINGS).results()) == 60
    assert pauses
    assert [seconds for seconds, _ in pauses] == pytest.approx([min(queued / 2, 0.06) for _, queued in pauses])


def test_work_without_sources_ends_at_once(two: Workers) -> None:
    assert two.submit([], SETTINGS).results() == []


def test_no_more_images_are_in_progress_than_there_are_processes(two: Workers, tmp_path: Path, gate: Gate) -> None:
    first = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(4)], SETTINGS)
    second = two.submit([poison_source(tmp_path, f"{number}-2.png") for number in range(3)], SETTINGS)
    gate.wait_for(2)
    assert gate.nothing_more_is_begun()
    gate.open()
    assert len(first.results()) == 4
    assert len(second.results()) == 3
    assert gate.begun == 7


def test_a_process_without_sources_takes_those_of_the_next_work(two: Workers, tmp_path: Path, gate: Gate) -> None:
    slow = two.submit([poison_source(tmp_path)], SETTINGS)
    gate.wait_for(1)
    (image,) = photo_sources(tmp_path, 1)
    assert untimed(two.submit([image], SETTINGS).results()) == {image.path: expected(image)}
    gate.open()
    assert len(slow.results()) == 1


def test_cancelled_work_begins_no_more_sources_and_keeps_no_result(two: Workers, tmp_path: Path, gate: Gate) -> None:
    reported: list[bool] = []
    batch = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(40)], SETTINGS, reported.append)
    gate.wait_for(2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(batch.results)
        batch.cancel()
        assert isinstance(waiting.exception(PATIENCE), CancelledError)
    gate.open()
    (image,) = photo_sources(tmp_path, 1)
    assert untimed(two.submit([image], SETTINGS).results()) == {image.path: expected(image)}
    assert reported == []
    assert gate.begun < 20  # those that were sent to the processes earlier


def test_no_result_stays_in_memory(two: Workers, tmp_path: Path) -> None:
    def results_in_memory() -> int:
        gc.collect()
        return sum(isinstance(value, PackedResult | SourceResult) for value in gc.get_objects())

    before = results_in_memory()  # of other tests
    batch = two.submit(photo_sources(tmp_path, 9), SETTINGS)
    results = batch.results()
    assert len(results) == results_in_memory() - before == 9
    del results
    assert results_in_memory() == before


def test_images_that_need_more_than_a_share_of_the_memory_are_processed(tmp_path: Path) -> None:
    large = [source(tmp_path, f"large{number}.jpg", jpeg(number, (400, 300))) for number in range(6)]
    images = [image for pair in zip(photo_sources(tmp_path, 6), large, strict=True) for image in pair]
    workers = Workers(4, 800_000)  # a share is 200 KB; one of the large ones needs 0.5 MB
    settings = SETTINGS._replace(memory=800_000)
    results = untimed(workers.submit(images, settings).results())
    assert results == {image.path: expected(image, settings) for image in images}
    assert workers._dispatcher is not None
    wait_until(lambda: workers._dispatcher is not None and workers._dispatcher._held == 0)
    workers.close()


def test_an_image_that_needs_more_than_all_memory_is_too_large(two: Workers, tmp_path: Path) -> None:
    (result,) = two.submit(photo_sources(tmp_path, 1), SETTINGS._replace(memory=1000)).results()
    for error in result.outputs.values():
        assert isinstance(error, ImageError)
        assert error.kind is Kind.TOO_LARGE
        assert error.message == "decoding needs 0 MB, more than the whole memory budget: raise --memory"


def zip_member(tmp_path: Path, name: str, data: bytes, scheme: str = "") -> Source:
    """Return the only member of a zip as a source."""
    archive = tmp_path / f"{name}.zip"
    archive.write_bytes(zipped({name: data}))
    size = archive.stat().st_size
    (member,) = zips.members(io.BytesIO(archive.read_bytes()), size)
    return Source(name, name, f"{scheme}{archive}", member.bytes, 1.0, member.place)


def test_a_member_that_unpacks_to_more_than_a_share_of_the_memory_is_processed(tmp_path: Path) -> None:
    images = [zip_member(tmp_path, f"{number}.jpg", jpeg(number, (40, 30)) + bytes(900_000)) for number in range(6)]
    workers = Workers(4, 4_000_000)  # a share is 1 MB; unpacking one takes 1.8 MB
    settings = SETTINGS._replace(memory=4_000_000)
    assert untimed(workers.submit(images, settings).results()) == {
        image.path: expected(image, settings) for image in images
    }
    workers.close()


def test_a_member_that_unpacks_to_more_than_all_memory_is_not_unpacked(
    two: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "read", None)  # it would fail
    images = [zip_member(tmp_path, f"{number}.jpg", bytes(5_000_000), ("", SCHEME)[number]) for number in range(2)]
    images.append(Source("2.jpg", "2.jpg", "/nowhere.tar.gz", 5_000_000, 1.0, GzipMember(0, 0, "/nowhere")))
    for result in two.submit(images, SETTINGS._replace(memory=1_000_000)).results():
        for error in result.outputs.values():
            assert isinstance(error, ImageError)
            assert (error.kind, error.stage) == (Kind.TOO_LARGE, Stage.READ)
            assert error.message == "unpacking needs 10 MB, more than the whole memory budget: raise --memory"


def test_closed_workers_cancel_all_work_and_begin_again_with_new_work(two: Workers, tmp_path: Path, gate: Gate) -> None:
    images = [poison_source(tmp_path, f"{number}.png") for number in range(20)]
    batches = [two.submit(images, SETTINGS), two.submit(images, SETTINGS)]
    gate.wait_for(2)
    processes = processes_of(two)
    two.close()
    assert not any(map(exists, processes))
    for batch in batches:
        with pytest.raises(CancelledError):
            batch.results()
    gate.open()
    assert len(two.submit(images, SETTINGS).results()) == 20


def test_new_limits_apply_to_work_that_waits(two: Workers, tmp_path: Path, gate: Gate) -> None:
    first = two.submit([poison_source(tmp_path, f"{number}.png") for number in range(2)], SETTINGS)
    gate.wait_for(2)
    two.set_limits(3, 2 * MEMORY)
    second = two.submit([poison_source(tmp_path, f"{number}-2.png") for number in range(9)], SETTINGS)
    gate.wait_for(3)
    assert gate.nothing_more_is_begun()
    two.set_limits(1, MEMORY)
    gate.open()
    assert len(first.results()) == 2
    assert len(second.results()) == 9
    assert len(two.submit(photo_sources(tmp_path, 5), SETTINGS).results()) == 5
    wait_until(lambda: len(processes_of(two)) == 1)


def test_a_worker_loads_the_core_and_no_beam(two: Workers, tmp_path: Path) -> None:
    two.submit(photo_sources(tmp_path, 4), SETTINGS).results()
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
def test_a_process_has_one_set_of_workers_with_the_latest_limits(tmp_path: Path) -> None:
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
