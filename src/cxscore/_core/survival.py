"""Kaplan-Meier curves of durations, some of which are still running.

Durations are int64 (microseconds; any unit will do). A tie goes to the event: what is censored at t was still
at risk at t. This module knows nothing of waits, repeats or confidence levels: an interval takes the normal
quantile z.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Curve",
    "curve",
    "curve_from_counts",
    "quantile",
    "quantile_interval",
    "survival_at",
    "survival_interval",
]

Numbers: TypeAlias = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

# S(t) and 1 - q are both rounded: 1 - 0.9 is not the float 0.1, and a product over 1e6 censorings carries some
# 1e-13. Two steps of a curve lie at least 1/n apart, so this takes no step for another up to n = 1e11.
_TOLERANCE = 1e-12
_WINDOW = 1024


class Curve(NamedTuple):
    """One entry a distinct time at which something ended."""

    times: Numbers
    at_risk: Ints
    deaths: Ints
    survival: Floats  # just after the time
    greenwood_sum: Floats  # variance of log S; infinite where S is 0


def curve(events: Ints, censored: Ints) -> Curve:
    """The curve of ended durations and of running ones, both in any order."""
    ordered = _ascending(events)
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    times, deaths = ordered[starts], np.diff(starts, append=len(ordered))
    # A censoring between two events counts at the earlier one, which it outlived. One before the first event
    # was at risk at none. Looked up in order, neighbours find each other in the cache.
    place = np.searchsorted(times, _ascending(censored), side="right")
    lost = np.bincount(place, minlength=len(times) + 1)[1:]
    return _product(times, _at_risk(deaths + lost), deaths)


def curve_from_counts(times: Numbers, deaths: Ints, censored: Ints) -> Curve:
    """The curve from how many ended, and how many were last seen running, at each of ascending times."""
    at_risk = _at_risk(deaths + censored)
    happened = np.flatnonzero(deaths)
    return _product(times[happened], at_risk[happened], deaths[happened])


def _ascending(values: Ints) -> Ints:
    return values if bool((values[1:] >= values[:-1]).all()) else np.sort(values)


def _at_risk(gone: Ints) -> Ints:
    """How many were still there at each time, from how many went at it."""
    return gone[::-1].cumsum()[::-1]


def _product(times: Numbers, at_risk: Ints, deaths: Ints) -> Curve:
    remaining = at_risk - deaths
    # S is the product of remaining / at_risk. Written so, each factor is exactly 1 while nobody is censored,
    # and S is then the exact share of the count: no rounding piles up.
    survival = np.ones(len(times))
    np.divide(remaining[:-1], at_risk[1:], out=survival[1:])
    np.cumprod(survival, out=survival)
    survival *= remaining
    survival /= at_risk[:1]
    greenwood_sum = remaining.astype(np.float64)
    greenwood_sum *= at_risk
    with np.errstate(divide="ignore"):
        np.divide(deaths, greenwood_sum, out=greenwood_sum)
    np.cumsum(greenwood_sum, out=greenwood_sum)
    return Curve(times, at_risk, deaths, survival, greenwood_sum)


def quantile(curve: Curve, q: float) -> float:
    """The time by which a share q has ended; NaN if the curve does not get there.

    The inverse of the curve, and the middle of the flat piece where the curve equals 1 - q. With nothing
    censored that is Hyndman and Fan's type 2. A flat piece with no event after it has no right end, and the
    answer is its left end.
    """
    survival, target = curve.survival, 1.0 - q
    place = _first_at_most(survival, target + _TOLERANCE)
    if place == len(survival):
        return math.nan
    left = float(curve.times[place])
    if survival[place] < target - _TOLERANCE or place + 1 == len(survival):
        return left
    return left + (float(curve.times[place + 1]) - left) / 2


def quantile_interval(curve: Curve, q: float, z: float) -> tuple[float, float]:
    """Brookmeyer and Crowley's limits: where the log-log limits of the curve cross 1 - q.

    A limit is NaN where its curve does not get there. Past the last of the sample, where S is 0, the curve has
    no limits.
    """
    target = 1.0 - q
    n = len(curve.survival)
    if n and curve.survival[-1] == 0.0:
        n -= 1
    if n == 0 or not 0.0 < target < 1.0:
        return math.nan, math.nan
    middle = min(_first_at_most(curve.survival, target), n - 1)

    def crossed(side: float, start: int, stop: int) -> Bools:
        hazard = -np.log(curve.survival[start:stop])
        shift = side * z * np.sqrt(curve.greenwood_sum[start:stop]) / hazard
        return np.asarray(np.log(hazard) + shift >= math.log(-math.log(target)))

    # Limits lie near the estimate, some sqrt(n) of n steps off, so only a window is looked at, which doubles
    # until it holds the crossing. The lower curve crosses at or before the estimate, the upper at or after.
    low = high = math.nan
    width = _WINDOW
    while True:
        start = max(0, middle + 1 - width)
        below = crossed(+1.0, start, middle + 1)
        if start == 0 or not below[0]:
            break
        width *= 2
    if below.any():
        low = float(curve.times[start + int(below.argmax())])
    width = _WINDOW
    while True:
        above = crossed(-1.0, middle, min(middle + width, n))
        if above.any() or middle + width >= n:
            break
        width *= 2
    if above.any():
        high = float(curve.times[middle + int(above.argmax())])
    return low, high


def survival_at(curve: Curve, t: float) -> tuple[float, float]:
    """S(t), the share not ended at t or before, and its Greenwood sum."""
    place = int(np.searchsorted(curve.times, t, side="right")) - 1
    if place < 0:
        return 1.0, 0.0
    return float(curve.survival[place]), float(curve.greenwood_sum[place])


def survival_interval(survival: float, greenwood_sum: float, z: float) -> tuple[float, float]:
    """Log-log limits of S(t).

    At 1 and at 0 the transformation has no value and Greenwood's variance says nothing; the limits are then
    the point itself.
    """
    if survival <= 0.0 or survival >= 1.0:
        return survival, survival
    shift = z * math.sqrt(greenwood_sum) / -math.log(survival)
    return survival ** math.exp(shift), survival ** math.exp(-shift)


def _first_at_most(survival: Floats, level: float) -> int:
    # The curve falls; np.searchsorted would need a negated copy of all of it.
    return bisect_left(survival, -level, key=operator.neg)
