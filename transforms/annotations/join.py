"""A shard's sources and the rows of annotations in the same shard -> what is known of each source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from transforms.annotations.values import Box, Label, Listed, Value, unpack
from transforms.imaging.naming import image_id
from transforms.model.annotations import BOXES, IMAGE_LABELS, IMAGE_LIST, Annotations
from transforms.model.records import MissingRow, Source
from transforms.tables.join import TableRow


class Annotated(NamedTuple):
    """What is known of one image. `listed` is None if it is not in the list of images."""

    boxes: tuple[Box, ...] = ()
    labels: tuple[Label, ...] = ()
    listed: Listed | None = None

    @property
    def classes(self) -> set[str]:
        """The classes that the image holds."""
        return {box.class_ for box in self.boxes} | {label.class_ for label in self.labels if label.confidence}


class AnnotationJoin(NamedTuple):
    """The annotations of a shard.

    Args:
        images: path of a source -> what is known of it.
        listed: key of a source -> its row in the list of images.
        missing: the images of the list that the input lacks.
        tally: table -> how many of its rows came to this shard, and how many of them have an image here.
    """

    images: dict[str, Annotated]
    listed: dict[str, Listed]
    missing: tuple[MissingRow, ...]
    tally: dict[str, Any]


NO_ANNOTATIONS = AnnotationJoin({}, {}, (), {})


class _Rows(NamedTuple):
    """The rows of one table: ID of an image -> its values, and the number of its first row."""

    values: dict[str, list[Any]]
    numbers: dict[str, int]


def join_annotations(sources: Sequence[Source], rows: Sequence[TableRow], annotations: Annotations) -> AnnotationJoin:
    """Find what the tables say about each source by its ID, which several sources may share."""
    tables = {table: _of_table(table, rows) for table in sorted(annotations.tables)}
    images = {source.path: _annotated(image_id(source.key), tables) for source in sources}
    present = {image_id(source.key) for source in sources}
    listed = tables.get(IMAGE_LIST, _Rows({}, {}))
    missing = sorted(MissingRow(image, listed.numbers[image]) for image in {*listed.values} - present)
    return AnnotationJoin(
        images,
        {source.key: row for source in sources if (row := images[source.path].listed)},
        tuple(missing),
        {table: _counts(of_table, sources, present) for table, of_table in tables.items()},
    )


def _of_table(table: str, rows: Iterable[TableRow]) -> _Rows:
    values: dict[str, list[Value]] = defaultdict(list)
    numbers: dict[str, int] = {}
    for row in sorted((row for row in rows if row.table == table), key=lambda row: (row.number, row.cells)):
        values[row.key] += unpack(table, row.cells)
        numbers.setdefault(row.key, row.number)
    return _Rows(values, numbers)


def _annotated(image: str, tables: dict[str, _Rows]) -> Annotated:
    boxes, labels, listed = (
        tables[table].values.get(image, []) if table in tables else [] for table in (BOXES, IMAGE_LABELS, IMAGE_LIST)
    )
    # Without repetitions: of rows, and of ancestors that several children share.
    return Annotated(tuple(dict.fromkeys(boxes)), _surest(labels), listed[0] if listed else None)


def _surest(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return one label of each class, the one with the highest confidence, in the order of the classes."""
    confidences: dict[str, float] = {}
    for class_, confidence in labels:
        confidences[class_] = max(confidence, confidences.get(class_, 0.0))
    return tuple(Label(*item) for item in sorted(confidences.items()))


def _counts(rows: _Rows, sources: Sequence[Source], present: set[str]) -> dict[str, int]:
    with_row = sum(image_id(source.key) in rows.values for source in sources)
    return {
        "rows": sum(map(len, rows.values.values())),
        "rows_without_image": sum(len(values) for image, values in rows.values.items() if image not in present),
        "images_with_row": with_row,
        "images_without_row": len(sources) - with_row,
    }
