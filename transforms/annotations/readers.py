"""Open Images' tables -> their values for each image."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from transforms.annotations.tables import image_id_of, read_columns
from transforms.annotations.values import Box, ImageListRow, Label, Value
from transforms.model.annotations import BOXES, FLAGS, IMAGE_LABELS, IMAGE_LIST, UNKNOWN, AnnotationFile, Annotations
from transforms.model.errors import RunError
from transforms.model.records import Tally
from transforms.tables.readers import ATTRIBUTION_COLUMNS

_EDGES = ("XMin", "YMin", "XMax", "YMax")
_VALUES_OF_FLAGS = frozenset({0, 1, UNKNOWN})
# The edges of a box that is dropped.
_NOWHERE = 0.0, 0.0, 0.0, 0.0


class ImageRows(NamedTuple):
    """Consecutive rows of a table about one image.

    Args:
        number: the number of the first row, from 1.
        image: the ID of the image.
        split: the split that the rows name; "" if they name none.
        values: the values of the rows. A dropped row has none, unless it excludes the image; then its values contain
            excluded classes only.
        kept: the number of rows that were not dropped.
    """

    number: int
    image: str
    split: str
    values: tuple[Value, ...]
    kept: int


class Reader:
    """Reads the files of one table, and counts their rows.

    Args:
        annotations: selects the rows that are kept.

    Attributes:
        rows: the number of rows.
        dropped: reason -> the number of rows that were dropped for it.
        counts: kind -> the number of rows of a kind that the user should know about.
        kept: class -> the number of its rows that were kept, including those of its descendants.
    """

    types: ClassVar[Mapping[str, str]]

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self.rows = 0
        self.dropped: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self._classes_of: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    @property
    def needed(self) -> Sequence[str]:
        """The columns that the table must have."""
        raise NotImplementedError

    def read(self, file: AnnotationFile) -> Iterator[ImageRows]:
        """Yield the rows of each image, in the order of the file.

        Raises:
            StorageError: the file cannot be read.
            RunError: the file is not such a table.
        """
        where = f"--{file.table} {file.location!r}"
        current: ImageRows | None = None
        for cells in read_columns(file.location, where, {"ImageID": "string", **self.types}, self.needed):
            for rows in self._of_batch(cells, where):
                if current and (current.image, current.split) == (rows.image, rows.split):
                    values, kept = current.values + rows.values, current.kept + rows.kept
                    current = current._replace(values=values, kept=kept)
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
        start, before = self.rows + 1, (None, None)
        values: list[Value] = []
        kept = 0
        for number, (image, split, *row) in enumerate(zip(images, splits, *columns, strict=True), start):
            if not image:
                raise RunError(f"{where} has no ImageID in row {number}: add one to each row")
            if (image, split) != before:
                if before[0]:
                    yield _image_rows(start, before, values, kept)
                start, before, values, kept = number, (image, split), [], 0
            is_kept, found = self._values(row)
            values += found
            kept += is_kept
        self.rows += len(images)
        if before[0]:
            yield _image_rows(start, before, values, kept)

    def _values(self, _row: Sequence[Any]) -> tuple[bool, list[Any]]:
        """Return whether a row is kept, and its values. Count a row that is dropped.

        Args:
            _row: the cells of the columns in `types`.
        """
        raise NotImplementedError

    def _classes(self, written: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the classes that a row counts for, and those that exclude its image."""
        if written not in self._classes_of:
            class_ = written.strip()
            self._classes_of[written] = (
                (self._annotations.kept_classes(class_), self._annotations.excluded_classes(class_))
                if class_
                else ((), ())
            )
        return self._classes_of[written]

    def tally(self) -> Tally:
        """Return the tally of the rows read so far."""
        counts = {"dropped": dict(self.dropped), "kinds": dict(self.counts), "classes": dict(self.kept)}
        return {"read": self.rows, "kept": self.rows - self.dropped.total(), **counts}


def _image_rows(number: int, image: tuple[Any, Any], values: Sequence[Value], kept: int) -> ImageRows:
    return ImageRows(number, image_id_of(image[0]), image[1] or "", tuple(values), kept)


