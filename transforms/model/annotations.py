"""What a dataset takes from the annotations of Open Images."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

# The tables of annotations, by the names of their flags.
IMAGE_LIST, BOXES, IMAGE_LABELS = "image_list", "boxes", "image_labels"

# The flags of a box, as Open Images and as a dataset names them. Each is 1, 0, or -1 for unknown.
FLAGS = {
    "IsOccluded": "occluded",
    "IsTruncated": "truncated",
    "IsGroupOf": "group_of",
    "IsDepiction": "depiction",
    "IsInside": "inside",
}
UNKNOWN = -1
_POSITIONS = {flag: position for position, flag in enumerate(FLAGS)}

# Annotations of an image in a dataset: name -> its lists -> the type of their items. An item of type `CLASS` is the ID
# of a class, one of type `BOX` is left, top, width and height in pixels of the output.
OBJECTS = "objects"
CLASS, BOX = "class", "box"
ANNOTATION_FIELDS = {
    OBJECTS: {"bbox": BOX, "category": CLASS, **dict.fromkeys(FLAGS.values(), "int8")},
    IMAGE_LABELS: {"category": CLASS, "confidence": "float64"},
}


# The formats of boxes. Every layout has objects, and the layout tfrecord its own; the others are files.
COCO, YOLO, TFRECORD = "coco", "yolo", "tfrecord"
FORMATS = (OBJECTS, COCO, YOLO, TFRECORD)


class AnnotationFile(NamedTuple):
    """A file of annotations: its table, its location, and the splits whose images it may describe."""

    table: str
    location: str
    splits: tuple[str, ...]


class FlagRule(NamedTuple):
    """A condition on a flag of a box: that it has this value, or that it has not."""

    flag: str
    value: int
    is_equal: bool = True

    def holds(self, flags: Sequence[int]) -> bool:
        """Return whether the flags of a box, in the order of `FLAGS`, fulfil the rule."""
        return (flags[_POSITIONS[self.flag]] == self.value) == self.is_equal

    def __str__(self) -> str:
        return f"{self.flag}{'=' if self.is_equal else '!='}{self.value}"


@dataclasses.dataclass(frozen=True)
class Annotations:
    """The annotations of a dataset. Classes are MIDs, such as /m/01yrx, everywhere but in `names`.

    Args:
        files: the tables.
        names: class -> the name to display.
        ancestors: class -> its ancestors; a box of the class is one of each ancestor too, and a label likewise.
        classes: take only images with a box or a label of one of these; empty for all images.
        excluded: leave out images with a box or a label of one of these, also one that is not kept.
        only_classes: whether an image has the boxes and labels of `classes` alone, and not all of its own.
        rules: what the flags of a box have to fulfil.
        min_visible: leave out a box of which an output shows a smaller share than this, 0 to 1.
        max_per_class: take at most about so many images of each class; None for all.
        max_images: take at most so many images; None for all.
        rotates: whether to turn images as the list of images says, and not as their EXIF says.
        formats: of the files with boxes, `COCO` or `YOLO` or both.
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
        """The tables of which there are files."""
        return frozenset(file.table for file in self.files)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the annotations that an image of the dataset has, see `ANNOTATION_FIELDS`."""
        return tuple(name for name, table in ((OBJECTS, BOXES), (IMAGE_LABELS, IMAGE_LABELS)) if table in self.tables)

    @property
    def has_limits(self) -> bool:
        """Whether the number of images is limited."""
        return self.max_per_class is not None or self.max_images is not None

    def name_of(self, class_: str) -> str:
        """Return the name to display; a class without one is displayed as its MID."""
        return self.names.get(class_, class_)

    def kept_classes(self, class_: str) -> tuple[str, ...]:
        """Return the classes that an annotation of a class counts for: it and its ancestors, if they are kept."""
        found = class_, *self.ancestors.get(class_, ())
        return tuple(name for name in found if name in self.classes) if self.only_classes else found

    def excluded_classes(self, class_: str) -> tuple[str, ...]:
        """Return the classes among a class and its ancestors that leave an image out."""
        return tuple(name for name in (class_, *self.ancestors.get(class_, ())) if name in self.excluded)
