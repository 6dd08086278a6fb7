"""List the images in the inputs and in their archives, and count all other files."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import os
from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystem import FileMetadata
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import storage
from transforms.listing.files import list_files, list_range
from transforms.listing.lists import Entry, locations, read_entries
from transforms.listing.open_archives import ARCHIVES, SOURCE_TYPE, SOURCES, TALLIES, OpenArchives
from transforms.listing.ranges import name_ranges
from transforms.listing.split import SourceTuple, SplitListing
from transforms.model.config import ResizeConfig, Split
from transforms.model.keys import key_of
from transforms.model.places import GzipMember, ListRow, unpack
from transforms.model.records import Source, Tally
from transforms.storage.beam import expression_of, widened
from transforms.storage.paths import escaped
from transforms.storage.s3 import is_object
from transforms.summary.tally import merge
from transforms.web.urls import is_web, path_of


def to_source(source: SourceTuple, config: ResizeConfig, index_dir: str = "") -> Source:
    """Convert a source from its shuffled form. For `index_dir`, see `SplitListing`."""
    split, relative, size, version, packed = source
    path = os.fsdecode(relative)
    prefixed = config.key_prefix(split) + path
    place, file = unpack(packed, path)
    if isinstance(place, GzipMember):
        place = place._replace(index_dir=storage.join(index_dir or config.out_dir, place.index_dir))
    location = file if isinstance(place, ListRow) else storage.join(config.root_of(split), file)
    return Source(key_of(prefixed), prefixed, location, size, version, place)


def count_images(config: ResizeConfig) -> Tally:
    """List all splits in this process, and return their tally. Count each archive as one image of the archive's size.

    Raises:
        StorageError: a split cannot be listed.
    """
    tallies: list[Tally] = []
    for split in config.splits:
        listing = SplitListing(split, config)
        if split.has_explicit_locations:
            collections.deque(map(listing.add_entry, entries_of(split, config)), maxlen=0)
        for file in () if split.has_explicit_locations else list_files(split.pattern, config.list_prefixes):
            if archive := listing.archive_of(*file):
                tallies.append({"splits": {split.name: {"images": 1, "bytes": archive.size}}})
            else:
                listing.add_file(*file)
        tallies.append(listing.tally())
    return merge(tallies)


def entries_of(split: Split, config: ResizeConfig) -> Iterator[Entry]:
    """Yield the rows of all lists of a split. If the split is the web address of an image, yield one row for it."""
    if split.is_url:
        yield Entry(path_of(split.pattern), split.pattern, ListRow(1), {})
        return
    for location in locations(split.pattern):
        yield from read_entries(location, split.root, config.list_columns, config.web)


class MatchSources(beam.PTransform):
    """Pipeline -> the sources of all splits, and tallies of the listing.

    The tallies contain the images and bytes of each split and of each .tar.gz, the number of other files with each
    extension, of files of operating systems, and of unreadable parts of archives, and the additional columns of lists.
    With --label_from, they also contain the number of images of each class in the sample. Files below OUT are not
    counted.
    """

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[SourceTuple], beam.PCollection[Tally]]:
        listings = [self._list(pipeline, split) for split in self._config.splits]
        if self._config.may_hold_archives:
            archives = tuple(listing[ARCHIVES] for listing in listings) | "FlattenArchives" >> beam.Flatten()
            # Reshuffled, so that several workers open archives at the same time.
            listings.append(archives | "SpreadArchives" >> beam.Reshuffle() | OpenArchives(self._config))
        sources = tuple(listing[SOURCES] for listing in listings) | "FlattenSplits" >> beam.Flatten()
        tallies = tuple(listing[TALLIES] for listing in listings) | "FlattenTallies" >> beam.Flatten()
        return sources, tallies

    def _list(self, pipeline: beam.Pipeline, split: Split) -> beam.pvalue.DoOutputsTuple:
        if split.has_explicit_locations:
            reading = beam.ParDo(_ReadListFn(split, self._config)).with_outputs(TALLIES, main=SOURCES)
            lists = [split.pattern] if split.is_url else locations(split.pattern)
            lists_there = pipeline | f"Lists[{split.name}]" >> beam.Create(list(map(os.fsencode, lists)))
            if len(lists) > 1:
                lists_there |= f"SpreadLists[{split.name}]" >> beam.Reshuffle()
            return lists_there | f"ReadLists[{split.name}]" >> reading
        if self._config.list_prefixes or is_object(split.pattern):
            match: beam.PTransform = _MatchRanges(split, self._config.list_prefixes)
        else:
            match = _MatchFiles(split.pattern)
        listing = beam.ParDo(_ListFn(split, self._config))
        return (
            pipeline
            | f"MatchFiles[{split.name}]" >> match
            | f"ReadMatches[{split.name}]" >> fileio.ReadMatches()
            | f"ListSources[{split.name}]" >> listing.with_outputs(TALLIES, ARCHIVES, main=SOURCES)
        )


class _MatchFiles(beam.PTransform):
    """Pipeline -> FileMetadata of the files that match a pattern, see `storage.beam.expression_of`."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = pattern

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[FileMetadata]:
        wide = widened(self._pattern)
        files = pipeline | "Match" >> fileio.MatchFiles(wide, fileio.EmptyMatchTreatment.ALLOW)
        if wide == self._pattern:
            return files
        expression = expression_of(self._pattern)
        return files | "Narrow" >> beam.Filter(lambda file: expression.match(file.path) is not None)


class _MatchRanges(beam.PTransform):
    """Pipeline -> FileMetadata, as from MatchFiles, listed in parallel. No process holds the whole listing."""

    def __init__(self, split: Split, alphabet: str) -> None:
        super().__init__()
        self._split = split
        self._alphabet = alphabet

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[FileMetadata]:
        pattern = self._split.pattern
        return (
            pipeline
            | "Ranges" >> beam.Create(name_ranges(self._alphabet))
            | "SpreadRanges" >> beam.Reshuffle()
            | "ListRanges" >> beam.FlatMap(lambda names: itertools.starmap(FileMetadata, list_range(pattern, names)))
        )


@beam.typehints.with_output_types(SOURCE_TYPE)
class _ListFn(beam.DoFn):
    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._config = config

    def start_bundle(self) -> None:
        self._listing = SplitListing(self._split, self._config)

    def process(self, file: fileio.ReadableFile) -> Iterator[SourceTuple | beam.pvalue.TaggedOutput]:
        metadata = file.metadata
        listed = metadata.path, metadata.size_in_bytes, metadata.last_updated_in_seconds or 0.0
        if self._listing.archive_of(*listed):
            yield beam.pvalue.TaggedOutput(ARCHIVES, (self._split.name, os.fsencode(listed[0]), *listed[1:]))
        elif source := self._listing.add_file(*listed):
            yield source

    def finish_bundle(self) -> Iterable[beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        yield beam.pvalue.TaggedOutput(TALLIES, WindowedValue(self._listing.tally(), window.start, [window]))


@beam.typehints.with_output_types(SOURCE_TYPE)
class _ReadListFn(beam.DoFn):
    """Reads a list row by row in one worker. All workers process the shards of the rows."""

    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._config = config

    def process(self, encoded: bytes) -> Iterator[SourceTuple | beam.pvalue.TaggedOutput]:
        location = os.fsdecode(encoded)
        listing = SplitListing(self._split, self._config)
        split = dataclasses.replace(self._split, pattern=location if is_web(location) else escaped(location))
        yield from map(listing.add_entry, entries_of(split, self._config))
        yield beam.pvalue.TaggedOutput(TALLIES, listing.tally())
