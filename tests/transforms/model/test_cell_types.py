import json
import math
from typing import Any

import pytest

from transforms.model.cell_types import Decimals, Text, as_type, is_rounded, json_text, kind_of, type_of


@pytest.mark.parametrize(
    ("cells", "column_type", "converted"),
    [
        ([Text("1"), None, Text("-20")], "int64", [1, None, -20]),
        ([Text("1"), Text("2.50"), Text("1e3")], "float64", [1.0, 2.5, 1000.0]),
        ([Text("1"), Text("2.50"), Text("x")], "string", ["1", "2.50", "x"]),
        ([Text("007"), Text("1")], "string", ["007", "1"]),
        ([Text("-0.5"), Text(".5")], "float64", [-0.5, 0.5]),
        ([Text("9223372036854775807"), Text("1")], "int64", [2**63 - 1, 1]),
        ([Text("9223372036854775808"), Text("1")], "uint64", [2**63, 1]),
        ([Text("12345678901234567890"), Text("18446744073709551615")], "uint64", [12345678901234567890, 2**64 - 1]),
        ([12345678901234567890, None, 0], "uint64", [12345678901234567890, None, 0]),
        ([Text("9223372036854775808"), Text("-1")], "string", ["9223372036854775808", "-1"]),
        ([2**63, -1], "string", ["9223372036854775808", "-1"]),
        ([2**63, -(2**60)], "string", ["9223372036854775808", "-1152921504606846976"]),
        ([Text("9223372036854775808"), Text("0.50")], "string", ["9223372036854775808", "0.50"]),
        ([2**64 - 1, 0.5], "string", ["18446744073709551615", "0.5"]),
        ([Text("18446744073709551616"), Text("5")], "string", ["18446744073709551616", "5"]),
        ([2**64, 5], "string", ["18446744073709551616", "5"]),
        ([Text("21602730330000060100100000358582")], "string", ["21602730330000060100100000358582"]),
        ([Text("9" * 5000), Text("1")], "string", ["9" * 5000, "1"]),
        ([Text("1234567890123456789.0"), Text("0.5")], "string", ["1234567890123456789.0", "0.5"]),
        ([Text("9007199254740992.0"), Text("0.5")], "float64", [2.0**53, 0.5]),
        ([Text("12e4567890"), Text("5")], "string", ["12e4567890", "5"]),
        ([Text("1e5"), Text("12e4")], "string", ["1e5", "12e4"]),
        ([Text("1e5"), Text("7")], "string", ["1e5", "7"]),
        ([Decimals("1e5"), 7], "float64", [100000.0, 7.0]),
        ([Text("1e-05"), Text("1E+16")], "float64", [1e-05, 1e16]),
        ([Text("1.10"), Text("x")], "string", ["1.10", "x"]),
        ([Decimals("1.10"), "x"], "string", ["1.10", "x"]),
        ([Text("0.1"), Text("0.30000000000000004")], "float64", [0.1, 0.30000000000000004]),
        ([Text("0.33333333333333333333")], "float64", [1 / 3]),
        ([Text("1e-400"), Text("0.5")], "string", ["1e-400", "0.5"]),
        ([Text("-0"), Text("1")], "float64", [-0.0, 1.0]),
        ([Text("+5")], "string", ["+5"]),
        ([Text("1_000")], "string", ["1_000"]),
        ([Text("\u0661")], "string", ["\u0661"]),
        ([Text("nan"), Text("1")], "string", ["nan", "1"]),
        ([Text("True"), None], "string", ["True", None]),
        ([1, 2.5, None], "float64", [1.0, 2.5, None]),
        ([2**53, 2.5], "float64", [float(2**53), 2.5]),
        ([2**53 + 1, -(2**63)], "int64", [2**53 + 1, -(2**63)]),
        ([2**53 + 1, 2.5], "string", ["9007199254740993", "2.5"]),
        ([-(2**63) - 1, 1], "string", ["-9223372036854775809", "1"]),
        ([Text("9007199254740993"), Text("2.50")], "string", ["9007199254740993", "2.50"]),
        ([Text("1e999"), Text("1")], "string", ["1e999", "1"]),
        ([float("inf"), 1.5], "string", ["Infinity", "1.5"]),
        ([True, False, None], "bool", [True, False, None]),
        ([True, 1], "string", ["true", "1"]),
        (["1", 2], "string", ["1", "2"]),
        ([None], "string", [None]),
    ],
)
def test_the_type_of_a_column_is_the_narrowest(cells: list[Any], column_type: str, converted: list[Any]) -> None:
    kinds = dict.fromkeys(map(kind_of, cells), 1)
    assert type_of(kinds) == column_type
    assert list(map(repr, (as_type(cell, column_type) for cell in cells))) == list(map(repr, converted))


@pytest.mark.parametrize(
    ("cells", "column_type"),
    [
        ([0.1, 16777216, 6.02e23, 0.0], "float64"),
        ([0.5, 16777217], "string"),
        ([0.5, 1700000000.25], "string"),
        ([0.5, Text("1e+300")], "string"),
        ([0.5, -1e-60], "string"),
        ([0.5, -1e-40], "string"),
        ([0.5, 1.2e-38, 1.7e18], "float64"),
        ([5, 2**60], "int64"),
    ],
)
def test_the_type_of_a_column_where_floats_have_32_bits(cells: list[Any], column_type: str) -> None:
    kinds = dict.fromkeys(map(kind_of, cells), 1)
    assert type_of(kinds, wide=False) == column_type
    assert type_of(kinds) == ("int64" if column_type == "int64" else "float64")


@pytest.mark.parametrize(
    ("digits", "rounded"),
    [
        ("0.33333333333333333333", True),
        ("1.2345678901234567890e+300", True),
        ("0.1", False),
        ("0.10000000000000000", False),
        ("0.10000000000000000555", False),  # as C prints the float64 that is nearest to 0.1
        ("0.1000000000000000055511151231257827021181583404541015625", False),
        ("1234567890.1234567", False),
        ("18446744073709551615", False),
    ],
)
def test_numbers_with_more_digits_than_a_float64_are_rounded(digits: str, rounded: bool) -> None:
    assert is_rounded(kind_of(Text(digits))) == rounded


def test_nested_values_become_json() -> None:
    value = {"é": [1, Text("1.10"), math.nan, -math.inf, None, True, 'a"b', 2**64], 5: {}, "x": ()}
    text = json_text(value)
    assert text == '{"é": [1, 1.10, null, "-Infinity", null, true, "a\\"b", 18446744073709551616], "5": {}, "x": []}'
    assert json.loads(text)["é"][0] == 1
