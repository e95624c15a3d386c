"""How many answers a survey needs: for a margin of error, and to detect a difference.

Every function takes and gives plain numbers. Nets and means are in their own unit with the variance of one
answer; a share is a net of two points, counted 0 and 1.

May know: numpy and the formulas next door. May not know: names of metrics, units of figures, scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .distributions import t_value, z_value
from .intervals import mean_adjusted_t, nps_score, wilson

__all__ = [
    "difference",
    "mean_difference",
    "mean_margin",
    "net_difference",
    "net_margin",
    "net_margin_of_variance",
    "net_variance",
    "normal_quantile",
    "of_population",
    "share_margin",
]

Mix = tuple[float, float, float]
"""Shares of the answers that count -1, 0 and +1."""


def of_population(n: int, population: int) -> int:
    """Answers out of a finite population that are worth `n` out of an endless one (Cochran 1977, ch. 4)."""
    # The variance shrinks by (N - k) / (N - 1) when k of N are asked; in whole numbers, rounded up.
    return -(-n * population // (population - 1 + n))


def normal_quantile(level: float) -> float:
    """Standard normal quantile of a level from one half to 1."""
    return 0.0 if level == 0.5 else z_value(2.0 * level - 1.0)


def net_variance(mix: Mix) -> float:
    """Variance of one answer that counts -1, 0 or +1."""
    down, middle, up = mix
    # Sums of shares alone: nothing cancels near a perfect score.
    return 4.0 * down * up + middle * (down + up)


# A margin: the interval reaches no further than that to either side, on average.


def net_margin(mix: Mix, margin: float, z: float) -> int:
    """Answers for a net within ± margin, both as fractions: as many as its variance needs, or more where the
    score interval is wider."""
    down, middle, up = mix
    closed = net_margin_of_variance(net_variance(mix), margin, z)
    return _until(closed, margin, lambda n: _half(nps_score(down * n, middle * n, up * n, z)))


def net_margin_of_variance(variance: float, margin: float, z: float) -> int:
    """Answers for a net of which only the variance is known: z² s² / margin² - 3, from the adjusted Wald
    interval of Rocks (2016), as MeasuringU plans with it."""
    return max(math.ceil(z * z * variance / (margin * margin) - 3.0), 1)


def share_margin(share: float, margin: float, z: float) -> int:
    """Answers for a share within ± margin: z² p (1 - p) / margin² - z² (adjusted Wald), or more where the
    Wilson interval is wider."""
    closed = z * z * (share * (1.0 - share) / (margin * margin) - 1.0)
    return _until(closed, margin, lambda n: _half(wilson(share * n, n, z)))


def mean_margin(sd: float, low: float, high: float, margin: float, confidence: float) -> int:
    """Answers for a mean within ± margin: z² sd² / margin², or more where the adjusted t interval is wider."""
    middle, reach = (low + high) / 2.0, (high - low) / 2.0
    closed = (z_value(confidence) * sd / margin) ** 2
    # Answers of this spread may centre anywhere up to here, and the further from the middle, the more the two
    # pseudo-answers at the ends spread them.
    off_centre = max(reach * reach - sd * sd, 0.0)

    def half_width(n: float) -> float:
        spread = sd * sd + 0.5 / (n + 0.5) * off_centre
        return _half(mean_adjusted_t(n, middle, spread, low, high, confidence))

    return _until(closed, margin, half_width)


def _half(limits: tuple[float, float]) -> float:
    return (limits[1] - limits[0]) / 2.0


def _until(closed: float, margin: float, half_width: Callable[[float], float]) -> int:
    """The first whole number from the closed form on whose interval is narrow enough."""
    low = high = max(math.ceil(closed), 1)
    while half_width(float(high)) > margin:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if half_width(float(middle)) > margin:
            low = middle
        else:
            high = middle
    return high


# A difference: a two-sided test of two independent groups of n each finds it with the power asked for.


def net_difference(mix: Mix, change: float, z: float, z_power: float) -> int | None:
    """Answers a group when the net of one of them is higher or lower by so much, whichever needs more; None
    where neither can be."""
    others = [other for other in (_raised(mix, change), _raised(mix[::-1], change)) if other is not None]
    needs = (difference(net_variance(mix) + net_variance(other), change, z, z_power) for other in others)
    return max(needs, default=None)


def difference(variances: float, change: float, z: float, z_power: float) -> int:
    """Answers a group for two groups with this sum of variances (for shares: Fleiss, Levin and Paik 2003, ch. 4)."""
    # If nothing differed, both groups would have the variance of both together.
    null = variances + change * change / 2.0
    return max(math.ceil(((z * math.sqrt(null) + z_power * math.sqrt(variances)) / change) ** 2), 1)


def _raised(mix: Mix, change: float) -> Mix | None:
    """The mix after its net has risen by so much, None where it cannot: answers go from one end to the other,
    and from the middle only when that end is empty."""
    down, middle, up = mix
    across = min(down, change / 2.0)
    half_way = change - 2.0 * across
    if half_way > middle + 1e-12:  # rounding of shares that add up to 1
        return None
    half_way = min(half_way, middle)
    return down - across, middle - half_way, up + across + half_way


def mean_difference(sd: float, difference: float, confidence: float, power: float) -> int:
    """Answers a group for the t test of two means: the least number with that power."""
    z = z_value(confidence) + normal_quantile(power)
    n = max(math.ceil(2.0 * (z * sd / difference) ** 2), 2)  # what known spreads would need
    while _t_test_power(n, difference, sd, confidence) < power:
        n += 1
    return n


_NODES = 801


def _t_test_power(n: int, difference: float, sd: float, confidence: float) -> float:
    """Power of the two-sided t test of two groups of n: that of the normal test if the spread came out s times
    too large, averaged over the density of s."""
    if sd == 0.0:
        return 1.0
    df = 2.0 * n - 2.0
    critical, shift = t_value(confidence, df), difference / sd * math.sqrt(n / 2.0)
    reach = 9.0 / math.sqrt(2.0 * df)
    s = np.linspace(max(1.0 - reach, 0.0), 1.0 + reach, _NODES)[1:]
    log_density = (df - 1.0) * np.log(s) - df * s * s / 2.0
    density = np.exp(log_density - log_density.max())
    power = [_tail(critical * x - shift) + _tail(critical * x + shift) for x in s.tolist()]
    return float(density @ np.array(power) / density.sum())


def _tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2.0)) / 2.0
