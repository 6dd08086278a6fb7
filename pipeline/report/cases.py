"""The worst cases: the score of an image by each criterion, from its row in the manifest alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pipeline.report.formatting import dimensions
from pipeline.report.manifest import Row
from transforms.publish.amounts import amount

# Formats that can lose detail when they are written. In other formats, the number of bytes says nothing about quality.
_LOSSY = ("JPEG", "MPO", "WEBP", "AVIF", "JPEG2000")
# A smaller change of the aspect ratio is due to rounding to whole pixels.
_LEAST_CHANGE = 1.01


class Criterion(NamedTuple):
    """A criterion by which images are ordered.

    Args:
        heading: the heading of the list of its worst cases.
        rule: a sentence that says what is measured.
        score: (row) -> the score, the lower the worse; None if the criterion does not apply.
        describe: (row) -> the lines about the image on the page.
    """

    heading: str
    rule: str
    score: Callable[[Row], float | None]
    describe: Callable[[Row], tuple[str, ...]]


def picture_of(row: Row) -> tuple[int, int]:
    """Return the (width, height) of the picture in the output, before it was rotated to its orientation."""
    x0, y0, x1, y1 = row["output_box"]
    return (y1 - y0, x1 - x0) if row["orientation"] >= 5 else (x1 - x0, y1 - y0)


def _ratios(row: Row) -> tuple[float, float]:
    """Return the aspect ratios of the source and of its picture in the output."""
    width, height = picture_of(row)
    return row["source_width"] / row["source_height"], width / height


def _aspect_score(row: Row) -> float | None:
    before, after = _ratios(row)
    change = max(before / after, after / before)
    return -change if change >= _LEAST_CHANGE else None


def _describe_aspect(row: Row) -> tuple[str, ...]:
    before, after = _ratios(row)
    x0, y0, x1, y1 = row["source_box"]
    is_whole = (x1 - x0, y1 - y0) == (row["source_width"], row["source_height"])
    return f"{before:.3g} \N{RIGHTWARDS ARROW} {after:.3g}", "distorted" if is_whole else "cropped"


def _enlargement(row: Row) -> float:
    x0, y0, x1, y1 = row["source_box"]
    width, height = picture_of(row)
    return max(width / (x1 - x0), height / (y1 - y0))


def _enlargement_score(row: Row) -> float | None:
    factor = _enlargement(row)
    return -factor if factor > 1 else None


def _describe_enlargement(row: Row) -> tuple[str, ...]:
    return f"{dimensions(row['source_width'], row['source_height'])} px", f"enlarged {_enlargement(row):.3g} times"


def _source_bits(row: Row) -> float:
    return 8 * row["source_bytes"] / (row["source_width"] * row["source_height"])


def _compression_score(row: Row) -> float | None:
    return _source_bits(row) if row["source_format"] in _LOSSY else None


def _describe_compression(row: Row) -> tuple[str, ...]:
    return f"{_source_bits(row):.2f} bits per pixel", amount(row["source_bytes"])


def detail(row: Row) -> float:
    """Return the bits per pixel of the output's file."""
    return 8 * row["bytes"] / (row["width"] * row["height"])


def describe_detail(row: Row) -> tuple[str, ...]:
    """Return the lines about the detail of an output."""
    return f"{detail(row):.2f} bits per pixel", amount(row["bytes"])


ASPECT = Criterion(
    "Largest change of aspect ratio",
    "The aspect ratio of the source, and of its picture in the output.",
    _aspect_score,
    _describe_aspect,
)
ENLARGED = Criterion(
    "Most enlarged sources",
    "How many times wider or taller the picture is in the output than in the source.",
    _enlargement_score,
    _describe_enlargement,
)
COMPRESSED = Criterion(
    "Most compressed sources",
    "The fewest bits per pixel of the source's file, among lossy formats.",
    _compression_score,
    _describe_compression,
)
LEAST_DETAIL = Criterion("Least detail", "The fewest bits per pixel of the output's file.", detail, describe_detail)
CRITERIA = (ASPECT, ENLARGED, COMPRESSED, LEAST_DETAIL)
