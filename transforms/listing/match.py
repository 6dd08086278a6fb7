"""The inputs -> the images in them, and the number of other files."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.filesystem import FileMetadata
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import storage
from transforms.imaging.naming import extension_of, in_sample, is_system_file, is_tried, key_of
from transforms.listing.files import list_files, list_range
from transforms.listing.lists import Entry, locations, read_entries
from transforms.listing.ranges import name_ranges
from transforms.model.config import COLUMNS, ResizeConfig, Split
from transforms.model.places import Listed, pack, unpack
from transforms.model.records import Source, Tally
from transforms.storage.paths import escaped
from transforms.storage.s3 import is_object
from transforms.summary.tally import merge
from transforms.tables.columns import Profile, folder_class
from transforms.web.urls import is_web, path_of

# A source as it is shuffled: split, path below the split's root, bytes, version, place (see `places.pack`). A typed
# tuple takes a fifth of a pickled file handle. The path is bytes, since names need not be UTF-8.
SourceTuple = tuple[str, bytes, int, float, bytes]
SOURCE_TYPE = beam.typehints.Tuple[str, bytes, int, float, bytes]

SOURCES, TALLIES = "sources", "tallies"


def to_source(source: SourceTuple, config: ResizeConfig) -> Source:
    """Convert a source from its shuffled form."""
    split, relative, size, version, packed = source
    path = os.fsdecode(relative)
    prefixed = config.key_prefix(split) + path
    place, file = unpack(packed, path)
    location = file if isinstance(place, Listed) else storage.join(config.root_of(split), file)
    return Source(key_of(prefixed), prefixed, location, size, version, place)


class SplitListing:
    """Selects the images of a split from the files that matched, and counts the images and the other files."""

    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._out_dir = config.out_dir
        self._folders_are_classes = bool(config.label_from)
        self._any_name = config.any_name
        self._prefix, self._sample = config.key_prefix(split.name), Fraction(config.sample)
        self._images = self._bytes = self._system_files = 0
        self._others: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._profile = Profile(COLUMNS)

    def add_file(self, path: str, size: int, version: float) -> SourceTuple | None:
        """Count a file, and return it in its shuffled form, or None if it is not an image by its name.

        Ignore a file below OUT or outside the root of the split.
        """
        if storage.is_inside(path, self._out_dir) or not storage.is_inside(path, self._split.root):
            return None
        relative = storage.below(self._split.root, path)
        if is_system_file(relative):
            self._system_files += 1
            return None
        if not is_tried(path, self._any_name):
            self._others[extension_of(path)] += 1
            return None
        self._images += 1
        self._bytes += size
        if self._folders_are_classes:
            self._count_class(relative)
        return self._split.name, os.fsencode(relative), size, version, b""

    def add_entry(self, entry: Entry) -> SourceTuple:
        """Count a row of a list, and return its image in its shuffled form, whatever its name."""
        self._images += 1
        self._profile.add_cells(entry.cells)
        if self._folders_are_classes:
            self._count_class(entry.path)
        return self._split.name, os.fsencode(entry.path), 0, 0.0, pack(entry.place, entry.location)

    def _count_class(self, relative: str) -> None:
        """Count an image of a class if --sample takes it."""
        folder = folder_class(relative)
        if folder and in_sample(key_of(self._prefix + relative), self._sample):
            self._classes[folder] += 1

    def tally(self) -> Tally:
        """Return the tally of the files so far, see `MatchSources`."""
        counts: Tally = {
            "splits": {self._split.name: {"images": self._images, "bytes": self._bytes}},
            "not_images": dict(self._others),
            "system_files": self._system_files,
        }
        if self._split.is_listed:
            counts["lists"] = self._profile.columns()
        return {**counts, "classes": dict(self._classes)} if self._folders_are_classes else counts


def count_images(config: ResizeConfig) -> Tally:
    """List all splits in this process, and return their tally.

    Raises:
        StorageError: a split cannot be listed.
    """
    listings = [SplitListing(split, config) for split in config.splits]
    for split, listing in zip(config.splits, listings, strict=True):
        collections.deque(list_split(split, listing, config), maxlen=0)
    return merge(listing.tally() for listing in listings)


def list_split(split: Split, listing: SplitListing, config: ResizeConfig) -> Iterator[SourceTuple]:
    """List a split in this process: yield its sources, and count all of its files in `listing`.

    Raises:
        RunError: it cannot be listed.
    """
    if split.is_listed:
        yield from map(listing.add_entry, entries_of(split, config))
        return
    for file in list_files(split.pattern, config.list_prefixes):
        if source := listing.add_file(*file):
            yield source


def entries_of(split: Split, config: ResizeConfig) -> Iterator[Entry]:
    """Yield the rows of all lists of a split; the only one of a split that is a web address."""
    if split.is_url:
        yield Entry(path_of(split.pattern), split.pattern, Listed(1), {})
        return
    for location in locations(split.pattern):
        yield from read_entries(location, config.lists, config.web)


class MatchSources(beam.PTransform):
    """Pipeline -> the sources of all splits, and tallies of the listing.

    The tallies count the images and bytes of each split, other files by their extension, and files of operating
    systems; with --labels also the images of the sample by their class. Files below OUT are not counted.
    """

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[SourceTuple], beam.PCollection[Tally]]:
        listings = [self._list(pipeline, split) for split in self._config.splits]
        sources = tuple(listing[SOURCES] for listing in listings) | "FlattenSplits" >> beam.Flatten()
        tallies = tuple(listing[TALLIES] for listing in listings) | "FlattenTallies" >> beam.Flatten()
        return sources, tallies

    def _list(self, pipeline: beam.Pipeline, split: Split) -> beam.pvalue.DoOutputsTuple:
        if split.is_listed:
            reading = beam.ParDo(_ReadListFn(split, self._config)).with_outputs(TALLIES, main=SOURCES)
            lists = [split.pattern] if split.is_url else locations(split.pattern)
            lists_there = pipeline | f"Lists[{split.name}]" >> beam.Create(lists)
            if len(lists) > 1:
                lists_there |= f"SpreadLists[{split.name}]" >> beam.Reshuffle()
            return lists_there | f"ReadLists[{split.name}]" >> reading
        if self._config.list_prefixes or is_object(split.pattern):
            match: beam.PTransform = _MatchRanges(split, self._config.list_prefixes)
        else:
            match = fileio.MatchFiles(split.pattern, fileio.EmptyMatchTreatment.ALLOW)
        return (
            pipeline
            | f"MatchFiles[{split.name}]" >> match
            | f"ReadMatches[{split.name}]" >> fileio.ReadMatches()
            | f"ListSources[{split.name}]"
            >> beam.ParDo(_ListFn(split, self._config)).with_outputs(TALLIES, main=SOURCES)
        )


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

    def process(self, file: fileio.ReadableFile) -> Iterator[SourceTuple]:
        metadata = file.metadata
        version = metadata.last_updated_in_seconds or 0.0
        if source := self._listing.add_file(metadata.path, metadata.size_in_bytes, version):
            yield source

    def finish_bundle(self) -> Iterable[beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        yield beam.pvalue.TaggedOutput(TALLIES, WindowedValue(self._listing.tally(), window.start, [window]))


@beam.typehints.with_output_types(SOURCE_TYPE)
class _ReadListFn(beam.DoFn):
    """Reads lists row by row. The shards that the rows go to are made by all workers."""

    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._config = config

    def process(self, location: str) -> Iterator[SourceTuple | beam.pvalue.TaggedOutput]:
        listing = SplitListing(self._split, self._config)
        split = dataclasses.replace(self._split, pattern=location if is_web(location) else escaped(location))
        yield from map(listing.add_entry, entries_of(split, self._config))
        yield beam.pvalue.TaggedOutput(TALLIES, listing.tally())
