"""What is known of a dataset -> its page."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import plots, sections, svg, tables
from pipeline.report.contact_sheet import PicturedImage
from pipeline.report.data import ReportData
from pipeline.report.page import Page, Status


def compose_page(data: ReportData, pictured: Sequence[PicturedImage], status: Status, now: datetime.datetime) -> Page:
    """Return the page of a dataset.

    Args:
        data: what `data.read_report_data` returns, or what is known so far during a run.
        pictured: the images of the contact sheet.
        status: how far the dataset is.
        now: when the page is created.
    """
    summary = data.summary
    settings = dict(summary["settings"])
    versions = settings.pop("versions", {})
    run = _shown_run(data.runs)
    return Page(
        title=posixpath.basename(data.out_dir) or data.out_dir,
        created=f"{now:%Y-%m-%d %H:%M:%S %Z}".strip(),
        status=status,
        progress=None if status.share is None else svg.share_bar(status.share),
        figures=tuple(sections.figures(summary)),
        outcome_bar=sections.outcome_bar(summary["images"]),
        outcomes=tuple(sections.outcomes(summary["images"])),
        source_bytes=sections.source_bytes(summary),
        sizes=tuple(sections.sizes(summary)),
        plots=tuple(plot for plot in plots.histograms_of(summary) if plot.rows),
        tables=tuple(table for table in tables.counts_of(summary) if table.rows),
        times=tuple(table for table in tables.times_of(run) if table.rows),
        rate=plots.rate_plot(run.get("series", ())),
        runs=tuple(map(sections.run_row, reversed(data.runs))),
        failures=tuple(sections.failures(summary["failures"], data.examples)),
        contact_sheet=tuple((image.rows[0]["source"], tuple(sections.cards(image))) for image in pictured),
        settings=tuple((name, _setting(value)) for name, value in settings.items()),
        versions=tuple((name, str(version)) for name, version in versions.items() if version),
    )


def _shown_run(runs: Sequence[dict[str, Any]]) -> Mapping[str, Any]:
    """Return the run whose times are shown: the last that resized images, else the last one."""
    resized = [run for run in runs if run.get("images")]
    return (resized or runs or [{}])[-1]


def _setting(value: object) -> str:
    if value is None or value == "":
        return sections.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
