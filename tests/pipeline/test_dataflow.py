import pytest

from pipeline.dataflow import most_workers


@pytest.mark.parametrize(
    ("shards", "workers"), [(0, 1), (1, 1), (31, 1), (32, 2), (1599, 99), (1600, 100), (90_113, 100)]
)
def test_each_process_gets_four_shards(shards: int, workers: int) -> None:
    assert most_workers(shards) == workers
