"""One source -> its outputs, or the reason why it has none."""

from __future__ import annotations

import functools
import hashlib
from fractions import Fraction
from typing import NamedTuple, Protocol

from transforms import storage
from transforms.imaging.errors import ImageError, Kind, PillowVersionError, Skip, SkippedError, Stage
from transforms.imaging.naming import in_sample
from transforms.imaging.resize import ImageResult, Lap, failed_result
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError, StorageError
from transforms.model.records import Source
from transforms.resizing.stopwatch import HASH, Stopwatch

_share = functools.cache(Fraction)


class ProcessImage(Protocol):
    """Makes every size of an image, as `imaging.resize.process_image` does, in this process or another."""

    def __call__(self, data: bytes, spec: ResizeSpec, *, lap: Lap) -> ImageResult: ...


class SourceResult(NamedTuple):
    """The result of one source, before its outputs have names in the dataset.

    Args:
        source: the source.
        bytes: the size of the file as it was read; None if it was not.
        sha256: the SHA-256 of the file in hexadecimal; None if it was not read.
        image: the outputs; instead of one, there may be an error or the reason for leaving it out.
        seconds: the thread time that each stage took.
    """

    source: Source
    bytes: int | None
    sha256: str | None
    image: ImageResult
    seconds: dict[str, float]


def process_source(source: Source, config: ResizeConfig, process_image: ProcessImage) -> SourceResult:
    """Read one source and make all its sizes with `process_image`; the result holds any error of this image.

    Raises:
        RunError: the installed Pillow lacks something that the core uses.
    """
    if not in_sample(source.key, _share(config.sample)):
        return SourceResult(source, None, None, failed_result(config.spec, SkippedError(Skip.SAMPLE)), {})
    watch = Stopwatch()
    data = sha256 = None
    try:
        data = _read(source.location)
        watch.lap(Stage.READ)
        image = process_image(data, config.spec, lap=watch.lap)
        watch.lap(Stage.DECODE)  # an image that failed reported no lap after its error
    except (ImageError, SkippedError) as error:
        image = failed_result(config.spec, error)
    except PillowVersionError as error:
        raise RunError(str(error)) from error
    if data is not None:
        sha256 = hashlib.sha256(data).hexdigest()
        watch.lap(HASH)
    return SourceResult(
        source=source,
        bytes=None if data is None else len(data),
        sha256=sha256,
        image=image,
        seconds=watch.seconds,
    )


def _read(location: str) -> bytes:
    try:
        return storage.read(location)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error
