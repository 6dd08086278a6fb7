"""A shard's sources and the rows of annotations in the same shard -> the annotations of each source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from transforms.annotations.select import Known
from transforms.annotations.values import Box, ImageListRow, Label, count_rows, unpack
from transforms.model.annotations import BOXES, IMAGE_LABELS, IMAGE_LIST, Annotations
from transforms.model.keys import image_id
from transforms.model.records import MissingRow, Source
from transforms.tables.join import TableRow


class Annotated(NamedTuple):
    """The annotations of one image. `listed` is None if it is not in the list of images."""

    boxes: tuple[Box, ...] = ()
    labels: tuple[Label, ...] = ()
    listed: ImageListRow | None = None

    @property
    def known(self) -> Known:
        """What decides whether the image is selected."""
        values: tuple[Box | Label, ...] = (*self.boxes, *self.labels)
        return Known(frozenset(value.class_ for value in values if value.is_present), self.listed is not None)


# An image without annotations.
NOT_ANNOTATED = Annotated()


class AnnotationJoin(NamedTuple):
    """The annotations of a shard.

    Args:
        images: path of a source -> its annotations.
        missing: the images of the list that are not in the input.
        tally: table -> how many of its rows are in this shard, and how many of those have an image here.
    """

    images: dict[str, Annotated]
    missing: tuple[MissingRow, ...]
    tally: dict[str, Any]

    def without(self, paths: Collection[str]) -> AnnotationJoin:
        """Return this join without the annotations of some sources."""
        return self._replace(images={path: known for path, known in self.images.items() if path not in paths})


NO_ANNOTATIONS = AnnotationJoin({}, (), {})


def join_annotations(sources: Sequence[Source], rows: Sequence[TableRow], annotations: Annotations) -> AnnotationJoin:
    """Find each source's annotations by its image ID. Several sources may share an ID."""
    tables = {table: _by_image(table, rows) for table in sorted(annotations.tables)}
    present = {image_id(source.key) for source in sources}
    known, repeated = {}, 0
    for image in present:
        known[image], repeated_boxes = _annotated(image, tables)
        repeated += repeated_boxes
    missing = {image: found[0].number for image, found in tables.get(IMAGE_LIST, {}).items() if image not in present}
    counts = {table: _counts(of_table, sources, present) for table, of_table in tables.items()}
    if BOXES in counts:
        counts[BOXES]["repeated"] = repeated
    return AnnotationJoin(
        {source.path: known[image_id(source.key)] for source in sources},
        tuple(sorted(MissingRow(*item) for item in missing.items())),
        counts,
    )


def _by_image(table: str, rows: Iterable[TableRow]) -> dict[str, list[TableRow]]:
    """Return image ID -> the rows of a table about that image, in file order."""
    by_image: dict[str, list[TableRow]] = defaultdict(list)
    for row in sorted((row for row in rows if row.table == table), key=lambda row: (row.number, row.cells)):
        by_image[row.key].append(row)
    return by_image


def _annotated(image: str, tables: Mapping[str, Mapping[str, Sequence[TableRow]]]) -> tuple[Annotated, int]:
    """Return the annotations of an image, and how many of its boxes are duplicates."""
    boxes, labels, listed = (
        [value for row in tables.get(table, {}).get(image, ()) for value in unpack(table, row.cells)]
        for table in (BOXES, IMAGE_LABELS, IMAGE_LIST)
    )
    # Drop duplicates: repeated rows, and ancestors that several classes share.
    different = tuple(dict.fromkeys(boxes))
    return Annotated(different, _surest(labels), listed[0] if listed else None), len(boxes) - len(different)


def _surest(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return for each class the label with the highest confidence, sorted by class."""
    confidences: dict[str, float] = {}
    for class_, confidence in labels:
        confidences[class_] = max(confidence, confidences.get(class_, 0.0))
    return tuple(Label(*item) for item in sorted(confidences.items()))


def _counts(
    by_image: Mapping[str, Sequence[TableRow]], sources: Sequence[Source], present: Collection[str]
) -> dict[str, int]:
    numbers = {image: sum(count_rows(row.cells) for row in rows) for image, rows in by_image.items()}
    with_row = sum(image_id(source.key) in by_image for source in sources)
    return {
        "rows": sum(numbers.values()),
        "rows_without_image": sum(number for image, number in numbers.items() if image not in present),
        "images_with_row": with_row,
        "images_without_row": len(sources) - with_row,
    }
