"""The entry point of the core: an encoded image -> its smaller versions, encoded."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from PIL import Image

from transforms.imaging import color, decode, encode, keeping, memory, resample
from transforms.imaging.errors import ImageError, Note, SkippedError, Stage
from transforms.imaging.geometry import Box, Size, Target, box_in, can_chain, skip_reason, targets
from transforms.imaging.header import ImageHeader, probe_header
from transforms.imaging.opening import Opened, open_image
from transforms.imaging.orientation import TRANSPOSITIONS
from transforms.imaging.pillow_errors import image_errors
from transforms.imaging.spec import ResizeSpec

# Called with the bytes of memory that decoding needs. Decoding happens inside the context that it returns.
Admit = Callable[[int], contextlib.AbstractContextManager[None]]
# Called with a stage when that stage ends, to measure its time.
Lap = Callable[[Stage], None]


class Encoded(NamedTuple):
    """An encoded output.

    Args:
        target: its dimensions, and the part of the source that it shows.
        data: the bytes of its file.
        sha256: the SHA-256 of `data` in hexadecimal.
        kept: whether `data` are the unchanged bytes of the source.
    """

    target: Target
    data: bytes
    sha256: str
    kept: bool = False


Output = Encoded | ImageError | SkippedError


class ImageResult(NamedTuple):
    """The outputs of one image, or the reasons why it has none. Errors of the image are returned, not raised.

    Args:
        header: the header of the image; None if the file could not be opened.
        extension: the extension of the outputs; "" if there are none.
        outputs: size -> an `Encoded`, or the reason why there is none; the largest size first.
        notes: remarks for the owner of the image.
    """

    header: ImageHeader | None
    extension: str
    outputs: dict[int, Output]
    notes: tuple[Note, ...]

    def data(self, size: int) -> bytes:
        """Return the encoded output of one size.

        Raises:
            ImageError: the image, or this size of it, failed.
            SkippedError: a filter excluded the image.
            KeyError: the spec does not contain this size.
        """
        output = self.outputs[size]
        if isinstance(output, Encoded):
            return output.data
        raise output


def failed_result(
    spec: ResizeSpec, reason: ImageError | SkippedError, header: ImageHeader | None = None
) -> ImageResult:
    """Return the result of an image that has no output at any size, for the same reason."""
    return ImageResult(header, "", dict.fromkeys(spec.sizes, reason), header.notes if header else ())


def admit_all(_bytes_needed: int) -> contextlib.AbstractContextManager[None]:
    """Admit every image at once."""
    return contextlib.nullcontext()


def ignore_lap(_stage: Stage) -> None:
    """Ignore the end of a stage."""


def process_image(
    data: bytes,
    spec: ResizeSpec,
    admit: Admit = admit_all,
    lap: Lap = ignore_lap,
    orientation: int | None = None,
) -> ImageResult:
    """Resize an encoded image to every size of the spec.

    Args:
        data: the whole file.
        spec: the settings.
        admit: called with the bytes of memory that decoding needs. Decoding happens inside the context that it
            returns, which may wait until there is enough memory.
        lap: called at the end of decoding, and of resizing and encoding each size.
        orientation: how to turn the image, as an EXIF orientation; None to follow `spec` and the image's own
            orientation.

    Raises:
        PillowVersionError: the installed Pillow lacks an interface that the core uses.
    """
    header = None
    try:
        header = probe_header(data, spec.max_pixels)
        if header is None:
            return _process(data, None, spec, admit, lap, orientation)
        with admit(_memory_to_open(header, spec)):
            return _process(data, header, spec, admit_all, lap, orientation)
    except (ImageError, SkippedError) as error:
        return failed_result(spec, error, header)


def _memory_to_open(header: ImageHeader, spec: ResizeSpec) -> int:
    extension = encode.output_extension(header, spec)
    return memory.memory_for_header(header, _largest((header.width, header.height), extension, spec), extension)


def _largest(full_size: Size, extension: str, spec: ResizeSpec) -> Target | None:
    """Return the largest target that can be encoded; None if there is none. Larger ones fail before the resize."""
    for target in targets(full_size, spec):
        with contextlib.suppress(ImageError):
            encode.check_dimensions(target, extension, spec.max_pixels)
            return target
    return None


def _process(
    data: bytes, probed: ImageHeader | None, spec: ResizeSpec, admit: Admit, lap: Lap, orientation: int | None
) -> ImageResult:
    opened = open_image(data, spec.max_pixels, probed)
    if orientation is not None:
        opened = opened._replace(header=opened.header._replace(orientation=orientation))
        spec = dataclasses.replace(spec, orientation="exif")
    try:
        return resize_image(opened, spec, admit, lap)
    except (ImageError, SkippedError) as error:
        return failed_result(spec, error, opened.header)


def resize_image(opened: Opened, spec: ResizeSpec, admit: Admit = admit_all, lap: Lap = ignore_lap) -> ImageResult:
    """Resize an opened image to every size of the spec. `opened` can be used only once. See `process_image`.

    Raises:
        ImageError: the image fails at all sizes.
        SkippedError: a filter excludes the image.
    """
    header = opened.header
    full_size = (header.width, header.height)
    if reason := skip_reason(full_size, spec):
        raise SkippedError(reason)
    extension = encode.output_extension(header, spec)
    with image_errors(Stage.DECODE):
        box = decode.set_draft_scale(opened, spec)
        needed = memory.memory_needed(opened.image, full_size, _largest(full_size, extension, spec), extension)
    with admit(needed):
        decoded = decode.decode(opened, spec)
        lap(Stage.DECODE)
        notes = tuple(dict.fromkeys(header.notes + decoded.notes))
        keeps = keeping.keeps(opened, notes, extension, spec)
        outputs: dict[int, Output] = {}
        for target, picture in _pictures(decoded, box, header, extension, spec):
            kept = opened.data if keeps and keeping.is_unchanged(target, opened) else None
            outputs[target.size] = _encode(target, extension, spec, picture, kept, lap)
    return ImageResult(header, extension, outputs, notes)


def _pictures(
    decoded: color.Decoded, box: Box, header: ImageHeader, extension: str, spec: ResizeSpec
) -> Iterator[tuple[Target, Image.Image | ImageError]]:
    """Yield each target with its picture or error, the larger ones first, so that smaller ones can be made of them."""
    full_size = (header.width, header.height)
    larger: tuple[Target, Image.Image] | None = None
    for target in targets(full_size, spec, header.orientation):
        try:
            encode.check_dimensions(target, extension, spec.max_pixels)
            with image_errors(Stage.RESIZE):
                if larger and spec.chains and can_chain(larger[0], target):
                    picture = resample.resize(larger[1], target.picture, spec.filter)
                else:
                    part = box_in(box, full_size, target.source_box)
                    picture = resample.resize(decoded.pixels, target.picture, spec.filter, part)
                finished = _pad(_turn(color.finish(picture, decoded, spec), target), target, spec)
        except ImageError as error:
            yield target, error
            continue
        larger = target, picture
        yield target, finished


def _turn(picture: Image.Image, target: Target) -> Image.Image:
    transposition = TRANSPOSITIONS.get(target.orientation)
    return picture if transposition is None else picture.transpose(transposition)


def _pad(picture: Image.Image, target: Target, spec: ResizeSpec) -> Image.Image:
    if picture.size == target.dimensions:
        return picture
    canvas = color.canvas(picture, target.dimensions, spec.pad_color)
    canvas.paste(picture, target.output_box)
    return canvas


def _encode(
    target: Target, extension: str, spec: ResizeSpec, picture: Image.Image | ImageError, kept: bytes | None, lap: Lap
) -> Encoded | ImageError:
    lap(Stage.RESIZE)
    if isinstance(picture, ImageError):
        return picture
    try:
        data = encode.encode(picture, extension, spec) if kept is None else kept
    except ImageError as error:
        return error
    encoded = Encoded(target, data, hashlib.sha256(data).hexdigest(), kept is not None)
    lap(Stage.ENCODE)
    return encoded
