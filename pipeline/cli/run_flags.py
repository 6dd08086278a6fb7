"""Flags of the run, which change no byte of the dataset."""

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
        help=f"write nothing: resize N images in memory ({ESTIMATE_IMAGES} without a number), the same ones each time, "
        "and print the size of the output, the time here, and the hours and dollars on Dataflow",
    )
    group.add(
        "--prices",
        metavar="FILE",
        help='with --estimate: a JSON file of prices that replace the built-in ones, such as {"vcpu_hour": 0.06}',
    )


def _add_run_flags(group: FlagGroup) -> None:
    group.add(
        *("-j", "--processes", "--threads"),
        type=values.whole_number,
        metavar="N",
        help="worker processes, each of which makes one image at a time; --threads is an older name "
        f"(default: the number of cores; {REMOTE_PROCESSES} for each process of a remote runner)",
    )
    group.add_setting(
        "--memory",
        type=values.byte_count,
        metavar="BYTES",
        help="memory for decoded images in all workers together, such as 4G (default: half of the machine's or the "
        "container's; on a remote runner half of a core's share for the worker of each process)",
    )
    group.add(
        "--max_failures",
        type=values.limit,
        metavar="LIMIT",
        help="N or N%%: exit with code 1 if more images failed; a local run stops at once (default: no limit)",
    )
    group.add(
        "--runner",
        metavar="RUNNER",
        help="where the graph runs: DirectRunner is this machine, DataflowRunner is Google Cloud, FlinkRunner is the "
        "cluster of Beam's --flink_master HOST:PORT, other names are Beam's (default: this machine)",
    )
    group.add(
        "--local_cluster",
        type=values.whole_number,
        metavar="N",
        help="run on a Flink cluster that is started on this machine for the run, with N TaskManagers, each of which "
        "makes one shard at a time; implies --runner FlinkRunner, needs make install-flink",
    )
    group.add(
        "--shared_filesystem",
        action="store_true",
        help="with --runner FlinkRunner: the local paths of the command are the same files on every host of the "
        "cluster",
    )
    group.add(
        "--wait",
        action="store_true",
        help="with --runner DataflowRunner: follow the job to its end instead of only submitting it",
    )


def _add_log_flags(group: FlagGroup) -> None:
    group.add("-l", "--log", metavar="FILE", help="write the log to this file, too")
    group.add(
        "--log_level",
        choices=LOG_LEVELS,
        help=f"debug shows Beam's own log too (default: {DEFAULT_LOG_LEVEL})",
    )
    group.add(
        *("-v", "--log_every", "--verbose"),
        type=values.whole_number,
        metavar="N",
        help="images between two progress lines in the log, which has one every 30 seconds in any case; --verbose is "
        f"the name of the old script (default: {LOG_EVERY})",
    )
    group.add(
        *("-q", "--quiet"),
        action="store_true",
        help="show warnings and errors only, and no progress bar; the file of -l gets the whole log",
    )
    group.add(
        "--report_every",
        type=values.whole_number,
        metavar="SECONDS",
        help="on this machine: write OUT/report.html again every so many seconds, for a browser that follows the run "
        "(default: once, at the end)",
    )


def _add_help_flags(group: FlagGroup) -> None:
    group.add("-h", action=ShortHelp, help="print the flags that people use, with three examples, and exit")
    group.add("--help", action=FullHelp, help="print all flags, and exit")
    group.add("--version", action=PrintVersion, help="print the versions of this program and its libraries, and exit")
