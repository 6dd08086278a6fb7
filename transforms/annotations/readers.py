"""Open Images' tables -> what they say about each image."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from transforms.annotations.tables import image_id_of, read_columns
from transforms.annotations.values import Box, ImageListRow, Label
from transforms.model.annotations import BOXES, FLAGS, IMAGE_LABELS, IMAGE_LIST, UNKNOWN, AnnotationFile, Annotations
from transforms.model.errors import RunError
from transforms.model.records import Tally
from transforms.tables.readers import ATTRIBUTION_COLUMNS

_EDGES = ("XMin", "YMin", "XMax", "YMax")
# The edges of a box that is dropped.
_NOWHERE = 0.0, 0.0, 0.0, 0.0


class ImageRows(NamedTuple):
    """The rows of one image that follow each other in a table.

    Args:
        number: of the first row, from 1.
        image: the ID.
        split: that the rows name, "" for none.
        values: what they say; rows that were dropped are missing.
    """

    number: int
    image: str
    split: str
    values: tuple[Box | Label | ImageListRow, ...]


class Reader:
    """Reads the files of one table, and counts their rows.

    Args:
        annotations: what is kept.

    Attributes:
        rows: the number of rows.
        dropped: reason -> the number of rows that were dropped for it.
        counts: how many rows there are of each kind that somebody should know of.
        kept: class -> the number of its rows that were kept, those of its descendants included.
    """

    types: ClassVar[Mapping[str, str]]
    needed: ClassVar[Sequence[str]]

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self.rows = 0
        self.dropped: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self._kept_classes: dict[str, tuple[str, ...]] = {}

    def read(self, file: AnnotationFile) -> Iterator[ImageRows]:
        """Yield the rows of each image, in the order of the file.

        Raises:
            StorageError: the file cannot be read.
            RunError: the file is no such table.
        """
        where = f"--{file.table} {file.location!r}"
        current: ImageRows | None = None
        for cells in read_columns(file.location, where, {"ImageID": "string", **self.types}, self.needed):
            for rows in self._of_batch(cells, where):
                if current and (current.image, current.split) == (rows.image, rows.split):
                    current = current._replace(values=current.values + rows.values)
                    continue
                if current:
                    yield current
                current = rows
        if current:
            yield current

    def _of_batch(self, cells: Mapping[str, list[Any]], where: str) -> Iterator[ImageRows]:
        images = cells["ImageID"]
        splits = cells.get("Subset") or [""] * len(images)
        columns = [cells.get(name) or [None] * len(images) for name in self.types]
        first, before = self.rows + 1, (None, None)
        values: list[Box | Label | ImageListRow] = []
        for number, (image, split, *row) in enumerate(zip(images, splits, *columns, strict=True), first):
            if not image:
                raise RunError(f"{where} has no ImageID in row {number}: add one to each row")
            if (image, split) != before:
                if before[0]:
                    yield ImageRows(first, image_id_of(before[0]), before[1] or "", tuple(values))
                first, before, values = number, (image, split), []
            values += self._values(row)
        self.rows += len(images)
        if before[0]:
            yield ImageRows(first, image_id_of(before[0]), before[1] or "", tuple(values))

    def _values(self, _row: Sequence[Any]) -> list[Any]:
        """Return what a row says: the values of the columns in `types`; nothing if it is dropped."""
        raise NotImplementedError

    def _classes(self, class_: str) -> tuple[str, ...]:
        if class_ not in self._kept_classes:
            self._kept_classes[class_] = self._annotations.kept_classes(class_)
        return self._kept_classes[class_]

    def tally(self) -> Tally:
        """Return the tally of the rows that were read."""
        counts = {"dropped": dict(self.dropped), "kinds": dict(self.counts), "classes": dict(self.kept)}
        return {"read": self.rows, "kept": self.rows - self.dropped.total(), **counts}


class BoxReader(Reader):
    """Reads boxes: rows of a class, four edges, and flags."""

    types: ClassVar[Mapping[str, str]] = {
        "LabelName": "string",
        **dict.fromkeys(_EDGES, "double"),
        **dict.fromkeys(FLAGS, "int8"),
    }
    needed: ClassVar[Sequence[str]] = ("ImageID", "LabelName", *_EDGES)

    def _values(self, row: Sequence[Any]) -> list[Box]:
        class_, left, top, right, bottom, *cells = row
        flags = tuple(UNKNOWN if flag is None else flag for flag in cells)
        reason, edges = clipped((left, top, right, bottom))
        if not reason:
            reason = next((str(rule) for rule in self._annotations.rules if not rule.holds(flags)), "")
        classes = self._classes(class_) if class_ else ()
        if reason or not classes:
            self.dropped[reason or ("class" if class_ else "no-class")] += 1
            return []
        self.counts["clipped"] += edges != (left, top, right, bottom)
        self.kept.update(classes)
        return [Box(found, edges, flags) for found in classes]


def clipped(edges: Sequence[float | None]) -> tuple[str, tuple[float, float, float, float]]:
    """Return why a box is dropped, "" if it is not, and its edges clipped to 0 to 1.

    Args:
        edges: left, top, right and bottom, as shares of the width and the height.
    """
    known = [edge for edge in edges if edge is not None and math.isfinite(edge)]
    if len(known) < len(edges):
        return "no-coordinates", _NOWHERE
    if known[0] > known[2] or known[1] > known[3]:
        return "reversed", _NOWHERE
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in known)
    if left >= right or top >= bottom:
        return "empty" if [left, top, right, bottom] == known else "outside", _NOWHERE
    return "", (left, top, right, bottom)


class LabelReader(Reader):
    """Reads labels of images: rows of a class and a confidence, which is 0 for a class that the image does not have."""

    types: ClassVar[Mapping[str, str]] = {"LabelName": "string", "Confidence": "double"}
    needed: ClassVar[Sequence[str]] = ("ImageID", "LabelName", "Confidence")

    def __init__(self, annotations: Annotations) -> None:
        super().__init__(annotations)
        self._below: dict[str, list[str]] = {}
        for class_, ancestors in annotations.ancestors.items():
            for ancestor in ancestors:
                self._below.setdefault(ancestor, []).append(class_)

    def _values(self, row: Sequence[Any]) -> list[Label]:
        class_, confidence = row
        if not class_ or confidence is None or not 0 <= confidence <= 1:
            self.dropped["no-class" if not class_ else "no-confidence"] += 1
            return []
        # An image that holds a cat holds an animal; one that holds no animal holds no cat.
        classes = self._classes(class_) if confidence else self._absent(class_)
        if not classes:
            self.dropped["class"] += 1
        self.kept.update(classes)
        return [Label(found, confidence) for found in classes]

    def _absent(self, class_: str) -> tuple[str, ...]:
        found = (class_, *sorted(self._below.get(class_, ())))
        only = self._annotations.only_classes
        return tuple(name for name in found if not only or name in self._annotations.classes)


class ListReader(Reader):
    """Reads a list of images: rows of an author, a license, the original's MD5 and size, and a rotation."""

    types: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys((*ATTRIBUTION_COLUMNS, "OriginalMD5", "OriginalSize", "Rotation", "Subset"), "string")
    }
    needed: ClassVar[Sequence[str]] = ("ImageID",)

    def _values(self, row: Sequence[Any]) -> list[ImageListRow]:
        *attribution, md5, size, rotation, _ = row
        turn = self._rotation(rotation)
        return [ImageListRow(tuple(text or "" for text in attribution), md5 or "", size or "", turn)]

    def _rotation(self, written: str | None) -> int | None:
        """Return by how many degrees an image is to be turned counter-clockwise; None if that is not known."""
        turns = {0.0: 0, 90.0: 90, 180.0: 180, 270.0: 270}
        try:
            turn = turns.get(float(written)) if written else None
        except ValueError:
            turn = None
        self.counts[f"rotation-{'unknown' if not written else 'invalid' if turn is None else turn}"] += 1
        return turn


READERS: Mapping[str, type[Reader]] = {BOXES: BoxReader, IMAGE_LABELS: LabelReader, IMAGE_LIST: ListReader}


def check_tables(annotations: Annotations) -> None:
    """Read the first rows of each file.

    Raises:
        StorageError: a file cannot be read.
        RunError: a file is not the table that it was given for, or has no rows.
    """
    for file in annotations.files:
        if next(READERS[file.table](annotations).read(file), None) is None:
            raise RunError(f"--{file.table} {file.location!r} has no rows: use a table with a header and rows")
