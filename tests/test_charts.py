"""Control charts and funnels: published limits, laws, the way back to the groups."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)
# Montgomery, table 7.1 (frozen orange juice concentrate cans, samples of 50)
CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]


def thumbs(k: int, n: int) -> cx.CsatResult:
    return cx.csat({1: k, 0: n - k}, scale=cx.CSAT_THUMBS)


def shares(k: list[int], n: list[int] | int) -> list[cx.CsatResult]:
    sizes = [n] * len(k) if isinstance(n, int) else n
    return [thumbs(*pair) for pair in zip(k, sizes, strict=True)]


def net(up: int, passive: int, down: int) -> cx.NpsResult:
    return cx.nps({10: up, 8: passive, 0: down})


counted = st.integers(1, 90).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
mixed = st.tuples(*[st.integers(0, 40)] * 3)


# -- control charts: published numbers ---------------------------------------------------------------


def test_montgomerys_cans() -> None:
    found = cx.control_limits(shares(CANS, 50), chart="p")
    assert (found.centre, found.low[0], found.high[0]) == pytest.approx((23.13, 5.24, 41.02), abs=0.005)
    assert found.outside == (14, 22)  # samples 15 and 23
    # qicharts2: sigma z 1.660867, Laney's upper limit .528472, the lower one clipped
    laney = cx.control_limits(shares(CANS, 50))
    assert laney.sigma_z == pytest.approx(1.660867, abs=5e-7)
    assert (laney.low[0], laney.high[0]) == pytest.approx((0.0, 52.8471998043532))
    assert laney.outside == ()


def test_a_quoted_chart_is_not_three_sigma() -> None:
    """A page gives .0809 and .0191 about .05 at n = 400 as 3-sigma limits; they are at 2.8356 standard errors."""
    found = cx.control_limits(shares([20, 18, 22, 20], 400), chart="p")
    assert found.centre == pytest.approx(5.0)
    assert found.high[0] != pytest.approx(8.09, abs=0.005)
    again = cx.control_limits(shares([20, 18, 22, 20], 400), chart="p", sigmas=2.8356)
    assert (again.low[0], again.high[0]) == pytest.approx((1.91, 8.09), abs=0.005)


def test_sigma_z_is_not_the_standard_deviation() -> None:
    """pbivizedit documents the SD of z and Minitab narrows limits for sigma z below 1; Laney's is neither."""
    calm = cx.control_limits(shares([40, 41, 40, 41, 40, 41], 100))
    assert calm.sigma_z < 1.0
    plain = cx.control_limits(shares([40, 41, 40, 41, 40, 41], 100), chart="p")
    assert calm.high.tolist() == plain.high.tolist()
    rising = cx.control_limits(shares([20, 30, 40, 50, 60, 70], 100))
    z = (rising.values - rising.centre) / np.sqrt(rising.centre * (100 - rising.centre) / 100)
    assert rising.sigma_z == pytest.approx(np.abs(np.diff(z)).mean() / 1.128)
    assert rising.sigma_z < np.std(z) / 1.5


