"""Movement: the same people twice; who counts, the table of moves, the paired interval and its tests."""

from __future__ import annotations

import json
import math
import pickle
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import SquareTable, mcnemar

import cxscore as cx
from cxscore import intervals
from cxscore._core.distributions import z_value
from cxscore._core.intervals import nps_score
from cxscore._core.paired import chi_squared_p, mean_score_interval, mean_score_p, stuart_maxwell
from strategies import confidences

NINE = datetime(2026, 3, 2, 9)

point = st.integers(0, 10)
waves = st.lists(st.tuples(point, point), max_size=40)


def moved(pairs: list[tuple[int, int]], **more: Any) -> cx.Movement:
    return cx.movement([pair[0] for pair in pairs], [pair[1] for pair in pairs], by=None, **more)


# -- the mean of values on a few points --------------------------------------------------------------

few_counts = st.lists(st.integers(0, 12), min_size=3, max_size=5).filter(any)


def likeliest_square(counts: list[int], low: int, supposed: float) -> float:
    """The score statistic by a general optimiser: maximise the likelihood under the supposed mean."""
    values, n = np.arange(low, low + len(counts)), sum(counts)

    def loss(p: Any) -> float:
        return -float(sum(count * math.log(max(q, 1e-300)) for count, q in zip(counts, p, strict=True) if count))

    rules = [{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": lambda p: p @ values - supposed}]
    start = np.array([1 / len(counts)] * len(counts))
    found = optimize.minimize(loss, start, method="SLSQP", bounds=[(0, 1)] * len(counts), constraints=rules,
                              options={"ftol": 1e-14, "maxiter": 500}).x  # fmt: skip
    mean = np.array(counts) @ values / n
    return float(n * (mean - supposed) ** 2 / (found @ values**2 - supposed**2))


@pytest.mark.parametrize(
    ("counts", "low"),
    [([3, 4, 9], -1), ([0, 4, 9], -1), ([1, 3, 6, 4, 2], -2), ([0, 0, 6, 4, 2], -2), ([0, 2, 6, 0, 0], -2),
     ([5, 0, 0, 0, 3], -2)],
)  # fmt: skip
@pytest.mark.parametrize("supposed", [-0.6, -0.2, 0.0, 0.3, 0.7])
def test_the_statistic_is_that_of_the_likeliest_distribution(counts: list[int], low: int, supposed: float) -> None:
    p = mean_score_p(counts, low, supposed)
    assert stats.chi2.sf(likeliest_square(counts, low, supposed), 1) == pytest.approx(p, rel=2e-3, abs=1e-7)


@given(st.tuples(*[st.integers(0, 300)] * 3).filter(any), confidences)
def test_on_three_points_it_is_tangos_interval(counts: tuple[int, int, int], level: float) -> None:
    z = z_value(level)
    down, stay, up = map(float, counts)
    assert nps_score(down, stay, up, z) == pytest.approx(mean_score_interval(counts, -1, z), abs=1e-9)


@given(few_counts, confidences)
def test_a_limit_is_where_its_p_is(counts: list[int], level: float) -> None:
    low = -(len(counts) // 2)
    high = low + len(counts) - 1
    for limit in mean_score_interval(counts, low, z_value(level)):
        assert low <= limit <= high
        if low + 1e-9 < limit < high - 1e-9:
            assert mean_score_p(counts, low, limit) == pytest.approx(1 - level, rel=1e-6)


@given(few_counts, confidences)
def test_the_mirror_image_has_mirrored_limits(counts: list[int], level: float) -> None:
    below, above = mean_score_interval(counts, -2, z_value(level))
    back = mean_score_interval(counts[::-1], 3 - len(counts), z_value(level))
    assert back == pytest.approx((-above, -below), abs=1e-9)
    mean = sum(count * (i - 2) for i, count in enumerate(counts)) / sum(counts)
    assert below - 1e-12 <= mean <= above + 1e-12


def test_the_ends_of_the_scale() -> None:
    assert mean_score_p([0, 3], 0, 0.0) == 0.0  # nobody could have answered anything else
    assert mean_score_p([3, 0], 0, 0.0) == 1.0
    assert mean_score_interval([3, 0], 0, 2.0)[0] == 0.0
    assert math.isnan(mean_score_p([0, 0], 0))
    assert all(map(math.isnan, mean_score_interval([0, 0], 0, 2.0)))


# -- the table of moves ------------------------------------------------------------------------------

tables = st.lists(st.integers(0, 30), min_size=9, max_size=9).map(lambda cells: np.array(cells).reshape(3, 3))


@given(tables)
def test_statsmodels_agrees_on_homogeneity(table: Any) -> None:
    statistic, df = stuart_maxwell(table)
    if df < 2:
        return  # statsmodels cannot solve a table with a group that nobody entered or left
    found = SquareTable(table, shift_zeros=False).homogeneity(method="stuart_maxwell")
    assert (found.statistic, found.df) == (pytest.approx(statistic, rel=1e-9, abs=1e-9), df)
    assert found.pvalue == pytest.approx(chi_squared_p(statistic, df), rel=1e-9)
    # Bhapkar's test asks the same with the variance that the data show: X / (1 - X / n), as Keefe found.
    n = table.sum()
    if statistic < n * (1 - 1e-9):
        bhapkar = SquareTable(table, shift_zeros=False).homogeneity(method="bhapkar").statistic
        assert bhapkar == pytest.approx(statistic / (1 - statistic / n), rel=1e-6, abs=1e-9)


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_two_groups_it_is_mcnemars_test(up: int, down: int) -> None:
    table = np.array([[3, 0, up], [0, 0, 0], [down, 0, 2]])
    statistic, df = stuart_maxwell(table)
    if up + down == 0:
        assert (math.isnan(statistic), df, math.isnan(chi_squared_p(statistic, df))) == (True, 0, True)
        return
    found = mcnemar([[3, up], [down, 2]], exact=False, correction=False)
    assert (found.statistic, found.pvalue) == pytest.approx((statistic, chi_squared_p(statistic, df)), rel=1e-9)
    # And the p-value of a CSAT of the same people.
    pairs = [(1, 5)] * up + [(5, 1)] * down + [(5, 5)] * 2
    assert found.pvalue == pytest.approx(moved(pairs, metric="csat").p_value, rel=1e-9)


def test_the_vision_of_women_in_ordnance_factories() -> None:
    # Stuart (1955): unaided vision of the right and left eye, 7,477 women; 11.96 on 3 degrees of freedom.
    eyes = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    statistic, df = stuart_maxwell(np.array(eyes))
    assert (round(statistic, 2), df) == (11.96, 3)


# -- figures -----------------------------------------------------------------------------------------


@given(waves)
def test_moves_are_counted_one_by_one(pairs: list[tuple[int, int]]) -> None:
    def group(score: int) -> str:
        return "promoters" if score >= 9 else "detractors" if score <= 6 else "passives"

    found = moved(pairs)
    counted = Counter((group(one), group(two)) for one, two in pairs)
    assert {(a, b): n for a, row in found.table.items() for b, n in row.items() if n} == counted
    assert found.improved + found.unchanged + found.worsened == found.people == len(pairs)
    assert found.given == found.n == 2 * len(pairs)
    for wave, score in ((0, found.before), (1, found.after)):
        assert cx.nps([pair[wave] for pair in pairs]).score == pytest.approx(score, nan_ok=True)
    assert found.after - found.before == pytest.approx(found.estimate, nan_ok=True)
    if pairs:
        assert found.interval.low <= found.estimate <= found.interval.high


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=40))
def test_csat_of_the_same_people_is_a_paired_proportion(pairs: list[tuple[int, int]]) -> None:
    found = moved(pairs, metric="csat")
    up = sum(one < 4 <= two for one, two in pairs)
    down = sum(two < 4 <= one for one, two in pairs)
    assert intervals.nps(down, len(pairs) - up - down, up) == pytest.approx(tuple(found.interval), abs=1e-7)
    assert found.estimate == pytest.approx(100 * (up - down) / len(pairs))


def test_paired_proportions_have_the_printed_limits() -> None:
    # Fagerland, Lydersen and Laake: 16 went down, 6 up, 139 stayed; Tango -.1240 to -.0054.
    found = moved([(5, 1)] * 16 + [(1, 5)] * 6 + [(5, 5)] * 59 + [(1, 1)] * 80, metric="csat")
    assert (-12.40, -0.54) == pytest.approx(tuple(found.interval), abs=0.005)
    assert found.verdict == "worse"


def test_ces_is_a_mean_and_low_may_be_good() -> None:
    pairs = [(5, 2), (4, 2), (5, 1), (3, 2), (4, 4), (5, 2)] * 3
    found = moved(pairs, metric="ces", scale=cx.CES_EFFORT_1_5)
    assert found.estimate == pytest.approx(np.mean([two - one for one, two in pairs]))
    assert (found.verdict, found.worsened) == ("better", 0)
    # In large samples the score interval is Student's paired one.
    rng = np.random.default_rng(3)
    before = rng.integers(1, 8, 5_000)
    after = np.clip(before + rng.integers(-1, 3, 5_000), 1, 7)
    found = cx.movement(before, after, by=None, metric="ces")
    paired = stats.ttest_rel(after, before).confidence_interval()
    assert tuple(found.interval) == pytest.approx((paired.low, paired.high), abs=5e-4)


def test_knowing_who_is_who_narrows_the_interval() -> None:
    rng = np.random.default_rng(4)
    before = rng.integers(0, 11, 400)
    after = np.clip(before + rng.integers(0, 2, 400), 0, 10)
    same = cx.movement(before, after, by=None)
    apart = cx.compare(cx.nps(before), cx.nps(after))
    assert same.estimate == pytest.approx(apart.estimate)
    assert same.interval.high - same.interval.low < 0.5 * (apart.interval.high - apart.interval.low)
    assert (same.verdict, same.p_value < apart.p_value) == ("better", True)


# -- who counts --------------------------------------------------------------------------------------


def test_people_are_matched_and_the_others_counted() -> None:
    before = cx.Responses(score=[9, 3, 8, None, 10, 7], respondent=["ada", "bob", "cid", "dan", None, "fay"])
    after = cx.Responses(score=[10, 7, 9, 2, 1], respondent=["ada", "bob", "dan", "eve", None])
    found = cx.movement(before, after)
    assert (found.people, found.n, found.given) == (2, 4, 11)
    # cid, fay, dan's second answer, eve and the two who are not known
    assert {cx.LeftOut.MISSING: 1, cx.LeftOut.UNMATCHED: 6} == dict(found.left_out)
    assert found.given == found.n + sum(found.left_out.values())


def test_the_latest_answer_of_a_wave_counts_in_any_order() -> None:
    rows = [
        cx.SurveyResponse(score=score, respondent=who, at=NINE + timedelta(hours=hour))
        for score, who, hour in ((9, "ada", 1), (2, "ada", 5), (10, "ada", 5), (None, "ada", 9), (8, "bob", 2))
    ]
    after = [cx.SurveyResponse(score=9, respondent=who, at=NINE) for who in ("bob", "ada")]
    for order in (rows, rows[::-1], rows[2:] + rows[:2]):
        found = cx.movement(order, after)
        assert found.table["detractors"]["promoters"] == 1  # of the two at five o'clock the poorer one
        assert found.table["passives"]["promoters"] == 1
        assert {cx.LeftOut.MISSING: 1, cx.LeftOut.SUPERSEDED: 2} == dict(found.left_out)
    effort = [cx.SurveyResponse(score=score, respondent="ada", at=NINE) for score in (1, 5, 3)]
    found = cx.movement(effort, [cx.SurveyResponse(score=3, respondent="ada")], metric="ces", scale=cx.CES_EFFORT_1_5)
    assert found.before == 5.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: cx.movement([9, 3], [10, 7], by=(["ada", "bob"], ["ada", "bob"])),
        lambda: cx.movement([9, 3], [7, 10], by=(["ada", "bob"], ["bob", "ada"])),
        lambda: cx.movement([9, 3], [10, 7], by=["ada", "bob"]),
        lambda: cx.movement([9, 3], [10, 7], by=None),
        lambda: cx.movement(np.array([9.0, 3.0]), ("10", "7"), by=None),
        lambda: cx.movement(
            cx.Responses(score=[9, 3], account=["ada", "bob"]),
            cx.Responses(score=[7, 10], extra={"id": ["bob", "ada"]}), by=("account", "id"),
        ),
        lambda: cx.movement(
            [cx.SurveyResponse(score=9, respondent="ada"), cx.SurveyResponse(score=3, respondent="bob")],
            cx.Responses(score=[7, 10], respondent=["bob", "ada"]), by=lambda row: row.respondent.upper(),
        ),
    ],
)  # fmt: skip
def test_every_door_gives_the_same(call: Callable[[], cx.Movement]) -> None:
    expected = cx.movement(
        cx.Responses(score=[9, 3], respondent=["ada", "bob"]), cx.Responses(score=[10, 7], respondent=["ada", "bob"])
    )
    found = call()
    assert (found.table, found.interval, found.p_value) == (expected.table, expected.interval, expected.p_value)


