"""The annotations of a source -> the annotations of one of its outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from transforms.annotations.values import Box, Label
from transforms.imaging.boxes import map_box
from transforms.imaging.geometry import Target
from transforms.model.annotations import FLAGS
from transforms.model.records import AnnotationLists

_TRUNCATED = tuple(FLAGS).index("IsTruncated")
# Decimals of a pixel.
_DECIMALS = 2
# Shares that differ by less than this are equal up to rounding.
_ROUNDING = 1e-9


class OutputBoxes(NamedTuple):
    """The boxes of an output as lists, see `ANNOTATION_FIELDS`, and the number of dropped source boxes by reason."""

    objects: AnnotationLists
    dropped: dict[str, int]


def objects_of(
    boxes: Iterable[Box], source: tuple[int, int], target: Target, ids: Mapping[str, int], min_visible: float
) -> OutputBoxes:
    """Return the boxes of an output.

    A box that is only partly visible in the output is clipped, and counts as truncated.

    Args:
        boxes: the boxes of the source.
        source: (width, height) of the stored picture in pixels.
        target: the target of the output.
        ids: class -> its ID in the dataset.
        min_visible: drop a box if the output shows a smaller share of it than this, 0 to 1.
    """
    lists: AnnotationLists = {name: [] for name in ("bbox", "category", *FLAGS.values())}
    dropped: Counter[str] = Counter()
    for class_, edges, source_flags in boxes:
        mapped = map_box(edges, target.source_box, target.output_box, target.orientation, source)
        share = _visible(edges, target.source_box, source)
        if mapped is None or share < min_visible - _ROUNDING:
            dropped["not-visible" if mapped is None else "min-visible"] += 1
            continue
        left, top, right, bottom = mapped
        box = [round(value, _DECIMALS) for value in (left, top, right - left, bottom - top)]
        if not (box[2] and box[3]):
            dropped["no-area"] += 1
            continue
        flags = [*source_flags]
        if share < 1 - _ROUNDING:
            flags[_TRUNCATED] = 1
        lists["bbox"].append(box)
        lists["category"].append(ids[class_])
        for name, flag in zip(FLAGS.values(), flags, strict=True):
            lists[name].append(flag)
    return OutputBoxes(lists, dict(dropped))


def _visible(edges: Sequence[float], source_box: Sequence[float], source: tuple[int, int]) -> float:
    """Return the share of a source box that is inside the part of the source that an output shows."""
    share = 1.0
    for low, high, first, last, side in zip(edges[:2], edges[2:], source_box[:2], source_box[2:], source, strict=True):
        share *= max(0.0, min(high * side, last) - max(low * side, first)) / ((high - low) * side)
    return share


def labels_of(labels: Iterable[Label], ids: Mapping[str, int]) -> AnnotationLists:
    """Return the labels of an image as lists, see `ANNOTATION_FIELDS`, in the order of their class IDs."""
    known = sorted((ids[class_], confidence) for class_, confidence in labels)
    return {"category": [number for number, _ in known], "confidence": [confidence for _, confidence in known]}
