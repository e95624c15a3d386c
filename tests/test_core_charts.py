"""Limits of charts and funnels against exact distributions, enumeration and plain formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from cxscore import intervals
from cxscore._core import charts

tails = st.sampled_from([0.025, 0.001, 0.1])
shares = st.sampled_from([0.0, 0.02, 0.3, 0.5, 0.85, 0.97, 1.0])
mixes = st.sampled_from([(0.55, 0.15), (0.9, 0.02), (0.02, 0.03), (0.0, 0.4), (0.5, 0.5), (0.3, 0.3)])


def limits(n: float, up: float, down: float, tail: float) -> tuple[float, float]:
    low, high = charts.exact_limits(np.array([float(n)]), up, down, tail)
    return float(low[0]), float(high[0])


@given(st.integers(1, 60), shares, tails)
def test_a_share_is_outside_where_its_tail_is_a_surprise(n: int, share: float, tail: float) -> None:
    low, high = limits(n, share, 0.0, tail)
    k = np.arange(n + 1)
    assert (stats.binom.cdf(k, n, share) < tail * (1 - 1e-12)).tolist() == (k / n < low - 1e-12).tolist()
    assert (stats.binom.sf(k - 1, n, share) < tail * (1 - 1e-12)).tolist() == (k / n > high + 1e-12).tolist()


@given(st.integers(1, 60), st.sampled_from([0.02, 0.3, 0.85]))
def test_that_is_where_clopper_pearson_does_not_hold_the_centre(n: int, share: float) -> None:
    low, high = limits(n, share, 0.0, 0.025)
    k = np.arange(n + 1)
    found_low, found_high = intervals.proportion(k, n, method="clopper-pearson", confidence=0.95)
    outside = (k / n < low) | (k / n > high)
    assert ((share < found_low) | (share > found_high)).tolist() == outside.tolist()


def enumerated(n: int, up: float, down: float) -> dict[int, float]:
    """Probability of each net of n answers, by the multinomial formula."""
    found = dict.fromkeys(range(-n, n + 1), 0.0)
    for ups in range(n + 1):
        for downs in range(n + 1 - ups):
            ways = math.factorial(n) // (math.factorial(ups) * math.factorial(downs) * math.factorial(n - ups - downs))
            found[ups - downs] += ways * up**ups * down**downs * (1.0 - up - down) ** (n - ups - downs)
    return found


@given(st.integers(1, 12), mixes, tails)
def test_a_net_is_outside_where_its_tail_is_a_surprise(n: int, mix: tuple[float, float], tail: float) -> None:
    low, high = limits(n, *mix, tail)
    chance = enumerated(n, *mix)
    for net in chance:
        at_most = sum(p for other, p in chance.items() if other <= net)
        at_least = sum(p for other, p in chance.items() if other >= net)
        if abs(at_most - tail) > 1e-9:
            assert (at_most < tail) == (net / n < low - 1e-12)
        if abs(at_least - tail) > 1e-9:
            assert (at_least < tail) == (net / n > high + 1e-12)


@given(st.floats(0.1, 3_000.0), mixes, tails)
def test_the_mirrored_figure_has_mirrored_limits(n: float, mix: tuple[float, float], tail: float) -> None:
    low, high = limits(n, *mix, tail)
    assert (-high, -low) == pytest.approx(limits(n, *mix[::-1], tail))
    assert -1.0 <= low <= mix[0] - mix[1] <= high <= 1.0


def test_spiegelhalters_formula() -> None:
    """r - (F(r) - p) / (F(r) - F(r - 1)), over n, with r the quantile of the binomial (2005, A.1.1)."""
    n, share, p = 40, 0.8, 0.025
    r = stats.binom.ppf(p, n, share)
    at, before = stats.binom.cdf([r, r - 1], n, share)
    assert (r - (at - p) / (at - before)) / n == pytest.approx(limits(n, share, 0.0, p)[0])


@pytest.mark.parametrize("mix", [(0.5, 0.3), (0.9, 0.02), (0.95, 0.0), (0.99, 0.0), (0.05, 0.0)])
@pytest.mark.parametrize("tail", [0.025, 0.001])
def test_the_expansion_is_as_good_as_the_distribution(
    mix: tuple[float, float], tail: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = limits(charts.EXACT_TO, *mix, tail)
    monkeypatch.setattr(charts, "EXACT_TO", 0)
    expanded = limits(1_000.0, *mix, tail)
    assert np.subtract(exact, expanded) * 1_000.0 == pytest.approx([0.0, 0.0], abs=0.1)  # answers


def test_between_whole_numbers_the_limits_are_interpolated() -> None:
    less, more, between = (limits(n, 0.6, 0.2, 0.025) for n in (20, 21, 20.25))
    assert np.array(less) * 0.75 + np.array(more) * 0.25 == pytest.approx(between)


def test_many_sizes_at_once_are_each_alone() -> None:
    n = np.array([3.0, 1_500.0, 3.0, 0.4, 80.5])
    low, high = charts.exact_limits(n, 0.7, 0.1, 0.025)
    for i, size in enumerate(n.tolist()):
        assert limits(size, 0.7, 0.1, 0.025) == (low[i], high[i])
    assert (low[3], high[3]) == (-1.0, 1.0)  # less than one answer is no surprise


def test_without_variance_the_centre_is_the_limit() -> None:
    assert (1.0, 1.0) == limits(5_000.0, 1.0, 0.0, 0.001)
    assert limits(5.0, 0.0, 0.0, 0.001) == (0.0, 0.0)
    empty, _ = charts.exact_limits(np.empty(0), 0.5, 0.1, 0.025)
    assert empty.shape == (0,)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 9), st.floats(0.1, 9)), min_size=1, max_size=9))
def test_all_answers_together(rows: list[tuple[float, float, float]]) -> None:
    """Two answers a row, at one standard deviation either side, have its mean and variance."""
    values, variances, weights = (np.array(part) for part in zip(*rows, strict=True))
    mean, variance = charts.pooled(values, variances, weights)
    answers = np.concatenate([values - np.sqrt(variances), values + np.sqrt(variances)])
    twice = np.concatenate([weights, weights])
    expected = np.average(answers, weights=twice)
    assert expected == pytest.approx(mean, rel=1e-9, abs=1e-9)
    assert np.average((answers - expected) ** 2, weights=twice) == pytest.approx(variance, rel=1e-7, abs=1e-7)


def test_equal_figures_are_their_mean() -> None:
    values = np.full(3, 100.0 / 3.0)
    assert charts.pooled(values, np.zeros(3), np.array([0.1, 0.2, 0.7])) == (100.0 / 3.0, 0.0)
    assert charts.pooled(np.ones(1), np.array([-1e-16]), np.ones(1)) == (1.0, 0.0)
    assert all(map(math.isnan, charts.pooled(np.empty(0), np.empty(0), np.empty(0))))


def test_sigma_z_is_the_mean_moving_range() -> None:
    assert charts.sigma_z(np.array([0.0, 2.0, -1.0])) == pytest.approx((2.0 + 3.0) / 2.0 / 1.128)
    assert math.isnan(charts.sigma_z(np.array([1.0])))


def test_extremes_are_drawn_in() -> None:
    deviations = np.arange(-5.0, 6.0)  # tenths at -4 and 4
    expected = (2 * 16 + 2 * sum(k * k for k in range(1, 5))) / 11
    assert expected == pytest.approx(charts.winsorised_dispersion(deviations))
    assert math.isnan(charts.winsorised_dispersion(np.empty(0)))


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 400)), min_size=2, max_size=12))
def test_the_variance_between_groups_is_dersimonian_and_lairds(rows: list[tuple[float, int]]) -> None:
    values, n = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    variance = 4.0
    centre, _ = charts.pooled(values, np.zeros(len(n)), n)
    dispersion = float((np.square(values - centre) * n / variance).mean())
    with np.errstate(all="ignore"):  # statsmodels goes on with a variance below 0
        expected = combine_effects(values, variance / n, method_re="dl").tau2
    assert max(expected, 0.0) == pytest.approx(charts.additive_dispersion(dispersion, n, variance), rel=1e-6, abs=1e-9)


def test_one_group_has_no_variance_between() -> None:
    assert charts.additive_dispersion(5.0, np.array([10.0]), 1.0) == 0.0


def test_drawn_limits() -> None:
    low, high = charts.drawn_limits(np.array([25.0, 0.0]), 0.5, 0.25, 3.0)
    assert (low[0], high[0]) == pytest.approx((0.2, 0.8))
    assert np.isnan([low[1], high[1]]).all()
