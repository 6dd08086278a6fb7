import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from tests.support import jpeg
from tests.transforms.shards import config, source
from transforms import resize
from transforms.config import ResizeConfig
from transforms.dataset import Plan
from transforms.elements import Source
from transforms.imaging.resize import make
from transforms.source import Result, resize_source

PLAN = Plan({}, {}, {"a": 9})


@pytest.fixture(autouse=True)
def _threads_of_its_own() -> Iterator[None]:
    """What a test leaves undone is not worked on in the next one."""
    yield
    resize.abandon()


class Bundle:
    """A DoFn whose calls are made by hand; `resized` collects the shards that it gives out."""

    def __init__(self, settings: ResizeConfig) -> None:
        self.fn = resize._ResizeFn(settings)
        self.fn.start_bundle()

    def process(self, number: int, *sources: Source) -> list[int]:
        members = [(Path(one.location).name.encode(), one.bytes, one.version, b"") for one in sources]
        outputs = self.fn.process((("a", number, 9), members), PLAN)
        return [output.shard.number for output in outputs if not isinstance(output, TaggedOutput)]

    def finish(self) -> list[int]:
        outputs = [output for output in self.fn.finish_bundle() if not isinstance(output, TaggedOutput)]
        assert all(isinstance(output, WindowedValue) for output in outputs)
        return [output.value.shard.number for output in outputs]


def test_one_shard_is_begun_ahead(tmp_path: Path) -> None:
    bundle = Bundle(config(tmp_path))
    one = source(tmp_path, "a.jpg", jpeg(1, (9, 9)))
    assert bundle.process(0, one) == []
    assert bundle.process(1, one) == [0]
    assert bundle.process(2) == [1]
    assert bundle.finish() == [2]
    assert bundle.finish() == []


def test_what_a_failed_bundle_left_is_dropped(tmp_path: Path) -> None:
    bundle = Bundle(config(tmp_path))
    bundle.process(0, source(tmp_path, "a.jpg", jpeg(1, (9, 9))))
    bundle.fn.start_bundle()
    assert bundle.process(1) == []
    assert bundle.finish() == [1]


def test_large_shards_are_not_begun_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resize, "LOOK_AHEAD_BYTES", 1000)
    begun: list[str] = []
    monkeypatch.setattr(resize, "resize_source", lambda one, *args: begun.append(one.path) or resize_source(one, *args))  # type: ignore[func-returns-value]  # append gives None
    bundle = Bundle(config(tmp_path))
    first, second = (source(tmp_path, f"{name}.jpg", jpeg(1, (9, 9)))._replace(bytes=600) for name in "ab")
    assert bundle.process(0, first) == []
    outputs = bundle.fn.process((("a", 1, 9), [(b"b.jpg", 600, 1.0, b"")]), PLAN)
    next(outputs)
    assert begun == ["a.jpg"]
    assert second.path not in begun
    list(outputs)
    assert bundle.finish() == [1]
    assert begun == ["a.jpg", "b.jpg"]


def test_no_more_images_are_worked_on_than_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = threading.Lock()
    now, most = 0, 0

    def slow(one: Source, *_args: object) -> Result:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return resize_source(one, config(tmp_path), make)

    monkeypatch.setattr(resize, "resize_source", slow)
    bundle = Bundle(config(tmp_path))
    for number in range(3):
        bundle.process(number, *(source(tmp_path, f"{number}{name}.jpg", jpeg(1, (9, 9))) for name in "abcd"))
    bundle.finish()
    assert most == 2


def test_an_unknown_error_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> Result:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(resize, "resize_source", broken)
    bundle = Bundle(config(tmp_path))
    bundle.process(0, source(tmp_path, "a.jpg", jpeg(1, (9, 9))))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        bundle.finish()


def test_after_a_failed_run_nothing_more_is_begun() -> None:
    begun, gate = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return gate.wait(10)

    running = resize._pool(1).submit(work)
    pending = [resize._pool(1).submit(work) for _ in range(50)]
    assert begun.wait(10)
    threading.Timer(0.05, gate.set).start()
    resize.abandon()
    assert running.result() is True
    assert all(future.cancelled() for future in pending)
    assert resize._pool(1).submit(int).result() == 0


def test_a_queue_that_is_abandoned_takes_no_more(tmp_path: Path) -> None:
    may_go_on, taken = threading.Event(), []

    def work(one: Source) -> Result:
        taken.append(one.path)
        may_go_on.wait(10)
        return resize_source(one, config(tmp_path), make)

    sources = [source(tmp_path, f"{number}.jpg", jpeg(1, (9, 9))) for number in range(6)]
    queue = resize._Queue(sources, work, 2)
    deadline = time.monotonic() + 10
    while len(taken) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    threading.Timer(0.2, may_go_on.set).start()
    resize.abandon()  # waits for what has begun
    assert sorted(result.source.path for result in queue.results()) == ["0.jpg", "1.jpg"] == sorted(taken)
