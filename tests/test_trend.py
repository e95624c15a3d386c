"""Directions of series: definitions, published numbers, second opinions, false alarms."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table

import cxscore as cx
from cxscore._core import trends

METHODS: tuple[cx.TrendMethod, ...] = ("least-squares", "random-effects", "cochran-armitage", "mann-kendall")
NINE = datetime(2026, 3, 2, 9)


@cache
def thumbs(satisfied: int, n: int) -> cx.CsatResult:
    return cx.csat({1: satisfied, 0: n - satisfied}, scale=cx.CSAT_THUMBS)


def shares(satisfied: list[int], n: list[int]) -> list[cx.CsatResult]:
    return [thumbs(*pair) for pair in zip(satisfied, n, strict=True)]


def net(up: int, passive: int, down: int) -> cx.NpsResult:
    return cx.nps({10: up, 8: passive, 0: down})


counted = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
series_of_shares = st.lists(counted, min_size=5, max_size=12)


# -- the definition ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(series_of_shares)
def test_the_definition_in_plain_words(rows: list[tuple[int, int]]) -> None:
    k, n = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    x, y = np.arange(len(k)), k / n
    share = k.sum() / n.sum()
    chance = share * (1.0 - share)
    if not chance:
        return
    fit = sm.WLS(y, sm.add_constant(x), weights=n).fit()
    dispersion = fit.mse_resid / chance
    error = math.sqrt(max(1.0, dispersion) * chance / (n * (x - np.average(x, weights=n)) ** 2).sum())
    found = cx.trend([thumbs(*row) for row in rows])
    assert 100.0 * fit.params[1] == pytest.approx(found.slope, rel=1e-9, abs=1e-9)
    assert dispersion == pytest.approx(found.dispersion, rel=1e-9, abs=1e-12)
    t = fit.params[1] / error
    assert 2.0 * stats.t.sf(abs(t), len(k) - 2) == pytest.approx(found.p_value, rel=1e-7, abs=1e-12)
    reach = 100.0 * error * stats.t.ppf(0.975, len(k) - 2)
    assert (found.slope - reach, found.slope + reach) == pytest.approx(tuple(found.interval), rel=1e-7, abs=1e-7)
    if dispersion > 1.0:  # then it is the textbook's weighted regression
        assert fit.pvalues[1] == pytest.approx(found.p_value, rel=1e-7, abs=1e-12)


@given(series_of_shares, st.sampled_from(METHODS))
def test_time_backwards_turns_the_slope_only(rows: list[tuple[int, int]], method: cx.TrendMethod) -> None:
    forth = cx.trend([thumbs(*row) for row in rows], method=method)
    back = cx.trend([thumbs(*row) for row in rows[::-1]], method=method)
    assert -forth.slope == pytest.approx(back.slope, abs=1e-9)
    assert forth.p_value == pytest.approx(back.p_value, abs=1e-9)
    assert forth.dispersion == pytest.approx(back.dispersion, abs=1e-9, nan_ok=True)


@given(series_of_shares)
def test_the_other_answer_has_the_other_slope(rows: list[tuple[int, int]]) -> None:
    found = cx.trend([thumbs(*row) for row in rows])
    mirrored = cx.trend([thumbs(n - k, n) for k, n in rows])
    assert -found.slope == pytest.approx(mirrored.slope, abs=1e-9)
    assert found.p_value == pytest.approx(mirrored.p_value, abs=1e-9)


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 3), min_size=4, max_size=9))
def test_a_net_pools_its_shares(rows: list[tuple[int, int, int]]) -> None:
    """The variance of one answer is that of all periods' answers together, and weights are answers."""
    found = cx.trend([net(*row) for row in rows])
    used = [(place, row) for place, row in enumerate(rows) if sum(row)]
    assert len(used) == found.periods
    answers = np.repeat([100.0, 0.0, -100.0], np.sum(rows, axis=0))
    if len(used) < 4 or not answers.var():
        return
    x = np.array([place for place, _ in used], dtype=float)
    n = np.array([sum(row) for _, row in used], dtype=float)
    y = np.array([100.0 * (up - down) / (up + middle + down) for _, (up, middle, down) in used])
    fit = sm.WLS(y, sm.add_constant(x), weights=n).fit()
    assert fit.params[1] == pytest.approx(found.slope, rel=1e-9, abs=1e-9)
    assert fit.mse_resid / answers.var() == pytest.approx(found.dispersion, rel=1e-7, abs=1e-9)


