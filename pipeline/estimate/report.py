"""Findings -> the lines of the report. Numbers in brackets refer to the notes at its end."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from pipeline.estimate import cost
from pipeline.estimate.findings import Findings
from pipeline.estimate.interval import Estimate, Total
from pipeline.runners import dataflow
from pipeline.terminal.annotation_summary import format_counts
from transforms.model.counting import counted
from transforms.publish.amounts import amount
from transforms.summary.enlarged import enlarged

# The widths of a label, of a number, and of the longest line.
_LABEL, _CELL, _WIDTH = 26, 13, 100


def report_lines(findings: Findings) -> Iterator[str]:
    """Yield the lines of the whole report."""
    for section in (_input, _measured, _output, _machine, _dataflow, _dollars, _notes):
        yield from section(findings)
        yield ""
    yield "Nothing was written."


def _row(label: str, *cells: str, note: str = "") -> str:
    return f"{label:<{_LABEL}}{''.join(f'{cell:>{_CELL}}' for cell in cells)}{note and f'  {note}'}".rstrip()


def _input(findings: Findings) -> Iterator[str]:
    yield _row("Input", "images", "bytes")
    listing = findings.listing
    splits = listing.tally["splits"]
    for name, split in splits.items():
        yield _row(f"  {name}", f"{split['images']:,}", _source_bytes(findings, split["bytes"]))
    if len(splits) > 1:
        total = sum(split["bytes"] for split in splits.values())
        yield _row("  all", f"{listing.listed_images:,}", _source_bytes(findings, total))
    if findings.share != "1":
        yield _row(f"  --sample {findings.share}", f"{listing.images:,}", _source_bytes(findings, listing.bytes))
    elif listing.images != listing.listed_images:
        yield _row("  selected", f"{listing.images:,}", _source_bytes(findings, listing.bytes))
    if other_files := sum(listing.tally["not_images"].values()):
        yield _row("  other files", f"{other_files:,}")
    if system_files := listing.tally["system_files"]:
        yield _row("  system files", f"{system_files:,}")


def _source_bytes(findings: Findings, length: int) -> str:
    """Return a number of bytes in words. A list does not contain the sizes of files in stores and on the web."""
    return "unknown" if not length and "lists" in findings.listing.tally else amount(length)


def _measured(findings: Findings) -> Iterator[str]:
    images = findings.tally["images"]
    yield _row("Measured [1]", "images")
    yield _row("  resized", f"{images['written']:,}")
    for label, number, kinds in (
        ("  failed", images["failed"], findings.tally["failures"]),
        ("  skipped", images["skipped"], findings.tally["skipped"]),
    ):
        if number:
            yield _row(label, f"{number:,}", note=f"{100 * number / images['matched']:.1f} %: {format_counts(kinds)}")
    yield from _enlarged(findings)


def _enlarged(findings: Findings) -> Iterator[str]:
    for sizes in enlarged(findings.tally):
        share = f"{100 * sizes.images / sizes.of:.1f} % become larger than their sources: see --only_shrink"
        yield _row(f"  enlarged to {sizes.size} px", f"{sizes.images:,}", note=share)


def _output(findings: Findings) -> Iterator[str]:
    yield _row("Output [2]", "bytes", note="with 95 % confidence")
    for size, total in findings.outputs.items():
        yield _row(f"  {size} px", amount(total.estimate.value), note=_total_interval(total))


def _total_interval(total: Total) -> str:
    estimate = total.estimate
    if estimate.half_width == 0:
        return "exact: every image was measured"
    if math.isinf(estimate.half_width):
        return "unknown: one image is not enough for an interval"
    basis = "by the bytes of the sources" if total.by_size else "by the number of images"
    return f"{amount(estimate.low)} to {amount(estimate.high)}, {basis}"


def _machine(findings: Findings) -> Iterator[str]:
    cpu_seconds = findings.cpu_seconds
    yield "This machine [3]"
    yield _row("  CPU time per image", f"{1000 * cpu_seconds.value:,.1f} ms", note=_time_interval(cpu_seconds))
    if not findings.local:
        return
    yield _row(f"  speed with -j {findings.processes}", f"{findings.rate:,.1f}", note="images/s")
    yield _row("  time for all images", f"about {_clock(findings.seconds)}")
    if findings.committed is not None:
        listed = findings.listing.listed_images
        left = max(0.0, 1 - findings.committed / listed)
        note = f"{findings.committed:,} of {counted(listed, 'image')} committed"
        yield _row("  time left", f"about {_clock(left * findings.seconds)}", note=note)


def _time_interval(seconds: Estimate) -> str:
    if math.isinf(seconds.half_width):
        return ""
    return f"{1000 * seconds.low:,.1f} to {1000 * seconds.high:,.1f} ms with 95 % confidence"


def _clock(seconds: float) -> str:
    """Return hours, minutes and seconds, such as 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def _dataflow(findings: Findings) -> Iterator[str]:
    layouts = findings.layouts
    yield _row("Dataflow", *(layout.layout for layout in layouts))
    yield _row("  shards", *(f"{layout.work.shards:,}" for layout in layouts))
    yield _row("  workers [4]", *(f"{layout.job.workers:,}" for layout in layouts))
    yield _row("  vCPU hours [5]", *(f"{layout.job.vcpu_hours:,.2f}" for layout in layouts))
    yield _row("  wall-clock hours [5]", *(f"{layout.job.hours:,.2f}" for layout in layouts))
    operations = [cost.store_operations(layout.work) for layout in layouts]
    yield _row("  store writes, lists [7]", *(f"{writes:,.0f}" for writes, _ in operations))
    yield _row("  store reads [7]", *(f"{reads:,.0f}" for _, reads in operations))


