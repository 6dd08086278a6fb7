"""The facts of a dataset that the texts in it state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from transforms.imaging.errors import Note
from transforms.layouts import LAYOUTS, Layout
from transforms.model.config import ResizeConfig, Unread
from transforms.model.folders import size_folder, split_prefix
from transforms.model.records import ArchiveRow, Columns
from transforms.publish.command import command_of
from transforms.summary.enlarged import Enlarged, enlarged

# Characters that programs which share datasets refuse in the name of a split.
_NOT_IN_A_SPLIT = re.compile(r"\W")


class OutputFacts(NamedTuple):
    """The outputs of one split at one size: their number, their bytes, and the extensions of their formats."""

    images: int
    bytes: int
    extensions: tuple[str, ...]


class SplitFacts(NamedTuple):
    """A split: its name, the name as a word for programs that accept nothing else, and its outputs by size."""

    name: str
    word: str
    outputs: Mapping[int, OutputFacts]

    @property
    def images(self) -> int:
        """The number of its images in the dataset: those of the size that has the most."""
        return max(output.images for output in self.outputs.values())


class DatasetFacts(NamedTuple):
    """A dataset.

    Args:
        name: of the dataset.
        license: an identifier, or "".
        citation: BibTeX, or "".
        layout: how it is stored.
        sizes: the largest first.
        splits: in the order of the inputs.
        archives: none in layout `files`.
        columns: the further columns.
        images: how many images were matched, written, failed and skipped.
        kept: how many of them are their sources byte for byte.
        enlarged: the sizes at which images are larger than their sources.
        unread: what could not be read of the inputs.
        duplicates: how many of them have the same bytes as an earlier image.
        licenses: a license of images -> how many have it; None without an attribution.
        unattributed: how many images in the dataset have no row in the attribution; None without such a table.
        annotated: annotation -> size -> how many there are, see `annotations.counts`; empty without annotations.
        settings: see `dataset.settings`.
        command: one that makes the dataset.
    """

    name: str
    license: str
    citation: str
    layout: Layout
    sizes: tuple[int, ...]
    splits: tuple[SplitFacts, ...]
    archives: tuple[ArchiveRow, ...]
    columns: Columns
    images: Mapping[str, int]
    kept: int
    enlarged: tuple[Enlarged, ...]
    unread: Unread
    duplicates: int
    licenses: Mapping[str, int] | None
    unattributed: int | None
    annotated: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    command: str

    @property
    def extensions(self) -> tuple[str, ...]:
        """The extensions of all outputs, sorted."""
        outputs = [output for split in self.splits for output in split.outputs.values()]
        return tuple(sorted({extension for output in outputs for extension in output.extensions}))

    @property
    def is_loadable(self) -> bool:
        """Whether Hugging Face's datasets loads the dataset."""
        return self.layout.is_loadable(self.extensions)

    def splits_with_images(self, size: int) -> list[SplitFacts]:
        """Return the splits that have an image at one size. Loaders refuse a dataset with a split that has none."""
        return [split for split in self.splits if split.outputs[size].images]

    def archives_of(self, size: int, split: SplitFacts) -> list[ArchiveRow]:
        """Return the archives of one split at one size, in order."""
        return [archive for archive in self.archives if (archive.size, archive.split) == (size, split.name)]

    def folder(self, size: int, split: SplitFacts) -> str:
        """Return the folder of OUT that holds the files of one split at one size in layout `files`."""
        return size_folder(size, self.sizes) + split_prefix(split.name, self.splits)


def dataset_facts(
    summary: Mapping[str, Any], archives: Sequence[ArchiveRow], columns: Columns, config: ResizeConfig
) -> DatasetFacts:
    """Return the facts of a dataset.

    Args:
        summary: the content of summary.json.
        archives: all archives.
        columns: the further columns.
        config: the dataset.
    """
    names = [split.name for split in config.splits]
    words = words_for_splits(names)
    splits = tuple(_split(name, word, summary["splits"][name]) for name, word in zip(names, words, strict=True))
    return DatasetFacts(
        name=config.card.name,
        license=config.card.license,
        citation=config.card.citation,
        layout=LAYOUTS[config.layout],
        sizes=config.spec.sizes,
        splits=splits,
        archives=tuple(archives),
        columns=columns,
        images=summary["images"],
        kept=summary["notes"].get(Note.KEPT, 0),
        enlarged=tuple(enlarged(summary)),
        unread=config.unread,
        duplicates=summary["duplicates"],
        licenses=summary.get("licenses", {}) if config.is_attributed else None,
        unattributed=_unattributed(summary, splits) if config.attribution else None,
        annotated=summary.get("annotated", {}),
        settings=summary["settings"],
        command=command_of(summary["settings"]),
    )


def _split(name: str, word: str, tally: Mapping[str, Any]) -> SplitFacts:
    outputs = {
        int(size): OutputFacts(output["images"], output["bytes"], tuple(sorted(output["formats"])))
        for size, output in tally["outputs"].items()
    }
    return SplitFacts(name, word, outputs)


def _unattributed(summary: Mapping[str, Any], splits: Sequence[SplitFacts]) -> int:
    """Return how many images in the dataset have no row in the attribution: not those that --sample leaves out."""
    attributed = sum(summary.get("licenses", {}).values())
    without_row: int = summary["tables"]["attribution"]["images_without_row"]
    return min(without_row, sum(split.images for split in splits) - attributed)


def words_for_splits(names: Sequence[str]) -> list[str]:
    """Return a word for each name, of letters, digits and underscores, so that all words differ."""
    words = ["all"]  # reserved: it means every split
    for name in names:
        word = _NOT_IN_A_SPLIT.sub("_", name)
        words.append(word + "_" * next(number for number in range(len(names) + 1) if word + "_" * number not in words))
    return words[1:]
