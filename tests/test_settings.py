"""What stands beside the answers: settings, weights, flags, numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore import _inputs

METRICS = [cx.nps, cx.csat, cx.ces]


# -- settings and weights ----------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"confidence": 95}, cx.ArgumentValueError, r"confidence must be between 0 and 1.*did you mean 0\.95"),
        ({"confidence": 1}, cx.ArgumentValueError, "confidence must be between 0 and 1"),
        ({"confidence": math.nan}, cx.ArgumentValueError, "confidence must be between 0 and 1"),
        ({"confidence": "95%"}, cx.ArgumentTypeError, "confidence must be a number"),
        ({"method": "bootstrap"}, cx.UnknownNameError, r"method must be one of .*got 'bootstrap'"),
        ({"method": None}, cx.ArgumentTypeError, "method must be one of"),
        ({"missing": "ignore"}, cx.UnknownNameError, "missing must be one of 'drop', 'raise'"),
        ({"invalid": "clip"}, cx.UnknownNameError, "invalid must be one of 'raise', 'drop'"),
        ({"scale": "1-5"}, cx.ArgumentTypeError, r"scale must be a Scale, e\.g\. cx\.CSAT_1_5 \(got '1-5'\)"),
        ({"superseded": "latest"}, cx.UnknownNameError, "superseded must be one of 'drop', 'count'"),
        ({"cluster": ["ada"]}, cx.LengthError, "cluster must have one value for each of the 2 rows of the answers"),
        ({"cluster": "respondent"}, cx.ArgumentTypeError, r"cluster must be labels .*cluster=df\['respondent'\]"),
        ({"cluster": [[], []]}, cx.ArgumentTypeError, "cluster must be hashable labels"),
        ({"one_vote_per": [1]}, cx.LengthError, "one_vote_per must have one value for each of the 2 rows"),
        ({"one_vote_per": [1, 2], "weights": [1, 2]}, cx.ArgumentTypeError, "weights must be left out beside one_vote"),
        ({"one_vote_per": [1, 2], "cluster": [1, 2]}, cx.ArgumentTypeError, "cluster must be left out beside one_vote"),
        ({"weights": [1]}, cx.LengthError, "weights must have one value for each of the 2 rows"),
        ({"weights": [1, -1]}, cx.InvalidValueError, r"weights must be numbers from 0 to 1e100 .*-1\.0 at position 1"),
        ({"weights": [1, math.nan]}, cx.InvalidValueError, "None at position 1"),
        ({"weights": [1, None]}, cx.InvalidValueError, "at position 1"),
        ({"weights": [1, math.inf]}, cx.InvalidValueError, "inf at position 1"),
        ({"weights": [1, 10**400]}, cx.InvalidValueError, "inf at position 1"),
        ({"weights": [1, -(10**400)]}, cx.InvalidValueError, "-inf at position 1"),
        ({"weights": [1, 1e200]}, cx.InvalidValueError, r"1e\+200 at position 1"),
        ({"weights": [True, False]}, cx.ArgumentTypeError, "weights must be numbers"),
        ({"weights": ["1", "2"]}, cx.ArgumentTypeError, "weights must be numbers .*'1'"),
        ({"weights": "w"}, cx.ArgumentTypeError, r"weights=df\['w'\]"),
        ({"weights": [1, object()]}, cx.ArgumentTypeError, "weights must be numbers .got <object"),
        ({"weights": 2.0}, cx.ArgumentTypeError, "weights must be a 1-D column"),
        ({"weights": {"a": 1, "b": 2}}, cx.ArgumentTypeError, "weights must be a 1-D column .*got a dict"),
        ({"weights": np.ones((2, 1))}, cx.ArgumentTypeError, "weights must be 1-D"),
        ({"weights": pd.to_timedelta([1, 2])}, cx.ArgumentTypeError, "weights must be numbers"),
    ],
)
@pytest.mark.parametrize("by", [None, ["a", "b"]])
def test_bad_settings(
    metric: Callable[..., Any], settings: dict[str, Any], error: type[Exception], message: str, by: list[str] | None
) -> None:
    scale = {"scale": cx.NPS_0_10} | settings
    with pytest.raises(error, match=message):
        metric([9, 3], by=by, **scale)


def test_confidence_is_any_real_number() -> None:
    assert cx.nps([9, 3], confidence=Fraction(9, 10)) == cx.nps([9, 3], confidence=0.9)
    assert cx.nps([9, 3], confidence=np.float64(0.9)) == cx.nps([9, 3], confidence=0.9)


def test_weights_come_in_every_number_type() -> None:
    expected = cx.nps([9, 3], weights=[1.5, 2.0])
    for weights in (
        iter([1.5, 2.0]), np.array([1.5, 2.0], dtype=np.float16), pd.Series([1.5, 2.0], index=[9, 4]),
        pl.Series([1.5, 2.0]), pa.array([1.5, 2.0]), [Decimal("1.5"), Decimal(2)], [Fraction(3, 2), 2],
    ):  # fmt: skip
        assert cx.nps([9, 3], weights=weights) == expected
    records = [cx.SurveyResponse(score=9, weight=1.5), cx.SurveyResponse(score=3, weight=2.0)]
    assert cx.nps(records, weights="weight") == expected
    assert cx.nps(records) == cx.nps([9, 3])  # a weight is used only when it is asked for
    own = cx.Responses(score=[9, 3], extra={"design": [1.5, 2.0]})
    assert cx.nps(own, weights="design") == expected
    with pytest.raises(
        cx.UnknownNameError, match=r"weights must name a column .*'desing'.*known columns: score, design"
    ):
        cx.nps(own, weights="desing")


# -- the door's other columns ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [[True, None], pd.Series([True, None], dtype="boolean"), pl.Series([True, None]), pa.array([True, None])],
)
def test_a_missing_flag_has_no_meaning(values: Any) -> None:
    with pytest.raises(cx.InvalidValueError, match=r"public must be True or False in every row .*None at position 1"):
        _inputs.flags(values, "public")


def test_flags_are_read_from_any_column_of_bools() -> None:
    for values in ([True, False], np.array([True, False]), pd.Series([True, False]), pl.Series([True, False]),
                   [np.True_, False]):  # fmt: skip
        assert _inputs.flags(values, "public").tolist() == [True, False]
    assert _inputs.flags([], "public").tolist() == []
    with pytest.raises(cx.ArgumentTypeError, match=r"public must be True or False in every row \(got dtype int64\)"):
        _inputs.flags([1, 0], "public")


def test_numbers_without_a_single_value() -> None:
    for values in ([], [None, None], pl.Series([None, None])):
        found = _inputs.numbers(values, "values")
        assert found.data.dtype == np.float64
        assert np.isnan(found.data).all()


@given(st.lists(st.one_of(st.floats(-10, 10), st.none()), max_size=20))
def test_numbers_through_every_door(values: list[float | None]) -> None:
    expected = np.array([np.nan if value is None else value for value in values])
    for door in (values, pd.Series(values, dtype="Float64"), pl.Series(values, dtype=pl.Float64),
                 pa.array(values, type=pa.float64()), [None if v is None else Decimal(v) for v in values],
                 np.ma.masked_invalid(expected)):  # fmt: skip
        np.testing.assert_array_equal(_inputs.numbers(door, "values").data, expected)
