"""The inputs -> how much there is, and a stable sample of the images. One name is held at a time, and the sample."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from pipeline.cli import contents
from transforms.imaging.naming import in_sample, sample_rank
from transforms.listing.files import list_files
from transforms.listing.match import SplitListing, to_source
from transforms.model.config import ResizeConfig, Split
from transforms.model.records import Source, Tally
from transforms.summary.tally import merge


class Listing(NamedTuple):
    """What the inputs hold.

    Args:
        tally: all of it, as `match.MatchSources` counts it.
        images: how many images --sample takes.
        bytes: how many bytes of sources these have.
        sample: some of them, always the same ones; more of them contain fewer.
    """

    tally: Tally
    images: int
    bytes: int
    sample: tuple[Source, ...]

    @property
    def listed_images(self) -> int:
        """How many images there are, in --sample or not."""
        return sum(split["images"] for split in self.tally["splits"].values())

    @property
    def listed_names(self) -> int:
        """How many files there are, images or not."""
        return self.listed_images + sum(self.tally["not_images"].values()) + self.tally["system_files"]


def list_inputs(config: ResizeConfig, number: int) -> Listing:
    """Lists all inputs, and takes a sample of at most `number` images of all that --sample takes.

    Raises:
        StorageError: an input cannot be listed.
    """
    listings = [SplitListing(split, config) for split in config.splits]
    taken = Counter({"images": 0, "bytes": 0})
    share = Fraction(config.sample)

    def sources() -> Iterator[Source]:
        for split, listing in zip(config.splits, listings, strict=True):
            for source in _images(split, listing, config):
                if in_sample(source.key, share):
                    taken.update(images=1, bytes=source.bytes)
                    yield source

    sample = heapq.nsmallest(number, sources(), key=lambda source: (sample_rank(source.key), source.path))
    tally = merge(listing.tally() for listing in listings)
    return Listing(tally, taken["images"], taken["bytes"], tuple(sample))


def _images(split: Split, listing: SplitListing, config: ResizeConfig) -> Iterator[Source]:
    for file in _files(split, config):
        if listed := listing.take(*file):
            yield to_source(listed, config)


def _files(split: Split, config: ResizeConfig) -> Iterator[tuple[str, int, float]]:
    if not contents.is_whole_folder(split):
        yield from list_files(split.pattern, config.list_prefixes)
        return
    for entry in contents.walk(split.root, config.out_dir, []):  # `check_contents` has shown its problems
        try:
            told = entry.stat()
        except FileNotFoundError:  # since it was listed
            continue
        yield entry.path, told.st_size, told.st_mtime
