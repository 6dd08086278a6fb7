"""The facts about a dataset that its documents state."""

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

# Characters that dataset platforms reject in the name of a split.
_NOT_IN_A_SPLIT = re.compile(r"\W")


class OutputFacts(NamedTuple):
    """The outputs of one split at one size: their number, their size in bytes, and the extensions of their formats."""

    images: int
    bytes: int
    extensions: tuple[str, ...]


class SplitFacts(NamedTuple):
    """A split: its name, a form of the name for programs that accept only words, and size -> outputs."""

    name: str
    word: str
    outputs: Mapping[int, OutputFacts]

    @property
    def images(self) -> int:
        """The number of its images in the dataset: the maximum over all sizes."""
        return max(output.images for output in self.outputs.values())


class DatasetFacts(NamedTuple):
    """The facts about a dataset.

    Args:
        name: the name of the dataset.
        license: an identifier, or "".
        citation: BibTeX, or "".
        layout: the layout in which it is stored.
        sizes: the sizes, the largest first.
        splits: the splits, in the order of the inputs.
        archives: the archives; () in layout `files`.
        columns: the additional columns.
        images: the numbers of images that were matched, written, failed and skipped.
        kept: the number of images that are stored byte for byte.
        enlarged: the counts of enlarged outputs, for each size that has any.
        unread: the parts of the inputs that could not be read.
        duplicates: the number of images with the same bytes as an earlier image.
        licenses: license -> number of images; None without an attribution.
        unattributed: the number of images in the dataset without a row in the attribution; None without such a table.
        annotated: annotation -> size -> counts, see `annotations.counts`; empty without annotations.
        settings: the settings, see `dataset.settings`.
        command: a command that creates the dataset.
        unannotated: see `unannotated_splits`.
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
    unannotated: tuple[str, ...] = ()

    @property
    def extensions(self) -> tuple[str, ...]:
        """The extensions of all outputs, sorted."""
        outputs = [output for split in self.splits for output in split.outputs.values()]
        return tuple(sorted({extension for output in outputs for extension in output.extensions}))

    @property
    def is_loadable(self) -> bool:
        """Whether Hugging Face's datasets library can load the dataset."""
        return self.layout.is_loadable(self.extensions)

    @property
    def sizes_with_images(self) -> list[int]:
        """The sizes at which there are images, the largest first. All images may fail at a size."""
        return [size for size in self.sizes if self.splits_with_images(size)]

    def splits_with_images(self, size: int) -> list[SplitFacts]:
        """Return the splits that have images at one size. Loaders reject a dataset with an empty split."""
        return [split for split in self.splits if split.outputs[size].images]

    def archives_of(self, size: int, split: SplitFacts) -> list[ArchiveRow]:
        """Return the archives of one split at one size, in order."""
        return [archive for archive in self.archives if (archive.size, archive.split) == (size, split.name)]

    def folder(self, size: int, split: SplitFacts) -> str:
        """Return the folder of OUT that contains the files of one split at one size in layout `files`."""
        return size_folder(size, self.sizes) + split_prefix(split.name, self.splits)


def dataset_facts(
    summary: Mapping[str, Any], archives: Sequence[ArchiveRow], columns: Columns, config: ResizeConfig
) -> DatasetFacts:
    """Return the facts of a dataset.

    Args:
        summary: the content of summary.json.
        archives: all archives.
        columns: the additional columns.
        config: the configuration of the dataset.
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
        unannotated=unannotated_splits(summary),
    )


def unannotated_splits(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the splits that lack boxes or labels that other splits have, in a dataset that imagefolder reads.

    imagefolder infers the types of lists from the metadata of each split, and refuses splits whose types differ. Lists
    that are all empty have no type.

    Args:
        summary: the content of summary.json.
    """
    layout, lacking = LAYOUTS[summary["settings"]["layout"]], set()
    sizes = [output for split in summary["splits"].values() for output in split["outputs"].values()]
    if layout.has_archives or not layout.is_loadable(
        {extension for output in sizes for extension in output["formats"]}
    ):
        return ()
    for size in next(iter(summary["splits"].values()))["outputs"]:
        outputs = {name: split["outputs"][size] for name, split in summary["splits"].items()}
        counts = {name: output.get("annotated", {}) for name, output in outputs.items() if output["images"]}
        for annotation in {annotation for count in counts.values() for annotation in count}:
            without = {name for name, count in counts.items() if not count.get(annotation)}
            lacking |= without if len(without) < len(counts) else set()
    return tuple(name for name in summary["splits"] if name in lacking)


def _split(name: str, word: str, tally: Mapping[str, Any]) -> SplitFacts:
    outputs = {
        int(size): OutputFacts(output["images"], output["bytes"], tuple(sorted(output["formats"])))
        for size, output in tally["outputs"].items()
    }
    return SplitFacts(name, word, outputs)


def _unattributed(summary: Mapping[str, Any], splits: Sequence[SplitFacts]) -> int:
    """Return the number of images in the dataset without a row in the attribution. --sample may exclude others."""
    attributed = sum(summary.get("licenses", {}).values())
    without_row: int = summary["tables"]["attribution"]["images_without_row"]
    return min(without_row, sum(split.images for split in splits) - attributed)


def words_for_splits(names: Sequence[str]) -> list[str]:
    """Return a unique word of letters, digits and underscores for each name."""
    words = ["all"]  # reserved: it means every split
    for name in names:
        word = _NOT_IN_A_SPLIT.sub("_", name)
        words.append(word + "_" * next(number for number in range(len(names) + 1) if word + "_" * number not in words))
    return words[1:]
