"""The prices of one day, in `prices.json`, and what the user knows better."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any, NamedTuple

from pipeline.errors import UsageError


class Prices(NamedTuple):
    """What things cost, in dollars; `prices.json` has each one's unit and source.

    Args:
        date: when they were looked up, as YYYY-MM-DD.
        region: where they hold.
        given: the names of those that the user gave.
        vcpu_hour: a vCPU and hour, as the memory and disk below in batch.
        memory_gb_hour: a GB of memory and hour.
        disk_gb_hour: a GB of disk and hour.
        shuffle_gb: a GB that is shuffled.
        flexrs_factor: FlexRS's price of vCPU and memory by that of batch.
        class_a_1000: a thousand writes or lists.
        class_b_1000: a thousand reads.
        storage_gb_month: a GB in the store and month.
        vcpu_slowdown: CPU time on a vCPU by that on this machine.
    """

    date: str
    region: str
    given: tuple[str, ...]
    vcpu_hour: float
    memory_gb_hour: float
    disk_gb_hour: float
    shuffle_gb: float
    flexrs_factor: float
    class_a_1000: float
    class_b_1000: float
    storage_gb_month: float
    vcpu_slowdown: float


def read_prices(path: str | None) -> Prices:
    """Our prices, with those in the JSON file at `path` instead of some.

    Raises:
        UsageError: the file is not there, or is not of that form.
    """
    ours = json.loads(resources.files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))
    values = {name: price["value"] for name, price in ours["prices"].items()}
    given = _read(path) if path is not None else {}
    for name, value in given.items():
        if name not in values:
            raise UsageError(f"--prices {path!r}: {name!r} is none of {', '.join(values)}")
        if not _is_amount(value):
            raise UsageError(f"--prices {path!r}: {name} {json.dumps(value)} is no number from 0 up")
    return Prices(ours["date"], ours["region"], tuple(sorted(given)), **{**values, **given})


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
    except OSError as error:
        raise UsageError(f"--prices {path!r} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no JSON, or no UTF-8
        raise UsageError(f"--prices {path!r} is no JSON ({error})") from error
    if not isinstance(given, dict):
        raise UsageError(f'--prices {path!r} is no JSON object: give one such as {{"vcpu_hour": 0.06}}')
    return given


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
