"""Tables in the format of Open Images, and queries on a dataset made with them."""

import csv
from collections.abc import Iterable
from pathlib import Path

from tests.support import rows
from tests.support.rectangles import CLASSES

LIST_HEADER = (
    *("ImageID", "Subset", "OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title"),
    *("OriginalSize", "OriginalMD5", "Thumbnail300KURL", "Rotation"),
)
CC_BY = "https://creativecommons.org/licenses/by/2.0/"
CAT, GLASS, DOG = sorted(CLASSES)


def listed(image: str, subset: str = "train", md5: str = "", size: object = "", rotation: object = "") -> list[object]:
    """Return a row of the list of images."""
    url = f"https://example.com/{image}"
    return [
        image,
        subset,
        url,
        f"{url}/page",
        CC_BY,
        "https://example.com/me",
        "A, B",
        'a "title"',
        size,
        md5,
        "",
        rotation,
    ]


def table(path: Path, header: Iterable[str], *content: Iterable[object]) -> Path:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *content])
    return path


def keys(out: Path) -> list[str]:
    """Return the keys of the images that were written."""
    return [row["key"] for row in rows(out, "manifest") if row["status"] == "written"]


def ids(count: int) -> list[str]:
    """Return the IDs of some images."""
    return [f"{number * 1_000_003:016x}" for number in range(count)]


def boxes_of(classes: dict[str, Iterable[str]], path: Path) -> Path:
    """Write a table with a box of each class on each of its images."""
    content = [(image, class_, 0.1, 0.5, 0.1, 0.5) for class_, images in classes.items() for image in images]
    return table(path, ("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax"), *content)
