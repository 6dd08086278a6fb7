import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue
from PIL import Image

from tests.support import image_bytes, jpeg, write_tree
from transforms import resize
from transforms.config import ResizeConfig, Split
from transforms.elements import Shard, Source
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.resize import at_once
from transforms.imaging.spec import ResizeSpec
from transforms.resize import Result, assemble, resize_source

SHARD = Shard("a", 0, 1)


def config(tmp_path: Path, *sizes: int, layout: str = "files") -> ResizeConfig:
    spec = ResizeSpec(sizes=sizes or (8,))
    return ResizeConfig((Split("a", f"{tmp_path}/in/**", f"{tmp_path}/in"),), f"{tmp_path}/out", spec, layout, 100, 2)


def source(tmp_path: Path, name: str, data: bytes | None) -> Source:
    if data is not None:
        write_tree(tmp_path / "in", {name: data})
    return Source(name.rpartition(".")[0], name, str(tmp_path / "in" / name), len(data or b""), 1.0)


def result(tmp_path: Path, name: str, data: bytes | None, *sizes: int) -> Result:
    return resize_source(source(tmp_path, name, data), config(tmp_path, *sizes), at_once)


def test_a_source_that_vanished_is_a_failure(tmp_path: Path) -> None:
    gone = result(tmp_path, "a.jpg", None)
    error = gone.outputs[8]
    assert isinstance(error, ImageError)
    assert (error.kind, error.message) == (Kind.UNREADABLE, "the file cannot be read: No such file or directory")
    assert (gone.bytes, gone.sha256, gone.header) == (None, None, None)


def test_what_is_known_of_an_image_stays_known_when_it_fails(tmp_path: Path) -> None:
    damaged = result(tmp_path, "a.jpg", jpeg(1, (400, 300))[:-900])
    assert damaged.header is not None
    assert damaged.header[:4] == ("JPEG", "RGB", 400, 300)
    (row,) = assemble(SHARD, "d", [damaged], config(tmp_path)).rows
    assert (row.source_format, row.source_width, row.status, row.reason, row.path) == (
        *("JPEG", 400, "failed", "truncated", None),
    )


def test_a_shard_is_in_the_order_of_its_keys(tmp_path: Path) -> None:
    names = ["b.jpg", "a/z.jpg", "a.jpg"]
    results = [result(tmp_path, name, jpeg(1, (9, 9)), 8, 4) for name in names]
    made = assemble(SHARD, "d", results, config(tmp_path, 8, 4))
    assert [(row.key, row.size) for row in made.rows] == [
        *(("a", 8), ("a", 4), ("a/z", 8), ("a/z", 4), ("b", 8), ("b", 4)),
    ]
    assert assemble(SHARD, "d", results[::-1], config(tmp_path, 8, 4)) == made
    assert [image.file.path for image in made.images][:2] == ["8/a.jpg", "4/a.jpg"]


def test_one_sample_a_key_in_an_archive(tmp_path: Path) -> None:
    results = [
        result(tmp_path, "a.jpg", jpeg(1, (9, 9))),
        result(tmp_path, "a.png", image_bytes(Image.new("L", (9, 9)), "PNG")),
    ]
    as_files = assemble(SHARD, "d", results, config(tmp_path))
    as_archive = assemble(SHARD, "d", results, config(tmp_path, layout="webdataset"))
    assert [row.status for row in as_files.rows] == ["written", "written"]
    assert [(row.source, row.status) for row in as_archive.rows] == [("a.jpg", "written"), ("a.png", "failed")]
    assert as_archive.failures[0].message == "its output 'a' is that of 'a.jpg'"


def test_a_failure_of_one_size_is_told_once_and_the_other_written(tmp_path: Path) -> None:
    webp = image_bytes(Image.new("RGB", (20, 10)), "WEBP")
    made = assemble(SHARD, "d", [result(tmp_path, "a.webp", webp, 20_000, 10)], config(tmp_path, 20_000, 10))
    assert [(row.size, row.status, row.reason) for row in made.rows] == [
        *((20_000, "failed", "output-too-large"), (10, "written", None)),
    ]
    assert [(row.error, row.stage) for row in made.failures] == [("output-too-large", "resize")]
    assert made.tally["images"] == {"matched": 1, "written": 0, "failed": 1, "skipped": 0}
    assert made.tally["outputs"]["10"]["images"] == 1


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
        listed = [
            (shard.split, Path(one.location).name.encode(), one.bytes, one.version)
            for one in sources
            for shard in [SHARD]
        ]
        outputs = self.fn.process((("a", number, 9), listed))
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
    outputs = bundle.fn.process((("a", 1, 9), [("a", b"b.jpg", 600, 1.0)]))
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
        return resize_source(one, config(tmp_path), at_once)

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
