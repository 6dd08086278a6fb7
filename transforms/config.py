"""All that the graph needs to know of a dataset that is to be made."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import Any

from transforms.imaging.spec import ResizeSpec, library_versions
from transforms.layouts import LAYOUTS
from transforms.tables import ATTRIBUTION, COLUMNS


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
        """Where below `out_dir` the outputs of one size lie: "" for a single size, else "SIZE/"."""
        return f"{size}/" if len(self.spec.sizes) > 1 else ""

    def key_prefix(self, split: str) -> str:
        """What the keys of a split begin with: "" for a single split, else "NAME/"."""
        return f"{split}/" if len(self.splits) > 1 else ""

    def root_of(self, split: str) -> str:
        """The folder below which a split's sources lie."""
        return next(one.root for one in self.splits if one.name == split)


def settings(config: ResizeConfig) -> dict[str, Any]:
    """What decides the bytes of a dataset besides its sources, as JSON; names are those of the flags."""
    spec = dataclasses.asdict(config.spec)
    return {
        "split": [split.name for split in config.splits],
        "size": list(spec.pop("sizes")),
        "layout": config.layout,
        "images_per_shard": config.images_per_shard,
        "sample": config.sample,
        "any_name": config.any_name,
        **{name: value for name, value in _joined(config).items() if value},
        **spec,
        "versions": versions(config),
    }


def _joined(config: ResizeConfig) -> dict[str, str]:
    """What the samples get from elsewhere; where a table lies changes nothing, and its rows are a shard's sources."""
    return {"labels": config.labels, **dict.fromkeys(config.tables, "given")}


def versions(config: ResizeConfig) -> dict[str, str]:
    """Versions of everything that decides a dataset's bytes."""
    libraries = LAYOUTS[config.layout].libraries
    return {**library_versions(config.spec), **{name: importlib.metadata.version(name) for name in libraries}}


def shard_count(images: int, source_bytes: int, images_per_shard: int) -> int:
    """How many shards a split gets: at most `images_per_shard` images or 512 MB of sources each, on average."""
    by_images = -(-images // images_per_shard)
    by_bytes = -(-source_bytes // 512_000_000)
    return max(1, by_images, by_bytes)


def default_images_per_shard(layout: str) -> int:
    """How many images a shard of a layout is meant to hold where nothing else is said."""
    return LAYOUTS[layout].images_per_shard
