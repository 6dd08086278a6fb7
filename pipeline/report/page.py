"""The structure of the page: all numbers and texts, ready for the template."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from pipeline.report.decoder import Picture


class Status(NamedTuple):
    """The progress of a run, or the verdict on a complete dataset.

    Args:
        kind: "good" or "bad" for a complete dataset, else "running" or "stopped".
        badge: the status in a few words.
        sentence: the status in a sentence.
        refresh: seconds until the page reloads itself; None if it does not.
        share: the share of the images that is done; None if the dataset is complete.
    """

    kind: str
    badge: str
    sentence: str
    refresh: int | None = None
    share: float | None = None


class Figure(NamedTuple):
    """A number.

    Args:
        label: what is counted.
        text: the number as the page shows it.
        value: the exact number.
        name: its path in summary.json, such as images.written; "" if it is derived.
    """

    label: str
    text: str
    value: float
    name: str = ""


class BarRow(NamedTuple):
    """A row of a table: a figure, a bar, and another column."""

    figure: Figure
    bar: Markup
    note: str = ""


class BarTable(NamedTuple):
    """A table of bars, and the headings of its columns: the labels, the figures and, if there are any, the notes."""

    heading: str
    rows: tuple[BarRow, ...]
    label: str
    number: str
    note: str = ""


class Plot(NamedTuple):
    """A drawing, the table of its numbers, and the headings of the table's two columns."""

    heading: str
    drawing: Markup
    label: str
    number: str
    rows: tuple[tuple[str, str], ...]


class SizeRow(NamedTuple):
    """The outputs of one size."""

    size: str
    images: Figure
    bytes: Figure
    mean: str
    share: str
    bar: Markup


class Tile(NamedTuple):
    """An image in a list.

    Args:
        name: the name of its source.
        href: the address of its output, or of the archive that contains it; "" if there is none.
        picture: its thumbnail.
        lines: the lines about it on the page.
    """

    name: str
    href: str
    picture: Picture
    lines: tuple[str, ...] = ()


class View(NamedTuple):
    """An output beside the same part of its source, at the scale of the output.

    Args:
        heading: its size.
        href: the address of the output, or of the archive that contains it.
        lines: the lines about the output on the page.
        part: which part of the picture is shown.
        output: the picture of the output.
        source: the picture of the source.
    """

    heading: str
    href: str
    lines: tuple[str, ...]
    part: str
    output: Picture
    source: Picture


class Viewed(NamedTuple):
    """An image of the grid, and the details that a click opens: lines about its source, and each of its outputs."""

    tile: Tile
    source: tuple[str, ...]
    views: tuple[View, ...]


class TileList(NamedTuple):
    """A list of images, and the sentence that says why they are in the list."""

    heading: str
    rule: str
    tiles: tuple[Tile, ...]


class Group(NamedTuple):
    """A class or a split: the number of its images, their share as a bar, a note, and some images."""

    figure: Figure
    bar: Markup
    note: str
    tiles: tuple[Tile, ...]


class Groups(NamedTuple):
    """Classes or splits, and a sentence about those that are not shown."""

    heading: str
    rows: tuple[Group, ...]
    rest: str = ""


class DuplicateGroup(NamedTuple):
    """Sources with the same bytes: one of them, their number, some names, and the number of other names."""

    tile: Tile
    images: str
    names: tuple[str, ...]
    more: int


class FailedImage(NamedTuple):
    """A failure, and a picture of the readable part of its source; None if there is none."""

    name: str
    stage: str
    message: str
    picture: Picture | None


class FailureKind(NamedTuple):
    """A kind of failure: the number of its failures, and some of them."""

    name: str
    failures: Figure
    examples: tuple[FailedImage, ...]


class Comparison(NamedTuple):
    """A run compared with the one before it: when both started, and rows of (label, before, after, change)."""

    before: str
    after: str
    rows: tuple[tuple[str, str, str, str], ...]


class Link(NamedTuple):
    """A file beside the page: its name, its address, and its content. Without an address, only the name is shown."""

    name: str
    href: str
    meaning: str


class RunRow(NamedTuple):
    """A run of the history."""

    started: str
    runner: str
    workers: str
    images: str
    seconds: str
    rate: str


class Page(NamedTuple):
    """The whole page.

    Args:
        title: the name of the dataset.
        created: when the page was created.
        status: the progress of the run, or the verdict on a complete dataset.
        verdict: the outcome in a sentence.
        progress: the progress bar; None if the run is over.
        figures: the numbers at the top; the first one is the number of sources.
        outcome_bar: the shares of the images that were written, failed and were skipped, in one bar.
        grid: some images, which can be opened.
        cases: the worst cases.
        scope: the images from which the other images were selected.
        groups: classes and splits.
        duplicates: groups of sources with the same bytes, the largest first.
        duplicates_rest: a sentence about the groups that are not shown.
        failures: the kinds of failure, the most frequent first.
        source_bytes: the bytes of all sources.
        sizes: the outputs of each size, the largest first.
        plots: histograms.
        tables: counts, such as those of the sources' formats.
        times: the time by phase and by stage of the last run that resized images.
        rate: the images per second of that run.
        runs: all runs, the last one first.
        comparison: the comparison of the last two runs.
        files: links to the files beside the page.
        settings: names and values.
        versions: names of libraries and their versions; after a local run also the code that resampled.
    """

    title: str
    created: str
    status: Status
    verdict: str
    progress: Markup | None
    figures: tuple[Figure, ...]
    outcome_bar: Markup
    grid: tuple[Viewed, ...]
    cases: tuple[TileList, ...]
    scope: str
    groups: tuple[Groups, ...]
    duplicates: tuple[DuplicateGroup, ...]
    duplicates_rest: str
    failures: tuple[FailureKind, ...]
    source_bytes: Figure
    sizes: tuple[SizeRow, ...]
    plots: tuple[Plot, ...]
    tables: tuple[BarTable, ...]
    times: tuple[BarTable, ...]
    rate: Plot | None
    runs: tuple[RunRow, ...]
    comparison: Comparison | None
    files: tuple[Link, ...]
    settings: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