def spread_over(total: int, m: int) -> list[int]:
    return [total // m + (i < total % m) for i in range(m)]


def reproduces(record: dict[str, Any]) -> bool:
    inputs, expected, tolerance = record["inputs"], record["expected"], record["tolerance"]
    k = inputs["defectives"] if "defectives" in inputs else spread_over(inputs["sum_defectives"], inputs["m"])
    chart: cx.ControlChart = "laney" if record["id"].startswith("laney") else "p"
    found = cx.control_limits(shares(k, inputs["n"]), chart=chart)
    if isinstance(expected, list):
        return expected == [place + 1 for place in found.outside]
    times = inputs["n"] if record["id"].startswith("np-") else 1.0
    ours = {"center": found.centre, "ucl": found.high, "lcl": found.low}
    return all(
        np.allclose(np.asarray(ours[name]) / 100.0 * times, value, rtol=0.0, atol=tolerance)
        for name, value in expected.items()
    )


def test_every_record_of_control_charts_reproduces(shared: Callable[..., Path]) -> None:
    """Charts of cumulative sums and moving averages are not offered; the accuracy page says why."""
    records = json.loads(shared("oracles", "oracles.json").read_text())
    records = [record for record in records if record["topic"] == "spc" and not record["id"].startswith("cusum")]
    assert len(records) >= 8
    assert [record["id"] for record in records if not reproduces(record)] == []


# -- control charts: laws ----------------------------------------------------------------------------


@given(st.lists(mixed, min_size=1, max_size=10), st.sampled_from(["laney", "p"]))
def test_limits_in_plain_words(rows: list[tuple[int, int, int]], chart: cx.ControlChart) -> None:
    found = cx.control_limits([net(*row) for row in rows], chart=chart)
    answers = np.repeat([100.0, 0.0, -100.0], np.sum(rows, axis=0))
    if not len(answers):
        assert math.isnan(found.centre)
        assert np.isnan(found.low).all()
        return
    centre, variance = answers.mean(), answers.var()
    assert centre == pytest.approx(found.centre, abs=1e-9)
    z = [
        (100.0 * (up - down) / n - centre) / math.sqrt(variance / n)
        for up, middle, down in rows
        if (n := up + middle + down) and variance
    ]
    wider = 1.0
    if len(z) > 1:
        assert np.abs(np.diff(z)).mean() / 1.128 == pytest.approx(found.sigma_z, abs=1e-9)
        wider = max(1.0, found.sigma_z) if chart == "laney" else 1.0
    for (up, middle, down), low, high, out in zip(rows, found.low, found.high, found.out, strict=True):
        n = up + middle + down
        if not n:
            assert math.isnan(low)
            assert not out
            continue
        if sum(1 for row in rows if sum(row)) < 3:
            assert math.isnan(low)
            assert "not enough data" in str(found)
            continue
        reach = 3.0 * wider * math.sqrt(variance / n)
        assert max(centre - reach, -100.0) == pytest.approx(low, abs=1e-9)
        assert min(centre + reach, 100.0) == pytest.approx(high, abs=1e-9)


@settings(max_examples=30)
@given(st.lists(counted, min_size=3, max_size=12))
def test_laneys_limits_are_never_narrower(rows: list[tuple[int, int]]) -> None:
    k, n = (list(part) for part in zip(*rows, strict=True))
    laney, plain = (cx.control_limits(shares(k, n), chart=chart) for chart in ("laney", "p"))
    assert (laney.low <= plain.low + 1e-12).all()
    assert (laney.high >= plain.high - 1e-12).all()
    assert set(laney.outside) <= set(plain.outside)
    assert (laney.low >= 0).all()
    assert (laney.high <= 100).all()


def test_means_have_limits_on_their_scale() -> None:
    found = cx.control_limits([cx.ces([7, 7, 6]), cx.ces([7, 6, 6]), cx.ces([1, 2, 1])], chart="p")
    answers = [7, 7, 6, 7, 6, 6, 1, 2, 1]
    assert found.centre == pytest.approx(np.mean(answers))
    assert found.high[0] == 7.0
    assert found.low[0] == 1.0
    close = cx.control_limits([cx.ces([5] * 90), cx.ces([5, 6] * 20), cx.ces([])], chart="p")
    assert np.isnan(close.low).all()
    close = cx.control_limits([cx.ces([5] * 90), cx.ces([5, 6] * 10), cx.ces([5, 6] * 10)], chart="p")
    spread = np.var([5] * 110 + [6] * 20)
    assert close.low[0] == pytest.approx(5 + 20 / 130 - 3 * math.sqrt(spread / 90))


def test_empty_periods_have_no_limits_and_calendar_rows_without_a_time_no_place() -> None:
    at = [NINE + timedelta(days=day) for day in (0, 1, 62, 63, 93)]
    answers = cx.Responses(score=[9, 3, 10, 8, 8, 7], at=[*at, None], tz="UTC")
    found = cx.control_limits(cx.nps(answers, by=cx.period("at", "month", tz="UTC")))
    assert found.keys == (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1))
    assert dict(found.skipped) == {None: "no period"}
    assert np.isnan(found.low).tolist() == [False, True, False, False]
    assert found.centre == pytest.approx(20.0)
    assert found.rows[1].key == date(2026, 4, 1)
    assert found.to_dicts()[1] == {
        "key": "2026-04-01", "value": None, "n": 0.0, "low": None, "high": None, "out": False,
    }  # fmt: skip


