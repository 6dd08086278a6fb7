"""The command from its arguments to its exit code: check, prepare, run, summarize."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loguru import logger

from pipeline.cli.contents import Checked, Problem, check_contents, is_one_file, is_whole_folder, with_checked
from pipeline.cli.help import print_page
from pipeline.cli.options import NOWHERE, EstimateRequest, Options, parse
from pipeline.errors import ExitRun, UsageError
from pipeline.exclusive.lease import Lease, hold_lease
from pipeline.exclusive.lock import hold_lock
from pipeline.history.record import History
from pipeline.loading import fast_loading
from pipeline.terminal import log, summary
from pipeline.terminal.annotation_summary import empty_classes, selection_problem
from pipeline.terminal.failures import first_failures
from pipeline.terminal.heartbeat import at_work
from pipeline.terminal.next_steps import next_steps
from pipeline.terminal.signals import Stopped, print_stopped, raise_on_signal
from pipeline.verify import verify
from transforms import storage
from transforms.annotations.readers import check_tables
from transforms.dataset import access, paths, state
from transforms.dataset.plan import Plan, read_plan
from transforms.dataset.settings import settings
from transforms.model.counting import counted
from transforms.model.errors import CHECK_PATH, RunError, StorageError
from transforms.model.records import RUN_DIR
from transforms.resizing.workers import workers_for
from transforms.tables.readers import check_table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments; None for those of the process.

    Returns:
        0 if the dataset is complete or the estimate is printed; 1 if the dataset is not complete, or too many
        images failed; 2 if the command is wrong. A signal ends the process with 128 plus the signal's number.
    """
    try:
        return _run_command(sys.argv[1:] if argv is None else argv)
    except ExitRun as exit_run:
        sys.stderr.flush()
        os._exit(exit_run.exit_code)  # without waiting for running threads
    except Stopped as stopped:
        print_stopped(stopped)
        os._exit(stopped.exit_code)
    except KeyboardInterrupt:  # only if the caller has not called `signals.exit_on_signal`
        print_stopped(interrupted := Stopped(signal.SIGINT))
        return interrupted.exit_code


def _run_command(argv: Sequence[str]) -> int:
    started = time.monotonic()
    try:
        options = parse(argv)
        log.configure(options.log_level, options.log, options.on_dataflow, options.quiet)
        with at_work("checking the command and its inputs"):
            checked = _check_places(options)
        if options.estimate is not None:
            return _print_estimate(_resumed(options), options.estimate)
        if options.dry_run:
            with at_work("validating the job"):
                return _validate_job(options)
        options = _resumed(dataclasses.replace(options, config=with_checked(options.config, checked)))
        plan = access.check(options.config, options.overwrite, options.log)  # before anything is written to OUT
        if options.verify:
            return _verify(options, plan)
        if plan:
            _check_nothing_is_hidden(checked.problems)
        with _exclusive(options) as lease:
            return _make_dataset(options, lease, started)
    except (UsageError, RunError) as error:
        print(f"image_resizer: {error}", file=sys.stderr)
        return 2


def _check_places(options: Options) -> Checked:
    """Check inputs, tables and the job before anything is written. Return the result of the check of the inputs.

    Raises:
        UsageError: an input, a table or a flag of the job is wrong.
        RunError: a table or a store cannot be read.
    """
    config = options.config
    if options.runner is not None:
        from pipeline.runners.known import check_runner

        check_runner(options.runner)
        _check_job_server(options)
    if options.on_dataflow and options.estimate is None:
        _check_dataflow(options)
    elif not all(map(storage.is_local, config.places)):
        _check_buckets(options)
    if options.verify:
        return Checked([], True)
    if options.estimate is not None:
        from pipeline.estimate.prices import read_prices

        read_prices(options.estimate.prices)  # refuses a wrong file before the inputs are listed
    else:
        for table, location in config.tables.items():
            check_table(location, table)
        if config.annotations:
            check_tables(config.annotations)
    matched = [split for split in config.splits if not split.has_explicit_locations]
    has_patterns = not all(is_whole_folder(split) or is_one_file(split) for split in matched)
    with fast_loading(options) if has_patterns else contextlib.nullcontext():  # Beam matches patterns
        checked = check_contents(config)
    for problem in checked.problems:
        logger.warning("{}", problem)
    return checked


