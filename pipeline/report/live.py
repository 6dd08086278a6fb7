"""OUT/report.html while a run goes on: written anew every few seconds, and loaded anew by whoever looks at it."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from loguru import logger

from pipeline.cli.options import Options
from pipeline.history.record import History
from pipeline.report.contact_sheet import Sheet, sheets_of
from pipeline.report.facts import ReportData, picture_count, read_runs, rows_to_picture
from pipeline.report.page import State, page_of
from pipeline.report.render import render
from pipeline.terminal.progress import ProgressReporter
from transforms import storage
from transforms.dataset.markers import read_marker
from transforms.dataset.plan import read_plan
from transforms.dataset.settings import settings
from transforms.model.records import REPORT_PATH
from transforms.summary.progress import Progress
from transforms.summary.tally import merge, tally

# How long the end of a run waits for a page that is being written, in seconds.
_PATIENCE = 1.0


class LiveReport:
    """Writes the page in a thread of its own. What goes wrong is said once, and ends nothing.

    Args:
        options: the command.
        every: seconds between two pages.
        history: of the run.
        watch: what follows the run.
        progress: its counters.
    """

    def __init__(
        self, options: Options, every: int, history: History, watch: ProgressReporter, progress: Progress
    ) -> None:
        self._config = options.config
        self._every = every
        self._history = history
        self._watch = watch
        self._progress = progress
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)
        self._failed = False
        self._earlier: tuple[dict[str, Any], ...] | None = None
        self._sheets: tuple[Sheet, ...] = ()

    def start(self) -> None:
        """The run begins; there is a page as soon as the listing is complete."""
        self._thread.start()

    def end(self, why: str | None = None) -> None:
        """The run is over; where it was ended before its time, the page says `why`."""
        self._over.set()
        self._thread.join(_PATIENCE)
        if why:
            done = f"{self._progress.committed:,} of {self._progress.total or 0:,} images are committed"
            self._write(
                "stopped", f"{why[:1].upper()}{why[1:]}. {done}: give the same command again to go on from there."
            )

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._write(
                "running",
                f"{self._watch.line()}. The numbers below are those of shards that are committed.",
                self._every,
            )

    def _write(self, kind: str, sentence: str, refresh: int | None = None) -> None:
        total = self._progress.total
        if total is None:
            return  # OUT may still turn out to be none of ours
        share = self._progress.done / total if total else 0.0
        try:
            now = datetime.datetime.now(datetime.UTC)
            facts = self._facts()
            self._sheets = self._sheets or self._first_sheets(facts)
            page = page_of(facts, self._sheets, State(kind, sentence, refresh, share), now)
            storage.write(self._config.out_dir, REPORT_PATH, render(page))
        # Every Exception: the run goes on, whatever is wrong with a page that tells of it.
        except Exception as error:
            if not self._failed:
                logger.warning("report.html cannot be kept up: {}: {}", type(error).__name__, error)
            self._failed = True

    def _first_sheets(self, facts: ReportData) -> tuple[Sheet, ...]:
        """Images of the first shard that is seen committed, which stay on the page: they will not change."""
        shard = self._progress.latest
        marker = shard and read_marker(facts.out_dir, shard)
        if not marker:
            return ()
        sample = rows_to_picture(marker.rows, picture_count(len(self._config.spec.sizes)))
        return sheets_of(facts._replace(plan=read_plan(facts.out_dir), sample=sample))

    def _facts(self) -> ReportData:
        if self._earlier is None:
            runs = read_runs(self._config.out_dir)
            self._earlier = tuple(run for run in runs if "images" in run)  # and not this one
        this = {**self._history.settings, **self._watch.figures()}
        so_far = merge([tally([], [], self._config.spec.sizes), self._progress.tally()])
        return ReportData(
            self._config.out_dir,
            {**so_far, "settings": settings(self._config)},
            plan=None,
            runs=(*self._earlier, this),
            examples={},
            sample=(),
        )
