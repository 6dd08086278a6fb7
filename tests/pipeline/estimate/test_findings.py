from pathlib import Path

import pytest

from pipeline.cli.options import EstimateRequest, parse
from pipeline.estimate.cost import Job, Work
from pipeline.estimate.findings import Findings, find
from pipeline.estimate.interval import Estimate, Total
from pipeline.estimate.measure import Measured, Measurement
from pipeline.estimate.sample import Listing
from transforms.model.records import Source

IMAGES = {"matched": 1, "written": 1, "failed": 0, "skipped": 0}


def measured(source_bytes: int, cpu_seconds: float, large: int, small: int) -> Measured:
    return Measured(source_bytes, cpu_seconds, {64: large, 32: small}, 50, large + small + 1000, {"images": IMAGES})


def found(tmp_path: Path, *flags: str, committed: int | None = None) -> Findings:
    options = parse(["-i", str(tmp_path), "--estimate", "-s", "32", "64", "-j", "2", *flags])
    assert isinstance(options.estimate, EstimateRequest)
    tally = {"splits": {"train": {"images": 2000, "bytes": 600_000}}, "not_images": {".txt": 7}, "system_files": 0}
    source = Source("a", "a.jpg", "/a.jpg", 1, 1.0)
    listing = Listing(tally, 1000, 300_000, (source, source))
    images = (measured(100, 0.02, 10, 4), measured(300, 0.04, 30, 0))
    return find(options.config, options.estimate, listing, 640, Measurement(images, 0.5), committed)


def test_the_sample_stands_for_all(tmp_path: Path) -> None:
    one = found(tmp_path, committed=500)
    assert one.outputs[64] == Total(Estimate(30_000, 0), by_size=True)  # a tenth of 300,000
    assert (one.outputs[32].estimate.value, one.outputs[32].by_size) == (2000, False)  # 2 an image
    assert list(one.outputs) == [64, 32]
    assert one.cpu_seconds == pytest.approx(Estimate(0.03, 1.959964 * 0.01))
    assert (one.rate, one.seconds, one.threads) == (4, 250, 2)
    assert (one.local, one.committed, one.workers_given) == (True, 500, False)
    assert one.tally == {"images": {"matched": 2, "written": 2, "failed": 0, "skipped": 0}}


def test_both_layouts_do_the_same_work_in_other_files(tmp_path: Path) -> None:
    one = found(tmp_path)
    files, archives = one.layouts
    tables = 2 * 50 * 1000
    work = Work(1000, one.cpu_seconds.value, 2000, 2007, 640, written=1500, stored_bytes=32_000 + tables)
    assert (files.layout, files.work) == ("files", work)
    expected = work._replace(written=1280, stored_bytes=32_000 + tables + 1_000_000)
    assert (archives.layout, archives.work) == ("webdataset", expected)
    # 1000 * 0.03 * 1.5 / 0.85 = 52.94 s: on 40 workers' 160 vCPU
    assert files.job == archives.job == pytest.approx(Job(40, 52.941176 / 160 / 3600 + 4 / 60))
    cheaper = files.batch._replace(vcpu=0.6 * files.batch.vcpu, memory=0.6 * files.batch.memory)
    assert files.flexrs == pytest.approx(cheaper)


@pytest.mark.parametrize(("given", "workers"), [(3, [3, 3]), (100, [100, 100]), (1000, [160, 160])])
def test_workers_that_were_given(tmp_path: Path, given: int, workers: list[int]) -> None:
    one = found(tmp_path, f"--max_num_workers={given}")
    assert one.workers_given
    assert [layout.job.workers for layout in one.layouts] == workers  # 640 shards