def test_a_mean_has_the_variance_of_its_answers() -> None:
    rows = [[5, 6, 7, 4], [5, 5, 6, 6], [4, 4, 5, 7], [7, 6, 6, 6], [5, 6, 7, 7]]
    found = cx.trend([cx.ces(row) for row in rows])
    fit = sm.OLS([np.mean(row) for row in rows], sm.add_constant(np.arange(5.0))).fit()
    assert fit.params[1] == pytest.approx(found.slope)
    assert 4.0 * fit.mse_resid / np.var(rows) == pytest.approx(found.dispersion)


def test_weights_and_clusters_count_as_what_they_are_worth() -> None:
    """The same answers with weights of 1 and 3: fewer effective answers, a wider interval."""
    rng = np.random.default_rng(5)
    scores, months = rng.integers(0, 11, 800), np.repeat(np.arange(8), 100)
    plain = cx.trend(cx.nps(scores, by=months))
    weighted = cx.trend(cx.nps(scores, by=months, weights=np.ones(800) * 2.5))
    assert plain.slope == pytest.approx(weighted.slope)
    assert plain.p_value == pytest.approx(weighted.p_value)
    uneven = cx.trend(cx.nps(scores, by=months, weights=rng.choice([1.0, 3.0], 800)))
    assert all(one.n < other.n for one, other in zip(uneven.rows, plain.rows, strict=True))


def test_equal_periods_need_no_random_effects() -> None:
    months = shares([70, 76, 71, 79, 80, 75], [100] * 6)
    plain, random = (cx.trend(months, method=method) for method in ("least-squares", "random-effects"))
    assert plain.slope == pytest.approx(random.slope)
    assert plain.p_value == pytest.approx(random.p_value)


# -- directions --------------------------------------------------------------------------------------


def test_good_is_up_for_scores_and_down_for_repeats() -> None:
    assert cx.trend(shares([60, 66, 71, 77, 84], [100] * 5)).direction == "improving"
    assert cx.trend(shares([84, 77, 71, 66, 60], [100] * 5)).direction == "declining"
    efforts = [cx.ces({1: 40 + 10 * i, 5: 60 - 10 * i}, scale=cx.CES_EFFORT_1_5) for i in range(5)]
    found = cx.trend(efforts)
    assert found.slope < 0
    assert found.direction == "improving"


def repeats(rates: list[float], contacts: int = 400) -> list[cx.RepeatContactsResult]:
    """Months of contacts of which a share has a repeat the next day."""
    found = []
    for rate in rates:
        again = round(rate * contacts / (1 + rate))
        rows = [cx.Contact(customer=i, at=NINE) for i in range(contacts - again)]
        rows += [cx.Contact(customer=i, at=NINE + timedelta(days=1)) for i in range(again)]
        found.append(cx.repeat_contacts(rows, as_of=NINE + timedelta(days=30)))
    return found


def test_repeat_rates_improve_downwards_in_shares_of_one() -> None:
    found = cx.trend(repeats([0.3, 0.25, 0.21, 0.15, 0.1]))
    assert found.direction == "improving"
    assert -0.06 < found.slope < -0.03
    assert f"{100 * found.slope:.2f} points a period".replace("-", "−") in str(found)


def test_steady_lies_inside_the_margin_and_is_decided_first() -> None:
    months = shares([8_000, 8_020, 8_040, 8_060, 8_085], [10_000] * 5)
    found = cx.trend(months)
    assert found.direction == "no clear trend"
    wide = cx.trend(months, margin=4)
    assert wide.direction == "steady"
    low, high = wide.change_interval
    assert (wide.change_interval.confidence, -4 <= low, high <= 4) == (0.9, True, True)
    assert wide.change == pytest.approx(wide.slope * 4)
    sure = shares([80_000, 80_200, 80_400, 80_600, 80_800], [100_000] * 5)
    assert cx.trend(sure).direction == "improving"
    assert cx.trend(sure, margin=4).direction == "steady"
    assert cx.trend(sure, margin=0.5).direction == "improving"


