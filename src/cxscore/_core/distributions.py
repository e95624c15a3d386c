"""Quantiles of the distributions that the intervals need: normal, Student t, binomial.

May know: numpy and the standard library. May not know: anything of this package. SciPy has all of this,
but importing `scipy.stats` costs far more than this whole library, and `statistics.NormalDist` pulls in
`fractions`, `decimal` and `random`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, TypeAlias

import numpy as np

__all__ = ["binomial_cdf", "binomial_quantile", "t_tail", "t_value", "z_value"]

Number: TypeAlias = Any
"""A Python float or a float64 array: the formulas use nothing but operators that both have."""


@cache
def z_value(confidence: float) -> float:
    """Two-sided normal critical value: 1.96 for 0.95."""
    tail = (1.0 - confidence) / 2.0
    # Hastings' start (Abramowitz and Stegun 26.2.23) is right to 4.5e-4; each Halley step cubes that.
    # erfc, not erf, because it keeps its relative precision far out in the tail.
    w = math.sqrt(-2.0 * math.log(tail))
    z = w - (2.515517 + w * (0.802853 + w * 0.010328)) / (1.0 + w * (1.432788 + w * (0.189269 + w * 0.001308)))
    for _ in range(3):
        density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
        error = (math.erfc(z / math.sqrt(2.0)) / 2.0 - tail) / density
        z += error / (1.0 - z * error / 2.0)
    return z


def t_value(confidence: float, df: Number) -> Number:
    """Two-sided critical value of Student's t; `df` may be fractional, and is an array or a float.

    A float and an array element of the same value give the same bits. NaN where `df` is not above 0.
    """
    if not isinstance(df, np.ndarray):
        if df >= _SERIES_FROM:
            return _t_series(confidence, df)
        return _t_exact(confidence, df) if df > 0 else math.nan
    value = np.full(df.shape, np.nan)
    many = df >= _SERIES_FROM
    value[many] = _t_series(confidence, df[many])
    few = (df > 0) & ~many
    if few.any():  # one or two answers in a group: seldom many different values
        distinct, where = np.unique(df[few], return_inverse=True)
        value[few] = np.array([_t_exact(confidence, float(v)) for v in distinct])[where]
    return value


# From one degree of freedom on, the critical value is so smooth in 1/df that a short Chebyshev series
# through exact values holds it to 1e-13. A million groups then cost thirty multiplications each, and no
# group its own root search.
_SERIES_FROM = 1.0
_SERIES_TERMS = 30


def _t_series(confidence: float, df: Number) -> Number:
    x = 2.0 / df - 1.0  # 1/df in (0, 1] to (-1, 1]
    # Clenshaw's recurrence.
    last, before = 0.0 * x, 0.0 * x
    coefficients = _t_coefficients(confidence)
    for c in coefficients[:0:-1]:
        last, before = c + 2.0 * x * last - before, last
    return coefficients[0] + x * last - before


@cache
def _t_coefficients(confidence: float) -> tuple[float, ...]:
    terms = _SERIES_TERMS
    angles = [(k + 0.5) * math.pi / terms for k in range(terms)]
    values = [_t_exact(confidence, 2.0 / (1.0 + math.cos(angle))) for angle in angles]
    return tuple(
        (2.0 if j else 1.0) / terms * math.fsum(v * math.cos(j * a) for v, a in zip(values, angles, strict=True))
        for j in range(terms)
    )


# A tiny fraction of a degree of freedom has critical values past any float; this one says as much.
_LARGEST_LOG_T = 300.0


@cache
def _t_exact(confidence: float, df: float) -> float:
    if df < 1e-3:
        return math.exp(_LARGEST_LOG_T)
    log_tail = math.log((1.0 - confidence) / 2.0)
    log_t = math.log(z_value(confidence))
    # The log of the tail area is a concave function of log t, so Newton's steps come down on the root
    # from the right after the first one, whatever the start.
    for _ in range(100):
        t = math.exp(log_t)
        area = t_tail(t, df)
        log_density = (
            math.lgamma((df + 1.0) / 2.0)
            - math.lgamma(df / 2.0)
            - 0.5 * math.log(df * math.pi)
            - (df + 1.0) / 2.0 * math.log1p(t * t / df)
        )
        step = (math.log(area) - log_tail) * area / math.exp(log_t + log_density)
        log_t = min(log_t + step, _LARGEST_LOG_T)
        if abs(step) < 1e-9:  # convergence is quadratic: the next step would be below rounding
            break
    return math.exp(log_t)


def t_tail(t: float, df: float) -> float:
    """P(T > t) for t > 0."""
    a, x, y = df / 2.0, df / (df + t * t), t * t / (df + t * t)
    front = math.exp(math.lgamma(a + 0.5) - math.lgamma(a) - math.lgamma(0.5) + a * math.log(x) + 0.5 * math.log(y))
    if x < (a + 1.0) / (a + 2.5):
        return front * _beta_fraction(a, 0.5, x) / a / 2.0
    return (1.0 - front * _beta_fraction(0.5, a, y) / 0.5) / 2.0


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value, m = d, 0
    while abs(c * d - 1.0) > 2e-15:  # a few roundings, so that it always ends
        m += 1
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            value *= c * d
    return value


def binomial_cdf(n: int, p: float) -> tuple[int, Number]:
    """`(first, F)`: F[i] is P(X <= first + i), for all counts whose probability is not negligible.

    Ratios of neighbouring probabilities from the mode outwards, then scaled to one: no factorial, so a
    billion trials lose no digits.
    """
    # Nothing beyond 12 standard deviations plus 100 counts matters to a double.
    reach = int(12.0 * math.sqrt(n * p * (1.0 - p))) + 100
    first, last = max(0, int(n * p) - reach), min(n, int(n * p) + reach)
    k = np.arange(first, last)
    log_p = np.concatenate(([0.0], np.cumsum(np.log((n - k) / (k + 1.0)) + math.log(p / (1.0 - p)))))
    probability = np.exp(log_p - log_p.max())
    return first, np.cumsum(probability) / probability.sum()


def binomial_quantile(level: float, n: int, p: float) -> int:
    """Smallest count whose cumulative probability reaches `level`."""
    first, cumulative = binomial_cdf(n, p)
    return first + int(np.searchsorted(cumulative, level * (1.0 - 1e-13)))
