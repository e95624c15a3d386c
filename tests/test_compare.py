"""Compare: the public door gives the published numbers, p-value and interval agree, groups add up."""

from __future__ import annotations

import copy
import json
import math
import pickle
import re
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

import cxscore as cx
from cxscore._core.multiplicity import benjamini_hochberg, false_coverage_level, holm, simultaneous_level
from cxscore._evidence import Evidence
from strategies import answers, confidences, rows, weights

test_proportions_2indep.__test__ = False  # its name is no test of ours

ORACLES = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "oracles.json"
RECORDS: list[dict[str, Any]] = json.loads(ORACLES.read_text()) if ORACLES.exists() else []

NET = ("mover", "adjusted-wald", "wald")
SHARE = ("newcombe", "newcombe-cc", "agresti-caffo", "miettinen-nurminen", "wald")
MEAN = ("adjusted-welch", "welch")
NINE = datetime(2026, 3, 2, 9)


def nps(detractors: float, passives: float, promoters: float) -> cx.NpsResult:
    return cx.nps({0: int(detractors), 7: int(passives), 10: int(promoters)})


def csat(good: int, n: int) -> cx.CsatResult:
    return cx.csat({5: good, 1: n - good})


def log(minutes: list[float], *, waiting: int = 0, channel: Any = "mail") -> cx.Messages:
    """One conversation a wait, answered after so many minutes; some still wait."""
    size = len(minutes) + waiting
    start = np.datetime64("2026-03-02T09:00:00", "us")
    first = np.full(size, start)
    replied = start + (np.array(minutes) * 60e6).astype("m8[us]")
    return cx.Messages(
        conversation=[*range(size), *range(len(minutes))], at=np.concatenate([first, replied]),
        author=["customer"] * size + ["agent"] * len(minutes),
        channel=[channel] * (size + len(minutes)) if isinstance(channel, str) else [*channel, *channel[: len(minutes)]],
    )  # fmt: skip


def waits(minutes: list[float], **more: Any) -> cx.ResponseTimesResult:
    return cx.response_times(log(minutes, **more), as_of=NINE + timedelta(days=30))


# -- numbers from elsewhere --------------------------------------------------------------------------


def of_difference(record: dict[str, Any]) -> tuple[cx.Difference, list[float]] | None:
    """The comparison of an "nps two-sample" record, the higher score second as the source lost the sign."""
    if not record["id"].startswith("nps-diff-"):
        return None
    pair = sorted(((nps(*record["inputs"][name])) for name in ("x", "y")), key=lambda result: result.score)
    method = "adjusted-wald" if "adjwald" in record["id"] else "wald"
    return cx.compare(pair[0], pair[1], method=method, confidence=record["inputs"]["conf"]), record["expected"]


FOUND = [(record, answer) for record in RECORDS if (answer := of_difference(record)) is not None]


@pytest.mark.skipif(not RECORDS, reason="the folder of published numbers is not beside the checkout")
def test_there_are_records() -> None:
    assert len(FOUND) >= 6


@pytest.mark.parametrize(("record", "answer"), [pytest.param(*pair, id=pair[0]["id"]) for pair in FOUND])
def test_records_of_two_samples(record: dict[str, Any], answer: tuple[cx.Difference, list[float]]) -> None:
    ours, expected = answer
    low, high = ours.interval
    assert expected[1:3] == pytest.approx([low / 100, high / 100], abs=record["tolerance"])
    assert expected[3] == pytest.approx(ours.p_value, abs=record["tolerance"])
    if ours._signature.estimation["ci"] == "wald":  # the source gives the adjusted estimate otherwise
        assert expected[0] == pytest.approx(ours.estimate / 100, abs=record["tolerance"])


def test_two_samples_of_an_nps_keep_their_sign() -> None:
    # Rocks' code in R, 20/30/50 against 30/40/30: .291 (.079, .503), p .00712; it prints the absolute difference.
    worse = cx.compare(nps(20, 30, 50), nps(30, 40, 30), method="adjusted-wald")
    assert (-50.3381479016, -7.9142792828) == pytest.approx(tuple(worse.interval), abs=1e-8)
    assert 0.007118773166 == pytest.approx(worse.p_value, abs=1e-11)
    assert (-30.0, "worse") == (worse.estimate, worse.verdict)


@pytest.mark.parametrize(
    ("method", "limits"),
    [
        ("newcombe", (0.0524, 0.3339)),  # Newcombe (1998), Table II, 56/70 - 48/80
        ("newcombe-cc", (0.0428, 0.3422)),
        ("miettinen-nurminen", (0.0528, 0.3382)),
        ("agresti-caffo", (0.0525, 0.3358)),  # Garner, WUSS 2016, Table 2
        ("wald", (0.0575, 0.3425)),
    ],
)
def test_shares_have_the_printed_limits(method: Any, limits: tuple[float, float]) -> None:
    found = cx.compare(csat(48, 80), csat(56, 70), method=method)
    assert limits == pytest.approx(tuple(limit / 100 for limit in found.interval), abs=1e-4)
    assert found.verdict == "better"


def test_the_n_less_one_test() -> None:
    # uxr (github joe-chelladurai/uxr), 10 of 12 against 4 of 13: z 2.59, p .00955.
    found = cx.compare(csat(4, 13), csat(10, 12), method="miettinen-nurminen")
    assert 0.0095483 == pytest.approx(found.p_value, abs=1e-6)