def _check_dataflow(options: Options) -> None:
    """Check a Dataflow job and its buckets, and warn about buckets in another region.

    Raises:
        UsageError: a flag of the job is wrong.
        StorageError: a bucket cannot be used.
    """
    from pipeline.runners import dataflow

    dataflow.check(options.beam_args, options.config)
    _check_buckets(options, dataflow.staging_folders(options.beam_args))
    for warning in dataflow.region_warnings(options.beam_args, options.config):
        logger.warning("{}", warning)


def _check_buckets(options: Options, more_folders: Sequence[str] = ()) -> None:
    """Check the buckets of all paths of a command, and of more folders.

    Raises:
        StorageError: a bucket cannot be used.
    """
    config = options.config
    with fast_loading(options):
        storage.set_options(options.beam_args)
    folders = [config.out_dir, *(split.root for split in config.splits if not split.has_explicit_locations)]
    lists = [split.pattern for split in config.splits if split.is_list]
    annotations = [file.location for file in config.annotations.files] if config.annotations else []
    storage.check_buckets([*folders, *more_folders], [*lists, *config.tables.values(), *annotations])


def _check_job_server(options: Options) -> None:
    """Check that the cluster or the job server responds, before anything is written.

    Raises:
        UsageError: it does not respond.
    """
    if options.on_flink:
        from pipeline.runners.flink.session import check

        check(options)
    elif not options.on_dataflow:
        from pipeline.runners import endpoint

        endpoint.check(options.runner or "", options.beam_args)


def _resumed(options: Options) -> Options:
    """Return the options with the defaults with which the dataset in OUT was started, if the run continues it."""
    if options.overwrite or options.config.out_dir == NOWHERE:
        return options
    config = access.resume(options.config, options.given)
    before, after = settings(options.config), settings(config)
    kept = [(name, value) for name, value in after.items() if value != before[name]]
    if kept:
        words = " ".join(f"--{name} {' '.join(value) if isinstance(value, list) else value}" for name, value in kept)
        logger.info("{} was started with other defaults, and keeps them: {}", config.out_dir, words)
    return dataclasses.replace(options, config=config)


def _check_nothing_is_hidden(problems: Sequence[Problem]) -> None:
    """Refuse to continue a dataset if a part of its input cannot be listed: its images would count as deleted."""
    for problem in problems:
        if problem.hides_images:
            raise RunError(
                f"{problem.what}, and the outputs of its images would be deleted: make it readable, or use another -o"
            )


@contextlib.contextmanager
def _exclusive(options: Options) -> Iterator[Lease]:
    """Keep other runs out of OUT inside the context: by a lock on a local OUT, by a lease on a store or for a job."""

    def is_job_alive(record: Mapping[str, Any]) -> bool:
        from pipeline.runners.jobs import is_alive  # loads Beam

        return is_alive(record, options.beam_args)

    out_dir = options.config.out_dir
    with contextlib.ExitStack() as held:
        if storage.is_local(out_dir):
            held.enter_context(hold_lock(out_dir))
        else:  # a lease outlives its process: a signal must not end the process before the lease is released
            held.enter_context(raise_on_signal())
        yield held.enter_context(hold_lease(out_dir, is_job_alive))


def _validate_job(options: Options) -> int:
    from pipeline.runners.remote import validate

    validate(options)
    return 0


def _verify(options: Options, plan: Plan | None) -> int:
    if plan is None:
        raise UsageError(f"-o {options.config.out_dir!r} contains no dataset to verify: leave out --verify")
    with _exclusive(options), at_work("checking the files of the dataset"):
        return verify(options.config, plan, options.verify == "full")


def _print_estimate(options: Options, request: EstimateRequest) -> int:
    with fast_loading(options):
        from pipeline.estimate.command import estimate

    with at_work("estimating"):
        lines = list(estimate(options, request))
    print_page("\n".join(lines))
    return 0