@settings(max_examples=30)
@given(series_of_shares, st.floats(0.01, 99.0), st.sampled_from(METHODS))
def test_steady_is_said_with_a_margin_only(rows: list[tuple[int, int]], margin: float, method: cx.TrendMethod) -> None:
    months = [thumbs(*row) for row in rows]
    assert cx.trend(months, method=method).direction != "steady"
    found = cx.trend(months, method=method, margin=margin)
    low, high = found.change_interval
    assert (found.direction == "steady") == (-margin <= low and high <= margin)


@settings(max_examples=30)
@given(series_of_shares)
def test_a_direction_is_where_the_interval_leaves_zero(rows: list[tuple[int, int]]) -> None:
    found = cx.trend([thumbs(*row) for row in rows])
    low, high = found.interval
    if abs(low) > 1e-9 and abs(high) > 1e-9:
        assert (found.direction in ("improving", "declining")) == (low > 0 or high < 0)


@pytest.mark.parametrize(
    ("method", "least"),
    [("least-squares", 4), ("random-effects", 4), ("cochran-armitage", 3), ("mann-kendall", 5)],
)
def test_too_few_periods(method: cx.TrendMethod, least: int) -> None:
    months = shares([50, 60, 70, 80, 90], [100] * 5)
    found = cx.trend(months[: least - 1], method=method)
    assert found.direction == "not enough data"
    assert math.isnan(found.slope)
    assert math.isnan(found.p_value)
    assert all(math.isnan(limit) for limit in (*found.interval, *found.change_interval))
    assert str(found) == f"CSAT: not enough data ({least - 1} periods of at least {least})"
    assert cx.trend(months[:least], method=method).direction != "not enough data"


def test_one_opinion_in_every_period_is_no_certainty() -> None:
    few = cx.trend([net(3, 0, 0)] * 4, margin=5)
    assert (few.slope, few.direction, few.p_value) == (0.0, "no clear trend", 1.0)
    assert few.interval.low < 0.0 < few.interval.high
    assert cx.trend([net(5_000, 0, 0)] * 12, margin=5).direction == "steady"
    # Weights leave a rounding of a share of 1, and of its variance.
    rng = np.random.default_rng(2)
    for _ in range(20):
        weights = rng.random(40)
        sure = cx.trend(cx.nps(rng.integers(9, 11, 40), by=np.arange(40) % 4, weights=weights))
        assert sure.direction == "no clear trend"
        assert sure.interval.high > 1.0
    # A perfect line of single answers is no certainty either.
    line = cx.trend([cx.ces([point]) for point in (4, 5, 6, 7)])
    assert (line.direction, line.slope) == ("no clear trend", pytest.approx(1.0))


# -- places on the axis of time ----------------------------------------------------------------------


def test_empty_periods_keep_their_place() -> None:
    months = [thumbs(60, 100), thumbs(64, 100), cx.csat([], scale=cx.CSAT_THUMBS), thumbs(72, 100), thumbs(76, 100)]
    found = cx.trend(months)
    assert (found.periods, dict(found.skipped)) == (4, {2: "empty"})
    assert found.slope == pytest.approx(4.0)
    assert found.change == pytest.approx(16.0)
    assert [(row.key, row.position, row.value) for row in found.rows] == [
        (0, 0, 60.0), (1, 1, 64.0), (3, 3, 72.0), (4, 4, 76.0),
    ]  # fmt: skip
    assert [60.0, 64.0, 72.0, 76.0] == pytest.approx([row.fitted for row in found.rows])


