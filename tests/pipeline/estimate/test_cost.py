import pytest

from pipeline.estimate.cost import (
    GB,
    Assumptions,
    Dollars,
    JobEstimate,
    Workload,
    cost_of,
    estimate_job,
    store_operations,
)
from pipeline.estimate.prices import read_prices

WORK = Workload(
    images=3600,
    cpu_seconds=0.1,
    listed_images=4000,
    listed_names=4001,
    shards=32,
    written=7200,
    stored_bytes=2 * GB,
)
ASSUMED = Assumptions(utilization=0.5, startup_minutes=6)


def test_hours_come_from_cpu_time_and_startup() -> None:
    # 360 s of CPU * 1.5 / 0.5 = 1080 s, on 2 * 4 vCPU 135 s = 0.0375 h; plus 0.1 h to start
    job = estimate_job(WORK, 2, 1.5, ASSUMED)
    assert job == pytest.approx(JobEstimate(2, 0.1375))
    assert job.vcpu_hours == pytest.approx(1.1)


def test_vcpus_without_a_shard_are_idle() -> None:
    # only 3 of 8 vCPU have a shard: 1080 / 3 = 360 s
    assert estimate_job(WORK._replace(shards=3), 2, 1.5, ASSUMED).hours == pytest.approx(0.1 + 0.1)


def test_operations_of_the_store() -> None:
    # lists of 4,001 names, files, 2 per shard, 20 for the run; 1 read per image, 4 per shard
    assert store_operations(WORK) == (5 + 7200 + 64 + 20, 3600 + 128)


def test_dollars_in_batch_and_with_flexrs() -> None:
    prices = read_prices(None)
    batch = Dollars(
        vcpu=1.1 * 0.056,
        memory=2 * 0.1375 * 16 * 0.003557,
        disk=2 * 0.1375 * 30 * 0.000054,
        shuffle=400_000 / 1_073_741_824 * 0.011,
        operations=7.289 * 0.005 + 3.728 * 0.0004,
        storage_month=0.04,
    )
    job = JobEstimate(2, 0.1375)
    assert cost_of(WORK, job, prices, flexrs=False, assumed=ASSUMED) == pytest.approx(batch)
    assert batch.run == pytest.approx(0.0616 + 0.0156508 + 0.0004455 + 0.0000041 + 0.0379362, abs=1e-7)
    flexrs = batch._replace(vcpu=0.6 * 0.0616, memory=0.6 * 0.0156508)
    assert cost_of(WORK, job, prices, flexrs=True, assumed=ASSUMED) == pytest.approx(flexrs)
