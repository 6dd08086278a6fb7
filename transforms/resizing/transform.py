"""A shard's sources and rows -> its images. The workers of the process stay busy from one shard to the next."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from loguru import logger

from transforms.dataset import attempts
from transforms.dataset.markers import Header, digest_of, read_header
from transforms.dataset.plan import Plan
from transforms.dataset.settings import versions
from transforms.imaging.errors import ImageError
from transforms.imaging.resize import ImageResult, Lap, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig
from transforms.model.records import Columns, ResizedShard, Shard, Source
from transforms.resizing.assemble import assemble
from transforms.resizing.environment import check_libraries
from transforms.resizing.isolated import IsolatedDecoder
from transforms.resizing.process import SourceResult, process_source
from transforms.resizing.workers import Work, workers_for
from transforms.sharding.group import ItemTuple, ShardItems, ShardTuple, unpack_items
from transforms.summary import counters
from transforms.summary.progress import progress
from transforms.summary.worker_log import forward_log
from transforms.tables.join import EMPTY_JOIN, JoinResult, join

SHARDS, TALLIES = "shards", "tallies"

# A shard is submitted while the previous one is at work only if the sources of both have fewer bytes than this.
LOOK_AHEAD_BYTES = 256_000_000


class _Submitted(NamedTuple):
    """A shard whose images are at work; or, with `marker`, one that an earlier run or attempt has committed."""

    shard: Shard
    digest: str
    columns: Columns
    marker: Header | None = None
    source_bytes: int = 0
    joined: JoinResult = EMPTY_JOIN
    work: Work[Source, SourceResult] | None = None


class ResizeShards(beam.PTransform):
    """(shard, its sources and rows) -> `ResizedShard`s, and their tallies.

    The shards hold images. Consume them only in a transform that the runner fuses to this one: a runner would store
    them for any other.
    """

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan

    def expand(self, grouped: beam.PCollection[tuple[ShardTuple, list[ItemTuple]]]) -> beam.pvalue.DoOutputsTuple:
        resizing = beam.ParDo(_ResizeFn(self._config), beam.pvalue.AsSingleton(self._plan))
        return grouped | "ResizeImages" >> resizing.with_outputs(TALLIES, main=SHARDS)


class _ResizeFn(beam.DoFn):
    """Submits each shard before it waits for the images of the previous one, so that no worker is ever idle."""

    _ahead: _Submitted | None = None  # the shard that was submitted last, and is not emitted yet

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config
        self._versions = versions(config)  # in the process that builds the graph

    def setup(self) -> None:
        forward_log()
        check_libraries(self._config, self._versions)

    def start_bundle(self) -> None:
        self._cancel()  # what a failed bundle has left

    def process(
        self, grouped: tuple[ShardTuple, Iterable[ItemTuple]], plan: Plan
    ) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        shard = Shard(*grouped[0])
        items = unpack_items(shard, grouped[1], self._config)
        source_bytes = sum(source.bytes for source in items.sources)
        if self._ahead and self._ahead.source_bytes + source_bytes > LOOK_AHEAD_BYTES:
            yield from self._emit_ahead()
        # An error below ends the bundle: `_ahead` is cancelled then, and `previous` if it is not complete.
        previous, self._ahead = self._ahead, self._submit(shard, items, plan.columns)
        if previous:
            yield from _emit(previous, self._config)

    def finish_bundle(self) -> Iterator[WindowedValue | beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        for output in self._emit_ahead():
            if isinstance(output, beam.pvalue.TaggedOutput):
                value = WindowedValue(output.value, window.start, [window])
                yield beam.pvalue.TaggedOutput(output.tag, value)
            else:
                yield WindowedValue(output, window.start, [window])

    def teardown(self) -> None:
        self._cancel()

    def _cancel(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.work:
            ahead.work.cancel()

    def _submit(self, shard: Shard, items: ShardItems, columns: Columns) -> _Submitted:
        sources, rows = items
        submitted = _Submitted(shard, digest_of(sources, rows, columns), columns)
        header = read_header(self._config.out_dir, shard)
        if header and header.fits(submitted.digest, self._config.retry_failed):
            return submitted._replace(marker=header)
        joined = join(sources, rows, columns, self._config)
        submit = _submit_images if attempts.begin(self._config.out_dir, shard) else _submit_isolated
        return submitted._replace(
            source_bytes=sum(source.bytes for source in sources),
            joined=joined,
            work=submit(shard, sorted(sources, key=lambda source: source.path), self._config),
        )

    def _emit_ahead(self) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        ahead, self._ahead = self._ahead, None
        if ahead:
            yield from _emit(ahead, self._config)


def _submit_images(_shard: Shard, sources: Sequence[Source], config: ResizeConfig) -> Work[Source, SourceResult]:
    workers = workers_for(config)
    process = functools.partial(
        process_source, config=config, process_image=functools.partial(process_image, admit=workers.budget.admit)
    )
    return workers.submit(sources, process, _count)


def _submit_isolated(shard: Shard, sources: Sequence[Source], config: ResizeConfig) -> Work[Source, SourceResult]:
    """Submit the images of a shard that an earlier attempt did not finish: one of them may have ended its process."""
    logger.warning(
        "an earlier attempt at {} did not finish: decoding its images one at a time in a separate process",
        shard.name,
    )
    workers = workers_for(config)
    isolated = IsolatedDecoder(workers.budget.limit)

    def process_isolated(data: bytes, spec: ResizeSpec, *, lap: Lap) -> ImageResult:
        with workers.budget.admit_alone():  # the other process may take all of it
            return isolated.process(data, spec, lap=lap)

    process = functools.partial(process_source, config=config, process_image=process_isolated)
    return workers.submit(sources, process, _count, on_end=isolated.close, at_once=1)


def _count(result: SourceResult) -> None:
    progress.add_result(any(isinstance(output, ImageError) for output in result.image.outputs.values()), result.seconds)


def _emit(submitted: _Submitted, config: ResizeConfig) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
    """Wait for the images of a shard, and yield its tally and the shard."""
    resized = _resized(submitted, config)
    yield beam.pvalue.TaggedOutput(TALLIES, resized.tally)
    yield resized


def _resized(submitted: _Submitted, config: ResizeConfig) -> ResizedShard:
    if submitted.marker:
        progress.add_resumed_shard(submitted.shard, submitted.marker.tally)
        return ResizedShard(submitted.shard, submitted.digest, submitted.marker.tally, committed=True)
    results = submitted.work.results() if submitted.work else []
    resized = assemble(submitted.shard, submitted.digest, results, config, submitted.joined)
    counters.count(resized.tally, sum(sum(result.seconds.values()) for result in results))
    return resized._replace(columns=submitted.columns)
