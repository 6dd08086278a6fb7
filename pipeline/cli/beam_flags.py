"""Flags of Apache Beam. Beam itself only warns about a misspelled flag; this module refuses it."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence

from pipeline.errors import UsageError
from transforms import compat

# A flag of older versions -> the advice in the error message.
_OLD_FLAGS = {"--resampler": "leave it out; the package's own extension produces the same bytes as Pillow"}


def check_beam_flags(args: Sequence[str], our_flags: Sequence[str]) -> None:
    """Refuse arguments that neither this program nor Beam accepts. This function loads Beam.

    Args:
        args: the arguments that are not flags of this program.
        our_flags: the flags of this program, one of which may be suggested.

    Raises:
        UsageError: a flag or a value is wrong.
    """
    parser = compat.beam_parser()
    try:
        _, unknown = parser.parse_known_args(list(args))
    except argparse.ArgumentError as error:
        problem = str(error).removeprefix("argument ")
        raise UsageError(f"{problem} (a flag of Apache Beam): correct the value") from error
    for arg in unknown:
        if arg.startswith("-"):
            flag = arg.partition("=")[0]
            if flag in _OLD_FLAGS:
                raise UsageError(f"{flag} no longer exists: {_OLD_FLAGS[flag]}")
            near = difflib.get_close_matches(flag, [*our_flags, *compat.flags_of(parser)], n=1)
            hint = f"did you mean {near[0]}?" if near else "--help lists the flags of image_resizer"
            raise UsageError(f"{flag!r} is not a flag of image_resizer or Apache Beam: {hint}")
    if unknown:
        raise UsageError(f"{unknown[0]!r} does not belong to a flag: put it after its flag")
    for problem in compat.problems_of_options(args):
        raise UsageError(f"wrong flags of Apache Beam: {problem.rstrip('.')}: correct them")


def check_job_labels(args: Sequence[str]) -> None:
    """Refuse values of Beam's --labels that are not job labels, without loading Beam.

    Raises:
        UsageError: a value is not KEY=VALUE.
    """
    for label in _values(args, "--labels"):
        if "=" not in label:
            raise UsageError(
                f"--labels {label!r} is not KEY=VALUE, a label of a Dataflow job: to label images, use --label_from "
                "folder"
            )


def max_num_workers(args: Sequence[str]) -> int | None:
    """Return the value of Beam's --max_num_workers in the checked arguments, or None without the flag.

    Raises:
        UsageError: the value is below 1.
    """
    values = _values(args, "--max_num_workers")
    if not values:
        return None
    number = int(values[-1])
    if number < 1:
        raise UsageError(f"--max_num_workers {number} is out of range: use a whole number of 1 or more")
    return number


def _values(args: Sequence[str], flag: str) -> list[str]:
    """Return the values of a Beam flag in `args`. A flag at the end, without a value, has none."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(flag, action="append", nargs="?", dest="values", default=[])
    return [value for value in parser.parse_known_args(list(args))[0].values if value is not None]