counts = st.integers(0, 200)
shares = st.tuples(st.integers(0, 200), st.integers(0, 200)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=30)
@given(shares, shares, confidences)
def test_statsmodels_agrees_on_shares(one: tuple[int, int], two: tuple[int, int], level: float) -> None:
    (k1, n1), (k2, n2) = one, two
    # statsmodels has no answer where a sample is empty or nothing varies.
    if min(n1, n2) == 0 or (k1 * (n1 - k1) == 0 and k2 * (n2 - k2) == 0):
        return
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # it divides by zero for ratios that nobody asked for
        statsmodels_agrees(k1, n1, k2, n2, level)


def statsmodels_agrees(k1: int, n1: int, k2: int, n2: int, level: float) -> None:
    for ours, theirs in (("newcombe", "newcomb"), ("agresti-caffo", "agresti-caffo"), ("wald", "wald")):
        found = cx.compare(csat(k2, n2), csat(k1, n1), method=ours, confidence=level)  # type: ignore[arg-type]  # a method
        limits = confint_proportions_2indep(k1, n1, k2, n2, method=theirs, compare="diff", alpha=1 - level)
        assert tuple(limits) == pytest.approx([limit / 100 for limit in found.interval], abs=1e-9)
        if theirs != "newcomb":  # it has no test that belongs to that interval
            p = test_proportions_2indep(k1, n1, k2, n2, method=theirs, compare="diff").pvalue
            assert p == pytest.approx(found.p_value, rel=1e-9, abs=1e-12)
    score = test_proportions_2indep(k1, n1, k2, n2, method="score", compare="diff", correction=True).pvalue
    ours_p = cx.compare(csat(k2, n2), csat(k1, n1), method="miettinen-nurminen").p_value
    assert score == pytest.approx(ours_p, rel=1e-9, abs=1e-12)


@settings(max_examples=30)
@given(answers(cx.CES_1_7, min_size=2, max_size=30), answers(cx.CES_1_7, min_size=2, max_size=30), confidences)
def test_scipy_agrees_on_means(one: list[int], two: list[int], level: float) -> None:
    if 1 in (len(set(one)), len(set(two))):
        return  # scipy warns of a sample without variance
    found = cx.compare(cx.ces(one), cx.ces(two), method="welch", confidence=level)
    test = stats.ttest_ind(two, one, equal_var=False)
    assert test.pvalue == pytest.approx(found.p_value, rel=1e-9)
    interval = test.confidence_interval(level)
    assert (interval.low, interval.high) == pytest.approx(tuple(found.interval), rel=1e-9, abs=1e-9)


@settings(max_examples=10)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.3))
def test_statsmodels_agrees_on_corrections(p: list[float], alpha: float) -> None:
    for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        assert multipletests(p, method=theirs)[1] == pytest.approx(ours(np.array(p)), abs=1e-12)
        padded = ours(np.array([math.nan, *p, math.nan]))  # tests that were not made do not count
        assert padded[1:-1].tolist() == ours(np.array(p)).tolist()
        assert np.isnan(padded[[0, -1]]).all()
    assert 1 - alpha / len(p) == pytest.approx(simultaneous_level(np.array(p), 1 - alpha))
    selected = int((benjamini_hochberg(np.array(p)) <= 1 - (1 - alpha)).sum())
    assert 1 - alpha * max(selected, 1) / len(p) == pytest.approx(false_coverage_level(np.array(p), 1 - alpha))


# -- interval, p-value and verdict tell the same -----------------------------------------------------


def pairs(method: str) -> st.SearchStrategy[tuple[Any, Any]]:
    if method in SHARE:
        return st.tuples(shares, shares).map(lambda pair: (csat(*pair[0]), csat(*pair[1])))
    if method in MEAN:
        column = answers(cx.CES_1_7, max_size=25)
        return st.tuples(column, column).map(lambda pair: (cx.ces(pair[0]), cx.ces(pair[1])))
    groups = st.tuples(counts, counts, counts)
    return st.tuples(groups, groups).map(lambda pair: (nps(*pair[0]), nps(*pair[1])))


@pytest.mark.parametrize("method", [*NET, *SHARE[:-1], *MEAN])
@settings(max_examples=30)
@given(st.data())
def test_the_interval_at_the_level_of_p_touches_zero(method: Any, data: st.DataObject) -> None:
    before, after = data.draw(pairs(method))
    found = cx.compare(before, after, method=method)
    if math.isnan(found.p_value):
        assert found.estimate != found.estimate or method == "welch"  # a single answer has no spread
        return
    assert 0.0 <= found.p_value <= 1.0
    if not 1e-9 < found.p_value < 1 - 1e-9:
        return
    again = cx.compare(before, after, method=method, confidence=1 - found.p_value)
    low, high = again.interval
    if method == "miettinen-nurminen":  # whose score need not fall all the way, see below
        assert low <= 2e-5
        assert high >= -2e-5
    else:
        assert min(abs(low), abs(high)) == pytest.approx(0.0, abs=2e-5)  # points, of 200


