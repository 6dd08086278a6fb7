import dataclasses
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.utils.windowed_value import WindowedValue

from tests.support import jpeg
from tests.transforms.shards import config, source
from transforms.dataset import attempts
from transforms.dataset.plan import Plan
from transforms.model.config import ResizeConfig
from transforms.model.records import ResizedShard, Shard, Source
from transforms.resizing import transform
from transforms.resizing.isolated import IsolatedDecoder
from transforms.resizing.process import SourceResult, process_source
from transforms.resizing.workers import close_workers, workers_for
from transforms.sharding.group import ShardItems
from transforms.summary.progress import progress

PLAN = Plan({}, {}, {"a": 9})

PATIENCE = 30  # seconds that a test waits before it fails
A_MOMENT = 0.2  # seconds in which nothing must happen


@pytest.fixture(autouse=True)
def _cancel_all_work() -> Iterator[None]:
    yield
    close_workers()


class Bundle:
    """Calls a DoFn as a runner does, and returns the numbers of the shards that it emits."""

    def __init__(self, settings: ResizeConfig) -> None:
        self.fn = transform._ResizeFn(settings)
        self.fn.start_bundle()

    def process(self, number: int, *sources: Source) -> list[int]:
        outputs = self.fn.process(grouped(number, *sources), PLAN)
        return [output.shard.number for output in outputs if not isinstance(output, TaggedOutput)]

    def finish(self) -> list[int]:
        outputs = [output for output in self.fn.finish_bundle() if not isinstance(output, TaggedOutput)]
        assert all(isinstance(output, WindowedValue) for output in outputs)
        return [output.value.shard.number for output in outputs]


def grouped(number: int, *sources: Source) -> tuple[tuple[str, int, int], list[tuple[bytes, int, float, bytes]]]:
    return ("a", number, 9), [
        (Path(source.location).name.encode(), source.bytes, source.version, b"") for source in sources
    ]


def sources(tmp_path: Path, count: int, shard: int = 0) -> list[Source]:
    return [source(tmp_path, f"{shard}-{number:02d}.jpg", jpeg(1, (9, 9))) for number in range(count)]


