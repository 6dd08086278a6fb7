"""Thumbnails of an image's source and outputs, embedded in the page as data URIs."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from pipeline.report.data import ReportData, Row
from transforms import storage
from transforms.dataset.plan import Plan
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.layouts.members import read_outputs
from transforms.model.errors import RunError
from transforms.storage.paths import escaped, literal_prefix, unescaped

# The longest side in pixels: sharp on a screen with two pixels to the CSS pixel, and about 10 KB.
_SIDE = 256
_SPEC = ResizeSpec(sizes=(_SIDE,), extension="jpg", only_shrink=True, quality=75, truncated="accept")


class Thumbnail(NamedTuple):
    """A small picture: its data URI with (width, height) in pixels, or why there is none."""

    uri: str
    width: int
    height: int
    missing: str = ""


class PicturedImage(NamedTuple):
    """An image on the contact sheet: its rows, the largest size first, and thumbnails of its source and outputs."""

    rows: tuple[Row, ...]
    source: Thumbnail
    outputs: tuple[Thumbnail, ...]


def pictured_images(data: ReportData) -> tuple[PicturedImage, ...]:
    """Return the images of the contact sheet. A thumbnail that cannot be made says why."""
    layout = data.summary["settings"]["layout"]
    outputs = read_outputs(data.out_dir, layout, [row["path"] for rows in data.pictured for row in rows])
    return tuple(
        PicturedImage(
            rows, _source_thumbnail(rows[0], data.plan), tuple(thumbnail(outputs.get(row["path"])) for row in rows)
        )
        for rows in data.pictured
    )


def _source_thumbnail(row: Row, plan: Plan | None) -> Thumbnail:
    location = location_of(row["source"], plan.inputs) if plan else None
    if location is None:
        return _missing("The location of the source is no longer recorded")
    try:
        return thumbnail(storage.read_if_there(location))
    except RunError:
        return _missing("The source cannot be read")


def thumbnail(encoded: bytes | None) -> Thumbnail:
    """Return the thumbnail of an encoded image, or the reason why there is none; `encoded` is None if it is lost."""
    if encoded is None:
        return _missing("Not found")
    (output,) = process_image(encoded, _SPEC).outputs.values()
    if not isinstance(output, Encoded):
        return _missing(f"Cannot be shown: {output}")
    uri = f"data:image/jpeg;base64,{base64.b64encode(output.data).decode('ascii')}"
    return Thumbnail(uri, output.target.width, output.target.height)


def _missing(reason: str) -> Thumbnail:
    return Thumbnail("", 0, 0, reason)


def location_of(source: str, inputs: dict[str, Any]) -> str | None:
    """Return the path or URL of a source, or None if no input holds it.

    Args:
        source: its name in the manifest: the path below its input, after the name of the split if there are several.
        inputs: the pattern of each split.
    """
    split, path = next(iter(inputs), ""), source
    if len(inputs) > 1:
        split, _, path = source.partition("/")
    return storage.join(root_of(inputs[split]), path) if split in inputs else None


def root_of(pattern: str) -> str:
    """Return the folder that a split's paths are relative to.

    That is the folder itself for a pattern of all its files, and otherwise the part of the pattern before any wildcard.
    """
    folder = pattern.removesuffix("/**")
    if folder != pattern and escaped(unescaped(folder)) == folder:
        return unescaped(folder)
    return literal_prefix(pattern).rpartition("/")[0]
