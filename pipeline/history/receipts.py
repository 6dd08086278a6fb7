"""The receipts of a run. For a job, they are this machine's only information about the workers."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.history.timeline import Series
from transforms.dataset import state
from transforms.dataset.paths import RECEIPTS_DIR
from transforms.summary.tally import add

# The number of files that are read at the same time.
_READERS = 16

# The series has no points in this many seconds before the last point: the rate over a shorter time is not meaningful.
_LAST_STEP = 1.0


def receipts_of(out_dir: str, run_id: str) -> Iterator[dict[str, Any]]:
    """Yield the receipts of a run, one for each shard.

    A job leaves thousands of small files, so many of them are read at the same time.

    Raises:
        StorageError: a receipt cannot be read.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        paths = state.paths(out_dir, f"{RECEIPTS_DIR}/receipts-{run_id}-")
        for data in pool.map(functools.partial(state.read, out_dir), paths):
            yield from map(json.loads, (data or b"").splitlines())


def stage_seconds(receipts: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return stage -> thread time of a run; {} for receipts of earlier versions, which do not contain it."""
    seconds: dict[str, float] = {}
    for receipt in receipts:
        add(seconds, receipt.get("stages", {}))
    return {stage: round(seconds[stage], 3) for stage in sorted(seconds)}


def with_receipts(run: Mapping[str, Any], receipts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the record of a Dataflow job that no process followed, completed from its receipts.

    The receipts provide the number of images, the seconds until the last shard, the thread time of the stages, and
    the series. A shard that the runner retried after it was committed needed no work, and is not counted.

    Args:
        run: a record of `history` without the figures of the run's end.
        receipts: the receipts of the run, one for each shard; empty for a local run that was stopped.
    """
    started = datetime.datetime.fromisoformat(run["started"]).timestamp()
    of_shards = [receipt for receipt in receipts if receipt["again"]]
    shards = sorted((receipt["time"] - started, receipt["matched"]) for receipt in of_shards)
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
    return {**run, "seconds": end, "images": images, **figures, "stages": stage_seconds(of_shards)}
