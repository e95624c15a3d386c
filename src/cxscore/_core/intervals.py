"""Confidence intervals as formulas.

Every function takes Python floats or float64 arrays (one element a group) and gives `(low, high)` of the
same kind, to the same bits. Counts may be fractional: weighted and clustered intervals are the same
formulas on the effective number of answers. A group without answers gives NaN to NaN.

May know: numpy and the distributions next door. May not know: scales, results, errors, names of methods.
Nothing is checked here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .distributions import binomial_cdf, binomial_quantile, t_value

__all__ = [
    "agresti_caffo",
    "agresti_coull",
    "mean_adjusted_t",
    "mean_t",
    "miettinen_nurminen",
    "mover",
    "newcombe",
    "newcombe_cc",
    "nps_adjusted_wald",
    "nps_difference_adjusted_wald",
    "nps_difference_mover",
    "nps_difference_wald",
    "nps_score",
    "nps_wald",
    "quantile_ranks",
    "rank_coverage",
    "wald",
    "wald_difference",
    "wilson",
    "wilson_cc",
]

Number: TypeAlias = Any
"""A Python float or a float64 array. One text serves both, and on floats it never calls numpy."""

Limits: TypeAlias = tuple[Number, Number]

Groups: TypeAlias = tuple[Number, Number, Number]
"""Detractors, passives, promoters."""


# The places where a float and an array need different calls.


def _sqrt(x: Number) -> Number:
    """Square root; what rounding left just below zero counts as zero."""
    if isinstance(x, np.ndarray):
        return np.sqrt(np.maximum(x, 0.0))
    return 0.0 if x < 0.0 else math.sqrt(x)


def _square(x: Number) -> Number:
    return x * x  # the power of the C library and that of numpy differ in the last bit


def _clip(x: Number, low: Number, high: Number) -> Number:
    if isinstance(x, np.ndarray):
        return np.clip(x, low, high)
    return low if x < low else high if x > high else x  # comparisons in this order let NaN through


def _above(bound: float, n: Number) -> Number:
    """`n`, or NaN where it is not above the bound; NaN then runs through a formula without a warning."""
    if isinstance(n, np.ndarray):
        return np.where(n > bound, n, np.nan)
    return n if n > bound else math.nan


def _where(condition: Number, yes: Number, no: Number) -> Number:
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


_MOST_STEPS = 100
_BLOCK = 1 << 14  # rows whose working arrays stay in the processor's cache


def _solve(
    step: Callable[..., tuple[Number, Number]], x: Number, low: Number, estimate: Number, *given: Number
) -> Number:
    """The lower limit: where a function, positive from `low` on, turns negative before the estimate.

    Newton from `x`, or a halving of the bracket where Newton would leave it; `step(x, *given)` gives value
    and slope. Newton converges quadratically: when a step is 1e-8 of the way to the estimate, the next
    one would be below rounding.
    """
    if isinstance(x, np.ndarray):
        blocks = (slice(at, at + _BLOCK) for at in range(0, len(x), _BLOCK))
        parts = [_solve_block(step, x[rows], low[rows], estimate[rows], *(g[rows] for g in given)) for rows in blocks]
        return np.concatenate(parts) if parts else x
    high = estimate
    for _ in range(_MOST_STEPS):
        value, slope = step(x, *given)
        if value > 0.0:
            low = x
        else:
            high = x
        x, last = x - value / slope, x
        if not low <= x <= high:
            x = (low + high) / 2.0
        if not abs(x - last) > 1e-8 * (estimate - x):
            break
    return x


def _solve_block(
    step: Callable[..., tuple[Number, Number]], x: Number, low: Number, estimate: Number, *given: Number
) -> Number:
    """The loop of `_solve` on arrays. A row that is done is taken out, so it ends where a float would."""
    result, rows, high = np.empty_like(x), np.arange(len(x)), estimate
    for _ in range(_MOST_STEPS):
        value, slope = step(x, *given)
        low, high = np.where(value > 0.0, x, low), np.where(value > 0.0, high, x)
        x, last = x - value / slope, x
        x = np.where((low <= x) & (x <= high), x, (low + high) / 2.0)
        result[rows] = x
        busy = np.abs(x - last) > 1e-8 * (estimate - x)
        if not busy.any():
            break
        rows, x, low, high, estimate = (a[busy] for a in (rows, x, low, high, estimate))
        given = tuple(a[busy] for a in given)
    return result


# One proportion: k of n.


def wilson(k: Number, n: Number, z: float) -> Limits:
    """Wilson's score interval (1927). Low is exactly 0 at k = 0, high exactly 1 at k = n."""
    n = _above(0.0, n)
    root = z * z / 2.0 + z * _sqrt(k * (n - k) / n + z * z / 4.0)
    # Low comes from the product of the two roots: the difference would cancel where k is small.
    return k * k / n / (k + root), (k + root) / (n + z * z)


