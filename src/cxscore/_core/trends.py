"""Trends over periods: weighted lines, the Cochran-Armitage test, Mann-Kendall with Theil-Sen.

One series at a time: `x` places of the periods, `y` their figures, `n` the answers they are worth, all float
arrays without missing values. Undefined figures are NaN.

May know: numpy and the distributions next door. May not know: results, units, which direction is good.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .distributions import t_tail

__all__ = [
    "Line",
    "Monotone",
    "least_squares",
    "mann_kendall",
    "random_effects",
    "theil_sen",
    "two_sided_normal",
    "two_sided_t",
]

Floats = npt.NDArray[np.float64]


class Line(NamedTuple):
    """A line through weighted figures."""

    slope: float
    centre_x: float
    centre_y: float
    """The line passes through (centre_x, centre_y)."""
    squares: float
    """Weighted sum of squares of x about its centre."""
    residual: float
    """Weighted mean square of the figures about the line, on K - 2 degrees of freedom."""

    def at(self, x: Floats) -> Floats:
        """Heights of the line."""
        return self.centre_y + self.slope * (x - self.centre_x)


class Monotone(NamedTuple):
    """Mann and Kendall's statistic."""

    s: float
    variance: float
    z: float
    """With Kendall's continuity correction."""


def least_squares(x: Floats, y: Floats, weights: Floats) -> Line:
    """The weighted line. Residuals need three periods, a slope two."""
    total = weights.sum()
    centre_x, centre_y = float((weights * x).sum() / total), float((weights * y).sum() / total)
    from_centre = x - centre_x
    squares = float((weights * np.square(from_centre)).sum())
    slope = float((weights * from_centre * y).sum()) / squares
    residuals = y - centre_y - slope * from_centre
    freedom = len(x) - 2
    mean_square = float((weights * np.square(residuals)).sum()) / freedom if freedom else math.nan
    return Line(slope, centre_x, centre_y, squares, mean_square)


def random_effects(x: Floats, y: Floats, n: Floats, variance: float) -> tuple[Line, float]:
    """The line when periods also differ by chance of their own, and the variance of that chance.

    The variance between periods is that of the moments about the n-weighted line (DerSimonian and Laird's, with a
    slope); weights are then the inverse variances of the figures, so that the line's residual mean square is 1
    where both variances are right (Knapp and Hartung 2003).

    Args:
        x: places of the periods.
        y: their figures.
        n: answers they are worth.
        variance: of one answer; above 0.
    """
    line = least_squares(x, y, n)
    excess = (len(x) - 2) * (line.residual - variance)
    # Each weight less its leverage: what a variance of 1 between periods adds to the sum of squares.
    share = n * (1.0 / n.sum() + np.square(x - line.centre_x) / line.squares)
    between = max(0.0, excess / float((n * (1.0 - share)).sum()))
    return least_squares(x, y, 1.0 / (variance / n + between)), between


def mann_kendall(x: Floats, y: Floats) -> Monotone:
    """Concordant minus discordant pairs, its variance with ties (Kendall 1975), and z."""
    count = len(x)
    first, second = np.triu_indices(count, 1)
    s = float(np.sign((x[second] - x[first]) * (y[second] - y[first])).sum())
    variance = max(_kendall(np.array([count])) - _kendall(_ties(x)) - _kendall(_ties(y)), 0.0)
    z = (s - math.copysign(1.0, s)) / math.sqrt(variance) if s and variance else 0.0
    return Monotone(s, variance, z)


def _ties(values: Floats) -> npt.NDArray[np.int64]:
    return np.unique(values, return_counts=True)[1].astype(np.int64)


def _kendall(sizes: npt.NDArray[np.int64]) -> float:
    return float((sizes * (sizes - 1) * (2 * sizes + 5)).sum()) / 18.0


def theil_sen(x: Floats, y: Floats, variance: float, z: float) -> tuple[float, float, float]:
    """Median of the slopes of all pairs, and Sen's (1968) limits from their ranks.

    Args:
        x: places; pairs at one place have no slope.
        y: figures.
        variance: of the Mann-Kendall statistic.
        z: two-sided normal critical value.

    Returns:
        Slope, low, high; infinite where no pair is extreme enough for the level.
    """
    first, second = np.triu_indices(len(x), 1)
    run = x[second] - x[first]
    slopes = np.sort((y[second] - y[first])[run != 0.0] / run[run != 0.0])
    half = z * math.sqrt(variance)
    low, high = round((len(slopes) - half) / 2.0), round((len(slopes) + half) / 2.0) + 1
    return (
        float(np.median(slopes)),
        float(slopes[low - 1]) if low >= 1 else -math.inf,
        float(slopes[high - 1]) if high <= len(slopes) else math.inf,
    )


def two_sided_normal(z: float) -> float:
    """Probability of a standard normal at least as far from 0."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def two_sided_t(t: float, df: float) -> float:
    """Probability of Student's t at least as far from 0."""
    t = min(abs(t), 1e150)  # beyond, its square is no float
    return 2.0 * t_tail(t, df) if t > 1e-150 else 1.0
