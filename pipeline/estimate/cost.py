"""Counts -> hours and dollars. Pure formulas; what is only assumed stands in `Assumptions`."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from pipeline.estimate.prices import Prices
from pipeline.runners.dataflow import DISK_GB_PER_WORKER, MEMORY_GB_PER_WORKER, VCPUS_PER_WORKER

# What Google bills as a GB, in bytes.
GB = 1 << 30


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """What no sample tells, and why we take it for so.

    Args:
        utilization: the share of a vCPU's time that goes into images; the rest is waiting for the store, Beam's
            own work, and workers that are done before the last.
        startup_minutes: from a worker's start to its first image: it boots, and installs the program.
        shuffle_bytes: an image that is listed: a tuple of 50 bytes (measured), written and read.
        image_reads: class B operations an image: its content.
        shard_reads: class B operations a shard: its marker is read three times, and the record of an attempt once.
        shard_writes: class A operations a shard besides its images or archives: its marker, and that record.
        names_a_list: names that one class A operation lists.
        run_writes: class A operations a run besides images and markers: settings, receipts, summary.
    """

    utilization: float = 0.85
    startup_minutes: float = 4.0
    shuffle_bytes: int = 100
    image_reads: int = 1
    shard_reads: int = 4
    shard_writes: int = 2
    names_a_list: int = 1000
    run_writes: int = 20


ASSUMED = Assumptions()


class Work(NamedTuple):
    """What one layout has to do.

    Args:
        images: how many are read.
        cpu_seconds: that an image takes, on this machine.
        listed_images: how many are listed, and shuffled.
        listed_names: how many names are listed.
        shards: of all splits.
        written: files that are stored besides markers: images, or archives.
        stored_bytes: what is in the store at the end.
    """

    images: int
    cpu_seconds: float
    listed_images: int
    listed_names: int
    shards: int
    written: float
    stored_bytes: float


class Job(NamedTuple):
    """A job on Dataflow: its workers, all there from its start to its end, and the hours from start to end."""

    workers: int
    hours: float

    @property
    def vcpu_hours(self) -> float:
        """What is billed."""
        return self.workers * VCPUS_PER_WORKER * self.hours


class Dollars(NamedTuple):
    """What a job costs, by item; and the storage of its output, a month."""

    vcpu: float
    memory: float
    disk: float
    shuffle: float
    operations: float
    storage_month: float

    @property
    def run(self) -> float:
        """All that is paid once."""
        return self.vcpu + self.memory + self.disk + self.shuffle + self.operations


def job(work: Work, workers: int, slowdown: float, assumed: Assumptions = ASSUMED) -> Job:
    """How long `workers` take; a shard is the work of one vCPU, so that few of them leave vCPUs idle."""
    busy = min(workers * VCPUS_PER_WORKER, work.shards)
    seconds = work.images * work.cpu_seconds * slowdown / assumed.utilization / busy
    return Job(workers, seconds / 3600 + assumed.startup_minutes / 60)


def dollars(work: Work, done: Job, prices: Prices, flexrs: bool, assumed: Assumptions = ASSUMED) -> Dollars:
    """What the job `done` costs, in batch or with FlexRS."""
    factor = prices.flexrs_factor if flexrs else 1.0
    worker_hours = done.workers * done.hours
    writes, reads = operations(work, assumed)
    return Dollars(
        vcpu=done.vcpu_hours * prices.vcpu_hour * factor,
        memory=worker_hours * MEMORY_GB_PER_WORKER * prices.memory_gb_hour * factor,
        disk=worker_hours * DISK_GB_PER_WORKER * prices.disk_gb_hour,
        shuffle=work.listed_images * assumed.shuffle_bytes / GB * prices.shuffle_gb,
        operations=writes / 1000 * prices.class_a_1000 + reads / 1000 * prices.class_b_1000,
        storage_month=work.stored_bytes / GB * prices.storage_gb_month,
    )


def operations(work: Work, assumed: Assumptions = ASSUMED) -> tuple[float, float]:
    """Operations of class A (lists, writes) and of class B (reads)."""
    lists, records = -(-work.listed_names // assumed.names_a_list), work.shards * assumed.shard_writes
    writes = lists + work.written + records + assumed.run_writes
    return writes, work.images * assumed.image_reads + work.shards * assumed.shard_reads
