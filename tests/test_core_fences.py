"""Fences against plain statistics, against published outliers, and by law."""

from __future__ import annotations

import csv
import json
import math
import statistics
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxscore._core.fences import CUTOFFS, RULES, distance, fences, outside

SHARED = Path(__file__).resolve().parents[2] / "shared"
ORACLES = SHARED / "oracles" / "oracles.json"
PREPBENCH = SHARED / "data" / "prepbench"

# Perfolizer measures in units of 1.4826 MAD and cuts at 3.
PERFOLIZER_CUTOFF = 3 * 1.4826 * 0.6745


def single(values, rule="mad", cutoff=None, *, log=False):
    return fences(
        np.array(values, dtype=np.float64),
        None,
        1,
        rule=rule,
        cutoff=CUTOFFS[rule] if cutoff is None else cutoff,
        log=log,
    )


def flagged(values, rule="mad", cutoff=None, *, log=False):
    found = single(values, rule, cutoff, log=log)
    values = np.array(values, dtype=np.float64)
    return sorted(values[outside(values, found.low, found.high)].tolist())


def plain_limits(values, rule, cutoff):
    """The definition with the standard library: low, high, or None where undecidable."""
    if not values or min(values) == max(values):
        return None
    if rule == "sd":
        mean, sd = statistics.fmean(values), statistics.stdev(values)
        return mean - cutoff * sd, mean + cutoff * sd
    if rule == "tukey":
        # "inclusive" is type 7.
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
        return lower - cutoff * (upper - lower), upper + cutoff * (upper - lower)
    median = statistics.median(values)

    def spread(side):
        distances = [abs(value - median) for value in side]
        return statistics.median(distances) / 0.6745 or 1.253314 * statistics.fmean(distances)

    if rule == "mad":
        return median - cutoff * spread(values), median + cutoff * spread(values)
    below = spread([value for value in values if value <= median])
    above = spread([value for value in values if value >= median])
    return median - cutoff * (below or math.inf), median + cutoff * (above or math.inf)


# Eighths: sums, halves and differences are exact, so that rules agree on what is equal.
numbers = st.integers(-800, 800).map(lambda value: value / 8)
cutoffs = st.sampled_from([1.0, 1.5, 3.0, 3.5])
rules = st.sampled_from(sorted(RULES))


@settings(max_examples=300, deadline=None)
@given(values=st.lists(numbers, max_size=12), rule=rules, cutoff=cutoffs)
def test_equals_the_definition_in_plain_python(values, rule, cutoff):
    found = single(values, rule, cutoff)
    expected = plain_limits(values, rule, cutoff)
    assert (expected is None) == found.undecidable[0]
    low, high = expected or (-math.inf, math.inf)
    np.testing.assert_allclose([low, high], [found.low[0], found.high[0]], rtol=1e-12, atol=1e-12)
    if values:
        centre = statistics.fmean(values) if rule == "sd" else statistics.median(values)
        np.testing.assert_allclose(centre, found.centre[0], rtol=1e-12, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60).map(lambda v: v / 4)), max_size=20),
    rule=rules,
    cutoff=cutoffs,
    log=st.booleans(),
    seed=st.integers(0, 99),
)
def test_groups_equal_each_group_alone_in_any_order(rows, rule, cutoff, log, seed):
    rows = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    group = np.array([g for g, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    found = fences(values, group, 5, rule=rule, cutoff=cutoff, log=log)
    for g in range(5):
        alone = single(sorted(values[group == g]), rule, cutoff, log=log)
        for name, expected, actual in zip(found._fields, alone, found, strict=True):
            np.testing.assert_allclose(actual[g], expected[0], rtol=1e-12, atol=1e-12, err_msg=name)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(numbers, min_size=2, max_size=12),
    rule=rules,
    factor=st.sampled_from([0.25, 2.0, 1024.0]),
    shift=st.integers(-64, 64),
)
def test_moves_and_scales_with_the_values(values, rule, factor, shift):
    found = single(values, rule)
    moved = single([value * factor + shift for value in values], rule)
    np.testing.assert_array_equal(found.undecidable, moved.undecidable)
    for name in ("low", "high", "centre"):
        expected = getattr(found, name) * factor + shift
        np.testing.assert_allclose(getattr(moved, name), expected, rtol=1e-9, atol=1e-9 * factor)
    np.testing.assert_allclose(moved.spread_high, found.spread_high * factor, rtol=1e-9, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.integers(1, 4000), min_size=2, max_size=12), rule=rules)
