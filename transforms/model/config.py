"""The configuration of a dataset, as far as the graph needs it."""

from __future__ import annotations

import dataclasses

from transforms.imaging.spec import ResizeSpec
from transforms.model.annotations import IMAGE_LIST, Annotations
from transforms.model.folders import size_folder, split_prefix

# The tables that a dataset may have, by the names of their flags.
COLUMNS, ATTRIBUTION = "columns", "attribution"

# The name of a single input's split, unless its folder has a name that splits usually have.
DEFAULT_SPLIT = "train"
USUAL_SPLITS = frozenset({DEFAULT_SPLIT, "val", "validation", "dev", "test"})

# Where the label of an image may come from, besides a table.
LABEL_SOURCES = ("folder",)


@dataclasses.dataclass(frozen=True)
class Split:
    """One input of a dataset.

    Args:
        name: the first part of the keys if there are several splits, and of the names of archives.
        pattern: the files to match, in the syntax of Beam's file systems.
        root: the part of `pattern` before its first wildcard; keys are paths below it.
        typed_root: the absolute path of `root` as the user typed it, if that is a link to `root`; else "".
        is_list: whether the files are lists of images, and not images themselves.
        is_url: whether `pattern` is the web address of the only image.
    """

    name: str
    pattern: str
    root: str
    typed_root: str = ""
    is_list: bool = False
    is_url: bool = False

    @property
    def has_explicit_locations(self) -> bool:
        """Whether its sources lie where their locations say, and not below its root."""
        return self.is_list or self.is_url


@dataclasses.dataclass(frozen=True)
class ListColumns:
    """The columns of lists of images.

    Args:
        url_column: of the paths or web addresses; "" for one of the usual names.
        key_column: of the keys; "" to make them of the paths or web addresses.
        verify_hash: of the hashes that the files must have; "" to check none.
    """

    url_column: str = ""
    key_column: str = ""
    verify_hash: str = ""


@dataclasses.dataclass(frozen=True)
class WebPolicy:
    """How files of the web are downloaded.

    Args:
        requests_per_host: the most requests to one host that a process sends at the same time.
        allow_private_hosts: whether addresses of this machine and of private networks are asked, too.
        ignore_robots_tag: whether an image is used although its server forbids it in X-Robots-Tag.
    """

    requests_per_host: int = 8
    allow_private_hosts: bool = False
    ignore_robots_tag: bool = False


POLITE = WebPolicy()


@dataclasses.dataclass(frozen=True)
class CardText:
    """The facts about a dataset that only the user knows.

    Args:
        name: the name of the dataset; "" if none is given.
        license: an identifier such as cc-by-4.0; "" if none is given.
        citation: the citation in BibTeX; "" if none is given.
    """

    name: str = ""
    license: str = ""
    citation: str = ""


@dataclasses.dataclass(frozen=True)
class Unread:
    """The parts of the inputs that the listing skips, such as broken links.

    Args:
        inputs: how many there are.
        examples: what some of them are, by their paths below the input.
    """

    inputs: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = self.inputs - len(self.examples)
        return "; ".join((*self.examples, *([f"{more:,} more"] if more else [])))


@dataclasses.dataclass(frozen=True)
class ResizeConfig:
    """A dataset to make.

    Args:
        splits: the inputs; their names differ.
        out_dir: the folder to write to.
        spec: what to make of each image.
        layout: a name in `LAYOUTS`.
        images_per_shard: the number of images that a shard should hold.
        processes: the number of worker processes that each process of the runner starts.
        memory: bytes that decoded images may take at the same time in all workers of one process; None for half of
            the machine's, or of a process's share of it.
        sample: the share of the images to take, such as "1/10".
        list_prefixes: the characters that divide a bucket into ranges of names, which are listed in parallel;
            "" to list it in one pass.
        retry_failed: whether to make a shard again if any of its images failed.
        any_name: whether to try every file, whatever its name.
        label_from: "folder" if the name of an image's folder is its class; "" for no classes.
        columns: a table of further columns, joined by key; "" for none.
        attribution: a table of the images' authors and licenses; "" for none.
        list_columns: the columns of lists of images.
        web: how files of the web are downloaded.
        annotations: tables of Open Images, and which images are taken by them; None for all images.
        card: the texts of the dataset's card.
        unread: what this run cannot read of the inputs.
        process_per_core: whether the processes that share a machine are as many as its cores.
        may_hold_archives: whether an input may hold an archive. A store is not listed before the run to know it.
    """

    splits: tuple[Split, ...]
    out_dir: str
    spec: ResizeSpec
    layout: str
    images_per_shard: int
    processes: int
    memory: int | None = None
    sample: str = "1"
    list_prefixes: str = ""
    retry_failed: bool = False
    any_name: bool = False
    label_from: str = ""
    columns: str = ""
    attribution: str = ""
    list_columns: ListColumns = ListColumns()
    web: WebPolicy = POLITE
    annotations: Annotations | None = None
    card: CardText = CardText()
    unread: Unread = Unread()
    process_per_core: bool = False
    may_hold_archives: bool = True

    @property
    def tables(self) -> dict[str, str]:
        """The locations of the tables, by the names of their flags."""
        locations = {COLUMNS: self.columns, ATTRIBUTION: self.attribution}
        return {table: location for table, location in locations.items() if location}

    @property
    def places(self) -> tuple[str, ...]:
        """The locations of everything that is read or written: OUT, inputs and tables."""
        annotations = [file.location for file in self.annotations.files] if self.annotations else []
        return self.out_dir, *(split.root for split in self.splits), *self.tables.values(), *annotations

    @property
    def is_attributed(self) -> bool:
        """Whether a table names the authors and licenses of the images."""
        return bool(self.attribution) or (self.annotations is not None and IMAGE_LIST in self.annotations.tables)

    def size_folder(self, size: int) -> str:
        """Return the folder below `out_dir` that holds the outputs of one size, see `folders`."""
        return size_folder(size, self.spec.sizes)

    def key_prefix(self, split: str) -> str:
        """Return what the keys of a split begin with, see `folders`."""
        return split_prefix(split, self.splits)

    def root_of(self, split_name: str) -> str:
        """Return the folder that the sources of a split lie below."""
        return next(split.root for split in self.splits if split.name == split_name)
