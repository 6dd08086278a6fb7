"""The pictures of the page, made in a child process, since a hostile file may kill the process that decodes it.

parent  -- one line of JSON, then the bytes that it announces -->  child
        <-- one line of JSON ---

Pillow alone decodes and resizes here. So a picture of a source does not come from the code that made the output.
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

# The longest side of what is shown pixel for pixel, which fits a phone's screen, and smaller ones for a picture of so
# much detail that its data URI would be longer than this.
CROPS, _LONGEST_URI = (320, 256, 192, 128), 70_000
# The colours of boxes, by their classes in turn, and the lines that draw one: a light one inside of a dark one.
_COLORS = ("#ff5050", "#40c8ff", "#ffd23c", "#5ae678", "#ff8cff", "#ff9b32", "#a0a0ff", "#c8ff50")
# A source with more pixels is not decoded for the page.
_MOST_PIXELS = 60_000_000
# The memory of the child, and the seconds that one picture may take. The kernel ends a child that takes more.
_MEMORY, _SECONDS = 2 << 30, 10.0

# Pillow's names of the formats that are opened; None for all. The parent says which, so that this module, which the
# child loads at the end of every run, needs nothing but Pillow.
_formats: tuple[str, ...] | None = None


class Mark(NamedTuple):
    """A box to draw: the ID of its class, and left, top, width and height in pixels of the output."""

    category: int
    left: float
    top: float
    width: float
    height: float


class Picture(NamedTuple):
    """A picture as the page embeds it, or why there is none.

    Args:
        uri: its data URI.
        width: in pixels.
        height: in pixels.
        deviation: the standard deviation of the channel that varies most, of 255, if it was measured.
        missing: why there is no picture.
    """

    uri: str
    width: int
    height: int
    deviation: float = 255.0
    missing: str = ""


def no_picture(reason: str) -> Picture:
    """Return what stands for a picture that could not be made."""
    return Picture("", 0, 0, missing=reason)


def thumbnail(
    data: bytes, side: int, is_output: bool, box: list[int] | None = None, marks: Sequence[Mark] = ()
) -> Picture:
    """Return a small picture of an image.

    Args:
        data: the file.
        side: its longest side at most, in pixels. An image is never enlarged.
        is_output: whether the file is one of the dataset's own, which may be decoded at a reduced scale.
        box: the part whose deviation is measured, in the pixels of the image; None for the whole.
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
    """Draw boxes into a picture.

    Args:
        picture: is changed.
        marks: the boxes.
        scale: pixels of the picture for each pixel of the output.
        origin: where the picture begins in the output, in its pixels.
    """
    draw = ImageDraw.Draw(picture)
    for category, left, top, width, height in marks:
        x0, y0 = scale * (left - origin[0]), scale * (top - origin[1])
        x1, y1 = max(x0, x0 + scale * width - 1), max(y0, y0 + scale * height - 1)
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline="#000000")
        draw.rectangle((x0, y0, x1, y1), outline=_COLORS[category % len(_COLORS)])


def output_crop(data: bytes, box: list[int], marks: Sequence[Mark] = ()) -> Picture:
    """Return the centre of the picture in an output, pixel for pixel; less of it if it has much detail.

    Args:
        data: the file of the output.
        box: the part of it that holds the picture.
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
    """Return the same part of the source at the same scale, reduced by Pillow's Lanczos filter.

    Args:
        data: the file of the source.
        row: the output's row in the manifest.
        size: (width, height) of the picture in the output, before it was turned.
        turn: Pillow's transposition that turned it; None if it was not turned.
        shown: (width, height) of what is shown of the output.
        background: the colour behind transparent pixels.
        may_be_scaled: whether the file is a JPEG that may be decoded at a reduced scale, which is three times that
            of the output or larger.
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
    """Make pictures until standard input ends: this is the child."""
    global _formats  # of the process, which does nothing else
    _formats = formats
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    with contextlib.suppress(OSError):  # if memory runs out, the kernel kills this process first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(OSError, ValueError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that nothing that a library prints reaches the parent
    os.dup2(1, 2)
    warnings.simplefilter("ignore")
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # a picture of a damaged file shows what there is of it
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
    # Every Exception: a damaged file can raise anything.
    try:
        return _WORK[work](data, **arguments)
    except Exception as error:
        return no_picture(f"Cannot be shown: {error or type(error).__name__}")
