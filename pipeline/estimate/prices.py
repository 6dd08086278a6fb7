"""The prices in `prices.json`, and prices from the user that replace them."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from transforms.model.errors import CHECK_PATH


class Prices(NamedTuple):
    """Prices in dollars. `prices.json` contains the unit and the source of each.

    Args:
        date: the date on which they were looked up, as YYYY-MM-DD.
        region: the region in which they are valid.
        given: the names of the prices in the user's file.
        vcpu_hour: per vCPU and hour in batch.
        memory_gb_hour: per GB of memory and hour in batch.
        disk_gb_hour: per GB of disk and hour in batch.
        shuffle_gb: per GB of shuffled data.
        flexrs_factor: the price of vCPU and memory with FlexRS, divided by that in batch.
        class_a_1000: per thousand write or list operations.
        class_b_1000: per thousand read operations.
        storage_gb_month: per GB in the store per month.
        vcpu_slowdown: CPU time on a vCPU, divided by CPU time on this machine.
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
    """Return the prices of `prices.json`, some of them replaced by those in the user's JSON file.

    Args:
        path: the path of the user's file; None for none.

    Raises:
        UsageError: the file cannot be read, or has other content.
    """
    usual = json.loads(resources.files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))
    values = {name: price["value"] for name, price in usual["prices"].items()}
    replaced = _read(path) if path is not None else {}
    for name, value in replaced.items():
        if name not in values:
            raise UsageError(f"--prices {path!r}: {name!r} is not a price: use any of {', '.join(values)}")
        if not _is_price(value):
            raise UsageError(f"--prices {path!r}: {name} is {json.dumps(value)}: use a number of 0 or more")
    return Prices(usual["date"], usual["region"], tuple(sorted(replaced)), **{**values, **replaced})


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise UsageError(f"--prices {path!r} cannot be read: {error.strerror}; {CHECK_PATH}") from error
    except ValueError as error:  # not JSON, or not UTF-8
        raise UsageError(f"--prices {path!r} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f'--prices {path!r} is not a JSON object: use one such as {{"vcpu_hour": 0.06}}')
    return content


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