def wilson_cc(k: Number, n: Number, z: float) -> Limits:
    """Wilson with continuity correction (Newcombe 1998, method 4): each limit half an answer further out."""
    return wilson(_clip(k - 0.5, 0.0, n), n, z)[0], wilson(_clip(k + 0.5, 0.0, n), n, z)[1]


def agresti_coull(k: Number, n: Number, z: float) -> Limits:
    """Agresti and Coull (1998): Wald after adding z²/2 to both outcomes. May pass 0 and 1; not clipped."""
    return wald(k + z * z / 2.0, _above(0.0, n) + z * z, z)


def wald(k: Number, n: Number, z: float) -> Limits:
    """Estimate ± z standard errors, divisor n. May pass 0 and 1; not clipped."""
    n = _above(0.0, n)
    share = k / n
    margin = z * _sqrt(share * (1.0 - share) / n)
    return share - margin, share + margin


# Difference of two independent proportions: k1/n1 - k2/n2.


def mover(first: Number, first_limits: Limits, second: Number, second_limits: Limits) -> Limits:
    """Interval of first - second from the interval of each (Zou and Donner 2008)."""
    (low1, high1), (low2, high2) = first_limits, second_limits
    below = _sqrt(_square(first - low1) + _square(high2 - second))
    above = _sqrt(_square(high1 - first) + _square(second - low2))
    return first - second - below, first - second + above


