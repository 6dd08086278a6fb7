"""Plots as inline SVG. They are 360 units wide, about the width of a phone, so that text keeps its size on any screen.

The page sets colors and fonts by class. Each plot also has a description in words, in `title` and `desc`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from pipeline.report.formatting import duration, short

_WIDTH, _HEIGHT = 360, 190
_TOP, _BOTTOM, _SIDE = 18, 34, 6
# The width of a letter of a label, with a margin: the first label must not begin outside the plot.
_LETTER = 6.8
# The maximum number of bars that all have their number above them, and of labels below the bars.
_MOST_NUMBERS, _MOST_LABELS = 13, 7


class Bar(NamedTuple):
    """A bin of a histogram: its label in a table, its shorter label on an axis, and the number of images in it."""

    label: str
    tick: str
    images: int


def histogram(bars: Sequence[Bar], title: str, axis: str) -> Markup:
    """Return bars side by side, with their numbers above and their labels below them."""
    most = max((bar.images for bar in bars), default=0) or 1
    step = (_WIDTH - 2 * _SIDE) / max(len(bars), 1)
    every = math.ceil(len(bars) / _MOST_LABELS)
    parts = []
    for index, bar in enumerate(bars):
        middle = _SIDE + (index + 0.5) * step
        height = max(bar.images / most * (_HEIGHT - _TOP - _BOTTOM), 1.5 if bar.images else 0)
        width, top = min(step * 0.84, 44), _HEIGHT - _BOTTOM - height
        parts.append(
            Markup('<g><title>{}: {}</title><rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
            .format(bar.label, f"{bar.images:,}", middle - width / 2, top, width, height)
        )  # fmt: skip
        if bar.images and (len(bars) <= _MOST_NUMBERS or bar.images == most):
            parts.append(_text(middle, top - 5, short(bar.images), "number"))
        if index % every == 0:
            parts.append(_text(max(_LETTER * len(bar.tick) / 2, middle), _HEIGHT - _BOTTOM + 13, bar.tick, "tick"))
        parts.append(Markup("</g>"))
    parts += [_line(_HEIGHT - _BOTTOM, "axis"), _text(_WIDTH / 2, _HEIGHT - 4, axis, "name")]
    return _svg(title, "; ".join(f"{bar.label}: {bar.images:,}" for bar in bars if bar.images), parts)


class Step(NamedTuple):
    """The images per second between two times, in seconds since the run started."""

    start: float
    end: float
    rate: float


def rates(steps: Sequence[Step], title: str) -> Markup:
    """Return the curve of images per second during a run. There must be at least one step."""
    end = steps[-1].end or 1.0
    top = _axis_end(max(step.rate for step in steps))
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
    for share, anchor in ((0.0, "start"), (0.5, ""), (1.0, "end")):
        x = left + share * (_WIDTH - _SIDE - left)
        parts.append(_text(x, _HEIGHT - _BOTTOM + 13, duration(share * end) if share else "0", f"tick {anchor}"))
    parts.append(_text((_WIDTH + left) / 2, _HEIGHT - 4, "images/s, by time since the run started", "name"))
    return _svg(title, "; ".join(f"until {duration(step.end)}: {step.rate:.1f}" for step in steps), parts)


def share_bar(share: float, kind: str = "") -> Markup:
    """Return a bar as wide as its cell, filled to `share`. Screen readers skip it, because the number is beside it.

    Args:
        share: from 0 to 1.
        kind: a CSS class that sets its color and pattern; "" for the default.
    """
    width = min(100.0, max(100 * share, 0.6 if share else 0.0))
    return Markup(
        '<svg class="share" aria-hidden="true"><rect class="rest" width="100%" height="100%"/>'
        '<rect class="bar {}" width="{:.2f}%" height="100%"/></svg>'
    ).format(kind, width)


def parts_bar(parts: Sequence[tuple[str, float]], title: str) -> Markup:
    """Return a bar of (kind, share) parts from left to right, each in the color and pattern of its kind."""
    rects, left = [], 0.0
    for kind, share in parts:
        rect = Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>')
        rects.append(rect.format(kind, 100 * left, max(100 * share, 0.4 if share else 0)))
        left += share
    return Markup('<svg class="parts" role="img"><title>{}</title>{}</svg>').format(title, Markup().join(rects))


def _axis_end(most: float) -> float:
    """Return the smallest of 1, 2, 4, 5, 8 or 10 times a power of ten that is at least `most`."""
    power = 10 ** math.floor(math.log10(most)) if most > 0 else 1
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10) if factor * power >= most)


def _svg(title: str, description: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>{}</svg>').format(
        _WIDTH, _HEIGHT, title, description, Markup().join(parts)
    )


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _line(y: float, kind: str, left: float = 0) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(kind, left, _WIDTH, y, y)
