"""A run on any other Beam runner: a job that this process submits and, unless it is detached, follows."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, PortableOptions
from apache_beam.runners.runner import PipelineState
from loguru import logger

from pipeline.cli.options import Options
from pipeline.errors import ExitRun
from pipeline.exclusive.lease import Lease
from pipeline.graph import build
from pipeline.history.receipts import receipts_of, stage_seconds
from pipeline.history.record import History
from pipeline.runners import dataflow, endpoint
from pipeline.runners.flink import rest
from pipeline.runners.flink.session import FlinkSession, flink_session
from pipeline.runners.following import JobProgress
from pipeline.runners.jobs import Job
from pipeline.terminal.heartbeat import at_work
from pipeline.terminal.progress import ProgressReporter, committed_so_far
from pipeline.terminal.signals import Stopped, collect_signals
from transforms import compat
from transforms.dataset.plan import Plan
from transforms.listing.match import count_images
from transforms.model.errors import RunError, StorageError, recover_run_error
from transforms.sharding.group import planned_shards
from transforms.summary.progress import Progress

_CONTINUE = "run the same command again to continue"
# Beam ends the streams of a job's states and messages after this many seconds. The default, 60, can be mid-job.
_STREAM_SECONDS = 10_000_000


class _Submission(NamedTuple):
    """How the graph is submitted.

    Args:
        runner: Beam's name of the runner.
        args: the flags for it.
        job_of: the result of the submission -> the job; None if none was submitted, as with --dry_run.
    """

    runner: str
    args: Sequence[str]
    job_of: Callable[[Any], Job | None]


def validate(options: Options) -> None:
    """Let the Dataflow runner check the job without submitting it.

    Raises:
        RunError: the job is not valid.
    """
    with _prepared(options, None) as submission:
        _submit(options, "dry-run", submission)
    logger.info("the job is valid; it was not submitted")


def run_remotely(options: Options, history: History, plan: Plan | None, lease: Lease) -> ProgressReporter | None:
    """Create the dataset on `options.runner`.

    The first signal cancels the job. The second one ends this process and leaves the job running.

    Args:
        options: the command. Its `wait` says whether to follow a Dataflow job. Other jobs are always followed.
        history: the record of this run.
        plan: the plan of the dataset that the run continues; None for a new dataset.
        lease: the lease of OUT, which is passed to the job while it runs.

    Returns:
        The reporter that followed the job, or None if the job is not followed.

    Raises:
        RunError: the job failed.
        ExitRun: the run was ended early.
    """
    progress = Progress()
    job_progress = JobProgress(options.config.out_dir, history.run_id, progress)
    has_bar = sys.stderr.isatty() and not options.quiet
    reporter = ProgressReporter(progress, options.log_every, history.startup_seconds(), has_bar)
    is_followed = not options.on_dataflow or options.wait
    if options.log_level != "debug":
        compat.silence_workers()
        threading.excepthook = _log_thread_error
    with at_work("starting the services for the job"):
        stack = contextlib.ExitStack()
        submission = stack.enter_context(_prepared(options, plan))
    with stack, collect_signals(2) as signals:
        thread = _JobThread(lambda: _submit(options, history.run_id, submission), submission.job_of, lease, is_followed)
        thread.on_submitted = lambda: reporter.begin("listing the input")
        reporter.begin("submitting the job")
        thread.start()
        with job_progress.kept_current() if is_followed else contextlib.nullcontext():
            reporter.follow(thread.wait, lambda: bool(signals))
        if thread.is_alive():
            _cancel(thread, signals)
    if signals and thread.error:
        logger.error("{}; {}: {}", signals[0].reason, committed_so_far(progress, plan is not None), _CONTINUE)
        raise ExitRun(signals[0].exit_code)
    if thread.error:
        raise _as_run_error(thread.error, options) from thread.error
    if not is_followed:
        return None
    with contextlib.suppress(StorageError):  # the dataset is complete
        progress.set_seconds(stage_seconds(receipts_of(options.config.out_dir, history.run_id)))
    return reporter


def _log_thread_error(error: threading.ExceptHookArgs) -> None:
    """Log the error of a Beam thread without its traceback. Some threads fail if a job server ends before them."""
    logger.debug("a thread ended: {}", error.exc_value)


@contextlib.contextmanager
def _prepared(options: Options, plan: Plan | None) -> Iterator[_Submission]:
    """Provide what the submission and its job need from this machine inside the context."""
    assert options.runner is not None
    if options.on_flink:
        with flink_session(options) as session:
            args = [f"--job_server_timeout={_STREAM_SECONDS}", *options.beam_args, *session.args]

            def on_flink(result: Any) -> Job:
                job = Job(compat.portable_job_id(result), endpoint=session.endpoint, outlives=session.cluster is None)
                job_id = _flink_id(session, result)
                return job if job_id is None else job.on_flink(session.rest, session.job_name, job_id)

            yield _Submission("PortableRunner", args, on_flink)
    elif options.on_dataflow:
        with tempfile.TemporaryDirectory() as folder:
            args = dataflow.complete(
                options.beam_args, options.config, lambda: _shard_count(options, plan), Path(folder)
            )
            yield _Submission(options.runner, args, lambda result: _dataflow_job(result, args))
    else:
        args = [f"--job_server_timeout={_STREAM_SECONDS}", *options.beam_args]
        portable = PipelineOptions(args).view_as(PortableOptions)
        yield _Submission(options.runner, args, lambda result: _portable_job(result, portable))


def _flink_id(session: FlinkSession, result: Any) -> str | None:
    """Return the ID that Flink assigns to a job, once it exists; None if the job ends before that."""
    while (job_id := rest.job_id(session.rest, session.job_name)) is None:
        if PipelineState.is_terminal(result.state):
            return None
        time.sleep(rest.PERIOD)
    return job_id


def _portable_job(result: Any, options: PortableOptions) -> Job | None:
    """Return the job on a job server of the user. Return None for other runners, whose jobs end with this process."""
    if not options.job_endpoint:
        return None
    has_workers_here = options.environment_type == "LOOPBACK"
    return Job(compat.portable_job_id(result), endpoint=options.job_endpoint, outlives=not has_workers_here)


def _dataflow_job(result: Any, args: Sequence[str]) -> Job | None:
    if not getattr(result, "has_job", False):
        return None
    cloud = PipelineOptions(list(args)).view_as(GoogleCloudOptions)
    job_id = result.job_id()
    cancel = f"gcloud dataflow jobs cancel {job_id} --project {cloud.project} --region {cloud.region}"
    page = dataflow.job_page(cloud.project, cloud.region, job_id)
    return Job(job_id, page, project=cloud.project, region=cloud.region, cancel=cancel)


def _shard_count(options: Options, plan: Plan | None) -> int:
    return sum(plan.shards.values()) if plan else planned_shards(count_images(options.config), options.config)


def _submit(options: Options, run_id: str, submission: _Submission) -> Any:
    try:
        pipeline = beam.Pipeline(runner=submission.runner, options=PipelineOptions(list(submission.args)))
    except ValueError as error:  # options that the runner does not accept; the first line adds nothing to that
        problem = " ".join(str(error).splitlines()[1:]) or str(error)
        raise RunError(f"--runner {options.runner}: {problem}: correct the flags of Apache Beam") from error
    build(pipeline, options.config, run_id)
    return pipeline.run()


def _as_run_error(error: Exception, options: Options) -> RunError:
    """Return the error of a job as one sentence; a runner's own error may contain tracebacks."""
    if recovered := recover_run_error(error):
        return recovered
    if isinstance(error, grpc.RpcError):
        gone = f"the job server no longer answers ({endpoint.reason(error)})"
        return RunError(f"--runner {options.runner}: {gone}; start it again if it has ended, then {_CONTINUE}")
    logger.debug("{}", error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    kind = "" if isinstance(error, RuntimeError | RunError) else f"{type(error).__name__}: "
    if lines[-1] == "None" and (state := re.search(r"State: (\w+)", lines[0])):  # Dataflow gives no reason
        kind, causes = "", [f"the job ended as {state[1]}"]
    return RunError(f"--runner {options.runner}: {kind}{(causes or lines)[-1].rstrip('.')}; {_CONTINUE}")


class _JobThread(threading.Thread):
    """Submits a job, passes it the lease, logs its description, and waits for its end if it is followed.

    Attributes:
        job: the job, once it is submitted; None for a runner without jobs.
        error: the error that ended the thread, or None.
        on_submitted: is called as soon as the job is submitted.
        is_left: whether the job is no longer followed, so that the errors of this process's end say nothing about it.
    """

    def __init__(
        self, submit: Callable[[], Any], job_of: Callable[[Any], Job | None], lease: Lease, is_followed: bool
    ) -> None:
        super().__init__(name="job", daemon=True)
        self._submit, self._job_of, self._lease, self._is_followed = submit, job_of, lease, is_followed
        self._result: Any = None
        self._is_submitted = self.is_left = False
        self.on_submitted: Callable[[], None] = lambda: None
        self.job: Job | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._result = self._submit()
            self.job = self._job_of(self._result)
            if self.job:
                if self.job.outlives:
                    self._lease.pass_to_job(self.job.record())
                logger.info("{}", self.job.description)
            self._is_submitted = True
            self.on_submitted()
            if self._is_followed:
                self._follow(self.job)
        # Catch every Exception: the clients of the service and of the store raise many types, none of them ours.
        except Exception as error:  # the main thread raises it
            self.error = error

    def _follow(self, job: Job | None) -> None:
        """Wait until the job ends.

        Raises:
            Exception: the job failed, or it is not known whether it is over.
        """
        error: Exception | None = None
        state = PipelineState.UNKNOWN
        try:
            state = self._result.wait_until_finish()
        except Exception as raised:  # every Exception, as above
            error = raised
        if self.is_left:
            return
        if job and job.flink:
            # A job server may be gone, or report a canceled job as ended before Flink has ended it.
            if isinstance(error, grpc.RpcError):
                logger.warning("the job server at {} no longer answers: following the job on Flink", job.endpoint)
                error = None
            state = job.end_on_flink() or state
        if job and self._is_over(job):
            self._lease.take_back()
        if error:
            raise error
        if state != PipelineState.DONE:
            raise RunError(f"the job ended as {state}")

    def _is_over(self, job: Job) -> bool:
        try:
            return bool(job.flink) or PipelineState.is_terminal(self._result.state)
        except Exception:  # every Exception, as above
            return False

    def wait(self, seconds: float) -> bool:
        """Wait until the job ends, for at most `seconds`. Return whether it is still running."""
        self.join(seconds)
        return self.is_alive()

    def cancel(self) -> bool:
        """Cancel the job in another thread, since that may take long. Return False if the job is not submitted yet."""
        if not self._is_submitted:
            return False
        threading.Thread(target=self._cancel, args=(self.job,), name="cancel", daemon=True).start()
        return True

    def _cancel(self, job: Job | None) -> None:
        try:
            if job and job.flink_job:  # a job server forwards it late, or not at all
                rest.cancel(job.flink, job.flink_job)
            self._result.cancel()
        # Every Exception, as above. The job may have ended in the meantime.
        except Exception as error:
            logger.debug("canceling the job: {}", error)


def _cancel(thread: _JobThread, signals: Sequence[Stopped]) -> None:
    """Cancel the job and wait for its end. Stop immediately at the second signal.

    Raises:
        ExitRun: there was a second signal.
    """
    logger.warning("{}: canceling the job; a second signal ends this command immediately", signals[0].reason)
    is_cancelled = False
    while thread.wait(0.05):
        is_cancelled = is_cancelled or thread.cancel()
        if len(signals) > 1:
            job = thread.job
            what = f"{job.description} is still running: {job.cancel_hint}" if job else "a job may have been submitted"
            thread.is_left = True
            logger.error("{}; {}", signals[1].reason, what)
            raise ExitRun(signals[1].exit_code)
