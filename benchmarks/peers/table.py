"""The tables, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from benchmarks.measure import median
from benchmarks.peers.compare import CORES, Comparison, Likeness
from benchmarks.peers.tools import REFERENCE, Tool
from benchmarks.rounds import Round

FLOORS = (
    "floor (entropy decoding plus encoding)",
    "floor at our scale (our decoding plus encoding)",
)
CEILING = "exact Lanczos, encoded at quality 75"
EXACT = Likeness([math.inf], [1.0])

UNSURE = "~"
LEGEND = f"{UNSURE}: mostly start-up, so that what it takes without is unsure; give a larger --count"

_NONE = "-"
_LEAST_WORK = 1 / 3  # of the whole command's time
_HEAD = (
    "",
    *(
        f"{figure}, {count} core{'s' if count > 1 else ''}"
        for count in CORES
        for figure in ("images/s", "speed, of the reference's", "with start-up")
    ),
    "PSNR before encoding, dB: mean (worst)",
    "SSIM before encoding: mean (worst)",
)


def table(done: Comparison) -> list[str]:
    """The lines of one folder's table: a row a tool, then the floors and the ceiling."""
    rows = [_HEAD, ["---"] * len(_HEAD)]
    for tool in done.tools:
        speeds = [cell for count in CORES for cell in speed_cells(done.rounds[count], tool.name)]
        likeness = EXACT if tool is REFERENCE else done.likeness.get(tool.name)
        rows.append([tool.name, *speeds, *likeness_cells(likeness)])
    blank = [_NONE] * 3
    for name, seconds in zip(FLOORS, zip(*done.floors, strict=True), strict=True):
        rows.append([name, *floor_cells(done.rounds[1], seconds), *blank, *likeness_cells(None)])
    rows.append([CEILING, *blank, *blank, *likeness_cells(done.likeness.get(REFERENCE.name))])
    return [f"| {' | '.join(row)} |" for row in rows]


def speed_cells(rounds: Sequence[Round], name: str) -> list[str]:
    """Images a second, and the speed as a ratio to the reference of the same round, without and with start-up."""
    mark = UNSURE if min(_work(one, name) for one in rounds) < _LEAST_WORK else ""
    slopes = [one.slope(REFERENCE.name) / one.slope(name) for one in rounds]
    wholes = [one.whole(REFERENCE.name) / one.whole(name) for one in rounds]
    return [f"{mark}{median([1 / one.slope(name) for one in rounds]):.1f}", mark + ratio(slopes), ratio(wholes)]


def _work(one: Round, name: str) -> float:
    """The share of a whole command's time that is no start-up."""
    return one.slope(name) * one.large / one.whole(name)


def floor_cells(rounds: Sequence[Round], seconds: Sequence[float]) -> list[str]:
    """The same for a time in seconds an image, one a round; it has no start-up."""
    ratios = [one.slope(REFERENCE.name) / floor for one, floor in zip(rounds, seconds, strict=True)]
    return [f"{median([1 / floor for floor in seconds]):.1f}", ratio(ratios), _NONE]


def ratio(values: Sequence[float]) -> str:
    """The median, and the lowest to the highest."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def likeness_cells(likeness: Likeness | None) -> list[str]:
    """Mean and worst PSNR and SSIM. Pictures that are equal, pixel by pixel, are not in the mean PSNR."""
    if likeness is None:
        return [_NONE, _NONE]
    unequal = [value for value in likeness.psnr if math.isfinite(value)]
    psnr = f"{sum(unequal) / len(unequal):.1f} ({min(unequal):.1f})" if unequal else "exact"
    ssim = f"{sum(likeness.ssim) / len(likeness.ssim):.4f} ({min(likeness.ssim):.4f})"
    return [psnr, ssim]


def notes(tools: Sequence[Tool], versions: Mapping[str, str]) -> list[str]:
    """A line a tool that has a version."""
    return [f"- {tool.name}: {tool.note}; {versions[tool.name]}." for tool in tools if tool.name in versions]
