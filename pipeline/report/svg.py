"""Plots as inline SVG, 360 units wide, which is about a phone: text keeps its size on any screen.

Colours and fonts are the page's, by class. Each plot tells itself in words too, by its title and desc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from pipeline.report.formatting import duration, short

_WIDTH, _HEIGHT = 360, 190
_TOP, _BOTTOM, _SIDE = 18, 34, 6
# Numbers stand above so many bars at most, and so many labels below.
_MOST_NUMBERS, _MOST_LABELS = 13, 7


class Bar(NamedTuple):
    """One bin of a histogram: what is in it, for a table; the same, short, for an axis; and how many."""

    label: str
    tick: str
    number: int


def histogram(bars: Sequence[Bar], title: str, axis: str) -> Markup:
    """Bars side by side, with the numbers above and the bins below them."""
    most = max((bar.number for bar in bars), default=0) or 1
    step = (_WIDTH - 2 * _SIDE) / max(len(bars), 1)
    every = math.ceil(len(bars) / _MOST_LABELS)
    parts = []
    for index, bar in enumerate(bars):
        left, middle = _SIDE + index * step, _SIDE + (index + 0.5) * step
        height = max(bar.number / most * (_HEIGHT - _TOP - _BOTTOM), 1.5 if bar.number else 0)
        width, top = min(step * 0.84, 44), _HEIGHT - _BOTTOM - height
        parts.append(
            Markup('<g><title>{}: {}</title><rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
            .format(bar.label, f"{bar.number:,}", middle - width / 2, top, width, height)
        )  # fmt: skip
        if bar.number and (len(bars) <= _MOST_NUMBERS or bar.number == most):
            parts.append(_text(middle, top - 5, short(bar.number), "number"))
        if index % every == 0:
            parts.append(_text(max(left, middle), _HEIGHT - _BOTTOM + 13, bar.tick, "tick"))
        parts.append(Markup("</g>"))
    told = "; ".join(f"{bar.label}: {bar.number:,}" for bar in bars if bar.number)
    return _svg(title, told, [*parts, _line(_HEIGHT - _BOTTOM, "axis"), _text(_WIDTH / 2, _HEIGHT - 4, axis, "name")])


class Step(NamedTuple):
    """Images a second from one time to another, in seconds since the run began."""

    start: float
    end: float
    rate: float


def rates(steps: Sequence[Step], title: str) -> Markup:
    """Images a second over the time of a run; at least one step."""
    end = steps[-1].end or 1.0
    top = _nice(max(step.rate for step in steps))
    left = 34

    def at(seconds: float, rate: float) -> str:
        x = left + seconds / end * (_WIDTH - _SIDE - left)
        return f"{x:.1f},{_HEIGHT - _BOTTOM - rate / top * (_HEIGHT - _TOP - _BOTTOM):.1f}"

    line = " ".join(at(seconds, step.rate) for step in steps for seconds in (step.start, step.end))
    area = f"{at(steps[0].start, 0)} {line} {at(end, 0)}"
    parts = [Markup('<polygon class="area" points="{}"/><polyline class="line" points="{}"/>').format(area, line)]
    for share in (0, 0.5, 1):
        height = _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(_line(height, "axis" if share == 0 else "grid", left))
        parts.append(_text(left - 5, height + 4, f"{share * top:g}", "tick end"))
    for share, where in ((0.0, "start"), (0.5, ""), (1.0, "end")):
        x = left + share * (_WIDTH - _SIDE - left)
        parts.append(_text(x, _HEIGHT - _BOTTOM + 13, duration(share * end) if share else "0", f"tick {where}"))
    parts.append(_text((_WIDTH + left) / 2, _HEIGHT - 4, "time since the run began; images/s", "name"))
    told = "; ".join(f"until {duration(step.end)}: {step.rate:.1f}" for step in steps)
    return _svg(title, told, parts)


def share_bar(share: float, kind: str = "") -> Markup:
    """A bar of its cell's width, `share` of which is filled; the number stands beside it."""
    width = min(100.0, max(100 * share, 0.6 if share else 0.0))
    return Markup(
        '<svg class="share" aria-hidden="true"><rect class="rest" width="100%" height="100%"/>'
        '<rect class="bar {}" width="{:.2f}%" height="100%"/></svg>'
    ).format(kind, width)


def parts_bar(parts: Sequence[tuple[str, float]], title: str) -> Markup:
    """A whole, cut into (kind, share) from left to right; each kind has a pattern of its own."""
    drawn, left = [], 0.0
    for kind, share in parts:
        rect = Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>')
        drawn.append(rect.format(kind, 100 * left, max(100 * share, 0.4 if share else 0)))
        left += share
    return Markup('<svg class="parts" role="img"><title>{}</title>{}</svg>').format(title, Markup().join(drawn))


def _nice(most: float) -> float:
    """The least of 1, 2, 4, 5, 8 or 10 times a power of ten that is not below `most`."""
    power = 10 ** math.floor(math.log10(most)) if most > 0 else 1
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10) if factor * power >= most)


def _svg(title: str, told: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>{}</svg>').format(
        _WIDTH, _HEIGHT, title, told, Markup().join(parts)
    )


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _line(y: float, kind: str, left: float = 0) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(kind, left, _WIDTH, y, y)
