"""One source -> all that becomes of it."""

from __future__ import annotations

import hashlib
import time
from fractions import Fraction
from typing import NamedTuple

from transforms import storage
from transforms.config import ResizeConfig
from transforms.elements import Source
from transforms.errors import StorageError
from transforms.imaging import decode
from transforms.imaging.errors import ImageError, Kind, Note, Skip, SkippedError, Stage
from transforms.imaging.naming import in_sample
from transforms.imaging.resize import Admit, Encoded, resize_image

Output = Encoded | ImageError | SkippedError


class Result(NamedTuple):
    """What became of one source, before it has a name in the dataset.

    `header` is None where no image could be opened. `outputs` has an `Encoded`, or the reason why there
    is none, for each size. `notes` say what happened to it on the way.
    """

    source: Source
    bytes: int | None
    sha256: str | None
    header: decode.Source | None
    extension: str
    outputs: dict[int, Output]
    notes: tuple[Note, ...]
    msec: int


def resize_source(source: Source, config: ResizeConfig, admit: Admit) -> Result:
    """Reads one source and makes all its sizes; whatever is wrong with it is in the result."""
    start = time.thread_time()
    data = header = None
    extension = ""
    notes: tuple[Note, ...] = ()
    try:
        if not in_sample(source.key, Fraction(config.sample)):
            raise SkippedError(Skip.SAMPLE)
        data = _read(source.location)
        opened = decode.open_image(data, config.spec.max_pixels)
        header = opened.source
        notes = header.notes
        resized = resize_image(opened, config.spec, admit)
        extension = resized.extension
        notes += resized.notes
        outputs: dict[int, Output] = dict(zip(sorted(config.spec.sizes, reverse=True), resized.outputs, strict=True))
    except (ImageError, SkippedError) as error:
        outputs = dict.fromkeys(config.spec.sizes, error)
    return Result(
        source=source,
        bytes=None if data is None else len(data),
        sha256=None if data is None else hashlib.sha256(data).hexdigest(),
        header=header,
        extension=extension,
        outputs=outputs,
        notes=notes,
        msec=round(1000 * (time.thread_time() - start)),
    )


def _read(location: str) -> bytes:
    try:
        return storage.read(location)
    except StorageError as error:
        raise ImageError(Kind.UNREADABLE, Stage.READ, f"the file cannot be read: {error.reason}") from error
