"""A shard's sources and the rows of boxes in the same shard -> the boxes of each source."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from transforms.annotations.boxes import Box, ImageBoxes
from transforms.imaging.naming import image_id
from transforms.model.annotations import Annotations
from transforms.model.config import BOXES
from transforms.model.records import Source
from transforms.tables.join import TableRow


class BoxJoin(NamedTuple):
    """The boxes of a shard.

    Args:
        boxes: path of a source that is taken -> its boxes.
        not_selected: the paths of the sources that are left out by their classes.
        tally: how many boxes came to this shard, and how many of them have an image here.
    """

    boxes: dict[str, tuple[Box, ...]]
    not_selected: frozenset[str]
    tally: dict[str, Any]


NO_BOXES = BoxJoin({}, frozenset(), {})


def pack(image: ImageBoxes) -> bytes:
    """Return the boxes of an image as they are shuffled."""
    return json.dumps(image.boxes, separators=(",", ":")).encode()


def _unpack(cells: bytes) -> Iterable[Box]:
    return (Box(class_, tuple(edges), tuple(flags)) for class_, edges, flags in json.loads(cells))


def join_boxes(sources: Sequence[Source], rows: Sequence[TableRow], annotations: Annotations) -> BoxJoin:
    """Find the boxes of each source by its ID, which several sources may share."""
    by_image: dict[str, list[Box]] = defaultdict(list)
    for row in sorted((row for row in rows if row.table == BOXES), key=lambda row: row.number):
        by_image[row.key] += _unpack(row.cells)
    boxes = {source.path: _distinct(by_image.get(image_id(source.key), ())) for source in sources}
    not_selected = frozenset(path for path, found in boxes.items() if not _is_selected(found, annotations))
    images = {image_id(source.key) for source in sources}
    total = sum(map(len, by_image.values()))
    without_image = sum(len(found) for image, found in by_image.items() if image not in images)
    return BoxJoin(
        {path: found for path, found in boxes.items() if path not in not_selected},
        not_selected,
        {
            "rows": total,
            "rows_without_image": without_image,
            "images_with_row": sum(map(bool, boxes.values())),
            "images_without_row": sum(not found for found in boxes.values()),
        },
    )


def _distinct(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Return boxes without repetitions: rows that occur twice, and ancestors that several boxes of a class have."""
    return tuple(dict.fromkeys(boxes))


def _is_selected(boxes: Iterable[Box], annotations: Annotations) -> bool:
    classes = {box.class_ for box in boxes}
    if annotations.classes and classes.isdisjoint(annotations.classes):
        return False
    return classes.isdisjoint(annotations.excluded)
