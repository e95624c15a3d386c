"""Limits for many figures of one kind: control charts in order of time, funnels in order of size.

Arrays have one entry a group; `n` is what a figure is worth in answers and may be fractional. A figure is a
share, a net or a mean; each answer to a share counts 0 or 1, to a net -1, 0 or 1.

May know: numpy and the distributions next door. May not know: results, units, names of charts.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .distributions import z_value

__all__ = ["additive_dispersion", "drawn_limits", "exact_limits", "pooled", "sigma_z", "winsorised_dispersion"]

Floats = npt.NDArray[np.float64]

# Up to here the distribution of a sum of answers is added up answer by answer; beyond, its expansion is as
# good as that to a fraction of one answer.
EXACT_TO = 1_000
# Expected distance of two standard normals, to the digits that every control chart is drawn with.
_D2 = 1.128


def pooled(values: Floats, variances: Floats, weights: Floats) -> tuple[float, float]:
    """Mean and variance of all answers together; NaN without any."""
    total = weights.sum()
    if not total > 0.0:
        return math.nan, math.nan
    mean = (weights * values).sum() / total
    mean = np.clip(mean, values.min(), values.max())  # rounding must not make equal figures differ
    variance = (weights * (variances + np.square(values - mean))).sum() / total
    return float(mean), max(float(variance), 0.0)  # weighted shares may add up to a rounding more than 1


def sigma_z(deviations: Floats) -> float:
    """Standard deviation of standardised figures in order, by the mean of their moving ranges (Laney 2002)."""
    if len(deviations) < 2:
        return math.nan
    return float(np.abs(np.diff(deviations)).mean()) / _D2


def winsorised_dispersion(deviations: Floats, share: float = 0.1) -> float:
    """Mean square of standardised figures, the extreme ones drawn in to the quantiles (Spiegelhalter 2005)."""
    if not len(deviations):
        return math.nan
    low, high = np.quantile(deviations, [share, 1.0 - share])
    return float(np.square(np.clip(deviations, low, high)).mean())


def additive_dispersion(dispersion: float, n: Floats, variance: float) -> float:
    """Variance between groups that explains the dispersion (DerSimonian and Laird 1986), 0 or more."""
    weights = n / variance
    total = weights.sum()
    room = total - np.square(weights).sum() / total
    excess = len(n) * dispersion - (len(n) - 1)
    return float(excess / room) if excess > 0.0 and room > 0.0 else 0.0


def exact_limits(n: Floats, up: float, down: float, tail: float) -> tuple[Floats, Floats]:
    """Limits of a net or share that chance passes with probability below `tail` on either side.

    A whole number of answers has the interpolated limits of its exact distribution (Spiegelhalter 2005, A.1.1; the
    upper one is the lower one of the mirrored figure, so that both keep to `tail`): a sum lies outside exactly where
    a sum as extreme has a probability below `tail`. Between whole numbers the limits are interpolated. Many
    answers have the Cornish-Fisher expansion with its continuity correction.

    Args:
        n: answers of each group.
        up: probability of an answer of +1.
        down: probability of an answer of -1.
        tail: probability on one side.

    Returns:
        Low and high per answer, between -1 (0 for a share) and 1.
    """
    low, high = np.empty(len(n)), np.empty(len(n))
    many = n > EXACT_TO
    low[many] = _expanded(n[many], up, down, tail)
    high[many] = -_expanded(n[many], down, up, tail)
    few, where = np.unique(n[~many], return_inverse=True)
    if len(few):
        floor = np.floor(few).astype(np.int64)
        wanted = np.union1d(floor, floor + 1)
        at, part = np.searchsorted(wanted, floor), few - floor
        for limits, exact in zip((low, high), _interpolated(wanted, up, down, tail), strict=True):
            limits[~many] = (exact[at] * (1.0 - part) + exact[at + 1] * part)[where]
    least, most = -1.0 if down else 0.0, 1.0 if up else 0.0
    return np.clip(low, least, most), np.clip(high, least, most)


def _interpolated(wanted: npt.NDArray[np.int64], up: float, down: float, tail: float) -> tuple[Floats, Floats]:
    """Limits for some whole numbers of answers, ascending; without answers there are none but -1 and 1."""
    step = np.array([down, 1.0 - up - down, up])
    low, high = np.full(len(wanted), -1.0), np.full(len(wanted), 1.0)
    places = {int(n): i for i, n in enumerate(wanted)}
    chance = np.ones(1)  # of the sums from -n to n
    for n in range(1, int(wanted[-1]) + 1):
        chance = np.convolve(chance, step)
        if n in places:
            low[places[n]] = _lowest(chance, tail) / n
            high[places[n]] = -_lowest(chance[::-1], tail) / n
    return low, high


def _lowest(chance: Floats, tail: float) -> float:
    """The sum below which everything is a surprise, drawn back towards the one before it."""
    below = np.cumsum(chance)
    first = int(np.searchsorted(below, tail))
    before = float(below[first - 1]) if first else 0.0
    return first - len(chance) // 2 - (float(below[first]) - tail) / (float(below[first]) - before)


def _expanded(n: Floats, up: float, down: float, tail: float) -> Floats:
    """Lower limits by the expansion of Cornish and Fisher (1938), to the fourth cumulant."""
    mean, square = up - down, up + down
    variance = square - mean * mean
    if not variance > 0.0:
        return np.full(len(n), mean)
    third = mean - 3.0 * mean * square + 2.0 * mean**3
    fourth = square - 4.0 * mean * mean + 6.0 * mean**2 * square - 3.0 * mean**4 - 3.0 * variance**2
    skew, excess = third / variance**1.5 / np.sqrt(n), fourth / variance**2 / n
    z = -z_value(1.0 - 2.0 * tail)
    z = (
        z
        + (z * z - 1.0) * skew / 6.0
        + (z**3 - 3.0 * z) * excess / 24.0
        - (2.0 * z**3 - 5.0 * z) * np.square(skew) / 36.0
    )
    limits: Floats = mean + z * np.sqrt(variance / n) - 0.5 / n
    return limits


def drawn_limits(n: Floats, centre: float, variance: float, z: float) -> tuple[Floats, Floats]:
    """Limits at z standard errors; NaN where there are no answers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(n > 0.0, z * np.sqrt(variance / n), math.nan)
    return centre - reach, centre + reach