def _make_dataset(options: Options, lease: Lease, started: float) -> int:
    with at_work("preparing the output"):
        plan = access.prepare(options.config, options.overwrite, options.log)
    if plan:
        logger.info("continuing the dataset in {}", options.config.out_dir)
    try:
        if not _run_graph(options, History(options, started), plan, lease):
            return 0  # a job on Dataflow completes it
        if reason := _reason_to_renumber(options, plan):
            logger.warning("{}", reason)
            _run_graph(options, History(options, time.monotonic()), read_plan(options.config.out_dir), lease)
        exit_code = _conclude(options)
    except RunError as error:
        hint = "; committed shards are kept: fix the cause, and run the same command again to continue"
        problem = str(error).removesuffix(f"; {CHECK_PATH}")
        logger.error("{}", problem + hint if isinstance(error, StorageError) else error)
        return 1
    if storage.is_local(options.config.out_dir):
        with at_work("packing the state for later runs"):
            _pack(options.config.out_dir)
    return exit_code


def _run_graph(options: Options, history: History, plan: Plan | None, lease: Lease) -> bool:
    """Run the graph. Return whether the dataset is complete; if not, a Dataflow job is still running.

    Raises:
        RunError: the run did not complete the dataset.
    """
    if options.runner is not None:
        from pipeline.runners.remote import run_remotely

        followed = run_remotely(options, history, plan, lease)
        if followed is None:
            return False
        reporter = followed
    else:
        if plan is None:  # a run that continues a dataset may have nothing to do
            workers_for(options.config).warm_up()
        with fast_loading(options):
            from pipeline.runners.local import run_locally  # after all checks, since it loads Beam

        reporter = run_locally(options, history, plan)
    history.write(reporter.figures())
    logger.info("{}", reporter.conclusion())
    return True


def _reason_to_renumber(options: Options, before: Plan | None) -> str:
    """Return the message if the classes must be renumbered, which takes another run, else "".

    A folder is a class if any of its images is written, which is known only at the end of a run.

    Args:
        options: the command.
        before: the plan with which the run started; None for the first run of a dataset.
    """
    after = read_plan(options.config.out_dir)
    if after is None or after.unwritten == (before.unwritten if before else ()):
        return ""
    folders = ", ".join(map(repr, after.unwritten))
    change = f"no image from {folders} was written, so the class does not exist" if folders else "there are new classes"
    return f"--label_from folder: {change}; making the dataset again with renumbered classes"


def _conclude(options: Options) -> int:
    """Log the summary, write the report, and return the exit code."""
    out_dir = options.config.out_dir
    facts = json.loads(storage.read(storage.join(out_dir, paths.SUMMARY_PATH)))
    failed, matched = facts["images"]["failed"], facts["images"]["matched"]
    for line in summary.summary_lines(facts, first_failures(out_dir, failed), out_dir):
        logger.info("{}", line)
    with at_work("writing the report"):
        _write_report(out_dir)
    for line in next_steps(facts, out_dir):
        logger.info("{}", line)
    for warning in summary.warnings(facts):
        logger.warning("{}", warning)
    if options.config.annotations:
        for class_ in empty_classes(facts):
            name = options.config.annotations.name_of(class_)
            logger.warning("--classes {!r}: no output has a box or a label of this class", name)
    if problem := selection_problem(facts):
        logger.error("{}", problem)
        return 1
    if options.max_failures is not None and options.max_failures.exceeded(failed, matched):
        logger.error("{} failed, more than --max_failures {}", counted(failed, "image"), options.max_failures)
        return 1
    return 0


def _pack(out_dir: str) -> None:
    """Pack the state of a local OUT with a complete dataset, so that only the folders of the images remain."""
    try:
        state.pack(out_dir)
    except RunError as error:
        logger.warning("the dataset is complete, but its folder {} could not be removed: {}", RUN_DIR, error)


def _write_report(out_dir: str) -> None:
    try:
        from pipeline.report.write import write_report

        logger.info("report: {}", write_report(out_dir))
    # Catch every Exception: the dataset is complete, whatever is wrong with its report.
    except Exception as error:
        logger.warning("{}/report.html was not written: {}: {}", out_dir, type(error).__name__, error)