@pytest.mark.parametrize("method", [*NET, *SHARE, *MEAN])
@settings(max_examples=15)
@given(st.data(), confidences)
def test_swapping_the_samples_changes_signs_only(method: Any, data: st.DataObject, level: float) -> None:
    before, after = data.draw(pairs(method))
    there = cx.compare(before, after, method=method, confidence=level)
    back = cx.compare(after, before, method=method, confidence=level)
    assert there.p_value == pytest.approx(back.p_value, rel=1e-9, nan_ok=True)
    assert there.estimate == pytest.approx(-back.estimate, nan_ok=True)
    assert tuple(there.interval) == pytest.approx((-back.interval.high, -back.interval.low), nan_ok=True, abs=1e-9)
    opposite = {"better": "worse", "worse": "better", "no clear change": "no clear change", None: None}
    assert (there.verdict is None) is math.isnan(there.estimate)
    assert opposite[there.verdict] == back.verdict


@given(st.tuples(counts, counts, counts), st.tuples(counts, counts, counts), confidences)
def test_the_verdict_is_what_p_says(one: Any, two: Any, level: float) -> None:
    found = cx.compare(nps(*one), nps(*two), confidence=level)
    if math.isnan(found.p_value) or abs(found.p_value - (1 - level)) < 1e-9:
        return
    clear = found.p_value < 1 - level
    assert (found.verdict != "no clear change") is clear
    assert not clear or (found.verdict == "better") is (found.estimate > 0)


def test_a_miettinen_nurminen_interval_may_hold_zero_beyond_its_p() -> None:
    """The score need not fall all the way to 0: a sample hundreds of times the other, at 99.9 %."""
    found = cx.compare(csat(200, 10_000), csat(2, 7), method="miettinen-nurminen", confidence=0.999)
    assert found.p_value < 1e-6
    assert found.interval.low < 0
    assert found.verdict == "no clear change"  # the interval decides


def test_without_variance_a_wald_interval_is_a_point() -> None:
    method: Any = "wald"
    assert cx.compare(nps(0, 0, 5), nps(5, 0, 0), method=method).p_value == 0.0
    assert cx.compare(nps(0, 5, 0), nps(0, 9, 0), method=method).p_value == 1.0
    assert cx.compare(csat(5, 5), csat(0, 5), method=method).p_value == 0.0
    assert cx.compare(cx.ces([7, 7]), cx.ces([7, 7, 7]), method="welch").p_value == 1.0
    assert cx.compare(cx.ces([7, 7]), cx.ces([6, 6, 6]), method="welch").p_value == 0.0
    # The default methods know better.
    assert cx.compare(nps(0, 0, 5), nps(5, 0, 0)).p_value > 1e-4
    assert cx.compare(cx.ces([7, 7]), cx.ces([6, 6, 6])).p_value > 0.1


