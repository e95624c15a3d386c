"""`by=` in all its forms: keys, their names, their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore._grouping import group_rows
from strategies import labels

SCORES = [10, 9, 3, 0, 7]
CHANNEL = ["chat", "mail", "chat", None, "mail"]
YEAR = [2026, 2025, 2025, 2026, 2025]
EXPECTED = {"chat": cx.nps([10, 3]), "mail": cx.nps([9, 7]), None: cx.nps([0])}


# -- labels of every kind ----------------------------------------------------------------------------

COLUMNS: dict[str, Callable[[], Any]] = {
    "list": lambda: CHANNEL,
    "tuple": lambda: tuple(CHANNEL),
    "iterator": lambda: iter(CHANNEL),
    "values of a dict": lambda: dict(enumerate(CHANNEL)).values(),
    "list with NaN": lambda: ["chat", "mail", "chat", float("nan"), "mail"],
    "list with two missing values": lambda: ["chat", "mail", "chat", pd.NA, "mail"],
    "numpy object": lambda: np.array(CHANNEL, dtype=object),
    "numpy masked": lambda: np.ma.array(["chat", "mail", "chat", "?", "mail"], mask=[0, 0, 0, 1, 0]),
    "numpy StringDType": lambda: np.array(CHANNEL, dtype=np.dtypes.StringDType(na_object=None)),
    "pandas object": lambda: pd.Series(CHANNEL, dtype=object, index=[4, 4, 4, 2, 1]),
    "pandas str": lambda: pd.Series(CHANNEL, dtype="str"),
    "pandas string": lambda: pd.Series(CHANNEL, dtype="string"),
    "pandas Arrow": lambda: pd.Series(CHANNEL, dtype="string[pyarrow]"),
    "pandas category": lambda: pd.Series(pd.Categorical(CHANNEL, categories=["unused", "mail", "chat"])),
    "pandas Index": lambda: pd.Index(CHANNEL),
    "polars String": lambda: pl.Series(CHANNEL),
    "polars Categorical": lambda: pl.Series(CHANNEL, dtype=pl.Categorical),
    "polars Enum": lambda: pl.Series(CHANNEL, dtype=pl.Enum(["unused", "mail", "chat"])),
    "pyarrow": lambda: pa.array(CHANNEL),
    "pyarrow dictionary": lambda: pa.array(CHANNEL).dictionary_encode(),
    "pyarrow dictionary with null": lambda: pa.DictionaryArray.from_arrays([0, 1, 0, 2, 1], ["chat", "mail", None]),
    "pyarrow dictionary with equals": lambda: pa.DictionaryArray.from_arrays(
        [0, 1, 2, None, 1], ["chat", "mail", "chat"]
    ),
    "pyarrow chunks": lambda: pa.chunked_array([CHANNEL[:3], CHANNEL[3:]]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_labels_through_every_door(column: Callable[[], Any]) -> None:
    groups = cx.nps(SCORES, by=column())
    assert dict(groups) == EXPECTED
    assert list(groups) == ["chat", "mail", None]
    assert groups.names == ("group",)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint16", "int64", "uint64", "float32", ">i4", "Int16", "Float64", "int64[pyarrow]", "category"]
)
def test_numbers_as_labels(dtype: str) -> None:
    values = [-3 if "u" not in dtype or dtype == "category" else 5, 100, 5]
    by = np.array(values, dtype=dtype) if dtype == ">i4" else pd.Series(values, dtype=dtype)
    groups = cx.nps([10, 9, 3], by=by)
    assert list(groups) == sorted(set(values))
    assert groups[100] == cx.nps([9])


def test_far_apart_and_huge_numbers_as_labels() -> None:
    assert list(cx.nps([9, 9], by=np.array([10**15, -(10**15)]))) == [-(10**15), 10**15]
    assert list(cx.nps([9, None], by=np.array([2**63 + 5, 2**63], dtype=np.uint64))) == [2**63, 2**63 + 5]
    two = cx.nps([9, None], by=[np.array([1, 0], dtype=np.uint64), np.array([0, 2], dtype=np.uint64)])
    assert list(two) == [(0, 2), (1, 0)]


def test_other_scalars_as_labels() -> None:
    assert list(cx.nps([9, 9], by=np.array([True, False]))) == [False, True]
    assert list(cx.nps([9, 9], by=[date(2026, 2, 1), date(2026, 1, 1)])) == [date(2026, 1, 1), date(2026, 2, 1)]
    day = datetime(2026, 3, 2)
    for column in (np.array([day], dtype="M8[ns]"), pl.Series([day]), [day]):
        assert list(cx.nps([9], by=column)) == [day]
    aware = day.replace(tzinfo=UTC)
    for column in (pd.Series([aware]), pl.Series([aware]), [aware]):
        assert list(cx.nps([9], by=column)) == [aware]
    assert list(cx.nps([9], by=np.array([5], dtype="m8[s]"))) == [pd.Timedelta("5s")]


# -- several keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ([CHANNEL, YEAR], ("group", "group_2")),
        ((np.array(CHANNEL, dtype=object), YEAR), ("group", "group_2")),
        ([pd.Series(CHANNEL, name="channel"), pl.Series("year", YEAR)], ("channel", "year")),
        ([pl.Series(CHANNEL), pd.Series(YEAR)], ("group", "group_2")),
        ({"channel": CHANNEL, "year": YEAR}, ("channel", "year")),
        ({"channel": pd.Series(CHANNEL, name="other"), "year": iter(YEAR)}, ("channel", "year")),
    ],
)
def test_several_keys_make_tuples(by: Any, names: tuple[str, ...]) -> None:
    groups = cx.nps(SCORES, by=by)
    assert groups.names == names
    assert list(groups) == [("chat", 2025), ("chat", 2026), ("mail", 2025), (None, 2026)]
    assert groups["mail", 2025] == cx.nps([9, 7])


def test_keys_are_tuples_exactly_when_a_sequence_or_dict_was_given() -> None:
    assert list(cx.nps(SCORES, by=[CHANNEL])) == [("chat",), ("mail",), (None,)]
    assert list(cx.nps(SCORES, by={"channel": CHANNEL})) == [("chat",), ("mail",), (None,)]
    assert cx.nps(SCORES, by=pd.Series(CHANNEL, name="channel")).names == ("channel",)


@given(st.lists(st.tuples(labels, labels, st.integers(0, 3)), max_size=40))
def test_several_keys_agree_with_one_key_of_tuples(table: list[tuple[Any, Any, int]]) -> None:
    first, second, third = ([row[i] for row in table] for i in range(3))
    groups = cx.nps([9] * len(table), by=[first, second, np.array(third, dtype=np.int8)])
    assert {key: result.n for key, result in groups.items()} == {key: table.count(key) for key in table}


def test_many_keys_of_many_labels_do_not_overflow() -> None:
    n = 8_000  # 8000^5 does not fit 64 bits
    keys = [np.random.default_rng(seed).permutation(n) for seed in range(5)]
    groups = cx.nps(np.full(n, 9, dtype=np.int8), by=[key.astype(str) for key in keys])
    assert set(groups) == {tuple(str(key[i]) for key in keys) for i in range(n)}


# -- order -------------------------------------------------------------------------------------------


def test_labels_that_do_not_compare_keep_the_order_in_which_they_are_first_seen() -> None:
    assert list(cx.nps([9] * 5, by=["mail", 7, None, "chat", 7])) == ["mail", 7, "chat", None]
    assert list(cx.nps([9] * 2, by=pd.Categorical(["mail", 7], categories=[7, "mail"]))) == ["mail", 7]
    pairs = cx.nps([9] * 4, by=[["b", "a", "b", None], [1, "x", "x", 1]])
    assert list(pairs) == [("b", 1), ("a", "x"), ("b", "x"), (None, 1)]


@given(st.lists(labels, max_size=30))
def test_the_missing_label_comes_last_and_the_rest_sorted(by: list[str | None]) -> None:
    keys = list(cx.nps([9] * len(by), by=by))
    assert keys == sorted(label for label in set(by) if label is not None) + [None] * (None in by)


def test_compact_codes_follow_the_order_of_the_keys() -> None:
    grouping = group_rows(pd.Categorical(["b", "a", None], categories=["unused", "b", "a"]), 3, None)
    codes, keys = grouping.compact()
    assert (codes.tolist(), keys) == ([1, 0, 2], ["a", "b", None])
    assert [grouping.key(code) for code in grouping.codes.tolist()] == ["b", "a", None]
    empty, nothing = group_rows([], 0, None).compact()
    assert (empty.tolist(), nothing) == ([], [])


# -- records and batches -----------------------------------------------------------------------------

RECORDS = [
    cx.SurveyResponse(score=score, channel=channel, extra={"year": year})
    for score, channel, year in zip(SCORES, CHANNEL, YEAR, strict=True)
]


@pytest.mark.parametrize(
    "answers",
    [
        RECORDS, tuple(RECORDS), cx.Responses.from_records(RECORDS),
        cx.Responses(score=SCORES, channel=pd.Series(CHANNEL), extra={"year": np.array(YEAR)}),
    ],
    ids=["list", "tuple", "batch of records", "columns"],
)  # fmt: skip
def test_names_and_functions_look_at_records(answers: Any) -> None:
    by_name = cx.nps(answers, by="channel")
    assert (dict(by_name), by_name.names) == (EXPECTED, ("channel",))
    assert dict(cx.nps(answers, by=lambda record: record.channel)) == EXPECTED
    assert dict(cx.nps(answers, by=np.array(CHANNEL, dtype=object))) == EXPECTED
    both = cx.nps(answers, by=["channel", "year"])
    assert both == cx.nps(SCORES, by={"channel": CHANNEL, "year": YEAR})
    assert cx.nps(answers, by={"where": "channel", "late": lambda r: r.extra["year"] > 2025}).names == ("where", "late")
    assert list(cx.nps(answers, by=("channel",))) == [("chat",), ("mail",), (None,)]


# -- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "by", "error", "message"),
    [
        (SCORES, "channel", cx.ArgumentTypeError, r"pass the column itself, by=df\['channel'\]"),
        (SCORES, len, cx.ArgumentTypeError, r"a function needs records, pass by=\[f\(x\) for x in \.\.\.\]"),
        (SCORES, ["a"], cx.LengthError, r"by must have one value for each of the 5 rows of the data \(got 1\)"),
        (SCORES, [CHANNEL, ["a"]], cx.LengthError, r"by must have one value for each of the 5 rows"),
        (SCORES, 5, cx.ArgumentTypeError, "by must be a 1-D column of values"),
        (SCORES, {}, cx.ArgumentTypeError, "by must name at least one key"),
        (SCORES, np.ones((5, 1)), cx.ArgumentTypeError, "by must be 1-D"),
        (SCORES, np.ones(5, dtype=complex), cx.ArgumentTypeError, "by must be real numbers"),
        (SCORES, [1, {}, 2, 3, 4], cx.ArgumentTypeError, r"by must be hashable labels: .*\(got \{\}\)"),
        (SCORES, set(CHANNEL), cx.ArgumentTypeError, "by must be a 1-D column .*a set"),
        (SCORES, pd.DataFrame({"channel": CHANNEL}), cx.ArgumentTypeError, r'by=df\["column"\]'),
        (
            RECORDS,
            "chanel",
            cx.UnknownNameError,
            r"by must name a column of the Responses \(got 'chanel'\); known .*channel",
        ),
        (RECORDS, ["channel", "yaer"], cx.UnknownNameError, "got 'yaer'.*year"),
        ({9: 1}, ["a"], cx.ArgumentTypeError, r"by must be left out beside counts.*Groups\.from_tallies"),
        (cx.ScoreTally.empty(cx.NPS_0_10), ["a"], cx.ArgumentTypeError, "by must be left out beside counts"),
    ],
)
def test_refusals(answers: Any, by: Any, error: type[cx.CxscoreError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        cx.nps(answers, by=by)
    assert caught.value.argument == "by"


def test_a_list_of_nothing_is_no_key_for_records() -> None:
    with pytest.raises(cx.ArgumentTypeError, match="by must name at least one key"):
        cx.nps(RECORDS, by=[])
    assert len(cx.nps([], by=[])) == 0
