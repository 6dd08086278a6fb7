"""Counts -> hours and dollars. The formulas are pure; `Assumptions` contains the values that are not measured."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from pipeline.estimate.prices import Prices
from pipeline.runners.dataflow import DISK_GB_PER_WORKER, MEMORY_GB_PER_WORKER, VCPUS_PER_WORKER

# The number of bytes that Google bills as a GB.
GB = 1 << 30


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """Values that a sample of images cannot show.

    Args:
        utilization: the share of a vCPU's time that is spent on images. The rest is waiting for the store, Beam's
            own work, and vCPUs that are idle while the last shards are processed.
        startup_minutes: minutes from the start of a worker to its first image: it boots and installs the program.
        shuffle_bytes: bytes per listed image: a tuple of 50 bytes (measured) is written and read.
        image_reads: class B operations per image: its content is read.
        shard_reads: class B operations per shard: its marker is read three times, its record of an attempt once.
        shard_writes: class A operations per shard in addition to its images or archives: its marker and that record.
        names_per_list: the number of names that one class A operation lists.
        run_writes: class A operations per run in addition to images and markers: settings, receipts, summary.
    """

    utilization: float = 0.85
    startup_minutes: float = 4.0
    shuffle_bytes: int = 100
    image_reads: int = 1
    shard_reads: int = 4
    shard_writes: int = 2
    names_per_list: int = 1000
    run_writes: int = 20


ASSUMED = Assumptions()


class Workload(NamedTuple):
    """The work of a run in one layout.

    Args:
        images: the number of images that are read.
        cpu_seconds: CPU seconds per image on this machine.
        listed_images: the number of images that are listed and shuffled.
        listed_names: the number of names that are listed.
        shards: the number of shards in all splits.
        written: the number of stored files in addition to markers: images or archives.
        stored_bytes: the bytes in the store at the end.
    """

    images: int
    cpu_seconds: float
    listed_images: int
    listed_names: int
    shards: int
    written: float
    stored_bytes: float


class JobEstimate(NamedTuple):
    """A Dataflow job: the number of its workers, all of which run from start to end, and its duration in hours."""

    workers: int
    hours: float

    @property
    def vcpu_hours(self) -> float:
        """The vCPU hours that are billed."""
        return self.workers * VCPUS_PER_WORKER * self.hours


class Dollars(NamedTuple):
    """The cost of a job by item, and the cost of storing its output for a month."""

    vcpu: float
    memory: float
    disk: float
    shuffle: float
    operations: float
    storage_month: float

    @property
    def run(self) -> float:
        """The cost of the run: all items that are paid once."""
        return self.vcpu + self.memory + self.disk + self.shuffle + self.operations


def estimate_job(work: Workload, workers: int, slowdown: float, assumed: Assumptions = ASSUMED) -> JobEstimate:
    """Return the estimate of a job with this many workers. One vCPU processes a shard at a time; extra vCPUs are idle.

    Args:
        work: the work of the job.
        workers: the number of workers.
        slowdown: CPU time on a vCPU, divided by CPU time on this machine.
        assumed: the assumptions.
    """
    busy = min(workers * VCPUS_PER_WORKER, work.shards)
    seconds = work.images * work.cpu_seconds * slowdown / assumed.utilization / busy
    return JobEstimate(workers, seconds / 3600 + assumed.startup_minutes / 60)


def cost_of(work: Workload, job: JobEstimate, prices: Prices, flexrs: bool, assumed: Assumptions = ASSUMED) -> Dollars:
    """Return the cost of a job in batch or with FlexRS."""
    factor = prices.flexrs_factor if flexrs else 1.0
    worker_hours = job.workers * job.hours
    writes, reads = store_operations(work, assumed)
    return Dollars(
        vcpu=job.vcpu_hours * prices.vcpu_hour * factor,
        memory=worker_hours * MEMORY_GB_PER_WORKER * prices.memory_gb_hour * factor,
        disk=worker_hours * DISK_GB_PER_WORKER * prices.disk_gb_hour,
        shuffle=work.listed_images * assumed.shuffle_bytes / GB * prices.shuffle_gb,
        operations=writes / 1000 * prices.class_a_1000 + reads / 1000 * prices.class_b_1000,
        storage_month=work.stored_bytes / GB * prices.storage_gb_month,
    )


def store_operations(work: Workload, assumed: Assumptions = ASSUMED) -> tuple[float, float]:
    """Return the number of operations of class A (lists, writes) and of class B (reads)."""
    lists, records = -(-work.listed_names // assumed.names_per_list), work.shards * assumed.shard_writes
    writes = lists + work.written + records + assumed.run_writes
    return writes, work.images * assumed.image_reads + work.shards * assumed.shard_reads
