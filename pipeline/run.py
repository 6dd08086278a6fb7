"""main(argv): parse, build, run, summarise, exit code."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from loguru import logger

from pipeline.cli import inputs
from pipeline.cli.options import EstimateRequest, Options, parse
from pipeline.errors import ExitRun, UsageError
from pipeline.exclusive.lease import Lease, hold_lease
from pipeline.exclusive.lock import hold_lock
from pipeline.history.record import History
from pipeline.terminal import log, summary
from pipeline.terminal.signals import Stopped, print_stopped, raise_on_signal
from pipeline.verify import verify
from transforms import storage
from transforms.dataset import access, attempts, paths
from transforms.dataset.plan import Plan, read_plan
from transforms.model.errors import RunError, StorageError
from transforms.resizing.memory_budget import share_freed_memory
from transforms.tables.readers import check_table


def main(argv: Sequence[str] | None = None) -> int:
    """The command.

    Returns:
        0 where the dataset is complete, or the estimate told, 1 where it is not or too many images failed, 2
        where the command is wrong. A run that a signal ends exits with 128 and the signal's number.
    """
    try:
        return _main(sys.argv[1:] if argv is None else argv)
    except ExitRun as leave:
        sys.stderr.flush()
        os._exit(leave.exit_code)  # without waiting for threads that are at work
    except Stopped as stopped:
        print_stopped(stopped)
        os._exit(stopped.exit_code)
    except KeyboardInterrupt:  # where this function is called by itself, without `signals.exit_on_signal`
        print_stopped(interrupted := Stopped(signal.SIGINT))
        return interrupted.exit_code


def _main(argv: Sequence[str]) -> int:
    begun = time.monotonic()
    try:
        options = parse(argv)
        log.configure(options.log_level, options.log, options.runner is not None)
        problems = _check(options)
        if options.estimate is not None:
            return _estimate(options, options.estimate)
        if options.dry_run:
            from pipeline.runners.remote import run_remotely

            run_remotely(options, "dry-run", None, None)
            return 0
        plan = access.check(options.config, options.overwrite, options.log)  # before anything is written to OUT
        if options.verify and plan is None:
            raise UsageError(f"-o {options.config.out_dir!r} holds no dataset to verify: leave out --verify")
        if plan and not options.verify:
            _check_complete(problems)
        with _alone(options) as lease:
            if options.verify and plan:
                return verify(options.config, plan, options.verify == "full")
            return _make(options, lease, begun)
    except (UsageError, RunError) as error:
        print(f"image_resizer: {error}", file=sys.stderr)
        return 2


def _check(options: Options) -> list[inputs.Problem]:
    """Refuses what can be told to be wrong before anything is written; gives what is not, and warns of it."""
    config = options.config
    places = (config.out_dir, *(split.root for split in config.splits), *config.tables.values())
    if not all(map(storage.is_local, places)):
        storage.set_options(options.beam_args)
    if options.on_dataflow and options.estimate is None:
        from pipeline.runners import dataflow

        dataflow.check(options.beam_args, config)
        for warning in dataflow.region_warnings(options.beam_args, config):
            logger.warning("{}", warning)
    if options.estimate is None and not options.verify:
        for table, location in config.tables.items():
            check_table(location, table)
    if options.estimate is not None:
        from pipeline.estimate.prices import read_prices

        read_prices(options.estimate.prices)  # refuses a wrong file before the inputs are listed
    problems = [] if options.verify else inputs.check_contents(config.splits, config.out_dir, config.any_name)
    for problem in problems:
        logger.warning("{}", problem)
    return problems


def _check_complete(problems: Sequence[inputs.Problem]) -> None:
    """Refuses to go on with a dataset while a part of its input cannot be seen, and would count as deleted."""
    for problem in problems:
        if problem.hides_images:
            raise RunError(
                f"{problem.what}, and what was made of its images would be deleted: let it be read, or give another -o"
            )


@contextlib.contextmanager
def _alone(options: Options) -> Iterator[Lease | None]:
    out_dir = options.config.out_dir
    if storage.is_local(out_dir):
        with hold_lock(out_dir):
            yield None
    else:  # a lease does not end with the process that has it
        with raise_on_signal(), hold_lease(out_dir, options.beam_args) as lease:
            yield lease


def _make(options: Options, lease: Lease | None, begun: float) -> int:
    plan = access.prepare(options.config, options.overwrite, options.log)
    if plan:
        logger.info("going on with the dataset in {}", options.config.out_dir)
    history = History(options, begun)
    try:
        if not _run(options, history, plan, lease):
            return 0
        if told := _renumbered(options, plan):
            logger.warning("{}", told)
            _run(options, History(options, time.monotonic()), read_plan(options.config.out_dir), lease)
        return _conclude(options)
    except RunError as error:
        if options.runner is None:  # a job elsewhere may have failed of an image that killed its workers
            with contextlib.suppress(StorageError):
                attempts.forget(options.config.out_dir)  # they end because of this, and not because of an image
        hint = "; what is committed stays: mend this, and give the same command again to go on"
        logger.error("{}{}", error, hint if isinstance(error, StorageError) else "")
        return 1


def _estimate(options: Options, request: EstimateRequest) -> int:
    share_freed_memory()  # as in a run, whose speed is measured
    with _without_collector():
        from pipeline.estimate.command import estimate

    print("\n".join(estimate(options, request)))
    return 0


def _renumbered(options: Options, before: Plan | None) -> str:
    """What to say where another run must number the classes again; "" where it need not.

    Which folders are classes is known only at the end of a run: those of which an image was written.
    """
    after = read_plan(options.config.out_dir)
    if after is None or after.unwritten == (before.unwritten if before else ()):
        return ""
    without = ", ".join(map(repr, after.unwritten))
    told = f"no image was written of {without}, which is no class then" if without else "there are further classes"
    return f"--labels folder: {told}; making the dataset once more, with the classes numbered again"


def _run(options: Options, history: History, plan: Plan | None, lease: Lease | None) -> bool:
    """Makes the dataset; whether it is complete, and no job is still at work."""
    if options.runner is None:
        share_freed_memory()  # before there are threads: glibc counts them once
        with _without_collector():
            from pipeline.runners.local import (
                run_locally,
            )  # Beam takes a second to load: not before all else was checked

        reporter = run_locally(options, history)
        history.write(reporter.figures())
        logger.info("{}", reporter.conclusion())
    else:
        from pipeline.runners.remote import run_remotely

        return run_remotely(options, history.run_id, plan, lease)
    return True


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """All that loading Beam makes stays: looking through it for garbage takes an eighth of the loading time."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _conclude(options: Options) -> int:
    made = json.loads(storage.read(storage.join(options.config.out_dir, paths.SUMMARY_PATH)))
    for line in summary.summary_lines(made, options.config.out_dir):
        logger.info("{}", line)
    _report(options.config.out_dir)
    failed, matched = made["images"]["failed"], made["images"]["matched"]
    if options.max_failures is not None and options.max_failures.exceeded(failed, matched):
        logger.error("{:,} images failed, more than --max_failures {}", failed, options.max_failures)
        return 1
    return 0


def _report(out_dir: str) -> None:
    try:
        from pipeline.report.write import write_report

        logger.info("report: {}", write_report(out_dir))
    # Every Exception: the dataset is complete, whatever is wrong with a page that tells of it.
    except Exception as error:
        logger.warning("{}/report.html was not made: {}: {}", out_dir, type(error).__name__, error)
