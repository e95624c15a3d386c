"""p-values of the difference of two independent samples, and Welch's interval of two means.

Each p-value inverts the interval of the same name in `intervals`: at the level 1 - p that interval just
touches 0. So interval and p-value never contradict each other. Closed forms where there are any; the hybrid
intervals (MOVER, Newcombe) are solved, all rows at once.

Takes and gives float64 arrays of one length, one entry a comparison; counts may be fractional. NaN where a
sample is empty. May know: numpy and its neighbours. May not know: scales, results, errors, names of methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .distributions import t_value

__all__ = [
    "Means",
    "adjusted_welch",
    "adjusted_welch_p",
    "agresti_caffo_p",
    "miettinen_nurminen_p",
    "net_adjusted_wald_p",
    "net_mover_p",
    "net_wald_p",
    "newcombe_cc_p",
    "newcombe_p",
    "normal_p",
    "stepwise_p",
    "student_p",
    "wald_difference_p",
    "welch",
    "welch_p",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Limits: TypeAlias = tuple[Floats, Floats]
Groups: TypeAlias = tuple[Floats, Floats, Floats]
"""Detractors, passives, promoters."""
Sample: TypeAlias = tuple[Floats, ...]

_BLOCK = 1 << 14  # rows whose working arrays stay in the processor's cache


def normal_p(z: Floats) -> Floats:
    """Two-sided tail of the normal distribution."""
    # NumPy has no error function; a call a row of the C library's still is a small part of any comparison.
    return np.fromiter(map(math.erfc, np.abs(z / math.sqrt(2.0)).tolist()), np.float64, len(z))


def _ratio_p(estimate: Floats, variance: Floats) -> Floats:
    """Two-sided p of estimate / standard error; without variance an interval is a point, on 0 or off it."""
    certain = np.where(estimate == 0.0, 0.0, np.inf) + 0.0 * variance
    with np.errstate(divide="ignore", invalid="ignore"):
        return normal_p(np.where(variance > 0.0, np.abs(estimate) / np.sqrt(variance), certain))


def _filled(n: Floats) -> Floats:
    """`n`, or NaN where a sample is empty; NaN then runs through a formula without a warning."""
    return np.where(n > 0.0, n, np.nan)


# Shares: k1/n1 - k2/n2.


def wald_difference_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats) -> Floats:
    """Not pooled, as the interval. 0 for any difference without variance, where that interval is a point."""
    n1, n2 = _filled(n1), _filled(n2)
    variance = k1 * (n1 - k1) / n1 / n1 / n1 + k2 * (n2 - k2) / n2 / n2 / n2
    return _ratio_p(k1 / n1 - k2 / n2, variance)


def agresti_caffo_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats) -> Floats:
    """Wald after adding one to both outcomes of both samples."""
    return wald_difference_p(k1 + 1.0, _filled(n1) + 2.0, k2 + 1.0, _filled(n2) + 2.0)


def miettinen_nurminen_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats) -> Floats:
    """The score test of no difference with N - 1 for N: Pearson's chi-squared times (N - 1) / N.

    The score of the interval need not fall all the way to 0: where one sample is hundreds of times the other,
    the interval may hold 0 although p is smaller than its error.
    """
    n1, n2 = _filled(n1), _filled(n2)
    total = np.where(n1 + n2 > 1.0, n1 + n2, np.nan)
    pooled = (k1 + k2) * (total - k1 - k2) / total / total
    return _ratio_p(k1 / n1 - k2 / n2, pooled * (1.0 / n1 + 1.0 / n2) * total / (total - 1.0))


def newcombe_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats) -> Floats:
    """Where Newcombe's hybrid of two Wilson intervals touches 0."""
    return _newcombe_p(k1, n1, k2, n2, 0.0)


def newcombe_cc_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats) -> Floats:
    """The same with continuity correction: 1 where the corrections alone reach 0."""
    return _newcombe_p(k1, n1, k2, n2, 0.5)


