"""The rows of a Parquet file as plain values: numbers, text, and lists and dictionaries of these.

date            2026-01-31
timestamp       2026-01-31T12:00:00, with the decimals of its unit unless they are zero; a timestamp with a
                timezone is in UTC and ends with Z
time            12:00:00, with decimals like a timestamp
duration        PT1.500S, in seconds
decimal         12.50 with every digit; an integer if the type has no decimals
binary          Base64
UUID            123e4567-e89b-12d3-a456-426614174000
list            a list; a struct becomes a dictionary, and a map a list of pairs
dictionary      the values to which its indices refer
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

_ROWS_AT_ONCE = 10_000
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SECONDS_PER_DAY = 86_400

_DAYS_IN_400_YEARS = 146_097
_DAYS_BEFORE_1970 = datetime.date(1970, 1, 1).toordinal() - 1

# A valid scalar -> its plain value.
_Converter = Callable[[Any], Any]


class Base64(str):
    """Bytes as text in Base64, with the bytes themselves in `data`."""

    __slots__ = ("data",)
    data: bytes


def read_parquet(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file.

    Raises:
        ValueError: the file is not Parquet, or has two columns of the same name, or a column of an unknown type.
    """
    import pyarrow.parquet as pq  # importing it takes a quarter of a second, needed only for Parquet

    opened = pq.ParquetFile(file)
    names = opened.schema_arrow.names
    if len(set(names)) < len(names):
        raise ValueError(f"two of its columns {names!r} have the same name")
    converters = [_converter(field.type) for field in opened.schema_arrow]
    for batch in opened.iter_batches(_ROWS_AT_ONCE):
        columns = [
            [convert(cell) if cell.is_valid else None for cell in column]
            for convert, column in zip(converters, batch.columns, strict=True)
        ]
        for cells in zip(*columns, strict=True):
            yield dict(zip(names, cells, strict=True))


def _converter(kind: Any) -> _Converter:
    """Return the converter for the scalars of an Arrow type."""
    from pyarrow import types

    for is_kind, converter_of in (
        (types.is_dictionary, lambda kind: _inner_value(_converter(kind.value_type))),
        (types.is_date32, lambda _: lambda cell: _date(cell.value)),
        (types.is_date64, lambda _: lambda cell: _date(cell.value // (_SECONDS_PER_DAY * 1000))),
        (types.is_timestamp, lambda kind: lambda cell: _timestamp(cell.value, kind.unit, kind.tz)),
        (types.is_time, lambda kind: lambda cell: _time(cell.value, _PER_SECOND[kind.unit])),
        (types.is_duration, lambda kind: lambda cell: _duration(cell.value, _PER_SECOND[kind.unit])),
        (types.is_decimal, lambda kind: _decimal if kind.scale > 0 else lambda cell: int(cell.as_py())),
        (_is_binary, lambda _: _base64),
        (types.is_struct, _struct),
        (types.is_map, lambda kind: _list(_pair(_converter(kind.key_type), _converter(kind.item_type)))),
        (_is_list, lambda kind: _list(_converter(kind.value_type))),
        (_is_extension, _extension),
        (_is_plain, lambda _: lambda cell: cell.as_py()),
    ):
        if is_kind(kind):
            return converter_of(kind)
    raise ValueError(f"a column has the unknown type {kind}: convert it to text or numbers")


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    texts = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return texts or types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    fixed = types.is_fixed_size_binary(kind)
    return fixed or types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    views = types.is_list_view(kind) or types.is_large_list_view(kind)
    return views or types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _is_extension(kind: Any) -> bool:
    import pyarrow as pa

    return isinstance(kind, pa.BaseExtensionType)


def _convert(converter: _Converter, cell: Any) -> Any:
    return converter(cell) if cell.is_valid else None


def _inner_value(converter: _Converter) -> _Converter:
    return lambda cell: _convert(converter, cell.value)


def _extension(kind: Any) -> _Converter:
    if kind.extension_name == "arrow.uuid":
        return lambda cell: str(cell.as_py())
    if kind.extension_name == "arrow.bool8":
        return lambda cell: cell.as_py()
    return _inner_value(_converter(kind.storage_type))


def _struct(kind: Any) -> _Converter:
    fields = [(kind.field(number).name, _converter(kind.field(number).type)) for number in range(kind.num_fields)]
    return lambda cell: {name: _convert(converter, cell[at]) for at, (name, converter) in enumerate(fields)}


def _list(converter: _Converter) -> _Converter:
    return lambda cell: [_convert(converter, item) for item in cell.values]


def _pair(key: _Converter, item: _Converter) -> _Converter:
    return lambda cell: [_convert(key, cell[0]), _convert(item, cell[1])]


def _base64(cell: Any) -> Base64:
    data = bytes(cell.as_py())
    text = Base64(base64.b64encode(data).decode())
    text.data = data
    return text


def _decimal(cell: Any) -> str:
    return f"{cell.as_py():f}"


def _date(days: int) -> str:
    """Return the date that is this many days after 1970-01-01. Years before 0 or after 9999 have a sign."""
    cycles, rest = divmod(days + _DAYS_BEFORE_1970, _DAYS_IN_400_YEARS)
    date = datetime.date.fromordinal(rest + 1)
    year = date.year + 400 * cycles
    return f"{year:04d}{date:-%m-%d}" if 0 <= year <= 9999 else f"{year:+05d}{date:-%m-%d}"


def _timestamp(value: int, unit: str, timezone: str | None) -> str:
    days, rest = divmod(value, _SECONDS_PER_DAY * _PER_SECOND[unit])
    return f"{_date(days)}T{_time(rest, _PER_SECOND[unit])}{'' if timezone is None else 'Z'}"


def _time(value: int, per_second: int) -> str:
    seconds, rest = divmod(value, per_second)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{_decimals(rest, per_second)}"


def _duration(value: int, per_second: int) -> str:
    seconds, rest = divmod(abs(value), per_second)
    return f"{'-' if value < 0 else ''}PT{seconds}{_decimals(rest, per_second)}S"


def _decimals(rest: int, per_second: int) -> str:
    """Return a fraction of a second with all decimals of its unit; "" if it is zero."""
    return f".{rest:0{len(str(per_second)) - 1}d}" if rest else ""