class Held:
    """Holds up the processing of sources until `go_on` is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self._begins = threading.Semaphore(0)
        self._may_go_on = threading.Event()
        monkeypatch.setattr(transform, "process_source", self._process)

    def _process(self, image: Source, *args: object, **kwargs: object) -> SourceResult:
        self.begun.append(image.path)
        self._begins.release()
        assert self._may_go_on.wait(PATIENCE)
        return process_source(image, *args, **kwargs)  # type: ignore[arg-type]  # as it is called

    def wait_for(self, count: int) -> None:
        """Wait until `count` more sources are begun."""
        assert all(self._begins.acquire(timeout=PATIENCE) for _ in range(count))

    def nothing_more_is_begun(self) -> bool:
        return not self._begins.acquire(timeout=A_MOMENT)

    def go_on(self) -> None:
        self._may_go_on.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    held = Held(monkeypatch)
    yield held
    held.go_on()


def test_one_shard_is_submitted_ahead(tmp_path: Path) -> None:
    bundle = Bundle(config(tmp_path))
    image = source(tmp_path, "a.jpg", jpeg(1, (9, 9)))
    assert bundle.process(0, image) == []
    assert bundle.process(1, image) == [0]
    assert bundle.process(2) == [1]
    assert bundle.finish() == [2]
    assert bundle.finish() == []


def test_large_shards_are_not_submitted_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "LOOK_AHEAD_BYTES", 1000)
    begun: list[str] = []

    def process(image: Source, *args: object, **kwargs: object) -> SourceResult:
        begun.append(image.path)
        return process_source(image, *args, **kwargs)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr(transform, "process_source", process)
    bundle = Bundle(config(tmp_path))
    first, second = (source(tmp_path, f"{name}.jpg", jpeg(1, (9, 9)))._replace(bytes=600) for name in "ab")
    assert bundle.process(0, first) == []
    outputs = bundle.fn.process(grouped(1, second), PLAN)
    next(outputs)
    assert begun == ["a.jpg"]
    list(outputs)
    assert bundle.finish() == [1]
    assert begun == ["a.jpg", "b.jpg"]


def test_at_most_j_images_are_at_work(tmp_path: Path, held: Held) -> None:
    bundle = Bundle(config(tmp_path))  # -j 2
    assert bundle.process(0, *sources(tmp_path, 4)) == []
    second = bundle.fn._submit(Shard("a", 1, 9), ShardItems(sources(tmp_path, 4, 1), []), PLAN.columns)
    held.wait_for(2)
    assert held.nothing_more_is_begun()
    assert sorted(held.begun) == ["0-00.jpg", "0-01.jpg"]
    held.go_on()
    assert bundle.finish() == [0]
    assert second.work is not None
    assert len(second.work.results()) == 4
    assert len(held.begun) == 8


def test_an_unknown_error_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> SourceResult:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(transform, "process_source", broken)
    bundle = Bundle(config(tmp_path))
    bundle.process(0, source(tmp_path, "a.jpg", jpeg(1, (9, 9))))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        bundle.finish()


@pytest.mark.parametrize("end", [transform._ResizeFn.start_bundle, transform._ResizeFn.teardown])
def test_a_failed_bundle_drops_the_images_that_are_not_begun(
    tmp_path: Path, held: Held, end: Callable[[transform._ResizeFn], None]
) -> None:
    bundle = Bundle(config(tmp_path))
    bundle.process(0, *sources(tmp_path, 20))
    held.wait_for(2)
    end(bundle.fn)
    held.go_on()
    assert bundle.process(1, *sources(tmp_path, 3, shard=1)) == []
    assert bundle.finish() == [1]
    assert sorted(held.begun) == ["0-00.jpg", "0-01.jpg", "1-00.jpg", "1-01.jpg", "1-02.jpg"]


def test_a_shard_submitted_when_the_previous_one_fails_is_dropped_too(tmp_path: Path, held: Held) -> None:
    bundle = Bundle(config(tmp_path))
    bundle.process(0, *sources(tmp_path, 3))
    held.wait_for(2)
    failed = bundle.fn._ahead
    assert failed is not None
    assert failed.work is not None
    failed.work.cancel()
    with pytest.raises(CancelledError):
        bundle.process(1, *sources(tmp_path, 20, shard=1))
    bundle.fn.teardown()
    held.go_on()
    assert Bundle(config(tmp_path)).process(2, *sources(tmp_path, 1, shard=2)) == []
    held.wait_for(1)
    assert sorted(held.begun) == ["0-00.jpg", "0-01.jpg", "2-00.jpg"]


def test_dropped_images_are_not_counted_as_progress(tmp_path: Path, held: Held) -> None:
    progress.reset()
    bundle = Bundle(config(tmp_path))
    bundle.process(0, *sources(tmp_path, 6))
    held.wait_for(2)
    bundle.fn.teardown()
    held.go_on()
    bundle.process(1, *sources(tmp_path, 3, shard=1))
    assert bundle.finish() == [1]
    assert progress.done == 3


class _FailFn(beam.DoFn):
    """Fails when the images of the next shard are at work. A runner pickles it, and not its class."""

    held: Held

    def process(self, element: ResizedShard) -> None:
        self.held.wait_for(1)
        raise ZeroDivisionError(element.shard.name)


def test_a_runner_tears_down_what_a_failed_bundle_has_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: Held
) -> None:
    """In a whole graph: the first shard is emitted, the next transform fails, the second shard is at work."""
    monkeypatch.setattr(_FailFn, "held", held, raising=False)
    shards = [grouped(0), grouped(1, *sources(tmp_path, 20, shard=1))]
    pipeline = beam.Pipeline(runner=FnApiRunner())
    plan = pipeline | "Plan" >> beam.Create([PLAN])
    resized = (
        pipeline
        | "Shards" >> beam.Create([shards])
        | beam.FlatMap(list)
        | transform.ResizeShards(config(tmp_path), plan)
    )
    _ = resized[transform.SHARDS] | beam.ParDo(_FailFn())
    with pytest.raises(Exception, match="a-00000-of-00009"):
        pipeline.run()
    held.go_on()
    workers_for(config(tmp_path)).submit([0], int).results()
    assert len(held.begun) <= 2


def test_an_interrupted_shard_is_made_in_another_process_that_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    class Isolated(IsolatedDecoder):
        def close(self) -> None:
            super().close()
            closed.append("once")

    monkeypatch.setattr(transform, "IsolatedDecoder", Isolated)
    settings = config(tmp_path)
    for number in (0, 1):
        attempts.begin(settings.out_dir, Shard("a", number, 9))
    bundle = Bundle(settings)
    bundle.process(0, *sources(tmp_path, 3))
    assert bundle.finish() == [0]
    assert closed == ["once"]
    bundle.process(1, *sources(tmp_path, 3, shard=1))
    bundle.fn.teardown()
    assert workers_for(dataclasses.replace(settings, threads=1)).submit([0], int).results() == [0]
    assert closed == ["once", "once"]


def test_a_dofn_can_be_pickled_before_and_after_a_bundle(tmp_path: Path) -> None:
    bundle = Bundle(config(tmp_path))
    for _ in range(2):
        copy = pickle.loads(pickle.dumps(bundle.fn))
        assert copy._config == config(tmp_path)
        bundle.process(0, *sources(tmp_path, 1))
        assert bundle.finish() == [0]
