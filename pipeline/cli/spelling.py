"""The spelling of flags: hyphens for underscores, and suggestions for misspelled flags. Beam is not loaded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from pipeline.errors import UsageError

_FLAG = re.compile(r"(--?)([A-Za-z][\w-]*)")

# Two spellings are similar if their ratio is at least this, and their lengths differ by at most this many letters. No
# flag of Beam 2.77 is this similar to one of ours; a test checks it.
_RATIO, _LETTERS = 0.8, 2
# The minimum number of letters that count as the beginning of a flag.
_SHORTEST = 3
# A Beam flag that is the beginning of one of our flags.
_BEAMS_OWN = "--label"


def underscored(args: Sequence[str], flags: Collection[str]) -> list[str]:
    """Return the arguments with underscores in all of our flags: `--in_dir` for `--in-dir`.

    Args:
        args: the arguments of the command.
        flags: every spelling of each of our flags.
    """
    return [_underscored(arg, flags) for arg in args]


def _underscored(arg: str, flags: Collection[str]) -> str:
    typed, equals, value = arg.partition("=")
    name = "--" + typed[2:].replace("-", "_")
    return name + equals + value if typed.startswith("--") and name in flags else arg


def check_spelling(args: Sequence[str], flags: Collection[str]) -> None:
    """Refuse an argument that is a misspelling of one of our flags.

    Raises:
        UsageError: an argument is similar to one of our flags, but not equal to any.
    """
    for arg in args:
        typed = arg.partition("=")[0]
        if typed not in flags and (meant := meant_flag(typed, flags)):
            raise UsageError(f"{typed!r} is not a flag: did you mean {meant}?")


def meant_flag(typed: str, flags: Collection[str]) -> str | None:
    """Return the flag of ours that a misspelled flag resembles, or None if it resembles none."""
    matched = _FLAG.fullmatch(typed)
    if matched is None or typed == _BEAMS_OWN:
        return None
    hyphens, name = matched[1], matched[2].replace("-", "_").lower()
    if (other := ("-" if hyphens == "--" else "--") + name) in flags:
        return other
    if hyphens == "-":
        return None
    long = sorted(flag for flag in flags if flag.startswith("--"))
    if len(name) >= _SHORTEST and (begun := [flag for flag in long if flag.startswith(f"--{name}")]):
        return begun[0]
    as_long = [flag for flag in long if abs(len(flag) - len(typed)) <= _LETTERS]
    return next(iter(difflib.get_close_matches(f"--{name}", as_long, n=1, cutoff=_RATIO)), None)
