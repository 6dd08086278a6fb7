from pathlib import Path

import pytest

from pipeline.cli.options import parse
from pipeline.estimate.cost import JobEstimate, Workload
from pipeline.estimate.findings import Findings, extrapolate
from pipeline.estimate.interval import Estimate, Total
from pipeline.estimate.measure import MeasuredImage, Measurement
from pipeline.estimate.prices import read_prices
from pipeline.estimate.sample import Listing
from transforms.model.records import Source

IMAGES = {"matched": 1, "written": 1, "failed": 0, "skipped": 0}


def measured(source_bytes: int, cpu_seconds: float, large: int, small: int) -> MeasuredImage:
    outputs = {64: large, 32: small}
    return MeasuredImage(source_bytes, cpu_seconds, outputs, 50, large + small + 1000, {"images": IMAGES})


def findings_of(tmp_path: Path, *flags: str) -> Findings:
    """Return the findings from two measured images out of a thousand."""
    options = parse(["-i", str(tmp_path), "--estimate", "-s", "32", "64", "-j", "2", *flags])
    assert options.estimate is not None
    tally = {"splits": {"train": {"images": 2000, "bytes": 600_000}}, "not_images": {".txt": 7}, "system_files": 0}
    source = Source("a", "a.jpg", "/a.jpg", 1, 1.0)
    listing = Listing(tally, 1000, 300_000, (source, source))
    images = (measured(100, 0.02, 10, 4), measured(300, 0.04, 30, 0))
    measurement, workers = Measurement(images, 0.5), options.estimate.workers
    return extrapolate(options.config, listing, 640, measurement, read_prices(None), workers)


def test_the_sample_is_extrapolated_to_all_images(tmp_path: Path) -> None:
    findings = findings_of(tmp_path)
    assert findings.outputs[64] == Total(Estimate(30_000, 0), by_size=True)  # a tenth of 300,000
    assert (findings.outputs[32].estimate.value, findings.outputs[32].by_size) == (2000, False)  # 2 per image
    assert list(findings.outputs) == [64, 32]
    assert findings.cpu_seconds == pytest.approx(Estimate(0.03, 1.959964 * 0.01))
    assert (findings.rate, findings.seconds, findings.processes) == (4, 250, 2)
    assert (findings.local, findings.committed, findings.workers_given) == (True, None, False)
    assert findings.tally == {"images": {"matched": 2, "written": 2, "failed": 0, "skipped": 0}}


def test_both_layouts_do_the_same_work_with_different_files(tmp_path: Path) -> None:
    findings = findings_of(tmp_path)
    files, archives = findings.layouts
    tables = 2 * 50 * 1000
    work = Workload(1000, findings.cpu_seconds.value, 2000, 2007, 640, written=1500, stored_bytes=32_000 + tables)
    assert (files.layout, files.work) == ("files", work)
    expected = work._replace(written=1280, stored_bytes=32_000 + tables + 1_000_000)
    assert (archives.layout, archives.work) == ("webdataset", expected)
    # 1000 * 0.03 * 1.5 / 0.85 = 52.94 s: on 40 workers' 160 vCPU
    assert files.job == archives.job == pytest.approx(JobEstimate(40, 52.941176 / 160 / 3600 + 4 / 60))
    cheaper = files.batch._replace(vcpu=0.6 * files.batch.vcpu, memory=0.6 * files.batch.memory)
    assert files.flexrs == pytest.approx(cheaper)


@pytest.mark.parametrize(("given", "workers"), [(3, [3, 3]), (100, [100, 100]), (1000, [160, 160])])
def test_given_workers_are_limited_by_the_shards(tmp_path: Path, given: int, workers: list[int]) -> None:
    findings = findings_of(tmp_path, f"--max_num_workers={given}")
    assert findings.workers_given
    assert [layout.job.workers for layout in findings.layouts] == workers  # 640 shards