def test_calendar_periods_leave_out_what_is_not_over() -> None:
    rng = np.random.default_rng(11)
    at = [datetime(2026, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 200, 3_000)]
    answers = cx.Responses(score=rng.integers(0, 11, 3_001), at=[*at, None], tz="UTC")
    months = cx.nps(answers, by=cx.period("at", "month", tz="UTC"))
    found = cx.trend(months)
    assert found.periods == 6
    assert dict(found.skipped) == {date(2026, 7, 1): "incomplete", None: "no period"}
    assert [row.key for row in found.rows] == [date(2026, month, 1) for month in range(1, 7)]
    assert "period:month@UTC" in found.signature
    assert "2026-07-01 (incomplete), (none) (no period)" in found._repr_html_()
    assert "2026-07-01" in json.dumps(found.to_dict())


def test_groups_mappings_and_lists_are_one_series() -> None:
    scores, months = [10, 9, 3, 8, 10, 9, 9, 2, 10, 10], np.repeat([f"2026-0{month}" for month in range(1, 6)], 2)
    groups = cx.nps(scores, by=months)
    found = cx.trend(groups)
    for other in (dict(groups), list(groups.values()), iter(list(groups.values()))):
        again = cx.trend(other)
        assert (found.slope, found.p_value, found.direction) == (again.slope, again.p_value, again.direction)
    assert [row.key for row in found.rows] == [f"2026-0{month}" for month in range(1, 6)]
    assert cx.trend(dict(groups)) == found


FIGURES = shares([60, 64, 71, 72, 79], [100] * 5)
SCALES_OF_TIME: list[list[Any]] = [
    [date(2026, 3, day) for day in range(1, 6)],
    [date(2026, 3, 2) + timedelta(weeks=week) for week in range(5)],
    [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)],
    [date(2025 + (3 + i) // 4, 1 + 3 * ((3 + i) % 4), 1) for i in range(5)],
    [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in range(9, 14)],
    [np.datetime64("2026-03-01") + day for day in range(5)],
    [date(2026, 3, 2) + timedelta(weeks=2 * week) for week in range(5)],
    [1, 2, 3, 4, 5],
    [0.1, 0.2, 0.3, 0.4, 0.5],
    np.arange(2021, 2026).tolist(),
    ["2021", "2022", "2023", "2024", "2025"],
    ["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"],
    ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"],
    ["2026-W52", "2026-W53", "2027-W01", "2027-W02", "2027-W03"],
    ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03"],
    [("chat", date(2026, 3, day)) for day in range(1, 6)],
    [(date(2026, 3, day),) for day in range(1, 6)],
]


@pytest.mark.parametrize("keys", SCALES_OF_TIME, ids=lambda keys: str(keys[0]))
def test_keys_are_put_in_order_of_time(keys: list[Any]) -> None:
    listed = cx.trend(FIGURES)
    for order in ([0, 1, 2, 3, 4], [3, 0, 4, 2, 1]):
        found = cx.trend({keys[i]: FIGURES[i] for i in order})
        assert (listed.slope, listed.p_value) == (found.slope, found.p_value)
        assert keys == [row.key for row in found.rows]


@pytest.mark.parametrize("keys", SCALES_OF_TIME, ids=lambda keys: str(keys[0]))
def test_a_gap_is_no_step(keys: list[Any]) -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"without a gap .*unit='day'"):
        cx.trend({keys[i]: FIGURES[i] for i in (0, 1, 3, 4)})
    assert cx.trend([FIGURES[i] for i in (0, 1, 3, 4)]).periods == 4


@pytest.mark.parametrize(
    "keys",
    [
        ["Jan", "Feb", "Mar", "Apr", "May"],
        [True, False, 2, 3, 4],
        [date(2026, 3, 1), datetime(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)],
        [datetime(2026, 3, 1), *(datetime(2026, 3, day, tzinfo=UTC) for day in range(2, 6))],
        ["2026-02-28", "2026-02-29", "2026-03-01", "2026-03-02", "2026-03-03"],
        ["2026-01", "2026-02", "2026-03", "2026-Q2", "2026-05"],
        [("chat", 1), ("chat", 2), ("mail", 1), ("mail", 2), ("mail", 3)],
    ],
)
def test_keys_that_say_no_order_are_refused(keys: list[Any]) -> None:
    given_keys = dict(zip(keys, FIGURES, strict=True))
    for judged in (cx.trend, cx.control_limits):
        with pytest.raises(cx.ArgumentValueError, match=r"say their order in time.*as a list in order"):
            judged(given_keys)


