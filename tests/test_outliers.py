"""Outliers through the public function: published numbers, real data, and the laws of flagging."""

from __future__ import annotations

import copy
import csv
import json
import math
import pickle
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import cxscore as cx

# Perfolizer flags beyond 3 * 1.4826 MAD; our cutoff counts MAD / 0.6745.
PERFOLIZER_CUTOFF = 3 * 1.4826 * 0.6745
RULES = ["mad", "double-mad", "tukey", "sd"]

rules = st.sampled_from(RULES)
sides = st.sampled_from(["high", "low", "both"])
seconds = st.integers(0, 4_000)
columns = st.lists(st.one_of(seconds, st.none()), max_size=25)


def spans(values):
    return [None if value is None else timedelta(seconds=value) for value in values]


def flagged(values, **options):
    result = cx.outliers(values, side="both", log=False, **options)
    return sorted(np.asarray(values)[result.mask].tolist())


# -- published numbers -------------------------------------------------------------------------------

# github machinelearningZH/plausi, reference pages double_mad, is_outlier_z and the boxplot rule.
PLAUSI = [1, 2, 3, 3, 4, 4, 4, 5, 5.5, 6, 6, 6.5, 7, 7, 7.5, 8, 9, 12, 52, 90]


def test_plausi_reference_pages():
    assert flagged(PLAUSI, rule="sd", cutoff=3) == [90]
    assert flagged(PLAUSI, rule="tukey") == [52, 90]
    # Double MAD 2 below and 1.5 above the median of 6.
    fence = cx.outliers(PLAUSI, rule="double-mad", cutoff=0.6745, side="both").fence
    assert pytest.approx((6 - 2.0, 6.0, 6 + 1.5)) == (fence.low, fence.centre, fence.high)


def test_median_absolute_deviation_of_chem():
    # scipy test_stats.py TestMedianAbsDeviation; R mad(MASS::chem): .526323 with its factor 1.4826.
    chem = [2.9, 3.1, 3.4, 3.4, 3.7, 3.7, 2.8, 2.5, 2.4, 2.4, 2.7, 2.2]
    chem += [5.28, 3.37, 3.03, 3.03, 28.95, 3.77, 3.4, 2.2, 3.5, 3.6, 3.7, 3.7]
    fence = cx.outliers(chem, cutoff=0.6745 * 1.4826).fence
    assert pytest.approx(3.385) == fence.centre
    assert pytest.approx(0.526323) == fence.high - fence.centre
    assert flagged(chem) == [5.28, 28.95]


def test_modified_z_of_iglewicz_and_hoaglin():
    # 0.6745 * (10 - 5) / 2 = 1.69 is the modified z of 10 among these.
    values = [1, 3, 4, 5, 6, 7, 10]
    assert flagged(values, cutoff=1.69) == []
    assert flagged(values, cutoff=1.68) == [10]


def test_every_published_outlier_of_these_rules(shared):
    rules = {"Tukey": ("tukey", 1.5), "Mad": ("mad", PERFOLIZER_CUTOFF), "DoubleMad": ("double-mad", PERFOLIZER_CUTOFF)}
    checked = 0
    for record in json.loads(shared("oracles", "oracles.json").read_text(encoding="utf-8")):
        identity, values = record["id"], record["inputs"].get("x")
        if identity.startswith("outlier-perfolizer-"):
            rule, cutoff = rules[identity.split("-")[2]]
        elif identity == "outlier-posthocs-iqr":
            rule, cutoff = "tukey", 1.5
        elif identity == "zscore-plausi":
            rule, cutoff = "sd", 3
        elif identity == "doublemad-plausi":
            fence = cx.outliers(values, rule="double-mad", cutoff=0.6745, side="both").fence
            spreads = [fence.centre - fence.low, fence.high - fence.centre]
            assert pytest.approx(record["expected"], abs=record["tolerance"]) == spreads, identity
            checked += 1
            continue
        elif identity == "doublemad-dist-plausi":
            fence = cx.outliers(values, rule="double-mad", cutoff=0.6745, side="both").fence
            spread = [fence.centre - fence.low if x < fence.centre else fence.high - fence.centre for x in values]
            distances = [abs(x - fence.centre) / s for x, s in zip(values, spread, strict=True)]
            assert pytest.approx(record["expected"], abs=max(record["tolerance"], 1e-7)) == distances, identity
            checked += 1
            continue
        else:
            continue
        assert sorted(record["expected"]) == flagged(values, rule=rule, cutoff=cutoff), identity
        checked += 1
    assert checked >= 66