def test_log_scale_is_the_rule_on_logarithms(values, rule):
    logs = [math.log(value) for value in values]
    found = single(values, rule, log=True)
    expected = single(logs, rule)
    np.testing.assert_array_equal(found.undecidable, expected.undecidable)
    with np.errstate(over="ignore"):
        low = np.where(expected.undecidable, -np.inf, np.exp(expected.low))
        np.testing.assert_allclose(found.low, low, rtol=1e-9)
        np.testing.assert_allclose(found.high, np.exp(expected.high), rtol=1e-9)
    np.testing.assert_array_equal(found.spread_low, expected.spread_low)


@settings(max_examples=200, deadline=None)
@given(value=st.floats(1e-9, 1e12), other=st.floats(1e-9, 1e12), rule=st.sampled_from(["tukey", "sd", "mad"]))
def test_a_value_on_a_log_limit_is_not_flagged(value, other, rule):
    # Quartiles that are equal put both limits on the value itself.
    assume(value != other)
    assert value not in flagged([value] * 7 + [other], rule, log=True)


@given(values=st.lists(numbers, min_size=1, max_size=8), low=numbers, high=numbers)
def test_distance_is_positive_exactly_outside(values, low, high):
    assume(low <= high)
    values = np.array(values)
    np.testing.assert_array_equal(outside(values, low, high), distance(values, low, high) > 0)


def test_distance_is_measured_from_the_limit_that_was_passed():
    assert distance(np.array([-1.0, 1.0, 4.0, 9.0]), 1.0, 4.0).tolist() == [2.0, 0.0, 0.0, 5.0]
    assert outside(np.array([4.0, 9.0]), -np.inf, 4.0).tolist() == [False, True]


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("values", [[], [7.0], [0.1, 0.1, 0.1]])
@pytest.mark.parametrize("log", [False, True])
def test_without_spread_nothing_can_be_judged(rule, values, log):
    found = single(values, rule, log=log)
    assert found.undecidable.all()
    assert [(-math.inf, math.inf)] == list(zip(found.low, found.high, strict=True))
    assert math.isnan(found.centre[0]) == (not values)


def test_mad_of_zero_falls_back_to_the_mean_deviation():
    # Median 1, MAD 0, mean deviation (0 * 6 + 1 + 9) / 8 = 1.25.
    found = single([1, 1, 1, 1, 1, 1, 2, 10])
    assert pytest.approx(1 + 3.5 * 1.253314 * 1.25) == found.high[0]
    assert flagged([1, 1, 1, 1, 1, 1, 2, 10]) == [10.0]


