"""Files of boxes in the format of Open Images -> the boxes of each image.

A file has a row for each box: ImageID, LabelName, XMin, XMax, YMin and YMax, and, if it has them, the flags IsOccluded,
IsTruncated, IsGroupOf, IsDepiction and IsInside. Other columns are ignored. Coordinates are shares of the width and
the height of the stored picture.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from transforms import storage
from transforms.imaging.naming import is_tried, key_of
from transforms.model.annotations import FLAGS, UNKNOWN, Annotations
from transforms.model.errors import RunError, StorageError

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDED = ("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax")
# Bytes of a file that are parsed at once.
_BLOCK = 8_000_000

# The edges of a box that is dropped.
_NOWHERE = 0.0, 0.0, 0.0, 0.0
_HEX_ID = re.compile(r"[0-9A-Fa-f]{16}")


class Box(NamedTuple):
    """A box of a source.

    Args:
        class_: such as /m/01yrx.
        edges: left, top, right and bottom, as shares of the width and the height of the stored picture, 0 to 1.
        flags: in the order of `FLAGS`.
    """

    class_: str
    edges: tuple[float, float, float, float]
    flags: tuple[int, ...]


class ImageBoxes(NamedTuple):
    """Boxes of one image, which follow each other in a file.

    Args:
        number: of the first row, from 1.
        image: the ID.
        boxes: those that are kept.
    """

    number: int
    image: str
    boxes: tuple[Box, ...]


class BoxReader:
    """Reads files of boxes, and counts their rows.

    Args:
        annotations: which boxes are kept.

    Attributes:
        rows: the number of rows.
        dropped: reason -> the number of rows that were dropped for it.
        clipped: the number of rows with a coordinate below 0 or above 1.
        kept: class -> the number of its boxes that were kept, those of its descendants included.
    """

    def __init__(self, annotations: Annotations) -> None:
        self._annotations = annotations
        self._only = frozenset(annotations.classes) if annotations.only_classes else None
        self._flags = tuple(FLAGS)
        self.rows = self.clipped = 0
        self.dropped: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()

    def read(self, location: str) -> Iterator[ImageBoxes]:
        """Yield the boxes of each image, in the order of the file.

        Raises:
            StorageError: the file cannot be read.
            RunError: the file is no file of boxes.
        """
        where = f"--boxes {location!r}"
        current: ImageBoxes | None = None
        for batch in _batches(location, where):
            for image_boxes in self._of_batch(batch, where):
                if current and current.image == image_boxes.image:
                    current = current._replace(boxes=current.boxes + image_boxes.boxes)
                    continue
                if current:
                    yield current
                current = image_boxes
        if current:
            yield current

    def _of_batch(self, batch: pa.RecordBatch, where: str) -> Iterator[ImageBoxes]:
        columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
        flags = [columns.get(name) or [None] * batch.num_rows for name in self._flags]
        first, image = self.rows + 1, ""
        boxes: list[Box] = []
        edges = zip(*(columns[name] for name in ("XMin", "YMin", "XMax", "YMax")), strict=True)
        rows = zip(columns["ImageID"], columns["LabelName"], edges, zip(*flags, strict=True), strict=True)
        for number, (id_, class_, box, values) in enumerate(rows, first):
            if id_ != image:
                if image:
                    yield ImageBoxes(first, _image_id(image), tuple(boxes))
                first, image, boxes = number, id_, []
            if not id_ or not class_:
                raise RunError(f"{where} has no ImageID or LabelName in row {number}: give both in each row")
            boxes += self._kept(class_, box, values)
        self.rows += batch.num_rows
        if image:
            yield ImageBoxes(first, _image_id(image), tuple(boxes))

    def _kept(self, class_: str, edges: Sequence[float | None], flags: Sequence[int | None]) -> list[Box]:
        reason, box = _clipped(edges)
        values = tuple(UNKNOWN if flag is None else flag for flag in flags)
        for rule in self._annotations.rules:
            if (values[self._flags.index(rule.flag)] == rule.value) != rule.is_equal:
                reason = reason or f"{rule}"
        classes = (class_, *self._annotations.ancestors.get(class_, ()))
        if self._only is not None:
            classes = tuple(found for found in classes if found in self._only)
        if reason or not classes:
            self.dropped[reason or "class"] += 1
            return []
        self.clipped += box != tuple(edges)
        self.kept.update(classes)
        return [Box(found, box, values) for found in classes]


def _clipped(edges: Sequence[float | None]) -> tuple[str, tuple[float, float, float, float]]:
    """Return why a box is dropped, "" if it is not, and its edges clipped to 0 to 1.

    Args:
        edges: left, top, right and bottom.
    """
    known = [edge for edge in edges if edge is not None and math.isfinite(edge)]
    if len(known) < len(edges):
        return "no-coordinates", _NOWHERE
    if known[0] > known[2] or known[1] > known[3]:
        return "reversed", _NOWHERE
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in known)
    if left >= right or top >= bottom:
        return "empty" if (left, top, right, bottom) == tuple(known) else "outside", _NOWHERE
    return "", (left, top, right, bottom)


def _image_id(written: str) -> str:
    """Return the ID of an image in the form of Open Images: without an extension, in small letters."""
    image = key_of(written) if is_tried(written) and "." in written else written
    return image.lower() if _HEX_ID.fullmatch(image) else image


def _batches(location: str, where: str) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file that are used, some rows at a time."""
    import pyarrow as pa  # takes a quarter of a second, for which no run without boxes should wait
    from pyarrow import csv as arrow_csv

    types = {
        **dict.fromkeys(("ImageID", "LabelName"), pa.string()),
        **dict.fromkeys(("XMin", "XMax", "YMin", "YMax"), pa.float64()),
        **dict.fromkeys(FLAGS, pa.int8()),
    }
    with _failing_in(where), storage.open_file(location) as opened, _plain(opened, location) as file:
        names = _header(file, where)
        try:
            yield from arrow_csv.open_csv(
                file,
                arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=[name for name in types if name in names], column_types=types
                ),
            )
        except pa.ArrowInvalid as error:
            if str(error) == "Empty CSV file":  # the header alone
                return
            raise


def _plain(file: BinaryIO, location: str) -> contextlib.AbstractContextManager[BinaryIO | gzip.GzipFile]:
    """Return a file without its compression, if it has one."""
    if location.endswith(".gz"):
        return gzip.GzipFile(fileobj=file)
    return contextlib.nullcontext(file)


def _header(file: BinaryIO | gzip.GzipFile, where: str) -> list[str]:
    names = next(csv.reader([file.readline().decode("utf-8-sig")]), [])
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        form = f"a file of boxes has {', '.join(_NEEDED)}"
        has = f"; its first line is {','.join(names)[:100]!r}" if names else ", since it is empty"
        raise RunError(f"{where} has no column {missing[0]!r}{has}: {form}")
    return names


@contextlib.contextmanager
def _failing_in(where: str) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except OSError as error:
        raise StorageError(f"{where} cannot be read: {error.strerror or error}", str(error)) from error
    # What gzip, the decoder of UTF-8 and pyarrow raise for a file that is not such a table.
    except (csv.Error, zlib.error, ValueError, EOFError) as error:
        raise RunError(f"{where} cannot be read as a table of boxes: {error}") from error