def test_texts_that_count_are_judged_in_the_order_of_their_numbers() -> None:
    weeks = {f"week {9 + i}": figure for i, figure in enumerate(FIGURES)}
    turned = dict(reversed(weeks.items()))
    assert cx.trend(turned) == cx.trend(weeks)
    assert [row.key for row in cx.trend(turned).rows] == list(weeks)
    mixed = dict(zip(["w1", "w2", "w3", "v4", "w5"], FIGURES, strict=True))
    with pytest.raises(cx.ArgumentValueError, match="order in time"):
        cx.trend(mixed)


def test_months_by_name_are_not_judged_in_the_order_of_the_alphabet() -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"order in time.*got 'Apr', 'Feb', 'Jan', \.\.\."):
        cx.trend(cx.csat([5, 1, 4, 2], by=["Jan", "Feb", "Mar", "Apr"]))


def test_rows_without_a_period_come_last_whatever_key_has_them() -> None:
    keys = [None, *[date(2026, 3, day) for day in range(1, 5)]]
    found = cx.trend(dict(zip(keys, FIGURES, strict=True)))
    assert dict(found.skipped) == {None: "no period"}
    assert [0, 1, 2, 3] == [row.position for row in found.rows]
    alone = cx.trend(cx.nps([9, 3, 10], by={"month": cx.period([NINE, NINE, None], "month", tz="UTC")}))
    assert dict(alone.skipped) == {(date(2026, 3, 1),): "incomplete", (None,): "no period"}


# -- medians -----------------------------------------------------------------------------------------


def waits(minutes: list[float]) -> list[cx.ResponseTimesResult]:
    found = []
    for wait in minutes:
        log = cx.Messages(
            conversation=[1, 1, 2, 2], author=["customer", "agent"] * 2,
            at=[NINE, NINE + timedelta(minutes=wait), NINE, NINE + timedelta(minutes=wait)],
        )  # fmt: skip
        found.append(cx.response_times(log))
    return found


def test_medians_have_the_median_slope_in_time() -> None:
    found = cx.trend(waits([30, 27, 25, 20, 16, 11]))
    assert found.method == "mann-kendall"
    assert found.direction == "improving"
    expected = stats.theilslopes([30, 27, 25, 20, 16, 11])
    assert found.slope == timedelta(minutes=float(expected.slope))
    assert found.interval.low == timedelta(minutes=float(expected.low_slope))
    assert found.interval.high == timedelta(minutes=float(expected.high_slope))
    assert math.isnan(found.dispersion)
    assert found.to_dict()["slope_seconds"] == found.slope.total_seconds()
    assert found.rows[0].value == timedelta(minutes=30)
    assert found.to_dicts()[0]["value_seconds"] == 1_800.0
    assert "median first response: improving" in str(found)


def test_steady_waits_have_a_margin_in_time() -> None:
    flat = waits([20, 21, 20, 21, 20, 21, 20, 21])
    assert cx.trend(flat, margin=timedelta(minutes=10)).direction == "steady"
    assert cx.trend(flat).direction == "no clear trend"


def test_few_medians_have_no_limits() -> None:
    found = cx.trend(waits([30, 27, 25, 20, 16]), confidence=0.999)
    assert (found.interval.low, found.interval.high) == (None, None)
    assert "no limit to no limit" in str(found)
    assert cx.trend(waits([30, 27])).slope is None


def test_a_median_that_is_not_reached_is_skipped() -> None:
    open_wait = cx.response_times(
        cx.Messages(conversation=[1], author=["customer"], at=[NINE]), as_of=NINE + timedelta(hours=1)
    )
    found = cx.trend([*waits([30, 27, 25, 20, 16]), open_wait])
    assert (found.periods, dict(found.skipped)) == (5, {5: "undefined"})


