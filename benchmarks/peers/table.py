"""The tables, in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.peers.compare import CORES, Comparison, Similarity
from benchmarks.peers.tools import REFERENCE, Tool
from benchmarks.rounds import Round

FLOORS = (
    "lower bound: entropy decoding and encoding",
    "lower bound: decoding at image_resizer's scale and encoding",
)
CEILING = "upper bound: exact Lanczos, encoded at quality 75"
EXACT = Similarity([math.inf], [1.0])

UNSURE = "~"
LEGEND = f"{UNSURE}: most of the time is start-up, so the figure without start-up is uncertain; use a larger --count"

_NONE = "-"
_LEAST_WORK = 1 / 3  # as a share of the whole command's time
_HEAD = (
    "",
    *(
        f"{figure}, {count} core{'s' if count > 1 else ''}"
        for count in CORES
        for figure in (
            "images/s",
            f"speed relative to the {REFERENCE.name}",
            "the same with start-up",
            f"CPU time of the {REFERENCE.name} relative to this",
        )
    ),
    "PSNR before encoding, dB: mean (worst)",
    "SSIM before encoding: mean (worst)",
)


def table(comparison: Comparison) -> list[str]:
    """Return the lines of one folder's table: a row for each tool, then the bounds."""
    rows = [_HEAD, ["---"] * len(_HEAD)]
    for tool in comparison.tools:
        speeds = [cell for count in CORES for cell in speed_cells(comparison.rounds[count], tool.name)]
        similarity = EXACT if tool is REFERENCE else comparison.similarity.get(tool.name)
        rows.append([tool.name, *speeds, *similarity_cells(similarity)])
    blank = [_NONE] * 4
    for name, seconds in zip(FLOORS, zip(*comparison.floors, strict=True), strict=True):
        rows.append([name, *floor_cells(comparison.rounds[1], seconds), *blank, *similarity_cells(None)])
    rows.append([CEILING, *blank, *blank, *similarity_cells(comparison.similarity.get(REFERENCE.name))])
    return [f"| {' | '.join(row)} |" for row in rows]


def speed_cells(rounds: Sequence[Round], name: str) -> list[str]:
    """Return the cells of a tool: images per second, its speed and its CPU time relative to the first script."""
    mark = UNSURE if min(_share_of_work(measured, name) for measured in rounds) < _LEAST_WORK else ""
    rates = [1 / measured.seconds_per_image(name) for measured in rounds]
    work = [measured.seconds_per_image(REFERENCE.name) / measured.seconds_per_image(name) for measured in rounds]
    whole = [measured.seconds(REFERENCE.name) / measured.seconds(name) for measured in rounds]
    cpu = [measured.cpu_seconds_per_image(REFERENCE.name) / measured.cpu_seconds_per_image(name) for measured in rounds]
    speeds = [f"{mark}{statistics.median(rates):.1f}", mark + median_and_range(work), median_and_range(whole)]
    return [*speeds, median_and_range(cpu)]


def _share_of_work(measured: Round, name: str) -> float:
    """Return the share of a command's time that is not start-up."""
    return measured.seconds_per_image(name) * measured.large / measured.seconds(name)


def floor_cells(rounds: Sequence[Round], seconds: Sequence[float]) -> list[str]:
    """Return the same cells for a lower bound, which has no start-up.

    Args:
        rounds: the rounds on one core.
        seconds: the bound in seconds per image, measured in each round.
    """
    ratios = [
        measured.seconds_per_image(REFERENCE.name) / floor for measured, floor in zip(rounds, seconds, strict=True)
    ]
    rate = statistics.median(1 / floor for floor in seconds)
    return [f"{rate:.1f}", median_and_range(ratios), _NONE, _NONE]


def median_and_range(values: Sequence[float]) -> str:
    """Return the median, the lowest and the highest value as text."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def similarity_cells(similarity: Similarity | None) -> list[str]:
    """Return the mean and worst PSNR and SSIM. Exclude images with equal pixels from the mean PSNR."""
    if similarity is None:
        return [_NONE, _NONE]
    unequal = [value for value in similarity.psnr if math.isfinite(value)]
    psnr = f"{sum(unequal) / len(unequal):.1f} ({min(unequal):.1f})" if unequal else "exact"
    ssim = f"{sum(similarity.ssim) / len(similarity.ssim):.4f} ({min(similarity.ssim):.4f})"
    return [psnr, ssim]


def notes(tools: Sequence[Tool], versions: Mapping[str, str]) -> list[str]:
    """Return a line for each tool that has a version."""
    return [f"- {tool.name}: {tool.note}; {versions[tool.name]}." for tool in tools if tool.name in versions]
