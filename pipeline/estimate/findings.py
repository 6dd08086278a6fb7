"""The listing and the measured sample -> all reported values. These functions are pure."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from pipeline.estimate import cost, interval
from pipeline.estimate.measure import Measurement
from pipeline.estimate.prices import Prices
from pipeline.estimate.sample import Listing
from pipeline.runners import dataflow
from transforms.model.config import ResizeConfig
from transforms.model.records import Tally
from transforms.storage import is_local
from transforms.summary.tally import merge


@dataclasses.dataclass(frozen=True)
class LayoutCost:
    """The work, time and cost of a run in one layout on Dataflow."""

    layout: str
    work: cost.Workload
    job: cost.JobEstimate
    batch: cost.Dollars
    flexrs: cost.Dollars


@dataclasses.dataclass(frozen=True)
class Findings:
    """Everything that an estimate reports.

    Args:
        listing: the contents of the inputs.
        share: the value of --sample.
        tally: the results of the measured images.
        outputs: size in pixels -> bytes of all outputs of that size.
        cpu_seconds: CPU seconds per image.
        processes: the number of worker processes of this machine.
        rate: images per second on this machine.
        local: whether the inputs are on this machine.
        layouts: the cost of a run on Dataflow in each layout.
        workers_given: whether the command line contains --max_num_workers.
        prices: the prices.
        committed: the number of listed images that OUT already contains; None if it does not contain a dataset.
    """

    listing: Listing
    share: str
    tally: Tally
    outputs: Mapping[int, interval.Total]
    cpu_seconds: interval.Estimate
    processes: int
    rate: float
    local: bool
    layouts: tuple[LayoutCost, ...]
    workers_given: bool
    prices: Prices
    committed: int | None = None

    @property
    def seconds(self) -> float:
        """The seconds that this machine needs for all images."""
        return self.listing.images / self.rate


def extrapolate(
    config: ResizeConfig,
    listing: Listing,
    shards: int,
    measurement: Measurement,
    prices: Prices,
    workers: int | None,
) -> Findings:
    """Extrapolate from the measured images to all images.

    Args:
        config: the dataset.
        listing: the contents of the inputs.
        shards: the number of shards on Dataflow.
        measurement: the measured images, at least one.
        prices: the prices.
        workers: the maximum number of workers on Dataflow; None for the default.
    """
    images = measurement.images
    outputs = _totals(config, listing, measurement)
    cpu_seconds = interval.mean([image.cpu_seconds for image in images])
    works = _works(listing, shards, measurement, outputs, cpu_seconds.value)
    return Findings(
        listing=listing,
        share=config.sample,
        tally=merge(image.tally for image in images),
        outputs=outputs,
        cpu_seconds=cpu_seconds,
        processes=config.processes,
        rate=len(images) / measurement.seconds,
        local=all(is_local(split.root) for split in config.splits),
        layouts=tuple(_layout_cost(layout, work, prices, workers) for layout, work in works.items()),
        workers_given=workers is not None,
        prices=prices,
    )


def _totals(config: ResizeConfig, listing: Listing, measurement: Measurement) -> dict[int, interval.Total]:
    """Return size -> the bytes of all outputs of that size."""
    source_bytes = [image.source_bytes for image in measurement.images]
    return {
        size: interval.total(
            [image.outputs[size] for image in measurement.images], source_bytes, listing.images, listing.bytes
        )
        for size in config.spec.sizes
    }


def _works(
    listing: Listing,
    shards: int,
    measurement: Measurement,
    outputs: Mapping[int, interval.Total],
    cpu_seconds: float,
) -> dict[str, cost.Workload]:
    """Return layout -> its work."""
    scale = listing.images / len(measurement.images)
    files = scale * sum(bool(length) for image in measurement.images for length in image.outputs.values())
    wrapping = scale * sum(image.archive_bytes - sum(image.outputs.values()) for image in measurement.images)
    rows = 2 * scale * sum(image.row_bytes for image in measurement.images)  # in the manifest and in the markers
    stored = rows + sum(total.estimate.value for total in outputs.values())
    work = functools.partial(
        cost.Workload,
        images=listing.images,
        cpu_seconds=cpu_seconds,
        listed_images=listing.listed_images,
        listed_names=listing.listed_names,
        shards=shards,
    )
    return {
        "files": work(written=files, stored_bytes=stored),
        "webdataset": work(written=shards * len(outputs), stored_bytes=stored + wrapping),
    }


def _layout_cost(layout: str, work: cost.Workload, prices: Prices, workers: int | None) -> LayoutCost:
    job = cost.estimate_job(work, _workers(work.shards, workers), prices.vcpu_slowdown)
    batch, flexrs = (cost.cost_of(work, job, prices, flexrs) for flexrs in (False, True))
    return LayoutCost(layout, work, job, batch, flexrs)


def _workers(shards: int, limit: int | None) -> int:
    """Return the number of workers. Dataflow does not start workers without work, or stops them early."""
    with_work = -(-shards // dataflow.VCPUS_PER_WORKER)
    return dataflow.max_workers(shards) if limit is None else min(limit, with_work)
