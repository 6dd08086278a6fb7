"""main(argv): parse, build, run, summarise, exit code."""

from __future__ import annotations

import datetime
import json
import secrets
import sys
from collections.abc import Sequence

from loguru import logger

from pipeline import inputs, log, summary
from pipeline.errors import UsageError
from pipeline.options import Options, parse
from transforms import dataset, storage
from transforms.elements import json_line
from transforms.errors import RunError


def main(argv: Sequence[str] | None = None) -> int:
    """The command.

    Returns:
        0 where the dataset is complete, 1 where it is not or too many images failed, 2 where the command
        is wrong. A run that a signal ends exits with 128 and the signal's number.
    """
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        log.configure(options.log_level, options.log)
        _prepare(options)
    except (UsageError, RunError) as error:
        print(f"image_resizer: {error}", file=sys.stderr)
        return 2
    try:
        return _run(options)
    except RunError as error:
        logger.error("{}", error)
        return 1


def _prepare(options: Options) -> None:
    config = options.config
    for problem in inputs.check_contents(config.splits, config.out_dir):
        logger.warning("{}", problem)
    if dataset.prepare(config, options.overwrite):
        logger.info("going on with the dataset in {}", config.out_dir)


def _run(options: Options) -> int:
    started = datetime.datetime.now(datetime.UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    if options.runner is None:
        _run_here(options, run_id, started)
    else:
        from pipeline.remote import run_elsewhere

        run_elsewhere(options, run_id)
    return _conclude(options)


def _run_here(options: Options, run_id: str, started: datetime.datetime) -> None:
    from pipeline.local import run_here  # Beam takes a second to load

    watch = run_here(options, run_id)
    logger.info("{}", watch.conclusion())
    history = {"started": started.isoformat(timespec="seconds"), "processes": options.config.threads, **watch.figures()}
    storage.write(options.config.out_dir, f"{storage.RUN_DIR}/history-{run_id}.json", json_line(history))
    storage.delete_tree(storage.join(options.config.out_dir, storage.TEMPORARY_DIR))


def _conclude(options: Options) -> int:
    made = json.loads(storage.read(storage.join(options.config.out_dir, dataset.SUMMARY_PATH)))
    for line in summary.lines(made, options.config.out_dir):
        logger.info("{}", line)
    failed, matched = made["images"]["failed"], made["images"]["matched"]
    if options.max_failures is not None and options.max_failures.exceeded(failed, matched):
        logger.error("{:,} images failed, more than --max_failures {}", failed, options.max_failures)
        return 1
    return 0
