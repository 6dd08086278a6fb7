"""What a dataset takes from the annotations of Open Images."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

# The flags of a box, as Open Images and as a dataset names them. Each is 1, 0, or -1 for unknown.
FLAGS = {
    "IsOccluded": "occluded",
    "IsTruncated": "truncated",
    "IsGroupOf": "group_of",
    "IsDepiction": "depiction",
    "IsInside": "inside",
}
UNKNOWN = -1


class BoxFile(NamedTuple):
    """A file of boxes, and the splits whose images it may describe."""

    location: str
    splits: tuple[str, ...]


class FlagRule(NamedTuple):
    """A condition on a flag of a box: that it has this value, or that it has not."""

    flag: str
    value: int
    is_equal: bool = True

    def __str__(self) -> str:
        return f"{self.flag}{'=' if self.is_equal else '!='}{self.value}"


@dataclasses.dataclass(frozen=True)
class Annotations:
    """The boxes of a dataset. Classes are MIDs, such as /m/01yrx, everywhere but in `names`.

    Args:
        boxes: the files of boxes.
        names: class -> the name to display.
        ancestors: class -> its ancestors; a box of the class is one of each ancestor too.
        classes: take only images with a box of one of these; empty for all images.
        excluded: leave out images with a box of one of these.
        only_classes: whether an image has the boxes of `classes` alone, and not all of its boxes.
        rules: what the flags of a box have to fulfil.
        min_visible: leave out a box of which an output shows a smaller share than this, 0 to 1.
    """

    boxes: tuple[BoxFile, ...]
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    ancestors: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    classes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    only_classes: bool = False
    rules: tuple[FlagRule, ...] = ()
    min_visible: float = 0.0

    def name_of(self, class_: str) -> str:
        """Return the name to display; a class without one is displayed as its MID."""
        return self.names.get(class_, class_)
