"""Findings -> the lines that are shown; each number names the assumptions in the list at the end."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from pipeline.estimate import cost
from pipeline.estimate.findings import Findings
from pipeline.estimate.interval import Estimate, Total
from pipeline.runners import dataflow
from pipeline.terminal.summary import counts, megabytes

# Columns of a label, of a number, and of the longest line.
_LABEL, _CELL, _WIDTH = 26, 13, 100


def lines(found: Findings) -> Iterator[str]:
    """The whole report."""
    for section in (_input, _looked_at, _output, _machine, _dataflow, _dollars, _assumptions):
        yield from section(found)
        yield ""
    yield "Nothing was written."


def _row(label: str, *cells: str, note: str = "") -> str:
    return f"{label:<{_LABEL}}{''.join(f'{cell:>{_CELL}}' for cell in cells)}{note and f'  {note}'}".rstrip()


def _size(number: float) -> str:
    """A number of bytes, in kB where MB would be coarse."""
    return megabytes(number) if number >= 1e7 else f"{number / 1e3:,.0f} kB"


def _input(found: Findings) -> Iterator[str]:
    yield _row("Input", "images", "bytes")
    splits = found.listing.tally["splits"]
    for name, split in splits.items():
        yield _row(f"  {name}", f"{split['images']:,}", _size(split["bytes"]))
    if len(splits) > 1:
        every_byte = sum(split["bytes"] for split in splits.values())
        yield _row("  all", f"{found.listing.listed_images:,}", _size(every_byte))
    if found.share != "1":
        yield _row(f"  --sample {found.share}", f"{found.listing.images:,}", _size(found.listing.bytes))
    if others := sum(found.listing.tally["not_images"].values()):
        yield _row("  other files", f"{others:,}")
    if system_files := found.listing.tally["system_files"]:
        yield _row("  system files", f"{system_files:,}")


def _looked_at(found: Findings) -> Iterator[str]:
    images = found.tally["images"]
    yield _row("Looked at [1]", "images")
    yield _row("  resized", f"{images['written']:,}")
    for label, number, kinds in (
        ("  failed", images["failed"], found.tally["failures"]),
        ("  skipped", images["skipped"], found.tally["skipped"]),
    ):
        if number:
            yield _row(label, f"{number:,}", note=f"{100 * number / images['matched']:.1f} %: {counts(kinds)}")


def _output(found: Findings) -> Iterator[str]:
    yield _row("Output [2]", "bytes", note="with 95 % confidence")
    for size, total in found.outputs.items():
        yield _row(f"  {size} px", _size(total.estimate.value), note=_total_interval(total))


def _total_interval(total: Total) -> str:
    estimate = total.estimate
    if estimate.half_width == 0:
        return "exact: every image was looked at"
    if math.isinf(estimate.half_width):
        return "unknown: one image tells no interval"
    basis = "by the bytes of the sources" if total.by_size else "by the number of images"
    return f"{_size(estimate.low)} to {_size(estimate.high)}, {basis}"


def _machine(found: Findings) -> Iterator[str]:
    yield "This machine [3]"
    yield _row(
        "  CPU time an image", f"{1000 * found.cpu_seconds.value:,.1f} ms", note=_time_interval(found.cpu_seconds)
    )
    if not found.local:
        return
    yield _row(f"  speed with -j {found.threads}", f"{found.rate:,.1f}", note="images/s")
    yield _row("  time for all", f"about {_hours(found.seconds)}")
    if found.committed is not None:
        share = 1 - found.committed / found.listing.listed_images
        note = f"{found.committed:,} of {found.listing.listed_images:,} images are committed"
        yield _row("  time left", f"about {_hours(max(0.0, share) * found.seconds)}", note=note)


def _time_interval(seconds: Estimate) -> str:
    if math.isinf(seconds.half_width):
        return ""
    return f"{1000 * seconds.low:,.1f} to {1000 * seconds.high:,.1f} ms with 95 % confidence"


def _hours(seconds: float) -> str:
    """Such as 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def _dataflow(found: Findings) -> Iterator[str]:
    layouts = found.layouts
    yield _row("Dataflow", *(one.layout for one in layouts))
    yield _row("  shards", *(f"{one.work.shards:,}" for one in layouts))
    yield _row("  workers [4]", *(f"{one.job.workers:,}" for one in layouts))
    yield _row("  vCPU hours [5]", *(f"{one.job.vcpu_hours:,.2f}" for one in layouts))
    yield _row("  hours of wall time [5]", *(f"{one.job.hours:,.2f}" for one in layouts))
    operations = [cost.operations(one.work) for one in layouts]
    yield _row("  store writes, lists [7]", *(f"{writes:,.0f}" for writes, _ in operations))
    yield _row("  store reads [7]", *(f"{reads:,.0f}" for _, reads in operations))


