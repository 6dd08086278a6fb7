"""The inputs -> the images in them, and a count of all else."""

from __future__ import annotations

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
from transforms.listing.ranges import name_ranges
from transforms.model.config import ResizeConfig, Split
from transforms.model.records import Source, Tally
from transforms.summary.tally import merge
from transforms.tables.columns import folder_class

# What is shuffled of a source: split, path below the split's root, bytes, version. A typed tuple costs
# a fifth of a pickled handle, and bytes carry names that are no UTF-8.
Listed = tuple[str, bytes, int, float]
LISTED_TYPE = beam.typehints.Tuple[str, bytes, int, float]

SOURCES, TALLIES = "sources", "tallies"


def to_source(listed: Listed, config: ResizeConfig) -> Source:
    """The source that a tuple stands for."""
    split, relative, size, version = listed
    path = os.fsdecode(relative)
    prefixed = config.key_prefix(split) + path
    return Source(key_of(prefixed), prefixed, storage.join(config.root_of(split), path), size, version)


class SplitListing:
    """Picks the images of a split from the files that matched, and counts images and others."""

    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._out_dir = config.out_dir
        self._folders_are_classes = bool(config.labels)
        self._any_name = config.any_name
        self._prefix, self._sample = config.key_prefix(split.name), Fraction(config.sample)
        self._images = self._bytes = self._system_files = 0
        self._others: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()

    def take(self, path: str, size: int, version: float) -> Listed | None:
        """A file as it is shuffled, or None where it is not tried, lies below OUT, or not below the split's root."""
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
        return self._split.name, os.fsencode(relative), size, version

    def _count_class(self, relative: str) -> None:
        """Counts an image with its class, where --sample takes it."""
        folder = folder_class(relative)
        if folder and in_sample(key_of(self._prefix + relative), self._sample):
            self._classes[folder] += 1

    def tally(self) -> Tally:
        """The tally of what was taken so far, see `MatchSources`."""
        counts = {
            "splits": {self._split.name: {"images": self._images, "bytes": self._bytes}},
            "not_images": dict(self._others),
            "system_files": self._system_files,
        }
        return {**counts, "classes": dict(self._classes)} if self._folders_are_classes else counts


def count_images(config: ResizeConfig) -> Tally:
    """The tally of all splits, listed from here.

    Raises:
        StorageError: a split cannot be listed.
    """
    listings = [SplitListing(split, config) for split in config.splits]
    for split, listing in zip(config.splits, listings, strict=True):
        for file in list_files(split.pattern, config.list_prefixes):
            listing.take(*file)
    return merge(listing.tally() for listing in listings)


class MatchSources(beam.PTransform):
    """Pipeline -> the listed images of all splits, and tallies of the listing.

    They count images and their bytes a split, other files by their extension, system files, and images of the
    sample by their folder's name where that is their class. What lies below OUT is in neither. A file that two
    patterns of one split match is there once.
    """

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[Listed], beam.PCollection[Tally]]:
        listings = [self._list(pipeline, split) for split in self._config.splits]
        sources = tuple(listing[SOURCES] for listing in listings) | "FlattenSplits" >> beam.Flatten()
        tallies = tuple(listing[TALLIES] for listing in listings) | "FlattenTallies" >> beam.Flatten()
        return sources, tallies

    def _list(self, pipeline: beam.Pipeline, split: Split) -> beam.pvalue.DoOutputsTuple:
        if self._config.list_prefixes:
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
    """Pipeline -> FileMetadata, as MatchFiles has it, listed by many at the same time; nothing holds a listing."""

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


@beam.typehints.with_output_types(LISTED_TYPE)
class _ListFn(beam.DoFn):
    def __init__(self, split: Split, config: ResizeConfig) -> None:
        self._split = split
        self._config = config

    def start_bundle(self) -> None:
        self._listing = SplitListing(self._split, self._config)

    def process(self, file: fileio.ReadableFile) -> Iterator[Listed]:
        metadata = file.metadata
        listed = self._listing.take(metadata.path, metadata.size_in_bytes, metadata.last_updated_in_seconds or 0.0)
        if listed:
            yield listed

    def finish_bundle(self) -> Iterable[beam.pvalue.TaggedOutput]:
        window = GlobalWindow()
        yield beam.pvalue.TaggedOutput(TALLIES, WindowedValue(self._listing.tally(), window.start, [window]))
