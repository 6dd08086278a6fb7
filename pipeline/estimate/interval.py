"""From a sample to all: totals with the interval in which they lie 95 times of 100.

The formulas are those of simple random sampling without replacement, from Cochran, "Sampling Techniques"
(3rd edition, 1977), chapter 2 (means and totals, normal approximation, finite population correction) and
chapter 6 (ratio estimates). Where n of N are sampled, and d are the deviations from what is fitted,

    total +- z * N * sqrt((1 - n/N) * sum(d^2) / (n - 1) / n)

A simple total fits one mean to all: d = y - mean(y). A ratio total fits output by source bytes:
d = y - r * x with r = sum(y) / sum(x), and r times the known sum of all x is the total.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

# Standard deviations of the normal distribution that hold 95 % of it: 1.96.
Z = statistics.NormalDist().inv_cdf(0.975)


class Estimate(NamedTuple):
    """A number and how far off it may be, with 95 % confidence; `math.inf` where one value says nothing of that."""

    value: float
    half_width: float

    @property
    def low(self) -> float:
        """The interval's lower end; nothing that is counted here is below 0."""
        return max(0.0, self.value - self.half_width)

    @property
    def high(self) -> float:
        """The interval's upper end."""
        return self.value + self.half_width


def mean(values: Sequence[float]) -> Estimate:
    """The mean of what would be measured again and again; no correction, since a second time differs too."""
    average = math.fsum(values) / len(values)
    error = _standard_error([value - average for value in values])
    return Estimate(average, Z * error)


def simple_total(values: Sequence[float], population: int) -> Estimate:
    """The sum over all `population` elements, of which `values` are a sample."""
    number = len(values)
    average = math.fsum(values) / number
    return Estimate(population * math.fsum(values) / number, _of_total([y - average for y in values], population))


def ratio_total(values: Sequence[float], sizes: Sequence[float], population: int, total_size: float) -> Estimate:
    """As `simple_total`, by the sizes of the sample's elements, whose sum over all elements is known."""
    ratio = math.fsum(values) / math.fsum(sizes)
    deviations = [y - ratio * x for y, x in zip(values, sizes, strict=True)]
    return Estimate(total_size * math.fsum(values) / math.fsum(sizes), _of_total(deviations, population))


class Total(NamedTuple):
    """A total, and whether it goes by the sizes of the sampled elements."""

    estimate: Estimate
    by_size: bool


def total(values: Sequence[float], sizes: Sequence[float], population: int, total_size: float) -> Total:
    """The ratio total or the simple total, whichever has the narrower interval."""
    simple = Total(simple_total(values, population), by_size=False)
    if not any(sizes):
        return simple
    ratio = Total(ratio_total(values, sizes, population, total_size), by_size=True)
    return ratio if ratio.estimate.half_width < simple.estimate.half_width else simple


def _of_total(deviations: Sequence[float], population: int) -> float:
    """Half the width of a total's interval: none where all elements are in the sample."""
    number = len(deviations)
    if number == population:
        return 0.0
    return Z * population * math.sqrt(1 - number / population) * _standard_error(deviations)


def _standard_error(deviations: Sequence[float]) -> float:
    number = len(deviations)
    if number < 2:
        return math.inf
    return math.sqrt(math.fsum(d * d for d in deviations) / (number - 1) / number)
