"""Facts -> the page: every number and every text that it shows, ready to be laid out."""

from __future__ import annotations

import datetime
import itertools
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from pipeline.report import histograms, svg
from pipeline.report.contact_sheet import Picture, Sheet
from pipeline.report.facts import ReportData, Row
from pipeline.report.formatting import duration, percent
from transforms.publish.amounts import amount

# Steps of the plot of rates: enough to see a change, few enough that each has images in it.
_STEPS = 40
_NOTHING, _TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"


class State(NamedTuple):
    """How the dataset is: "complete", "running" or "stopped", with a sentence.

    Args:
        kind: one of these.
        sentence: that tells more.
        refresh: seconds until the page loads itself again.
        share: of the images that are done, of a run that is not over.
    """

    kind: str
    sentence: str
    refresh: int | None = None
    share: float | None = None


class Figure(NamedTuple):
    """A number, in full and as it is shown; `name` says which one of the summary's it is."""

    label: str
    text: str
    value: float
    name: str = ""


class Line(NamedTuple):
    """A figure with a bar beside it."""

    figure: Figure
    bar: Markup
    note: str = ""


class Table(NamedTuple):
    """Lines under a heading; their labels and their notes have headings of their own."""

    heading: str
    lines: tuple[Line, ...]
    label: str
    number: str
    note: str = ""


class Plot(NamedTuple):
    """A picture of numbers, with the numbers."""

    heading: str
    picture: Markup
    label: str
    number: str
    rows: tuple[tuple[str, str], ...]


class Size(NamedTuple):
    """What became of all images at one size."""

    size: str
    images: Figure
    bytes: Figure
    mean: str
    share: str
    bar: Markup


class Kind(NamedTuple):
    """A kind of failure: how many there are, and some of them."""

    name: str
    failures: Figure
    examples: tuple[Row, ...]


class Thumb(NamedTuple):
    """A picture of the contact sheet, the shape of its place, and what is said of the file that it shows."""

    name: str
    shape: str
    picture: Picture
    lines: tuple[str, ...]


class Run(NamedTuple):
    """A run of the history, in words."""

    started: str
    runner: str
    threads: str
    images: str
    seconds: str
    rate: str


class Page(NamedTuple):
    """A whole page."""

    title: str
    made: str
    state: State
    done: Markup | None
    figures: tuple[Figure, ...]
    fate: Markup
    fates: tuple[Line, ...]
    sizes: tuple[Size, ...]
    source: Figure
    plots: tuple[Plot, ...]
    tables: tuple[Table, ...]
    times: tuple[Table, ...]
    rate: Plot | None
    runs: tuple[Run, ...]
    failures: tuple[Kind, ...]
    sheets: tuple[tuple[str, tuple[Thumb, ...]], ...]
    settings: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]


def page_of(facts: ReportData, sheets: Sequence[Sheet], state: State, now: datetime.datetime) -> Page:
    """The page of a dataset.

    Args:
        facts: see `facts.read_facts`; of a run that goes on, what is known so far.
        sheets: the contact sheet.
        state: how the dataset is.
        now: when the page is made.
    """
    summary = facts.summary
    settings = dict(summary["settings"])
    versions = settings.pop("versions", {})
    fates = fates_of(summary["images"])
    run = next((run for run in reversed(facts.runs) if run.get("images")), facts.runs[-1] if facts.runs else {})
    return Page(
        title=posixpath.basename(facts.out_dir) or facts.out_dir,
        made=f"{now:%Y-%m-%d %H:%M:%S %Z}".strip(),
        state=state,
        done=None if state.share is None else svg.share_bar(state.share),
        figures=tuple(_figures(summary)),
        fate=svg.parts_bar(
            [(line.figure.label, line.figure.value / max(1, summary["images"]["matched"])) for line in fates],
            "; ".join(f"{line.figure.label}: {line.figure.text}" for line in fates),
        ),
        fates=fates,
        sizes=tuple(_sizes(summary)),
        source=Figure("sources", amount(summary["source_bytes"]), summary["source_bytes"], "source_bytes"),
        plots=tuple(plot for plot in _plots(summary) if plot.rows),
        tables=tuple(table for table in _tables(summary) if table.lines),
        times=tuple(table for table in _times(run) if table.lines),
        rate=rate_plot(run.get("series", ())),
        runs=tuple(map(_run, reversed(facts.runs))),
        failures=tuple(_failures(summary["failures"], facts.examples)),
        sheets=tuple((sheet.rows[0]["source"], tuple(_thumbs(sheet))) for sheet in sheets),
        settings=tuple((name, _value(value)) for name, value in settings.items()),
        versions=tuple((name, str(version)) for name, version in versions.items() if version),
    )


def _figures(summary: Mapping[str, Any]) -> Iterable[Figure]:
    images, written = summary["images"], sum(one["bytes"] for one in summary["outputs"].values())
    yield Figure("images", f"{images['matched']:,}", images["matched"], "images.matched")
    for name in ("written", "failed", "skipped"):
        yield Figure(name, f"{images[name]:,}", images[name], f"images.{name}")
    yield Figure("in", amount(summary["source_bytes"]), summary["source_bytes"])
    yield Figure("out", amount(written), written)


def fates_of(images: Mapping[str, int]) -> tuple[Line, ...]:
    """What became of the images, each with its share."""
    return tuple(
        Line(
            Figure(name, f"{images[name]:,}", images[name]),
            svg.share_bar(images[name] / max(1, images["matched"]), name),
            percent(images[name], images["matched"]),
        )
        for name in ("written", "failed", "skipped")
    )


