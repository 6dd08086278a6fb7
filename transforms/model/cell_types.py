"""The kinds of cells in a table, and the narrowest column type that represents all cells of a column unchanged."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from transforms.model.records import Value

# The types of columns, the narrowest first.
TYPES = ("int64", "uint64", "float64", "bool", "string")

# Kind of a cell -> the column types that can represent it. "string" can represent every cell, as it is written.
_TYPES_OF_KIND = {
    "int": {"int64", "uint64", "float64"},
    "-int": {"int64", "float64"},
    "long": {"int64", "uint64"},
    "-long": {"int64"},
    "unsigned": {"uint64"},
    "float": {"float64"},
    "rounded": {"float64"},  # it has more digits than a float64 can represent
    "power": {"float64"},  # such as 1e5, which may also be an ID in hexadecimal digits
    "bool": {"bool"},
    "text": set[str](),
}
# The prefix of a kind whose numbers do not fit a 32-bit float: too large, too small, or IDs that it would change.
_WIDE = "wide "
# The smallest number of which a 32-bit float keeps 7 digits.
_SMALLEST_SINGLE = 2**-126

_WHOLE_NUMBER = re.compile(r"-?[1-9]\d*|0", re.ASCII)
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_POWER = re.compile(r"\d+[eE]\d+", re.ASCII)
_MAX_DIGITS = 20  # of a uint64
_EXACT = Context(prec=1100)  # enough digits for every float64: the longest one, 2^-1074, has 1074 decimals


class Text(str):
    """A cell of a file format without types, such as CSV. It counts as a number if it is written as one."""

    __slots__ = ()


class Decimals(Text):
    """A number with a fraction or exponent from a JSON file, as it is written there."""

    __slots__ = ()


def kind_of(cell: Value) -> str:
    """Return the kind of a cell: "none", or a key of `_TYPES_OF_KIND`, which may have the prefix `_WIDE`."""
    if cell is None:
        return "none"
    if isinstance(cell, Text):
        kind = _kind_of_text(cell)
        return kind.replace("power", "float") if isinstance(cell, Decimals) else kind
    if isinstance(cell, bool):
        return "bool"
    if isinstance(cell, int):
        return _kind_of_whole_number(cell)
    return _kind_of_float(cell) if isinstance(cell, float) else "text"


def is_rounded(kind: str) -> bool:
    """Return whether cells of a kind have more digits than a float64 can represent."""
    return kind.removeprefix(_WIDE) == "rounded"


def type_of(kinds: Mapping[str, int], wide: bool = True) -> str:
    """Return the narrowest type that represents all cells of a column unchanged; "string" if no other does.

    Args:
        kinds: kind -> number of cells, see `kind_of`.
        wide: whether the dataset stores floats with 64 bits instead of 32.
    """
    bare_kinds = {kind.removeprefix(_WIDE) for kind in kinds} - {"none"}
    types = set(TYPES) if bare_kinds else {"string"}
    for kind in bare_kinds:
        types &= {*_TYPES_OF_KIND[kind], "string"}
    if "power" in bare_kinds and not {"float", "rounded"} & bare_kinds:
        types -= {"float64"}
    if not wide and any(kind.startswith(_WIDE) for kind in kinds):
        types -= {"float64"}
    return next(name for name in TYPES if name in types)


def as_type(cell: Value, column_type: str) -> Value:
    """Convert a cell to the type of its column, see `type_of`."""
    if cell is None:
        return None
    if column_type == "string":
        return cell if isinstance(cell, str) else json.dumps(cell)
    return {"int64": int, "uint64": int, "float64": float, "bool": bool}[column_type](cell)


def json_text(value: Any) -> str:
    """Return a nested value as JSON, with each number as it was written. NaN becomes null, and infinity a string."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(str(name))}: {json_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, Text):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "null" if math.isnan(value) else json.dumps(json.dumps(value))
    return json.dumps(value, ensure_ascii=False)


def _kind_of_text(text: str) -> str:
    if _WHOLE_NUMBER.fullmatch(text):
        return _kind_of_whole_number(int(text)) if len(text) <= _MAX_DIGITS else "text"
    if not _NUMBER.fullmatch(text):
        return "text"
    number = float(text)
    kind = _kind_of_float(number)
    if kind == "text" or (not number and _digits(text)):
        return "text"
    if _POWER.fullmatch(text):
        return kind.replace("float", "power")
    if len(_digits(text)) <= 15 or _holds(number, text):
        return kind
    has_exponent = "e" in text.lower()
    return "text" if not has_exponent and abs(number) >= 2**53 else kind.replace("float", "rounded")


def _digits(text: str) -> str:
    """Return the digits of a number without its exponent and without leading and trailing zeros."""
    return text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")


def _holds(number: float, text: str) -> bool:
    """Return whether a number, rounded to the number of decimals in `text`, equals `text`."""
    written = Decimal(text)
    try:
        return Decimal(number).quantize(written, context=_EXACT) == written
    except ArithmeticError:  # more digits than any float64 has
        return False


def _kind_of_whole_number(number: int) -> str:
    sign = "-" if number < 0 else ""
    if abs(number) <= 2**53:
        return (_WIDE if _single(number) != number else "") + f"{sign}int"
    if -(2**63) <= number < 2**63:
        return f"{sign}long"
    return "unsigned" if 0 <= number < 2**64 else "text"


def _kind_of_float(number: float) -> str:
    if not math.isfinite(number):  # JSON has no infinity
        return "text"
    single = _single(number)
    maybe_id = 2**24 < abs(number) <= 2**53
    overflows, underflows = not math.isfinite(single), 0 < abs(number) < _SMALLEST_SINGLE
    needs_64_bits = (maybe_id and single != number) or overflows or underflows
    return f"{_WIDE if needs_64_bits else ''}float"


def _single(number: float) -> float:
    """Round a number to a 32-bit float."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.inf
