import datetime
import io
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transforms.tables.arrow import Base64, read_parquet

WHEN = datetime.datetime(2026, 1, 31, 12, 0, 0, 120_000)
NS = 1_769_860_800_123_456_789


def read(**columns: Any) -> list[dict[str, Any]]:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    return list(read_parquet(body))


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (pa.array([datetime.date(2026, 1, 31), None]), ["2026-01-31", None]),
        (pa.array([datetime.date(2026, 1, 31)], pa.date64()), ["2026-01-31"]),
        (pa.array([0, -1, 2932896, 2932897, -719528, -719529], pa.date32()),
         ["1970-01-01", "1969-12-31", "9999-12-31", "+10000-01-01", "0000-01-01", "-0001-12-31"]),
        (pa.array([1_769_860_800, None], pa.timestamp("s")), ["2026-01-31T12:00:00", None]),
        (pa.array([WHEN, WHEN.replace(microsecond=0)], pa.timestamp("ms")),
         ["2026-01-31T12:00:00.120", "2026-01-31T12:00:00"]),
        (pa.array([WHEN], pa.timestamp("us")), ["2026-01-31T12:00:00.120000"]),
        (pa.array([NS, -1], pa.timestamp("ns")),
         ["2026-01-31T12:00:00.123456789", "1969-12-31T23:59:59.999999999"]),
        (pa.array([NS], pa.timestamp("ns", "UTC")), ["2026-01-31T12:00:00.123456789Z"]),
        (pa.array([1_769_860_800], pa.timestamp("s", "Europe/Berlin")), ["2026-01-31T12:00:00Z"]),
        (pa.array([1_769_860_800], pa.timestamp("s", "+05:30")), ["2026-01-31T12:00:00Z"]),
        (pa.array([43_200_001, 0], pa.time32("ms")), ["12:00:00.001", "00:00:00"]),
        (pa.array([86_399_999_999_999], pa.time64("ns")), ["23:59:59.999999999"]),
        (pa.array([1500, -1500, 2000, None], pa.duration("ms")), ["PT1.500S", "-PT1.500S", "PT2S", None]),
        (pa.array([Decimal("1.10"), Decimal("-0.00")], pa.decimal128(38, 2)), ["1.10", "0.00"]),
        (pa.array([Decimal("0.0000000001")], pa.decimal128(38, 10)), ["0.0000000001"]),
        (pa.array([Decimal(2**64)], pa.decimal256(40, 0)), [2**64]),
        (pa.array([b"\xff", b"", None]), ["/w==", "", None]),
        (pa.array([b"\xff"], pa.large_binary()), ["/w=="]),
        (pa.array([b"\xff\xfe"], pa.binary(2)), ["//4="]),
        (pa.array([b"\xff"], pa.binary_view()), ["/w=="]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
        (pa.array(["x"], pa.string_view()), ["x"]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array([2**64 - 1, 1, None], pa.uint64()), [2**64 - 1, 1, None]),
        (pa.array([-128], pa.int8()), [-128]),
        (pa.array(np.array([1.5], np.float16)), [1.5]),
        (pa.array([0.5, 1e300]), [0.5, 1e300]),
        (pa.array([True, False, None]), [True, False, None]),
        (pa.nulls(2), [None, None]),
        (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), ["00000000-0000-0000-0000-000000000005"]),
        (pa.array(['{"a":1}'], pa.json_(pa.string())), ['{"a":1}']),
        (pa.array([1, 0], pa.bool8()), [True, False]),
        (pa.array([[1, None], [], None]), [[1, None], [], None]),
        (pa.array([[WHEN]], pa.list_view(pa.timestamp("s"))), [["2026-01-31T12:00:00"]]),
        (pa.array([["a", "b"]], pa.list_(pa.string(), 2)), [["a", "b"]]),
        (pa.array([[{"t": WHEN, "b": b"x", "u": None}]]),
         [[{"t": "2026-01-31T12:00:00.120000", "b": "eA==", "u": None}]]),
        (pa.array([[("k", Decimal("1.5"))], None], pa.map_(pa.string(), pa.decimal128(3, 1))), [[["k", "1.5"]], None]),
    ],
    ids=lambda value: str(value.type) if hasattr(value, "type") else "",
)  # fmt: skip
def test_every_type_has_one_plain_form(cells: Any, wanted: list[Any]) -> None:
    read_back = [row["x"] for row in read(x=cells)]
    assert read_back == wanted
    assert [type(value) for value in read_back if not isinstance(value, Base64)] == [
        type(value) for value, read_value in zip(wanted, read_back, strict=True) if not isinstance(read_value, Base64)
    ]


def test_bytes_are_kept_beside_their_text() -> None:
    (row,) = read(key=pa.array([b"\xff/a"]))
    assert (row["key"], row["key"].data) == ("/y9h", b"\xff/a")


def test_rows_of_several_batches_stay_in_order() -> None:
    assert [row["x"] for row in read(x=list(range(25_000)))] == list(range(25_000))


def test_two_columns_of_the_same_name_are_refused() -> None:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"]), body)
    with pytest.raises(ValueError, match=r"two of its columns \['x', 'x'\] have the same name"):
        list(read_parquet(body))