def newcombe(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Limits:
    """Newcombe's hybrid of two Wilson intervals (1998, method 10)."""
    share1, share2 = k1 / _above(0.0, n1), k2 / _above(0.0, n2)
    return mover(share1, wilson(k1, n1, z), share2, wilson(k2, n2, z))


def newcombe_cc(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Limits:
    """Newcombe's hybrid with continuity correction (1998, method 11), within -1 to 1."""
    share1, share2 = k1 / _above(0.0, n1), k2 / _above(0.0, n2)
    low, high = mover(share1, wilson_cc(k1, n1, z), share2, wilson_cc(k2, n2, z))
    return _clip(low, -1.0, 1.0), _clip(high, -1.0, 1.0)


def wald_difference(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Limits:
    """Difference ± z standard errors, not pooled. May pass -1 and 1; not clipped."""
    n1, n2 = _above(0.0, n1), _above(0.0, n2)
    share1, share2 = k1 / n1, k2 / n2
    margin = z * _sqrt(share1 * (1.0 - share1) / n1 + share2 * (1.0 - share2) / n2)
    return share1 - share2 - margin, share1 - share2 + margin


def agresti_caffo(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Limits:
    """Agresti and Caffo (2000): Wald after adding one to both outcomes of both samples. Not clipped."""
    return wald_difference(k1 + 1.0, _above(0.0, n1) + 2.0, k2 + 1.0, _above(0.0, n2) + 2.0, z)


def miettinen_nurminen(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Limits:
    """Score interval of Miettinen and Nurminen (1985), with their factor N / (N - 1)."""
    first, second = (k1, _above(0.0, n1)), (k2, _above(0.0, n2))
    return _score_difference_low(*first, *second, z), -_score_difference_low(*second, *first, z)


def _score_difference_low(k1: Number, n1: Number, k2: Number, n2: Number, z: float) -> Number:
    estimate = k1 / n1 - k2 / n2
    # Neither end will do: where the deviation is 0 its slope is infinite, and Newton would not get away.
    start = agresti_caffo(k1, n1, k2, n2, z)[0]
    start = _where(start < estimate, start, (estimate - 1.0) / 2.0)
    start = _clip(start, (estimate - 15.0) / 16.0, estimate)
    total = _above(1.0, n1 + n2)
    scale = z * _sqrt(total / (total - 1.0))
    return _solve(_score_difference_step, start, 0.0 * estimate - 1.0, estimate, k1, n1, k2, n2, scale)


def _score_difference_step(
    x: Number, k1: Number, n1: Number, k2: Number, n2: Number, scale: Number
) -> tuple[Number, Number]:
    """Distance to the estimate less its `scale` likeliest standard errors at the difference x; its slope."""
    # Likeliest share of the second sample when the first's is x higher: the middle root of a cubic
    # (their appendix I), p³ + 3 a2 p² + 3 a1 p + a0 = 0.
    total = n1 + n2
    a2 = ((total + n2) * x - total - k1 - k2) / (3.0 * total)
    a1 = ((n2 * x - total - 2.0 * k2) * x + k1 + k2) / (3.0 * total)
    a0 = k2 * x * (1.0 - x) / total
    share2 = _middle_root(a2, a1, a0)
    share2 = _clip(share2, _clip(-x, 0.0, 1.0), _clip(1.0 - x, 0.0, 1.0))  # rounding
    share1 = share2 + x
    deviation = _sqrt(share1 * (1.0 - share1) / n1 + share2 * (1.0 - share2) / n2)
    # Slopes by the implicit function theorem; the tiny terms only keep 0 / 0 quiet.
    changes = ((total + n2) * share2 + 2.0 * n2 * x - total - 2.0 * k2) * share2 + k2 * (1.0 - 2.0 * x)
    slope2 = -changes / (3.0 * total * ((share2 + 2.0 * a2) * share2 + a1) - 1e-200)
    slope_variance = (1.0 - 2.0 * share1) * (1.0 + slope2) / n1 + (1.0 - 2.0 * share2) * slope2 / n2
    slope = -1.0 - scale * slope_variance / (2.0 * deviation + 1e-200)
    return k1 / n1 - k2 / n2 - x - scale * deviation, slope


def _middle_root(a2: Number, a1: Number, a0: Number) -> Number:
    """Middle one of the three real roots of p³ + 3 a2 p² + 3 a1 p + a0."""
    half = 1.5 * a1 * a2 - a2 * a2 * a2 - a0 / 2.0
    size = _sqrt(a2 * a2 - a1)
    cosine = _clip(half / (size * size * size + 1e-200), -1.0, 1.0)
    if isinstance(cosine, np.ndarray):
        return 2.0 * size * np.cos((np.arccos(cosine) + 4.0 * math.pi) / 3.0) - a2
    return 2.0 * size * math.cos((math.acos(cosine) + 4.0 * math.pi) / 3.0) - a2


# Net promoter score as a fraction, -1 to 1: promoters less detractors.


def nps_wald(detractors: Number, passives: Number, promoters: Number, z: float) -> Limits:
    """Score ± z standard errors, divisor n. May pass -1 and 1; not clipped."""
    score, variance = _nps_moments(detractors, passives, promoters)
    margin = z * _sqrt(variance)
    return score - margin, score + margin


def nps_adjusted_wald(detractors: Number, passives: Number, promoters: Number, z: float) -> Limits:
    """Rocks (2016): Wald after adding 3/4, 3/2 and 3/4 of an answer; clipped to -1 to 1."""
    low, high = nps_wald(*_with_pseudo_answers((detractors, passives, promoters)), z)
    return _clip(low, -1.0, 1.0), _clip(high, -1.0, 1.0)


def _nps_moments(detractors: Number, passives: Number, promoters: Number) -> tuple[Number, Number]:
    """The score and its variance, which this form keeps from cancelling below zero."""
    n = _above(0.0, detractors + passives + promoters)
    variance = (4.0 * detractors * promoters + passives * (detractors + promoters)) / n / n / n
    return (promoters - detractors) / n, variance


def _with_pseudo_answers(groups: Groups) -> Groups:
    detractors, passives, promoters = groups
    n = _above(0.0, detractors + passives + promoters)
    return detractors + 0.75, passives + 1.5 + 0.0 * n, promoters + 0.75  # NaN stays where n is 0


def nps_score(detractors: Number, passives: Number, promoters: Number, z: float) -> Limits:
    """Score interval (Tango 1998, for paired proportions; Rocks 2016 calls it iterative); within -1 to 1."""
    n = _above(0.0, detractors + passives + promoters)
    shares = detractors / n, passives / n, promoters / n
    score = (promoters - detractors) / n
    low = score - _nps_score_reach(score, *shares, n, z)
    high = score + _nps_score_reach(-score, *shares[::-1], n, z)  # the mirror image
    return _clip(low, -1.0, 1.0), _clip(high, -1.0, 1.0)


def _nps_score_reach(
    score: Number, detractors: Number, passives: Number, promoters: Number, n: Number, z: float
) -> Number:
    """How far the score lies above its lower limit."""
    # Sums of positive shares from here on, and no differences from 1 or from the score: a nearly perfect
    # score, or hardly any answer that counts, among a trillion would lose its digits.
    high_score = score >= 0.0
    minority = _where(high_score, detractors, promoters)
    sign = _where(high_score, 1.0, -1.0)
    rest = 2.0 * minority + passives  # 1 - |score|
    bend = passives * (detractors + promoters) - 4.0 * minority * (minority + passives)
    # The likeliest variance at x is at most 1 - x², what it is without passives. There the equation is a
    # quadratic, and its root is never nearer to the score than the limit.
    spread = (2.0 * detractors + passives) * (2.0 * promoters + passives)  # 1 - score²
    start = -z * (z * score + _sqrt(n * spread + z * z)) / (n + z * z)
    given = minority, rest, sign * score, bend, sign, z / _sqrt(n)
    return -_solve(_nps_score_step, start, start, 0.0 * start, *given)


def _nps_score_step(
    y: Number, minority: Number, rest: Number, size: Number, bend: Number, sign: Number, scale: Number
) -> tuple[Number, Number]:
    """Distance to the score less `scale` likeliest standard errors if the truth were y higher; its slope."""
    towards = sign * y
    u, x = rest - towards, size + towards  # the supposed truth from the end of the scale, and from 0
    # Likeliest share q of the minority there: 2 q² + b q - minority u x = 0.
    b = bend + (1.0 + rest) * towards
    root = _sqrt(b * b + 8.0 * minority * u * x)
    q = (root - b) / 4.0
    deviation = _sqrt(2.0 * q + u * x)
    # The tiny terms only keep 0 / 0 quiet, at the end of the scale and where there is no minority.
    q_slope = (minority * (x - u) + (1.0 + rest) * q) / (root + 1e-200)
    slope = -1.0 + sign * scale * (q_slope + 0.5 * (x - u)) / (deviation + 1e-200)
    return -y - scale * deviation, slope


# Difference of two NPS, first less second.


def nps_difference_mover(first: Groups, second: Groups, z: float) -> Limits:
    """MOVER on the two score intervals."""
    return mover(_nps_moments(*first)[0], nps_score(*first, z), _nps_moments(*second)[0], nps_score(*second, z))


def nps_difference_wald(first: Groups, second: Groups, z: float) -> Limits:
    """Difference ± z standard errors, not clipped."""
    (score1, variance1), (score2, variance2) = _nps_moments(*first), _nps_moments(*second)
    margin = z * _sqrt(variance1 + variance2)
    return score1 - score2 - margin, score1 - score2 + margin


def nps_difference_adjusted_wald(first: Groups, second: Groups, z: float) -> Limits:
    """Wald after adding 3/4, 3/2 and 3/4 of an answer to both samples; within -2 to 2."""
    low, high = nps_difference_wald(_with_pseudo_answers(first), _with_pseudo_answers(second), z)
    return _clip(low, -2.0, 2.0), _clip(high, -2.0, 2.0)


# Mean; `variance` is the mean squared deviation (divisor n).


def mean_t(n: Number, mean: Number, variance: Number, confidence: float) -> Limits:
    """Student's interval. NaN for a single answer, which says nothing about spread."""
    df = _above(1.0, n) - 1.0
    margin = t_value(confidence, df) * _sqrt(variance / df)
    return mean - margin, mean + margin


def mean_adjusted_t(n: Number, mean: Number, variance: Number, low: float, high: float, confidence: float) -> Limits:
    """Student's interval after adding a quarter answer at each end of the scale; clipped to the scale."""
    n = _above(0.5, n)
    total = n + 0.5
    middle = (n * mean + 0.25 * (low + high)) / total
    ends = 0.25 * (_square(low - middle) + _square(high - middle))
    squares = n * (variance + _square(mean - middle)) + ends
    df = total - 1.0
    margin = t_value(confidence, df) * _sqrt(squares / df / total)
    return _clip(middle - margin, low, high), _clip(middle + margin, low, high)


# Quantile of one sample.


def quantile_ranks(n: int, q: float, confidence: float) -> tuple[int, int]:
    """Ranks, from 1, of the two order statistics that hold the q-quantile: at most (1 - confidence) / 2
    is missed on either side. Rank 0 is "no lower limit" and n + 1 "no upper limit".
    """
    tail = (1.0 - confidence) / 2.0
    first, cumulative = binomial_cdf(n, q)
    # The quantile lies below rank r with the probability of fewer than r answers below it, which may be the tail
    # itself: rounding must not cost a rank there.
    low = first + int(np.searchsorted(cumulative, tail * (1.0 + 1e-13), side="right"))
    return low, binomial_quantile(1.0 - tail, n, q) + 1


def rank_coverage(n: int, q: float, low: int, high: int) -> float:
    """Probability that the q-quantile lies between the order statistics of these two ranks."""
    first, cumulative = binomial_cdf(n, q)

    def up_to(count: int) -> float:
        index = count - first
        return 0.0 if index < 0 else float(cumulative[min(index, len(cumulative) - 1)])

    return up_to(high - 1) - up_to(low - 1)
