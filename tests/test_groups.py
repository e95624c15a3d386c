"""Groups: a mapping whose columns, overall and rest equal the results looked up one by one."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore.groups import Groups, _as_array, _follow
from strategies import rows, weights

METRICS = [cx.nps, cx.csat, cx.ces]
SCORES, CHANNEL = [10, 9, 3, 0, 7, 9], ["chat", "mail", "chat", None, "mail", "chat"]
GROUPS = cx.nps(SCORES, by=CHANNEL)


# -- columns, overall, rest --------------------------------------------------------------------------


def fields(result: Any) -> dict[str, Any]:
    """Every numeric field of a result, parts of intervals too."""
    out: dict[str, Any] = {}
    for field in attrs.fields(type(result)):
        value = getattr(result, field.name)
        if isinstance(value, cx.Interval):
            out |= {f"{field.name}.low": value.low, f"{field.name}.high": value.high}
        elif isinstance(value, (int, float)):
            out[field.name] = value
    return out


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=20)  # some thirty columns each
@given(rows(cx.CES_1_7), st.data())
def test_columns_equal_the_results_one_by_one(
    metric: Callable[..., Any], table: list[Any], data: st.DataObject
) -> None:
    size = len(table)
    given_weights = data.draw(st.none() | st.lists(weights, min_size=size, max_size=size))
    groups = metric([row[0] for row in table], by=[row[1] for row in table], weights=given_weights, scale=cx.CES_1_7,
                    invalid="drop")  # fmt: skip
    for name in fields(groups.overall):
        expected = [fields(result)[name] for result in groups.values()]
        np.testing.assert_allclose(groups.column(name), expected, rtol=1e-12, atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(groups.scores, groups.column("score"))


@given(rows(cx.NPS_0_10))
def test_overall_and_rest_are_counted_not_averaged(table: list[Any]) -> None:
    column, by = [row[0] for row in table], [row[1] for row in table]
    groups = cx.nps(column, by=by, invalid="drop")
    assert groups.overall == cx.nps(column, invalid="drop")
    for key in groups:
        assert groups.rest(key) == cx.nps([row[0] for row in table if row[1] != key], invalid="drop")
        assert groups.tallies[key] + cx.ScoreTally.empty(cx.NPS_0_10) == groups.tallies[key]
    assert sum(groups.tallies.values(), start=cx.ScoreTally.empty(cx.NPS_0_10)) == groups.tally


def test_column_types() -> None:
    assert GROUPS.column("promoters").dtype == np.int64
    assert GROUPS.column("given").tolist() == [3, 2, 1]
    assert GROUPS.column("score").dtype == np.float64
    assert np.isnan(GROUPS.column("response_rate")).all()
    assert GROUPS.column("interval.confidence").tolist() == [0.95] * 3
    assert _as_array([timedelta(seconds=1), None], "wait").tolist() == [timedelta(seconds=1), None]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scroe", r"column must name a field of NpsResult \(got 'scroe' in 'scroe'\); known: .*score"),
        ("interval.middle", r"a field of Interval \(got 'middle' in 'interval\.middle'\)"),
        ("interval", r"column must name a numeric field \(got 'interval', which holds Interval\)"),
        ("interval.method", "a numeric field"),
        ("score.low", "a field of float"),
        ("_signature", "column must name a field"),
        ("signature", "a numeric field .*which holds str"),
    ],
)
def test_what_is_no_column(name: str, message: str) -> None:
    with pytest.raises(cx.UnknownNameError, match=message):
        GROUPS.column(name)


def test_figures_of_a_part_that_is_not_there_are_missing() -> None:
    assert _as_array([_follow(SimpleNamespace(resolution=None), "resolution.p90")], "resolution.p90").tolist() == [
        pytest.approx(math.nan, nan_ok=True)
    ]


def test_records_of_groups_know_who_was_asked() -> None:
    groups = cx.nps(cx.Responses(score=[9, None, 3, None], channel=["chat", "chat", "mail", "fax"]), by="channel")
    assert groups.column("response_rate").tolist() == [0.5, 0.0, 1.0]
    assert groups.column("asked").tolist() == [2, 1, 1]
    assert (groups.overall.asked, groups.overall.response_rate) == (4, 0.5)


# -- a mapping ---------------------------------------------------------------------------------------


def test_groups_are_a_read_only_mapping() -> None:
    assert isinstance(GROUPS, Mapping)
    assert (list(GROUPS), len(GROUPS), "chat" in GROUPS, "fax" in GROUPS) == (["chat", "mail", None], 3, True, False)
    assert GROUPS[None] == cx.nps([0])
    assert GROUPS.get("fax") is None
    assert repr(GROUPS) == "Groups(3 by group)"
    for refused in (lambda: GROUPS["fax"], lambda: GROUPS.rest("fax")):
        with pytest.raises(KeyError):
            refused()
    with pytest.raises(TypeError):
        GROUPS["chat"] = 1  # type: ignore[index]  # the point of the test


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda groups: pickle.loads(pickle.dumps(groups))])
def test_groups_copy_pickle_compare_and_hash(again: Callable[[Any], Any]) -> None:
    weighted = cx.ces([7, None], by=["a", "b"], weights=[1.5, 2.0])
    for groups in (
        GROUPS,
        weighted,
        cx.nps([], by=[]),
        GROUPS.with_min_n(2),
        cx.Groups.from_tallies(GROUPS.tallies, cx.nps),
    ):
        copied = again(groups)
        assert copied == groups
        assert hash(copied) == hash(groups)
        assert copied.to_dicts() == groups.to_dicts()


def test_unlike_groups_differ() -> None:
    assert cx.nps(SCORES, by=pd.Series(CHANNEL, name="channel")) != GROUPS
    assert cx.nps([*SCORES[:-1], 0], by=CHANNEL) != GROUPS
    assert cx.nps(SCORES[:5], by=CHANNEL[:5]) != GROUPS
    assert cx.nps(SCORES[:3], by=CHANNEL[:3]) != GROUPS
    assert dict(GROUPS) != GROUPS.overall
    assert GROUPS != 3


def test_no_groups_at_all() -> None:
    groups = cx.nps([], by=[])
    assert (len(groups), groups.to_dicts(), groups.overall) == (0, [], cx.nps([]))
    assert groups.scores.tolist() == groups.column("interval.low").tolist() == groups.column("asked").tolist() == []


# -- showing -----------------------------------------------------------------------------------------


def test_one_flat_row_a_group() -> None:
    groups = cx.nps(SCORES, by={"channel": CHANNEL, "late": [0, 0, 0, 1, 1, 1]})
    table = groups.to_dicts()
    assert [(row["channel"], row["late"]) for row in table] == list(groups)
    first = groups["chat", 0]
    assert table[0]["score"] == first.score
    assert (table[0]["interval_low"], table[0]["interval_high"]) == tuple(first.interval)
    assert table[0]["distribution_10"] == 1
    assert json.loads(json.dumps(table)) == table


def test_small_groups_can_be_hidden() -> None:
    hidden = GROUPS.with_min_n(2)
    assert [row["score"] for row in hidden.to_dicts()] == [GROUPS["chat"].score, 50.0, None]
    assert hidden.to_dicts()[2]["n"] == 1
    assert GROUPS.to_dicts(min_n=2) == hidden.to_dicts()
    assert hidden.to_dicts(min_n=0) == GROUPS.to_dicts()
    assert "(none): hidden (n=1 below 2)" in str(hidden)
    assert "<td>(none)</td><td>hidden</td><td></td><td>1</td>" in hidden._repr_html_()
    for wrong in (-1, 1.5, True, "2"):
        with pytest.raises(cx.ArgumentValueError, match="min_n must be a whole number of 0 or more"):
            GROUPS.with_min_n(wrong)  # type: ignore[arg-type]  # the point of the test


def test_text_and_html_are_escaped_and_short() -> None:
    groups = cx.nps([9, 3], by={"<i>name</i>": ["<b>bold</b>", "a & b"]})
    page = groups._repr_html_()
    assert "<b>bold" not in page
    assert "<b>NPS by &lt;i&gt;name&lt;/i&gt;: 2 groups</b></caption>" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;i&gt;name&lt;/i&gt;" in page
    assert "a &amp; b" in page
    assert str(groups).splitlines()[1].startswith("  <b>bold</b>: NPS 100.0 (")
    many = cx.nps([9] * 60, by=list(range(60)))
    assert str(many).splitlines()[-1] == many._repr_html_().rpartition(">")[2] == "  ... and 10 more"


NINE = datetime(2026, 3, 2, 9)
HOUR = timedelta(hours=1)


def waiting() -> cx.Messages:
    """Two conversations on chat, one of them answered after an hour; one on mail that is answered twice."""
    return cx.Messages(
        conversation=[1, 1, 2, 3, 3, 3, 3], at=[NINE + i * HOUR for i in (0, 1, 0, 0, 2, 3, 4)],
        author=["customer", "agent", "customer", *["customer", "agent"] * 2], channel=["chat"] * 3 + ["mail"] * 4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "column", "cells", "lines"),
    [
        (cx.nps([9, 3], by=["a", "a"]), "NPS", ["0.0", "95% CI −81.1 to 81.1", "2"], "NPS 0.0 ("),
        (cx.csat([5, 4, 1], by=["a"] * 3), "CSAT", ["66.7%", "95% CI 20.8 to 93.9", "3"], "CSAT 66.7% (95% CI"),
        (cx.ces([7] * 9, by=["a"] * 9, method="t"), "CES, mean", ["7.00", "95% CI 7.00 to 7.00", "9"], "CES, mean 7"),
        (
            cx.response_times(waiting(), by="channel", as_of=NINE + 5 * HOUR), "median first response",
            ["1.0 h", "95% CI 1.0 h to ∞", "2"], "chat: median first response 1.0 h (95% CI 1.0 h to ∞, waits=2)",
        ),
        (
            cx.response_times(
                cx.Conversations(id=[1, 2], opened_at=NINE, channel=["x", "y"],
                                 resolved_at=np.array([NINE + HOUR, None], "M8[us]")),
                by="channel", as_of=NINE + 2 * HOUR,
            ),
            "median resolution", ["1.0 h", "95% CI – to ∞", "1"], "y: median resolution not reached (",
        ),
        (
            cx.response_times(cx.Conversations(id=[1], opened_at=NINE), by="id"), "median first response",
            ["undefined", "no interval", "0"], "median first response undefined (no interval, waits=0)",
        ),
        (
            cx.response_times(
                cx.Messages(conversation=[1], at=NINE, author="agent", channel="mail"), by="channel"
            ),
            "median first response", ["undefined", "no interval", "0"], "undefined (no interval, waits=0)",
        ),
        (
            cx.outliers([1, 2, 3, 99], limit=9, by=["a"] * 4), "outliers", ["1", "", "4"], "a: outliers 1 (n=4)",
        ),
        (cx.outliers([7, 7, 7], by=["a"] * 3), "outliers", ["undecidable", "", "3"], "a: outliers undecidable (n=3)"),
        (cx.nps([], by=[]), "NPS", [], "Groups(0 by group)"),
    ],
)  # fmt: skip
def test_a_row_shows_the_figure_as_its_metric_writes_it(
    groups: Groups[Any], column: str, cells: list[str], lines: str
) -> None:
    page = groups._repr_html_()
    divisor = "waits" if column.startswith("median") else "n"
    assert f"<th>{column}</th><th>interval</th><th>{divisor}</th></tr></thead>" in page
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert lines in str(groups)


def test_the_least_n_is_the_denominator_of_the_figure() -> None:
    days = [NINE + timedelta(days=i) for i in (0, 1, 2, 29)]
    repeats = cx.repeat_contacts(cx.Contacts(customer=list("abcd"), at=days, channel="mail"), by="channel")
    assert (4, 3) == (repeats["mail"].n, repeats["mail"].mature)
    assert "<td>0.0%</td>" in repeats.with_min_n(3)._repr_html_()
    assert "mail: repeat rate 0.0% (" in str(repeats.with_min_n(3))
    assert "<td>hidden</td><td></td><td>3</td>" in repeats.with_min_n(4)._repr_html_()
    assert "mail: hidden (n=3 below 4)" in str(repeats.with_min_n(4))
    assert [(4, 0.0), (4, None)] == [
        (row["n"], row["rate"]) for least in (3, 4) for row in repeats.to_dicts(min_n=least)
    ]  # fmt: skip
    waits = cx.response_times(waiting(), by="channel", as_of=NINE + 5 * HOUR)  # those who wait count
    assert [False, True] == [row["conversations"] is None for row in waits.to_dicts(min_n=2)]
    with pytest.raises(cx.ArgumentValueError, match="min_n must be a whole number"):
        waits.to_dicts(min_n=-1)


def test_a_key_that_is_called_like_a_field_keeps_its_name() -> None:
    first = cx.nps([9, 3], by={"n": ["a", "b"], "result_n": [7, 8], "score": [1, 2]}).to_dicts()[0]
    assert ("a", 7, 1) == (first["n"], first["result_n"], first["score"])
    assert (1, 100.0) == (first["result_result_n"], first["result_score"])
    assert 1 == first["given"]


# -- tallies from elsewhere --------------------------------------------------------------------------


def test_from_tallies_equals_counting() -> None:
    groups = Groups.from_tallies(GROUPS.tallies, cx.nps)
    assert groups == GROUPS
    for key in GROUPS:
        assert groups.rest(key) == GROUPS.rest(key)
    assert (groups.overall, groups.tally, groups.tallies) == (GROUPS.overall, GROUPS.tally, GROUPS.tallies)
    np.testing.assert_array_equal(groups.column("interval.low"), GROUPS.column("interval.low"))


def test_from_tallies_takes_options_and_names() -> None:
    one = cx.ScoreTally.of([9, 3], cx.NPS_0_10)
    groups = Groups.from_tallies(
        {("chat", 1): one, ("mail", 2): one}, cx.nps, names=["channel", "week"], confidence=0.8
    )
    assert groups["chat", 1] == cx.nps([9, 3], confidence=0.8)
    assert groups.names == ("channel", "week")
    assert Groups.from_tallies({("chat", 1): one}, cx.nps).names == ("group", "group_2")
    assert Groups.from_tallies({"chat": one}, cx.nps, names="channel").names == ("channel",)
    assert Groups.from_tallies({"chat": one}, cx.nps).rest("chat") == cx.nps([])


@pytest.mark.parametrize(
    ("tallies", "metric", "names", "error", "message"),
    [
        ({}, cx.nps, None, cx.ArgumentTypeError, "tallies must be a mapping .*at least one entry"),
        ([1], cx.nps, None, cx.ArgumentTypeError, "tallies must be a mapping"),
        ({"a": {9: 1}}, cx.nps, None, cx.ArgumentTypeError, r"one tally a group \(got dict for 'a'\).*from_counts"),
        ({"a": GROUPS.tally}, "nps", None, cx.ArgumentTypeError, r"metric must be the function .*e\.g\. cx\.nps"),
        ({"a": GROUPS.tally}, cx.nps, ["x", "y"], cx.LengthError, "names must hold one name for each part of the keys"),
        ({("a",): GROUPS.tally, ("b", 1): GROUPS.tally}, cx.nps, None, cx.LengthError, "names must hold one name"),
        ({"a": GROUPS.tally, "b": cx.ScoreTally.empty(cx.CSAT_1_5)}, cx.nps, None, cx.MergeError, "unlike scales"),
    ],
)
def test_what_from_tallies_refuses(tallies: Any, metric: Any, names: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Groups.from_tallies(tallies, metric, names=names)


# -- size --------------------------------------------------------------------------------------------


def test_a_hundred_thousand_groups_are_arrays_until_one_is_looked_up() -> None:
    n = 100_000
    scores = (np.arange(4 * n) % 11).astype(np.int8)
    by = np.repeat(np.arange(n), 4)
    groups = cx.nps(scores, by=by)
    assert (len(groups), len(groups.scores)) == (n, n)
    for place in (0, 1, n - 1):
        key = list(groups)[place]
        assert groups[key] == cx.nps(scores[by == key])
        assert groups.column("interval.low")[place] == pytest.approx(groups[key].interval.low, rel=1e-12)
    assert groups.rest(7).n == 4 * n - 4


def test_the_type_of_a_column_is_that_of_its_field_whatever_the_values() -> None:
    nine = datetime(2026, 3, 2, 9)
    log = cx.Messages(conversation=[1, 2], at=[nine, nine], author="customer", channel=["chat", "mail"])
    groups = cx.response_times(log, by="channel")  # nobody was answered, so no percentile is reached
    for name in ("first_response.p90", "first_response.median_interval.low"):
        assert "timedelta64[us]" == str(groups.column(name).dtype)
        assert np.isnat(groups.column(name)).all()
    assert "timedelta64[us]" == str(groups.scores.dtype)
    none = cx.response_times([], by="channel")
    assert (0, "timedelta64[us]") == (len(none.scores), str(none.scores.dtype))
    assert (0, "float64") == (len(cx.nps([], by=[]).scores), str(cx.nps([], by=[]).scores.dtype))


def test_a_column_is_the_callers_own() -> None:
    days = [datetime(2026, 3, day) for day in (1, 2, 3, 20)]
    contacts = cx.Contacts(customer=["ada", "bob", "ada", "ada"], at=days, channel=["chat", "mail", "mail", "chat"])
    repeats = cx.repeat_contacts(contacts, by="channel", as_of=datetime(2026, 6, 1))
    rates = cx.response_rate([10, 20], [5, 5], by=["a", "b"])
    before = [str(result) for groups in (repeats, rates) for result in groups.values()]
    for groups, name in ((repeats, "repeats"), (repeats, "mature"), (rates, "asked"), (rates, "answered")):
        groups.column(name)[:] = 0
    assert [str(result) for groups in (repeats, rates) for result in groups.values()] == before


# -- tallies of calendar periods, and JSON ------------------------------------------------------------


def counted(keys: list[Any]) -> dict[Any, cx.ScoreTally]:
    return {key: cx.ScoreTally.from_counts({9: i + 1}, cx.NPS_0_10) for i, key in enumerate(keys)}


def test_tallies_stand_in_key_order() -> None:
    assert ["a", "b", None] == list(Groups.from_tallies(counted([None, "b", "a"]), cx.nps))
    assert ["b", 1, None] == list(Groups.from_tallies(counted([None, "b", 1]), cx.nps))
    both = Groups.from_tallies(counted([("b", None), ("b", 1), ("a", 2)]), cx.nps)
    assert [("a", 2), ("b", 1), ("b", None)] == list(both)
    assert [3, 2, 1] == [result.n for result in both.values()]


@pytest.mark.parametrize(
    ("unit", "given_keys", "expected"),
    [
        ("day", [date(2026, 2, 27), date(2026, 3, 1)], [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]),
        ("week", [date(2026, 3, 1), date(2026, 3, 15)], [date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 15)]),
        ("month", [date(2025, 12, 1), date(2026, 2, 1)], [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]),
        ("quarter", [date(2025, 11, 1), date(2026, 5, 1)], [date(2025, 11, 1), date(2026, 2, 1), date(2026, 5, 1)]),
        ("year", [date(2024, 4, 1), date(2026, 4, 1)], [date(2024, 4, 1), date(2025, 4, 1), date(2026, 4, 1)]),
    ],
)
def test_a_unit_fills_in_the_periods_between(unit: Any, given_keys: list[Any], expected: list[Any]) -> None:
    tallies = counted(given_keys)
    groups = Groups.from_tallies(tallies, cx.nps, unit=unit)
    assert (expected, (unit,), ()) == (list(groups), groups.names, groups.incomplete)
    assert [1, 0, 2] == [result.n for result in groups.values()]
    assert groups.overall == cx.nps(tallies[given_keys[0]] + tallies[given_keys[1]])
    assert groups == pickle.loads(pickle.dumps(groups))
    assert "period" not in groups[expected[0]].signature  # tallies know no calendar
    with_none = Groups.from_tallies({None: tallies[given_keys[0]], **tallies}, cx.nps, unit=unit)
    assert [*expected, None] == list(with_none)


def test_every_combination_has_all_periods() -> None:
    keys = [("mail", date(2026, 3, 3)), ("chat", date(2026, 3, 1)), ("chat", date(2026, 3, 2))]
    groups = Groups.from_tallies(counted(keys), cx.nps, names=["channel", "day"], unit="day")
    days = [date(2026, 3, day) for day in (1, 2, 3)]
    assert [(channel, day) for channel in ("chat", "mail") for day in days] == list(groups)
    assert [2, 3, 0, 0, 0, 1] == [result.n for result in groups.values()]
    assert ("group", "day") == Groups.from_tallies(counted(keys), cx.nps, unit="day").names


@pytest.mark.parametrize(
    ("keys", "unit", "error", "words"),
    [
        (["2026-03-01"], "day", cx.ArgumentTypeError, "one part of their keys that is a date"),
        ([None], "day", cx.ArgumentTypeError, "one part of their keys that is a date"),
        ([datetime(2026, 3, 1)], "day", cx.ArgumentTypeError, r"as a datetime\.date"),
        ([(date(2026, 3, 1), date(2026, 3, 1))], "day", cx.ArgumentTypeError, "one part of their keys"),
        ([date(2026, 3, 2)], "month", cx.ArgumentValueError, r"first day of each month .*got 2026-03-02"),
        ([date(2026, 3, 2), date(2026, 3, 10)], "week", cx.ArgumentValueError, "first day of each week"),
        ([date(2026, 1, 1), date(2026, 2, 1)], "quarter", cx.ArgumentValueError, "name another unit="),
        ([date(2026, 1, 1)], "hour", cx.UnknownNameError, "unit must be one of"),
    ],
)
def test_what_a_unit_refuses(keys: list[Any], unit: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Groups.from_tallies(counted(keys), cx.nps, unit=unit)


def test_keys_are_json_in_rows_and_in_the_whole() -> None:
    days = cx.period([datetime(2026, 3, 1), datetime(2026, 3, 2), None], "day", tz="UTC")
    groups = cx.nps([9, 3, 8], by={"day": days, "channel": ["chat", "mail", None]})
    for found in (groups, cx.compare(groups)):
        rows = json.loads(json.dumps(found.to_dicts(), allow_nan=False))
        assert [("2026-03-01", "chat"), ("2026-03-01", "mail")] == [(row["day"], row["channel"]) for row in rows[:2]]
        assert None is rows[-1]["day"]
        whole = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert (["day", "channel"], rows) == (whole["names"], whole["groups"])
    assert ["2026-03-02", "chat"] in groups.to_dict()["incomplete"]
    assert {"names": ["group"], "incomplete": [], "groups": []} == cx.nps([], by=[]).to_dict()
