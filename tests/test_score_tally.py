"""Score tallies: the laws of merging, what refuses to merge, files that come back, counts from elsewhere."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from strategies import messy, scales, shards, tallies, weights

EMPTY = cx.ScoreTally.empty(cx.CSAT_1_5)
PLAIN = tallies(cx.CSAT_1_5)
WEIGHTED = tallies(cx.CSAT_1_5, weighted=True)
EITHER = st.sampled_from([PLAIN, WEIGHTED])


# -- laws --------------------------------------------------------------------------------------------


@given(st.one_of(PLAIN, WEIGHTED))
def test_identity(a: cx.ScoreTally) -> None:
    assert a + EMPTY == a == EMPTY + a
    assert (a + a.emptied()).to_dict() == a.to_dict()


@given(EITHER.flatmap(lambda kind: st.tuples(kind, kind)))
def test_commutative(pair: tuple[cx.ScoreTally, cx.ScoreTally]) -> None:
    a, b = pair
    assert a + b == b + a


@given(EITHER.flatmap(lambda kind: st.tuples(kind, kind, kind)))
def test_associative(three: tuple[cx.ScoreTally, cx.ScoreTally, cx.ScoreTally]) -> None:
    a, b, c = three
    assert (a + b) + c == a + (b + c)
    assert (a + b).given == a.given + b.given


@given(scales.flatmap(lambda scale: st.tuples(st.just(scale), messy(scale).flatmap(shards))))
def test_the_sum_of_the_parts_is_the_whole(case: tuple[cx.Scale, list[list[Any]]]) -> None:
    scale, parts = case
    whole = cx.ScoreTally.of([value for part in parts for value in part], scale, invalid="drop")
    merged = sum((cx.ScoreTally.of(part, scale, invalid="drop") for part in parts), start=cx.ScoreTally.empty(scale))
    assert merged == whole
    assert hash(merged) == hash(whole)


@given(st.lists(st.tuples(st.integers(1, 7), weights), max_size=40).flatmap(shards))
def test_weighted_parts_add_up_to_rounding(parts: list[list[tuple[int, float]]]) -> None:
    def tally(rows: list[tuple[int, float]]) -> cx.ScoreTally:
        return cx.ScoreTally.of([row[0] for row in rows], cx.CES_1_7, weights=[row[1] for row in rows])

    whole = tally([row for part in parts for row in part])
    merged = sum(map(tally, parts), start=cx.ScoreTally.empty(cx.CES_1_7))
    assert merged.counts == whole.counts
    assert merged.sums == pytest.approx(whole.sums, rel=1e-12)
    assert merged.squares == pytest.approx(whole.squares, rel=1e-12)
    assert cx.ces(merged).score == pytest.approx(cx.ces(whole).score, rel=1e-12, nan_ok=True)


def test_weighted_tallies_without_an_answer_merge_with_any() -> None:
    nobody = cx.ScoreTally.of([None], cx.CSAT_1_5, weights=[2.0])
    some = cx.ScoreTally.of([5, 1], cx.CSAT_1_5)
    for merged in (nobody + some, some + nobody, EMPTY + nobody + some):
        assert cx.csat(merged).score == 50.0
        assert (merged.sums, merged.squares, merged.left_out) == (None, None, {"missing": 1})
    assert (nobody + EMPTY).sums == nobody.sums
    assert cx.csat(nobody + cx.ScoreTally.of([5], cx.CSAT_1_5, weights=[3.0])).total_weight == 3.0


def test_unlike_tallies_refuse() -> None:
    one = cx.ScoreTally.of([5], cx.CSAT_1_5)
    with pytest.raises(cx.MergeError, match=r"unlike scales do not add up \(got CSAT 1-5 .*and CES 1-5 .*same scale="):
        one + cx.ScoreTally.of([5], cx.CES_1_5)
    with pytest.raises(cx.MergeError, match="unlike scales"):
        one + cx.ScoreTally.of([5], cx.CSAT_1_5.with_bands(good_from=5))
    for a, b in (
        (one, cx.ScoreTally.of([5], cx.CSAT_1_5, weights=[1])),
        (cx.ScoreTally.of([4], cx.CSAT_1_5, weights=[1]), one),
    ):
        with pytest.raises(cx.MergeError, match="a weighted and an unweighted tally do not add up"):
            a + b
    with pytest.raises(TypeError):
        one + 1  # type: ignore[operator]  # the point of the test
    with pytest.raises(TypeError):
        sum([one])


def test_invitations_add_up_and_people_only_when_nobody_is_counted_twice() -> None:
    def tally(*scores: Any) -> cx.ScoreTally:
        return cx.ScoreTally.of(cx.Responses(score=list(scores), respondent=list(range(len(scores)))), cx.CSAT_1_5)

    first, second = tally(5, None, 4), tally(1)
    assert (first.asked, first.respondents) == (3, 2)
    assert ((first + second).asked, (first + second).respondents) == (4, None)
    assert ((first + EMPTY).asked, (first + EMPTY).respondents) == (3, 2)
    assert ((EMPTY + first).asked, (EMPTY + first).respondents) == (3, 2)
    assert (first + cx.ScoreTally.of([5], cx.CSAT_1_5)).asked is None
    assert (EMPTY + EMPTY).asked is None


# -- files -------------------------------------------------------------------------------------------


@given(st.one_of(PLAIN, WEIGHTED))
def test_tallies_come_back(tally: cx.ScoreTally) -> None:
    for again in (
        cx.ScoreTally.from_dict(json.loads(json.dumps(tally.to_dict()))), cx.ScoreTally.from_bytes(tally.to_bytes()),
        pickle.loads(pickle.dumps(tally)), copy.deepcopy(tally),
    ):  # fmt: skip
        assert again == tally
        assert again.to_dict() == tally.to_dict()
        assert hash(again) == hash(tally)


def test_a_file_of_schema_1_is_read_for_ever() -> None:
    written = {
        "schema": 1, "kind": "ScoreTally", "counts": [1, 0, 2, 0, 4], "sums": None, "squares": None,
        "scale": {"name": "CSAT 1-5", "low": 1, "high": 5, "poor_up_to": 2, "good_from": 4, "low_is_good": False},
        "left_out": {"missing": 3}, "asked": 12, "respondents": None,
    }  # fmt: skip
    tally = cx.ScoreTally.from_dict(written)
    assert (tally.scale, tally.n, tally.given, tally.asked) == (cx.CSAT_1_5, 7, 10, 12)
    now = {**written, "schema": 3, "clusters": None, "superseded": "drop"}
    assert tally.to_dict() == now
    assert cx.ScoreTally.from_dict({**written, "schema": 2, "clusters": None}) == tally


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"schema": 4}, "data has schema 4, this release reads up to 3; upgrade cxscore"),
        ({"superseded": "keep"}, "superseded must be"),
        ({"schema": 0}, "data has schema 0"),
        ({"schema": "1"}, r"data must be what ScoreTally\.to_dict\(\) wrote"),
        ({"kind": "DurationTally"}, "got 'DurationTally'"),
        ({"left_out": {"sunspots": 1}}, "sunspots"),
        ({"counts": [1, 2]}, r"counts must have one number for each of the 5 points of CSAT 1-5 \(got 2\)"),
        ({"sums": [1.0]}, "sums must have one number for each of the 5 points"),
    ],
)
def test_what_from_dict_refuses(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        cx.ScoreTally.from_dict(EMPTY.to_dict() | change)


def test_from_dict_wants_a_mapping() -> None:
    with pytest.raises(cx.ArgumentValueError, match="got 'list'"):
        cx.ScoreTally.from_dict([1, 2])  # type: ignore[arg-type]  # the point of the test


# -- counts from elsewhere ---------------------------------------------------------------------------


@given(scales.flatmap(lambda scale: st.tuples(st.just(scale), st.lists(st.sampled_from(scale.points)))))
def test_counts_are_what_counting_would_give(case: tuple[cx.Scale, list[int]]) -> None:
    scale, points = case
    expected = cx.ScoreTally.of(points, scale)
    assert cx.ScoreTally.from_counts(Counter(points), scale) == expected
    assert cx.ScoreTally.from_counts([points.count(point) for point in scale.points], scale) == expected
    assert cx.ScoreTally.from_counts(pd.Series(points, dtype="int64").value_counts(), scale) == expected
    assert expected.distribution == {point: points.count(point) for point in scale.points}


@pytest.mark.parametrize(
    "counts",
    [
        [1, 0, 0, 2, 4],
        (1, 0, 0, 2, 4.0),
        np.array([1, 0, 0, 2, 4]),
        {5: Decimal(4), "4": 2, 1: 1},
        {5.0: np.int8(4), "4 - good": np.float64(2), 1: True + 0, None: 0},
    ],
)
def test_counts_of_every_kind(counts: Any) -> None:
    assert cx.ScoreTally.from_counts(counts, cx.CSAT_1_5) == cx.ScoreTally.of([5, 5, 5, 5, 4, 4, 1], cx.CSAT_1_5)


def test_counts_of_missing_answers() -> None:
    tally = cx.ScoreTally.from_counts({5: 2, None: 3, math.nan: 1}, cx.CSAT_1_5)
    assert (tally.n, tally.given, tally.left_out) == (2, 6, {"missing": 4})


@pytest.mark.parametrize("count", [-1, 1.5, math.nan, math.inf, "3", None, True, np.True_, 1j])
def test_what_is_no_count(count: Any) -> None:
    for counts in ({5: count}, [0, 0, 0, 0, count]):
        with pytest.raises(cx.InvalidValueError, match=r"counts must be whole numbers of 0 or more \(got .* for 5\)"):
            cx.ScoreTally.from_counts(counts, cx.CSAT_1_5)


def test_counts_in_scale_order_are_one_a_point() -> None:
    with pytest.raises(cx.LengthError, match=r"each of the 5 points 1 to 5 \(got 4\); pass \{point: count\}"):
        cx.ScoreTally.from_counts([1, 2, 3, 4], cx.CSAT_1_5)
    with pytest.raises(cx.ScaleError, match="answer 6 is no point of the scale CSAT 1-5"):
        cx.ScoreTally.from_counts({6: 1}, cx.CSAT_1_5)


# -- tallies in the metrics --------------------------------------------------------------------------


def test_a_tally_brings_its_own_scale() -> None:
    tally = cx.ScoreTally.of([5, 4, 1], cx.CSAT_1_5)
    assert cx.nps(tally).signature.startswith("cxscore|nps|scale:1-5|poor:1-2|good:4-5|")
    assert cx.csat(tally) == cx.csat([5, 4, 1])
    strict = cx.csat(tally, scale=cx.CSAT_1_5.with_bands(good_from=5))
    assert strict.satisfied == 1
    with pytest.raises(cx.ScaleError, match=r"scale must have the points of the tally .*leave scale= out"):
        cx.csat(tally, scale=cx.CSAT_1_7)


def test_weights_do_not_go_with_counts() -> None:
    for counts in ({5: 1}, cx.ScoreTally.of([5], cx.CSAT_1_5)):
        with pytest.raises(cx.ArgumentTypeError, match="weights must be left out beside counts"):
            cx.csat(counts, weights=[1])


def test_impossible_counts_are_refused_however_they_come_in() -> None:
    with pytest.raises(cx.InvalidValueError, match="whole numbers of 0 or more"):
        cx.ScoreTally(scale=cx.NPS_0_10, counts=[1.9] * 11)
    with pytest.raises(cx.LengthError, match="one number for each of the 11 points"):
        cx.ScoreTally(scale=cx.NPS_0_10, counts=[1] * 5)
