"""List the images in archives."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.listing.split import SourceTuple, SplitListing
from transforms.model.config import ResizeConfig
from transforms.sources.archive import Archive, prepare
from transforms.sources.members import ArchiveError
from transforms.summary.worker_log import forward_log

SOURCE_TYPE = beam.typehints.Tuple[str, bytes, int, float, bytes]
SOURCES, TALLIES, ARCHIVES = "sources", "tallies", "archives"

# The shuffled form of an archive: split, path, bytes, version.
ArchiveTuple = tuple[str, bytes, int, float]


class OpenArchives(beam.PTransform):
    """Archives -> their images in their shuffled form, and tallies of their contents, as in `MatchSources`."""

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, archives: beam.PCollection[ArchiveTuple]) -> beam.pvalue.DoOutputsTuple:
        return archives | "ListMembers" >> beam.ParDo(_OpenFn(self._config)).with_outputs(TALLIES, main=SOURCES)


@beam.typehints.with_output_types(SOURCE_TYPE)
class _OpenFn(beam.DoFn):
    """Prepares one archive per processor core at the same time, because each .tar.gz must be unpacked."""

    def __init__(self, config: ResizeConfig) -> None:
        self._config = config

    def setup(self) -> None:
        forward_log()
        self._at_once = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix="archive")

    def start_bundle(self) -> None:
        self._listings: dict[str, SplitListing] = {}
        self._ahead: deque[tuple[str, Archive, Future[None]]] = deque()

    def process(self, archive: ArchiveTuple) -> Iterator[SourceTuple]:
        split, path, size, version = archive
        opened = Archive(os.fsdecode(path), size, version)
        self._ahead.append((split, opened, self._threads.submit(_prepare, opened, self._config.out_dir)))
        while len(self._ahead) >= self._at_once:
            yield from self._list_oldest()

    def _list_oldest(self) -> Iterator[SourceTuple]:
        split, archive, prepared = self._ahead.popleft()
        prepared.result()
        if split not in self._listings:
            (of_split,) = (of_split for of_split in self._config.splits if of_split.name == split)
            self._listings[split] = SplitListing(of_split, self._config)
        yield from self._listings[split].open_archive(archive)

    def finish_bundle(self) -> Iterable[Any]:
        window = GlobalWindow()
        while self._ahead:
            for source in self._list_oldest():
                yield WindowedValue(source, window.start, [window])
        for listing in self._listings.values():
            yield beam.pvalue.TaggedOutput(TALLIES, WindowedValue(listing.tally(), window.start, [window]))

    def teardown(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _prepare(archive: Archive, out_dir: str) -> None:
    with contextlib.suppress(ArchiveError):  # listing the archive raises the same error
        prepare(archive, out_dir)