_ITEMS = {
    "vcpu": "vCPU [5]",
    "memory": "memory [5]",
    "disk": "disk [5]",
    "shuffle": "shuffle [6]",
    "operations": "store operations [7]",
    "run": "the run",
    "storage_month": "storage a month [8]",
}


def _dollars(found: Findings) -> Iterator[str]:
    columns = [dollars for one in found.layouts for dollars in (one.batch, one.flexrs)]
    digits = 2 if max(dollars.run for dollars in columns) >= 10 else 4
    yield _row("Dollars [9]", *(cell for one in found.layouts for cell in (one.layout, one.layout)))
    yield _row("", *("batch", "FlexRS") * len(found.layouts))
    for item, label in _ITEMS.items():
        yield _row(f"  {label}", *(f"{getattr(dollars, item):,.{digits}f}" for dollars in columns))


def _assumptions(found: Findings) -> Iterator[str]:
    yield "What the numbers rest on"
    for number, sentence in enumerate(_sentences(found), 1):
        yield from textwrap.wrap(f"  [{number}] {sentence}", _WIDTH, subsequent_indent=" " * 6)


def _sentences(found: Findings) -> Iterator[str]:
    assumed, prices = cost.ASSUMED, found.prices
    looked_at, images = found.tally["images"]["matched"], found.listing.images
    yield (
        f"{looked_at:,} of {images:,} images, the first in an order by a hash of their names: the same in every run; "
        "more of them contain fewer"
    )
    yield (
        "simple random sampling, normal approximation (rough below 30 images), finite population correction; what "
        "failed or was skipped has no output"
    )
    speed = "; speed without start-up, and without writing the outputs" if found.local else ""
    yield f"CPU time of reading, decoding, resizing and encoding, measured here{speed}"
    yield _about_workers(found)
    yield (
        f"images x CPU time x {prices.vcpu_slowdown:g} (a vCPU is one of two hardware threads of a core: assumed) / "
        f"{assumed.utilization:g} (the store, Beam's own work: assumed), and {assumed.startup_minutes:g} minutes until "
        "a worker begins (assumed); all workers from start to end; FlexRS may begin up to 6 hours later"
    )
    yield f"{assumed.shuffle_bytes} bytes an image that is listed: a tuple of 50 bytes (measured), written and read"
    yield (
        f"a list for {assumed.names_a_list:,} names; a write an output or archive, {assumed.shard_writes} a shard, and "
        f"{assumed.run_writes} more; {assumed.image_reads} read an image, {assumed.shard_reads} a shard"
    )
    yield "outputs, manifest and markers, and in archives their headers and JSON, as measured in the sample"
    yield _about_prices(found)


def _about_workers(found: Findings) -> str:
    shards = dataflow.SHARDS_PER_PROCESS * dataflow.VCPUS_PER_WORKER
    given = "--max_num_workers, or as many as have a shard for a vCPU"
    by_shards = f"one for {shards} shards, {dataflow.MOST_WORKERS} at most"
    return (
        f"{dataflow.MACHINE_TYPE}, {dataflow.VCPUS_PER_WORKER} vCPU, {dataflow.MEMORY_GB_PER_WORKER} GB, "
        f"{dataflow.DISK_GB_PER_WORKER} GB disk; {given if found.workers_given else by_shards}"
    )


def _about_prices(found: Findings) -> str:
    prices = found.prices
    given = f", but {', '.join(prices.given)} as --prices says" if prices.given else ""
    where = "; they hold for the same images in a bucket" if found.local else ""
    return (
        f"list prices of {prices.date} in {prices.region}{given}; 1 GB is 2^30 bytes; no discounts and no free tier; "
        f"buckets and workers in one region, so that no network is billed{where}"
    )
