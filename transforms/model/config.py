"""The part of a dataset's configuration that the graph needs."""

from __future__ import annotations

import dataclasses

from transforms.imaging.spec import ResizeSpec
from transforms.model.annotations import IMAGE_LIST, Annotations
from transforms.model.folders import size_folder, split_prefix

# The tables that a dataset may use, named after their command-line flags.
COLUMNS, ATTRIBUTION = "columns", "attribution"

# The name of a single input's split, unless the name of its folder is one of USUAL_SPLITS.
DEFAULT_SPLIT = "train"
USUAL_SPLITS = frozenset({DEFAULT_SPLIT, "val", "validation", "dev", "test"})

# The possible sources of an image's label, besides a table.
LABEL_SOURCES = ("folder",)


@dataclasses.dataclass(frozen=True)
class Split:
    """One input of a dataset.

    Args:
        name: the name of the split. Names of archives begin with it, and with several splits, keys do, too.
        pattern: the files to match, in the syntax of Beam's file systems.
        root: the part of `pattern` before its first wildcard. Keys are paths below it.
        typed_root: the absolute path of `root` as the user typed it, if that is a link to `root`; else "".
        is_list: whether the files are lists of images instead of images.
        is_url: whether `pattern` is the URL of a single image.
    """

    name: str
    pattern: str
    root: str
    typed_root: str = ""
    is_list: bool = False
    is_url: bool = False

    @property
    def has_explicit_locations(self) -> bool:
        """Whether its sources have locations of their own instead of paths below `root`."""
        return self.is_list or self.is_url


@dataclasses.dataclass(frozen=True)
class ListColumns:
    """The columns of lists of images.

    Args:
        url_column: the column of the paths or URLs; "" for one of the usual names.
        key_column: the column of the keys; "" to derive them from the paths or URLs.
        verify_hash: the column of the expected hashes of the files; "" to check none.
    """

    url_column: str = ""
    key_column: str = ""
    verify_hash: str = ""


@dataclasses.dataclass(frozen=True)
class WebPolicy:
    """How files are downloaded from the web.

    Args:
        requests_per_host: the maximum number of simultaneous requests from one process to one host.
        allow_private_hosts: whether to allow addresses of this machine and of private networks.
        ignore_robots_tag: whether to use an image even if its server forbids that in X-Robots-Tag.
    """

    requests_per_host: int = 8
    allow_private_hosts: bool = False
    ignore_robots_tag: bool = False


POLITE = WebPolicy()


@dataclasses.dataclass(frozen=True)
class CardText:
    """The facts about a dataset that only the user knows.

    Args:
        name: the name of the dataset; "" for none.
        license: an identifier such as cc-by-4.0; "" for none.
        citation: the citation in BibTeX; "" for none.
    """

    name: str = ""
    license: str = ""
    citation: str = ""


@dataclasses.dataclass(frozen=True)
class Unread:
    """The parts of the inputs that the listing skips, such as broken links.

    Args:
        inputs: the number of skipped parts.
        examples: descriptions of some of them, by their paths below the input.
    """

    inputs: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = self.inputs - len(self.examples)
        return "; ".join((*self.examples, *([f"{more:,} more"] if more else [])))


@dataclasses.dataclass(frozen=True)
class ResizeConfig:
    """The configuration of a dataset to create.

    Args:
        splits: the inputs, with different names.
        out_dir: the folder to write to.
        spec: how to resize each image.
        layout: a name in `LAYOUTS`.
        images_per_shard: the intended number of images per shard.
        processes: the number of worker processes that each process of the runner starts.
        memory: the bytes that decoded images may use at the same time in all workers of one process; None for half of
            the machine's memory, or of a process's share of it.
        sample: the share of the images to use, such as "1/10".
        list_prefixes: the characters that divide a bucket into ranges of names, which are listed in parallel;
            "" to list it in one pass.
        retry_failed: whether to make a shard again if any of its images failed.
        any_name: whether to try every file, whatever its name.
        label_from: "folder" if the name of an image's folder is its class; "" for no classes.
        columns: the location of a table of additional columns, joined by key; "" for none.
        attribution: the location of a table of the images' authors and licenses; "" for none.
        list_columns: the columns of lists of images.
        web: how files are downloaded from the web.
        annotations: the tables of Open Images, and which images they select; None to select all images.
        card: the texts of the dataset's card.
        unread: the parts of the inputs that this run cannot read.
        process_per_core: whether a machine is shared by as many processes as it has cores.
        may_hold_archives: whether an input may contain an archive. Stores are not listed before the run to find out.
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
        """Name of a table's flag -> location of the table."""
        locations = {COLUMNS: self.columns, ATTRIBUTION: self.attribution}
        return {table: location for table, location in locations.items() if location}

    @property
    def places(self) -> tuple[str, ...]:
        """The locations that are read or written: OUT, the inputs, the tables and the annotations."""
        annotations = [file.location for file in self.annotations.files] if self.annotations else []
        return self.out_dir, *(split.root for split in self.splits), *self.tables.values(), *annotations

    @property
    def is_attributed(self) -> bool:
        """Whether a table lists the authors and licenses of the images."""
        return bool(self.attribution) or (self.annotations is not None and IMAGE_LIST in self.annotations.tables)

    def size_folder(self, size: int) -> str:
        """Return the folder below `out_dir` that holds the outputs of one size, see `folders`."""
        return size_folder(size, self.spec.sizes)

    def key_prefix(self, split: str) -> str:
        """Return the prefix of the keys of a split, see `folders`."""
        return split_prefix(split, self.splits)

    def root_of(self, split_name: str) -> str:
        """Return the folder that contains the sources of a split."""
        return next(split.root for split in self.splits if split.name == split_name)
