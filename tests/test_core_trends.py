"""Lines and rank tests against statsmodels, SciPy and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxscore._core import trends

heights = st.integers(-100, 100).map(float)
sizes = st.integers(1, 5_000).map(float)
periods = st.lists(st.tuples(heights, sizes), min_size=3, max_size=14)


def columns(rows: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, n = (np.array(part) for part in zip(*rows, strict=True))
    return np.arange(len(rows), dtype=float), y, n


@given(periods)
def test_the_line_is_that_of_statsmodels(rows: list[tuple[float, float]]) -> None:
    x, y, n = columns(rows)
    line = trends.least_squares(x, y, n)
    expected = sm.WLS(y, sm.add_constant(x), weights=n).fit()
    assert expected.params[1] == pytest.approx(line.slope, rel=1e-9, abs=1e-9)
    assert expected.mse_resid == pytest.approx(line.residual, rel=1e-9, abs=1e-6)
    assert expected.fittedvalues == pytest.approx(line.at(x), rel=1e-9, abs=1e-9)
    assert expected.bse[1] == pytest.approx(math.sqrt(line.residual / line.squares), rel=1e-7, abs=1e-6)


def test_two_periods_have_a_slope_and_no_residuals() -> None:
    line = trends.least_squares(np.array([0.0, 3.0]), np.array([1.0, 7.0]), np.array([2.0, 9.0]))
    assert line.slope == pytest.approx(2.0)
    assert math.isnan(line.residual)


@given(periods, st.floats(0.1, 1e4))
def test_the_variance_between_periods_is_that_of_the_moments(rows: list[tuple[float, float]], variance: float) -> None:
    """DerSimonian and Laird with a slope, written with the projection matrix of the n-weighted line."""
    x, y, n = columns(rows)
    design = sm.add_constant(x)
    weights = np.diag(n / variance)
    inner = np.linalg.inv(design.T @ weights @ design)
    projection = weights - weights @ design @ inner @ design.T @ weights
    expected = max(0.0, float(y @ projection @ y - (len(x) - 2)) / float(np.trace(projection)))
    line, between = trends.random_effects(x, y, n, variance)
    assert expected == pytest.approx(between, rel=1e-6, abs=1e-6)
    again = trends.least_squares(x, y, 1.0 / (variance / n + between))
    assert again.slope == pytest.approx(line.slope)


@given(st.lists(heights, min_size=3, max_size=12), sizes)
def test_periods_of_one_size_need_no_random_effects(values: list[float], size: float) -> None:
    x, y = np.arange(len(values), dtype=float), np.array(values)
    n = np.full(len(y), size)
    plain = trends.least_squares(x, y, n)
    line, _ = trends.random_effects(x, y, n, 100.0)
    assert plain.slope == pytest.approx(line.slope, rel=1e-9, abs=1e-9)
    # Either way the standard error is what the scatter says, where that is more than chance.
    expected = math.sqrt(max(100.0, plain.residual) / plain.squares)
    assert expected == pytest.approx(math.sqrt(max(1.0, line.residual) / line.squares), rel=1e-6)


def by_hand(x: list[float], y: list[float]) -> tuple[float, float]:
    """Mann and Kendall's S and its variance, pair by pair."""
    n = len(x)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    s = sum(float(np.sign((x[j] - x[i]) * (y[j] - y[i]))) for i, j in pairs)
    variance = n * (n - 1) * (2 * n + 5)
    for column in (x, y):
        for value in set(column):
            ties = column.count(value)
            variance -= ties * (ties - 1) * (2 * ties + 5)
    return s, max(variance, 0) / 18.0


@given(st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 9).map(float)), min_size=2, max_size=12))
def test_mann_kendall_by_hand(points: list[tuple[float, float]]) -> None:
    x, y = (list(part) for part in zip(*points, strict=True))
    found = trends.mann_kendall(np.array(x), np.array(y))
    s, variance = by_hand(x, y)
    assert (s, variance) == pytest.approx((found.s, found.variance))
    z = 0.0 if not s or not variance else (s - math.copysign(1.0, s)) / math.sqrt(variance)
    assert z == pytest.approx(found.z)


@given(st.lists(heights, min_size=3, max_size=20))
def test_mann_kendall_without_its_correction_is_scipys_kendall(values: list[float]) -> None:
    x, y = np.arange(len(values), dtype=float), np.array(values)
    found = trends.mann_kendall(x, y)
    if found.variance:
        expected = stats.kendalltau(x, y, method="asymptotic").pvalue
        assert expected == pytest.approx(trends.two_sided_normal(found.s / math.sqrt(found.variance)), rel=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 9).map(float), heights), min_size=4, max_size=20), st.sampled_from([0.9, 0.95])
)
def test_theil_sen_is_scipys(points: list[tuple[float, float]], level: float) -> None:
    x, y = (np.array(part) for part in zip(*points, strict=True))
    variance = trends.mann_kendall(x, y).variance
    if not variance:  # SciPy subtracts more ties than there are and takes the root of what is left
        return
    slope, low, high = trends.theil_sen(x, y, variance, float(stats.norm.ppf((1.0 + level) / 2.0)))
    expected = stats.theilslopes(y, x, level)
    assert expected.slope == pytest.approx(slope, rel=1e-9, abs=1e-9)
    # Where no pair is extreme enough SciPy gives the most extreme slope; here there is no limit.
    assert math.isinf(low) or expected.low_slope == pytest.approx(low, rel=1e-9, abs=1e-9)
    assert math.isinf(high) or expected.high_slope == pytest.approx(high, rel=1e-9, abs=1e-9)


def test_three_periods_give_theil_sen_no_limits() -> None:
    x = np.arange(3.0)
    variance = trends.mann_kendall(x, x).variance
    assert (1.0, -math.inf, math.inf) == trends.theil_sen(x, x, variance, 2.0)


@given(st.floats(-40, 40), st.integers(1, 60))
def test_tails_are_scipys(t: float, df: int) -> None:
    assert 2.0 * stats.t.sf(abs(t), df) == pytest.approx(trends.two_sided_t(t, df), rel=1e-9)
    assert 2.0 * stats.norm.sf(abs(t)) == pytest.approx(trends.two_sided_normal(t), rel=1e-9)


@pytest.mark.parametrize(("t", "expected"), [(0.0, 1.0), (1e-300, 1.0), (math.inf, 0.0), (-1e300, 0.0)])
def test_tails_at_their_ends(t: float, expected: float) -> None:
    assert expected == pytest.approx(trends.two_sided_t(t, 4), abs=1e-100)
