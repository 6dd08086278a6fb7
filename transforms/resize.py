"""A shard's sources -> its images, resized by threads that stay busy from one shard to the next."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from loguru import logger

from transforms import attempts, metrics
from transforms.apart import Apart
from transforms.assemble import assemble
from transforms.budget import MemoryBudget, machine_memory
from transforms.config import ResizeConfig, versions
from transforms.dataset import Plan
from transforms.elements import Columns, ResizedShard, Shard, Source
from transforms.imaging.errors import ImageError
from transforms.imaging.resize import make
from transforms.join import NOTHING_JOINED, Joined, join
from transforms.marker import Header, digest_of, read_header
from transforms.metrics import progress
from transforms.shard import Member, Members, ShardTuple, unpack
from transforms.source import Make, Result, resize_source
from transforms.worker import check_libraries, hand_over_log

SHARDS, TALLIES = "shards", "tallies"

# A shard is begun while the one before is still worked on only if both have fewer bytes of sources.
LOOK_AHEAD_BYTES = 256_000_000


_POOLS: dict[int, ThreadPoolExecutor] = {}


def _pool(threads: int) -> ThreadPoolExecutor:
    """The threads of this process, shared by all its DoFns."""
    return _POOLS.setdefault(threads, ThreadPoolExecutor(threads, thread_name_prefix="resize"))


def abandon() -> None:
    """Drops what the threads of this process have not begun: nobody waits for it after a run that failed."""
    while _POOLS:
        _POOLS.popitem()[1].shutdown(cancel_futures=True)


class _Queue:
    """A shard's sources, which the threads take one after the other: a future for each would cost more than a row."""

    def __init__(self, sources: Iterable[Source], work: Callable[[Source], Result], threads: int) -> None:
        self._left = deque(sources)
        self._work = work
        self._pool = _pool(threads)
        self._taken = [self._pool.submit(self._take) for _ in range(min(threads, len(self._left)))]

    def results(self) -> list[Result]:
        """What became of all of them, once that is known."""
        return [result for taken in self._taken for result in taken.result()]

    def _take(self) -> list[Result]:
        results = []
        while self._pool in _POOLS.values():  # it is not abandoned
            try:
                source = self._left.popleft()
            except IndexError:
                break
            results.append(self._work(source))
        return results


class _Started(NamedTuple):
    """A shard that was taken up: its results to come, or the marker that makes them needless."""

    shard: Shard
    digest: str
    columns: Columns
    marker: Header | None = None
    source_bytes: int = 0
    joined: Joined = NOTHING_JOINED
    queue: _Queue | None = None
    apart: Apart | None = None


@functools.cache
def _budget(config: ResizeConfig) -> MemoryBudget:
    """The memory of this process, shared by all its DoFns."""
    processes = (os.cpu_count() or 1) if config.process_per_core else 1
    return MemoryBudget(config.memory or machine_memory() // 2 // processes)


class ResizeShards(beam.PTransform):
    """(shard, its sources and rows) -> `ResizedShard`s, and their tallies.

    The shards hold images: they must be consumed by what the runner fuses to this transform, and by
    nothing else.
    """

    def __init__(self, config: ResizeConfig, plan: beam.PCollection[Plan]) -> None:
        super().__init__()
        self._config = config
        self._plan = plan

    def expand(self, grouped: beam.PCollection[tuple[ShardTuple, list[Member]]]) -> beam.pvalue.DoOutputsTuple:
        resizing = beam.ParDo(_ResizeFn(self._config), beam.pvalue.AsSingleton(self._plan))
        return grouped | "ResizeImages" >> resizing.with_outputs(TALLIES, main=SHARDS)


class _ResizeFn(beam.DoFn):
    """Takes a shard up, and gives out the one that it took up before: the threads never run dry."""

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config
        self._versions = versions(config)  # where the graph is built

    def setup(self) -> None:
        hand_over_log()
        check_libraries(self._config, self._versions)

    def start_bundle(self) -> None:
        self._ahead: _Started | None = None  # what a failed bundle left is dropped

    def process(
        self, grouped: tuple[ShardTuple, Iterable[Member]], plan: Plan
    ) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        shard = Shard(*grouped[0])
        members = unpack(shard, grouped[1], self._config)
        source_bytes = sum(source.bytes for source in members.sources)
        if self._ahead and self._ahead.source_bytes + source_bytes > LOOK_AHEAD_BYTES:
            yield from self._give_out()
        started = self._take_up(shard, members, plan.columns)
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

    def _take_up(self, shard: Shard, members: Members, columns: Columns) -> _Started:
        sources, rows = members
        started = _Started(shard, digest_of(sources, rows, columns), columns)
        header = read_header(self._config.out_dir, shard)
        if header and header.fits(started.digest, self._config.retry_failed):
            return started._replace(marker=header)
        apart = None
        budget = _budget(self._config)
        making: Make = functools.partial(make, admit=budget.admit)
        if not attempts.begin(self._config.out_dir, shard):
            logger.warning("{} was begun before and not finished: its images are made one by one, apart", shard.name)
            apart = Apart(budget.limit)
            making = apart.make
        work = functools.partial(_work, config=self._config, make=making)
        ordered = sorted(sources, key=lambda source: source.path)
        return started._replace(
            source_bytes=sum(source.bytes for source in sources),
            joined=join(sources, rows, columns, self._config),
            queue=_Queue(ordered, work, self._config.threads),
            apart=apart,
        )

    def _give_out(self) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        started, self._ahead = self._ahead, None
        if started is None:
            return
        resized = self._resized(started)
        yield beam.pvalue.TaggedOutput(TALLIES, resized.tally)
        yield resized

    def _resized(self, started: _Started) -> ResizedShard:
        if started.marker:
            progress.passed_over(started.shard, started.marker.tally)
            return ResizedShard(started.shard, started.digest, started.marker.tally, committed=True)
        results = started.queue.results() if started.queue else []
        if started.apart:
            started.apart.close()
        resized = assemble(started.shard, started.digest, results, self._config, started.joined)
        metrics.count(resized.tally, sum(sum(result.seconds.values()) for result in results))
        return resized._replace(columns=started.columns)


def _work(source: Source, config: ResizeConfig, make: Make) -> Result:
    result = resize_source(source, config, make)
    progress.worked(any(isinstance(output, ImageError) for output in result.made.outputs.values()), result.seconds)
    return result