# -- published numbers -------------------------------------------------------------------------------


def test_cochran_armitage_of_smokers() -> None:
    """R's prop.trend.test on Fleiss (1981): X-squared 8.2249, p 0.004132; homogeneity 12.6004, p 0.005585."""
    found = cx.trend(shares([83, 90, 129, 70], [86, 93, 136, 82]), method="cochran-armitage")
    assert found.p_value == pytest.approx(0.00413189747764149, rel=1e-9)
    assert found.direction == "declining"
    # Pearson's chi-squared is that of the slope plus that of the scatter about it.
    slope = stats.chi2.isf(found.p_value, 1)
    assert slope == pytest.approx(8.22492228519771)
    assert slope + 2 * found.dispersion == pytest.approx(12.6004112971276)


def test_slope_of_shares_with_half_answers() -> None:
    """statpsych (Price and Bonett): 11, 15, 20, 27 of 60 at 10, 20, 30, 40 have an adjusted slope of .008688525."""
    found = cx.trend(shares([11, 15, 20, 27], [60] * 4))
    assert found.slope / 100 / 10 * 60 / 61 == pytest.approx(0.008688525, abs=5e-10)


def chi_squared(record: dict[str, Any]) -> bool:
    x, n = record["inputs"]["x"], record["inputs"]["n"]
    found = cx.trend(shares(x, n), method="cochran-armitage")
    chi2, freedom = stats.chi2.isf(found.p_value, 1), 1
    if record["id"].startswith("chi2"):
        chi2, freedom = chi2 + (len(x) - 2) * found.dispersion, len(x) - 1
    expected = record["expected"]
    return [expected["chi2"], expected["p"]] == pytest.approx([chi2, stats.chi2.sf(chi2, freedom)], rel=1e-9)


def mantel_haenszel(record: dict[str, Any]) -> bool:
    x, n = record["inputs"]["x"], record["inputs"]["n"]
    found = cx.trend(shares(x, n), method="cochran-armitage")
    z = math.copysign(stats.norm.isf(found.p_value / 2), found.slope) * math.sqrt(sum(n) / (sum(n) - 1))
    expected = record["expected"]
    return [expected["z_mh"], expected["p_mh"]] == pytest.approx(
        [z, 2 * stats.norm.sf(abs(z))], abs=record["tolerance"]
    )


def pairwise(record: dict[str, Any]) -> bool:
    """All pairs by Agresti and Caffo's interval, Bonferroni's level."""
    x, n = record["inputs"]["x"], record["inputs"]["n"]
    pairs = [(0, 1), (0, 2), (1, 2)]
    return all(
        expected[4:]
        == pytest.approx(
            cx.intervals.difference(x[i], n[i], x[j], n[j], method="agresti-caffo", confidence=1 - 0.05 / 3),
            abs=record["tolerance"],
        )
        for expected, (i, j) in zip(record["expected"], pairs, strict=True)
    )


def ranks(record: dict[str, Any]) -> bool:
    y = np.array(record["inputs"].get("y", record["inputs"]["x"]), dtype=float)
    x = np.array(record["inputs"]["x"], dtype=float) if "y" in record["inputs"] else np.arange(len(y), dtype=float)
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    found = trends.mann_kendall(x, y)
    slope, low, high = trends.theil_sen(x, y, found.variance, float(stats.norm.ppf(0.975)))
    ours = {
        "S": found.s, "var_S": found.variance, "z": found.z, "p": trends.two_sided_normal(found.z),
        "tau": found.s / (len(x) * (len(x) - 1) / 2), "slope": slope, "lo": low, "hi": high,
        "intercept": float(np.median(y) - slope * np.median(x)),
    }  # fmt: skip
    expected = record["expected"]
    return expected == pytest.approx({name: ours[name] for name in expected}, abs=record["tolerance"], rel=1e-8)


REPRODUCED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "ca-indredavik-mh": mantel_haenszel, "ca-": chi_squared, "chi2-": chi_squared, "prop-pairs-": pairwise,
    "mk-": ranks, "sen-": ranks, "theil-": ranks,
}  # fmt: skip


