"""OUT/report.html during a run. It is rewritten every few seconds, and the browser that shows it reloads it."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from loguru import logger

from pipeline.cli.options import Options
from pipeline.history.record import History
from pipeline.report.compose import compose_page
from pipeline.report.data import ReportData, read_runs, survey_of
from pipeline.report.manifest import images_of
from pipeline.report.page import Status
from pipeline.report.pictures import NO_PICTURES, make_pictures
from pipeline.report.render import render
from pipeline.report.survey import Survey
from pipeline.terminal.progress import ProgressReporter
from transforms import storage
from transforms.dataset.markers import read_marker
from transforms.dataset.plan import read_plan
from transforms.dataset.settings import settings
from transforms.model.counting import counted
from transforms.model.records import REPORT_PATH
from transforms.summary.progress import Progress
from transforms.summary.tally import merge, tally

# The seconds for which the end of a run waits for a page that is being written.
_PATIENCE = 1.0


class LiveReport:
    """Writes the page in a thread of its own. An error is logged once, and does not end the run.

    Args:
        options: the command.
        every: seconds between two pages.
        history: the record of the run.
        reporter: the reporter of the run's progress.
        progress: the counters of the run.
    """

    def __init__(
        self, options: Options, every: int, history: History, reporter: ProgressReporter, progress: Progress
    ) -> None:
        self._config = options.config
        self._every = every
        self._history = history
        self._reporter = reporter
        self._progress = progress
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)
        self._failed = False
        self._earlier: tuple[dict[str, Any], ...] | None = None
        self._survey: Survey | None = None
        self._pictures = NO_PICTURES

    def start(self) -> None:
        """Start writing pages. The first one is written when the listing is complete."""
        self._thread.start()

    def end(self, why: str | None = None) -> None:
        """Stop writing pages.

        Args:
            why: what stopped the run, for the last page; None if the run was completed.
        """
        self._over.set()
        self._thread.join(_PATIENCE)
        if why:
            committed, total = self._progress.committed, self._progress.total or 0
            self._write(
                "stopped",
                f"{why[:1].upper()}{why[1:]}. {committed:,} of {counted(total, 'image')} committed: "
                "run the same command again to continue.",
            )

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._write(
                "running", f"{self._reporter.line()}. The numbers below cover committed shards only.", self._every
            )

    def _write(self, kind: str, sentence: str, refresh: int | None = None) -> None:
        total = self._progress.total
        if total is None:
            return  # the run has not yet checked that OUT is empty or contains its own dataset
        share = self._progress.done / total if total else 0.0
        try:
            now = datetime.datetime.now(datetime.UTC)
            data = self._look_at_images(self._data())
            page = compose_page(data, self._pictures, Status(kind, kind, sentence, refresh, share), now)
            storage.write(self._config.out_dir, REPORT_PATH, render(page))
        # Catch every Exception: the run continues, whatever is wrong with the page.
        except Exception as error:
            if not self._failed:
                logger.warning("report.html cannot be updated: {}: {}", type(error).__name__, error)
            self._failed = True

    def _look_at_images(self, data: ReportData) -> ReportData:
        """Add the images of the first committed shard. They do not change, so they stay on the page."""
        if self._survey is None and (shard := self._progress.latest):
            marker = read_marker(data.out_dir, shard)
            data = data._replace(survey=survey_of(images_of(marker.rows if marker else ()), data.summary))
            self._pictures = make_pictures(data._replace(plan=read_plan(data.out_dir)))
            self._survey = data.survey
        return data._replace(survey=self._survey or data.survey)

    def _data(self) -> ReportData:
        if self._earlier is None:
            runs = read_runs(self._config.out_dir)
            self._earlier = tuple(run for run in runs if "images" in run)  # excludes the current run
        this = {**self._history.settings, **self._reporter.figures()}
        so_far = merge([tally([], [], self._config.spec.sizes), self._progress.tally()])
        summary = {**so_far, "settings": settings(self._config)}
        return ReportData(
            self._config.out_dir,
            summary,
            plan=None,
            runs=(*self._earlier, this),
            examples={},
            survey=survey_of((), summary),
            files=(),
        )