def test_invalid_answers_can_be_left_out_and_counted() -> None:
    found = cx.movement([9, 11, None, float("nan")], [10, 7, 3, 2.5], by=None, invalid="drop")
    assert found.people == 1
    assert {cx.LeftOut.MISSING: 2, cx.LeftOut.INVALID: 2, cx.LeftOut.UNMATCHED: 2} == dict(found.left_out)


# -- manners -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wave", [cx.nps([9]), cx.nps([9], by=["a"])])
def test_results_are_named_and_not_shown(wave: Any) -> None:
    with pytest.raises(
        cx.ArgumentTypeError, match=rf"after must be the answers .*got {type(wave).__name__}, "
    ) as error:
        cx.movement([9], wave, by=None)
    assert len(str(error.value)) < 250


def test_one_person_is_no_people() -> None:
    assert "NPS of the same 1 person " in str(cx.movement([9], [3], by=None))


def test_nobody_in_both_waves() -> None:
    found = cx.movement([9], [3], by=(["ada"], ["bob"]))
    assert (found.people, found.verdict) == (0, None)
    assert all(map(math.isnan, (found.estimate, found.before, found.p_value, found.homogeneity_p_value)))
    assert str(found) == "NPS of the same people undefined: nobody answered in both waves"
    assert "no interval" in found._repr_html_()
    assert found.to_dict()["estimate"] is None
    assert found == pickle.loads(pickle.dumps(found))


