"""What was listed and measured -> all that is told. Pure."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from pipeline.cli.options import EstimateRequest
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
    """What one layout takes on Dataflow."""

    layout: str
    work: cost.Work
    job: cost.Job
    batch: cost.Dollars
    flexrs: cost.Dollars


@dataclasses.dataclass(frozen=True)
class Findings:
    """All that an estimate tells.

    Args:
        listing: what the inputs hold.
        share: --sample.
        tally: what became of the images that were looked at.
        outputs: size in pixels -> bytes of all outputs.
        cpu_seconds: an image.
        threads: images worked on at the same time, here.
        rate: images a second, here.
        local: the inputs lie on this machine.
        committed: listed images that OUT has already; None where it holds no dataset.
        layouts: what each takes on Dataflow.
        workers_given: --max_num_workers was.
        prices: what things cost.
    """

    listing: Listing
    share: str
    tally: Tally
    outputs: Mapping[int, interval.Total]
    cpu_seconds: interval.Estimate
    threads: int
    rate: float
    local: bool
    committed: int | None
    layouts: tuple[LayoutCost, ...]
    workers_given: bool
    prices: Prices

    @property
    def seconds(self) -> float:
        """How long this machine takes for all images."""
        return self.listing.images / self.rate


def find(
    config: ResizeConfig,
    request: EstimateRequest,
    listing: Listing,
    shards: int,
    measured: Measurement,
    committed: int | None,
) -> Findings:
    """Concludes from the sample to all.

    Args:
        config: the dataset.
        request: what was asked for.
        listing: what the inputs hold.
        shards: how many there would be.
        measured: the images of the sample, at least one.
        committed: listed images that OUT has already; None where it holds no dataset.
    """
    source_bytes = [image.source_bytes for image in measured.images]
    outputs = {
        size: interval.total(
            [image.outputs[size] for image in measured.images], source_bytes, listing.images, listing.bytes
        )
        for size in config.spec.sizes
    }
    cpu_seconds = interval.mean([image.cpu_seconds for image in measured.images])
    works = _works(listing, shards, measured, outputs, cpu_seconds.value)
    return Findings(
        listing=listing,
        share=config.sample,
        tally=merge(image.tally for image in measured.images),
        outputs=outputs,
        cpu_seconds=cpu_seconds,
        threads=config.threads,
        rate=len(measured.images) / measured.seconds,
        local=all(is_local(split.root) for split in config.splits),
        committed=committed,
        layouts=tuple(_cost(layout, work, request) for layout, work in works.items()),
        workers_given=request.workers is not None,
        prices=request.prices,
    )


def _works(
    listing: Listing,
    shards: int,
    measured: Measurement,
    outputs: Mapping[int, interval.Total],
    cpu_seconds: float,
) -> dict[str, cost.Work]:
    """Layout -> what it has to do."""
    times = listing.images / len(measured.images)
    files = times * sum(bool(length) for image in measured.images for length in image.outputs.values())
    wrapping = times * sum(image.archive_bytes - sum(image.outputs.values()) for image in measured.images)
    rows = 2 * times * sum(image.row_bytes for image in measured.images)  # in the manifest and in the markers
    stored = rows + sum(total.estimate.value for total in outputs.values())
    work = functools.partial(
        cost.Work,
        images=listing.images,
        cpu_seconds=cpu_seconds,
        listed_images=listing.listed_images,
        listed_names=listing.listed_names,
    )
    archives = shards * len(outputs)
    return {
        "files": work(shards=shards, written=files, stored_bytes=stored),
        "webdataset": work(shards=shards, written=archives, stored_bytes=stored + wrapping),
    }


def _workers(shards: int, most: int | None) -> int:
    """How many workers there will be: those that have nothing to do are not begun, or given back."""
    with_work = -(-shards // dataflow.VCPUS_PER_WORKER)
    return dataflow.most_workers(shards) if most is None else min(most, with_work)


def _cost(layout: str, work: cost.Work, request: EstimateRequest) -> LayoutCost:
    done = cost.job(work, _workers(work.shards, request.workers), request.prices.vcpu_slowdown)
    batch, flexrs = (cost.dollars(work, done, request.prices, flexrs) for flexrs in (False, True))
    return LayoutCost(layout, work, done, batch, flexrs)