def _newcombe_p(k1: Floats, n1: Floats, k2: Floats, n2: Floats, correction: float) -> Floats:
    n1, n2 = _filled(n1), _filled(n2)
    gap = k1 / n1 - k2 / n2
    first_higher = gap >= 0.0
    high, low = _ordered(first_higher, (k1, n1), (k2, n2))

    def downwards(k: Floats, n: Floats) -> Sample:
        return k / n, (n - k) / n, n, np.minimum(k, correction) / n

    # The upper limit of the lower share is the lower limit of those who do not count.
    down, up = downwards(*high), downwards(low[1] - low[0], low[1])
    gap = np.abs(gap)
    # With both limits no farther than their corrections, 0 lies inside at every level.
    free = gap * gap > down[3] * down[3] + up[3] * up[3]
    return _hybrid_p(gap, free, _wilson_z, down, up)


def _wilson_z(reach: Floats, share: Floats, rest: Floats, n: Floats, correction: Floats) -> Floats:
    """Critical value whose Wilson limit lies so far below the share."""
    truth = share - reach
    spread = truth * (rest + reach)
    distance = np.maximum(reach - correction, 0.0)
    return np.where(spread > 0.0, distance * np.sqrt(n / spread), np.inf)


# Net promoter scores as fractions: promoters less detractors.


def net_wald_p(first: Groups, second: Groups) -> Floats:
    """Difference over its standard error, divisor n. 0 for any difference without variance."""
    (score1, variance1), (score2, variance2) = _net_moments(*first), _net_moments(*second)
    return _ratio_p(score1 - score2, variance1 + variance2)


def net_adjusted_wald_p(first: Groups, second: Groups) -> Floats:
    """Wald after adding 3/4, 3/2 and 3/4 of an answer to both samples."""

    def added(down: Floats, between: Floats, up: Floats) -> Groups:
        return down + 0.75, between + 1.5 + 0.0 * _filled(down + between + up), up + 0.75

    return net_wald_p(added(*first), added(*second))


def _net_moments(down: Floats, between: Floats, up: Floats) -> tuple[Floats, Floats]:
    n = _filled(down + between + up)
    return (up - down) / n, (4.0 * down * up + between * (down + up)) / n / n / n


def net_mover_p(first: Groups, second: Groups) -> Floats:
    """Where MOVER on the two score intervals touches 0."""
    gap = _net_moments(*first)[0] - _net_moments(*second)[0]
    high, low = _ordered(gap >= 0.0, first, second)

    def downwards(down: Floats, between: Floats, up: Floats) -> Sample:
        n = _filled(down + between + up)
        scarce = np.where(up >= down, down, up)
        return scarce / n, between / n, np.where(up >= down, 1.0, -1.0), n

    # The upper limit of a score is the lower limit of its mirror image.
    gap = np.abs(gap)
    return _hybrid_p(gap, gap > 0.0, _score_z, downwards(*high), downwards(*low[::-1]))


def _score_z(reach: Floats, scarce: Floats, between: Floats, sign: Floats, n: Floats) -> Floats:
    """Critical value whose score limit (Tango 1998) lies so far below the score.

    As in `intervals.nps_score`, all is written in sums of shares measured from the nearer end of the scale.
    """
    from_end = 2.0 * scarce + between
    step = sign * reach
    u = from_end + step
    x = 1.0 - u
    # Likeliest share q of the scarcer group there: 2 q² + b q - scarce x u = 0.
    b = between - from_end * from_end - step * (1.0 + from_end)
    root = np.sqrt(np.maximum(b * b + 8.0 * scarce * x * u, 0.0))
    q = np.where(b > 0.0, 2.0 * scarce * x * u / (b + root), (root - b) / 4.0)
    variance = np.where((u > 0.0) & (u < 2.0), 2.0 * q + x * u, 0.0)
    return np.where(variance > 0.0, reach * np.sqrt(n / variance), np.inf)


# The hybrid of two intervals.