@pytest.mark.parametrize(("cutoff", "count"), [(1, 24), (2, 5), (3, 2)])
def test_complaints_outside_one_two_three_sd_of_their_week(shared, cutoff, count):
    # github zzzbitz/prepbench @074d071, case 119: which days of which department its answers list.
    with shared("data", "prepbench", "case_119_input_01.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    week = [int(row["Week"]) for row in rows]
    found = cx.outliers([int(row["Complaints"]) for row in rows], by=week, rule="sd", cutoff=cutoff, side="both")
    places = np.concatenate([result.indices for result in found.values()])
    actual = {
        (datetime.strptime(rows[i]["Date"], "%d/%m/%Y").date().isoformat(), rows[i]["Department"]) for i in places
    }
    with shared("data", "prepbench", f"case_119_expected_0{cutoff}.csv").open(newline="") as lines:
        expected = {(row["Date"], row["Department"]) for row in csv.DictReader(lines)}
    assert (count, expected) == (len(places), actual)
    assert count == found.scores.sum()


def test_lognormal_waits_are_not_flagged_on_the_log_scale():
    # The definitions promise 8 % of plain lognormal waits with raw MAD and .02 % with log MAD.
    waits = (np.random.default_rng(5).lognormal(9, 1, 100_000) * 1e6).astype("m8[us]")
    raw = cx.outliers(waits, log=False)
    logged = cx.outliers(waits)
    assert 0.07 < raw.count / raw.n < 0.10
    assert logged.count / logged.n < 0.0005


# -- what is flagged ---------------------------------------------------------------------------------


def test_a_stated_limit_with_its_reason():
    waits = spans([3_600, 432_000, 432_001, 1_000_000, None])
    result = cx.outliers(waits, limit=timedelta(days=5))
    worst = result.flagged[0]
    assert worst == cx.Outlier(
        index=3,
        value=timedelta(seconds=1_000_000),
        limit=timedelta(days=5),
        distance=timedelta(seconds=568_000),
        reason="waited 11.6 d, 6.6 d over the limit of 5.0 d (stated limit)",
    )
    assert [3, 2] == [item.index for item in result.flagged]
    assert [2, 3] == result.indices.tolist()
    assert [False, False, True, True, False] == result.mask.tolist()
    assert (5, 4, {"missing": 1}) == (result.given, result.n, result.left_out)
    assert (2, None, False) == (result.headline, result.interval, result.undecidable)
    assert str(result) == "2 outliers above 5.0 d (stated limit), n=4"


def test_numbers_on_both_sides_worst_first_by_distance():
    result = cx.outliers([9, 10, 3, 2, -4, 30], limit=(3, 9), side="both")
    assert [5, 4, 1, 3] == [item.index for item in result.flagged]
    assert ["30, 21 over the limit of 9 (stated limit)", "−4, 7 under the limit of 3 (stated limit)"] == [
        item.reason for item in result.flagged[:2]
    ]
    assert [21, 7, 1, 1] == [item.distance for item in result.flagged]
    assert all(type(item.value) is int for item in result.flagged)
    assert [3.5] == [item.value for item in cx.outliers(np.array([1, 3.5], "f4"), limit=2).flagged]


def test_low_limits():
    result = cx.outliers([5, 1, 2], limit=2, side="low")
    assert ((2, None), [1]) == ((result.fence.low, result.fence.high), result.indices.tolist())
    assert str(result) == "1 outlier below 2 (stated limit), n=3"


def test_worst_first_counts_spreads_on_the_scale_that_was_judged():
    # Median 100; on the log scale 1 is farther out than 5,000, in the unit of the values it is the reverse.
    values = [90, 95, 98, 100, 100, 102, 105, 110, 1, 5_000]
    assert [1, 5_000] == [item.value for item in cx.outliers(values, side="both", log=True).flagged]
    assert [5_000, 1] == [item.value for item in cx.outliers(values, side="both").flagged]
    assert [0, 1] == [item.value for item in cx.outliers([*values[:8], 1, 0], side="low", log=True).flagged]


def test_only_the_side_asked_for():
    values = [1, 50, 51, 52, 53, 54, 55, 200]
    for side, expected in (("high", [7]), ("low", [0]), ("both", [0, 7])):
        result = cx.outliers(values, side=side)
        assert expected == result.indices.tolist()
        assert (side == "high", side == "low") == (result.fence.low is None, result.fence.high is None)


def test_durations_have_whole_microseconds_for_limits():
    # Median 2, MAD 1 second: 2 + 3.5 / 0.6745 seconds = 7.189028910... seconds.
    result = cx.outliers(spans([1, 2, 3, 1, 3, 60]), log=False)
    assert timedelta(microseconds=math.floor((2.5e6) + 3.5 * 1.0e6 / 0.6745)) >= result.fence.high
    assert timedelta(seconds=60) == result.flagged[0].value
    assert isinstance(result.fence.centre, timedelta)


def test_limits_within_one_microsecond():
    # Mean 1.5, SD 0.7: 1.43 to 1.57 microseconds hold no whole one.
    waits = [timedelta(microseconds=1), timedelta(microseconds=2)]
    result = cx.outliers(waits, rule="sd", cutoff=0.1, side="both", log=False)
    assert (waits, 0) == ([result.fence.low, result.fence.high], result.count)


def test_a_limit_longer_than_any_duration_is_open():
    waits = spans([1, 4, 1_000, 9_000_000])
    assert cx.outliers(waits, cutoff=1e6, side="both").fence == cx.Fence(
        timedelta(0), None, "mad", cutoff=1e6, log=True, centre=cx.outliers(waits).fence.centre
    )
    assert cx.outliers(waits, rule="sd", cutoff=1e30, side="low", log=False).fence.low is None


@pytest.mark.parametrize(
    ("values", "options", "because"),
    [
        ([], {}, "no values"),
        ([None], {}, "no values"),
        ([5], {"rule": "sd"}, "a single value"),
        ([5, 5, 5], {}, "the values have no spread"),
        ([0, 0, 0, 5, 900], {"log": True}, "the values have no spread"),
        ([0, 0, 5, 6, 7, 8], {"log": True, "rule": "tukey"}, "too many values are zero for the log scale"),
    ],
)
@pytest.mark.parametrize("grouped", [False, True])
def test_undecidable(values, options, because, grouped):
    by = ["all"] * len(values) if grouped and values else None
    result = cx.outliers(values, by=by, **options)
    result = result["all"] if by else result
    assert (True, 0) == (result.undecidable, result.count)
    assert (None, None) == (result.fence.low, result.fence.high)
    assert f"undecidable: {because}" in str(result)
    assert f"undecidable: {because}" in result._repr_html_()


def test_a_mad_of_zero_gives_way_to_the_mean_deviation():
    # Median 1, MAD 0, mean deviation (1 + 9) / 8: 1 + 3.5 * 1.253314 * 1.25.
    result = cx.outliers([1, 1, 1, 1, 1, 1, 2, 10])
    assert pytest.approx(6.48325, abs=1e-5) == result.fence.high
    assert [7] == result.indices.tolist()


def over_twice_the_median(values):
    return cx.Fence(high=2 * float(np.median(values)), rule="twice the median")


def test_a_rule_of_your_own():
    result = cx.outliers([1, 2, 3, 100, None], rule=over_twice_the_median)
    assert ("100, 95 over the limit of 5 (twice the median)", 5.0) == (result.flagged[0].reason, result.fence.high)
    assert "rule:own over_twice_the_median|v:1" in result.signature
    seen = []
    waits = spans([60, 120, 180, 6_000])
    result = cx.outliers(waits, rule=lambda values: seen.append(values) or over_twice_the_median(values))
    assert (timedelta(seconds=300), [60, 120, 180, 6_000]) == (result.fence.high, seen[0].tolist())
    assert not seen[0].flags.writeable
    own = cx.Fence(low=timedelta(seconds=61), high=timedelta(hours=1))
    assert [0, 3] == cx.outliers(waits, rule=lambda values: own).indices.tolist()
    by_half = cx.outliers([1, 2, 3, 100, None], by=list("aabbc"), rule=over_twice_the_median)
    assert [3.0, 103.0] == by_half.column("fence.high")[:2].tolist()
    assert (True, None) == (by_half["c"].undecidable, by_half["c"].fence.high)


# -- laws --------------------------------------------------------------------------------------------


@given(columns, rules, sides, st.sampled_from([None, False]))
def test_the_fence_flags_what_the_mask_says_and_every_row_is_accounted_for(values, rule, side, log):
    result = cx.outliers(spans(values), rule=rule, side=side, log=log, cutoff=1.5)
    assert result.mask.tolist() == result.fence.flags(spans(values)).tolist()
    assert result.given == len(values) == result.n + sum(result.left_out.values())
    assert np.flatnonzero(result.mask).tolist() == result.indices.tolist() == sorted(i.index for i in result.flagged)
    for item in result.flagged:
        assert item.distance > timedelta(0)
        assert item.limit in (result.fence.low, result.fence.high)


@given(st.lists(st.floats(0, 1e12), max_size=20), rules, sides, st.booleans())
def test_the_fence_flags_what_the_mask_says_for_numbers(values, rule, side, log):
    result = cx.outliers(values, rule=rule, side=side, log=log, cutoff=1.5)
    assert result.mask.tolist() == result.fence.flags(values).tolist()


@given(st.lists(seconds, max_size=20), rules, st.randoms())
def test_order_does_not_matter(values, rule, random):
    result = cx.outliers(values, rule=rule, cutoff=1.5, side="both")
    limits = [limit for limit in (result.fence.low, result.fence.high) if limit is not None]
    assume(all(abs(value - limit) > 1e-6 for value in values for limit in limits))
    shuffled = random.sample(values, len(values))
    again = cx.outliers(shuffled, rule=rule, cutoff=1.5, side="both")
    # Equal values lie in another order, so their positions are not compared.
    assert [item.value for item in result.flagged] == [item.value for item in again.flagged]


@given(st.lists(st.tuples(st.one_of(seconds, st.none()), st.sampled_from("ab")), max_size=20), rules)
@example([(None, "a"), (5, "b"), (5, "b"), (6, "b"), (900, "b")], "mad")
def test_each_group_is_judged_alone(rows, rule):
    # An array, as a list of nothing but None cannot say that it holds durations.
    values, labels = np.array(spans([value for value, _ in rows]), "m8[us]"), [label for _, label in rows]
    found = cx.outliers(values, by=labels, rule=rule)
    assert sorted(set(labels)) == list(found)
    for key, result in found.items():
        places = [i for i, label in enumerate(labels) if label == key]
        alone = cx.outliers(values[places], rule=rule)
        assert [places[i] for i in alone.indices] == result.indices.tolist()
        assert (alone.given, alone.n, alone.left_out) == (result.given, result.n, result.left_out)
        assert (alone.undecidable, alone.signature) == (result.undecidable, result.signature)
        assert [item.value for item in alone.flagged] == [item.value for item in result.flagged]
        for name in ("low", "high"):
            expected, actual = getattr(alone.fence, name), getattr(result.fence, name)
            assert (expected is None) == (actual is None)
            assert expected is None or abs(expected - actual) <= timedelta(microseconds=1)
        rest = cx.outliers(np.delete(values, places), rule=rule)
        assert (rest.given, rest.count) == (found.rest(key).given, found.rest(key).count)
    if rows:
        assert cx.outliers(values, rule=rule) == found.overall
        assert [result.count for result in found.values()] == found.scores.tolist()
        assert [result.n for result in found.values()] == found.column("n").tolist()


def test_groups_keep_the_positions_of_the_whole_input():
    found = cx.outliers([1, 50, 2, 500], by=["b", "a", "b", "a"], limit=10)
    assert {"a": [1, 3], "b": []} == {key: result.indices.tolist() for key, result in found.items()}
    assert [False, True, False, True] == found["a"].mask.tolist()
    assert (2, 2) == (found["a"].given, found["a"].n)
    assert [3, 1] == [item.index for item in found["a"].flagged]
    assert found.to_dicts()[0]["count"] == 2
    assert len(found) == len(found._table) == 2
    with pytest.raises(cx.MergeError, match=r"Fence\.from_tally"):
        _ = found.tally
    with pytest.raises(cx.MergeError):
        _ = found.tallies
    assert [0, 0] == [len(cx.outliers([], by=[])), len(cx.outliers([], by=[]).scores)]


def test_results_compare_by_content_and_travel():
    waits = spans([60, 70, 65, 80, 9_000, None])
    result = cx.outliers(waits)
    same, other = cx.outliers(np.array(waits, "m8[ms]")), cx.outliers(spans([60, 70, 65, 80, 9_001, None]))
    grouped = cx.outliers(waits, by=list("aaabbb"))
    for again in (same, pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert (result, hash(result), result.flagged) == (again, hash(again), again.flagged)
        assert not again.indices.flags.writeable
        assert hash(result.flagged) == hash(again.flagged)
    assert result != other
    assert result.flagged != other.flagged
    assert result.flagged != list(result.flagged)
    assert grouped == pickle.loads(pickle.dumps(grouped))
    with pytest.raises(ValueError, match="read-only"):
        result.mask[0] = True
    assert repr(result.flagged) == "Flagged(1 values, worst first)"
    assert result.flagged[0] in result.flagged
    with pytest.raises(IndexError):
        result.flagged[1]


def test_inputs_stay_as_they_were():
    values, labels = np.array([9.0, 1.0, math.inf, 3.0, 80.0, math.nan]), np.array([0, 1, 0, 1, 0, 1])
    values.flags.writeable = labels.flags.writeable = False
    for rule in RULES:
        cx.outliers(values, rule=rule, invalid="drop", log=True)
        cx.outliers(values, rule=rule, by=labels, invalid="drop")
    np.testing.assert_array_equal(values, [9.0, 1.0, math.inf, 3.0, 80.0, math.nan])


def test_plain_json_and_html():
    result = cx.outliers([*range(1, 31), *range(1_000, 1_030)], limit=999)
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (30, 30, 1_029) == (found["count"], len(found["flagged"]), found["flagged"][0]["value"])
    assert {"low": None, "high": 999, "rule": "limit"}.items() <= found["fence"].items()
    page = result._repr_html_()
    assert ("row 59" in page, "row 40" in page, "row 39" in page) == (True, True, False)
    assert "... and 10 more" in page
    waits = cx.outliers(spans([1, 2, 3, 4, 5_000])).to_dict()
    assert (5_000.0, None) == (waits["flagged"][0]["value_seconds"], waits["fence"]["low_seconds"])
    script = cx.Fence(high=1, rule="<script>")
    assert "<script>" not in cx.outliers([1, 2], rule=lambda values: script)._repr_html_()


@pytest.mark.parametrize(
    ("values", "options", "signature"),
    [
        (spans([1]), {}, "rule:mad|cutoff:3.5|side:high|log:yes|v:1"),
        ([1], {"rule": "tukey", "cutoff": 3, "side": "low"}, "rule:tukey|cutoff:3|side:low|log:no|v:1"),
        (spans([1]), {"limit": timedelta(days=5)}, "rule:limit|limit:432000s|side:high|v:1"),
        ([1], {"limit": (0.5, 9), "side": "both"}, "rule:limit|limit:0.5,9|side:both|v:1"),
    ],
)
def test_signatures(values, options, signature):
    result = cx.outliers(values, invalid="drop", **options)
    assert f"cxscore|outliers|{signature} ; missing:drop|invalid:drop" == result.signature
    assert result.signature == str(cx.Signature.parse(result.signature))


def test_without_a_spread_the_plain_distance_says_what_is_worst() -> None:
    assert [100, 7, 6] == [item.value for item in cx.outliers([5] * 20 + [6, 100, 7], rule="tukey").flagged]
