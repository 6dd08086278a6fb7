"""The values that a table has for an image, and their form in the shuffle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from transforms.model.annotations import BOXES, IMAGE_LABELS, IMAGE_LIST


class Box(NamedTuple):
    """A box of a source.

    Args:
        class_: the class, such as /m/01yrx.
        edges: left, top, right and bottom, as shares of the width and the height of the stored picture, 0 to 1.
        flags: the values of the flags, in the order of `FLAGS`.
    """

    class_: str
    edges: tuple[float, float, float, float]
    flags: tuple[int, ...]

    @property
    def is_present(self) -> bool:
        """Whether the image contains the class: always true for a box."""
        return True


class Label(NamedTuple):
    """A class of a whole image, and its confidence, 0 to 1. 0 means that the image does not contain the class."""

    class_: str
    confidence: float

    @property
    def is_present(self) -> bool:
        """Whether the image contains the class."""
        return self.confidence > 0


class ImageListRow(NamedTuple):
    """An image in the list of images.

    Args:
        attribution: the values of `ATTRIBUTION_COLUMNS`.
        md5: the MD5 of the original file in Base64; "" if unknown.
        size: the size of the original file in bytes; "" if unknown.
        rotation: the counter-clockwise rotation of the image in degrees; None if unknown.
    """

    attribution: tuple[str, ...]
    md5: str
    size: str
    rotation: int | None


Value = Box | Label | ImageListRow

_TYPES = {BOXES: Box, IMAGE_LABELS: Label, IMAGE_LIST: ImageListRow}


def pack(values: Sequence[Value], rows: int) -> bytes:
    """Return the values of some rows of one table in their form in the shuffle: the number of rows, and JSON."""
    return b"%d %s" % (rows, json.dumps(values, separators=(",", ":")).encode())


def count_rows(cells: bytes) -> int:
    """Return the number of rows in a result of `pack`."""
    return int(cells[: cells.index(b" ")])


def unpack(table: str, cells: bytes) -> list[Any]:
    """Return the values in a result of `pack`."""
    of_type = _TYPES[table]
    values = json.loads(cells[cells.index(b" ") :])
    return [of_type(*(tuple(item) if isinstance(item, list) else item for item in value)) for value in values]
