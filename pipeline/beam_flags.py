"""Flags that are Beam's: a misspelt one is refused, where Beam itself would only warn."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence

from pipeline.errors import UsageError


def check_beam_flags(args: Sequence[str], our_flags: Sequence[str]) -> None:
    """Refuses what neither we nor Beam know.

    Args:
        args: what is none of our flags.
        our_flags: to suggest one of them.

    Raises:
        UsageError: a flag or a value is wrong.
    """
    beam_parser = _beam_parser()
    try:
        _, unknown = beam_parser.parse_known_args(list(args))
    except argparse.ArgumentError as error:
        raise UsageError(f"{error} (a flag of Apache Beam)") from error
    for arg in unknown:
        if arg.startswith("-"):
            flag = arg.partition("=")[0]
            known = [*our_flags, *(flag for action in beam_parser._actions for flag in action.option_strings)]
            near = difflib.get_close_matches(flag, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "--help lists ours"
            raise UsageError(f"{flag!r} is a flag neither of image_resizer nor of Apache Beam: {hint}")
    if unknown:
        raise UsageError(f"{unknown[0]!r} belongs to no flag: put it behind the flag that it is meant for")


def max_num_workers(args: Sequence[str]) -> int | None:
    """What Beam's --max_num_workers says in `args`, which have been checked; None where it is not given.

    Raises:
        UsageError: it is below 1.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--max_num_workers", type=int)
    number = parser.parse_known_args(list(args))[0].max_num_workers
    if number is not None and number < 1:
        raise UsageError(f"--max_num_workers {number} is no number of workers: give a whole number from 1 up")
    return number


def _beam_parser() -> argparse.ArgumentParser:
    from apache_beam.options.pipeline_options import PipelineOptions

    beam_parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(beam_parser)  # the way in which Beam itself collects them
    return beam_parser
