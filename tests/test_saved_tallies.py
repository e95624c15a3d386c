"""Saved tallies that are damaged: the field is named, whatever it holds instead."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx

DAYS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=i) for i in range(31)]
TALLIES: list[Any] = [
    cx.ScoreTally.of([9, 10, None, 3], cx.NPS_0_10, weights=[1, 2, 1, 0.5]),
    cx.DurationTally.of([timedelta(minutes=4), None], open=[timedelta(hours=2)], as_of=DAYS[30], targets=timedelta(1)),
    cx.RepeatTally.of(cx.Contacts(customer=["ada", "bob", "ada"], at=DAYS[:3]), as_of=DAYS[30]),
    cx.ScoreTally.of([9, 10, None, 3], cx.NPS_0_10, one_vote_per=["ada", "bob", "bob", "ada"]),
    cx.DurationTally.of(
        cx.Messages(conversation=1, at=DAYS[:2], author=["customer", "agent"]), targets=timedelta(hours=8),
        hours=cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC"), as_of=DAYS[30],
    ),
]  # fmt: skip
EACH = pytest.mark.parametrize("tally", TALLIES, ids=lambda tally: type(tally).__name__)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@EACH
@pytest.mark.parametrize("data", [b"", b"xx", b"\xff\xfe\xfa", "nonsense", None, 3])
def test_bytes_that_are_no_tally(tally: Any, data: Any) -> None:
    with pytest.raises(cx.ArgumentValueError, match=rf"data must be what {type(tally).__name__}\.to_bytes\(\) wrote"):
        type(tally).from_bytes(data)


@EACH
def test_bytes_that_are_not_whole(tally: Any) -> None:
    whole = tally.to_bytes()
    for end in range(0, len(whole), 7):
        with pytest.raises(cx.ArgumentValueError, match="whole and unchanged"):
            type(tally).from_bytes(whole[:end])


@EACH
def test_a_field_that_is_not_there_is_named(tally: Any) -> None:
    data = tally.to_dict()
    for name in data:
        if name != "kind":
            less = {key: value for key, value in data.items() if key != name}
            with pytest.raises(cx.ArgumentValueError, match=f"data has no field '{name}'"):
                type(tally).from_dict(less)


@EACH
@pytest.mark.parametrize(
    "value", [None, -1, 1.5, "x", "xxxx", [1], [[1, 2, 3]], [["x", 1]], {"a": 1}, [None], True, [{}], 10**30, []]
)
def test_a_field_that_is_damaged_is_named(tally: Any, value: Any) -> None:
    data = tally.to_dict()
    for name in data.keys() - {"kind", "schema"}:
        found = refusal(tally, {**data, name: value})
        # Edges of another number are told of the brackets that no longer fit them.
        assert found is None or name in found or name == "edges"
        assert found is not None or type(tally).from_dict({**data, name: value}).to_dict()[name] == value
    for part in ("settings", "business"):
        for name in data.get(part) or ():
            found = refusal(tally, {**data, part: {**data[part], name: value}})
            assert found is None or f"'{name}'" in found


def refusal(tally: Any, data: dict[str, Any]) -> str | None:
    """What is said about damaged data, None where they can be read."""
    try:
        type(tally).from_dict(data)
    except cx.ArgumentValueError as error:
        return str(error)
    return None


@EACH
@given(st.data())
def test_nothing_but_our_errors(tally: Any, data: Any) -> None:
    saved = tally.to_dict()
    inner = data.draw(st.sampled_from(["scale", "settings", "clusters", "business", None]))
    damaged = saved.get(inner) or saved
    name = data.draw(st.sampled_from(sorted(damaged)))
    damaged = {**damaged, name: data.draw(json_values)}
    try:
        found = type(tally).from_dict({**saved, inner: damaged} if inner in saved else damaged)
    except cx.ArgumentValueError:
        return
    assert json.loads(json.dumps(found.to_dict()))["kind"] == saved["kind"]


@EACH
def test_schema(tally: Any) -> None:
    data = tally.to_dict()
    del data["schema"]
    with pytest.raises(cx.ArgumentValueError, match="data has no field 'schema', the number of the format"):
        type(tally).from_dict(data)
    for schema in ("1", None, True, 1.0):
        with pytest.raises(cx.ArgumentValueError, match="schema must be a whole number"):
            type(tally).from_dict({**data, "schema": schema})


def test_brackets_must_fit_their_edges() -> None:
    data = TALLIES[1].to_dict()
    with pytest.raises(cx.ArgumentValueError, match="damaged field 'brackets': 10 edges need one count more"):
        cx.DurationTally.from_dict({**data, "brackets": data["brackets"][1:]})


SCORES, WAITS, REPEATS, CLUSTERED, BUSINESS = (tally.to_dict() for tally in TALLIES)


@pytest.mark.parametrize(
    ("saved", "changed", "found"),
    [
        (WAITS, {"n": 7}, "'n': 7, 'bins': "),
        (WAITS, {"waiting": 0}, "'waiting': 0, 'open_bins': "),
        (WAITS, {"bins": []}, "'n': 1, 'bins': ()"),
        (WAITS, {"open_bins": []}, "'waiting': 1, 'open_bins': ()"),
        (WAITS, {"brackets": [1] * 11}, "'n': 1, 'brackets': (1, 1"),
        (WAITS, {"shortest": None}, "'n': 1, 'shortest': None"),
        (WAITS, {"longest": None}, "'n': 1, 'longest': None"),
        (WAITS, {"longest_waiting": None}, "'waiting': 1, 'longest_waiting': None"),
        (WAITS, {"total": 1}, "'n': 1, 'total': 1, 'shortest': 240000000, 'longest': 240000000"),
        (WAITS, {"within": 2}, "'n': 1, 'eligible': 1, 'within': 2"),
        (WAITS, {"immature": 2}, "'eligible': 1, 'immature': 2"),
        (WAITS, {"waiting_over_target": 2}, "'waiting': 1, 'waiting_over_target': 2"),
        (WAITS, {"bins": [[981, 2], [980, -1]]}, "damaged field 'bins' (it must be a whole number of 0 or more"),
        (WAITS, {"bins": [[978, 0], [978, 1]]}, "damaged field 'bins' (bins must ascend from 0 to 2206"),
        (WAITS, {"bins": [[-1, 1]]}, "damaged field 'bins' (bins must ascend from 0 to 2206"),
        (WAITS, {"open_bins": [[2207, 1]]}, "damaged field 'open_bins' (bins must ascend from 0 to 2206"),
        (BUSINESS, {"business": {**BUSINESS["business"], "n": 2}}, "business time in data has counts that contradict"),
        (SCORES, {"counts": [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1]}, "'sums': (0.0, 0.0, 0.0, 0.5"),
        (SCORES, {"squares": None}, "'sums': "),
        (SCORES, {"squares": [1, *SCORES["squares"][1:]]}, "'squares': (1, 0.0"),
        (CLUSTERED, {"counts": [0] * 11, "sums": None, "squares": None}, "'clusters': "),
        (CLUSTERED, {"clusters": {**CLUSTERED["clusters"], "count": 4}}, "'clusters': "),
        (CLUSTERED, {"clusters": {**CLUSTERED["clusters"], "count": 1}}, "'clusters': "),
        (SCORES, {"asked": 2}, "'asked': 2"),
        (SCORES, {"respondents": 4}, "'respondents': 4"),
        (REPEATS, {"contacts": 4}, "'contacts': 4, 'mature': 3, 'immature': 0, 'not_ended': 0"),
        (REPEATS, {"ends_missing": 4}, "'contacts': 3, 'ends_missing': 4"),
        (REPEATS, {"customers": 4}, "'contacts': 3, 'customers': 4"),
        (REPEATS, {"customers": 1}, "'customers': 1, 'seen': "),
        (REPEATS, {"issues": 2}, "'contacts': 3, 'issues': 2, 'unknown_history': 2"),
        (REPEATS, {"issue_sizes": [[1, 1]]}, "'issues': 0, 'issue_sizes': "),
        (REPEATS, {"repeats": [2, 1, 4, 1, 1, 2, 5]}, "'mature': 3, 'repeats': "),
        (REPEATS, {"first_contact": [1, 0, 1, 0, 0, 0, 1]}, "'issues': 0, 'first_contact': "),
        (REPEATS, {"net_first_contact": [1, 0, 1, 0, 0, 0, 1]}, "'first_contact': "),
        (REPEATS, {"repeats": [3, 1, 3, 1, 1, 2, 5]}, "'repeats': ClusterSums(clusters=3"),
        (REPEATS, {"survived": 3}, "'mature': 3, 'repeats': "),
        (REPEATS, {"events": "AMCuOygAAADAAAAAAAAAAA=="}, "'contacts': 3, 'events': "),
    ],
)  # fmt: skip
def test_counts_that_contradict_each_other_are_refused(saved: Any, changed: dict[str, Any], found: str) -> None:
    kind: Any = getattr(cx, saved["kind"])
    data = {**saved, **changed}
    for read, written in ((kind.from_dict, data), (kind.from_bytes, json.dumps(data).encode())):
        with pytest.raises(cx.ArgumentValueError) as caught:
            read(written)
        assert found in str(caught.value)
        assert "damaged field" in found or f"count the rows again with {saved['kind']}.of" in str(caught.value)


def test_merge_errors_tell_instants_as_instants() -> None:
    wait = [timedelta(minutes=4)]
    naive, aware = (cx.DurationTally.of(wait, as_of=day) for day in (datetime(2026, 3, 1), DAYS[2]))
    with pytest.raises(
        cx.MergeError, match=r"as_of: 2026-03-01 00:00:00 and 2026-03-03 00:00:00\+00:00, aware: False and True"
    ):
        naive + aware
    with pytest.raises(cx.MergeError, match="as_of: none and 2026-03-03"):
        cx.DurationTally.of(wait) + aware
    short, long = (cx.DurationTally.of(wait, brackets=[timedelta(hours=hours)]) for hours in (1, 2))
    with pytest.raises(cx.MergeError, match=r"edges: \['1:00:00'\] and \['2:00:00'\]"):
        short + long
    one, two = (cx.RepeatTally.of(cx.Contacts(customer=["ada"], at=[day])) for day in DAYS[:2])
    with pytest.raises(
        cx.MergeError,
        match=r"as_of: 2026-03-01 00:00:00\+00:00 and 2026-03-02 00:00:00\+00:00; history_from: 2026-03-01 00:00",
    ):
        one + two
