"""The receipts of a run -> its images over time, for a Dataflow job that no process followed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.history.timeline import Series

# Seconds before the last point in which the series has no other point: a rate over a shorter time says nothing.
_LAST_STEP = 1.0


def with_receipts(run: Mapping[str, Any], lines: Iterable[bytes]) -> dict[str, Any]:
    """Return the record of a run, completed from its receipts: images, seconds until the last shard, and the series.

    A shard that the runner retried after it was committed needed no work and counts as found.

    Args:
        run: a record of `history` without the end of the run.
        lines: the lines of its receipts, one for each shard; none for a local run that was stopped.
    """
    started = datetime.datetime.fromisoformat(run["started"]).timestamp()
    receipts = [json.loads(line) for line in lines]
    shards = sorted((receipt["time"] - started, receipt["matched"]) for receipt in receipts if receipt["again"])
    if not shards:
        return dict(run)
    series, images = Series(), 0
    series.add(0.0, 0)
    for seconds, matched in shards:
        images += matched
        series.add(seconds, images)
    end = max(0.01, round(shards[-1][0], 2))  # positive, although the clocks of two machines may differ
    points = [point for point in series.points if point[0] <= max(0.0, end - _LAST_STEP)]
    figures = {"images_per_second": round(images / end, 3), "series": [*points, (end, images)]}
    return {**run, "seconds": end, "images": images, **figures}
