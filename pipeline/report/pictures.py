"""The pictures of a dataset's page: selects the outputs and sources that they show, and reads them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from pipeline.report.cases import picture_of
from pipeline.report.data import ReportData, shown_classes
from pipeline.report.decoder import Mark, Picture, no_picture
from pipeline.report.drawing import Drawing
from pipeline.report.manifest import Row
from pipeline.report.sources import location_of
from pipeline.report.survey import Survey
from transforms import storage
from transforms.imaging.errors import Kind
from transforms.imaging.jpeg import may_be_scaled
from transforms.imaging.orientation import TRANSPOSITIONS
from transforms.layouts.members import file_of, read_outputs
from transforms.model.annotations import OBJECTS
from transforms.model.errors import RunError
from transforms.publish.amounts import amount

# The longest sides of thumbnails: in the grid, and everywhere else.
_GRID_SIDE, _SIDE = 224, 144
# The maximum number of archives that are read for one page. Each is read completely.
MOST_ARCHIVES = 24
# The maximum bytes of a source that is read for the page.
_MOST_BYTES = 32_000_000
# The number of files that are read at the same time, and the same for archives.
_READERS, _ARCHIVE_READERS = 8, 2


class Pair(NamedTuple):
    """The same part of an output and of its source, at the scale of the output."""

    output: Picture
    source: Picture


class Pictures(NamedTuple):
    """All pictures of a page.

    Args:
        thumbnails: path of an output -> its thumbnail.
        pairs: path of an output of the sample -> its pair.
        failed: name of a failed source -> its thumbnail, if there is one.
    """

    thumbnails: Mapping[str, Picture]
    pairs: Mapping[str, Pair]
    failed: Mapping[str, Picture]


NO_PICTURES = Pictures({}, {}, {})


def make_pictures(data: ReportData) -> Pictures:
    """Create the pictures of a page: first of outputs, then of sources, then of sources that failed."""
    sample = {row["path"]: row for rows in data.survey.sample for row in rows}
    shown = {rows[0]["path"] for rows in data.survey.sample}
    uses = Counter(_thumbnails(data.survey, [name for name, _ in shown_classes(data)]))
    thumbnails: dict[str, Picture] = {}
    crops: dict[str, Picture] = {}
    boxes = {row["path"]: row["output_box"] for rows in data.survey.cases.values() for row in rows}
    with Drawing() as drawing:
        for path, encoded in _outputs([*sample, *uses], data):
            if path in sample:
                box, marks = sample[path]["output_box"], marks_of(sample[path])
                crops[path] = _draw(drawing, "output_crop", encoded, box=box, marks=marks)
            if path in uses:
                side = _GRID_SIDE if path in shown else _SIDE
                marks = marks_of(sample[path]) if path in shown else []
                arguments = {"side": side, "is_output": True, "box": boxes.get(path), "marks": marks}
                thumbnails[path] = _draw(drawing, "thumbnail", encoded, uses[path], **arguments)
        pairs = {path: Pair(crops[path], source) for path, source in _sources(drawing, data, crops)}
        return Pictures(thumbnails, pairs, dict(_failed(drawing, data)))


def marks_of(row: Row) -> list[Mark]:
    """Return the boxes of an output, for drawing."""
    objects = row.get(OBJECTS, {"category": (), "bbox": ()})
    return [Mark(category, *box) for category, box in zip(objects["category"], objects["bbox"], strict=True)]


def _draw(drawing: Drawing, work: str, encoded: bytes | str, uses: int = 1, **arguments: Any) -> Picture:
    """Return a picture of a file, or the reason why the file could not be read."""
    return no_picture(encoded) if isinstance(encoded, str) else drawing.make(work, encoded, uses, **arguments)


def _thumbnails(survey: Survey, classes: Iterable[str]) -> Iterator[str]:
    """Yield the path of each thumbnail of the page, the most important first."""
    yield from (rows[0]["path"] for rows in survey.sample)
    yield from (row["path"] for rows in survey.cases.values() for row in rows)
    yield from (group.example.path for group in survey.duplicates if group.example)
    groups = [survey.class_examples.get(name, ()) for name in classes]
    for examples in (*groups, *survey.split_examples.values()):
        yield from (example.path for example in examples)


def _outputs(paths: Sequence[str], data: ReportData) -> Iterator[tuple[str, bytes | str]]:
    """Yield the path of each output once, file by file, with its bytes or the reason why it cannot be shown."""
    layout = data.summary["settings"]["layout"]
    files: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        files.setdefault(file_of(path, layout), []).append(path)
    has_archives = any(file != path for file, members in files.items() for path in members)
    most = MOST_ARCHIVES if has_archives else len(files)
    members = list(files.values())
    readers = _ARCHIVE_READERS if has_archives else _READERS
    for wanted, found in _read_all(lambda some: read_outputs(data.out_dir, layout, some), members[:most], readers):
        yield from ((path, found.get(path, "Not found")) for path in wanted)
    for left_out in members[most:]:
        yield from ((path, f"Left out: this page reads at most {MOST_ARCHIVES} archives") for path in left_out)


def _read_all(read: Callable[[Any], Any], items: Sequence[Any], readers: int = _READERS) -> Iterator[tuple[Any, Any]]:
    """Yield each item with the result of `read` for it. Only a few are read at the same time, to save memory."""
    with ThreadPoolExecutor(readers) as pool:
        for start in range(0, len(items), readers):
            some = items[start : start + readers]
            yield from zip(some, pool.map(read, some), strict=True)


def _sources(drawing: Drawing, data: ReportData, crops: Mapping[str, Picture]) -> Iterator[tuple[str, Picture]]:
    """Yield the path of each output of the sample, with the corresponding part of its source."""

    def read(rows: tuple[Row, ...]) -> bytes | str:
        found = _read_source(rows[0]["source"], data)
        if isinstance(found, bytes) and hashlib.sha256(found).hexdigest() != rows[0]["source_sha256"]:
            return "The source has changed since the run"
        return found

    background = data.summary["settings"].get("background", "#ffffff")
    for rows, found in _read_all(read, data.survey.sample):
        for row in rows:
            crop = crops[row["path"]]
            turn = TRANSPOSITIONS.get(row["orientation"])
            shown = {"turn": turn, "shown": crop[1:3], "background": background}
            scaled = {"may_be_scaled": isinstance(found, bytes) and may_be_scaled(found)}
            arguments = {"row": row, "size": picture_of(row), "marks": marks_of(row), **shown, **scaled}
            yield row["path"], no_picture("") if crop.missing else _draw(drawing, "source_crop", found, **arguments)


def _failed(drawing: Drawing, data: ReportData) -> Iterator[tuple[str, Picture]]:
    """Yield the name and the thumbnail of each failed source, among the examples, that can be shown."""
    readable = {kind: rows for kind, rows in data.examples.items() if kind not in (Kind.CRASHED, Kind.UNREADABLE)}
    names = [row["source"] for rows in readable.values() for row in rows]
    for name, found in _read_all(lambda name: _read_source(name, data), names):
        picture = _draw(drawing, "thumbnail", found, side=_SIDE, is_output=False)
        if not picture.missing:
            yield name, picture


def _read_source(name: str, data: ReportData) -> bytes | str:
    location = location_of(name, data.plan.inputs) if data.plan else None
    if location is None:
        return "The source is not in any recorded input"
    try:
        if (storage.size(location) or 0) > _MOST_BYTES:
            return f"The source is larger than {amount(_MOST_BYTES)}"
        found = storage.read_if_there(location)
    except RunError:
        return "The source cannot be read"
    return "The source no longer exists, or is in an archive" if found is None else found
