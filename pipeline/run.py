"""main(argv): parse, build, run, summarise, exit code."""

from __future__ import annotations

import contextlib
import datetime
import gc
import json
import secrets
import sys
from collections.abc import Iterator, Sequence

from loguru import logger

from pipeline import inputs, log, summary
from pipeline.errors import UsageError
from pipeline.options import EstimateRequest, Options, parse
from transforms import dataset, storage
from transforms.budget import share_freed_memory
from transforms.elements import RUN_DIR, json_line
from transforms.errors import RunError, StorageError


def main(argv: Sequence[str] | None = None) -> int:
    """The command.

    Returns:
        0 where the dataset is complete, or the estimate told, 1 where it is not or too many images failed, 2
        where the command is wrong. A run that a signal ends exits with 128 and the signal's number.
    """
    try:
        return _main(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        print("image_resizer: stopped by SIGINT; give the same command again to go on", file=sys.stderr)
        return 130


def _main(argv: Sequence[str]) -> int:
    try:
        options = parse(argv)
        log.configure(options.log_level, options.log)
        _check_inputs(options)
        if options.estimate is not None:
            return _estimate(options, options.estimate)
        history = _prepare(options)
    except (UsageError, RunError) as error:
        print(f"image_resizer: {error}", file=sys.stderr)
        return 2
    try:
        return _run(options, history)
    except RunError as error:
        hint = "; what is committed stays: mend this, and give the same command again to go on"
        logger.error("{}{}", error, hint if isinstance(error, StorageError) else "")
        return 1


def _check_inputs(options: Options) -> None:
    config = options.config
    if not all(map(storage.is_local, (config.out_dir, *(split.root for split in config.splits)))):
        storage.set_options(options.beam_args)
    for problem in inputs.check_contents(config.splits, config.out_dir):
        logger.warning("{}", problem)


def _estimate(options: Options, request: EstimateRequest) -> int:
    share_freed_memory()  # as in a run, whose speed is measured
    with _without_collector():
        from pipeline.estimate.command import estimate

    print("\n".join(estimate(options, request)))
    return 0


def _prepare(options: Options) -> _History:
    if dataset.prepare(options.config, options.overwrite, options.log):
        logger.info("going on with the dataset in {}", options.config.out_dir)
    return _History(options)  # written at once, so that an OUT that cannot be written to is noticed now


class _History:
    """OUT/_run/history-<run>.json: what a run was, and, once it has ended well, its times and rates."""

    def __init__(self, options: Options) -> None:
        started = datetime.datetime.now(datetime.UTC)
        self.run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self._out_dir = options.config.out_dir
        self._begun = {
            "started": started.isoformat(timespec="seconds"),
            "runner": options.runner or "local",
            "processes": options.config.threads,
        }
        self.write({})

    def write(self, figures: dict[str, float]) -> None:
        path = f"{RUN_DIR}/history-{self.run_id}.json"
        storage.write(self._out_dir, path, json_line({**self._begun, **figures}))
        storage.delete_tree(storage.join(self._out_dir, storage.TEMPORARY_DIR))


def _run(options: Options, history: _History) -> int:
    if options.runner is None:
        share_freed_memory()  # before there are threads: glibc counts them once
        with _without_collector():
            from pipeline.local import run_here  # Beam takes a second to load: not before all else was checked

        watch = run_here(options, history.run_id)
        history.write(watch.figures())
        logger.info("{}", watch.conclusion())
    else:
        from pipeline.remote import run_elsewhere

        run_elsewhere(options, history.run_id)
    return _conclude(options)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """All that loading Beam makes stays: looking through it for garbage takes an eighth of the loading time."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _conclude(options: Options) -> int:
    made = json.loads(storage.read(storage.join(options.config.out_dir, dataset.SUMMARY_PATH)))
    for line in summary.lines(made, options.config.out_dir):
        logger.info("{}", line)
    failed, matched = made["images"]["failed"], made["images"]["matched"]
    if options.max_failures is not None and options.max_failures.exceeded(failed, matched):
        logger.error("{:,} images failed, more than --max_failures {}", failed, options.max_failures)
        return 1
    return 0
