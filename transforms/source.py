"""One source -> all that becomes of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from transforms import storage
from transforms.config import ResizeConfig
from transforms.elements import Source
from transforms.errors import StorageError
from transforms.imaging.errors import ImageError, Kind, Skip, SkippedError, Stage
from transforms.imaging.naming import in_sample
from transforms.imaging.resize import Made, unmade
from transforms.imaging.spec import ResizeSpec

# A file's bytes, and what to make of them -> what became of them: `imaging.resize.make`, here or elsewhere.
Make = Callable[[bytes, ResizeSpec], Made]


class Result(NamedTuple):
    """What became of one source, before it has a name in the dataset."""

    source: Source
    bytes: int | None
    sha256: str | None
    made: Made
    msec: int


def resize_source(source: Source, config: ResizeConfig, make: Make) -> Result:
    """Reads one source and makes all its sizes with `make`; whatever is wrong with it is in the result."""
    start = time.thread_time()
    data = None
    try:
        if not in_sample(source.key, Fraction(config.sample)):
            raise SkippedError(Skip.SAMPLE)
        data = _read(source.location)
        made = make(data, config.spec)
    except (ImageError, SkippedError) as error:
        made = unmade(config.spec, error)
    return Result(
        source=source,
        bytes=None if data is None else len(data),
        sha256=None if data is None else hashlib.sha256(data).hexdigest(),
        made=made,
        msec=round(1000 * (time.thread_time() - start)),
    )


def _read(location: str) -> bytes:
    try:
        return storage.read(location)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error