def _sizes(summary: Mapping[str, Any]) -> Iterable[Size]:
    source = summary["source_bytes"]
    for size, output in sorted(summary["outputs"].items(), key=lambda one: -int(one[0])):
        images, length = output["images"], output["bytes"]
        yield Size(
            size=f"{size} px",
            images=Figure("images", f"{images:,}", images, f"outputs.{size}.images"),
            bytes=Figure("bytes", amount(length), length, f"outputs.{size}.bytes"),
            mean=amount(length / images) if images else _NOTHING,
            share=percent(length, source),
            bar=svg.share_bar(length / source if source else 0),
        )


def _plots(summary: Mapping[str, Any]) -> Iterable[Plot]:
    yield _histogram("Longest side of the sources", "pixels", histograms.longest_sides(summary["source_longest_side"]))
    yield _histogram(
        "Aspect ratio of the sources", "width : height", histograms.aspect_ratios(summary["source_aspect_ratio"])
    )
    for size, counts in sorted(summary.get("output_bytes", {}).items(), key=lambda one: -int(one[0])):
        yield _histogram(f"Bytes of an output, {size} px", "at most", histograms.output_bytes(counts))


def _histogram(heading: str, axis: str, bars: Sequence[svg.Bar]) -> Plot:
    rows = tuple((bar.label, f"{bar.number:,}") for bar in bars)
    return Plot(heading, svg.histogram(bars, heading, axis), axis, "images", rows)


def _tables(summary: Mapping[str, Any]) -> Iterable[Table]:
    yield _counts("Formats of the sources", "format", summary["source_formats"])
    yield _counts("Modes of the sources", "mode", summary["source_modes"])
    splits = summary.get("splits", {})
    yield Table(
        "Splits",
        tuple(
            Line(
                Figure(name, f"{one['images']:,}", one["images"], f"splits.{name}.images"),
                svg.share_bar(one["images"] / max(1, summary["images"]["matched"])),
                amount(one["bytes"]),
            )
            for name, one in splits.items()
        ),
        *("split", "images", "bytes"),
    )
    yield _counts("Left out", "reason", summary["skipped"])
    yield _counts("Notes", "note", summary["notes"])
    others = {name or "(no extension)": number for name, number in summary.get("not_images", {}).items()}
    if system_files := summary.get("system_files"):
        others["(system files)"] = system_files
    yield _counts("Other files, passed over", "extension", others)


def _counts(heading: str, label: str, counts: Mapping[str, int]) -> Table:
    whole = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    lines = (
        Line(Figure(name, f"{number:,}", number), svg.share_bar(number / whole), percent(number, whole))
        for name, number in ordered
    )
    return Table(heading, tuple(lines), label, "number", "share")


def _times(run: Mapping[str, Any]) -> Iterable[Table]:
    yield _seconds("Wall time by phase", "phase", run.get("phases", {}))
    stages = run.get("stages", {})
    order = {name: seconds for name in ("read", "decode", "resize", "encode", "hash") if (seconds := stages.get(name))}
    yield _seconds("Thread time by stage", "stage", order)


def _seconds(heading: str, label: str, seconds: Mapping[str, float]) -> Table:
    whole = sum(seconds.values()) or 1.0
    lines = (
        Line(Figure(name, duration(one), one), svg.share_bar(one / whole), percent(one, whole))
        for name, one in seconds.items()
    )
    return Table(heading, tuple(lines), label, "time", "share")


def rate_plot(series: Sequence[Sequence[float]]) -> Plot | None:
    """Images a second over time; None of a run that resized none.

    Args:
        series: (seconds, images done by then), in order.
    """
    every = -(-len(series) // _STEPS)
    kept = [*series[:: max(1, every)], *series[-1:]]
    if len(series) == 1:
        kept = [(0.0, 0), *series]
    steps = [
        svg.Step(before[0], now[0], (now[1] - before[1]) / (now[0] - before[0]))
        for before, now in itertools.pairwise(kept)
        if now[0] > before[0]
    ]
    if not any(step.rate for step in steps):
        return None
    heading = "Images a second"
    rows = tuple((duration(step.end), f"{step.rate:,.1f}") for step in steps)
    return Plot(heading, svg.rates(steps, heading), "until", "images/s", rows)


def _run(run: Mapping[str, Any]) -> Run:
    rate = run.get("images_per_second")
    return Run(
        started=str(run["started"]).replace("T", " ").removesuffix("+00:00"),
        runner=str(run.get("runner", "")),
        threads=str(run.get("processes", "")),
        images=f"{run['images']:,}" if "images" in run else _NOTHING,
        seconds=duration(run["seconds"]) if "seconds" in run else _NOTHING,
        rate=f"{rate:,.1f}" if rate else _NOTHING,
    )


def _failures(counts: Mapping[str, int], examples: Mapping[str, Sequence[Row]]) -> Iterable[Kind]:
    for kind, number in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield Kind(kind, Figure(kind, f"{number:,}", number, f"failures.{kind}"), tuple(examples.get(kind, ())))


def _thumbs(sheet: Sheet) -> Iterable[Thumb]:
    row = sheet.rows[0]
    shape = f"{min(2.0, max(0.75, row['width'] / row['height'])):.3f}"
    kind = " ".join(filter(None, (row["source_format"], row["source_mode"])))
    yield Thumb(
        "source",
        shape,
        sheet.source,
        (_dimensions(row["source_width"], row["source_height"]), amount(row["source_bytes"]), kind),
    )
    for one, picture in zip(sheet.rows, sheet.outputs, strict=True):
        yield Thumb(
            f"{one['size']} px",
            shape,
            picture,
            (
                _dimensions(one["width"], one["height"]),
                amount(one["bytes"]),
                percent(one["bytes"], one["source_bytes"]),
            ),
        )


def _dimensions(width: int, height: int) -> str:
    return f"{width:,} {_TIMES} {height:,}"


def _value(value: object) -> str:
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
