"""Images with a colored rectangle at each box, their box file, and the location of the rectangles in a picture."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw

HEADER = (
    *("ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"),
    *("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside"),
)
# Class -> its name, and the color of its rectangles.
CLASSES = {"/m/01yrx": "Cat", "/m/09tvcd": "Wine glass", "/m/0bt9lr": "Dog"}
COLORS = {"/m/01yrx": (255, 0, 0), "/m/09tvcd": (0, 255, 0), "/m/0bt9lr": (0, 0, 255)}
_GRAY = (128, 128, 128)

Edges = tuple[int, int, int, int]


class Drawn(NamedTuple):
    """An image to draw: its ID, (width, height), EXIF orientation, and class -> left, top, right, bottom in pixels."""

    image: str
    size: tuple[int, int]
    orientation: int
    rectangles: dict[str, Edges]


def all_orientations() -> list[Drawn]:
    """Return a portrait and a landscape image for each EXIF orientation, with three rectangles each."""
    drawn = []
    for number, (orientation, size) in enumerate(itertools.product(range(1, 9), ((240, 160), (150, 250)))):
        width, height = size
        rectangles = {
            "/m/01yrx": (10, 12, 70, 40),
            "/m/0bt9lr": (width // 2 - 30, height // 2 - 24, width // 2 + 28, height // 2 + 30),
            "/m/09tvcd": (width - 50, height - 44, width - 6, height - 5),
        }
        drawn.append(Drawn(f"{number * 7919:016x}", size, orientation, rectangles))
    return drawn


def draw(images: Sequence[Drawn], folder: Path, boxes: Path) -> None:
    """Write the images as PNG below `folder`, and their box file."""
    folder.mkdir(parents=True, exist_ok=True)
    with boxes.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for image in images:
            picture = Image.new("RGB", image.size, _GRAY)
            for class_, (left, top, right, bottom) in image.rectangles.items():
                ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=COLORS[class_])
                edges = left / image.size[0], right / image.size[0], top / image.size[1], bottom / image.size[1]
                table.writerow([image.image, "xclick", class_, 1, *(f"{edge:.6f}" for edge in edges), 0, 0, 1, -1, 0])
            exif = picture.getexif()
            exif[0x112] = image.orientation
            picture.save(folder / f"{image.image}.png", exif=exif)


def found(picture: Image.Image, class_: str) -> Edges | None:
    """Return the rectangle of a class in a picture: left, top, right and bottom in pixels."""
    color = Image.new("RGB", picture.size, COLORS[class_])
    channels = ImageChops.difference(picture.convert("RGB"), color).split()
    farthest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return farthest.point(lambda distance: 255 * (distance < 64)).getbbox()


def off_by(picture: Image.Image, class_: str, box: Sequence[float]) -> float:
    """Return the maximum distance in pixels between the edges of a rectangle and those of a box.

    Args:
        picture: the output.
        class_: the class of the rectangle.
        box: left, top, width and height in pixels.
    """
    edges = found(picture, class_)
    assert edges, f"the picture shows no {CLASSES[class_]}"
    left, top, width, height = box
    said = left, top, left + width, top + height
    return max(abs(edge - at) for edge, at in zip(edges, said, strict=True))
