"""Flags of Apache Beam. A misspelt one is refused, where Beam itself would only warn."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence

from pipeline.errors import UsageError
from transforms import compat


def check_beam_flags(args: Sequence[str], our_flags: Sequence[str]) -> None:
    """Refuse arguments that neither this program nor Beam knows.

    Args:
        args: the arguments that are no flags of ours.
        our_flags: our flags, one of which may be suggested.

    Raises:
        UsageError: a flag or a value is wrong.
    """
    parser = compat.beam_parser()
    try:
        _, unknown = parser.parse_known_args(list(args))
    except argparse.ArgumentError as error:
        raise UsageError(f"{error} (a flag of Apache Beam)") from error
    for arg in unknown:
        if arg.startswith("-"):
            flag = arg.partition("=")[0]
            near = difflib.get_close_matches(flag, [*our_flags, *compat.flags_of(parser)], n=1)
            hint = f"did you mean {near[0]}?" if near else "--help lists ours"
            raise UsageError(f"{flag!r} is a flag neither of image_resizer nor of Apache Beam: {hint}")
    if unknown:
        raise UsageError(f"{unknown[0]!r} belongs to no flag: put it behind the flag that it is meant for")


def max_num_workers(args: Sequence[str]) -> int | None:
    """Return the value of Beam's --max_num_workers in `args`, which have been checked, or None without the flag.

    Raises:
        UsageError: it is below 1.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--max_num_workers", type=int)
    number = parser.parse_known_args(list(args))[0].max_num_workers
    if number is not None and number < 1:
        raise UsageError(f"--max_num_workers {number} is no number of workers: give a whole number from 1 up")
    return number