def test_double_mad_has_no_limit_on_a_side_without_values():
    found = single([1, 1, 1, 2, 10], "double-mad")
    assert -math.inf == found.low[0]
    assert flagged([1, 1, 1, 2, 10], "double-mad") == [10.0]
    assert not found.undecidable[0]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_over_half_zeros_on_the_log_scale_are_undecidable(rule):
    assert single([0, 0, 0, 5, 900], rule, log=True).undecidable[0]
    # Exactly half leaves a mean of the logarithms, but no finite median.
    assert single([0, 0, 5, 900], rule, log=True).undecidable[0] == (rule != "sd")


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 60).map(lambda v: v / 4), st.integers(1, 9)), max_size=10),
    rule=rules,
    cutoff=cutoffs,
    log=st.booleans(),
)
def test_repeats_equal_the_values_written_out(rows, rule, cutoff, log):
    values = np.array([value for value, _ in rows], dtype=np.float64)
    repeats = np.array([count for _, count in rows], dtype=np.int64)
    found = fences(values, None, 1, rule=rule, cutoff=cutoff, log=log, repeats=repeats)
    expected = single(np.repeat(values, repeats), rule, cutoff, log=log)
    for name, wanted, actual in zip(found._fields, expected, found, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("rule", ["mad", "sd"])
def test_a_zero_is_below_every_limit_on_the_log_scale(rule):
    found = single([0, 5, 6, 7, 8], rule, log=True)
    assert found.low[0] > 0
    assert not found.undecidable[0]
    assert flagged([0, 5, 6, 7, 8], rule, log=True) == [0.0]


def test_zeros_do_not_enter_the_mean_deviation_on_the_log_scale():
    # Logarithms -inf, 0 (four times), log 8: median 0, MAD 0, mean of the finite deviations log(8) / 5.
    found = single([0, 1, 1, 1, 1, 8], log=True)
    assert pytest.approx(8 ** (3.5 * 1.253314 / 5)) == found.high[0]


def test_zeros_in_the_first_quartile_leave_tukey_undecidable_and_double_mad_without_a_low_limit():
    values = [0, 0, 0, 5, 6, 7, 8]
    assert single(values, "tukey", log=True).undecidable[0]
    double = single(values, "double-mad", log=True)
    assert [double.low[0], double.undecidable[0]] == [0.0, False]


def test_inputs_may_be_read_only_and_stay_as_they_were():
    values, group = np.array([9.0, 1.0, 5.0, 3.0]), np.array([1, 0, 1, 0])
    values.flags.writeable = group.flags.writeable = False
    for rule in RULES:
        fences(values, None, 1, rule=rule, cutoff=3.0)
        fences(values, group, 2, rule=rule, cutoff=3.0, log=True)
    assert values.tolist() == [9.0, 1.0, 5.0, 3.0]


PLAUSI = [1, 2, 3, 3, 4, 4, 4, 5, 5.5, 6, 6, 6.5, 7, 7, 7.5, 8, 9, 12, 52, 90]


def test_plausi_reference_pages():
    # github machinelearningZH/plausi, reference pages of double_mad and is_outlier_z.
    found = single(PLAUSI, "double-mad")
    assert pytest.approx([2.0, 1.5]) == [found.spread_low[0] * 0.6745, found.spread_high[0] * 0.6745]
    assert flagged(PLAUSI, "sd") == [90.0]


def test_median_absolute_deviation_of_chem():
    # scipy test_stats.py TestMedianAbsDeviation; R mad(MASS::chem).
    chem = [2.9, 3.1, 3.4, 3.4, 3.7, 3.7, 2.8, 2.5, 2.4, 2.4, 2.7, 2.2]
    chem += [5.28, 3.37, 3.03, 3.03, 28.95, 3.77, 3.4, 2.2, 3.5, 3.6, 3.7, 3.7]
    found = single(chem)
    assert pytest.approx(3.385) == found.centre[0]
    assert pytest.approx(0.355) == found.spread_high[0] * 0.6745


PERFOLIZER = {
    "Tukey": ("tukey", 1.5),
    "Mad": ("mad", PERFOLIZER_CUTOFF),
    "DoubleMad": ("double-mad", PERFOLIZER_CUTOFF),
}


@pytest.mark.skipif(not ORACLES.exists(), reason="the collection of published numbers is not in the repository")
def test_every_published_outlier_of_these_rules():
    checked = 0
    for record in json.loads(ORACLES.read_text(encoding="utf-8")):
        identity, values = record["id"], record["inputs"].get("x")
        if identity.startswith("outlier-perfolizer-"):
            rule, cutoff = PERFOLIZER[identity.split("-")[2]]
        elif identity == "outlier-posthocs-iqr":
            rule, cutoff = "tukey", 1.5
        elif identity == "zscore-plausi":
            rule, cutoff = "sd", 3.0
        else:
            continue
        assert sorted(record["expected"]) == flagged(values, rule, cutoff), identity
        checked += 1
    assert checked >= 64


@pytest.mark.skipif(not PREPBENCH.exists(), reason="the prepbench cases are not in the repository")
@pytest.mark.parametrize(("cutoff", "count"), [(1, 24), (2, 5), (3, 2)])
def test_complaints_outside_one_two_three_sd_of_their_week(cutoff, count):
    # github zzzbitz/prepbench @074d071, case 119: which days of which department its answers list.
    with (PREPBENCH / "case_119_input_01.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    weeks, week = np.unique([int(row["Week"]) for row in rows], return_inverse=True)
    complaints = np.array([float(row["Complaints"]) for row in rows])
    found = fences(complaints, week, weeks.size, rule="sd", cutoff=float(cutoff))
    passed = np.flatnonzero(outside(complaints, found.low[week], found.high[week]))
    actual = {
        (datetime.strptime(rows[i]["Date"], "%d/%m/%Y").date().isoformat(), rows[i]["Department"]) for i in passed
    }
    with (PREPBENCH / f"case_119_expected_0{cutoff}.csv").open(newline="") as lines:
        answers = list(csv.DictReader(lines))
    assert count == len(passed)
    assert {(row["Date"], row["Department"]) for row in answers} == actual
    by_week = {int(row["Week"]): float(row["Mean"]) for row in answers}
    for g, number in enumerate(weeks.tolist()):
        if number in by_week:
            assert pytest.approx(by_week[number]) == found.centre[g]