def test_every_record_of_trends_reproduces(shared: Callable[..., Path]) -> None:
    records = json.loads(shared("oracles", "oracles.json").read_text())
    records = [record for record in records if record["topic"] == "trend"]
    assert len(records) >= 10
    failed = [
        record["id"]
        for record in records
        if not next(check for start, check in REPRODUCED.items() if record["id"].startswith(start))(record)
    ]
    assert failed == []


@settings(max_examples=40)
@given(st.lists(st.integers(2, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=3, max_size=8))
def test_cochran_armitage_is_statsmodels_linear_by_linear_test(rows: list[tuple[int, int]]) -> None:
    k, n = (np.array(part) for part in zip(*rows, strict=True))
    if not 0 < k.sum() < n.sum():
        return
    found = cx.trend([thumbs(*row) for row in rows], method="cochran-armitage")
    table = Table(np.column_stack([n - k, k]), shift_zeros=False)
    z = table.test_ordinal_association(np.arange(len(k)), np.arange(2)).zscore
    # Its variance is that of sampling without replacement.
    expected = 2.0 * stats.norm.sf(abs(z) * math.sqrt(n.sum() / (n.sum() - 1)))
    assert expected == pytest.approx(found.p_value, rel=1e-9, abs=1e-12)


# -- false alarms ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "sd"), [(200, 0.0), (2_000, 0.02)], ids=["chance", "months differ"])
@pytest.mark.parametrize("periods", [4, 6, 12])
def test_flat_series_seldom_have_a_direction(periods: int, n: int, sd: float) -> None:
    """A sample of benchmarks/trend.py; the textbook test cries wolf where months differ."""
    rng = np.random.default_rng([periods, n])
    truth = np.clip(rng.normal(0.8, sd, (200, periods)), 0.0, 1.0)
    satisfied = rng.binomial(n, truth).tolist()
    directions = [cx.trend(shares(row, [n] * periods)).direction for row in satisfied]
    called = 200 - directions.count("no clear trend")
    # 5.5 % of 200, and two standard deviations of a sample of this size
    assert called <= 11 + 6
    if sd:
        textbook = [cx.trend(shares(row, [n] * periods), method="cochran-armitage").direction for row in satisfied]
        assert textbook.count("no clear trend") < 150


# -- results and refusals ----------------------------------------------------------------------------


def test_a_trend_is_a_value() -> None:
    months = shares([60, 66, 71, 77, 84], [100] * 5)
    found = cx.trend(months)
    assert found == cx.trend(list(months))
    assert found != cx.trend(months, margin=2)
    assert found != "trend"
    assert hash(found) == hash(cx.trend(months))
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.headline == "improving"
    assert found.signature.endswith(" ; trend:least-squares|conf:0.95|margin:none")
    assert cx.trend(months[:2]) == cx.trend(months[:2])  # NaN equals NaN
    assert "improving" in found._repr_html_()
    assert "not enough data" in cx.trend(months[:1])._repr_html_()
    assert "1 period of at least 4" in str(cx.trend(months[:1]))
    json.dumps(found.to_dict(), allow_nan=False)
    json.dumps(cx.trend(months[:2]).to_dict(), allow_nan=False)


@pytest.mark.parametrize("given", [[70.0, 72.0], "nps", 5, None, [None], {"a": 3}], ids=str)
def test_what_is_no_result_is_refused(given: Any) -> None:
    with pytest.raises(cx.ArgumentTypeError, match="groups_or_results must be the groups of a metric") as caught:
        cx.trend(given)
    assert caught.value.argument == "groups_or_results"


def test_one_result_is_no_series() -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"cx\.nps"):
        cx.trend(cx.nps([9, 10]))
    with pytest.raises(cx.ArgumentValueError, match="at least one result"):
        cx.trend([])
    with pytest.raises(cx.ArgumentTypeError):
        cx.trend([cx.outliers([1.0, 2.0, 50.0])] * 5)


