"""Numbers, durations and names as the page shows them."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# Shown instead of an unknown number, or for no change.
NOTHING = "\N{EN DASH}"


def printable(value: object) -> object:
    r"""Return text with each invisible or bidirectional control character as \uXXXX. Return other values unchanged."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.isprintable():  # nearly always true
        return value
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value)


def breakable(name: str) -> Markup:
    """Return a name as the page shows it, with a possible line break before each word."""
    parts = re.split(r"(?<=[\W_])(?=[^\W_])", str(printable(name)))
    return Markup("<wbr>").join(map(escape, parts))


def short(number: int) -> str:
    """Return a count for a bar: in full below ten thousand, then in thousands or millions, such as 12.3k."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.3g}k" if number < 999_500 else f"{number / 1e6:.3g}M"


def percent(part: float, whole: float) -> str:
    """Return a share such as 12.3 %. Only exactly nothing is 0 %, and only exactly everything is 100 %."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %" if share not in (0, 100) else f"{share:.0f} %"


def duration(seconds: float) -> str:
    """Return a duration such as 24 ms, 3.2 s, 4 min 05 s or 2 h 07 min."""
    if 0 < seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(iso: str) -> str:
    """Return a UTC time of a history as the page shows it, such as 2026-01-31 12:30:59."""
    return iso.replace("T", " ").removesuffix("+00:00")


def dimensions(width: int, height: int) -> str:
    """Return dimensions such as 1,024 x 768, with a multiplication sign."""
    return f"{width:,} \N{MULTIPLICATION SIGN} {height:,}"