@pytest.mark.parametrize("known", [1, 2])
def test_one_or_two_periods_have_no_usual_scatter(known: int) -> None:
    found = cx.control_limits([*shares([1, 90][:known], [90, 90][:known]), cx.csat([], scale=cx.CSAT_THUMBS)])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert found.outside == ()
    assert str(found) == f"CSAT: not enough data ({known} of at least 3 periods)"
    assert [None] * (known + 1) == [row["low"] for row in found.to_dicts()]


def test_the_order_of_insertion_does_not_move_the_limits() -> None:
    days = [date(2026, 3, day) for day in range(1, 8)]
    rows = dict(zip(days, shares([20, 90, 30, 80, 25, 95, 40], [100] * 7), strict=True))
    shuffled = {day: rows[day] for day in (days[3], days[0], days[6], days[2], days[5], days[1], days[4])}
    assert cx.control_limits(list(rows.values())).sigma_z == cx.control_limits(shuffled).sigma_z
    assert cx.control_limits(rows) == cx.control_limits(shuffled)
    # A period with a known cause may be left out.
    assert tuple(days[1:3]) == cx.control_limits({day: rows[day] for day in days if day.day != 4}).keys[1:3]


def test_without_scatter_nothing_is_out() -> None:
    found = cx.control_limits([net(5, 0, 0)] * 3)
    assert (found.low.tolist(), found.high.tolist(), found.outside) == ([100.0] * 3, [100.0] * 3, ())
    assert math.isnan(found.sigma_z)


def test_a_control_chart_is_a_value() -> None:
    found = cx.control_limits(shares(CANS, 50), chart="p")
    assert found == cx.control_limits(shares(CANS, 50), chart="p")
    assert found != cx.control_limits(shares(CANS, 50))
    assert hash(found) == hash(cx.control_limits(shares(CANS, 50), chart="p"))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert not again.values.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        found.low[0] = 0.0
    assert found.headline == (14, 22)
    assert found.rows[14].out is True
    assert str(found) == "CSAT: 2 of 30 periods outside 3 sigma about 23.1%: 14, 22"
    assert found._repr_html_().count("outside</td>") == 2
    assert found.signature.endswith(" ; control:p|sigmas:3")
    told = json.dumps(found.to_dict(), allow_nan=False)
    assert '"outside"' not in told
    assert len(json.loads(told)["rows"]) == 30
    assert "0 of 30" in str(cx.control_limits(shares(CANS, 50)))


def test_long_charts_are_cut_in_notebooks() -> None:
    assert "... and 10 more" in cx.control_limits(shares([3] * 60, 9))._repr_html_()


@pytest.mark.parametrize("sigmas", [0, -1, math.inf, math.nan, "3", True])
def test_sigmas_out_of_range(sigmas: Any) -> None:
    with pytest.raises(cx.CxscoreError, match="sigmas=3") as caught:
        cx.control_limits(shares([1, 2], 9), sigmas=sigmas)
    assert caught.value.argument == "sigmas"


def test_what_has_no_limits_is_refused() -> None:
    with pytest.raises(cx.UnknownNameError, match="laney"):
        cx.control_limits(shares([1, 2], 9), chart="c")  # type: ignore[arg-type]  # the point of the test
    wait = cx.response_times(cx.Messages(conversation=[1], at=[NINE], author=["customer"]))
    for function in (cx.control_limits, cx.funnel):
        with pytest.raises(cx.ArgumentValueError, match="within target"):
            function([wait, wait])
    with pytest.raises(cx.ArgumentTypeError, match="groups must be the groups of a metric"):
        cx.control_limits([1.0, 2.0])
    with pytest.raises(cx.ArgumentValueError, match="cut by one key"):
        cx.control_limits(cx.nps([9], by=[["a"], ["b"]]))


# -- funnels -----------------------------------------------------------------------------------------

AGENTS = {"ada": (188, 200), "bob": (171, 200), "cid": (9, 10), "dee": (16, 30), "eve": (0, 0)}


def agents() -> dict[str, cx.CsatResult]:
    return {name: thumbs(k, n) for name, (k, n) in AGENTS.items()}