def test_groups_of_something_else_are_refused() -> None:
    months = cx.nps([10, 2, 9, 9], by=list("aabb"))
    with pytest.raises(cx.ArgumentTypeError):
        cx.trend(cx.compare(months))


def test_no_groups_are_not_enough() -> None:
    nobody = cx.nps([], by=[])
    assert cx.trend(nobody).direction == "not enough data"


def test_unlike_definitions_are_refused() -> None:
    with pytest.raises(cx.ArgumentValueError, match="one definition") as caught:
        cx.trend([cx.nps([9]), cx.nps([9], scale=cx.NPS_1_10)])
    assert caught.value.positions == (1,)
    with pytest.raises(cx.ArgumentValueError, match="one definition"):
        cx.trend([cx.nps([9]), cx.csat([5])])


def test_two_keys_are_no_series() -> None:
    groups = cx.nps([9, 10], by={"channel": ["a", "b"], "month": [1, 2]})
    with pytest.raises(cx.ArgumentValueError, match="cut by one key") as caught:
        cx.trend(groups)
    assert caught.value.found == ("channel", "month")
    cx.trend({key[-1]: groups[key] for key in groups if key[0] == "a" and key not in groups.incomplete})


@pytest.mark.parametrize(
    ("margin", "match"),
    [(True, "a number"), ("5", "a number"), (timedelta(hours=1), "a number"), (0, "above 0"), (-1, "above 0"),
     (math.nan, "above 0"), (100, "below 100")],
)  # fmt: skip
def test_a_margin_must_mean_something(margin: Any, match: str) -> None:
    with pytest.raises(cx.CxscoreError, match=match) as caught:
        cx.trend(shares([1, 2, 3, 4], [9] * 4), margin=margin)
    assert caught.value.argument == "margin"


def test_margins_in_the_wrong_unit() -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"two percentage points are 0\.02"):
        cx.trend(repeats([0.1, 0.2, 0.1, 0.2]), margin=2)
    with pytest.raises(cx.ArgumentTypeError, match="timedelta"):
        cx.trend(waits([1, 2, 3, 4, 5]), margin=2)
    with pytest.raises(cx.ArgumentValueError, match="above 0"):
        cx.trend(waits([1, 2, 3, 4, 5]), margin=timedelta(0))


def test_methods_suit_their_figures() -> None:
    with pytest.raises(cx.UnknownNameError, match="least-squares"):
        cx.trend(shares([1, 2, 3, 4], [9] * 4), method="ols")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(cx.ArgumentValueError, match="mann-kendall"):
        cx.trend(waits([1, 2, 3, 4, 5]), method="least-squares")
    with pytest.raises(cx.ArgumentValueError, match="about shares"):
        cx.trend([net(3, 2, 1)] * 5, method="cochran-armitage")
    with pytest.raises(cx.ArgumentValueError, match="confidence"):
        cx.trend(shares([1, 2, 3, 4], [9] * 4), confidence=95)


def test_a_share_of_waits_has_a_line() -> None:
    start = datetime(2026, 1, 5)
    months = []
    for late in (30, 24, 19, 14, 8, 3):
        waits = [5] * (100 - late) + [90] * late
        at = [start + timedelta(hours=3 * i + 3 * j) for i in range(2) for j in range(50)]
        at += [one + timedelta(minutes=wait) for one, wait in zip(at, waits, strict=True)]
        log = cx.Messages(conversation=[*range(100)] * 2, at=at, author=["customer"] * 100 + ["agent"] * 100)
        months.append(cx.response_times(log, targets=timedelta(hours=1)))
    found = cx.trend(months, figure="first_response.within_target")
    plain = cx.trend([cx.csat({5: 100 - late, 1: late}) for late in (30, 24, 19, 14, 8, 3)])
    assert (found.direction, found.method, found.slope) == (
        "improving",
        "least-squares",
        pytest.approx(plain.slope / 100),
    )
    assert found.p_value == pytest.approx(plain.p_value)
    assert "|figure:first_response.within_target|v:1" in found.signature
    assert cx.trend(months, figure="reply.median").figure == "median reply"
