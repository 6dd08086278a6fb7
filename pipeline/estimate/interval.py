"""Extrapolation from a sample: totals with their 95 % confidence intervals.

The formulas are those of simple random sampling without replacement, from Cochran, "Sampling Techniques"
(3rd edition, 1977), chapter 2 (means and totals, normal approximation, finite population correction) and
chapter 6 (ratio estimates). With a sample of n out of N elements, and the deviations d from the fitted values,

    total +- z * N * sqrt((1 - n/N) * sum(d^2) / (n - 1) / n)

A simple total fits the mean: d = y - mean(y). A ratio total fits a multiple of the source bytes x:
d = y - r * x with r = sum(y) / sum(x); the total is r times the sum of all x, which is known.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

# 95 % of a normal distribution is within this many standard deviations of its mean: 1.96.
Z = statistics.NormalDist().inv_cdf(0.975)


class Estimate(NamedTuple):
    """A number, and half the width of its 95 % confidence interval, which is `math.inf` if there is only one value."""

    value: float
    half_width: float

    @property
    def low(self) -> float:
        """The lower end of the interval, at least 0: no quantity here is negative."""
        return max(0.0, self.value - self.half_width)

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.value + self.half_width


def mean(values: Sequence[float]) -> Estimate:
    """Return the mean of repeated measurements.

    There is no finite population correction, since a repeated measurement of an element would differ, too.
    """
    average = math.fsum(values) / len(values)
    error = _standard_error([value - average for value in values])
    return Estimate(average, Z * error)


def simple_total(values: Sequence[float], population: int) -> Estimate:
    """Return the total over all `population` elements, estimated from the `values` of a sample."""
    number = len(values)
    average = math.fsum(values) / number
    half_width = _half_width([y - average for y in values], population)
    return Estimate(population * math.fsum(values) / number, half_width)


def ratio_total(values: Sequence[float], sizes: Sequence[float], population: int, total_size: float) -> Estimate:
    """Return the same total as `simple_total`, estimated in proportion to the elements' sizes.

    Args:
        values: the values of the sample.
        sizes: the sizes of the sample's elements.
        population: the number of all elements.
        total_size: the known sum of the sizes of all elements.
    """
    ratio = math.fsum(values) / math.fsum(sizes)
    deviations = [y - ratio * x for y, x in zip(values, sizes, strict=True)]
    return Estimate(total_size * math.fsum(values) / math.fsum(sizes), _half_width(deviations, population))


class Total(NamedTuple):
    """A total, and whether it was estimated in proportion to the sizes of the elements."""

    estimate: Estimate
    by_size: bool


def total(values: Sequence[float], sizes: Sequence[float], population: int, total_size: float) -> Total:
    """Return the ratio total or the simple total, whichever has the narrower interval."""
    simple = Total(simple_total(values, population), by_size=False)
    if not any(sizes):
        return simple
    ratio = Total(ratio_total(values, sizes, population, total_size), by_size=True)
    return ratio if ratio.estimate.half_width < simple.estimate.half_width else simple


def _half_width(deviations: Sequence[float], population: int) -> float:
    """Return half the width of a total's interval. It is 0 if all elements are in the sample."""
    number = len(deviations)
    if number == population:
        return 0.0
    return Z * population * math.sqrt(1 - number / population) * _standard_error(deviations)


def _standard_error(deviations: Sequence[float]) -> float:
    number = len(deviations)
    if number < 2:
        return math.inf
    return math.sqrt(math.fsum(d * d for d in deviations) / (number - 1) / number)