def test_a_million_millions_lose_no_digits() -> None:
    big = 10**12
    found = cx.compare(nps(big // 4, big // 2, big // 4), nps(big // 4, big // 2 - 10**6, big // 4 + 10**6))
    # Nearly normal: 1e-6 over the root of 2 * .5 / 1e12, z = 1.
    assert found.p_value == pytest.approx(math.erfc(1 / math.sqrt(2)), rel=1e-4)
    low, high = cx.compare(nps(0, 0, big), nps(0, 1, big)).interval
    assert low < 0 < high < 1e-9


def test_the_good_side_of_a_figure_decides() -> None:
    effort = cx.CES_EFFORT_1_5
    easier = cx.compare(cx.ces([4, 5, 4, 5, 5] * 9, scale=effort), cx.ces([1, 2, 1, 1, 2] * 9, scale=effort))
    assert (easier.estimate < 0, easier.verdict) == (True, "better")
    slow, quick = waits([60.0, 90, 120, 100] * 9), waits([3.0, 9, 12, 10] * 9)
    assert cx.compare(slow, quick).verdict == "better"
    assert cx.compare(quick, slow).verdict == "worse"


# -- medians -----------------------------------------------------------------------------------------


def test_medians_are_durations() -> None:
    before, after = waits([10.0, 20, 30, 40, 50, 60, 70] * 5), waits([11.0, 30, 50, 60, 90, 100] * 5)
    found = cx.compare(before, after)
    one, two = before.first_response, after.first_response
    assert one is not None
    assert two is not None
    assert found.estimate == two.median - one.median  # type: ignore[operator]  # both are reached
    # MOVER by hand on the log-log limits.
    seconds = [[limit.total_seconds() for limit in (clock.median, *clock.median_interval)] for clock in (two, one)]
    (m1, low1, high1), (m2, low2, high2) = seconds
    low = m1 - m2 - math.hypot(m1 - low1, high2 - m2)
    high = m1 - m2 + math.hypot(high1 - m1, m2 - low2)
    assert [limit.total_seconds() for limit in found.interval] == pytest.approx([low, high], abs=1e-6)
    assert (found.verdict == "worse") is (found.interval.low > timedelta(0)) is (found.p_value < 0.05)
    assert found.to_dict()["estimate_seconds"] == found.estimate.total_seconds()
    assert str(found).startswith("median first response +15.0 min (95% CI ")


@settings(max_examples=15)
@given(st.lists(st.integers(1, 60), min_size=8, max_size=30), st.lists(st.integers(30, 90), min_size=8, max_size=30))
def test_p_of_medians_inverts_their_interval(one: list[int], two: list[int]) -> None:
    before, after = waits([float(value) for value in one]), waits([float(value) for value in two])
    p = cx.compare(before, after).p_value
    if 1e-9 < p < 0.9:  # limits move in steps: just below the level 0 is out, just above it is in
        for level, clear in ((1 - p * (1 + 1e-6), True), (1 - p * (1 - 1e-6), False)):
            assert (cx.compare(before, after, confidence=level).verdict != "no clear change") is clear


def test_a_median_that_is_not_reached_has_no_difference() -> None:
    found = cx.compare(waits([5.0, 6, 7]), waits([5.0], waiting=9))
    assert (found.estimate, found.interval.low, found.interval.high) == (None, None, None)
    assert (found.verdict, math.isnan(found.p_value)) == (None, True)
    assert str(found) == "median first response change undefined: one side has no figure"
    assert found.to_dict()["estimate_seconds"] is None


def test_a_median_without_an_upper_limit_has_an_open_interval() -> None:
    found = cx.compare(waits([5.0 + i for i in range(9)]), waits([50.0, 60, 70, 80, 90, 99], waiting=5))
    assert found.interval.high is None
    assert found.verdict == "worse"
    assert "to ∞" in str(found)


def test_medians_far_apart_have_a_p_of_zero() -> None:
    near, far = [1.0 + i / 100 for i in range(400)], [500.0 + i for i in range(400)]
    assert cx.compare(waits(near), waits(far)).p_value == 0.0


# -- groups ------------------------------------------------------------------------------------------


def table(scale: cx.Scale) -> st.SearchStrategy[list[Any]]:
    return rows(scale, max_size=40)


def measured(metric: Callable[..., Any], data: list[Any], scale: cx.Scale, **more: Any) -> cx.Groups[Any]:
    return metric([row[0] for row in data], by=[row[1] for row in data], scale=scale, invalid="drop", **more)  # type: ignore[no-any-return]  # Groups


METRICS = [(cx.nps, cx.NPS_0_10), (cx.csat, cx.CSAT_1_5), (cx.ces, cx.CES_1_7)]


@pytest.mark.parametrize(("metric", "scale"), METRICS)
@settings(max_examples=15)
@given(st.data())
def test_groups_are_compared_one_by_one(metric: Any, scale: cx.Scale, data: st.DataObject) -> None:
    before, after = (measured(metric, data.draw(table(scale)), scale) for _ in range(2))
    if len(before) and len(after) and not set(before) & set(after):
        with pytest.raises(cx.ArgumentValueError, match="groups in common"):
            cx.compare(before, after)
        return
    found = cx.compare(before, after, correction=None)
    assert set(found) == set(before) | set(after)
    assert (None in found) is (bool(found) and list(found)[-1] is None)
    for key, difference in found.items():
        if key not in before or key not in after:
            assert math.isnan(difference.estimate)
            assert difference.verdict is None
            continue
        alone = cx.compare(before[key], after[key])
        assert difference.estimate == pytest.approx(alone.estimate, nan_ok=True)
        assert difference.p_value == pytest.approx(alone.p_value, nan_ok=True, rel=1e-7)
        assert tuple(difference.interval) == pytest.approx(tuple(alone.interval), nan_ok=True)
        assert difference.simultaneous_interval == difference.interval
        assert difference.verdict == alone.verdict
    assert found.overall == cx.compare(before.overall, after.overall)
    for key in found:
        if key in before and key in after:
            assert found.rest(key) == cx.compare(before.rest(key), after.rest(key))


@pytest.mark.parametrize(("metric", "scale"), METRICS)
@pytest.mark.parametrize("weighted", [False, True])
@settings(max_examples=12)
@given(st.data())
def test_each_group_against_its_rest(metric: Any, scale: cx.Scale, weighted: bool, data: st.DataObject) -> None:
    drawn = data.draw(table(scale))
    more = {"weights": data.draw(st.lists(weights, min_size=len(drawn), max_size=len(drawn)))} if weighted else {}
    groups = measured(metric, drawn, scale, **more)
    found = cx.compare(groups, correction=None)
    for key, difference in found.items():
        alone = cx.compare(groups.rest(key), groups[key])
        assert difference.p_value == pytest.approx(alone.p_value, nan_ok=True, rel=1e-6)
        assert tuple(difference.interval) == pytest.approx(tuple(alone.interval), nan_ok=True, rel=1e-9, abs=1e-6)
        for field in ("before", "after", "estimate", "n_before", "n_after"):
            assert getattr(difference, field) == pytest.approx(getattr(alone, field), nan_ok=True, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("groups", [
    cx.nps([10, 9, 3, 8, 7, 6, 10, 0], by=list("aabbbaab")),
    cx.nps([10, 9, 3, 8, 7, 6, 10, 0], by=list("aabbbaab"), weights=[1, 2, 1, 0.5, 1, 1, 3, 1]),
    cx.nps([10, 9, 3, 8], by=list("aabb"), cluster=[1, 2, 2, 3]),
    cx.csat([5, 4, 1, 2, 3], by=list("abcab")), cx.ces([5, 4, 1, 2, 7], by=list("abcab")),
    cx.repeat_contacts(cx.Contacts(customer=list("xyxyz"), at=[NINE + timedelta(days=i) for i in range(5)],
                                   channel=list("aabbb")), by="channel"),
    cx.response_times(log([1.0, 2, 3, 50], channel=list("aabb")), by="channel"),
    cx.Groups.from_tallies({key: cx.ScoreTally.of([9, 1], cx.NPS_0_10) for key in "ab"}, cx.nps),
], ids=["nps", "weighted", "clustered", "csat", "ces", "repeats", "waits", "tallies"])  # fmt: skip
def test_the_evidence_of_the_rest_is_that_of_everybody_else(groups: Any) -> None:
    together = groups._rest_evidence
    for i, key in enumerate(groups):
        alone = groups.rest(key)._evidence
        for name in ("value", "n", "weight", "up", "down", "spread"):
            column = np.broadcast_to(getattr(together, name), len(groups))
            assert column[i] == pytest.approx(getattr(alone, name), nan_ok=True), name
    assert len(cx.compare(groups)) == len(groups)


labelled = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 60)), min_size=1, max_size=12)


