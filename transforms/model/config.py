"""All that the graph needs to know of a dataset that is to be made."""

from __future__ import annotations

import dataclasses

from transforms.imaging.spec import ResizeSpec
from transforms.model.folders import size_folder, split_prefix

# The tables that a dataset may have, by the names of their flags.
COLUMNS, ATTRIBUTION = "columns", "attribution"


@dataclasses.dataclass(frozen=True)
class Split:
    """One input of a dataset.

    Args:
        name: begins the keys where there are several splits, and the names of archives.
        pattern: what is matched, in the syntax of Beam's file systems.
        root: the part of `pattern` before its first wildcard; keys are paths below it.
        given: `root` as it was typed, made absolute, if it is a link to there; else "".
    """

    name: str
    pattern: str
    root: str
    given: str = ""


@dataclasses.dataclass(frozen=True)
class CardText:
    """What only the user can tell of a dataset.

    Args:
        name: its name.
        license: an identifier such as cc-by-4.0; "" says nothing.
        citation: how to cite it, in BibTeX; "" says nothing.
    """

    name: str = ""
    license: str = ""
    citation: str = ""


@dataclasses.dataclass(frozen=True)
class ResizeConfig:
    """A dataset that is to be made.

    Args:
        splits: the inputs, with different names.
        out_dir: where it goes.
        spec: what becomes of each image.
        layout: a name in `LAYOUTS`.
        images_per_shard: how many images a shard is meant to hold.
        threads: images worked on at the same time, in one process.
        memory: bytes that decoded images may take at the same time in one process; None is half of
            the machine's, or of a process's share of it.
        sample: the share of the images that is taken, such as "1/10".
        list_prefixes: the alphabet by whose characters a bucket is listed in parallel; "" lists it in one go.
        retry_failed: whether shards with any failure are done again.
        any_name: whether every file is tried, whatever it is called.
        labels: "folder" takes an image's class from its folder; "" has none.
        columns: a table of further columns, found by key; "" for none.
        attribution: a table of who made the images, and their licenses; "" for none.
        card: what the dataset is called, and by whom it may be used.
        process_per_core: whether as many processes share a machine as it has cores.
    """

    splits: tuple[Split, ...]
    out_dir: str
    spec: ResizeSpec
    layout: str
    images_per_shard: int
    threads: int
    memory: int | None = None
    sample: str = "1"
    list_prefixes: str = ""
    retry_failed: bool = False
    any_name: bool = False
    labels: str = ""
    columns: str = ""
    attribution: str = ""
    card: CardText = CardText()
    process_per_core: bool = False

    @property
    def tables(self) -> dict[str, str]:
        """The tables that are given, by their names in `tables`, and where they are."""
        given = {COLUMNS: self.columns, ATTRIBUTION: self.attribution}
        return {table: location for table, location in given.items() if location}

    def size_folder(self, size: int) -> str:
        """Return the folder below `out_dir` that holds the outputs of one size, see `folders`."""
        return size_folder(size, self.spec.sizes)

    def key_prefix(self, split: str) -> str:
        """Return what the keys of a split begin with, see `folders`."""
        return split_prefix(split, self.splits)

    def root_of(self, split: str) -> str:
        """The folder below which a split's sources lie."""
        return next(one.root for one in self.splits if one.name == split)
