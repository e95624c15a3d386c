"""The door for answers: every form gives the same result, nothing is changed, what is no column is refused."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings

import cxscore as cx
from doors import answer_doors, gappy_doors
from strategies import gaps, messy, rows

METRICS = [cx.nps, cx.csat, cx.ces]
POINTS = [10, 9, 9, 7, 0, 3, 10, 8]
GAPPY = [10, None, 9, 7, 0, None, 3]


# -- the same answer from every door -----------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("place", range(len(answer_doors(POINTS))), ids=[name for name, _ in answer_doors(POINTS)])
def test_every_door_gives_the_same_result(metric: Callable[..., Any], place: int) -> None:
    _, answers = answer_doors(POINTS)[place]
    assert metric(answers, scale=cx.NPS_0_10) == metric(POINTS, scale=cx.NPS_0_10)


@pytest.mark.parametrize("place", range(len(gappy_doors(GAPPY))), ids=[name for name, _ in gappy_doors(GAPPY)])
def test_every_door_counts_its_own_missing_value(place: int) -> None:
    _, answers = gappy_doors(GAPPY)[place]
    result = cx.nps(answers)
    assert result == cx.nps(GAPPY)
    assert (result.given, result.n, result.left_out) == (7, 5, {"missing": 2})


# All but the last: a tally was counted under its own policy.
@pytest.mark.parametrize("place", range(len(gappy_doors(GAPPY)) - 1), ids=[name for name, _ in gappy_doors(GAPPY)[:-1]])
def test_every_door_refuses_missing_values_on_request(place: int) -> None:
    _, answers = gappy_doors(GAPPY)[place]
    with pytest.raises(cx.MissingValueError, match=r"answers must have no missing values .*got 2") as caught:
        cx.nps(answers, missing="raise")
    assert caught.value.count == 2
    assert caught.value.positions in ((1, 5), ())  # counts have no positions


@pytest.mark.parametrize("doors", [answer_doors, gappy_doors])
def test_no_answers_through_every_door(doors: Callable[..., Any]) -> None:
    for name, answers in doors([]):
        result = cx.nps(answers)
        assert (result.given, result.n) == (0, 0), name
        assert math.isnan(result.score), name


@settings(max_examples=15)  # some forty doors each
@given(gaps(cx.NPS_0_10))
def test_doors_agree_on_any_answers(points: list[int | None]) -> None:
    expected = cx.nps(points)
    for name, answers in gappy_doors(points):
        assert cx.nps(answers) == expected, name


def test_masked_values_never_count_whatever_lies_under_the_mask() -> None:
    hidden = np.ma.array([9, -99, 10], mask=[False, True, False])
    assert cx.nps(hidden) == cx.nps([9, None, 10])


def test_bounds_beyond_the_dtype_of_the_answers() -> None:
    wide = cx.Scale(name="wide", low=-500, high=500, poor_up_to=-100, good_from=100)
    expected = cx.csat([0, 3, 120], scale=wide)
    for dtype in ("int8", "uint8", "float16", "uint64"):
        assert cx.csat(np.array([0, 3, 120], dtype=dtype), scale=wide) == expected
    assert cx.csat(["0", "3", "120"], scale=wide) == expected


def test_numbers_of_other_kinds() -> None:
    assert cx.nps([Decimal(9), Fraction(20, 2), 7]) == cx.nps([9, 10, 7])
    assert cx.nps([Decimal("NaN"), 9]).left_out == {"missing": 1}


@pytest.mark.parametrize("kind", ["int64", "string"])
def test_chunks_too_long_for_one_array(kind: str) -> None:
    class Chunks:
        """What pyarrow gives for chunks of more than two billion bytes: they stay in pieces."""

        num_chunks = 2
        type = kind

        def combine_chunks(self) -> Chunks:
            return self

        def unify_dictionaries(self) -> Chunks:
            return self

        def dictionary_encode(self) -> Chunks:
            return self

        def to_pylist(self) -> list[Any]:
            return ["9", "10", None] if kind == "string" else [9, 10, None]

        def __iter__(self) -> Any: ...

        def __getitem__(self, i: int) -> Any: ...

    Chunks.__module__ = "pyarrow.lib"
    assert cx.nps(Chunks()) == cx.nps([9, 10, None])


def test_an_array_by_protocol_only() -> None:
    class Column:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
            return np.array([9, 10])

    assert cx.nps(Column()) == cx.nps([9, 10])


def test_a_long_column_is_counted_on_several_threads() -> None:
    points = np.arange(1 << 22, dtype=np.int64) % 11
    whole = cx.nps(points.astype(np.int8))
    assert list(whole.distribution.values()) == np.bincount(points).tolist()
    assert whole == cx.nps(points.astype(np.float32))


# -- nothing is changed, nothing leaks ---------------------------------------------------------------


@given(messy(cx.CSAT_1_5))
def test_lists_are_never_changed(column: list[Any]) -> None:
    before = list(column)
    cx.csat(column, invalid="drop")
    assert [a is b for a, b in zip(before, column, strict=True)] == [True] * len(before)


@pytest.mark.parametrize("by", [None, list("abababab")])
def test_read_only_arrays_are_accepted_and_arrays_never_changed(by: list[str] | None) -> None:
    for array in (np.array(POINTS, dtype=np.int8), np.array([9, np.nan, 11, 8.5, 0, 1, 2, np.inf])):
        weights = np.linspace(0.5, 2.0, 8)
        before = array.copy(), weights.copy()
        array.flags.writeable = weights.flags.writeable = False
        cx.nps(array, by=by, weights=weights, invalid="drop")
        np.testing.assert_array_equal(array, before[0])
        np.testing.assert_array_equal(weights, before[1])


def test_series_are_never_changed() -> None:
    for series in (pd.Series([9, None, 3], dtype="Int64"), pd.Series(["9", None], dtype="category")):
        before = series.copy()
        cx.nps(series, by=series)
        pd.testing.assert_series_equal(series, before)


def test_no_floating_point_signal_leaks() -> None:
    columns = [[], [None], [10], [10, 10], [0, 10], [7, 7], [None, 9, 8.5, 11, math.inf, 10**30]]
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for column in columns:
            for metric, methods in (
                (cx.nps, ["score", "adjusted-wald", "wald"]),
                (cx.csat, ["wilson", "agresti-coull", "wald"]),
                (cx.ces, ["adjusted-t", "t"]),
            ):
                for method in methods:
                    for weights in (None, [1e-3] * len(column), [0] * len(column)):
                        settings = {"scale": cx.NPS_0_10, "method": method, "weights": weights, "invalid": "drop"}
                        metric(column, **settings)
                        groups = metric(column, by=list(range(len(column))), **settings)
                        assert len(groups.scores) == len(column)


# -- accounting --------------------------------------------------------------------------------------


@given(messy(cx.CES_1_7))
def test_every_row_is_accounted_for(column: list[Any]) -> None:
    for metric in METRICS:
        result = metric(column, scale=cx.CES_1_7, invalid="drop")
        missing = sum(value is None or value != value for value in column)
        assert result.given == len(column) == result.n + sum(result.left_out.values())
        assert result.left_out.get("missing", 0) == missing
        assert result.n == sum(result.distribution.values()) == sum(value in range(1, 8) for value in column)


@given(rows(cx.CES_1_7))
def test_groups_account_for_every_row_too(table: list[tuple[Any, str | None]]) -> None:
    column, by = [row[0] for row in table], [row[1] for row in table]
    groups = cx.ces(column, by=by, invalid="drop")
    for key, result in groups.items():
        assert result == cx.ces([value for value, label in table if label == key], invalid="drop")
        assert result.given == by.count(key) == result.n + sum(result.left_out.values())
    assert sum(result.given for result in groups.values()) == len(table) == groups.overall.given
    assert groups.overall == cx.ces(column, invalid="drop")


# -- values off the scale ----------------------------------------------------------------------------

OFF_SCALE = {
    "above": ([9, 11], "11"),
    "below": (np.array([9, -1]), "-1"),
    "a half": ([9, 8.5], r"8\.5"),
    "a half in an array": (np.array([9, 8.5], dtype=np.float32), r"8\.5"),
    "a word": (["9", "ten"], "'ten'"),
    "a word in a Series": (pd.Series(["9", "ten"], dtype="category"), "'ten'"),
    "a word in polars": (pl.Series(["9", "ten"]), "'ten'"),
    "a word in Arrow": (pa.array(["9", "ten"]), "'ten'"),
    "an empty text": (["9", ""], "''"),
    "infinite": ([9, math.inf], "inf"),
    "a huge integer": ([9, 10**30], "1000000000"),
    "an integer too long to write out": ([9, 10**5000], "a huge int"),
    "a text of thousands of digits": (["9", "9" * 5000], r"999\.\.\."),
    "bytes": (np.array([b"9", b"x"]), "b'x'"),
    "True among numbers": ([9, True], "True"),
    "an unhashable": ([9, {"score": 9}], "score"),
    "values of a dict": ({"ada": 9, "bob": 11}.values(), "11"),
    "a Series with an odd index": (pd.Series([9, 11], index=[5, 0]), "11"),
    "a record": ([cx.SurveyResponse(score=9), cx.SurveyResponse(score=11)], "11"),
    "a batch": (cx.Responses(score=[9, 11]), "11"),
}


@pytest.mark.parametrize(("answers", "shown"), OFF_SCALE.values(), ids=OFF_SCALE)
@pytest.mark.parametrize("by", [None, np.array(["a", "b"])], ids=["all", "by"])
def test_off_scale_answers_are_named(answers: Any, shown: str, by: Any) -> None:
    rule = r"answers must be whole points 0 to 10 of the scale NPS 0-10, or its labels"
    with pytest.raises(cx.ScaleError, match=rf"{rule} \(got \d of 2 that do not: .*{shown}.*invalid='drop'") as caught:
        cx.nps(answers, by=by)
    assert caught.value.argument == "answers"
    assert caught.value.positions[-1] == 1


def test_only_the_first_few_offenders_are_quoted() -> None:
    with pytest.raises(cx.ScaleError, match=r"got 90 of 100 .*10, 11, 12, 13, 14 \.\.\.") as caught:
        cx.nps(range(100), scale=cx.Scale(name="0-9", low=0, high=9, poor_up_to=5, good_from=8))
    assert (caught.value.count, caught.value.found) == (90, (10, 11, 12, 13, 14))


def test_missing_answers_are_no_offenders() -> None:
    for column in ([9, None, 11], np.array([9, np.nan, 11]), pd.Series([9, None, 11], dtype="Int64")):
        with pytest.raises(cx.ScaleError, match=r"got 1 of 3 that do not: 11") as caught:
            cx.nps(column)
        assert caught.value.positions == (2,)


def test_counts_off_the_scale_follow_the_same_policy_as_answers() -> None:
    with pytest.raises(cx.ScaleError, match="answer 11 is no point of the scale NPS 0-10"):
        cx.nps({9: 1, 11: 4})
    assert cx.nps({9: 1, 11: 4}, invalid="drop").left_out == {"invalid": 4}
    assert cx.nps({9: 1, 99: 0}).n == 1  # a category that nobody chose


# -- what is no column of answers --------------------------------------------------------------------

REFUSED = {
    "str": ("9", r"got the single str '9'.*pass a list of values"),
    "bytes": (b"\x09", r"got the single bytes"),
    "bytearray": (bytearray(b"\x09"), r"got the single bytearray"),
    "set": ({9, 10}, r"a set, which has no order and drops equal values"),
    "frozenset": (frozenset({9}), r"a frozenset"),
    "number": (9, r"got 9.*\[value\]"),
    "None": (None, r"got None"),
    "sum of no tallies": (sum([]), r"ScoreTally.empty"),
    "pandas frame": (pd.DataFrame({"score": [9]}), r"a whole DataFrame.*frames\.nps\(df, \"score\"\)"),
    "polars frame": (pl.DataFrame({"score": [9]}), r"a whole DataFrame"),
    "polars lazy frame": (pl.LazyFrame({"score": [9]}), r"a whole LazyFrame"),
    "polars expression": (pl.col("score"), r"col\(\"score\"\)"),
    "Arrow table": (pa.table({"score": [9]}), r"a whole Table"),
    "Arrow scalar": (pa.scalar(9), r"pyarrow.Int64Scalar"),
    "0-D array": (np.array(9), r"an array of shape \(\)\); pass \[value\]"),
    "2-D array": (np.array([[9]]), r"an array of shape \(1, 1\)\); pass answers\.ravel\(\)"),
    "structured array": (np.zeros(2, dtype=[("score", int)]), r"a structured array"),
    "void array": (np.zeros(2, dtype="V4"), r"structured array"),
    "complex array": (np.array([9 + 0j]), r"complex values.*answers\.real"),
    "complex numbers": ([9 + 0j], r"complex values"),
    "bool array": (np.array([True, False]), r"True/False"),
    "bools": ([True, False, None], r"True/False"),
    "pandas bools": (pd.Series([True, None], dtype="boolean"), r"True/False"),
    "polars bools": (pl.Series([True, None]), r"True/False"),
    "Arrow bools": (pa.array([True, None]), r"True/False"),
    "nested lists": ([[9], [10]], r"holds sequences"),
    "nested Arrow": (pa.array([[9]]), r"holds sequences"),
    "dates": (np.array(["2026-03-02"], dtype="M8[D]"), r"dates"),
    "durations": (pd.Series([pd.Timedelta("1h")]), r"durations"),
    "other records": ([cx.Contact(customer="ada", at=pd.Timestamp("2026-03-02"))], r"got Contact"),
    "another batch": (cx.Contacts(customer=["ada"], at=pd.Timestamp("2026-03-02")), r"got Contacts"),
}


@pytest.mark.parametrize(("answers", "found"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("by", [None, ["a"]])
def test_what_is_no_column_is_refused(answers: Any, found: str, by: list[str] | None) -> None:
    with pytest.raises(cx.ArgumentTypeError, match=rf"^answers must be .*{found}") as caught:
        cx.nps(answers, by=by)
    assert caught.value.argument == "answers"
    assert isinstance(caught.value, TypeError)


def test_a_wrong_record_is_named_with_its_position() -> None:
    with pytest.raises(
        cx.ArgumentTypeError, match=r"SurveyResponse records only \(got int at position 1: 9\)"
    ) as caught:
        cx.nps([cx.SurveyResponse(score=9), 9])
    assert caught.value.positions == (1,)


def test_errors_survive_pickling_with_their_facts() -> None:
    with pytest.raises(cx.ScaleError) as caught:
        cx.nps([9, 11])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (cx.ScaleError, str(caught.value))
    assert (again.argument, again.found, again.positions, again.count) == ("answers", (11,), (1,), 1)
