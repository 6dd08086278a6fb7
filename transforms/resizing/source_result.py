"""One source -> its outputs, or the reason why it has none. Worker processes run this code."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from transforms import storage
from transforms.imaging.errors import ImageError, Kind, Note, PillowVersionError, SkippedError, Stage
from transforms.imaging.geometry import Target
from transforms.imaging.header import ImageHeader
from transforms.imaging.resize import Admit, Encoded, Output, admit_all, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.model.errors import RunError
from transforms.model.records import Source, StagedFile
from transforms.resizing.stopwatch import HASH, WRITE, Stopwatch


class Staged(NamedTuple):
    """An encoded output in a temporary file of OUT. Apart from `file`, its fields are those of `Encoded`."""

    target: Target
    file: StagedFile
    sha256: str
    kept: bool = False


SourceOutput = Output | Staged


class SourceResult(NamedTuple):
    """The result of one source, before its outputs have names in the dataset.

    Args:
        source: the source.
        bytes: the size of the file; None if it was not read.
        sha256: the SHA-256 of the file in hexadecimal; None if it was not read.
        header: the header of the image; None if the file could not be opened.
        extension: the extension of the outputs; "" if there are none.
        outputs: size -> the output, or the reason why there is none; the largest size first.
        notes: findings that the owner of the image should know about.
        seconds: stage -> the thread time that it took.
    """

    source: Source
    bytes: int | None
    sha256: str | None
    header: ImageHeader | None
    extension: str
    outputs: dict[int, SourceOutput]
    notes: tuple[Note, ...]
    seconds: dict[str, float]

    @property
    def failed(self) -> bool:
        """Whether an output is missing because of an error."""
        return any(isinstance(output, ImageError) for output in self.outputs.values())


def without_output(source: Source, spec: ResizeSpec, reason: ImageError | SkippedError) -> SourceResult:
    """Return the result of a source that was not opened."""
    return SourceResult(source, None, None, None, "", dict.fromkeys(spec.sizes, reason), (), {})


def process_source(
    source: Source,
    data: bytes,
    spec: ResizeSpec,
    admit: Admit = admit_all,
    staging: str = "",
    watch: Stopwatch | None = None,
) -> SourceResult:
    """Create all sizes of one source. The result contains any error of this image.

    Args:
        source: the source.
        data: the content of its file.
        spec: the settings.
        admit: see `imaging.resize.process_image`.
        staging: the OUT in whose temporary files the outputs are stored; "" to return their bytes.
        watch: measures the stages. It already contains the stages before this call.

    Raises:
        RunError: the installed Pillow lacks a feature that the core uses.
        StorageError: an output cannot be written to a temporary file.
    """
    watch = watch or Stopwatch()
    sha256 = hashlib.sha256(data).hexdigest()
    watch.lap(HASH)
    if source.md5 and source.md5.rstrip("=") != _md5(data):
        message = (
            f"its MD5 differs from that of the original, {source.md5}: download it again, or leave out --verify_md5 "
            "if it is a copy of another size"
        )
        wrong = ImageError(Kind.HASH_DIFFERS, Stage.READ, message)
        return without_output(source, spec, wrong)._replace(bytes=len(data), sha256=sha256)
    try:
        image = process_image(data, spec, admit, watch.lap, source.orientation)
    except PillowVersionError as error:
        raise RunError(str(error)) from error
    watch.lap(Stage.DECODE)  # a failed image has not reported the lap in which its error occurred
    outputs = {size: _stage(output, staging) for size, output in image.outputs.items()}
    watch.lap(WRITE)
    return SourceResult(source, len(data), sha256, image.header, image.extension, outputs, image.notes, watch.seconds)


def _stage(output: Output, staging: str) -> SourceOutput:
    if not staging or not isinstance(output, Encoded):
        return output
    return Staged(output.target, storage.stage(staging, output.data), output.sha256, output.kept)


def _md5(data: bytes) -> str:
    """Return the MD5 in Base64 without padding."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode().rstrip("=")
