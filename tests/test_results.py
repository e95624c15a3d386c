"""Results as values: frozen, equal with NaN, hashable, shown in plain text and escaped HTML; signatures; intervals."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given

import cxscore as cx
from cxscore._accounting import left_out
from cxscore._frozen import FrozenMap
from cxscore._results import Interval, Result, Signature, plain, show
from strategies import confidences, messy, scales

METRICS = [cx.nps, cx.csat, cx.ces]
RESULTS = [metric(column) for metric in METRICS for column in ([5, 5, 4, 1, None], [])]
EACH = pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{type(result).__name__} {result.n}")


@EACH
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
def test_results_copy_pickle_compare_and_hash(result: Result, again: Callable[[Any], Any]) -> None:
    copied = again(result)
    assert copied == result  # NaN equals NaN
    assert hash(copied) == hash(result)
    assert copied.to_dict() == result.to_dict()


def test_unlike_results_differ() -> None:
    assert cx.nps([5]) != cx.nps([4])
    assert cx.nps([5]) != cx.nps([5], confidence=0.9)
    assert cx.nps([5]) != cx.nps([5, None])
    assert cx.csat([5]) != cx.ces([5], scale=cx.CSAT_1_5)
    assert cx.nps([]) != math.nan
    assert len({*RESULTS, *RESULTS}) == len(RESULTS)


@EACH
def test_results_are_frozen_and_no_sequences(result: Any) -> None:
    for field in attrs.fields(type(result)):
        with pytest.raises(AttributeError):
            setattr(result, field.name, 0)
    with pytest.raises(TypeError):
        iter(result)
    with pytest.raises(TypeError):
        result.distribution[5] = 99


@EACH
def test_to_dict_is_plain_json(result: Any) -> None:
    row = result.to_dict()
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["signature"] == result.signature
    assert row["score"] == (result.score if result.n else None)
    assert row["interval"]["low"] == (result.interval.low if result.n else None)
    assert row["left_out"] == {str(reason): count for reason, count in result.left_out.items()}


def test_text() -> None:
    assert str(cx.nps({10: 50, 7: 30, 0: 20})) == "NPS 30.0 (95% CI 14.0 to 44.3, n=100)"
    assert str(cx.nps({0: 1}, method="wald", confidence=0.999)) == "NPS −100.0 (99.9% CI −100.0 to −100.0, n=1)"
    assert str(cx.csat([5, 4, 1])) == "CSAT 66.7% (95% CI 20.8 to 93.9, n=3)"
    assert str(cx.ces([7] * 1200, method="t")) == "CES 7.00 (95% CI 7.00 to 7.00, n=1,200)"
    assert str(cx.nps([])) == "NPS undefined (no interval, n=0)"
    assert str(cx.csat([])) == "CSAT undefined (no interval, n=0)"
    assert str(cx.ces([])) == "CES undefined (no interval, n=0)"
    assert "undefined%" not in "".join(metric([])._repr_html_() for metric in METRICS)


@EACH
def test_html_is_a_table_with_the_signature(result: Any) -> None:
    page = result._repr_html_()
    assert page.startswith("<table>")
    assert result.signature in page
    assert "left out" in page
    assert ("missing 1" if result.given else "nothing") in page


def test_html_is_escaped() -> None:
    @attrs.frozen(kw_only=True, eq=False)
    class Hostile(Result):
        score: float = 1.0

        def __str__(self) -> str:
            return "<script>"

        def _lines(self) -> list[tuple[str, str]]:
            return [("<b>", "<i>")]

    result = Hostile(given=1, n=1, left_out=left_out({}), signature=Signature("<u>", {}, {}))
    for tag in ("<script>", "<b><i>", "<i>", "<u>"):
        assert tag not in result._repr_html_()
    assert result.headline == 1.0


# -- signatures --------------------------------------------------------------------------------------


def test_the_signature_of_the_documentation() -> None:
    expected = (
        "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1 ; ci:score|conf:0.95|missing:drop|invalid:raise|cluster:none"
    )
    assert cx.nps([9, 10]).signature == expected


@given(scales, confidences, messy(cx.NPS_0_10))
def test_signatures_come_back_and_do_not_depend_on_the_data(
    scale: cx.Scale, confidence: float, column: list[Any]
) -> None:
    for metric in METRICS:
        signature = metric(column, scale=scale, confidence=confidence, invalid="drop").signature
        assert str(cx.Signature.parse(signature)) == signature
        assert signature == metric([], scale=scale, confidence=confidence, invalid="drop").signature
        assert cx.Signature.parse(signature).estimation["conf"] == f"{confidence}"


def test_only_the_first_part_decides_what_may_be_compared() -> None:
    one, other = (
        cx.Signature.parse(cx.nps([9], **change).signature) for change in ({}, {"weights": [2], "missing": "raise"})
    )
    assert one.defined == other.defined == "cxscore|nps|scale:0-10|poor:0-6|good:9-10|v:1"
    assert one.estimation != other.estimation
    assert other.estimation["weights"] == "given"
    assert one == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(copy.deepcopy(one))


@pytest.mark.parametrize("text", ["", "cxscore|nps|scale:0-10", "other|nps|x:1 ; ci:score", "cxscore ; ci:score"])
def test_what_is_no_signature(text: str) -> None:
    with pytest.raises(cx.ArgumentValueError, match=r"text must be a signature 'cxscore\|metric\|"):
        cx.Signature.parse(text)


# -- intervals ---------------------------------------------------------------------------------------


def test_an_interval_unpacks() -> None:
    low, high = cx.nps([9, 3]).interval
    assert (low, high) == (cx.nps([9, 3]).interval.low, cx.nps([9, 3]).interval.high)
    assert all(type(limit) is float for metric in METRICS for limit in metric([5, 4]).interval)


def test_intervals_are_equal_with_nan() -> None:
    undefined = Interval(math.nan, math.nan, 0.95, "score")
    assert undefined == Interval(float("nan"), np.float64("nan"), 0.95, "score")
    assert hash(undefined) == hash(Interval(float("nan"), float("nan"), 0.95, "score"))
    assert undefined != Interval(0.0, math.nan, 0.95, "score")
    assert undefined != Interval(math.nan, math.nan, 0.9, "score")
    assert undefined != (math.nan, math.nan)


def test_intervals_as_text() -> None:
    assert str(Interval(1.25, 2.0, 0.95, "t")) == "95% CI 1.2 to 2.0"
    assert str(Interval(timedelta(hours=1), None, 0.999, "km")) == "99.9% CI 1.0 h to ∞"
    assert str(Interval(None, timedelta(days=2), 0.5, "km")) == "50% CI – to 2.0 d"
    assert str(Interval(math.nan, math.nan, 0.95, "t")) == "no interval"


# -- small parts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "undefined"),
        (math.nan, "undefined"),
        (-12.34, "−12.3"),
        (-0.04, "0.0"),
        (1234.5, "1,234.5"),
        (3, "3.0"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=2.5), "2.50 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(seconds=90), "1.5 min"),
        (-timedelta(hours=36), "−1.5 d"),
        (timedelta(hours=3), "3.0 h"),
    ],
)
def test_figures_for_a_person(value: Any, text: str) -> None:
    assert show(value) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64("nan"), None),
        (np.int8(3), 3),
        (np.True_, True),
        (timedelta(minutes=1), 60.0),
        (np.timedelta64(1, "m"), 60.0),
        (datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00+00:00"),
        (date(2026, 3, 2), "2026-03-02"),
        ((1, math.nan), [1, None]),
        (cx.LeftOut.MISSING, "missing"),
        (None, None),
        ("x", "x"),
        (1.5, 1.5),
    ],
)
def test_plain_values(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_durations_and_nested_parts_of_a_dict() -> None:
    @attrs.frozen(kw_only=True, eq=False)
    class Wait(Result):
        median: timedelta | None
        interval: Interval
        inner: Any
        shares: FrozenMap[str, float]

    signature = Signature("waits", {"v": "1"}, {})
    inner = cx.nps([])
    result = Wait(
        given=0, n=0, left_out=left_out({}), signature=signature, median=timedelta(minutes=2),
        interval=Interval(timedelta(seconds=30), None, 0.95, "km"), inner=inner, shares=FrozenMap({"a": math.nan}),
    )  # fmt: skip
    row = result.to_dict()
    assert row["median_seconds"] == 120.0
    assert row["interval"] == {"low_seconds": 30.0, "high": None, "confidence": 0.95, "method": "km"}
    assert row["inner"] == inner.to_dict()
    assert row["shares"] == {"a": None}


def test_frozen_maps() -> None:
    one = FrozenMap({"b": 1, "a": 2})
    assert one == {"a": 2, "b": 1} == FrozenMap([("a", 2), ("b", 1)])
    assert (list(one), len(one), one["a"]) == (["b", "a"], 2, 2)
    assert hash(one) == hash(FrozenMap({"a": 2, "b": 1}))
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert repr(one) == "FrozenMap({'b': 1, 'a': 2})"
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.items = 3  # type: ignore[assignment,method-assign]  # the point of the test
    with pytest.raises(KeyError):
        one["c"]


def test_reasons_are_listed_in_one_order_without_zeros() -> None:
    assert list(left_out({"invalid": 2, "missing": 1, "bot": 0})) == ["missing", "invalid"]
    assert type(left_out({"missing": np.int64(1)})["missing"]) is int
