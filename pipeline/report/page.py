"""The structure of the page: every number and every text that it shows, ready for the template."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from pipeline.report.contact_sheet import Thumbnail
from pipeline.report.data import Row


class Status(NamedTuple):
    """How far the dataset is.

    Args:
        kind: "complete", "running" or "stopped".
        sentence: what a reader should know about it.
        refresh: seconds until the page reloads itself; None if it does not.
        share: the share of the images that is done; None if the dataset is complete.
    """

    kind: str
    sentence: str
    refresh: int | None = None
    share: float | None = None


class Figure(NamedTuple):
    """A number.

    Args:
        label: what is counted.
        text: the number as the page shows it.
        value: the number in full.
        name: its path in summary.json, such as images.written; "" if it is derived.
    """

    label: str
    text: str
    value: float
    name: str = ""


class BarRow(NamedTuple):
    """A row of a table: a figure, a bar, and a further column."""

    figure: Figure
    bar: Markup
    note: str = ""


class BarTable(NamedTuple):
    """A table of bars, and the headings of its columns: the labels, the figures, and the notes if there are any."""

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


class FailureKind(NamedTuple):
    """A kind of failure: the number of its failures, and some of them."""

    name: str
    failures: Figure
    examples: tuple[Row, ...]


class Card(NamedTuple):
    """A picture of the contact sheet.

    Args:
        title: "Source", or the size.
        shape: the aspect ratio of its frame, as CSS writes it.
        thumbnail: the picture.
        lines: what the caption says about the file.
    """

    title: str
    shape: str
    thumbnail: Thumbnail
    lines: tuple[str, ...]


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
        status: how far the dataset is.
        progress: the bar of a run that is not over.
        figures: the numbers at the top; the first one is the number of sources.
        outcome_bar: the shares of the images that were written, failed and were skipped, in one bar.
        outcomes: the same as rows.
        source_bytes: the bytes of all sources.
        sizes: the outputs of each size, the largest first.
        plots: histograms.
        tables: counts, such as those of the sources' formats.
        times: the time by phase and by stage, of the last run that resized images.
        rate: the images per second of that run.
        runs: all runs, the last one first.
        failures: the kinds of failure, the most frequent first.
        contact_sheet: the name of each pictured image, and its pictures.
        settings: names and values.
        versions: names of libraries and their versions.
    """

    title: str
    created: str
    status: Status
    progress: Markup | None
    figures: tuple[Figure, ...]
    outcome_bar: Markup
    outcomes: tuple[BarRow, ...]
    source_bytes: Figure
    sizes: tuple[SizeRow, ...]
    plots: tuple[Plot, ...]
    tables: tuple[BarTable, ...]
    times: tuple[BarTable, ...]
    rate: Plot | None
    runs: tuple[RunRow, ...]
    failures: tuple[FailureKind, ...]
    contact_sheet: tuple[tuple[str, tuple[Card, ...]], ...]
    settings: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
