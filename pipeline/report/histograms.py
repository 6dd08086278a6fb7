"""The summary's histograms -> bars without a gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipeline.report.svg import Bar
from transforms.publish.amounts import amount

# Width by height beyond which images share one bar; the summary itself ends at 0.1 and 10.
_NARROW, _WIDE = 4, 25  # in tenths
_SIGNS = {_NARROW: "≤ ", _WIDE: "≥ "}


def longest_sides(counts: Mapping[str, int]) -> list[Bar]:
    """Of sources, by powers of two."""
    bounds = sorted(map(int, counts))
    bars = []
    bound = bounds[0] if bounds else 0
    while bounds and bound <= bounds[-1]:
        label = f"{bound // 2 + 1:,} to {bound:,} px" if bound > 1 else "1 px"
        bars.append(Bar(label, f"≤ {bound}", counts.get(str(bound), 0)))
        bound *= 2
    return bars


def aspect_ratios(counts: Mapping[str, int]) -> list[Bar]:
    """Of sources, width by height, by tenths."""
    tenths: Counter[int] = Counter()
    for ratio, number in counts.items():
        tenths[min(_WIDE, max(_NARROW, round(10 * float(ratio))))] += number
    bars = []
    for tenth in range(min(tenths, default=0), max(tenths, default=-1) + 1):
        label = f"{_SIGNS.get(tenth, '')}{tenth / 10:.1f}"
        bars.append(Bar(label, label, tenths[tenth]))
    return bars


def output_bytes(counts: Mapping[str, int]) -> list[Bar]:
    """Of outputs of one size, by the steps of `summarize.tally`."""
    bounds = sorted(map(int, counts))
    bars = []
    bound = bounds[0] if bounds else 0
    while bounds and bound <= bounds[-1]:
        bars.append(Bar(f"up to {amount(bound)}", amount(bound), counts.get(str(bound), 0)))
        bound += 1 << max(0, bound.bit_length() - 3)
    return bars