def _ordered(first_higher: npt.NDArray[np.bool_], first: Sample, second: Sample) -> tuple[Sample, Sample]:
    """The two samples of each row, the higher one before."""
    pairs = [(np.where(first_higher, a, b), np.where(first_higher, b, a)) for a, b in zip(first, second, strict=True)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def _hybrid_p(
    gap: Floats, free: npt.NDArray[np.bool_], statistic: Callable[..., Floats], down: Sample, up: Sample
) -> Floats:
    """p at which a limit of the MOVER interval is 0.

    The lower limit of the difference is `gap - hypot(a, b)`, with the limits of the two samples lying a below
    the higher and b above the lower estimate. At 0 the two are the legs of a right triangle over the gap, and
    there is one angle at which both belong to the same critical value. `statistic` gives that value for a leg
    in closed form, so no interval has to be searched for.

    `free`: where the limits can reach so far at all, else p is 1 (NaN where undefined).
    """
    p = np.where(np.isnan(gap), np.nan, 1.0)
    rows = np.flatnonzero(free)
    for at in range(0, len(rows), _BLOCK):
        block = rows[at : at + _BLOCK]
        samples = [tuple(column[block] for column in sample) for sample in (down, up)]
        with np.errstate(all="ignore"):  # supposed truths off the scale, and limits that do not move at all
            p[block] = normal_p(_hybrid_z(gap[block], statistic, *samples))
    return p


_FARTHEST = 60.0  # log of the ratio of the legs: samples whose sizes differ by a factor of 1e50


def _hybrid_z(gap: Floats, statistic: Callable[..., Floats], down: Sample, up: Sample) -> Floats:
    z = np.empty(len(gap))
    rows = np.arange(len(gap))
    v = np.zeros(len(gap))  # log of the ratio of the legs
    low, high, last, before = v - _FARTHEST, v + _FARTHEST, v + np.nan, v + np.nan
    while len(rows):
        ratio = np.exp(v)
        leg = gap / np.sqrt(1.0 + ratio * ratio)
        below, above = statistic(leg, *down), statistic(ratio * leg, *up)
        # Nearly a line of slope -1, as both values grow nearly like their legs: the secant is quick.
        value = np.log(below / above)
        low, high = np.where(value > 0.0, v, low), np.where(value > 0.0, high, v)
        slope = (value - before) / (v - last)
        step = -value / np.where((slope < 0.0) & (slope > -np.inf), slope, -1.0)
        trial = np.where((low <= v + step) & (v + step <= high), v + step, (low + high) / 2.0)
        # A limit that stays where it is from some value on jumps there; the other sample's value counts.
        found = np.where(np.isfinite(below) & (below > 0.0), below, above)
        # The two sides move apart by sine² and cosine² of the angle: weighted so, most of a step is in already.
        weight = 1.0 / (1.0 + ratio * ratio)
        z[rows] = np.where(np.isfinite(value), found * np.exp(-(1.0 - weight) * value), found)
        # The bracket shrinks with every step, and NaN is done at once.
        busy = (np.abs(trial - v) > 1e-9) & (high - low > 1e-9)
        last, before, v = v, value, trial
        if 2 * np.count_nonzero(busy) < len(busy):  # rows that are done cost less than taking them out one by one
            rows = rows[busy]
            v, low, high, last, before, gap = (a[busy] for a in (v, low, high, last, before, gap))
            down, up = tuple(a[busy] for a in down), tuple(a[busy] for a in up)
    return z


def stepwise_p(excludes_zero: Callable[[float], bool]) -> float:
    """p of an interval that can only be asked: its level is 1 - p where it stops excluding 0.

    `excludes_zero` takes a level. For the limits of medians, which move in steps.
    """
    log_p_low, log_p_high = math.log(1e-15), 0.0
    if excludes_zero(1.0 - 1e-15):
        return 0.0
    while log_p_high - log_p_low > 1e-10:
        middle = (log_p_low + log_p_high) / 2.0
        if excludes_zero(-math.expm1(middle)):
            log_p_high = middle
        else:
            log_p_low = middle
    return math.exp(log_p_high)


# Means.


class Means(NamedTuple):
    """Size, mean and mean squared deviation (divisor n) of samples."""

    n: Floats
    mean: Floats
    variance: Floats

    def with_ends(self, low: float, high: float) -> Means:
        """With a quarter answer more at each end of the scale; the sample of `intervals.mean_adjusted_t`."""
        n = np.where(self.n > 0.5, self.n, np.nan)
        middle = (n * self.mean + 0.25 * (low + high)) / (n + 0.5)
        ends = 0.25 * ((low - middle) ** 2 + (high - middle) ** 2)
        return Means(n + 0.5, middle, (n * (self.variance + (self.mean - middle) ** 2) + ends) / (n + 0.5))


def welch(first: Means, second: Means, confidence: float) -> Limits:
    """Welch's interval (1947) of the first mean less the second; NaN where a sample has a single answer."""
    estimate, square, df = _welch(first, second)
    margin = t_value(confidence, df) * np.sqrt(square)
    return estimate - margin, estimate + margin


def welch_p(first: Means, second: Means) -> Floats:
    """Welch's test. 0 for any difference without variance, where the interval is a point."""
    estimate, square, df = _welch(first, second)
    certain = np.where(estimate == 0.0, 1.0, 0.0) + 0.0 * square
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(square > 0.0, student_p(np.abs(estimate) / np.sqrt(square), df), certain)


def _welch(first: Means, second: Means) -> tuple[Floats, Floats, Floats]:
    """Difference, squared standard error, degrees of freedom."""
    df1, df2 = (np.where(sample.n > 1.0, sample.n, np.nan) - 1.0 for sample in (first, second))
    square1, square2 = first.variance / df1, second.variance / df2
    square = square1 + square2
    # From the shares of the square, so that nothing over- or underflows; 1 where nothing varies.
    varies = np.where(square > 0.0, square, 1.0)
    parts = (square1 / varies) ** 2 / df1 + (square2 / varies) ** 2 / df2
    return first.mean - second.mean, square, 1.0 / np.where(square > 0.0, parts, 1.0) + 0.0 * square


def adjusted_welch(first: Means, second: Means, low: float, high: float, confidence: float) -> Limits:
    """Welch with a quarter answer more at each end of the scale in both samples; within the scale's width."""
    below, above = welch(first.with_ends(low, high), second.with_ends(low, high), confidence)
    return np.clip(below, low - high, high - low), np.clip(above, low - high, high - low)


def adjusted_welch_p(first: Means, second: Means, low: float, high: float) -> Floats:
    """The same as a test."""
    return welch_p(first.with_ends(low, high), second.with_ends(low, high))


# Student's distribution.

_CUT = 76.0  # exp(-76 / 2) of the integrand is below rounding


@cache
def _rule() -> list[tuple[float, float]]:
    nodes, shares = np.polynomial.legendre.leggauss(40)
    return list(zip(((nodes + 1.0) / 2.0).tolist(), (shares / 2.0).tolist(), strict=True))


def student_p(t: Floats, df: Floats) -> Floats:
    """Two-sided tail of Student's t; `df` may be fractional. NaN where either is."""
    p = np.empty(len(t))
    for at in range(0, len(t), _BLOCK):
        rows = slice(at, at + _BLOCK)
        # In y² = df log(1 + t²/df) the density is nearly normal whatever df is, so one rule of Gauss and
        # Legendre holds for all: to 1e-9 from df = 0.1 on, to 1e-13 from 1 on.
        y = np.sqrt(df[rows] * np.log1p(t[rows] * t[rows] / df[rows]))
        p[rows] = np.exp(-y * y / 2.0) * _beyond(y, df[rows]) / _beyond(np.zeros_like(y), df[rows])
    return p


def _beyond(start: Floats, df: Floats) -> Floats:
    """Integral of the density in y from `start` on, over exp(-start²/2)."""
    width = _CUT / (start + np.sqrt(start * start + _CUT))
    total: Any = 0.0
    for node, share in _rule():
        step = width * node
        y = start + step
        w = y * y / df
        total = total + share * np.exp(-step * (start + step / 2.0)) * np.sqrt(w / -np.expm1(-w))
    return np.asarray(total * width)