def test_a_group_is_outside_where_chance_hardly_puts_it() -> None:
    found = cx.funnel(agents())
    share = sum(k for k, _ in AGENTS.values()) / sum(n for _, n in AGENTS.values())
    assert found.centre == pytest.approx(100.0 * share)
    below = [name for name, (k, n) in AGENTS.items() if n and stats.binom.cdf(k, n, share) < 0.001]
    above = [name for name, (k, n) in AGENTS.items() if n and stats.binom.sf(k - 1, n, share) < 0.001]
    assert (tuple(below), above) == (found.outside, [])
    assert [row.outside for row in found.rows] == [None, None, None, "below", None]
    inner = [
        name
        for name, (k, n) in AGENTS.items()
        if n and min(stats.binom.cdf(k, n, share), stats.binom.sf(k - 1, n, share)) < 0.025
    ]
    assert tuple(inner) == found.beyond(0.95) == ("ada", "dee")


@settings(max_examples=30)
@given(st.lists(counted, min_size=1, max_size=9))
def test_the_order_of_groups_changes_nothing(rows: list[tuple[int, int]]) -> None:
    forth = cx.funnel({i: thumbs(*row) for i, row in enumerate(rows)})
    back = cx.funnel({i: thumbs(*row) for i, row in reversed(list(enumerate(rows)))})
    assert sorted(forth.outside) == sorted(back.outside)
    assert forth.dispersion == pytest.approx(back.dispersion, nan_ok=True)
    assert forth.low == pytest.approx(back.low[:, ::-1])


@settings(max_examples=30)
@given(st.lists(mixed, min_size=1, max_size=7))
def test_promoters_and_detractors_swap_sides(rows: list[tuple[int, int, int]]) -> None:
    found = cx.funnel([net(*row) for row in rows])
    mirrored = cx.funnel([net(*row[::-1]) for row in rows])
    assert -found.high == pytest.approx(mirrored.low, nan_ok=True)
    assert (found.below == mirrored.above).all()


@pytest.mark.parametrize("n", [4, 15, 40])
def test_chance_alone_seldom_passes_the_limits_of_a_net(n: int) -> None:
    """Exactly, over all samples of a group as large as it is drawn from the rest."""
    big = net(60_000, 30_000, 10_000)
    mix = (0.6, 0.3, 0.1)
    low, high = (limits[:, 0] for limits in cx.funnel([net(n, 0, 0), big]).curve(2)[1:])
    passed = [0.0, 0.0]
    for up in range(n + 1):
        for down in range(n + 1 - up):
            chance = stats.multinomial.pmf([up, n - up - down, down], n, mix)
            score = 100.0 * (up - down) / n
            for i in range(2):
                passed[i] += chance * (score < low[i] or score > high[i])
    assert passed[0] <= 0.0505  # the mix is that of the large group but for n answers
    assert passed[1] <= 0.00205


def test_means_have_normal_limits_on_their_scale() -> None:
    groups = {"a": cx.ces([7, 6, 7, 7]), "b": cx.ces([1, 1, 2, 6]), "c": cx.ces([5] * 60)}
    found = cx.funnel(groups)
    answers = [7, 6, 7, 7, 1, 1, 2, 6] + [5] * 60
    reach = stats.norm.ppf(0.975) * math.sqrt(np.var(answers) / 4)
    assert found.centre == pytest.approx(np.mean(answers))
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((found.centre - reach, found.centre + reach))
    assert found.rows[0].limits[0].method == "normal"
    assert found.beyond(0.95) == ("a", "b")
    assert cx.funnel(groups, levels=[0.9999999]).high[0, 0] == 7.0


def test_repeat_rates_have_limits_on_what_they_are_worth() -> None:
    contacts = cx.Contacts(
        customer=[1, 1, 1, 2, 3, 4, 5, 6], at=[NINE + timedelta(days=day) for day in (0, 1, 2, 0, 0, 0, 0, 0)],
        channel=["chat"] * 4 + ["mail"] * 4,
    )  # fmt: skip
    groups = cx.repeat_contacts(contacts, by="channel", as_of=NINE + timedelta(days=60))
    found = cx.funnel(groups)
    assert found.n.tolist() == [groups[key].effective_n for key in ("chat", "mail")]
    assert found.centre == pytest.approx(groups.overall.rate)
    assert (found.low.min(), found.high.max()) == (0.0, 1.0)


def test_groups_cut_by_several_keys_are_groups() -> None:
    groups = cx.csat([5, 1, 5, 5], by={"team": ["a", "a", "b", None], "channel": ["x", "y", "x", "y"]})
    found = cx.funnel(groups)
    assert found.keys == (("a", "x"), ("a", "y"), ("b", "x"), (None, "y"))
    assert "(none), y" in found._repr_html_()
    assert found.to_dicts()[0]["key"] == ["a", "x"]


