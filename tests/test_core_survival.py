"""Kaplan-Meier curves against R, statsmodels, exact fractions and type-2 quantiles."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from cxscore._core import survival as sv

Z95 = 1.959963984540054

# Freireich et al. (1963), the 6-MP arm of MASS::gehan; R 4.2.2 survival::survfit gives the table below:
# time, at risk, deaths, survival, standard error.
SIX_MP_DEATHS = [10, 7, 23, 22, 6, 16, 6, 6, 13]
SIX_MP_CENSORED = [32, 34, 32, 25, 11, 20, 19, 17, 35, 9, 6, 10]
SIX_MP_TABLE = [
    (6, 21, 3, 0.857142857142857, 0.0763603548321213),
    (7, 17, 1, 0.80672268907563, 0.0869352851800572),
    (10, 15, 1, 0.752941176470588, 0.0963496529943205),
    (13, 12, 1, 0.690196078431372, 0.10681470777501),
    (16, 11, 1, 0.627450980392157, 0.114053865256753),
    (22, 7, 1, 0.53781512605042, 0.128233751693034),
    (23, 6, 1, 0.448179271708683, 0.13459145675576),
]


def ints(values):
    array = np.array(values, np.int64)
    array.flags.writeable = False
    return array


@pytest.fixture
def six_mp():
    return sv.curve(ints(SIX_MP_DEATHS), ints(SIX_MP_CENSORED))


durations = st.lists(st.integers(0, 12) | st.integers(0, 2**45), max_size=30)


def test_six_mp_equals_r(six_mp):
    times, at_risk, deaths, survival, error = zip(*SIX_MP_TABLE, strict=True)
    assert list(times) == six_mp.times.tolist()
    assert list(at_risk) == six_mp.at_risk.tolist()
    assert list(deaths) == six_mp.deaths.tolist()
    assert list(survival) == pytest.approx(six_mp.survival, rel=1e-12)
    assert list(error) == pytest.approx(six_mp.survival * np.sqrt(six_mp.greenwood_sum), rel=1e-12)


def test_six_mp_quantiles(six_mp):
    # The first times at which the table above is at or below 3/4 and 1/2; it never falls to 1/4.
    assert sv.quantile(six_mp, 0.25) == 13.0
    assert sv.quantile(six_mp, 0.5) == 23.0
    assert math.isnan(sv.quantile(six_mp, 0.75))


@pytest.mark.parametrize("q", [0.25, 0.5, 0.75])
def test_six_mp_log_log_interval(six_mp, q):
    theirs = SurvfuncRight(SIX_MP_DEATHS + SIX_MP_CENSORED, [1] * 9 + [0] * 12).quantile_ci(q, method="cloglog")
    expected = [limit if math.isfinite(limit) else math.nan for limit in theirs]
    assert expected == pytest.approx(sv.quantile_interval(six_mp, q, Z95), nan_ok=True)


def slow_curve(events, censored):
    s, greenwood, rows = Fraction(1), Fraction(0), []
    for t in sorted(set(events)):
        at_risk = sum(e >= t for e in events) + sum(c >= t for c in censored)
        deaths = events.count(t)
        s *= Fraction(at_risk - deaths, at_risk)
        greenwood += Fraction(deaths, at_risk * (at_risk - deaths)) if at_risk > deaths else 0
        rows.append((t, at_risk, deaths, s, greenwood if at_risk > deaths else math.inf))
    return rows


@given(events=durations, censored=durations)
@settings(max_examples=150, deadline=None)
def test_equals_exact_fractions(events, censored):
    expected = slow_curve(events, censored)
    found = sv.curve(ints(events), ints(censored))
    assert [row[:3] for row in expected] == list(
        zip(found.times.tolist(), found.at_risk.tolist(), found.deaths.tolist(), strict=True)
    )
    assert [float(row[3]) for row in expected] == pytest.approx(found.survival, rel=1e-13)
    assert [float(row[4]) for row in expected] == pytest.approx(found.greenwood_sum, rel=1e-13)
    if not censored:  # the share of the count, to the last bit
        assert [float(row[3]) for row in expected] == found.survival.tolist()


@given(events=st.lists(st.integers(1, 30), min_size=1), censored=st.lists(st.integers(1, 30)))
@settings(max_examples=50, deadline=None)
def test_equals_statsmodels(events, censored):
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = SurvfuncRight(events + censored, [1] * len(events) + [0] * len(censored))
    ours = sv.curve(ints(events), ints(censored))
    assert theirs.surv_times.tolist() == ours.times.tolist()
    assert theirs.n_risk.tolist() == ours.at_risk.tolist()
    assert theirs.n_events.tolist() == ours.deaths.tolist()
    assert theirs.surv_prob == pytest.approx(ours.survival, abs=1e-12)


@given(events=durations, censored=durations)
@settings(max_examples=60, deadline=None)
def test_counts_take_the_same_path(events, censored):
    times = sorted(set(events) | set(censored))
    from_counts = sv.curve_from_counts(
        ints(times), ints([events.count(t) for t in times]), ints([censored.count(t) for t in times])
    )
    for expected, found in zip(sv.curve(ints(events), ints(censored)), from_counts, strict=True):
        assert expected.tolist() == found.tolist()


@given(events=st.lists(st.integers(0, 2**45), min_size=1, max_size=40), eighths=st.integers(0, 64))
@settings(max_examples=150, deadline=None)
def test_nothing_censored_is_type_2(events, eighths):
    q = eighths / 64  # exact, so that numpy's n * q is
    expected = np.quantile(np.array(events, float), q, method="averaged_inverted_cdf")
    assert expected == sv.quantile(sv.curve(ints(events), ints([])), q)


@pytest.mark.parametrize("n", [10, 100, 1_000, 100_000])
def test_decimal_quantiles_meet_their_step(n):
    # 1 - 0.9 is not the float 0.1, nor 0.29 * 100 the float 29.
    curve = sv.curve(np.arange(1, n + 1), ints([]))
    for percent in range(10, 100, 10 if n == 10 else 1):
        assert percent * n / 100 + 0.5 == sv.quantile(curve, percent / 100)


def test_flat_piece_with_censored_times_in_it():
    # S = 3/4 from 2, then 1/2 from 8: the flat piece at 1/2 ends at 10. 3 and 4 make the steps unequal.
    curve = sv.curve(ints([2, 8, 10]), ints([9]))
    assert curve.survival.tolist() == [0.75, 0.5, 0.0]
    assert sv.quantile(curve, 0.5) == 9.0
    assert sv.quantile(curve, 0.25) == 5.0


@pytest.mark.parametrize(
    ("events", "censored", "q", "expected"),
    [
        pytest.param([], [], 0.5, math.nan, id="nothing"),
        pytest.param([], [3], 0.5, math.nan, id="nothing ended"),
        pytest.param([1], [5, 5], 0.5, math.nan, id="not reached"),
        pytest.param([1], [5], 0.5, 1.0, id="flat for ever"),
        pytest.param([1, 7], [], 1.0, 7.0, id="the last"),
        pytest.param([1, 7], [], 0.0, 1.0, id="the first"),
    ],
)
def test_quantile_at_the_ends(events, censored, q, expected):
    assert sv.quantile(sv.curve(ints(events), ints(censored)), q) == pytest.approx(expected, nan_ok=True)


def slow_interval(curve, q, z):
    """First times at which each limit, point by point, is at or below 1 - q."""
    limits = [
        (float(t), *sv.survival_interval(float(s), float(g), z))
        for t, s, g in zip(curve.times, curve.survival, curve.greenwood_sum, strict=True)
        if s > 0
    ]
    low = next((t for t, lower, _ in limits if lower <= 1 - q), math.nan)
    high = next((t for t, _, upper in limits if upper <= 1 - q), math.nan)
    return low, high


@given(events=durations, censored=durations, q=st.sampled_from([0.1, 0.5, 0.77, 0.9]))
@settings(max_examples=150, deadline=None)
def test_quantile_interval_crosses_the_limits(events, censored, q):
    curve = sv.curve(ints(events), ints(censored))
    assert sv.quantile_interval(curve, q, 1.96) == pytest.approx(slow_interval(curve, q, 1.96), nan_ok=True)


@pytest.mark.parametrize("q", [0.02, 0.5, 0.9, 0.995])
def test_quantile_interval_in_windows(q, monkeypatch):
    rng = np.random.default_rng(5)
    curve = sv.curve(rng.integers(0, 10**9, 3_000), rng.integers(0, 3 * 10**9, 1_000))
    expected = slow_interval(curve, q, Z95)
    monkeypatch.setattr(sv, "_WINDOW", 4)
    assert sv.quantile_interval(curve, q, Z95) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("q", [0.0, 1.0])
def test_no_limits_for_extremes(q, six_mp):
    assert all(math.isnan(limit) for limit in sv.quantile_interval(six_mp, q, Z95))


def test_no_limits_where_all_end_at_once():
    assert all(math.isnan(x) for x in sv.quantile_interval(sv.curve(ints([5, 5]), ints([])), 0.5, Z95))


def test_survival_at_counts_the_instant_itself(six_mp):
    assert sv.survival_at(six_mp, 5) == (1.0, 0.0)
    assert sv.survival_at(six_mp, 6)[0] == pytest.approx(18 / 21)
    assert sv.survival_at(six_mp, 6.5)[0] == pytest.approx(18 / 21)
    s, greenwood_sum = sv.survival_at(six_mp, 1_000)
    assert s == pytest.approx(0.448179271708683)
    assert s * math.sqrt(greenwood_sum) == pytest.approx(0.13459145675576)


def test_survival_interval_by_hand():
    # S = 18/21, Greenwood 3/(21*18), on the log(-log) scale.
    s, g = 18 / 21, 3 / (21 * 18)
    centre, error = math.log(-math.log(s)), math.sqrt(g) / -math.log(s)
    expected = tuple(math.exp(-math.exp(centre + sign * Z95 * error)) for sign in (1, -1))
    assert sv.survival_interval(s, g, Z95) == pytest.approx(expected)


@pytest.mark.parametrize(("s", "g"), [(1.0, 0.0), (0.0, math.inf)])
def test_survival_interval_without_variance(s, g):
    assert sv.survival_interval(s, g, Z95) == (s, s)
