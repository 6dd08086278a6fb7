import dataclasses
import math
from typing import Any

from pipeline.estimate.cost import Dollars, JobEstimate, Workload
from pipeline.estimate.findings import Findings, LayoutCost
from pipeline.estimate.interval import Estimate, Total
from pipeline.estimate.prices import read_prices
from pipeline.estimate.report import report_lines
from pipeline.estimate.sample import Listing

WORK = Workload(9_000_000, 0.025, 9_100_000, 9_100_007, 90_000, 17_955_000.4, 3e11)
FINDINGS = Findings(
    listing=Listing(
        tally={
            "splits": {
                "train": {"images": 9_000_000, "bytes": 18_000_000_000_000},
                "test": {"images": 100_000, "bytes": 9_400_000},
            },
            "not_images": {".txt": 5, "": 2},
            "system_files": 0,
        },
        images=4_550_000,
        bytes=9_000_000_000_000,
        sample=(),
    ),
    share="1/2",
    tally={
        "images": {"matched": 200, "written": 196, "failed": 3, "skipped": 1},
        "failures": {"truncated": 1, "not-an-image": 2},
        "skipped": {"min-side": 1},
    },
    outputs={
        512: Total(Estimate(2.7e11, 1e10), by_size=True),
        256: Total(Estimate(9e10, 4e9), by_size=False),
    },
    cpu_seconds=Estimate(0.025, 0.0012),
    processes=2,
    rate=76.04,
    local=True,
    committed=6_825_000,
    layouts=(
        LayoutCost(
            "files",
            WORK,
            JobEstimate(100, 1.1655),
            Dollars(26.1, 6.63, 0.19, 0.01, 96.2, 5.59),
            Dollars(15.7, 4, 0.2, 0, 96, 5.6),
        ),
        LayoutCost(
            "webdataset",
            WORK._replace(shards=9_000, written=18_000),
            JobEstimate(50, 2.25),
            Dollars(25.2, 6.4, 0.18, 0.01, 7.4, 5.9),
            Dollars(15.1, 3.84, 0.18, 0.01, 7.4, 1234.5),
        ),
    ),
    workers_given=False,
    prices=read_prices(None),
)

TEXT = """\
Input                            images        bytes
  train                       9,000,000        18 TB
  test                          100,000       9.4 MB
  all                         9,100,000        18 TB
  --sample 1/2                4,550,000         9 TB
  other files                         7

Measured [1]                     images
  resized                           196
  failed                              3  1.5 %: 2 not-an-image, 1 truncated
  skipped                             1  0.5 %: 1 min-side

Output [2]                        bytes  with 95 % confidence
  512 px                         270 GB  260 GB to 280 GB, by the bytes of the sources
  256 px                          90 GB  86 GB to 94 GB, by the number of images

This machine [3]
  CPU time per image            25.0 ms  23.8 to 26.2 ms with 95 % confidence
  speed with -j 2                  76.0  images/s
  time for all images     about 16:37:17
  time left               about 4:09:19  6,825,000 of 9,100,000 images committed

Dataflow                          files   webdataset
  shards                         90,000        9,000
  workers [4]                       100           50
  vCPU hours [5]                 466.20       450.00
  wall-clock hours [5]             1.17         2.25
  store writes, lists [7]    18,144,121       45,121
  store reads [7]             9,360,000    9,036,000

Dollars [9]                       files        files   webdataset   webdataset
                                  batch       FlexRS        batch       FlexRS
  vCPU [5]                        26.10        15.70        25.20        15.10
  memory [5]                       6.63         4.00         6.40         3.84
  disk [5]                         0.19         0.20         0.18         0.18
  shuffle [6]                      0.01         0.00         0.01         0.01
  store operations [7]            96.20        96.00         7.40         7.40
  total for the run              129.13       115.90        39.19        26.53
  storage per month [8]            5.59         5.60         5.90     1,234.50

How these figures are computed
  [1] 200 of 4,550,000 images, the first when ordered by a hash of their names; every estimate
      measures the same images, and a larger sample includes those of a smaller one
  [2] simple random sampling with the normal approximation (rough below 30 images) and the finite
      population correction; images that failed or were skipped have no output
  [3] CPU time of reading, decoding, resizing and encoding, measured on this machine; the speed
      excludes start-up and writing the outputs
  [4] n2-standard-4: 4 vCPUs, 16 GB of memory, 30 GB of disk; 1 per 16 shards, at most 100
  [5] images x CPU time x 1.5 (assumed: a vCPU is one of two hardware threads of a core) / 0.85
      (assumed: the rest is Beam's own work and waiting for the object store), plus 4 minutes until
      a worker starts (assumed); all workers run from start to end; FlexRS may delay the start by up
      to 6 hours
  [6] 100 bytes per listed image: a tuple of 50 bytes (measured) is written and read
  [7] 1 list per 1,000 names; 1 write per output or archive, 2 per shard and 20 for the run; 1 read
      per image and 4 per shard
  [8] outputs, manifest and markers, and in archives also headers and JSON, as measured in the
      sample
  [9] list prices of 2026-11-22 in us-central1; 1 GB is 2^30 bytes; no discounts and no free tier;
      buckets and workers are in the same region, so no network traffic is billed; for the same
      images in a bucket

Nothing was written.
"""


