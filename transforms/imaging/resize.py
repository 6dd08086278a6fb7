"""The core's one entry: an encoded image -> its smaller versions, encoded."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from PIL import Image

from transforms.imaging import color, decode, encode, memory
from transforms.imaging.errors import ImageError, Note, SkippedError, Stage
from transforms.imaging.geometry import Box, Target, box_in, can_chain, targets, unwanted
from transforms.imaging.resample import resample
from transforms.imaging.spec import ResizeSpec

Admit = Callable[[int], contextlib.AbstractContextManager[None]]
# Called with a stage when it is over, for whoever takes the time.
Lap = Callable[[Stage], None]


# EXIF orientation -> what makes it upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Encoded(NamedTuple):
    """One output: its target, the bytes of its file, and their SHA-256 in hexadecimal."""

    target: Target
    data: bytes
    sha256: str


Output = Encoded | ImageError | SkippedError


class Resized(NamedTuple):
    """All that became of one image.

    `extension` is that of its outputs. They have one entry a size, the largest first: an `Encoded`, or the
    `ImageError` that says why this size could not be made. `notes` say what else happened to it.
    """

    extension: str
    outputs: tuple[Encoded | ImageError, ...]
    notes: tuple[Note, ...]


class Made(NamedTuple):
    """All that became of one file's bytes; nothing that is wrong with them is raised.

    `source` is None where no image could be opened. `outputs` has an `Encoded`, or the reason why there is
    none, for each size.
    """

    source: decode.Source | None
    extension: str
    outputs: dict[int, Output]
    notes: tuple[Note, ...]

    def data(self, size: int) -> bytes:
        """Return the encoded output of one size.

        Raises:
            ImageError: the image, or this size of it, could not be made.
            SkippedError: a filter left the image out.
            KeyError: the spec does not hold this size.
        """
        output = self.outputs[size]
        if isinstance(output, Encoded):
            return output.data
        raise output


def unmade(spec: ResizeSpec, why: ImageError | SkippedError, source: decode.Source | None = None) -> Made:
    """An image of which there is no size, for one reason."""
    return Made(source, "", dict.fromkeys(spec.sizes, why), source.notes if source else ())


def at_once(_bytes_needed: int) -> contextlib.AbstractContextManager[None]:
    """Admits every image."""
    return contextlib.nullcontext()


def untimed(_stage: Stage) -> None:
    """Takes no time."""


def make(data: bytes, spec: ResizeSpec, admit: Admit = at_once, lap: Lap = untimed) -> Made:
    """Opens a file's bytes and makes every size of it; see `resize_image` for the arguments."""
    foreseen = memory.foreseen(data, spec.max_pixels)
    if foreseen is None:
        return _made(data, spec, admit, lap)
    try:
        with admit(_memory_foreseen(foreseen, spec)):
            return _made(data, spec, at_once, lap)
    except ImageError as error:  # it was not admitted
        return unmade(spec, error, foreseen)


def _memory_foreseen(source: decode.Source, spec: ResizeSpec) -> int:
    largest = targets((source.width, source.height), spec)[0]
    return memory.memory_foreseen(source, largest, encode.output_extension(source, spec))


def _made(data: bytes, spec: ResizeSpec, admit: Admit, lap: Lap) -> Made:
    source = None
    try:
        opened = decode.open_image(data, spec.max_pixels)
        source = opened.source
        resized = resize_image(opened, spec, admit, lap)
    except (ImageError, SkippedError) as error:
        return unmade(spec, error, source)
    outputs: dict[int, Output] = dict(zip(sorted(spec.sizes, reverse=True), resized.outputs, strict=True))
    return Made(source, resized.extension, outputs, tuple(dict.fromkeys(source.notes + resized.notes)))


def resize_image(opened: decode.Opened, spec: ResizeSpec, admit: Admit = at_once, lap: Lap = untimed) -> Resized:
    """Makes every size of one image.

    Args:
        opened: the source, as `decode.open_image` gave it; it can be used once.
        spec: what to make.
        admit: called with the bytes of memory that decoding will take; decoding happens inside the
            context that it returns, so that it can wait for room.
        lap: called at the end of decoding, and of resizing and encoding each size.

    Raises:
        ImageError: nothing can be made of this image.
        SkippedError: a filter leaves it out.
    """
    image, source, _ = opened
    if skip := unwanted((source.width, source.height), spec):
        raise SkippedError(skip)
    extension = encode.output_extension(source, spec)
    full_size = (source.width, source.height)
    with decode.failing_as(Stage.DECODE):
        box = decode.reduce(opened, spec)
        needed = memory.memory_needed(image, full_size, targets(full_size, spec)[0], extension)
    with admit(needed):
        working = decode.decode(opened, spec)
        lap(Stage.DECODE)
        outputs = tuple(
            _encoded(target, extension, spec, resized, lap)
            for target, resized in _resized(working, box, source, extension, spec)
        )
    return Resized(extension, outputs, working.notes)


def _resized(
    working: color.Working, box: Box, source: decode.Source, extension: str, spec: ResizeSpec
) -> Iterator[tuple[Target, Image.Image | ImageError]]:
    """Each target with its image, the larger ones first, so that a smaller can be made from them."""
    full_size = (source.width, source.height)
    larger: tuple[Target, Image.Image] | None = None
    for target in targets(full_size, spec, source.orientation):
        try:
            encode.check_dimensions(target, extension, spec.max_pixels)
            with decode.failing_as(Stage.RESIZE):
                if larger and spec.chains and can_chain(larger[0], target):
                    picture = resample(larger[1], target.picture, spec)
                else:
                    part = box_in(box, full_size, target.source_box)
                    picture = resample(working.pixels, target.picture, spec, part)
                whole = _padded(_turned(color.finish(picture, working, spec), target), target, spec)
        except ImageError as error:
            yield target, error
            continue
        larger = target, picture
        yield target, whole


def _turned(picture: Image.Image, target: Target) -> Image.Image:
    turn = _TURNS.get(target.orientation)
    return picture if turn is None else picture.transpose(turn)


def _padded(picture: Image.Image, target: Target, spec: ResizeSpec) -> Image.Image:
    if picture.size == target.dimensions:
        return picture
    canvas = color.canvas(picture, target.dimensions, spec.pad_color)
    canvas.paste(picture, target.output_box)
    return canvas


def _encoded(
    target: Target, extension: str, spec: ResizeSpec, resized: Image.Image | ImageError, lap: Lap
) -> Encoded | ImageError:
    lap(Stage.RESIZE)
    if isinstance(resized, ImageError):
        return resized
    try:
        data = encode.encode(resized, extension, spec)
    except ImageError as error:
        return error
    encoded = Encoded(target, data, hashlib.sha256(data).hexdigest())
    lap(Stage.ENCODE)
    return encoded
