"""The parts of the page that show single images: the grid, worst cases, classes and splits, duplicates, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipeline.report import svg
from pipeline.report.cases import CRITERIA, LEAST_DETAIL, describe_detail
from pipeline.report.data import ReportData, shown_classes
from pipeline.report.decoder import Picture, no_picture
from pipeline.report.formatting import dimensions, percent
from pipeline.report.links import href
from pipeline.report.manifest import Row
from pipeline.report.page import (
    DuplicateGroup,
    FailedImage,
    FailureKind,
    Figure,
    Group,
    Groups,
    Tile,
    TileList,
    View,
    Viewed,
)
from pipeline.report.pictures import Pictures
from pipeline.report.survey import CASES, Example
from transforms.layouts.members import file_of
from transforms.model.annotations import OBJECTS
from transforms.model.counting import counted
from transforms.publish.amounts import amount

# An output whose channels all deviate by less than this, on a scale of 255, is suspected blank.
_BLANK = 2.0


class Tiles:
    """Creates the parts of a page that show single images.

    Args:
        data: the data of the dataset.
        pictures: its pictures.
    """

    def __init__(self, data: ReportData, pictures: Pictures) -> None:
        self._data = data
        self._pictures = pictures

    def _tile(self, source: str, path: str, *lines: str) -> Tile:
        return Tile(source, self._href(path), self._thumbnail(path), lines)

    def _thumbnail(self, path: str) -> Picture:
        return self._pictures.thumbnails.get(path) or no_picture("Not found")

    def _href(self, path: str) -> str:
        return href(file_of(path, self._data.summary["settings"]["layout"]))

    def grid(self) -> Iterator[Viewed]:
        """Yield the images of the sample."""
        for rows in self._data.survey.sample:
            row = rows[0]
            source = (
                f"{dimensions(row['source_width'], row['source_height'])} px",
                amount(row["source_bytes"]),
                " ".join(filter(None, (row["source_format"], row["source_mode"]))),
            )
            tile = self._tile(row["source"], row["path"], f"{dimensions(row['width'], row['height'])} px")
            yield Viewed(tile, source, tuple(map(self._view, rows)))

    def _view(self, row: Row) -> View:
        pair = self._pictures.pairs[row["path"]]
        x0, y0, x1, y1 = row["output_box"]
        part, shown = "the whole picture", (pair.output.width, pair.output.height)
        if shown != (x1 - x0, y1 - y0):
            part = f"the center, {dimensions(*shown)} of {dimensions(x1 - x0, y1 - y0)} pixels"
        share = f"{percent(row['bytes'], row['source_bytes'])} of the source"
        lines = (f"{dimensions(row['width'], row['height'])} px", amount(row["bytes"]), share, *self._boxes(row))
        return View(f"{row['size']} px", self._href(row["path"]), lines, part, pair.output, pair.source)

    def _boxes(self, row: Row) -> Iterator[str]:
        """Yield a line about the boxes of an output, such as "2 Cat, 1 Dog", if the dataset has boxes."""
        if OBJECTS in row:
            names = list(self._data.plan.columns.categories.values()) if self._data.plan else []
            found = Counter(names[number] if names else str(number) for number in row[OBJECTS]["category"])
            yield "boxes: " + (", ".join(f"{number} {name}" for name, number in found.most_common()) or "none")

    def cases(self) -> Iterator[TileList]:
        """Yield the worst cases of each criterion that has any, and the images suspected blank."""
        cases = self._data.survey.cases
        blank = [row for row in cases[LEAST_DETAIL] if self._thumbnail(row["path"]).deviation < _BLANK]
        for criterion in CRITERIA:
            rows = [row for row in cases[criterion] if criterion is not LEAST_DETAIL or row not in blank]
            if rows:
                tiles = (self._tile(row["source"], row["path"], *criterion.describe(row)) for row in rows[:CASES])
                yield TileList(criterion.heading, criterion.rule, tuple(tiles))
        if blank:
            rule = (
                f"Of the {len(cases[LEAST_DETAIL])} different outputs with the fewest bits per pixel, those whose "
                f"pixels deviate from their mean by less than {_BLANK:g} of 255."
            )
            yield TileList("Suspected blank", rule, tuple(map(self._blank, blank)))

    def _blank(self, row: Row) -> Tile:
        deviation = self._thumbnail(row["path"]).deviation
        return self._tile(row["source"], row["path"], f"deviation {deviation:.1f} of 255", *describe_detail(row))

    def groups(self) -> Iterator[Groups]:
        """Yield the classes, if there are any, and the splits."""
        survey, summary = self._data.survey, self._data.summary
        counts = summary.get("classes") or survey.classes
        whole = sum(counts.values())
        if counts:
            shown = shown_classes(self._data)
            yield Groups("Classes", tuple(self._classes(shown, whole)), self._rest(counts, dict(shown)))
        if summary.get("splits"):
            yield Groups("Splits", tuple(self._splits(summary["splits"], summary["images"]["matched"])))

    def _rest(self, counts: Mapping[str, int], shown: Mapping[str, int]) -> str:
        """Return the sentences about classes that are not shown, and about images that were not counted."""
        left = sum(counts.values()) - sum(shown.values())
        sentences = []
        if len(counts) > len(shown):
            sentences.append(f"{len(counts) - len(shown):,} more, with {counted(left, 'image')}.")
        if "classes" not in self._data.summary and self._data.survey.images < self._data.summary["images"]["matched"]:
            sentences.append(f"Counted in only {counted(self._data.survey.images, 'image')}.")
        return " ".join(sentences)

    def _classes(self, shown: Iterable[tuple[str, int]], whole: int) -> Iterator[Group]:
        for name, count in shown:
            figure = Figure(name, f"{count:,}", count, f"classes.{name}")
            tiles = self._examples(self._data.survey.class_examples.get(name, ()))
            yield Group(figure, svg.share_bar(count / whole), percent(count, whole), tiles)

    def _splits(self, splits: Mapping[str, Mapping[str, int]], matched: int) -> Iterator[Group]:
        for name, split in splits.items():
            figure = Figure(name, f"{split['images']:,}", split["images"], f"splits.{name}.images")
            bar = svg.share_bar(split["images"] / max(1, matched))
            note = f"{percent(split['images'], matched)}, sources of {amount(split['bytes'])}"
            yield Group(figure, bar, note, self._examples(self._data.survey.split_examples.get(name, ())))

    def _examples(self, examples: Iterable[Example]) -> tuple[Tile, ...]:
        return tuple(self._tile(example.source, example.path) for example in examples)

    def duplicates(self) -> Iterator[DuplicateGroup]:
        """Yield the largest groups of sources with the same bytes."""
        for group in self._data.survey.duplicates:
            example = group.example
            tile = Tile(group.names[0], "", no_picture("None was written"))
            if example:
                tile = self._tile(example.source, example.path)
            yield DuplicateGroup(tile, f"{group.images:,} images", group.names, group.images - len(group.names))

    def failures(self) -> Iterator[FailureKind]:
        """Yield the kinds of failure, the most frequent first."""
        counts: Mapping[str, int] = self._data.summary["failures"]
        for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            examples = tuple(
                FailedImage(row["source"], row["stage"], row["message"], self._pictures.failed.get(row["source"]))
                for row in self._data.examples.get(kind, ())
            )
            yield FailureKind(kind, Figure(kind, f"{count:,}", count, f"failures.{kind}"), examples)
