"""The summary's histograms -> bars. Bins that the summary leaves out become empty bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipeline.report.svg import Bar
from transforms.publish.amounts import amount

# The limits, in tenths, beyond which aspect ratios share one bar. The histogram of the summary itself is 0.1 to 10.
_NARROWEST, _WIDEST = 4, 25
_SIGNS = {_NARROWEST: "≤ ", _WIDEST: "≥ "}


def longest_sides(counts: Mapping[str, int]) -> list[Bar]:
    """Return the bars of the sources' longest sides, whose bins end at powers of two."""
    bounds = sorted(map(int, counts))
    bars = []
    bound = bounds[0] if bounds else 0
    while bounds and bound <= bounds[-1]:
        label = f"{bound // 2 + 1:,} to {bound:,} px" if bound > 1 else "1 px"
        bars.append(Bar(label, f"≤ {bound:,}", counts.get(str(bound), 0)))
        bound *= 2
    return bars


def aspect_ratios(counts: Mapping[str, int]) -> list[Bar]:
    """Return the bars of the sources' aspect ratios, width / height, rounded to tenths."""
    tenths: Counter[int] = Counter()
    for ratio, count in counts.items():
        tenths[min(_WIDEST, max(_NARROWEST, round(10 * float(ratio))))] += count
    bars = []
    for tenth in range(min(tenths, default=0), max(tenths, default=-1) + 1):
        label = f"{_SIGNS.get(tenth, '')}{tenth / 10:.1f}"
        bars.append(Bar(label, label, tenths[tenth]))
    return bars


def output_bytes(counts: Mapping[str, int]) -> list[Bar]:
    """Return the bars of the outputs' bytes at one size, in the bins of `transforms.summary.tally`."""
    bounds = sorted(map(int, counts))
    bars = []
    bound = bounds[0] if bounds else 0
    while bounds and bound <= bounds[-1]:
        bars.append(Bar(f"up to {amount(bound)}", amount(bound), counts.get(str(bound), 0)))
        bound += 1 << max(0, bound.bit_length() - 3)
    return bars
