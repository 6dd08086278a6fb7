"""The inputs -> their contents, and a stable sample of their images. Memory holds the sample and one name at a time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.cli import contents
from pipeline.estimate.select import select
from transforms.imaging.naming import sample_rank
from transforms.listing.files import list_files
from transforms.listing.match import SplitListing, to_source
from transforms.model.config import ResizeConfig, Split
from transforms.model.records import Source, Tally
from transforms.summary.tally import merge


class Listing(NamedTuple):
    """What the inputs hold.

    Args:
        tally: all of it, as `match.MatchSources` counts it.
        images: the number of images that --sample and annotations select.
        bytes: the bytes of those images.
        sample: some of those images, to be measured: the same ones in every run, and a larger sample contains a
            smaller one.
    """

    tally: Tally
    images: int
    bytes: int
    sample: tuple[Source, ...]

    @property
    def listed_images(self) -> int:
        """The number of all images, whether --sample selects them or not."""
        return sum(split["images"] for split in self.tally["splits"].values())

    @property
    def listed_names(self) -> int:
        """The number of all files, whether they are images or not."""
        return self.listed_images + sum(self.tally["not_images"].values()) + self.tally["system_files"]


def list_inputs(config: ResizeConfig, number: int) -> Listing:
    """List all inputs, and choose at most `number` of the images that are selected.

    Raises:
        StorageError: an input cannot be listed.
    """
    listings = [SplitListing(split, config) for split in config.splits]
    selected = Counter({"images": 0, "bytes": 0})

    def sources() -> Iterator[Source]:
        for split, listing in zip(config.splits, listings, strict=True):
            yield from _images(split, listing, config)

    def counted() -> Iterator[Source]:
        for source in select(sources(), config):
            selected.update(images=1, bytes=source.bytes)
            yield source

    sample = heapq.nsmallest(number, counted(), key=lambda source: (sample_rank(source.key), source.path))
    tally = merge(listing.tally() for listing in listings)
    return Listing(tally, selected["images"], selected["bytes"], tuple(sample))


def _images(split: Split, listing: SplitListing, config: ResizeConfig) -> Iterator[Source]:
    for file in _files(split, config):
        if listed := listing.add_file(*file):
            yield to_source(listed, config)


def _files(split: Split, config: ResizeConfig) -> Iterator[tuple[str, int, float]]:
    if not contents.is_whole_folder(split):
        yield from list_files(split.pattern, config.list_prefixes)
        return
    for entry in contents.walk(split.root, config.out_dir, []):  # `check_contents` has reported its problems
        try:
            status = entry.stat()
        except FileNotFoundError:  # deleted since it was listed
            continue
        yield entry.path, status.st_size, status.st_mtime
