"""The manifest -> the single images on the page: a sample, the worst cases, classes, splits, duplicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.report.cases import CRITERIA, LEAST_DETAIL, Criterion
from pipeline.report.manifest import Row
from pipeline.report.ranking import Lowest
from transforms.layouts.members import file_of
from transforms.model.keys import sample_rank
from transforms.model.records import LABEL, LABEL_NAME

# The number of images in the sample for one size of outputs, and the minimum number for several sizes.
_SAMPLE, _LEAST_SAMPLE = 16, 4
# The number of images for each criterion, and the number of candidates for blank images.
CASES, _CANDIDATES = 6, 24
# The number of examples of a class or a split, of groups of duplicates, and of names of one group.
_EXAMPLES, GROUPS, NAMES = 5, 12, 3


class Example(NamedTuple):
    """A written image: the name of its source, and the path of its largest output."""

    source: str
    path: str


class Duplicates(NamedTuple):
    """Sources with the same bytes: their number, the first names, and one of them that was written."""

    images: int
    names: tuple[str, ...]
    example: Example | None


class Survey(NamedTuple):
    """The data about single images.

    Args:
        images: the number of images that were read.
        sample: rows of some images, the largest size first.
        cases: rows of the worst cases of each criterion, the worst first, at the largest size.
        classes: class -> the number of its images that were written and read.
        class_examples: class -> some of its images.
        split_examples: split -> some of its images.
        duplicates: groups of sources with the same bytes, the largest first.
        groups: the number of such groups.
    """

    images: int
    sample: tuple[tuple[Row, ...], ...]
    cases: Mapping[Criterion, tuple[Row, ...]]
    classes: Mapping[str, int]
    class_examples: Mapping[str, tuple[Example, ...]]
    split_examples: Mapping[str, tuple[Example, ...]]
    duplicates: tuple[Duplicates, ...]
    groups: int


def survey(images: Iterable[tuple[Row, ...]], layout: str, splits: Sequence[str], sizes: int) -> Survey:
    """Return the survey of images. Each image is read once.

    Args:
        images: the rows of each image.
        layout: the layout of the dataset.
        splits: the names of the splits.
        sizes: the number of sizes.
    """
    sample = _Sample(max(_LEAST_SAMPLE, min(_SAMPLE, (_SAMPLE + 8) // sizes)), layout)
    cases, examples, duplicates = _Cases(), _Examples(splits, layout), _Duplicates()
    read = 0
    for rows in images:
        read += 1
        written = sorted((row for row in rows if row["status"] == "written"), key=lambda row: -row["size"])
        duplicates.add(rows[0], written)
        if written:
            sample.add(tuple(written))
            cases.add(written[0])
            examples.add(written[0])
    return Survey(
        read,
        sample.items(),
        cases.items(),
        examples.counts,
        {name: kept.items() for name, kept in examples.classes.items()},
        {name: kept.items() for name, kept in examples.splits.items()},
        duplicates.largest(),
        duplicates.groups(),
    )


def _file(row: Row) -> str:
    """Return the SHA-256 of an image's source, which identifies its content."""
    return str(row["source_sha256"])


def _rank(row: Row, layout: str) -> int:
    """Return the rank of an image in a stable random order.

    With archives, the order begins with all images of one archive, so that the page needs few archives.
    """
    archive = file_of(row["path"], layout)
    return (0 if archive == row["path"] else sample_rank(archive) << 64) + sample_rank(row["key"])


class _Sample:
    def __init__(self, count: int, layout: str) -> None:
        self._kept: Lowest[tuple[Row, ...]] = Lowest(count)
        self._layout = layout

    def add(self, rows: tuple[Row, ...]) -> None:
        self._kept.add(_rank(rows[0], self._layout), _file(rows[0]), rows)

    def items(self) -> tuple[tuple[Row, ...], ...]:
        return self._kept.items()


class _Cases:
    def __init__(self) -> None:
        self._kept: dict[Criterion, Lowest[Row]] = {
            criterion: Lowest(_CANDIDATES if criterion is LEAST_DETAIL else CASES) for criterion in CRITERIA
        }

    def add(self, row: Row) -> None:
        for criterion, kept in self._kept.items():
            score = criterion.score(row)
            if score is not None:
                kept.add(score, _file(row), row)

    def items(self) -> dict[Criterion, tuple[Row, ...]]:
        return {criterion: kept.items() for criterion, kept in self._kept.items()}


class _Examples:
    def __init__(self, splits: Sequence[str], layout: str) -> None:
        self._several = len(splits) > 1
        self._layout = layout
        self.counts: Counter[str] = Counter()
        self.classes: dict[str, Lowest[Example]] = {}
        self.splits: dict[str, Lowest[Example]] = {name: Lowest(_EXAMPLES) for name in splits}

    def add(self, row: Row) -> None:
        example, rank = Example(row["source"], row["path"]), _rank(row, self._layout)
        name = row.get(LABEL_NAME, row.get(LABEL))
        if name is not None:
            self.counts[str(name)] += 1
            self.classes.setdefault(str(name), Lowest(_EXAMPLES)).add(rank, _file(row), example)
        split = row["source"].partition("/")[0] if self._several else next(iter(self.splits), "")
        if split in self.splits:
            self.splits[split].add(rank, _file(row), example)


class _Duplicates:
    """Counts the images of each source file, and keeps the first names and the first output of each file."""

    def __init__(self) -> None:
        self._images: Counter[bytes] = Counter()
        self._names: dict[bytes, list[str]] = {}
        self._examples: dict[bytes, Example] = {}

    def add(self, row: Row, written: Sequence[Row]) -> None:
        if row["source_sha256"] is None:
            return
        digest = bytes.fromhex(row["source_sha256"])
        self._images[digest] += 1
        names = self._names.setdefault(digest, [])
        if len(names) < NAMES:
            names.append(row["source"])
        if written and digest not in self._examples:
            self._examples[digest] = Example(row["source"], written[0]["path"])

    def groups(self) -> int:
        return sum(number > 1 for number in self._images.values())

    def largest(self) -> tuple[Duplicates, ...]:
        ordered = sorted((item for item in self._images.items() if item[1] > 1), key=lambda item: -item[1])
        return tuple(
            Duplicates(number, tuple(self._names[digest]), self._examples.get(digest))
            for digest, number in ordered[:GROUPS]
        )
