"""Formatting of numbers of bytes for display."""

from __future__ import annotations


def amount(number: float) -> str:
    """Return a number of bytes with three significant digits and a unit, such as 41.3 KB."""
    units = ["B", "KB", "MB", "GB", "TB"]
    while number >= 999.5 and len(units) > 1:
        number /= 1000
        units.pop(0)
    unit = units[0]
    return f"{number:,.0f} {unit}" if number >= 99.95 or unit == "B" else f"{number:.3g} {unit}"