@settings(max_examples=40)
@given(labelled)
def test_the_evidence_of_the_rest_of_repeats(drawn: list[tuple[str, int, int]]) -> None:
    """Customers with contacts in several groups are in the rest of each with the others only."""
    contacts = cx.Contacts(
        customer=[row[1] for row in drawn], at=[NINE + timedelta(days=row[2]) for row in drawn],
        channel=[row[0] for row in drawn],
    )  # fmt: skip
    groups = cx.repeat_contacts(contacts, by="channel")
    together = groups._rest_evidence
    for i, key in enumerate(groups):
        alone = groups.rest(key)._evidence
        for name in ("value", "n", "weight", "up"):
            assert getattr(together, name)[i] == pytest.approx(getattr(alone, name), nan_ok=True), name


@settings(max_examples=15)
@given(labelled)
def test_a_group_and_its_rest_are_everybody(drawn: list[tuple[str, int, int]]) -> None:
    """Every metric: rows, rows left out and whatever is counted add up to the overall."""
    by, values, hours = [row[0] for row in drawn], [row[1] for row in drawn], [row[2] for row in drawn]
    scores = [None if value == 0 else value for value in values]
    when = [NINE + timedelta(hours=hour) for hour in hours]
    contacts = cx.Contacts(customer=[None if value == 0 else value for value in values], at=when, channel=by)
    for groups, fields in (
        (cx.nps(scores, by=by), ("promoters", "passives", "detractors")),
        (cx.csat(scores, by=by), ("satisfied", "neutral", "dissatisfied")),
        (cx.ces(scores, by=by), ("easy", "difficult")),
        (cx.repeat_contacts(contacts, by="channel"), ("contacts", "mature", "immature", "not_ended", "repeats")),
        (cx.response_times(log([float(hour) for hour in hours], channel=by), by="channel"), ("answered", "waiting")),
        (cx.outliers([float(hour) for hour in hours], limit=50.0, by=by), ()),
    ):
        for key in groups:
            mine, rest, every = groups[key], groups.rest(key), groups.overall
            for field in ("given", "n", *fields):
                assert getattr(mine, field) + getattr(rest, field) == getattr(every, field), (field, key)
            for reason in every.left_out:
                assert mine.left_out.get(reason, 0) + rest.left_out.get(reason, 0) == every.left_out[reason]


def many(seed: int, groups: int, shift: int = 0) -> tuple[cx.Groups[Any], cx.Groups[Any]]:
    """Groups before and after, the first few of which got better."""
    rng = np.random.default_rng(seed)
    by = np.repeat(np.arange(groups), 60)
    before, after = rng.integers(0, 11, len(by)), rng.integers(0, 11, len(by))
    after[: 60 * shift] = rng.integers(7, 11, 60 * shift)
    return cx.nps(before, by=by), cx.nps(after, by=by)


def test_holm_rules_out_any_false_finding() -> None:
    before, after = many(1, 40, shift=5)
    found = cx.compare(before, after)
    p = found.column("p_value")
    assert multipletests(p, method="holm")[1] == pytest.approx(found.column("p_adjusted"))
    assert {key for key, difference in found.items() if difference.verdict == "better"} == set(range(5))
    first = found[0]
    assert 1 - 0.05 / 40 == pytest.approx(first.simultaneous_interval.confidence)
    alone = cx.compare(before[0], after[0], confidence=first.simultaneous_interval.confidence)
    assert tuple(alone.interval) == pytest.approx(tuple(first.simultaneous_interval))
    assert ", adjusted p" in str(first)
    assert "among all groups" in first._repr_html_()


def test_bh_intervals_exclude_zero_exactly_where_it_finds_something() -> None:
    found = cx.compare(*many(2, 40, shift=8), correction="bh")
    low, high = found.column("simultaneous_interval.low"), found.column("simultaneous_interval.high")
    clear = (low > 0) | (high < 0)
    assert clear.sum() >= 8
    assert clear.tolist() == [difference.verdict != "no clear change" for difference in found.values()]
    assert clear.tolist() == (found.column("p_adjusted") <= 0.05).tolist()


