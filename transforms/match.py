"""The inputs -> the images in them, and a count of all else."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms import storage
from transforms.config import ResizeConfig, Split
from transforms.elements import Source
from transforms.imaging.naming import extension_of, is_tried, key_of
from transforms.summarize import Summarize, Tally

# What is shuffled of a source: split, path below the split's root, bytes, version. A typed tuple costs
# a fifth of a pickled handle, and bytes carry names that are no UTF-8.
Listed = tuple[str, bytes, int, float]
LISTED_TYPE = beam.typehints.Tuple[str, bytes, int, float]

SOURCES, TALLIES = "sources", "tallies"


def list_file(split: Split, location: str, size: int, version: float) -> Listed:
    """A matched file as it is shuffled."""
    return split.name, os.fsencode(storage.below(split.root, location)), size, version


def unlist(listed: Listed, config: ResizeConfig) -> Source:
    """The source that a tuple stands for."""
    split, relative, size, version = listed
    path = os.fsdecode(relative)
    prefixed = config.key_prefix(split) + path
    return Source(key_of(prefixed), prefixed, storage.join(config.root_of(split), path), size, version)


def belongs(split: Split, location: str, out_dir: str) -> bool:
    """Whether a matched file is the split's: below its root, and not below OUT."""
    return storage.is_inside(location, split.root) and not storage.is_inside(location, out_dir)


class MatchSources(beam.PTransform):
    """Pipeline -> the listed images of all splits, and a tally of the listing.

    The tally counts images and their bytes a split, and other files by their extension. What lies below
    OUT is in neither. A file that two patterns of one split match is there once.
    """

    def __init__(self, config: ResizeConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pipeline: beam.Pipeline) -> tuple[beam.PCollection[Listed], beam.PCollection[Tally]]:
        listings = [self._list(pipeline, split) for split in self._config.splits]
        sources = tuple(listing[SOURCES] for listing in listings) | "FlattenSplits" >> beam.Flatten()
        tallies = tuple(listing[TALLIES] for listing in listings) | "FlattenTallies" >> beam.Flatten()
        return sources, tallies | "TallyListing" >> Summarize()

    def _list(self, pipeline: beam.Pipeline, split: Split) -> beam.pvalue.DoOutputsTuple:
        return (
            pipeline
            | f"MatchFiles[{split.name}]" >> fileio.MatchFiles(split.pattern)
            | f"ReadMatches[{split.name}]" >> fileio.ReadMatches()
            | f"ListSources[{split.name}]"
            >> beam.ParDo(_ListFn(split, self._config.out_dir)).with_outputs(TALLIES, main=SOURCES)
        )


@beam.typehints.with_output_types(LISTED_TYPE)
class _ListFn(beam.DoFn):
    def __init__(self, split: Split, out_dir: str) -> None:
        self._split = split
        self._out_dir = out_dir

    def start_bundle(self) -> None:
        self._images = Counter({"images": 0, "bytes": 0})
        self._others: Counter[str] = Counter()

    def process(self, file: fileio.ReadableFile) -> Iterator[Listed]:
        metadata = file.metadata
        if not belongs(self._split, metadata.path, self._out_dir):
            return
        if not is_tried(metadata.path):
            self._others[extension_of(metadata.path)] += 1
            return
        self._images.update(images=1, bytes=metadata.size_in_bytes)
        yield list_file(self._split, metadata.path, metadata.size_in_bytes, metadata.last_updated_in_seconds or 0.0)

    def finish_bundle(self) -> Iterable[beam.pvalue.TaggedOutput]:
        tally = {"splits": {self._split.name: dict(self._images)}, "not_images": dict(self._others)}
        window = GlobalWindow()
        yield beam.pvalue.TaggedOutput(TALLIES, WindowedValue(tally, window.start, [window]))