def test_text_html_dict_and_signature() -> None:
    found = moved([(3, 9)] * 8 + [(9, 9)] * 4 + [(7, 3)])
    assert str(found) == "NPS of the same 13 people +115.4 (95% CI 43.4 to 161.2, p=0.0062): better"
    assert "<td>detractors 0, passives 0, promoters 8</td>" in found._repr_html_()
    assert json.loads(json.dumps(found.to_dict()))["table"]["detractors"]["promoters"] == 8
    assert found.signature == (
        "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1 ; movement:row|ci:score|conf:0.95|missing:drop|invalid:raise"
    )
    assert (found.headline, found._brief().n) == (found.estimate, 13)
    assert "p&lt;0.0001" in moved([(3, 9)] * 50)._repr_html_()
    assert str(moved([(9, 3)] * 5)).endswith("worse")
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))


movement: Any = cx.movement  # wrong calls are the point of the test


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: movement([9], [3]), cx.ArgumentTypeError, r"got the name 'respondent'.*by=None where row i"),
        (lambda: movement({9: 1}, [3]), cx.ArgumentTypeError, r"before must be the answers themselves \(got dict"),
        (lambda: movement([3], cx.ScoreTally.empty(cx.NPS_0_10)), cx.ArgumentTypeError, "after must be the answers"),
        (lambda: movement([9], [3, 4], by=None), cx.LengthError, "after must have one value for each"),
        (lambda: movement([9], [3], by=(["a", "b"], ["a"])), cx.LengthError, "by"),
        (lambda: movement([9], [11], by=None), cx.ScaleError, "after must be whole points 0 to 10"),
        (lambda: movement([None], [1], by=None, missing="raise"), cx.MissingValueError, "before must have no"),
        (
            lambda: movement([9, 3], [3], by=(["a", "a"], ["a"])), cx.ArgumentValueError,
            "before must hold one answer a person .*got 1 more",
        ),
        (
            lambda: movement(cx.Responses(score=[9, 3], respondent="a"), [3]), cx.ArgumentValueError,
            "pass a Responses batch with at=",
        ),
        (
            lambda: movement(cx.Contacts(customer=["a"], at=[NINE]), [3]), cx.ArgumentTypeError,
            "SurveyResponse records or a Responses batch",
        ),
        (
            lambda: movement([cx.Contact(customer="a", at=NINE)], [3]), cx.ArgumentTypeError,
            r"before must be answers.*got Contact\b",
        ),
        (lambda: movement(cx.Responses(score=[9]), cx.Responses(score=[9])), cx.UnknownNameError, "respondent"),
        (lambda: movement([9], [3], metric="nsp"), cx.UnknownNameError, "did you mean 'nps'"),
        (lambda: movement([9], [3], by=None, scale="0-10"), cx.ArgumentTypeError, "scale must be a Scale"),
    ],
)  # fmt: skip
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
