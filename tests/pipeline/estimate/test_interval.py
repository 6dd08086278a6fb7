import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimate.interval import Estimate, Total, mean, ratio_total, simple_total, total

COUNTS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=50)


def assert_near(estimate: Estimate, value: float, half_width: float) -> None:
    assert estimate.value == pytest.approx(value, rel=1e-6)
    assert estimate.half_width == pytest.approx(half_width, rel=1e-6)


def test_the_interval_of_a_mean() -> None:
    assert_near(mean([1, 2, 3]), 2, 1.959964 / math.sqrt(3))  # the variance of 3 values is 1


def test_the_interval_of_a_simple_total() -> None:
    # 3 of 10: 10 * 4; the variance is 4, sqrt((1 - 0.3) * 4 / 3) = 0.966092
    assert_near(simple_total([2, 4, 6], 10), 40, 1.959964 * 10 * 0.9660918)


def test_the_interval_of_a_ratio_total() -> None:
    # r = 15 / 6, so that d = -0.5, -1, 1.5; 3.5 / 2 = 1.75, sqrt((1 - 0.3) * 1.75 / 3) = 0.639010
    assert_near(ratio_total([2, 4, 9], [1, 2, 3], 10, 25), 62.5, 1.959964 * 10 * 0.6390097)


def test_the_narrower_interval_is_used() -> None:
    assert total([2, 4, 6], [1, 2, 3], 10, 20) == Total(Estimate(40, 0), by_size=True)
    assert total([4, 4, 4], [1, 2, 3], 10, 20) == Total(Estimate(40, 0), by_size=False)
    assert total([0, 0], [0, 0], 10, 0) == Total(Estimate(0, 0), by_size=False)


def test_a_sample_of_one_gives_no_interval() -> None:
    assert total([5], [10], 3, 40).estimate == Estimate(15, math.inf)
    assert mean([5]) == Estimate(5, math.inf)


@given(COUNTS)
def test_the_total_of_a_whole_population_is_exact(elements: list[tuple[int, int]]) -> None:
    values, sizes = zip(*elements, strict=True)
    assert total(values, sizes, len(values), sum(sizes)).estimate == pytest.approx(Estimate(sum(values), 0))


@given(COUNTS, st.integers(1, 1000))
def test_no_interval_goes_below_zero(elements: list[tuple[int, int]], more: int) -> None:
    values, sizes = zip(*elements, strict=True)
    estimate = total(values, sizes, len(values) + more, 10**12).estimate
    assert 0 <= estimate.low <= estimate.value <= estimate.high


def test_95_percent_of_the_intervals_contain_the_true_total() -> None:
    import random

    generator = random.Random(1)
    sizes = [generator.lognormvariate(12, 0.6) for _ in range(2000)]
    values = [size * generator.uniform(0.05, 0.15) for size in sizes]
    contained = 0
    for _ in range(400):
        indexes = generator.sample(range(2000), 200)
        estimate, by_size = total([values[i] for i in indexes], [sizes[i] for i in indexes], 2000, sum(sizes))
        assert by_size
        contained += estimate.low <= sum(values) <= estimate.high
    assert 0.92 <= contained / 400 <= 0.98
