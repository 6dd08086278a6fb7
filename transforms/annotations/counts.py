"""The number of boxes and labels in the outputs of a shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transforms.model.records import ManifestRow


def count_annotations(
    rows: Sequence[ManifestRow], names: Iterable[str], categories: Iterable[str], sizes: Iterable[int]
) -> dict[str, Any]:
    """Return, for each annotation and size, the number of annotations and of images with any, per class and in total.

    Args:
        rows: the rows of a shard.
        names: the names of the annotations, see `ANNOTATION_FIELDS`.
        categories: the classes, in the order of their IDs.
        sizes: the sizes of the dataset.
    """
    classes = tuple(categories)
    return {
        name: {str(size): _counts((row for row in rows if row.size == size), name, classes) for size in sizes}
        for name in names
    }


def _counts(rows: Iterable[ManifestRow], name: str, classes: Sequence[str]) -> Mapping[str, Any]:
    found: Counter[str] = Counter()
    images: Counter[str] = Counter()
    with_any = without = 0
    for row in rows:
        if name not in row.annotations:
            continue
        of_row = [classes[number] for number in row.annotations[name]["category"]]
        found.update(of_row)
        images.update(set(of_row))
        with_any += bool(of_row)
        without += not of_row
    return {
        "count": sum(found.values()),
        "images_with": with_any,
        "images_without": without,
        "classes": dict(found),
        "class_images": dict(images),
    }