def test_groups_that_were_not_compared_do_not_count() -> None:
    before, after = cx.nps([9, 3, 9, 9, 1], by=list("aabbb")), cx.nps([9, 9, 1, 1, 1], by=list("aabbc"))
    found = cx.compare(before, after)
    assert [1 - 0.05 / 2] * 3 == [difference.simultaneous_interval.confidence for difference in found.values()]
    assert math.isnan(found["c"].p_adjusted)
    assert (0.0, 1.0) == (found["c"].n_before, found["c"].n_after)
    assert [False, False, True] == np.isnan(found.scores).tolist()


def test_simultaneous_intervals_hold_together() -> None:
    """Twenty groups without any change, two hundred times: all intervals hold 0 in at least 95 % (± 3 SE)."""
    rng = np.random.default_rng(5)
    by = np.repeat(np.arange(20 * 200), 50)
    before, after = (cx.nps(rng.integers(0, 11, len(by)), by=by) for _ in range(2))
    found = cx.compare(before, after, correction=None, confidence=1 - 0.05 / 20)  # Bonferroni's level for twenty
    low, high = (found.column(f"interval.{end}").reshape(200, 20) for end in ("low", "high"))
    all_hold = ((low <= 0) & (high >= 0)).all(axis=1)
    assert 0.95 - 3 * math.sqrt(0.05 * 0.95 / 200) <= all_hold.mean()


def test_columns_equal_the_differences_one_by_one() -> None:
    groups = cx.response_times(log([1.0, 2, 3, 50, 60, 70], waiting=0, channel=list("aabbbc")), by="channel")
    for found in (cx.compare(*many(3, 5)), cx.compare(groups), cx.compare(groups, groups)):
        for name in ("estimate", "p_value", "p_adjusted", "before", "after", "n_before", "n_after", "interval.low",
                     "interval.high", "simultaneous_interval.low", "simultaneous_interval.high"):  # fmt: skip
            column = found.column(name)
            for got, difference in zip(column.tolist(), found.values(), strict=True):
                expected: Any = difference
                for part in name.split("."):
                    expected = getattr(expected, part)
                assert got == pytest.approx(expected, nan_ok=True) if isinstance(got, float) else got == expected
        np.testing.assert_array_equal(found.scores, found.column("estimate"))
    with pytest.raises(cx.UnknownNameError, match="which holds str"):
        found.column("verdict")


def test_keys_of_unlike_types_keep_the_order_they_were_seen_in() -> None:
    before = cx.nps([9, 3, 4], by=np.array(["x", None, 1], dtype=object))
    after = cx.nps([9, 3, 4], by=np.array(["x", (2,), None], dtype=object))
    assert ["x", 1, (2,), None] == list(cx.compare(before, after))
    several = [cx.nps([9, 3], by={"a": list("xy"), "b": keys}) for keys in ([1, 2], [1, 3])]
    assert [("x", 1), ("y", 2), ("y", 3)] == list(cx.compare(*several))
    assert ("a", "b") == cx.compare(*several).names


def test_no_groups_at_all() -> None:
    none, some = cx.nps([], by=[]), cx.nps([9, 3], by=["a", "b"])
    assert [] == list(cx.compare(none)) == list(cx.compare(none, none))
    assert [True, True] == np.isnan(cx.compare(none, some).scores).tolist()
    assert [True, True] == np.isnan(cx.compare(some, none).scores).tolist()
    waiting = cx.response_times(log([1.0])[np.zeros(2, dtype=bool)], by="channel")
    assert [] == list(cx.compare(waiting))
    assert math.isnan(cx.compare(cx.nps([]), cx.nps([9])).estimate)


# -- manners -----------------------------------------------------------------------------------------


def test_nothing_tried_is_no_difference() -> None:
    contacts = cx.Contacts(customer=list("xyz"), at=[NINE, NINE, NINE + timedelta(days=30)], channel=list("aab"))
    groups = cx.repeat_contacts(contacts, by="channel")
    assert math.isnan(groups["b"].rate)
    for found in (cx.compare(groups)["b"], cx.compare(groups, groups)["b"], cx.compare(groups["a"], groups["b"])):
        assert (found.n_after, found.verdict) == (0.0, None)
        assert str(found) == "repeat rate change undefined: one side has no figure"
        assert "n=0" in found._repr_html_()
    assert "b: repeat rate, change undefined (no interval, n of the smaller side=0)" in str(cx.compare(groups))


def test_a_table_of_differences_says_what_it_shows() -> None:
    before = cx.csat([5, 1] * 30, by=["chat", "mail", "talk"] * 20)
    after = cx.csat([5, 5, 5, 1] * 15, by=["chat", "mail", "talk"] * 20)
    page = cx.compare(before, after)._repr_html_()
    heads = re.findall(r"<th>(.*?)</th>", page)
    assert heads == [
        "group", "CSAT, before", "after", "change", "98.33% CI", "adjusted p", "verdict", "n before, after",
    ]  # fmt: skip
    assert "CSAT, change by group: 3 groups" in page
    chat = cx.compare(before, after)["chat"]
    cells = re.findall(r"<td>(.*?)</td>", page)[:8]
    assert cells[:4] == ["chat", "50.0%", "75.0%", "+25.0 points"]
    assert cells[5:] == [f"{chat.p_adjusted:.2g}", chat.verdict, "20, 20"]
    alone = cx.compare(before, correction=None)._repr_html_()
    assert re.findall(r"<th>(.*?)</th>", alone)[1:6] == ["CSAT, rest", "own", "change", "95% CI", "p"]
    hidden = cx.compare(before, after.with_min_n(30))._repr_html_()
    assert re.findall(r"<td>(.*?)</td>", hidden)[:8] == ["chat", "hidden", "", "", "", "", "", "20"]


