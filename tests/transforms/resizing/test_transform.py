import dataclasses
import pickle
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from fractions import Fraction
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.utils.windowed_value import WindowedValue

from tests.support import jpeg
from tests.support.poison import POISON
from tests.transforms.resizing.gate import Gate
from tests.transforms.shards import config, source, worker_settings
from transforms.annotations.select import NO_LIMITS
from transforms.committing.write import commit
from transforms.dataset.markers import digest_of
from transforms.dataset.plan import Plan
from transforms.model.config import ResizeConfig
from transforms.model.errors import StorageError
from transforms.model.keys import in_sample
from transforms.model.records import ResizedShard, Shard, Source
from transforms.resizing import transform
from transforms.resizing.assemble import assemble
from transforms.resizing.workers import close_workers, workers_for
from transforms.sharding.items import ShardItems
from transforms.summary.progress import progress

PLAN = Plan({}, {}, {"a": 9})


@pytest.fixture(autouse=True)
def _workers_of_its_own() -> Iterator[None]:
    """Workers keep the environment of the test that started them, and must not outlive it."""
    close_workers()
    yield
    close_workers()


class Bundle:
    """Calls a DoFn as a runner does. Its methods return the numbers of the emitted shards."""

    def __init__(self, settings: ResizeConfig) -> None:
        self.fn = transform._ResizeFn(settings)
        self.fn.start_bundle()

    def process(self, number: int, *sources: Source) -> list[int]:
        outputs = self.fn.process(grouped(number, *sources), PLAN, NO_LIMITS)
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


def held_sources(tmp_path: Path, count: int, shard: int = 0) -> list[Source]:
    return [source(tmp_path, f"{shard}-{number:02d}.png", POISON) for number in range(count)]


def test_shards_are_submitted_ahead_until_there_are_enough_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "_IMAGES_AHEAD", 2)  # for each of two processes
    bundle = Bundle(config(tmp_path))
    images = sources(tmp_path, 3)
    assert bundle.process(0, *images) == []
    assert bundle.process(1, *images) == []
    assert bundle.process(2, *images[:1]) == [0]
    assert bundle.process(3) == []
    assert bundle.process(4, *images) == [1]
    assert bundle.finish() == [2, 3, 4]


def test_shards_without_work_are_emitted_at_once(tmp_path: Path) -> None:
    settings = config(tmp_path)
    images = sources(tmp_path, 3)
    items = ShardItems(images, [])
    for number in (0, 2):
        shard = Shard("a", number, 9)
        resized = assemble(shard, digest_of(items.sources), [], settings)
        commit(resized, settings)
    bundle = Bundle(settings)
    assert bundle.process(0, *images) == [0]
    assert bundle.process(1, *images) == []
    assert bundle.process(2, *images) == []
    assert bundle.finish() == [1, 2]


def test_few_shards_and_rows_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_SHARDS_AHEAD", 2)
    bundle = Bundle(config(tmp_path))
    (image,) = sources(tmp_path, 1)
    assert [bundle.process(number, image) for number in range(4)] == [[], [], [0], [1]]
    monkeypatch.setattr(transform, "_ROWS_AHEAD", 0)
    assert bundle.process(4, image) == [2, 3, 4]
    assert bundle.finish() == []
    assert bundle.finish() == []


def test_an_output_that_cannot_be_written_ends_the_bundle(tmp_path: Path) -> None:
    settings = config(tmp_path)
    bundle = Bundle(settings)
    shutil.rmtree(settings.out_dir)
    bundle.process(0, *sources(tmp_path, 1))
    with pytest.raises(StorageError, match="was removed during the run"):
        bundle.finish()


def test_images_outside_the_sample_are_skipped_and_not_read(tmp_path: Path) -> None:
    settings = dataclasses.replace(config(tmp_path), sample="1/3")
    missing = [source(tmp_path, f"{number}.jpg", None) for number in range(30)]
    progress.reset()
    bundle = Bundle(settings)
    bundle.process(0, *missing)
    (shard,) = [output.value for output in bundle.fn.finish_bundle() if isinstance(output, WindowedValue)]
    selected = {image.path for image in missing if in_sample(image.key, Fraction(1, 3))}
    assert 3 < len(selected) < 20
    assert progress.done == 30
    assert {row.source: row.reason for row in shard.rows} == {
        image.path: "unreadable" if image.path in selected else "sample" for image in missing
    }


@pytest.mark.parametrize("end", [transform._ResizeFn.start_bundle, transform._ResizeFn.teardown])
def test_a_failed_bundle_drops_the_images_that_are_not_begun(
    tmp_path: Path, gate: Gate, end: Callable[[transform._ResizeFn], None]
) -> None:
    progress.reset()
    bundle = Bundle(config(tmp_path))
    bundle.process(0, *held_sources(tmp_path, 40))
    bundle.process(1, *held_sources(tmp_path, 3, shard=1))
    gate.wait_for(2)
    end(bundle.fn)
    gate.open()
    bundle.process(2, *sources(tmp_path, 3, shard=2))
    assert bundle.finish() == [2]
    assert gate.begun < 20  # those that were sent to the processes earlier
    assert progress.done == 3  # dropped images are no progress


def test_a_shard_submitted_when_the_oldest_one_fails_is_dropped_too(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "_IMAGES_AHEAD", 1)
    bundle = Bundle(config(tmp_path))
    bundle.process(0, *held_sources(tmp_path, 3))
    gate.wait_for(2)
    failed = bundle.fn._ahead[0].batch
    assert failed is not None
    failed.cancel()
    with pytest.raises(CancelledError):
        bundle.process(1, *held_sources(tmp_path, 40, shard=1))
    bundle.fn.teardown()
    gate.open()
    other = Bundle(config(tmp_path))
    other.process(2, *sources(tmp_path, 1, shard=2))
    assert other.finish() == [2]
    assert gate.begun < 20


class _FailFn(beam.DoFn):
    """Fails while the images of the next shard are in progress. A runner pickles the instance without its class."""

    gate: Gate

    def process(self, element: ResizedShard) -> None:
        self.gate.wait_for(2)
        raise ZeroDivisionError(element.shard.name)


def test_a_runner_tears_down_what_a_failed_bundle_has_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    """In a complete graph, the next transform fails on the first shard while the second one is in progress."""
    monkeypatch.setattr(_FailFn, "gate", gate, raising=False)
    shards = [grouped(0), grouped(1, *held_sources(tmp_path, 40, shard=1))]
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
    gate.open()
    (image,) = sources(tmp_path, 1)
    assert len(workers_for(config(tmp_path)).submit([image], worker_settings(config(tmp_path))).results()) == 1
    assert gate.begun < 20


def test_a_dofn_can_be_pickled_before_and_after_a_bundle(tmp_path: Path) -> None:
    bundle = Bundle(config(tmp_path))
    for _ in range(2):
        copy = pickle.loads(pickle.dumps(bundle.fn))
        assert copy._config == config(tmp_path)
        bundle.process(0, *sources(tmp_path, 1))
        assert bundle.finish() == [0]
