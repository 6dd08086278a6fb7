"""A shard's sources -> its images, resized by threads that stay busy from one shard to the next."""

from __future__ import annotations

import functools
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics, storage
from transforms.budget import MemoryBudget, machine_memory
from transforms.config import ResizeConfig
from transforms.elements import FailureRow, ManifestRow, OutputImage, ResizedShard, Shard, Source, StoredFile
from transforms.errors import StorageError
from transforms.imaging import decode
from transforms.imaging.errors import ImageError, Kind, Note, Skip, SkippedError, Stage
from transforms.imaging.naming import in_sample
from transforms.imaging.resize import Admit, Encoded, resize_image
from transforms.imaging.spec import library_versions
from transforms.layouts import LAYOUTS
from transforms.marker import Header, digest_of, read_header
from transforms.match import Listed, unlist
from transforms.metrics import progress
from transforms.shard import ShardTuple, is_seed
from transforms.summarize import tally
from transforms.worker import check_libraries, hand_over_log

SHARDS, TALLIES = "shards", "tallies"

# A shard is begun while the one before is still worked on only if both have fewer bytes of sources.
LOOK_AHEAD_BYTES = 256_000_000


Output = Encoded | ImageError | SkippedError


class Result(NamedTuple):
    """What became of one source, before it has a name in the dataset.

    `header` is None where no image could be opened. `outputs` has an `Encoded`, or the reason why there
    is none, for each size. `notes` say what happened to it on the way.
    """

    source: Source
    bytes: int | None
    sha256: str | None
    header: decode.Source | None
    extension: str
    outputs: dict[int, Output]
    notes: tuple[Note, ...]
    msec: int


def resize_source(source: Source, config: ResizeConfig, admit: Admit) -> Result:
    """Reads one source and makes all its sizes; whatever is wrong with it is in the result."""
    start = time.thread_time()
    data = header = None
    extension = ""
    notes: tuple[Note, ...] = ()
    try:
        if not in_sample(source.key, Fraction(config.sample)):
            raise SkippedError(Skip.SAMPLE)
        data = _read(source.location)
        opened = decode.open_image(data, config.spec.max_pixels)
        header = opened.source
        notes = header.notes
        resized = resize_image(opened, config.spec, admit)
        extension = resized.extension
        notes += resized.notes
        outputs: dict[int, Output] = dict(zip(sorted(config.spec.sizes, reverse=True), resized.outputs, strict=True))
    except (ImageError, SkippedError) as error:
        outputs = dict.fromkeys(config.spec.sizes, error)
    return Result(
        source=source,
        bytes=None if data is None else len(data),
        sha256=None if data is None else hashlib.sha256(data).hexdigest(),
        header=header,
        extension=extension,
        outputs=outputs,
        notes=notes,
        msec=round(1000 * (time.thread_time() - start)),
    )


def _read(location: str) -> bytes:
    try:
        return storage.read(location)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error


def assemble(shard: Shard, digest: str, results: Iterable[Result], config: ResizeConfig) -> ResizedShard:
    """A shard's results as rows, failures and named images, in the order of their keys.

    Of several images with one name the first is written, and the others are failures that name it.
    """
    rows: list[ManifestRow] = []
    failures: list[FailureRow] = []
    images: list[OutputImage] = []
    owners: dict[str, str] = {}
    for result in sorted(results, key=lambda result: (result.source.key, result.source.path)):
        named = _named(shard, result, owners, config)
        errors = {str(error): error for error in named.outputs.values() if isinstance(error, ImageError)}
        failures += [_failure(result.source, error) for error in errors.values()]
        for size, output in named.outputs.items():
            row, image = _row(shard, named, size, output, config)
            rows.append(row)
            images += [image] if image else []
    counts = tally(rows, failures, config.spec.sizes)
    return ResizedShard(shard, digest, counts, tuple(rows), tuple(failures), tuple(images))


def _named(shard: Shard, result: Result, owners: dict[str, str], config: ResizeConfig) -> Result:
    """`result` where its name is free and can be stored; else the same source as a failure."""
    if not any(isinstance(output, Encoded) for output in result.outputs.values()):
        return result
    layout = LAYOUTS[config.layout]
    name = layout.name_of(result.source.key, result.extension)
    problem = layout.problem_of(_path(shard, name, config.spec.sizes[0], result.extension, config))
    owner = owners.setdefault(name, result.source.path)
    if owner != result.source.path:
        problem = Kind.NAME_TAKEN, f"its output {name!r} is that of {owner!r}"
    if problem is None:
        return result
    kind, message = problem
    return result._replace(outputs=dict.fromkeys(result.outputs, ImageError(kind, Stage.NAME, message)))


def _path(shard: Shard, name: str, size: int, extension: str, config: ResizeConfig) -> str:
    return LAYOUTS[config.layout].image_path(shard, config.size_folder(size), name, extension)


def _failure(source: Source, error: ImageError) -> FailureRow:
    return FailureRow(source.key, source.path, error.stage, error.kind, error.message)


