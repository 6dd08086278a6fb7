"""The plots, with the tables of their numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.report import histograms, svg
from pipeline.report.formatting import duration
from pipeline.report.page import Plot

# The number of steps in the plot of rates: enough to show a change, few enough that each has images.
_STEPS = 40


def histograms_of(summary: Mapping[str, Any]) -> Iterator[Plot]:
    """Yield the histograms of the sources and outputs. A histogram without rows is not shown."""
    sides, ratios = summary["source_longest_side"], summary["source_aspect_ratio"]
    yield _histogram("Longest side of sources", "Longest side", "pixels", histograms.longest_sides(sides))
    yield _histogram("Aspect ratio of sources", "Aspect ratio", "width / height", histograms.aspect_ratios(ratios))
    for size, counts in sorted(summary.get("output_bytes", {}).items(), key=lambda item: -int(item[0])):
        yield _histogram(f"Bytes per output, {size} px", "Bytes", "bytes, up to", histograms.output_bytes(counts))


def _histogram(heading: str, label: str, axis: str, bars: Sequence[svg.Bar]) -> Plot:
    rows = tuple((bar.label, f"{bar.images:,}") for bar in bars)
    return Plot(heading, svg.histogram(bars, heading, axis), label, "Images", rows)


def rate_plot(series: Sequence[Sequence[float]]) -> Plot | None:
    """Return the plot of images per second over time, or None if the run resized no image.

    Args:
        series: (seconds, number of images done at that time), in order.
    """
    every = -(-len(series) // _STEPS)
    points = [*series[:: max(1, every)], *series[-1:]]
    if len(series) == 1:
        points = [(0.0, 0), *series]
    steps = [
        svg.Step(start, end, (images_after - images_before) / (end - start))
        for (start, images_before), (end, images_after) in itertools.pairwise(points)
        if end > start
    ]
    if not any(step.rate for step in steps):
        return None
    heading = "Images per second"
    rows = tuple((duration(step.end), f"{step.rate:,.1f}") for step in steps)
    return Plot(heading, svg.rates(steps, heading), "Until", "Images/s", rows)
