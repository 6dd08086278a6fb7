"""The data of a dataset -> its page."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import plots, sections, svg, tables
from pipeline.report.comparison import comparison
from pipeline.report.data import ReportData
from pipeline.report.formatting import NOTHING
from pipeline.report.links import file_links
from pipeline.report.manifest import MOST_BYTES
from pipeline.report.page import Page, Status
from pipeline.report.pictures import Pictures
from pipeline.report.tiles import Tiles
from pipeline.report.verdict import sentence
from transforms.model.counting import counted
from transforms.publish.amounts import amount


def compose_page(data: ReportData, pictures: Pictures, status: Status, now: datetime.datetime) -> Page:
    """Return the page of a dataset.

    Args:
        data: the result of `data.read_report_data`, or the data so far during a run.
        pictures: the result of `pictures.make_pictures` for the data.
        status: the progress of the run, or the verdict on a complete dataset.
        now: when the page is created.
    """
    summary = data.summary
    settings = dict(summary["settings"])
    versions = settings.pop("versions", {})
    run = _shown_run(data.runs)
    tiles = Tiles(data, pictures)
    categories = data.plan.columns.categories if data.plan else {}
    return Page(
        title=posixpath.basename(data.out_dir) or data.out_dir,
        created=f"{now:%Y-%m-%d %H:%M:%S %Z}".strip(),
        status=status,
        verdict=sentence(summary),
        progress=None if status.share is None else svg.share_bar(status.share),
        figures=tuple(sections.figures(summary)),
        outcome_bar=sections.outcome_bar(summary["images"]),
        grid=tuple(tiles.grid()),
        cases=tuple(tiles.cases()),
        scope=_scope(data.survey.images, summary["images"]["matched"], status),
        groups=tuple(tiles.groups()),
        duplicates=tuple(tiles.duplicates()),
        duplicates_rest=_rest(data.survey.groups - len(data.survey.duplicates)),
        failures=tuple(tiles.failures()),
        source_bytes=sections.source_bytes(summary),
        sizes=tuple(sections.sizes(summary)),
        plots=tuple(plot for plot in plots.histograms_of(summary) if plot.rows),
        tables=tuple(table for table in tables.counts_of(summary, categories) if table.rows),
        times=tuple(table for table in tables.times_of(run) if table.rows),
        rate=plots.rate_plot(run.get("series", ())),
        runs=tuple(map(sections.run_row, reversed(data.runs))),
        comparison=comparison(data.runs),
        files=tuple(file_links(data.files)),
        settings=tuple((name, _setting(value)) for name, value in settings.items()),
        versions=(
            *((name, str(version)) for name, version in versions.items() if version),
            *([("resampling", str(run["resampling"]))] if "resampling" in run else []),
        ),
    )


def _scope(read: int, matched: int, status: Status) -> str:
    """Return the sentence about the images from which single images were selected."""
    if read >= matched:
        return "Selected from all images."
    why = f": this page reads only {amount(MOST_BYTES)} of the manifest" if status.share is None else ""
    return f"Selected from {read:,} of {counted(matched, 'image')}{why}."


def _rest(groups: int) -> str:
    return f"{counted(groups, 'more group')} of duplicates." if groups else ""


def _shown_run(runs: Sequence[dict[str, Any]]) -> Mapping[str, Any]:
    """Return the run whose times are shown: the last run that resized images, or else the last run."""
    resized = [run for run in runs if run.get("images")]
    return (resized or runs or [{}])[-1]


def _setting(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
