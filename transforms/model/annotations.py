"""The annotations of Open Images that a dataset uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

# The tables of annotations, named after their command-line flags.
IMAGE_LIST, BOXES, IMAGE_LABELS = "image_list", "boxes", "image_labels"

# Name of a box's flag in Open Images -> its name in a dataset. Each flag is 1, 0, or -1 for unknown.
FLAGS = {
    "IsOccluded": "occluded",
    "IsTruncated": "truncated",
    "IsGroupOf": "group_of",
    "IsDepiction": "depiction",
    "IsInside": "inside",
}
UNKNOWN = -1
_POSITIONS = {flag: position for position, flag in enumerate(FLAGS)}

# Annotations of an image in a dataset: name -> its lists -> the type of their items. An item of type `CLASS` is a class
# ID. An item of type `BOX` is left, top, width and height in pixels of the output.
OBJECTS = "objects"
CLASS, BOX = "class", "box"
ANNOTATION_FIELDS = {
    OBJECTS: {"bbox": BOX, "category": CLASS, **dict.fromkeys(FLAGS.values(), "int8")},
    IMAGE_LABELS: {"category": CLASS, "confidence": "float64"},
}


# The formats of boxes. Every layout contains `OBJECTS`, and the layout tfrecord its own; the others are files.
COCO, YOLO, TFRECORD = "coco", "yolo", "tfrecord"
FORMATS = (OBJECTS, COCO, YOLO, TFRECORD)


class AnnotationFile(NamedTuple):
    """A file of annotations: its table, its location, and the names of the splits whose images it may describe."""

    table: str
    location: str
    splits: tuple[str, ...]


class FlagRule(NamedTuple):
    """A condition on a flag of a box: that it has a value, or with `is_equal` false, that it does not."""

    flag: str
    value: int
    is_equal: bool = True

    def holds(self, flags: Sequence[int]) -> bool:
        """Return whether the flags of a box, in the order of `FLAGS`, fulfill the rule."""
        return (flags[_POSITIONS[self.flag]] == self.value) == self.is_equal

    def __str__(self) -> str:
        return f"{self.flag}{'=' if self.is_equal else '!='}{self.value}"


@dataclasses.dataclass(frozen=True)
class Annotations:
    """The annotations of a dataset. Classes are MIDs, such as /m/01yrx, except for the values of `names`.

    Args:
        files: the tables.
        names: class -> the name to display.
        ancestors: class -> its ancestors. A box or label of a class also counts for each ancestor.
        classes: select only images with a box or label of one of these; empty for all images.
        excluded: exclude images with a box or label of one of these, even if the box or label itself is not kept.
        only_classes: whether to keep only the boxes and labels of `classes`.
        rules: the rules that the flags of a box must fulfill.
        min_visible: drop a box if an output shows a smaller share of it than this, 0 to 1.
        max_per_class: select at most about this many images of each class; None for all.
        max_images: select at most this many images; None for all.
        rotates: whether to turn images according to the list of images instead of their EXIF.
        formats: the formats of the files with boxes: `COCO`, `YOLO` or both.
        verifies_md5: whether the bytes of a source must have the MD5 in the list of images.
    """

    files: tuple[AnnotationFile, ...]
    names: dict[str, str] = dataclasses.field(default_factory=dict, hash=False)  # a dictionary has no hash
    ancestors: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict, hash=False)
    classes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    only_classes: bool = False
    rules: tuple[FlagRule, ...] = ()
    min_visible: float = 0.0
    max_per_class: int | None = None
    max_images: int | None = None
    rotates: bool = False
    verifies_md5: bool = False
    formats: tuple[str, ...] = ()

    @property
    def tables(self) -> frozenset[str]:
        """The tables that have files."""
        return frozenset(file.table for file in self.files)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the annotations that images of the dataset have, see `ANNOTATION_FIELDS`."""
        return tuple(name for name, table in ((OBJECTS, BOXES), (IMAGE_LABELS, IMAGE_LABELS)) if table in self.tables)

    @property
    def has_limits(self) -> bool:
        """Whether the number of images is limited."""
        return self.max_per_class is not None or self.max_images is not None

    def name_of(self, class_: str) -> str:
        """Return the name of a class to display; its MID if it has no name."""
        return self.names.get(class_, class_)

    def kept_classes(self, class_: str) -> tuple[str, ...]:
        """Return the classes for which an annotation of a class counts: those of it and its ancestors that are kept."""
        found = class_, *self.ancestors.get(class_, ())
        return tuple(name for name in found if name in self.classes) if self.only_classes else found

    def excluded_classes(self, class_: str) -> tuple[str, ...]:
        """Return those of a class and its ancestors that exclude an image."""
        return tuple(name for name in (class_, *self.ancestors.get(class_, ())) if name in self.excluded)
