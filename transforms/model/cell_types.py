"""What the cells of a table hold, and the type of column that holds all of them unchanged."""

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

# The kind of a cell -> the types of column that it fits into. "string" takes every cell as it is written.
_FITTING = {
    "int": {"int64", "uint64", "float64"},
    "-int": {"int64", "float64"},
    "long": {"int64", "uint64"},
    "-long": {"int64"},
    "unsigned": {"uint64"},
    "float": {"float64"},
    "rounded": {"float64"},  # its digits are more than those of a float64
    "power": {"float64"},  # 1e5, which may be the hexadecimal name of something
    "bool": {"bool"},
    "text": set[str](),
}
# Before the kind of a number that a float of 32 bits does not hold: it is too large, too small, or garbled like an id.
_WIDE = "wide "

_WHOLE_NUMBER = re.compile(r"-?[1-9]\d*|0", re.ASCII)
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_POWER = re.compile(r"\d+[eE]\d+", re.ASCII)
_LONGEST_WHOLE_NUMBER = 20  # digits of the largest uint64
_ANY_FLOAT = Context(prec=1100)  # digits of the longest float, 2^-1074, and some before its point


class Text(str):
    """A cell of a file that knows nothing but text: a number if it is written as one."""

    __slots__ = ()


class Decimals(Text):
    """A number of a JSON file that is not a whole one, as it is written there."""

    __slots__ = ()


def kind_of(cell: Value) -> str:
    """Return what a cell holds: "none" or a key of `_FITTING`, maybe with `_WIDE` before it."""
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
    """Return whether cells of a kind have digits that a float64 does not hold."""
    return kind.removeprefix(_WIDE) == "rounded"


def type_of(kinds: Mapping[str, int], wide: bool = True) -> str:
    """Return the narrowest type that holds all cells of a column unchanged, "string" if there is no other.

    Args:
        kinds: how many cells are of each kind, see `kind_of`.
        wide: whether floats have 64 bits where they are stored; else they have 32.
    """
    bare = {kind.removeprefix(_WIDE) for kind in kinds} - {"none"}
    fitting = set(TYPES) if bare else {"string"}
    for kind in bare:
        fitting &= {*_FITTING[kind], "string"}
    if not {"float", "rounded"} & bare and "power" in bare:
        fitting -= {"float64"}
    if not wide and any(kind.startswith(_WIDE) for kind in kinds):
        fitting -= {"float64"}
    return next(one for one in TYPES if one in fitting)


def as_type(cell: Value, name: str) -> Value:
    """Return a cell in the type of its column, see `type_of`."""
    if cell is None:
        return None
    if name == "string":
        return cell if isinstance(cell, str) else json.dumps(cell)
    return {"int64": int, "uint64": int, "float64": float, "bool": bool}[name](cell)


def json_text(value: Any) -> str:
    """Return a nested value as JSON, each number as it is written; NaN is null, and infinity is text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(str(name))}: {json_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, Text):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "null" if math.isnan(value) else json.dumps(json.dumps(value))
    return json.dumps(value, ensure_ascii=False)


def _kind_of_text(text: str) -> str:
    if _WHOLE_NUMBER.fullmatch(text):
        return _kind_of_whole_number(int(text)) if len(text) <= _LONGEST_WHOLE_NUMBER else "text"
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
    written_out = "e" not in text.lower()
    return "text" if written_out and abs(number) >= 2**53 else kind.replace("float", "rounded")


def _digits(text: str) -> str:
    """Return the digits of a number without the zeros around them, and without its exponent."""
    return text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")


def _holds(number: float, text: str) -> bool:
    """Return whether a number, rounded to as many decimals as `text` has, is what `text` says."""
    written = Decimal(text)
    try:
        return Decimal(number).quantize(written, context=_ANY_FLOAT) == written
    except ArithmeticError:  # no float is written with so many digits
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
    garbled = single != number and 2**24 < abs(number) <= 2**53
    loses = garbled or not math.isfinite(single) or bool(single) != bool(number)
    return f"{_WIDE if loses else ''}float"


def _single(number: float) -> float:
    """Return a number as a float of 32 bits has it."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.inf
