"""The parser of all flags. Each flag is declared once, with its check, default and help, in one of four modules."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from pipeline.cli import annotation_flags, dataset_flags, image_flags, run_flags
from pipeline.cli.group import FlagGroup
from pipeline.cli.help import DESCRIPTION, USAGE
from pipeline.errors import UsageError


class _Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` instead of printing its usage and exiting."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(_sentence(message))


def _sentence(message: str) -> str:
    """Return an argparse message as a sentence that tells the user what to do."""
    missing = re.fullmatch(r"the following arguments are required: (.*)", message, re.DOTALL)
    if missing:
        return f"{missing[1]} is missing: add it with a value (--help lists all flags)"
    matched = re.fullmatch(r"argument ((?:-\w+/)?--\w+)(?:/--\w+)*: (.*)", message, re.DOTALL)
    if not matched:
        return f"{message} (--help lists all flags)"
    flag, problem = matched.groups()
    if problem.startswith(("'", '"')):
        return f"{flag} {problem}"  # from `values`: the value, and what is allowed
    if re.fullmatch(r"expected .*arguments?", problem):
        long_name = flag.rpartition("/")[2]
        return f"{flag} needs a value: put one after it, or write {long_name}=VALUE if it begins with a hyphen"
    if superfluous := re.fullmatch(r"ignored explicit argument (.*)", problem, re.DOTALL):
        return f"{flag} does not take a value, but got {superfluous[1]}: leave the value out"
    return f"{flag}: {problem} (--help lists all flags)"


def given_flags(argv: Sequence[str]) -> frozenset[str]:
    """Return the names of our flags in a command line that `parser` accepts, including those set to their defaults."""
    parser, groups = parser_and_groups()
    for action in (action for group in groups for action in group.actions):
        action.default = argparse.SUPPRESS
    return frozenset(vars(parser.parse_known_args(argv)[0]))


def parser() -> argparse.ArgumentParser:
    """Return the parser of this program's flags. A flag that it does not recognize belongs to Beam, or is wrong."""
    return parser_and_groups()[0]


def parser_and_groups() -> tuple[argparse.ArgumentParser, list[FlagGroup]]:
    """Return the parser, and its groups in the order of --help."""
    parser = _Parser(
        prog="image_resizer",
        usage=USAGE,
        description=DESCRIPTION,
        epilog="Flags can also be written with hyphens: --in-dir means --in_dir. Any other flag is passed on to Apache "
        "Beam: --project and --region, for example.",
        allow_abbrev=False,
        add_help=False,
    )
    modules = (dataset_flags, annotation_flags, image_flags, run_flags)
    return parser, [group for module in modules for group in module.add_flags(parser)]
