"""The inputs -> their contents, and a stable sample of their images. Only the sample and one name are in memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.cli import contents
from pipeline.estimate.select import select
from transforms.listing.files import list_files
from transforms.listing.match import entries_of, to_source
from transforms.listing.split import SplitListing
from transforms.model.config import ResizeConfig, Split
from transforms.model.keys import sample_rank
from transforms.model.records import Source, Tally
from transforms.summary.tally import merge


class Listing(NamedTuple):
    """The contents of the inputs.

    Args:
        tally: the tally of all contents, as `match.MatchSources` counts them.
        images: the number of images that --sample and annotations select.
        bytes: the bytes of those images.
        sample: some of those images, to be measured. They are the same in every run, and a larger sample contains a
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


def list_inputs(config: ResizeConfig, number: int, lists: str = "") -> Listing:
    """List all inputs, and choose at most `number` of the selected images.

    Args:
        config: the dataset.
        number: the maximum number of images in the sample.
        lists: the folder for the index of each .tar.gz; "" for OUT.

    Raises:
        StorageError: an input cannot be listed.
    """
    listings = [SplitListing(split, config, lists) for split in config.splits]
    selected = Counter({"images": 0, "bytes": 0})

    def sources() -> Iterator[Source]:
        for split, listing in zip(config.splits, listings, strict=True):
            yield from _images(split, listing, config, lists)

    def counted() -> Iterator[Source]:
        for source in select(sources(), config):
            selected.update(images=1, bytes=source.bytes)
            yield source

    sample = heapq.nsmallest(number, counted(), key=lambda source: (sample_rank(source.key), source.path))
    tally = merge(listing.tally() for listing in listings)
    return Listing(tally, selected["images"], selected["bytes"], tuple(sample))


def _images(split: Split, listing: SplitListing, config: ResizeConfig, lists: str) -> Iterator[Source]:
    if split.has_explicit_locations:
        yield from (to_source(listing.add_entry(entry), config) for entry in entries_of(split, config))
        return
    for file in _files(split, config):
        if archive := listing.archive_of(*file):
            yield from (to_source(listed, config, lists) for listed in listing.open_archive(archive))
        elif image := listing.add_file(*file):
            yield to_source(image, config)


def _files(split: Split, config: ResizeConfig) -> Iterator[tuple[str, int, float]]:
    if not contents.is_whole_folder(split):
        yield from list_files(split.pattern, config.list_prefixes)
        return
    for entry in contents.walk(split.root, config.out_dir, []):  # `check_contents` has already reported problems
        try:
            status = entry.stat()
        except FileNotFoundError:  # deleted since the listing
            continue
        yield entry.path, status.st_size, status.st_mtime
