"""The number of boxes in the outputs of a shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from transforms.model.records import ManifestRow


def count_objects(rows: Sequence[ManifestRow], categories: Iterable[str], sizes: Iterable[int]) -> dict[str, Any]:
    """Return for each size how many boxes there are, and how many images with any: of each class, and in all.

    Args:
        rows: of a shard.
        categories: the classes, in the order of their IDs.
        sizes: of the dataset.
    """
    classes = tuple(categories)
    return {str(size): _of_size((row for row in rows if row.size == size), classes) for size in sizes}


def _of_size(rows: Iterable[ManifestRow], classes: Sequence[str]) -> dict[str, Any]:
    boxes: Counter[str] = Counter()
    images: Counter[str] = Counter()
    with_boxes = without_boxes = 0
    for row in rows:
        if row.objects is None:
            continue
        found = [classes[number] for number in row.objects["category"]]
        boxes.update(found)
        images.update(set(found))
        with_boxes += bool(found)
        without_boxes += not found
    return {
        "boxes": sum(boxes.values()),
        "images_with_boxes": with_boxes,
        "images_without_boxes": without_boxes,
        "class_boxes": dict(boxes),
        "class_images": dict(images),
    }