def scattered(factor: int = 1) -> list[cx.CsatResult]:
    rng = np.random.default_rng(4)
    return [thumbs(int(k) * factor, 400 * factor) for k in rng.binomial(400, rng.normal(0.8, 0.05, 40))]


def test_groups_that_scatter_widen_their_limits_on_request() -> None:
    groups = scattered()
    plain = cx.funnel(groups)
    z = (plain.values / 100 - plain.centre / 100) / math.sqrt(plain.centre / 100 * (1 - plain.centre / 100) / 400)
    low, high = np.quantile(z, [0.1, 0.9])
    assert plain.dispersion == pytest.approx(np.mean(np.clip(z, low, high) ** 2))
    assert plain.dispersion > 3.0
    times = cx.funnel(groups, overdispersion="multiplicative")
    added = cx.funnel(groups, overdispersion="additive")
    assert len(plain.outside) > 10
    assert len(times.outside) <= 2
    assert len(added.outside) <= 2
    # Groups of one size: both widen by the same, but for the estimate of the one freedom that the centre takes.
    assert times.low == pytest.approx(added.low, rel=0.01)
    assert (added.between > 0.0, plain.between, times.between) == (True, 0.0, 0.0)
    assert math.sqrt(added.between) == pytest.approx(5.0, abs=2.0)  # points: what the groups were made with


def test_a_variance_between_groups_stays_where_groups_are_large() -> None:
    small, large = (cx.funnel(scattered(factor), overdispersion="additive") for factor in (1, 50))
    reach = large.high[0, 0] - large.centre
    assert reach > 0.8 * (small.high[0, 0] - small.centre)
    assert reach > 10.0 * (cx.funnel(scattered(50)).high[0, 0] - large.centre) / 3.0


def test_calm_groups_are_never_narrowed() -> None:
    groups = shares([80, 81, 80, 79, 80], 100)
    plain = cx.funnel(groups)
    assert plain.dispersion < 1.0
    for way in ("multiplicative", "additive"):
        assert cx.funnel(groups, overdispersion=way).low.tolist() == plain.low.tolist()


def test_the_curve_runs_through_the_groups() -> None:
    found = cx.funnel(agents())
    curve = found.curve(191)
    assert (curve.n[0], curve.n[-1], curve.low.shape) == (10.0, 200.0, (2, 191))
    assert curve.low[:, [20, -1]] == pytest.approx(found.low[:, [3, 0]])
    assert curve.high[:, [0, 20]] == pytest.approx(found.high[:, [2, 3]])
    assert not curve.n.flags.writeable
    nobody = cx.funnel([cx.csat([])])
    assert (nobody.curve().n.shape, nobody.outside, nobody.beyond(0.95)) == ((0,), (), ())
    assert math.isnan(nobody.centre)
    for points in (1, 2.5, True):
        with pytest.raises(cx.ArgumentValueError, match="points"):
            found.curve(points)  # type: ignore[arg-type]  # the point of the test


def test_small_groups_stay_hidden() -> None:
    scores = [5] * 30 + [1] * 8 + [5] * 30
    weeks = ["2026-W01"] * 30 + ["2026-W02"] * 8 + ["2026-W03"] * 30
    groups = cx.csat(scores, by=weeks).with_min_n(10)
    for found in (cx.funnel(groups), cx.control_limits(groups, chart="p")):
        assert found.outside == ("2026-W02",)
        _, small, _ = found.to_dicts()
        assert (small["key"], small["n"], small["value"]) == ("2026-W02", 8.0, None)
        assert found._repr_html_().count("hidden") == 1
        assert "<td>below</td>" not in found._repr_html_()
        assert "<td>outside</td>" not in found._repr_html_()
    assert "2026-W02" not in str(cx.control_limits(groups, chart="p"))


