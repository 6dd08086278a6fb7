"""The comparison of the last run of a dataset with the run before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.report.formatting import NOTHING, duration, moment
from pipeline.report.page import Comparison

# The compared figures: the label on the page, the name in the history, and the format of the number.
_FIGURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("Images of the dataset", "matched", "{:,}".format),
    ("Failures", "failed", "{:,}".format),
    ("Images resized", "images", "{:,}".format),
    ("Time", "seconds", duration),
    ("Images/s", "images_per_second", "{:,.1f}".format),
)


def comparison(runs: Sequence[Mapping[str, Any]]) -> Comparison | None:
    """Return the comparison of the last two completed runs, or None if there are fewer than two.

    Args:
        runs: the histories, the oldest first.
    """
    ended = [run for run in runs if "seconds" in run]
    if len(ended) < 2:
        return None
    before, after = ended[-2:]
    rows = tuple(
        (label, write(before[name]), write(after[name]), _change(before[name], after[name], write))
        for label, name, write in _FIGURES
        if name in before and name in after
    )
    return Comparison(moment(before["started"]), moment(after["started"]), rows)


def _change(before: float, after: float, write: Callable[[float], str]) -> str:
    """Return the difference with its sign, or a dash if there is none."""
    if write(before) == write(after):
        return NOTHING
    sign = "+" if after > before else "\N{MINUS SIGN}"
    return f"{sign}{write(abs(after - before))}"
