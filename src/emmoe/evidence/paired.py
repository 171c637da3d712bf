"""Paired comparisons: the exact signed-rank test and its interval, where some values are censored.

d_i is the logarithm of the quotient of two rivals' costs on sample i. If the costs are exchangeable
up to a factor exp(m), d_i - m is symmetric about 0, whatever its tails, and the number of Walsh
averages (d_i + d_j) / 2, i <= j, above m has the law of a sum of the ranks 1..n, each in it or not
with probability one half (Wilcoxon, 1945; Tukey, 1949). What the test doesn't reject at 5 % is an
interval between two of their order statistics (Hodges and Lehmann, 1963).

Of a run that was cut off only a bound on d_i is known, low_i <= d_i <= high_i. The averages rise
with every d_i, so that the ends of all give ends of what complete runs would have given: a test
that rejects, and an interval that misses, no more often.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

Array = np.ndarray
LEVEL = 0.95
NEAR = (0.93, 0.97)  # coverages that pass for LEVEL: W is discrete


class Shift(NamedTuple):
    """Where pairs lie. least, most: the ends of the pseudo-median, equal where no value is
    censored; low, high: the interval, infinite for fewer than 5 pairs; p: of no shift, two-sided;
    pairs: how many."""

    least: float
    most: float
    low: float
    high: float
    p: float
    pairs: int


def shift(low: Array, high: Array) -> Shift:
    """Return where the d_i lie, known to be in [low_i, high_i], infinite ends included."""
    n = len(low)
    if not n:
        return Shift(-np.inf, np.inf, -np.inf, np.inf, 1.0, 0)
    below, above = walsh(low, -np.inf), walsh(high, np.inf)
    tails = cumulative(n)
    # An average of 0 counts against either direction.
    p = 2 * min(tails[np.sum(above >= 0)], tails[np.sum(below <= 0)])
    ends, k = (-np.inf, np.inf), _left_out(n)
    if k is not None:
        ends = float(below[k]), float(above[-1 - k])
    return Shift(_middle(below), _middle(above), *ends, float(min(1.0, p)), n)


def walsh(values: Array, unknown: float) -> Array:
    """Return the Walsh averages of values (n,), sorted; unknown stands for that of -inf and inf."""
    first, second = np.triu_indices(len(values))
    with np.errstate(invalid="ignore"):
        averages = (values[first] + values[second]) / 2
    return np.sort(np.where(np.isnan(averages), unknown, averages))


@cache
def cumulative(n: int) -> Array:
    """Return P(W <= w) for w = 0 ... n (n + 1) / 2, exactly."""
    ways = np.ones(1)
    for rank in range(1, n + 1):
        ways = np.convolve(ways, [0.5, *[0.0] * (rank - 1), 0.5])
    return np.minimum(np.cumsum(ways), 1.0)


@cache
def _left_out(n: int) -> int | None:
    """How many averages lie beyond either end of the interval; None if no level is near enough."""
    coverage = 1 - 2 * cumulative(n)
    k = int(np.argmin(np.abs(coverage - LEVEL)))
    return k if NEAR[0] <= coverage[k] <= NEAR[1] else None


def _middle(averages: Array) -> float:
    half = averages[[(len(averages) - 1) // 2, len(averages) // 2]]
    return float(half[0] if half[0] == half[1] else half.mean())


def holm(p: Sequence[float]) -> Array:
    """Return p adjusted so that any of them is wrongly below 5 % in 5 % of cases (Holm, 1979)."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