_ITEMS = {
    "vcpu": "vCPU [5]",
    "memory": "memory [5]",
    "disk": "disk [5]",
    "shuffle": "shuffle [6]",
    "operations": "store operations [7]",
    "run": "total for the run",
    "storage_month": "storage per month [8]",
}


def _dollars(findings: Findings) -> Iterator[str]:
    layouts = findings.layouts
    columns = [dollars for layout in layouts for dollars in (layout.batch, layout.flexrs)]
    digits = 2 if max(dollars.run for dollars in columns) >= 10 else 4
    yield _row("Dollars [9]", *(name for layout in layouts for name in (layout.layout, layout.layout)))
    yield _row("", *("batch", "FlexRS") * len(layouts))
    for item, label in _ITEMS.items():
        yield _row(f"  {label}", *(f"{getattr(dollars, item):,.{digits}f}" for dollars in columns))


def _notes(findings: Findings) -> Iterator[str]:
    yield "How these figures are computed"
    for number, sentence in enumerate(_sentences(findings), 1):
        yield from textwrap.wrap(f"  [{number}] {sentence}", _WIDTH, subsequent_indent=" " * 6)


def _sentences(findings: Findings) -> Iterator[str]:
    assumed, slowdown = cost.ASSUMED, findings.prices.vcpu_slowdown
    measured, images = findings.tally["images"]["matched"], findings.listing.images
    yield (
        f"{measured:,} of {counted(images, 'image')}, the first when ordered by a hash of their names; every estimate "
        "measures the same images, and a larger sample includes those of a smaller one"
    )
    yield (
        "simple random sampling with the normal approximation (rough below 30 images) and the finite population "
        "correction; images that failed or were skipped have no output"
    )
    speed = "; the speed excludes start-up and writing the outputs" if findings.local else ""
    yield f"CPU time of reading, decoding, resizing and encoding, measured on this machine{speed}"
    yield _about_workers(findings)
    yield (
        f"images x CPU time x {slowdown:g} (assumed: a vCPU is one of two hardware threads of a core) / "
        f"{assumed.utilization:g} (assumed: the rest is Beam's own work and waiting for the object store), plus "
        f"{assumed.startup_minutes:g} minutes until a worker starts (assumed); all workers run from start to end; "
        "FlexRS may delay the start by up to 6 hours"
    )
    yield f"{assumed.shuffle_bytes} bytes per listed image: a tuple of 50 bytes (measured) is written and read"
    yield (
        f"1 list per {assumed.names_per_list:,} names; 1 write per output or archive, {assumed.shard_writes} per shard "
        f"and {assumed.run_writes} for the run; {assumed.image_reads} read per image and {assumed.shard_reads} per "
        "shard"
    )
    yield "outputs, manifest and markers, and in archives also headers and JSON, as measured in the sample"
    yield _about_prices(findings)


def _about_workers(findings: Findings) -> str:
    shards = dataflow.SHARDS_PER_PROCESS * dataflow.VCPUS_PER_WORKER
    requested = "the number from --max_num_workers, or fewer if some of their vCPUs would not get a shard"
    by_shards = f"1 per {shards} shards, at most {dataflow.MAX_WORKERS}"
    return (
        f"{dataflow.MACHINE_TYPE}: {dataflow.VCPUS_PER_WORKER} vCPUs, {dataflow.MEMORY_GB_PER_WORKER} GB of memory, "
        f"{dataflow.DISK_GB_PER_WORKER} GB of disk; {requested if findings.workers_given else by_shards}"
    )


def _about_prices(findings: Findings) -> str:
    prices = findings.prices
    exceptions = f", except {', '.join(prices.given)} from --prices" if prices.given else ""
    where = "; for the same images in a bucket" if findings.local else ""
    return (
        f"list prices of {prices.date} in {prices.region}{exceptions}; 1 GB is 2^30 bytes; no discounts and no free "
        f"tier; buckets and workers are in the same region, so no network traffic is billed{where}"
    )
