"""The receipts of a run -> its course, where nobody followed it: a job of Dataflow was left to itself."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.history.timeline import Series

# Seconds before the last point in which there is no other: of a shorter time no rate is told.
_LAST_STEP = 1.0


def with_receipts(run: Mapping[str, Any], lines: Iterable[bytes]) -> dict[str, Any]:
    """The record of a run, with what its receipts tell of it: images, seconds until the last, and the series.

    Shards that a runner tried again after they were committed had nothing left to do, and count as found.

    Args:
        run: a record of `history`, of a run whose end it does not tell.
        lines: of its receipts, one a shard; none of a run that was cut off on this machine.
    """
    started = datetime.datetime.fromisoformat(run["started"]).timestamp()
    receipts = [json.loads(line) for line in lines]
    shards = sorted((one["time"] - started, one["matched"]) for one in receipts if one["again"])
    if not shards:
        return dict(run)
    series, images = Series(), 0
    series.add(0.0, 0)
    for seconds, matched in shards:
        images += matched
        series.add(seconds, images)
    end = max(0.01, round(shards[-1][0], 2))  # the clocks of two machines
    before = [point for point in series.points if point[0] <= max(0.0, end - _LAST_STEP)]
    course = {"images_per_second": round(images / end, 3), "series": [*before, (end, images)]}
    return {**run, "seconds": end, "images": images, **course}