def _row(
    shard: Shard, result: Result, size: int, output: Output, config: ResizeConfig
) -> tuple[ManifestRow, OutputImage | None]:
    header = result.header
    row = ManifestRow(
        key=result.source.key,
        source=result.source.path,
        source_bytes=result.bytes,
        source_sha256=result.sha256,
        source_format=header.format if header else None,
        source_mode=header.mode if header else None,
        source_width=header.width if header else None,
        source_height=header.height if header else None,
        size=size,
        notes=result.notes,
    )
    if isinstance(output, ImageError):
        return row._replace(reason=output.kind), None
    if isinstance(output, SkippedError):
        return row._replace(status="skipped", reason=output.reason), None
    name = LAYOUTS[config.layout].name_of(result.source.key, result.extension)
    path = _path(shard, name, size, result.extension, config)
    row = row._replace(
        path=path,
        width=output.target.width,
        height=output.target.height,
        orientation=output.target.orientation,
        source_box=output.target.source_box,
        output_box=output.target.output_box,
        bytes=len(output.data),
        sha256=output.sha256,
        status="written",
    )
    return row, OutputImage(row, name, StoredFile(path, output.data, output.sha256))


class _Started(NamedTuple):
    """A shard that was taken up: its results to come, or the marker that makes them needless."""

    shard: Shard
    digest: str
    source_bytes: int
    results: Sequence[Future[Result]]
    marker: Header | None


_POOLS: dict[int, ThreadPoolExecutor] = {}


def _pool(threads: int) -> ThreadPoolExecutor:
    """The threads of this process, shared by all its DoFns."""
    return _POOLS.setdefault(threads, ThreadPoolExecutor(threads, thread_name_prefix="resize"))


def abandon() -> None:
    """Drops what the threads of this process have not begun: nobody waits for it after a run that failed."""
    while _POOLS:
        _POOLS.popitem()[1].shutdown(cancel_futures=True)


@functools.cache
def _budget(limit: int | None, processes: int) -> MemoryBudget:
    """The memory of this process, one of so many on its machine, shared by all its DoFns."""
    return MemoryBudget(limit or machine_memory() // 2 // processes)


class ResizeShards(beam.PTransform):
    """(shard, its sources) -> `ResizedShard`s, and their tallies.

    The shards hold images: they must be consumed by what the runner fuses to this transform, and by
    nothing else.
    """

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, grouped: beam.PCollection[tuple[ShardTuple, list[Listed]]]) -> beam.pvalue.DoOutputsTuple:
        return grouped | "ResizeImages" >> beam.ParDo(_ResizeFn(self._config)).with_outputs(TALLIES, main=SHARDS)


class _ResizeFn(beam.DoFn):
    """Takes a shard up, and gives out the one that it took up before: the threads never run dry."""

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config
        self._versions = library_versions(config.spec)  # where the graph is built

    def setup(self) -> None:
        hand_over_log()
        check_libraries(self._config.spec, self._versions)

    def start_bundle(self) -> None:
        self._ahead: _Started | None = None  # what a failed bundle left is dropped

    def process(
        self, grouped: tuple[ShardTuple, Iterable[Listed]]
    ) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        shard = Shard(*grouped[0])
        sources = [unlist(listed, self._config) for listed in grouped[1] if not is_seed(listed)]
        source_bytes = sum(source.bytes for source in sources)
        if self._ahead and self._ahead.source_bytes + source_bytes > LOOK_AHEAD_BYTES:
            yield from self._give_out()
        started = self._take_up(shard, sources, source_bytes)
        yield from self._give_out()
        self._ahead = started

    def finish_bundle(self) -> Iterator[WindowedValue | beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        for output in self._give_out():
            if isinstance(output, beam.pvalue.TaggedOutput):
                value = WindowedValue(output.value, window.start, [window])
                yield beam.pvalue.TaggedOutput(output.tag, value)
            else:
                yield WindowedValue(output, window.start, [window])

    def _take_up(self, shard: Shard, sources: Sequence[Source], source_bytes: int) -> _Started:
        digest = digest_of(sources)
        header = read_header(self._config.out_dir, shard)
        if header and header.fits(digest):
            return _Started(shard, digest, 0, (), header)
        processes = (os.cpu_count() or 1) if self._config.process_per_core else 1
        work = functools.partial(_work, config=self._config, admit=_budget(self._config.memory, processes).admit)
        pool = _pool(self._config.threads)
        ordered = sorted(sources, key=lambda source: source.path)
        return _Started(shard, digest, source_bytes, [pool.submit(work, source) for source in ordered], None)

    def _give_out(self) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        started, self._ahead = self._ahead, None
        if started is None:
            return
        resized = self._resized(started)
        yield beam.pvalue.TaggedOutput(TALLIES, resized.tally)
        yield resized

    def _resized(self, started: _Started) -> ResizedShard:
        if started.marker:
            images = started.marker.tally["images"]
            progress.passed_over(images["matched"], images["failed"])
            return ResizedShard(started.shard, started.digest, started.marker.tally, committed=True)
        results = [future.result() for future in started.results]
        resized = assemble(started.shard, started.digest, results, self._config)
        metrics.count(resized.tally, sum(result.msec for result in results))
        return resized


def _work(source: Source, config: ResizeConfig, admit: Admit) -> Result:
    result = resize_source(source, config, admit)
    progress.worked(any(isinstance(output, ImageError) for output in result.outputs.values()))
    return result
