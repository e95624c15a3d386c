"""NPS, CSAT and CES: figures against plain arithmetic, intervals against the public formulas, weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

import cxscore as cx
from cxscore import intervals
from cxscore._core import scores
from cxscore._core.distributions import z_value
from strategies import PRESETS, answers, confidences, scales, weights

METRICS = [cx.nps, cx.csat, cx.ces]
CASES = scales.flatmap(lambda scale: st.tuples(st.just(scale), answers(scale, min_size=1)))


# -- figures -----------------------------------------------------------------------------------------


def share(points: list[int], band: range) -> Fraction:
    return Fraction(sum(point in band for point in points), len(points))


@given(CASES)
def test_nps_is_the_difference_of_two_shares(case: tuple[cx.Scale, list[int]]) -> None:
    scale, points = case
    result = cx.nps(points, scale=scale)
    good, poor = share(points, scale.good), share(points, scale.poor)
    assert result.score == pytest.approx(float(100 * (good - poor)), abs=1e-12)
    assert (result.promoter_share, result.detractor_share) == (float(good), float(poor))
    assert result.passive_share == float(1 - good - poor)
    assert result.promoters + result.passives + result.detractors == result.n == len(points)
    assert result.mean == pytest.approx(float(Fraction(sum(points), len(points))), rel=1e-14)
    assert result.total_weight == result.effective_n == len(points)
    assert result.headline == result.score


@given(CASES)
def test_csat_keeps_the_neutral_answers_in_the_denominator(case: tuple[cx.Scale, list[int]]) -> None:
    scale, points = case
    result = cx.csat(points, scale=scale)
    good, poor = share(points, scale.good), share(points, scale.poor)
    assert result.satisfied_share == float(good)
    assert result.dissatisfied_share == float(poor)
    assert result.score == pytest.approx(float(100 * good), abs=1e-12)
    assert result.net == pytest.approx(float(100 * (good - poor)), abs=1e-12)
    assert result.satisfied + result.neutral + result.dissatisfied == result.n


@given(CASES)
def test_ces_gives_all_four_figures(case: tuple[cx.Scale, list[int]]) -> None:
    scale, points = case
    result = cx.ces(points, scale=scale)
    top, difficult = share(points, scale.top_two), share(points, scale.poor)
    assert result.score == pytest.approx(float(Fraction(sum(points), len(points))), rel=1e-14)
    assert result.easy_share == float(share(points, scale.good))
    assert result.top_two_share == float(top)
    assert result.difficult_share == float(difficult)
    assert result.net_index == pytest.approx(float(100 * (top - difficult)), abs=1e-12)
    assert (result.easy, result.difficult) == (
        sum(point in scale.good for point in points), sum(point in scale.poor for point in points),
    )  # fmt: skip


def test_low_is_good_is_the_mirror_image() -> None:
    effort = [1, 1, 2, 3, 4, 5, 2]
    low, high = cx.ces(effort, scale=cx.CES_EFFORT_1_5), cx.ces([6 - point for point in effort], scale=cx.CES_1_5)
    assert (low.easy, low.difficult, low.easy_interval) == (high.easy, high.difficult, high.easy_interval)
    assert (low.net_index, low.net_interval, low.top_two_share) == (
        high.net_index,
        high.net_interval,
        high.top_two_share,
    )
    assert low.score == pytest.approx(6 - high.score)
    assert cx.csat(effort, scale=cx.CES_EFFORT_1_5).score == cx.csat([6 - point for point in effort]).score


def test_bands_that_overlap_in_the_net_index() -> None:
    # Of two points both are the top two; the poor one of them counts for and against.
    result = cx.ces([0, 1, 1, 1], scale=cx.CSAT_THUMBS)
    assert (result.top_two_share, result.difficult_share, result.net_index) == (1.0, 0.25, 75.0)
    assert tuple(result.net_interval) == pytest.approx(intervals.nps(0, 1, 3))


@pytest.mark.parametrize("metric", METRICS)
def test_no_answers_leave_everything_undefined(metric: Callable[..., Any]) -> None:
    for column in ([], iter(()), np.array([]), {}, [None], [math.nan, None]):
        result = metric(column, scale=cx.CSAT_1_5)
        assert result.n == sum(result.distribution.values()) == 0
        assert math.isnan(result.score)
        assert (
            all(math.isnan(limit) for limit in (*result.interval, *result.iid_interval, *result.net_interval))
            if metric is not cx.nps
            else all(math.isnan(limit) for limit in result.interval)
        )


@pytest.mark.parametrize("metric", METRICS)
@given(answers(cx.CES_1_7, min_size=1), st.randoms())
def test_order_does_not_matter(metric: Callable[..., Any], points: list[int], random: Any) -> None:
    shuffled = random.sample(points, len(points))
    assert metric(shuffled, scale=cx.CES_1_7) == metric(points, scale=cx.CES_1_7)


# -- intervals ---------------------------------------------------------------------------------------


@given(CASES, confidences)
def test_intervals_are_those_of_the_public_formulas(case: tuple[cx.Scale, list[int]], confidence: float) -> None:
    scale, points = case
    settings: dict[str, Any] = {"scale": scale, "confidence": confidence}
    for method in ("score", "adjusted-wald", "wald"):
        net = cx.nps(points, method=method, **settings)
        expected = intervals.nps(net.detractors, net.passives, net.promoters, method=method, confidence=confidence)
        assert tuple(net.interval) == pytest.approx(expected, abs=1e-10)
        assert net.iid_interval == net.interval
        assert (net.interval.method, net.interval.confidence) == (method, confidence)
    for method in ("wilson", "agresti-coull", "wald"):
        satisfaction = cx.csat(points, method=method, **settings)
        low, high = intervals.proportion(satisfaction.satisfied, len(points), method=method, confidence=confidence)
        assert tuple(satisfaction.interval) == pytest.approx((100 * low, 100 * high), abs=1e-10)
        assert tuple(satisfaction.net_interval) == pytest.approx(tuple(cx.nps(points, **settings).interval), abs=1e-10)
    effort = cx.ces(points, **settings)
    expected = intervals.mean(points, low=scale.low, high=scale.high, method="adjusted-t", confidence=confidence)
    assert tuple(effort.interval) == pytest.approx(expected, abs=1e-9)
    assert tuple(cx.ces(points, method="t", **settings).interval) == pytest.approx(
        intervals.mean(points, method="t", confidence=confidence), abs=1e-9, nan_ok=True
    )
    for figure, interval in (
        (effort.easy_share, effort.easy_interval),
        (effort.top_two_share, effort.top_two_interval),
    ):
        expected = intervals.proportion(round(figure * len(points)), len(points), confidence=confidence)
        assert tuple(interval) == pytest.approx(expected, abs=1e-10)


@given(CASES)
def test_default_intervals_stay_in_bounds_and_hold_the_figure(case: tuple[cx.Scale, list[int]]) -> None:
    scale, points = case
    for result, low, high in (
        (cx.nps(points, scale=scale), -100, 100),
        (cx.csat(points, scale=scale), 0, 100),
        (cx.ces(points, scale=scale), scale.low, scale.high),
    ):
        assert low <= result.interval.low <= result.score + 1e-9
        assert result.score - 1e-9 <= result.interval.high <= high


# -- weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@given(scales, st.data())
def test_weights_of_one_change_nothing(metric: Callable[..., Any], scale: cx.Scale, data: st.DataObject) -> None:
    points = data.draw(answers(scale))
    plain, weighted = (
        metric(points, scale=scale).to_dict(),
        metric(points, scale=scale, weights=[1] * len(points)).to_dict(),
    )
    assert weighted.pop("signature") == plain.pop("signature") + "|weights:given"
    assert weighted == plain


@pytest.mark.parametrize("metric", METRICS)
@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 6)), min_size=1, max_size=30))
def test_whole_weights_give_the_score_of_repeated_answers(
    metric: Callable[..., Any], table: list[tuple[int, int]]
) -> None:
    points, times = [row[0] for row in table], [row[1] for row in table]
    weighted = metric(points, weights=times, scale=cx.CES_1_7)
    repeated = metric([point for point, count in table for _ in range(count)], scale=cx.CES_1_7)
    assert weighted.score == pytest.approx(repeated.score, rel=1e-12, abs=1e-12)
    assert weighted.total_weight == repeated.n
    assert weighted.n == len(points) == sum(weighted.distribution.values())  # answers, not weights
    assert weighted.effective_n <= weighted.n + 1e-9


@pytest.mark.parametrize("metric", METRICS)
@given(st.lists(st.tuples(st.integers(1, 7), weights), min_size=1, max_size=30))
def test_the_unit_of_the_weights_does_not_matter(metric: Callable[..., Any], table: list[tuple[int, float]]) -> None:
    points, given_weights = [row[0] for row in table], [row[1] for row in table]
    one = metric(points, weights=given_weights, scale=cx.CES_1_7)
    other = metric(points, weights=[weight * 64.0 for weight in given_weights], scale=cx.CES_1_7)
    assert other.score == pytest.approx(one.score, rel=1e-12, abs=1e-12)
    assert tuple(other.interval) == pytest.approx(tuple(one.interval), rel=1e-9, abs=1e-9)
    assert other.effective_n == pytest.approx(one.effective_n)
    assert other.total_weight == pytest.approx(64.0 * one.total_weight)


@given(st.lists(st.tuples(st.integers(0, 10), weights), min_size=2, max_size=30), confidences)
def test_wald_with_weights_is_the_linearised_variance_by_hand(
    table: list[tuple[int, float]], confidence: float
) -> None:
    points, w = np.array([row[0] for row in table]), np.array([row[1] for row in table])
    for metric, value in (
        (cx.nps, 100.0 * ((points >= 9).astype(float) - (points <= 6))),
        (cx.csat, 100.0 * (points >= 9)),
    ):
        if np.ptp(value) == 0.0:
            continue
        mean = (w * value).sum() / w.sum()
        margin = z_value(confidence) * math.sqrt((w**2 * (value - mean) ** 2).sum()) / w.sum()
        result = metric(points, weights=w, scale=cx.NPS_0_10, method="wald", confidence=confidence)
        assert result.score == pytest.approx(mean, abs=1e-9)
        limits = (
            (max(mean - margin, -100), min(mean + margin, 100)) if metric is cx.nps else (mean - margin, mean + margin)
        )
        clipped = (
            [max(-100, min(100, limit)) for limit in result.interval] if metric is cx.nps else list(result.interval)
        )
        assert clipped == pytest.approx(list(limits), abs=1e-7)


@pytest.mark.parametrize(
    ("given_weights", "deff"),
    # facebookresearch/balance, stats_and_plots docstrings: Kish's design effect n Σw² / (Σw)².
    [([0, 1, 2, 3], 1.5555555555555556), ([1, 1, 1000], 2.9880418803112336)],
)
def test_effective_n_is_kish(given_weights: list[float], deff: float) -> None:
    points = [9, 10, 0, 3][: len(given_weights)]
    for metric in METRICS:
        result = metric(points, weights=given_weights, scale=cx.NPS_0_10)
        assert result.n / result.effective_n == pytest.approx(deff, rel=1e-12)


def test_linearised_variance_of_a_weighted_mean_as_published() -> None:
    points = [1, 2, 3, 4]
    result = cx.ces(points, weights=points, method="t")
    assert result.score == 3.0
    assert result.score == DescrStatsW(points, weights=points).mean
    row = [float(point) for point in points]
    mean, variance = scores.mean_and_variance(row, points)
    linearised = variance / scores.effective(row, [point**2 for point in row], row)
    # facebookresearch/balance, stats_and_plots docstrings: var 0.24, 95 % normal limits of the mean.
    assert linearised == pytest.approx(0.24, rel=1e-12)
    margin = z_value(0.95) * math.sqrt(linearised)
    assert (mean - margin, mean + margin) == pytest.approx((2.039817664728938, 3.960182335271062), abs=1e-9)
    # R survey 4.1, svymean(svydesign(~1, weights = w)): the same with n / (n - 1).
    assert math.sqrt(linearised * 4 / 3) == pytest.approx(0.565685424949238, abs=1e-10)


def test_nothing_varies_and_nothing_weighs() -> None:
    same = cx.nps([10, 10, 10], weights=[1, 2, 3])
    assert same.score == 100.0
    assert tuple(same.interval) == pytest.approx(intervals.nps(0, 0, 36 / 14), abs=1e-9)
    for metric in METRICS:
        nothing = metric([5, 1], weights=[0, 0], scale=cx.CSAT_1_5)
        assert (nothing.n, nothing.total_weight) == (2, 0.0)
        assert math.isnan(nothing.score)
        assert nothing.effective_n == 0.0
        assert all(math.isnan(limit) for limit in nothing.interval)


def test_shares_without_anybody_are_exactly_zero() -> None:
    for scale in PRESETS:
        points = [scale.low, scale.high] * 7
        result = cx.nps(points, scale=scale, weights=[0.1] * 14)
        assert result.passive_share == 0.0
        assert result.promoter_share + result.detractor_share == pytest.approx(1.0)


# -- context -----------------------------------------------------------------------------------------


def test_response_rate_and_respondents_where_they_are_known() -> None:
    records = [
        cx.SurveyResponse(score=9, respondent="ada"), cx.SurveyResponse(score=3, respondent="ada"),
        cx.SurveyResponse(score=None, respondent="bob"), cx.SurveyResponse(score=8),
    ]  # fmt: skip
    result = cx.nps(records)
    assert (result.asked, result.response_rate, result.respondents) == (4, 0.75, 1)
    assert cx.nps(cx.Responses(score=[9, 9], respondent=[7, 10**6])).respondents == 2
    plain = cx.nps([9, 3, None, 8])
    assert (plain.asked, plain.response_rate, plain.respondents) == (None, None, None)
    assert plain == cx.nps(records, cluster=False)  # the figures are the same without the context
    assert (plain.score, plain.clusters, result.clusters) == (result.score, None, 2)
    assert math.isnan(cx.nps(cx.Responses(score=[])).response_rate)
