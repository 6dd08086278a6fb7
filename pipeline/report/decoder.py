"""The pictures of the page. A child process creates them, since a hostile file may kill the process that decodes it.

parent  -- one line of JSON, then the bytes that it announces -->  child
        <-- one line of JSON ---

Only Pillow decodes and resizes here. A picture of a source is therefore independent of the code that made the output.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import os
import resource
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFile, ImageStat

# The longest sides of a pixel-for-pixel crop. The first fits a phone's screen; the smaller ones are for a picture with
# so much detail that its data URI would be longer than the limit.
CROPS, _LONGEST_URI = (320, 256, 192, 128), 70_000
# The colors of boxes, used in turn by class.
_COLORS = ("#ff5050", "#40c8ff", "#ffd23c", "#5ae678", "#ff8cff", "#ff9b32", "#a0a0ff", "#c8ff50")
# A source with more pixels is not decoded for the page.
_MOST_PIXELS = 60_000_000
# The memory of the child, and the seconds that one picture may take. The kernel kills a child that exceeds them.
_MEMORY, _SECONDS = 2 << 30, 10.0

# Pillow's names of the formats that are opened; None for all. The parent passes them, so that this module, which the
# child loads at the end of every run, imports only Pillow.
_formats: tuple[str, ...] | None = None


class Mark(NamedTuple):
    """A box to draw: the ID of its class, then left, top, width and height in pixels of the output."""

    category: int
    left: float
    top: float
    width: float
    height: float


class Picture(NamedTuple):
    """A picture as the page embeds it, or the reason why there is none.

    Args:
        uri: its data URI.
        width: its width in pixels.
        height: its height in pixels.
        deviation: the standard deviation of the channel that varies most, on a scale of 255, if it was measured.
        missing: the reason why there is no picture; "" if there is one.
    """

    uri: str
    width: int
    height: int
    deviation: float = 255.0
    missing: str = ""


def no_picture(reason: str) -> Picture:
    """Return a `Picture` that contains only the reason why there is none."""
    return Picture("", 0, 0, missing=reason)


def thumbnail(
    data: bytes, side: int, is_output: bool, box: list[int] | None = None, marks: Sequence[Mark] = ()
) -> Picture:
    """Return a small picture of an image.

    Args:
        data: the content of the file.
        side: the maximum length of the longest side, in pixels. An image is never enlarged.
        is_output: whether the file is an output of the dataset, which may be decoded at a reduced scale.
        box: (left, top, right, bottom) of the part whose deviation is measured, in image pixels; None for the whole.
        marks: boxes to draw.
    """
    image = _open(data)
    full = image.size
    if not is_output:
        image.load()
    image.thumbnail((side, side))
    picture = _rgb(image)
    part = picture
    if box:
        scale = picture.width / full[0]
        x0, y0, x1, y1 = (round(edge * scale) for edge in box)
        part = picture.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))
    deviation = max(ImageStat.Stat(part).stddev)
    _draw(picture, marks, picture.width / full[0])
    return _encoded(picture, 72, deviation)


def _draw(picture: Image.Image, marks: Sequence[Mark], scale: float = 1, origin: Sequence[float] = (0, 0)) -> None:
    """Draw boxes on a picture.

    Args:
        picture: the picture, which is changed.
        marks: the boxes.
        scale: pixels of the picture per pixel of the output.
        origin: the position of the picture's top left corner in the output, in pixels of the output.
    """
    draw = ImageDraw.Draw(picture)
    for category, left, top, width, height in marks:
        x0, y0 = scale * (left - origin[0]), scale * (top - origin[1])
        x1, y1 = max(x0, x0 + scale * width - 1), max(y0, y0 + scale * height - 1)
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline="#000000")
        draw.rectangle((x0, y0, x1, y1), outline=_COLORS[category % len(_COLORS)])


def output_crop(data: bytes, box: list[int], marks: Sequence[Mark] = ()) -> Picture:
    """Return the center of the picture in an output, pixel for pixel. The more detail it has, the smaller the part.

    Args:
        data: the content of the output's file.
        box: (left, top, right, bottom) of the picture in the output.
        marks: boxes to draw.
    """
    picture = _rgb(_open(data)).crop(tuple(box))  # type: ignore[arg-type]  # four numbers
    _draw(picture, marks, origin=box)
    crops = (_crop(picture, (side, side)) for side in CROPS)
    return next((crop for crop in crops if len(crop.uri) <= _LONGEST_URI), _crop(picture, (CROPS[-1], CROPS[-1])))


def source_crop(
    data: bytes,
    row: dict[str, Any],
    size: Sequence[int],
    turn: int | None,
    shown: Sequence[int],
    background: str,
    may_be_scaled: bool = False,
    marks: Sequence[Mark] = (),
) -> Picture:
    """Return the part of the source that is shown of the output, at the same scale, reduced by Pillow's Lanczos filter.

    Args:
        data: the content of the source's file.
        row: the output's row in the manifest.
        size: (width, height) of the picture in the output, before it was rotated to its orientation.
        turn: the Pillow transposition that was applied to it; None if there was none.
        shown: (width, height) of the shown part of the output.
        background: the color behind transparent pixels.
        may_be_scaled: whether the file is a JPEG that may be decoded at a reduced scale, which is at least three times
            that of the output.
        marks: boxes to draw.
    """
    image = _open(data)
    if image.format == "TIFF" and image.getexif().get(274, 1) != 1:
        raise ValueError("Pillow turns this TIFF itself")
    full = row["source_width"], row["source_height"]
    drafted = image.draft("RGB", (3 * size[0], 3 * size[1])) if may_be_scaled and image.size == full else None
    whole = drafted[1] if drafted else (0.0, 0.0, *full)
    picture = _rgb(image, background)
    if picture.size != (math.ceil(whole[2]), math.ceil(whole[3])):
        raise ValueError("Pillow shows it at different dimensions")
    x0, y0, x1, y1 = row["source_box"]
    across, down = whole[2] / full[0], whole[3] / full[1]
    part = x0 * across, y0 * down, x1 * across, y1 * down
    resized = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, part)
    turned = resized if turn is None else resized.transpose(Image.Transpose(turn))
    _draw(turned, marks, origin=row["output_box"])
    return _crop(turned, shown)


def _open(data: bytes) -> ImageFile.ImageFile:
    image = Image.open(io.BytesIO(data), formats=_formats)
    if image.width * image.height > _MOST_PIXELS:
        raise ValueError("it has too many pixels to show here")
    return image


def _rgb(image: Image.Image, background: str = "#ffffff") -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = image.convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, background)
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")


def _crop(picture: Image.Image, most: Sequence[int]) -> Picture:
    width, height = min(most[0], picture.width), min(most[1], picture.height)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return _encoded(picture.crop((left, top, left + width, top + height)), 90)


def _encoded(picture: Image.Image, quality: int, deviation: float = 255.0) -> Picture:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    encoded = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{encoded}", *picture.size, round(deviation, 2))


_WORK = {work.__name__: work for work in (thumbnail, output_crop, source_crop)}


def serve(formats: tuple[str, ...]) -> None:
    """Create pictures until standard input ends. The child process runs this function."""
    global _formats  # global in a process that does nothing else
    _formats = formats
    with contextlib.suppress(OSError):  # if memory runs out, the kernel kills this process first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(OSError, ValueError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that output of a library does not reach the parent
    os.dup2(1, 2)
    warnings.simplefilter("ignore")
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # show the readable part of a damaged file
    Image.MAX_IMAGE_PIXELS = None  # `_open` has its own limit
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["bytes"])
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        answer = _answer(request["work"], data, request["arguments"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(work: str, data: bytes, arguments: dict[str, Any]) -> Picture:
    # Catch every Exception: a damaged file can raise anything.
    try:
        return _WORK[work](data, **arguments)
    except Exception as error:
        return no_picture(f"Cannot be shown: {error or type(error).__name__}")
