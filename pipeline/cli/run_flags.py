"""Flags of the run. They change no byte of the dataset."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pipeline.cli import values
from pipeline.cli.defaults import ESTIMATE_IMAGES, LOG_EVERY, REMOTE_PROCESSES
from pipeline.cli.group import FlagGroup
from pipeline.cli.help import FullHelp, ShortHelp
from pipeline.cli.version import PrintVersion

LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LOG_LEVEL = "info"


def add_flags(parser: argparse.ArgumentParser) -> Iterator[FlagGroup]:
    """Add the groups of this module to a parser, and yield them."""
    for title, add in (
        ("estimate", _add_estimate_flags),
        ("run", _add_run_flags),
        ("log and report", _add_log_flags),
        ("help", _add_help_flags),
    ):
        group = FlagGroup(parser, title)
        add(group)
        yield group


def _add_estimate_flags(group: FlagGroup) -> None:
    group.add(
        "--estimate",
        nargs="?",
        type=values.whole_number,
        const=ESTIMATE_IMAGES,
        metavar="N",
        help=f"resize N images in memory ({ESTIMATE_IMAGES} without a number), the same ones each time, and print the "
        "estimated output size, the time on this machine, and the hours and dollars on Dataflow; nothing is written",
    )
    group.add(
        "--prices",
        metavar="FILE",
        help='with --estimate: a JSON file of prices to use instead of the built-in ones, such as {"vcpu_hour": 0.06}',
    )


def _add_run_flags(group: FlagGroup) -> None:
    group.add(
        "-j",
        "--processes",
        "--threads",
        type=values.whole_number,
        metavar="N",
        help="the number of worker processes, each of which processes one image at a time; --threads is an older name "
        f"(default: the number of cores; {REMOTE_PROCESSES} for each process of a remote runner)",
    )
    group.add_setting(
        "--memory",
        type=values.byte_count,
        metavar="BYTES",
        help="total memory for decoded images in all workers, such as 4G (default: half the memory of the machine or "
        "container; on a remote runner, half of one core's share for each worker)",
    )
    group.add(
        "--max_failures",
        type=values.limit,
        metavar="LIMIT",
        help="exit with code 1 if more than N images, or N%% of them, fail; a local run stops at once, a job on "
        "Dataflow needs --wait (default: no limit)",
    )
    group.add(
        "--runner",
        metavar="RUNNER",
        help="where to run: DirectRunner is this machine, DataflowRunner is Google Cloud, FlinkRunner is the cluster "
        "at Beam's --flink_master HOST:PORT; other runners of Beam work too (default: this machine)",
    )
    group.add(
        "--local_cluster",
        type=values.whole_number,
        metavar="N",
        help="start a Flink cluster on this machine for the run, with N TaskManagers, each of which processes one "
        "shard at a time; implies --runner FlinkRunner, needs make install-flink",
    )
    group.add(
        "--shared_filesystem",
        action="store_true",
        help="with --runner FlinkRunner: local paths in the command refer to the same files on every host of the "
        "cluster",
    )
    group.add(
        "--wait",
        action="store_true",
        help="with --runner DataflowRunner: follow the job until it ends instead of only submitting it",
    )


def _add_log_flags(group: FlagGroup) -> None:
    group.add("-l", "--log", metavar="FILE", help="also append the log to this file: a new file or an earlier log")
    group.add(
        "--log_level",
        choices=LOG_LEVELS,
        help=f"debug also shows Beam's own log (default: {DEFAULT_LOG_LEVEL})",
    )
    group.add(
        "-v",
        "--log_every",
        "--verbose",
        type=values.whole_number,
        metavar="N",
        help="log a progress line every N images, and every 30 seconds in any case; --verbose is the old script's "
        f"name for it (default: {LOG_EVERY})",
    )
    group.add(
        "-q",
        "--quiet",
        action="store_true",
        help="show only warnings and errors, without a progress bar; the file of -l still gets the whole log",
    )
    group.add(
        "--report_every",
        type=values.whole_number,
        metavar="SECONDS",
        help="on this machine: rewrite OUT/report.html every SECONDS seconds, to follow the run in a browser (default: "
        "once, at the end)",
    )


def _add_help_flags(group: FlagGroup) -> None:
    group.add("-h", action=ShortHelp, help="print the most common flags and three examples, and exit")
    group.add("--help", action=FullHelp, help="print all flags, and exit")
    group.add("--version", action=PrintVersion, help="print the versions of this program and its libraries, and exit")