class BoxReader(Reader):
    """Reads boxes. Each row has a class, four edges, and flags."""

    types: ClassVar[Mapping[str, str]] = {
        "LabelName": "string",
        **dict.fromkeys(_EDGES, "double"),
        **dict.fromkeys(FLAGS, "int8"),
    }
    needed = ("ImageID", "LabelName", *_EDGES)

    def _values(self, row: Sequence[Any]) -> tuple[bool, list[Box]]:
        written, left, top, right, bottom, *cells = row
        flags = tuple(UNKNOWN if flag is None else flag for flag in cells)
        if not _VALUES_OF_FLAGS.issuperset(flags):
            self.counts["flag-invalid"] += 1
            flags = tuple(flag if flag in _VALUES_OF_FLAGS else UNKNOWN for flag in flags)
        reason, edges = clipped((left, top, right, bottom))
        if not reason:
            reason = next((str(rule) for rule in self._annotations.rules if not rule.holds(flags)), "")
        classes, excluded = self._classes(written or "")
        if reason or not classes:
            self.dropped[reason or ("class" if (written or "").strip() else "no-class")] += 1
            return False, [Box(found, edges, flags) for found in excluded]
        self.counts["clipped"] += edges != (left, top, right, bottom)
        self.kept.update(classes)
        named = dict.fromkeys((*classes, *excluded)) if excluded else classes
        return True, [Box(found, edges, flags) for found in named]


def clipped(edges: Sequence[float | None]) -> tuple[str, tuple[float, float, float, float]]:
    """Return the reason why a box is dropped ("" if it is kept), and its edges clipped to 0 to 1.

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
    """Reads image labels. Each row has a class and a confidence, which is 0 if the image does not contain the class."""

    types: ClassVar[Mapping[str, str]] = {"LabelName": "string", "Confidence": "double"}
    needed = ("ImageID", "LabelName", "Confidence")

    def __init__(self, annotations: Annotations) -> None:
        super().__init__(annotations)
        self._below: dict[str, list[str]] = {}
        for class_, ancestors in annotations.ancestors.items():
            for ancestor in ancestors:
                self._below.setdefault(ancestor, []).append(class_)

    def _values(self, row: Sequence[Any]) -> tuple[bool, list[Label]]:
        written, confidence = row
        class_ = (written or "").strip()
        if not class_ or confidence is None or not 0 <= confidence <= 1:
            self.dropped["no-class" if not class_ else "no-confidence"] += 1
            return False, []
        # An image that contains a cat contains an animal; one that contains no animal contains no cat.
        classes, excluded = self._classes(written) if confidence else (self._absent(class_), ())
        if not classes:
            self.dropped["class"] += 1
        self.kept.update(classes)
        return bool(classes), [Label(found, confidence) for found in dict.fromkeys((*classes, *excluded))]

    def _absent(self, class_: str) -> tuple[str, ...]:
        found = (class_, *sorted(self._below.get(class_, ())))
        only = self._annotations.only_classes
        return tuple(name for name in found if not only or name in self._annotations.classes)


class ListReader(Reader):
    """Reads a list of images. Each row has an author, a license, the original's MD5 and size, and a rotation."""

    types: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys((*ATTRIBUTION_COLUMNS, "OriginalMD5", "OriginalSize", "Rotation", "Subset"), "string")
    }

    @property
    def needed(self) -> Sequence[str]:
        """The columns that the list must have for the flags that use it."""
        annotations = self._annotations
        md5, rotation = ["OriginalMD5"] * annotations.verifies_md5, ["Rotation"] * annotations.rotates
        return ("ImageID", *md5, *rotation)

    def _values(self, row: Sequence[Any]) -> tuple[bool, list[ImageListRow]]:
        *attribution, md5, size, rotation, _ = row
        if self._annotations.verifies_md5:
            self.counts["md5-unknown"] += not md5
        turn = self._rotation(rotation)
        return True, [ImageListRow(tuple(text or "" for text in attribution), md5 or "", size or "", turn)]

    def _rotation(self, written: str | None) -> int | None:
        """Return the counter-clockwise rotation of an image in degrees, or None if it is unknown or invalid."""
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
        RunError: a file is not the table that its flag expects, or has no rows.
    """
    for file in annotations.files:
        if next(READERS[file.table](annotations).read(file), None) is None:
            raise RunError(f"--{file.table} {file.location!r} has no rows: use a table with a header and rows")