def lines_with(**changes: Any) -> list[str]:
    """Return the report of `FINDINGS` with changes."""
    return list(report_lines(dataclasses.replace(FINDINGS, **changes)))


def row(label: str, **changes: Any) -> str:
    return next(line for line in lines_with(**changes) if line.strip().startswith(label))


def test_the_whole_report() -> None:
    assert "\n".join(lines_with()) + "\n" == TEXT


def test_small_amounts_are_given_in_small_units() -> None:
    listing = Listing({"splits": {"a": {"images": 3, "bytes": 4321}}, "not_images": {}, "system_files": 0}, 3, 4321, ())
    small = tuple(
        dataclasses.replace(layout, batch=Dollars(0.01, 0.002, 0, 0, 0.0003, 0), flexrs=Dollars(0, 0, 0, 0, 0, 0))
        for layout in FINDINGS.layouts
    )
    changes = {"listing": listing, "share": "1", "layouts": small, "committed": None}
    assert lines_with(**changes)[:3] == [
        "Input                            images        bytes",
        "  a                                   3      4.32 KB",
        "",
    ]
    assert (
        row("total for the run", **changes)
        == "  total for the run              0.0123       0.0000       0.0123       0.0000"
    )
    assert not any("time left" in line for line in lines_with(**changes))


def test_inputs_in_a_store_have_no_time_on_this_machine() -> None:
    lines = lines_with(local=False, committed=None)
    assert not any("speed" in line or "time for all" in line or "same images in a bucket" in line for line in lines)
    assert row("CPU time", local=False) == row("CPU time")


def test_the_bytes_of_the_images_of_a_list_may_be_unknown() -> None:
    splits = {"train": {"images": 12, "bytes": 0}, "test": {"images": 3, "bytes": 0}}
    tally = {"splits": splits, "not_images": {}, "system_files": 0}
    listing = FINDINGS.listing._replace(tally={**tally, "lists": {}}, images=7, bytes=0)
    lines = list(report_lines(dataclasses.replace(FINDINGS, listing=listing)))
    assert [line.split()[-2:] for line in lines[1:5]] == [[n, "unknown"] for n in ("12", "3", "15", "7")]
    empty_files = listing._replace(tally=tally)
    assert list(report_lines(dataclasses.replace(FINDINGS, listing=empty_files)))[1].split() == [
        "train",
        "12",
        "0",
        "B",
    ]


def test_an_interval_may_be_unknown_or_exact() -> None:
    unknown = {512: Total(Estimate(1e6, math.inf), by_size=False)}
    assert row("512", outputs=unknown).endswith("1 MB  unknown: one image is not enough for an interval")
    exact = {512: Total(Estimate(1e6, 0), by_size=False)}
    assert row("512", outputs=exact).endswith("1 MB  exact: every image was measured")
    assert row("CPU time", cpu_seconds=Estimate(0.01, math.inf)) == "  CPU time per image            10.0 ms"


def test_given_workers_and_prices_are_named() -> None:
    def text(**changes: Any) -> str:
        return " ".join(" ".join(lines_with(**changes)).split())

    assert "; the number from --max_num_workers, or fewer if" in text(workers_given=True)
    prices = FINDINGS.prices._replace(given=("vcpu_hour", "vcpu_slowdown"))
    assert " in us-central1, except vcpu_hour, vcpu_slowdown from --prices; " in text(prices=prices)
