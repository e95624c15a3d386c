"""The same people asked twice: the mean change with its score interval, and tests of the table of moves.

Takes and gives plain numbers; one comparison at a time. Knows the standard library and numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["chi_squared_p", "mean_score_interval", "mean_score_p", "stuart_maxwell"]

Ints = npt.NDArray[np.int64]


# The mean of a sample whose values are known to lie on a few points.
#
# Rao's score test of a supposed mean m weighs the observed values anew, p_i proportional to count_i over
# 1 + t (x_i - m), with t such that their mean is m: the likeliest distribution with that mean. (An end of the
# scale that nobody gave takes what weight is left where no such t exists.) The statistic is
# n (mean - m)² / variance under those weights, which is n (mean - m) t. On the points -1, 0 and 1 this is the
# interval of Tango (1998) for paired proportions, and its test of no difference is McNemar's.


def mean_score_interval(counts: Sequence[int], low: int, z: float) -> tuple[float, float]:
    """Limits of the mean of values low, low + 1 ... that were given so many times; NaN for an empty sample."""
    if not sum(counts):
        return math.nan, math.nan
    high = low + len(counts) - 1
    below = _lower_limit(list(counts), low, z)
    above = -_lower_limit(list(counts)[::-1], -high, z)  # the mirror image
    return below, above


def mean_score_p(counts: Sequence[int], low: int, supposed: float = 0.0) -> float:
    """Two-sided p-value of a supposed mean: the interval at the level 1 - p has it as a limit."""
    if not sum(counts):
        return math.nan
    high = low + len(counts) - 1
    if supposed <= _mean(counts, low):
        square = _score_square(list(counts), low, supposed)
    else:
        square = _score_square(list(counts)[::-1], -high, -supposed)
    return math.erfc(math.sqrt(square / 2.0))


def _mean(counts: Sequence[int], low: int) -> float:
    return sum(count * (low + i) for i, count in enumerate(counts)) / sum(counts)


def _lower_limit(counts: list[int], low: int, z: float) -> float:
    n, mean = sum(counts), _mean(counts, low)
    # With n (mean - m) t = z² the condition on t becomes one on t alone: of count_i / (c + t (x_i - mean)) the
    # sum is n.
    c = 1.0 + z * z / n
    given = [(count, low + i - mean) for i, count in enumerate(counts) if count]
    reach = -given[0][1]  # of the lowest value that was given

    def excess(t: float) -> float:
        return sum(count / (c + t * x) for count, x in given) - n

    # From here on the end of the scale takes weight; an end that was given does so in the limit only.
    farthest = c / (mean - low) if mean > low else math.inf
    if mean == low or (reach < mean - low and excess(farthest) <= 0.0):
        return (n * mean + z * z * low) / (n + z * z)
    return mean - z * z / n / _crossing(excess, 0.0, min(farthest, c / reach))


def _score_square(counts: list[int], low: int, truth: float) -> float:
    """The squared statistic of a supposed mean at or below the observed one."""
    n, mean = sum(counts), _mean(counts, low)
    given = [(count, low + i - truth) for i, count in enumerate(counts) if count]
    if mean == truth:
        return 0.0
    if truth <= low:
        return math.inf

    def excess(t: float) -> float:
        return -sum(count * x / (1.0 + t * x) for count, x in given)

    farthest = 1.0 / (truth - low)
    if counts[0] == 0 and excess(farthest) <= 0.0:
        return n * (mean - truth) * farthest
    return n * (mean - truth) * _crossing(excess, 0.0, farthest)


def _crossing(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that is negative just right of `low` turns positive; it may be infinite at `high`.

    Regula falsi, halving where it would creep (Illinois) or has nothing to go by at first.
    """
    at_low = at_high = math.nan
    x = high
    while high - low > 1e-15 * high:
        x = low + (high - low) * (at_low / (at_low - at_high))
        if not low < x < high:
            x = (low + high) / 2.0
        value = rising(x)
        if value == 0.0:
            break
        if value > 0.0:
            high, at_high, at_low = x, value, at_low / 2.0
        else:
            low, at_low, at_high = x, value, at_high / 2.0
    return x


# The table of moves.


def stuart_maxwell(table: Ints) -> tuple[float, int]:
    """Statistic and degrees of freedom of the test that both waves spread over the groups alike.

    Groups that nobody entered or left say nothing and count no degree of freedom; the statistic is NaN where
    nobody moved at all. With two groups left this is McNemar's test.
    """
    moves = table - np.diag(np.diag(table))
    shift = (moves.sum(axis=1) - moves.sum(axis=0)).astype(np.float64)
    variance = -(moves + moves.T).astype(np.float64)
    np.fill_diagonal(variance, (moves + moves.T).sum(axis=1))
    moved = np.flatnonzero(np.diag(variance))
    if not len(moved):
        return math.nan, 0
    kept = moved[:-1]  # the shifts add up to 0, so the last one tells nothing new
    part = shift[kept]
    return float(part @ np.linalg.solve(variance[np.ix_(kept, kept)], part)), len(kept)


def chi_squared_p(statistic: float, df: int) -> float:
    """Upper tail for one or two degrees of freedom; NaN for none."""
    if df == 0:
        return math.nan
    return math.erfc(math.sqrt(statistic / 2.0)) if df == 1 else math.exp(-statistic / 2.0)
