"""Read the manifest image by image: the whole manifest, or evenly spaced windows if it is too large."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from transforms import storage

# A row of the manifest or of the failures.
Row = dict[str, Any]

# The maximum bytes of the manifest to read, about 50,000 rows, and the number of windows of a larger manifest.
MOST_BYTES, _WINDOWS = 32_000_000, 32


class Window(NamedTuple):
    """The bytes from `start` to `end` (exclusive) of a part of the manifest, whose size is `size` bytes."""

    path: str
    size: int
    start: int
    end: int


def windows(parts: Sequence[tuple[str, int]], most: int = MOST_BYTES) -> list[Window]:
    """Return the windows of the manifest to read: all parts as a whole, or evenly spaced pieces of them.

    Args:
        parts: path and size of each part, in order.
        most: the maximum number of bytes to read.
    """
    whole = sum(size for _, size in parts)
    if whole <= most:
        return [Window(path, size, 0, size) for path, size in parts]
    starts = [0, *itertools.accumulate(size for _, size in parts)]
    found = []
    for number in range(_WINDOWS):
        at = whole * number // _WINDOWS
        index = next(index for index, end in enumerate(starts[1:]) if at < end)
        (path, size), start = parts[index], at - starts[index]
        found.append(Window(path, size, start, min(size, start + most // _WINDOWS)))
    return found


def read_images(read: Iterable[Window]) -> Iterator[tuple[Row, ...]]:
    """Yield the rows of each image in some windows.

    Skip images that may be cut off at the beginning or the end of a window.

    Raises:
        StorageError: a part cannot be read.
    """
    for window in read:
        if (window.start, window.end) == (0, window.size):
            yield from images_of(io.BytesIO(storage.read(window.path)))
        else:
            yield from _whole_images(window)


def _whole_images(window: Window) -> list[tuple[Row, ...]]:
    with storage.open_file(window.path) as file:
        file.seek(window.start)
        data = file.read(window.end - window.start)
    first = data.index(b"\n") + 1 if window.start and b"\n" in data else 0
    images = list(images_of(io.BytesIO(data[first : data.rfind(b"\n") + 1])))
    return images[window.start > 0 : len(images) - (window.end < window.size)]


def images_of(lines: Iterable[bytes]) -> Iterator[tuple[Row, ...]]:
    """Yield the rows of each image. The rows of an image are consecutive lines of the manifest."""
    rows = map(json.loads, lines)
    return (tuple(group) for _, group in itertools.groupby(rows, lambda row: row["source"]))
