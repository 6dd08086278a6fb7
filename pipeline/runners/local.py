"""A run on this machine: the pipeline runs in a thread; progress and signals are handled in the main thread."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NoReturn, TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from loguru import logger

from pipeline.cli.options import Options
from pipeline.errors import ExitRun
from pipeline.graph import build
from pipeline.history.record import History
from pipeline.terminal.progress import ProgressReporter, committed_so_far
from pipeline.terminal.signals import collect_signals
from transforms import storage
from transforms.dataset.plan import Plan
from transforms.model.counting import counted
from transforms.model.errors import recover_os_error, recover_run_error
from transforms.resizing.workers import close_workers
from transforms.summary.progress import progress

if TYPE_CHECKING:
    from pipeline.report.live import LiveReport

_View = TypeVar("_View", bound=PipelineOptions)


def run_locally(options: Options, history: History, plan: Plan | None) -> ProgressReporter:
    """Create the dataset on this machine, and return the reporter that followed the run.

    A signal or too many failures end the process immediately. Committed shards remain, and the next run does the rest.

    Args:
        options: the command.
        history: the record of this run.
        plan: the plan of the dataset that the run continues; None for a new dataset.

    Raises:
        RunError: the run could not be completed.
        ExitRun: the run was ended early. Its threads are still running.
    """
    progress.reset()
    thread = _PipelineThread(options, history.run_id)
    has_bar = sys.stderr.isatty() and not options.quiet
    reporter = ProgressReporter(progress, options.log_every, history.startup_seconds(), has_bar)
    limit = options.max_failures
    live = _live_report(options, history, reporter)
    with collect_signals() as signals:
        thread.start()
        if live:
            live.start()
        reporter.follow(
            thread.wait,
            lambda: bool(signals) or (limit is not None and limit.exceeded(progress.failed, progress.total)),
        )
    committed = committed_so_far(progress, plan is not None)
    if signals:
        reason, advice = signals[0].reason, f"{committed}: run the same command again to continue"
        _exit_run(options, live, reason, advice, signals[0].exit_code)
    if thread.is_alive():
        reason = f"stopped: {counted(progress.failed, 'image')} failed, more than --max_failures {limit}"
        _exit_run(options, live, reason, f"{committed}: use a larger limit to continue", 1)
    close_workers()
    error = thread.error()
    if live:
        live.end(f"stopped: {error}" if error else None)
    if error:
        raise error
    return reporter


def _live_report(options: Options, history: History, reporter: ProgressReporter) -> LiveReport | None:
    if options.report_every is None:
        return None
    from pipeline.report.live import LiveReport  # loads the templates, which most runs do not need

    return LiveReport(options, options.report_every, history, reporter, progress)


def _exit_run(options: Options, live: LiveReport | None, reason: str, advice: str, exit_code: int) -> NoReturn:
    """End the run without waiting for its threads. No file is half-written: a shard is stored as a whole or not."""
    if live and storage.is_local(options.config.out_dir):
        live.end(reason)
    logger.error("{}; {}", reason, advice)
    raise ExitRun(exit_code)


class CachedOptions(PipelineOptions):
    """Beam's options with each view created only once: Beam requests hundreds, and parses the flags for each one.

    All views share their values, so a cached view works like a new one.
    """

    def view_as(self, cls: type[_View]) -> _View:
        views: dict[type[_View], _View] = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


class _PipelineThread(threading.Thread):
    def __init__(self, options: Options, run_id: str) -> None:
        super().__init__(name="pipeline", daemon=True)
        self._options = options
        self._run_id = run_id
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            pipeline = beam.Pipeline(runner=FnApiRunner(), options=CachedOptions(list(self._options.beam_args)))
            build(pipeline, self._options.config, self._run_id)
            pipeline.run().wait_until_finish()
        except Exception as error:  # the main thread raises it
            self._error = error

    def wait(self, seconds: float) -> bool:
        """Wait until the pipeline ends, for at most `seconds`. Return whether it is still running."""
        self.join(seconds)
        return self.is_alive()

    def error(self) -> Exception | None:
        """Return the error that ended the pipeline, converted to a `RunError` if possible, or None."""
        return self._error and (recover_run_error(self._error) or recover_os_error(self._error) or self._error)
