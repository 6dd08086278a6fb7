"""The inputs -> how much there is, and a stable sample of the images. One name is held at a time, and the sample."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from pipeline import inputs
from transforms import storage
from transforms.config import ResizeConfig, Split
from transforms.elements import Source
from transforms.imaging.naming import extension_of, in_sample, is_tried, sample_rank
from transforms.match import belongs, list_file, unlist
from transforms.summarize import Tally


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
        return self.listed_images + sum(self.tally["not_images"].values())


def list_inputs(config: ResizeConfig, number: int) -> Listing:
    """Lists all inputs, and takes a sample of at most `number` images of all that --sample takes.

    Raises:
        StorageError: an input cannot be listed.
    """
    splits = {split.name: Counter({"images": 0, "bytes": 0}) for split in config.splits}
    others: Counter[str] = Counter()
    taken = Counter({"images": 0, "bytes": 0})
    share = Fraction(config.sample)

    def sources() -> Iterator[Source]:
        for split in config.splits:
            for source in _sources(split, config, others):
                splits[split.name].update(images=1, bytes=source.bytes)
                if in_sample(source.key, share):
                    taken.update(images=1, bytes=source.bytes)
                    yield source

    sample = heapq.nsmallest(number, sources(), key=lambda source: (sample_rank(source.key), source.path))
    tally = {"splits": {name: dict(count) for name, count in splits.items()}, "not_images": dict(others)}
    return Listing(tally, taken["images"], taken["bytes"], tuple(sample))


def _sources(split: Split, config: ResizeConfig, others: Counter[str]) -> Iterator[Source]:
    """The images of a split; `others` gets the extensions of what is none."""
    for location, size, version in _files(split, config.out_dir):
        if not belongs(split, location, config.out_dir):
            continue
        if is_tried(location):
            yield unlist(list_file(split, location, size, version), config)
        else:
            others[extension_of(location)] += 1


def _files(split: Split, out_dir: str) -> Iterator[tuple[str, int, float]]:
    if not inputs.is_whole_folder(split):
        yield from storage.list_files(split.pattern)
        return
    for entry in inputs.walk(split.root, out_dir, []):  # its problems have been told: `inputs.check_contents`
        try:
            told = entry.stat()
        except FileNotFoundError:  # since it was listed
            continue
        yield entry.path, told.st_size, told.st_mtime
