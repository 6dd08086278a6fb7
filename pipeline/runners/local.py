"""A run on this machine: the pipeline in a thread, progress and signals in the main one."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, NoReturn

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from loguru import logger

from pipeline.cli.options import Options
from pipeline.errors import ExitRun
from pipeline.graph import build
from pipeline.history.record import History
from pipeline.terminal.progress import ProgressReporter
from pipeline.terminal.signals import noted
from transforms import storage
from transforms.dataset import attempts
from transforms.model.errors import StorageError, of_this_machine, recover
from transforms.resizing.workers import close_workers
from transforms.summary.progress import progress

if TYPE_CHECKING:
    from pipeline.report.live import LiveReport


def run_here(options: Options, history: History) -> ProgressReporter:
    """Makes the dataset on this machine; gives what was seen of its progress.

    A signal, or too many failures, ends the process at once: what is committed stays, the rest is done by
    the next run.

    Raises:
        RunError: the run could not be completed.
        Leave: it was ended. Threads are still at work then.
    """
    progress.reset()
    thread = _PipelineThread(options, history.run_id)
    watch = ProgressReporter(progress, options.log_every, history.starting())
    limit = options.max_failures
    live = _live_report(options, history, watch)
    with noted() as stops:
        thread.start()
        if live:
            live.start()
        watch.follow(
            thread.goes_on,
            lambda: bool(stops) or (limit is not None and limit.exceeded(progress.failed, progress.total)),
        )
    if stops:
        _exit_run(options, live, stops[0].why, stops[0].exit_code)
    if thread.is_alive():
        _exit_run(options, live, f"stopped: {progress.failed:,} images failed, more than --max_failures {limit}", 1)
    close_workers()
    error = thread.error()
    if live:
        live.end(f"stopped: {error}" if error else None)
    if error:
        raise error
    return watch


def _live_report(options: Options, history: History, watch: ProgressReporter) -> LiveReport | None:
    if options.report_every is None:
        return None
    from pipeline.report.live import LiveReport  # and its templates: most runs do without

    return LiveReport(options, options.report_every, history, watch, progress)


def _exit_run(options: Options, live: LiveReport | None, why: str, exit_code: int) -> NoReturn:
    """Ends the run without waiting for its threads. Nothing is half-written: a shard is stored or not."""
    if storage.is_local(options.config.out_dir):
        with contextlib.suppress(StorageError):
            attempts.forget(options.config.out_dir)  # they end because we end, and not because of an image
        if live:
            live.end(why)
    done = f"{progress.committed:,} of {progress.total:,} images" if progress.total else "nothing"
    logger.error("{}; {} committed: give the same command again to go on from there", why, done)
    raise ExitRun(exit_code)


class _PipelineThread(threading.Thread):
    def __init__(self, options: Options, run_id: str) -> None:
        super().__init__(name="pipeline", daemon=True)
        self._options = options
        self._run_id = run_id
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(list(self._options.beam_args)))
            build(pipeline, self._options.config, self._run_id)
            pipeline.run().wait_until_finish()
        except Exception as error:  # handed to the main thread, which raises it
            self._error = error

    def goes_on(self, seconds: float) -> bool:
        self.join(seconds)
        return self.is_alive()

    def error(self) -> Exception | None:
        return self._error and (recover(self._error) or of_this_machine(self._error) or self._error)
