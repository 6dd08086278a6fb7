"""A sample's sources and outputs as small pictures that a page holds itself."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from pipeline.report.facts import ReportData, Row
from transforms import storage
from transforms.dataset.plan import Plan
from transforms.imaging.resize import Encoded, process_image
from transforms.imaging.spec import ResizeSpec
from transforms.layouts.members import read_outputs
from transforms.model.errors import RunError
from transforms.storage.paths import escaped, literal_prefix, unescaped

# A side's pixels at most: sharp on a screen with two pixels a point, and about 10 KB.
_SIDE = 256
_SMALL = ResizeSpec(sizes=(_SIDE,), extension="jpg", only_shrink=True, quality=75, truncated="accept")


class Picture(NamedTuple):
    """One picture: its data URI with (width, height) in pixels, or why there is none."""

    uri: str
    width: int
    height: int
    missing: str = ""


class Sheet(NamedTuple):
    """One image of the sample: its rows, the largest size first, and the pictures of its source and its outputs."""

    rows: tuple[Row, ...]
    source: Picture
    outputs: tuple[Picture, ...]


def sheets_of(facts: ReportData) -> tuple[Sheet, ...]:
    """The contact sheet. A picture that cannot be had says why."""
    layout = facts.summary["settings"]["layout"]
    outputs = read_outputs(facts.out_dir, layout, [row["path"] for rows in facts.sample for row in rows])
    return tuple(
        Sheet(rows, _source(rows[0], facts.plan), tuple(picture(outputs.get(row["path"])) for row in rows))
        for rows in facts.sample
    )


def _source(row: Row, plan: Plan | None) -> Picture:
    location = location_of(row["source"], plan.inputs) if plan else None
    if location is None:
        return Picture("", 0, 0, "where it lies is not recorded any more")
    try:
        return picture(storage.read_if_there(location))
    except RunError:
        return Picture("", 0, 0, "it cannot be read")


def picture(data: bytes | None) -> Picture:
    """An encoded image, small."""
    if data is None:
        return Picture("", 0, 0, "it is not there any more")
    (output,) = process_image(data, _SMALL).outputs.values()
    if not isinstance(output, Encoded):
        return Picture("", 0, 0, f"it cannot be shown: {output}")
    uri = f"data:image/jpeg;base64,{base64.b64encode(output.data).decode('ascii')}"
    return Picture(uri, output.target.width, output.target.height)


def location_of(source: str, inputs: dict[str, Any]) -> str | None:
    """Where a source lies that the manifest calls `source`; None where no input has it.

    Args:
        source: its path below its input, which begins with the split where there are several.
        inputs: the pattern of each split.
    """
    split, path = next(iter(inputs), ""), source
    if len(inputs) > 1:
        split, _, path = source.partition("/")
    return storage.join(root_of(inputs[split]), path) if split in inputs else None


def root_of(pattern: str) -> str:
    """The folder that a split's paths lie below: all of a folder's pattern, else what no wildcard is in."""
    folder = pattern.removesuffix("/**")
    if folder != pattern and escaped(unescaped(folder)) == folder:
        return unescaped(folder)
    return literal_prefix(pattern).rpartition("/")[0]