def test_unlike_groups_are_refused_by_name() -> None:
    by_channel, by_region = cx.nps([9, 3], by={"channel": ["a", "b"]}), cx.nps([9, 3], by={"region": ["a", "b"]})
    with pytest.raises(cx.ArgumentValueError, match=r"same kind of groups .*by channel and by region"):
        cx.compare(by_channel, by_region)
    # What nobody named is taken at its keys.
    unnamed = cx.nps([9, 3], by=[["a", "b"]])
    assert list(cx.compare(by_channel, unnamed)) == [("a",), ("b",)]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_differences_copy_pickle_compare_and_hash(again: Callable[[Any], Any]) -> None:
    single = cx.compare(nps(3, 4, 5), nps(1, 2, 9))
    undefined = cx.compare(cx.nps([]), cx.nps([]))
    for found in (single, undefined, cx.compare(*many(4, 3)), cx.compare(cx.nps([9, 3], by=["a", "b"]))):
        assert again(found) == found
        assert hash(again(found)) == hash(found)
    assert single != undefined
    assert json.loads(json.dumps(single.to_dict())) == single.to_dict()
    with pytest.raises(AttributeError):
        single.estimate = 0.0  # type: ignore[misc]  # the point of the test


def test_text_and_html_say_what_was_found() -> None:
    found = cx.compare(nps(30, 40, 30), nps(20, 30, 50))
    assert str(found) == "NPS +30.0 points (95% CI 8.0 to 50.8, p=0.0078): better"
    assert "<td>+30.0 points (95% CI 8.0 to 50.8, p=0.0078)</td>" in found._repr_html_()
    assert "independent samples" in found._repr_html_()
    repeats = cx.repeat_contacts(cx.Contacts(customer=list("xxy"), at=[NINE + timedelta(days=i) for i in range(3)]),
                                 as_of=NINE + timedelta(days=30))  # fmt: skip
    assert "repeat rate +0.0 points (95% CI " in str(cx.compare(repeats, repeats))
    assert "CES, mean +1.00 (95% CI" in str(cx.compare(cx.ces([5, 6]), cx.ces([6, 7])))
    assert "p<0.0001" in str(cx.compare(nps(900, 0, 0), nps(0, 0, 900)))
    groups = cx.compare(*many(1, 2)).with_min_n(61)
    assert "hidden (n=60 below 61)" in str(groups)
    assert [None, None] == [row["estimate"] for row in groups.to_dicts()]
    assert "hidden" in str(cx.compare(cx.nps([9, 3], by=["a", "b"]).with_min_n(5)))


def test_the_signature_says_how_it_was_compared() -> None:
    one, two = nps(3, 4, 5), nps(1, 2, 9)
    told = cx.Signature.parse(cx.compare(one, two, confidence=0.9).signature)
    assert told.defined == cx.Signature.parse(one.signature).defined
    assert {"difference": "after-before", "ci": "mover", "conf": "0.9"} == dict(told.estimation)
    groups = cx.compare(cx.nps([9, 3], by=["a", "b"]), correction="bh")
    told = cx.Signature.parse(groups["a"].signature)
    assert ("group-rest", "bh") == (told.estimation["difference"], told.estimation["correction"])


def test_the_level_of_the_results_does_not_matter() -> None:
    assert cx.compare(cx.nps([9, 3], confidence=0.8), cx.nps([9, 9])) == cx.compare(cx.nps([9, 3]), cx.nps([9, 9]))