def test_a_funnel_is_a_value() -> None:
    found = cx.funnel(agents())
    assert found == cx.funnel(agents())
    assert found != cx.funnel(agents(), levels=(0.9,))
    assert hash(found) == hash(cx.funnel(agents()))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert not again.low.flags.writeable
    assert again.curve(3).low.tolist() == found.curve(3).low.tolist()
    assert found.headline == ("dee",)
    assert str(found) == "CSAT of 5 groups about 87.3%: 1 below and 0 above the 99.8% limits"
    assert "<td>below</td>" in found._repr_html_()
    row = found.to_dicts()[3]
    assert list(row) == ["key", "value", "n", "outside", "low_95", "high_95", "low_99_8", "high_99_8"]
    assert row["outside"] == "below"
    assert found.signature.endswith(" ; funnel:exact|levels:0.95,0.998|overdispersion:none")
    json.dumps(found.to_dict(), allow_nan=False)
    assert cx.funnel(agents(), levels=[0.998, 0.95]).levels == (0.95, 0.998)


def test_above_is_above() -> None:
    found = cx.funnel([thumbs(700, 1_000), thumbs(100, 100)])
    assert [row.outside for row in found.rows] == [None, "above"]


@pytest.mark.parametrize("levels", ["0.95", 0.95, (), {0.95}])
def test_levels_must_be_a_list(levels: Any) -> None:
    with pytest.raises(cx.ArgumentTypeError, match="list or tuple") as caught:
        cx.funnel(agents(), levels=levels)
    assert caught.value.argument == "levels"


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(cx.ArgumentValueError, match="between 0 and 1"):
        cx.funnel(agents(), levels=(95, 99.8))
    with pytest.raises(cx.UnknownNameError, match="additive"):
        cx.funnel(agents(), overdispersion="random")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(cx.ArgumentValueError, match=r"0\.95, 0\.998"):
        cx.funnel(agents()).beyond(0.9)
    with pytest.raises(cx.ArgumentTypeError, match=r"cx\.funnel"):
        cx.funnel(cx.nps([9]))


# -- other figures than the headline -----------------------------------------------------------------


def waits_by_agent() -> cx.Groups[cx.ResponseTimesResult]:
    """Of three agents 27 of 30, 9 of 30 and 3 of 4 answers within the hour."""
    agents = ["ann"] * 30 + ["bob"] * 30 + ["cyd"] * 4
    minutes = [5] * 27 + [90] * 3 + [5] * 9 + [90] * 21 + [5] * 3 + [90]
    asked = [NINE + timedelta(hours=3 * i) for i in range(64)]
    answered = [at + timedelta(minutes=wait) for at, wait in zip(asked, minutes, strict=True)]
    log = cx.Messages(
        conversation=[*range(64)] * 2, at=asked + answered, author=["customer"] * 64 + ["agent"] * 64,
        agent=[None] * 64 + agents,
    )  # fmt: skip
    return cx.response_times(log, by="agent", targets=timedelta(hours=1), as_of=NINE + timedelta(days=30))


def test_the_share_within_target_has_a_funnel() -> None:
    waits = waits_by_agent()
    found = cx.funnel(waits, figure="first_response.within_target")
    plain = cx.funnel({"ann": thumbs(27, 30), "bob": thumbs(9, 30), "cyd": thumbs(3, 4)})
    assert found.keys == (*plain.keys, None)  # nobody is owed an open wait
    assert found.values[:3] == pytest.approx(plain.values / 100)
    assert found.low[:, :3] == pytest.approx(plain.low / 100)
    assert (found.outside, found.figure) == (("ann", "bob"), "first response within target")
    assert "|figure:first_response.within_target|v:1 ; funnel:exact" in found.signature
    chart = cx.control_limits(list(waits.values()), figure="first_response.within_target", chart="p")
    assert chart.centre == pytest.approx(39 / 64)


def test_groups_with_few_waits_within_target_stay_hidden() -> None:
    waits = waits_by_agent().with_min_n(10)
    rows = cx.funnel(waits, figure="first_response.within_target").to_dicts()
    assert [row["value"] is None for row in rows] == [False, False, True, True]


def test_first_contact_resolution_has_a_funnel() -> None:
    day = timedelta(days=1)
    who = [*range(40), *range(10), *range(100, 140), *range(100, 130)]
    at = [NINE] * 40 + [NINE + day] * 10 + [NINE] * 40 + [NINE + day] * 30
    groups = cx.repeat_contacts(
        cx.Contacts(customer=who, at=at), by=np.array(["a"] * 50 + ["b"] * 70), as_of=NINE + 30 * day,
        history_from=NINE - 30 * day,
    )  # fmt: skip
    found = cx.funnel(groups, figure="first_contact_resolution")
    assert found.values.tolist() == [0.75, 0.25]
    assert found.beyond(0.95) == ("a", "b")
