"""Numbers and names as a page shows them."""

from __future__ import annotations

from markupsafe import Markup


def printable(value: object) -> object:
    r"""Text without what would not show, or would turn its surroundings round: such characters become \uXXXX."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in value)


def short(number: int) -> str:
    """A count for a bar: whole below ten thousand, then in thousands or millions."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.3g}k" if number < 999_500 else f"{number / 1e6:.3g}M"


def percent(part: float, whole: float) -> str:
    """Such as 12.3 %; what is there is never 0."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %" if share not in (0, 100) else f"{share:.0f} %"


def duration(seconds: float) -> str:
    """Such as 24 ms, 3.2 s, 4 min 05 s or 2 h 07 min."""
    if 0 < seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