GROUPED = cx.nps([9, 3], by=["a", "b"])
compare: Any = cx.compare  # wrong calls are the point of the test


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: compare(cx.nps([9])), cx.ArgumentTypeError, "after must be given beside a single result"),
        (lambda: compare([9], [3]), cx.ArgumentTypeError, r"before must be a result .*measure first: cx\.compare"),
        (lambda: compare(cx.nps([9]), {"a": 3}), cx.ArgumentTypeError, "after must be .*a mapping of results"),
        (lambda: compare(GROUPED, [9]), cx.ArgumentTypeError, r"after must be a result .*got list"),
        (lambda: compare(cx.nps([9]), GROUPED), cx.ArgumentTypeError, "two results or two Groups"),
        (lambda: compare(GROUPED, cx.nps([9])), cx.ArgumentTypeError, "two results or two Groups"),
        (
            lambda: compare(cx.nps([9]), cx.nps([9], scale=cx.NPS_1_10)), cx.ArgumentValueError,
            r"same definition .*unlike in scale \(0-10 and 1-10\), poor \(0-6 and 1-6\)",
        ),
        (
            lambda: compare(GROUPED, cx.csat([5, 4], by=["a", "b"])), cx.ArgumentValueError,
            r"same definition .*unlike in metric \(nps and csat\)",
        ),
        (
            lambda: compare(cx.nps([9]), cx.nps([9]), method="newcombe"), cx.UnknownNameError,
            "method must be one of 'mover', 'adjusted-wald', 'wald'",
        ),
        (
            lambda: compare(cx.nps([9]), cx.nps([9]), correction="bonferroni"), cx.UnknownNameError,
            "correction must be one of 'holm', 'bh'",
        ),
        (lambda: compare(cx.nps([9]), cx.nps([9]), confidence=95), cx.ArgumentValueError, "confidence"),
        (
            lambda: compare(cx.outliers([1.0, 2]), cx.outliers([3.0])), cx.ArgumentTypeError,
            "OutliersResult has no interval of its own",
        ),
        (lambda: compare(GROUPED).overall, cx.ArgumentTypeError, "overall has no meaning where every group"),
        (lambda: compare(GROUPED).rest("a"), cx.ArgumentTypeError, "rest has no meaning where every group"),
        (lambda: compare(GROUPED).tally, cx.ArgumentTypeError, "differences have no tally"),
        (lambda: compare(GROUPED).tallies, cx.ArgumentTypeError, "differences have no tally"),
        (lambda: compare(GROUPED)._evidence, cx.ArgumentTypeError, "Difference has no interval of its own"),
        (
            lambda: compare(GROUPED, cx.nps([9], by=["c"])), cx.ArgumentValueError,
            "groups in common .*keys such as 'a' and 'c'",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_evidence_is_placed_by_position() -> None:
    found = cx.nps([10, 9, 3, 8], by=list("abca"))._evidence.placed(np.array([2, -1, 0]))
    assert found.value.tolist() == pytest.approx([-100.0, math.nan, 50.0], nan_ok=True)
    assert found.n.tolist() == [1.0, 0.0, 2.0]
    assert isinstance(found, Evidence)


# -- other figures than the headline -----------------------------------------------------------------


def answered(*minutes: float, talk: str = "") -> cx.Messages:
    """One conversation a wait, a day apart."""
    n = len(minutes)
    start = datetime(2026, 3, 2)
    asked = [start + timedelta(days=i) for i in range(n)]
    replied = [at + timedelta(minutes=wait) for at, wait in zip(asked, minutes, strict=True)]
    return cx.Messages(
        conversation=[f"{talk}{i}" for i in range(n)] * 2, at=asked + replied, author=["customer"] * n + ["agent"] * n
    )


def test_a_share_of_waits_is_compared_as_a_share() -> None:
    targets = timedelta(minutes=30)
    before = cx.response_times(answered(*[10] * 20 + [50] * 20), targets=targets)
    after = cx.response_times(answered(*[10] * 35 + [50] * 5), targets=targets)
    found = cx.compare(before, after, figure="first_response.within_target")
    plain = cx.compare(cx.csat({5: 20, 1: 20}), cx.csat({5: 35, 1: 5}))
    assert found.estimate == pytest.approx(0.375)
    assert tuple(found.interval) == pytest.approx([limit / 100 for limit in plain.interval])
    assert (found.verdict, found.p_value) == ("better", pytest.approx(plain.p_value))
    assert str(found).startswith("first response within target +37.5 points")
    assert found.signature.startswith(
        before.signature.partition("|v:1")[0] + "|figure:first_response.within_target|v:1"
    )
    headline = cx.compare(before, after)
    assert cx.compare(before, after, figure="first_response.median") == headline
    assert "figure" not in headline.signature
    median = cx.compare(before, after, figure="reply.median")
    assert (median.figure, median.estimate) == ("median reply", headline.estimate)


def test_groups_are_compared_by_another_figure() -> None:
    log = answered(*[10] * 20 + [50] * 20 + [10] * 35 + [50] * 5)
    teams = np.array(["a"] * 40 + ["b"] * 40)
    waits = cx.response_times(log, by=np.concatenate((teams, teams)), targets=timedelta(minutes=30))
    for figure in ("first_response.within_target", "reply.median"):
        against = cx.compare(waits, figure=figure)
        alone = cx.compare(waits["b"], waits["a"], figure=figure)
        assert against["a"].estimate == alone.estimate
        assert against["a"].p_value == pytest.approx(alone.p_value)
        paired = cx.compare(waits, waits, figure=figure)
        assert [paired[key].verdict for key in paired] == ["no clear change"] * 2
        assert paired.overall.figure == paired["a"].figure == alone.figure
        assert paired.rest("a").after == alone.before
        assert f"|figure:{figure}|" in paired["a"].signature


def test_first_contact_resolution_is_better_when_it_is_higher() -> None:
    days = [datetime(2026, 3, 1) + timedelta(days=day) for day in (0, 1)]
    options: dict[str, Any] = {"as_of": datetime(2026, 6, 1), "history_from": datetime(2026, 1, 1)}

    def desk(back: int) -> cx.RepeatContactsResult:
        who = [*range(50), *range(back)]
        return cx.repeat_contacts(cx.Contacts(customer=who, at=[days[0]] * 50 + [days[1]] * back), **options)

    found = cx.compare(desk(30), desk(10), figure="first_contact_resolution")
    assert (found.before, found.after, found.verdict) == (0.4, 0.8, "better")
    assert found.interval == cx.compare(desk(30), desk(10), figure="net_first_contact_resolution").interval
