"""A shard's sources and rows -> its images. The workers of the process stay busy from one shard to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import storage
from transforms.annotations.join import NO_ANNOTATIONS, join_annotations
from transforms.annotations.select import NO_LIMITS, Limits
from transforms.dataset.markers import Header, digest_of, read_header
from transforms.dataset.plan import Plan
from transforms.dataset.settings import versions
from transforms.imaging.errors import SkippedError
from transforms.layouts import LAYOUTS
from transforms.model.config import ResizeConfig
from transforms.model.json_lines import json_line
from transforms.model.keys import key_of
from transforms.model.records import Columns, ResizedShard, Shard
from transforms.resizing.assemble import NO_TABLES, FromTables, assemble
from transforms.resizing.batch import Batch
from transforms.resizing.library_check import check_libraries
from transforms.resizing.selection import selected_sources, skips
from transforms.resizing.source_result import SourceResult, without_output
from transforms.resizing.worker import WorkerSettings
from transforms.resizing.workers import workers_for
from transforms.sharding.items import ItemTuple, ShardItems, ShardTuple, unpack_items
from transforms.summary import counters
from transforms.summary.progress import progress
from transforms.summary.worker_log import forward_log
from transforms.tables.join import join

SHARDS, TALLIES = "shards", "tallies"

# The oldest shard is emitted only when the later shards have this many images for each worker process,
_IMAGES_AHEAD = 24
# or, if lists name the images, this many in all (one slow server must not make all others wait),
_LISTED_AHEAD = 2000
# or when this many shards, or unmatched rows of tables, are held.
_SHARDS_AHEAD, _ROWS_AHEAD = 64, 10_000


class _Submitted(NamedTuple):
    """A shard whose images are being processed, or, with `marker`, one that an earlier run or attempt has committed."""

    shard: Shard
    digest: str
    marker: Header | None = None
    of_tables: FromTables = NO_TABLES
    images: int = 0
    skipped: tuple[SourceResult, ...] = ()
    folders: frozenset[str] = frozenset()
    batch: Batch | None = None


class ResizeShards(beam.PTransform):
    """(shard, its sources and rows) -> `ResizedShard`s, and their tallies.

    The shards contain image data. Consume them only in a transform that the runner fuses with this one. For any other
    transform, the runner would store them.
    """

    def __init__(
        self, config: ResizeConfig, plan: beam.PCollection[Plan], limits: beam.PCollection[Limits] | None = None
    ) -> None:
        super().__init__()
        self._config = config
        self._plan = plan
        self._limits = limits

    def expand(self, grouped: beam.PCollection[tuple[ShardTuple, list[ItemTuple]]]) -> beam.pvalue.DoOutputsTuple:
        limits = beam.pvalue.AsSingleton(self._limits) if self._limits else NO_LIMITS
        resizing = beam.ParDo(_ResizeFn(self._config), beam.pvalue.AsSingleton(self._plan), limits)
        return grouped | "ResizeImages" >> resizing.with_outputs(TALLIES, main=SHARDS)


class _ResizeFn(beam.DoFn):
    """Submits further shards before it waits for the images of the oldest one, so that no worker is ever idle."""

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config
        self._versions = versions(config)  # in the process that builds the graph
        has_explicit_locations = any(split.has_explicit_locations for split in config.splits)
        self._images_ahead = _LISTED_AHEAD if has_explicit_locations else _IMAGES_AHEAD * config.processes
        self._ahead: deque[_Submitted] = deque()  # shards that are submitted but not emitted, the oldest first

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ahead": deque()}

    def setup(self) -> None:
        forward_log()
        check_libraries(self._config, self._versions)

    def start_bundle(self) -> None:
        self._cancel()  # shards that a failed bundle has left

    def process(
        self, grouped: tuple[ShardTuple, Iterable[ItemTuple]], plan: Plan, limits: Limits
    ) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        # An error below ends the bundle; `start_bundle` or `teardown` then cancels all submitted shards.
        shard = Shard(*grouped[0])
        items = unpack_items(shard, grouped[1], self._config)
        self._ahead.append(self._submit(shard, items, plan.columns, limits))
        while self._ahead and self._may_emit():
            yield from self._emit_oldest()

    def finish_bundle(self) -> Iterator[WindowedValue | beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        while self._ahead:
            for output in self._emit_oldest():
                if isinstance(output, beam.pvalue.TaggedOutput):
                    value = WindowedValue(output.value, window.start, [window])
                    yield beam.pvalue.TaggedOutput(output.tag, value)
                else:
                    yield WindowedValue(output, window.start, [window])

    def teardown(self) -> None:
        self._cancel()

    def _cancel(self) -> None:
        while self._ahead:
            if batch := self._ahead.pop().batch:
                batch.cancel()

    def _submit(self, shard: Shard, items: ShardItems, columns: Columns, limits: Limits) -> _Submitted:
        config, (sources, rows, _) = self._config, items
        folders = _met_folders(items)
        annotated = join_annotations(sources, rows, config.annotations) if config.annotations else NO_ANNOTATIONS
        skipped = skips(sources, annotated, config, limits)
        # Limits and folders depend on other shards, everything else on the settings and the rows.
        selection = json_line(sorted(skipped.items())) if limits != NO_LIMITS else b""
        selection += json_line(sorted(folders)) if folders else b""
        submitted = _Submitted(shard, digest_of(sources, rows, columns, selection))
        header = read_header(config.out_dir, shard)
        if header and header.fits(submitted.digest, config.retry_failed):
            return submitted._replace(marker=header)
        without = [
            without_output(source, config.spec, SkippedError(skipped[source.path]))
            for source in sources
            if source.path in skipped
        ]
        for result in without:
            progress.add_result(result.failed)
        images = selected_sources(sources, skipped, annotated, config)
        workers = workers_for(config)
        settings = WorkerSettings(config.spec, _staging(config), workers.memory, web=config.web)
        return submitted._replace(
            of_tables=FromTables(columns, join(sources, rows, columns, config), annotated.without(skipped)),
            images=len(images),
            skipped=tuple(without),
            folders=folders,
            batch=workers.submit(images, settings, progress.add_result),
        )

    def _may_emit(self) -> bool:
        """Return whether the oldest shard needs no waiting, or enough is submitted after it."""
        oldest, *behind = self._ahead
        return (
            oldest.batch is None
            or sum(submitted.images for submitted in behind) >= self._images_ahead
            or len(behind) >= _SHARDS_AHEAD
            or sum(len(submitted.of_tables.joined.unmatched) for submitted in self._ahead) >= _ROWS_AHEAD
        )

    def _emit_oldest(self) -> Iterator[ResizedShard | beam.pvalue.TaggedOutput]:
        """Wait for the images of the oldest shard, and yield its tally, then the shard."""
        resized = _resized(self._ahead[0], self._config)
        self._ahead.popleft()
        yield beam.pvalue.TaggedOutput(TALLIES, resized.tally)
        yield resized


def _met_folders(items: ShardItems) -> frozenset[str]:
    """Return the folders whose names the outputs of a shard may have."""
    keys = {source.key for source in items.sources} if items.folders else set()
    return frozenset(folder for folder in items.folders if key_of(folder) in keys)


def _staging(config: ResizeConfig) -> str:
    """Return the OUT in which workers store outputs if each output is a local file of its own, else ""."""
    is_staged = LAYOUTS[config.layout].keeps_tree and storage.is_local(config.out_dir)
    return config.out_dir if is_staged else ""


def _resized(submitted: _Submitted, config: ResizeConfig) -> ResizedShard:
    if submitted.marker:
        progress.add_resumed_shard(submitted.shard, submitted.marker.tally)
        return ResizedShard(submitted.shard, submitted.digest, submitted.marker.tally, committed=True)
    results = [*submitted.skipped, *(submitted.batch.results() if submitted.batch else [])]
    resized = assemble(submitted.shard, submitted.digest, results, config, submitted.of_tables, submitted.folders)
    counters.count(resized.tally, sum(resized.seconds.values()))
    return resized
