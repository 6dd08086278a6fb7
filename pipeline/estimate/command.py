"""--estimate as a whole: list the inputs, resize a sample in memory, and report. Nothing is written."""

from __future__ import annotations

import dataclasses
import functools
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pipeline.cli.options import NOWHERE, EstimateRequest, Options
from pipeline.errors import UsageError
from pipeline.estimate import report
from pipeline.estimate.findings import extrapolate
from pipeline.estimate.measure import measure
from pipeline.estimate.prices import read_prices
from pipeline.estimate.sample import list_inputs
from transforms.dataset import access
from transforms.dataset.markers import read_header
from transforms.dataset.plan import Plan
from transforms.model.records import RUN_DIR, Shard
from transforms.sharding.group import planned_shards

# The number of markers read at the same time: reading one from an object store takes long and needs no CPU.
_READERS = 16


def estimate(options: Options, request: EstimateRequest) -> Iterator[str]:
    """Return the lines of the report on the dataset of `options`.

    Raises:
        UsageError: there is nothing to estimate.
        RunError: a run would not start, or an input cannot be listed.
    """
    with tempfile.TemporaryDirectory() as lists:
        os.mkdir(os.path.join(lists, RUN_DIR))
        yield from _lines(options, request, lists)


def _lines(options: Options, request: EstimateRequest, lists: str) -> Iterator[str]:
    config = options.config
    plan = None if config.out_dir == NOWHERE else access.check(config, options.overwrite, options.log)
    listing = list_inputs(config, request.images, lists)
    on_dataflow = dataclasses.replace(config, images_per_shard=request.images_per_shard)
    shards = planned_shards(listing.tally, on_dataflow)
    if not listing.sample:
        if config.annotations:
            raise UsageError("the annotation tables and --classes do not select any image: use other tables or classes")
        raise UsageError(f"--sample {config.sample} does not select any image: use a larger fraction")
    committed = None if plan is None else count_committed(config.out_dir, plan)
    measurement, prices = measure(listing.sample, config), read_prices(request.prices)
    findings = extrapolate(config, listing, shards, measurement, prices, request.workers)
    yield from report.report_lines(dataclasses.replace(findings, committed=committed))


def count_committed(out_dir: str, plan: Plan) -> int:
    """Return the number of images in committed shards without failures to retry, assuming unchanged sources."""
    with ThreadPoolExecutor(_READERS) as pool:
        return sum(pool.map(functools.partial(_committed, out_dir), plan.all_shards()))


def _committed(out_dir: str, shard: Shard) -> int:
    header = read_header(out_dir, shard)
    return header.tally["images"]["matched"] if header and not header.retry else 0
