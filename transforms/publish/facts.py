"""What the texts that ship with a dataset say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from transforms.model.config import ResizeConfig
from transforms.model.records import ArchiveRow, Columns
from transforms.publish.command import command_of

# Programs that share datasets take nothing else in the name of a split.
_NOT_IN_A_SPLIT = re.compile(r"\W")


class Output(NamedTuple):
    """The images of one split at one size: their number, their bytes, and their formats' extensions."""

    images: int
    bytes: int
    extensions: tuple[str, ...]


class SplitFacts(NamedTuple):
    """A split: its name, what it is called where names are words, its images, and its outputs by size."""

    name: str
    word: str
    images: int
    outputs: Mapping[int, Output]


class DatasetFacts(NamedTuple):
    """A dataset.

    Args:
        name: what it is called.
        license: an identifier, or "".
        citation: BibTeX, or "".
        layout: a name in `layouts.LAYOUTS`.
        sizes: the largest first.
        splits: in the order of the inputs.
        archives: none in layout `files`.
        columns: the further ones.
        images: how many were matched, written, failed and skipped.
        duplicates: how many of them are another one's bytes.
        licenses: of the images -> how many have it; None without an attribution.
        unattributed: how many images no attribution names.
        settings: see `config.settings`.
        command: one that makes it.
    """

    name: str
    license: str
    citation: str
    layout: str
    sizes: tuple[int, ...]
    splits: tuple[SplitFacts, ...]
    archives: tuple[ArchiveRow, ...]
    columns: Columns
    images: Mapping[str, int]
    duplicates: int
    licenses: Mapping[str, int] | None
    unattributed: int
    settings: Mapping[str, Any]
    command: str

    @property
    def extensions(self) -> tuple[str, ...]:
        """Of all outputs."""
        return tuple(sorted({one for split in self.splits for out in split.outputs.values() for one in out.extensions}))

    @property
    def shown(self) -> SplitFacts:
        """The split that examples load: the first that has an image at the largest size."""
        return next((split for split in self.splits if split.outputs[self.sizes[0]].images), self.splits[0])

    def folder(self, size: int) -> str:
        """Where the outputs of a size lie: "" for a single one, else "SIZE/"."""
        return f"{size}/" if len(self.sizes) > 1 else ""

    def prefix(self, size: int, split: str) -> str:
        """Where the files of a size and a split lie in layout `files`."""
        return self.folder(size) + (f"{split}/" if len(self.splits) > 1 else "")


def dataset_facts(
    summary: Mapping[str, Any], archives: Sequence[ArchiveRow], columns: Columns, config: ResizeConfig
) -> DatasetFacts:
    """The facts of a dataset.

    Args:
        summary: the content of summary.json.
        archives: all of them.
        columns: the further ones.
        config: what was asked for.
    """
    names = [split.name for split in config.splits]
    splits = tuple(_split(name, word, summary["splits"][name]) for name, word in zip(names, words(names), strict=True))
    return DatasetFacts(
        name=config.card.name,
        license=config.card.license,
        citation=config.card.citation,
        layout=config.layout,
        sizes=config.spec.sizes,
        splits=splits,
        archives=tuple(archives),
        columns=columns,
        images=summary["images"],
        duplicates=summary["duplicates"],
        licenses=summary.get("licenses", {}) if config.attribution else None,
        unattributed=summary["tables"]["attribution"]["images_without_row"] if config.attribution else 0,
        settings=summary["settings"],
        command=command_of(summary["settings"]),
    )


def _split(name: str, word: str, told: Mapping[str, Any]) -> SplitFacts:
    outputs = {
        int(size): Output(one["images"], one["bytes"], tuple(sorted(one["formats"])))
        for size, one in told["outputs"].items()
    }
    return SplitFacts(name, word, told["images"], outputs)


def words(names: Sequence[str]) -> list[str]:
    """Each name with nothing but letters, digits and underscores, and still different from all others."""
    made = ["all"]  # which is taken: it means every split
    for name in names:
        word = _NOT_IN_A_SPLIT.sub("_", name)
        made.append(word + "_" * next(number for number in range(len(names) + 1) if word + "_" * number not in made))
    return made[1:]
