"""Response times of ticket rows: worked examples, a slow count in plain Python, the same as a message log."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx

SHARED = Path(__file__).resolve().parents[2] / "shared"
T0 = datetime(2026, 3, 2, 9)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(minutes):
    return None if minutes is None else T0 + minutes * MINUTE


def ticket(opened, response=None, resolved=None, first_resolved=None, left=None, **fields):
    return cx.Conversation(
        id=fields.pop("id", 1), opened_at=at(opened), first_response_at=at(response), resolved_at=at(resolved),
        first_resolved_at=at(first_resolved), abandoned_at=at(left), **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "wait", "ended"),
    [
        (ticket(0, 5), 5, "answered"),
        (ticket(0), 60, "open"),
        (ticket(0, 0), 0, "answered"),
        (ticket(0, resolved=7), 7, "closed"),
        (ticket(0, left=7), 7, "abandoned"),
        (ticket(0, 5, 7), 5, "answered"),
        # as in a message log, what comes first ends the wait
        (ticket(0, 9, 7), 7, "closed"),
        (ticket(0, 9, 20, 7), 7, "closed"),
        (ticket(0, 9, left=7), 7, "abandoned"),
        (ticket(0, None, 9, left=7), 7, "abandoned"),
        (ticket(0, None, 9, 8), 8, "closed"),
        (ticket(0, None, 8, 9), 8, "closed"),
        # and at one instant an answer comes before a resolution, and that before a customer who leaves
        (ticket(0, 7, 7, left=7), 7, "answered"),
        (ticket(0, None, 7, left=7), 7, "closed"),
        # what comes after as_of has not happened yet
        (ticket(0, 61), 60, "open"),
        (ticket(0, 61, 70, 65, 80), 60, "open"),
        (ticket(0, 61, 70, 50), 50, "closed"),
        (ticket(0, 60), 60, "answered"),
    ],
)
def test_first_response_of_one_ticket(row, wait, ended):
    result = cx.response_times([row], as_of=at(60))
    (found,) = result.table()
    assert (wait * MINUTE, ended, True, 1) == (found["wait"], found["ended"], found["first"], found["conversation"])
    assert (ended == "answered", ended == "open") == (result.answered == 1, result.waiting == 1)
    log = [cx.Message(conversation=1, at=at(0), author="customer")]
    if row.first_response_at:
        log.append(cx.Message(conversation=1, at=row.first_response_at, author="agent"))
    beside = cx.response_times(log, conversations=[row], as_of=at(60))
    assert beside.first_response == result.first_response
    assert beside.resolution == result.resolution


def test_tickets_by_hand():
    rows = [
        ticket(0, 10, 100, 50, id="a", reopens=1, channel="mail", agent="ada"),
        ticket(0, 30, 90, 90, id="b", channel="mail"),
        ticket(20, id="c", channel="chat", agent="bob"),
        ticket(0, 20, id="d", left=70),
        ticket(300, id="later"),
        ticket(0, 5, 6, id="x", status="spam"),
    ]
    targets = cx.ServiceTargets(first_response=15 * MINUTE, resolution=95 * MINUTE)
    result = cx.response_times(rows, as_of=at(120), targets=targets)
    assert (6, 4, {"after_as_of": 1, "spam": 1}) == (result.given, result.n, result.left_out)
    assert (4, 3, 1, 1) == (result.conversations, result.answered, result.waiting, result.reopened)
    first, resolution = result.first_response, result.resolution
    # 10, 20, 30 and one open since 100: survival 3/4, 1/2, 1/4; the median is the middle of its flat piece
    assert (25 * MINUTE, None, 20 * MINUTE, HOUR) == (first.median, first.p90, first.mean, first.total)
    assert (100 * MINUTE, 100 * MINUTE, 1 / 4) == (
        first.longest_waiting, first.waiting_median_age, first.within_target
    )  # fmt: skip
    # a 100, b 90, c open, d was left
    assert (2, 1, 1, 100 * MINUTE) == (resolution.n, resolution.waiting, resolution.abandoned, resolution.longest)
    assert 1 / 4 == resolution.within_target  # a late, b in time, c open for 100, d left
    assert (2, 50 * MINUTE, 90 * MINUTE) == (
        result.first_resolution.n, result.first_resolution.quantile(0.1), result.first_resolution.longest
    )  # fmt: skip
    assert {None} == {result.reply, result.our_resolution, result.touches, result.bot_only, result.outbound}
    assert result.mixed
    assert ["ada", None, "bob", None] == [row["agent"] for row in result.table()]
    assert ["a", "b", "c", "d"] == [row["conversation"] for row in result.table()]
    assert ["a", "b", "c", "d"] == result.table().columns["conversation"].tolist()


def test_clocks_that_nobody_kept_are_none():
    result = cx.response_times(cx.Conversations(id=[1, 2], opened_at=at(0)))
    clocks = (result.first_response, result.resolution, result.first_resolution, result.reply)
    assert ({None}, None, None, 2) == ({*clocks}, result.headline, result.interval, result.n)
    assert (None, None) == (result.answered, result.waiting)
    assert "response times (nothing to measure)" == str(result)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert "conversations" in result._repr_html_()
    with pytest.raises(cx.ArgumentValueError, match=r"table\(\)"):
        result.table()


def test_no_tickets():
    result = cx.response_times(cx.Conversations(id=[], opened_at=[], first_response_at=[], resolved_at=[]), by="id")
    assert (0, 0, None) == (len(result), result.overall.given, result.overall.first_response.median)
    assert result.overall.resolution.median is None


def test_missing_openings_are_counted_or_refused():
    tickets = cx.Conversations(id=[1, 2], opened_at=np.array([at(0), "NaT"], dtype="M8[us]"), first_response_at=at(3))
    result = cx.response_times(tickets)
    assert ({"missing": 1}, 1) == (result.left_out, result.first_response.n)
    with pytest.raises(cx.MissingValueError, match=r"opened_at must have no missing values .*position 1"):
        cx.response_times(tickets, missing="raise")


# -- several rows of one ticket ----------------------------------------------------------------------


def test_of_several_rows_of_a_ticket_the_latest_news_count():
    rows = [ticket(0, 5), ticket(0, 5, 30, agent="ada"), ticket(0), ticket(0, 9, 9, id=2)]
    result = cx.response_times(rows, as_of=at(60))
    assert (4, 2, {"superseded": 2}) == (result.given, result.n, result.left_out)
    assert (2, 0) == (result.resolution.n, result.resolution.waiting)
    assert ["ada", None] == [row["agent"] for row in result.table()]
    log = [cx.Message(conversation=number, at=at(0), author="customer") for number in (1, 2)]
    beside = cx.response_times(log, conversations=rows[:4], as_of=at(60))
    assert {"superseded": 2} == beside.conversations_left_out
    assert (2, result.resolution.median) == (beside.resolution.n, beside.resolution.median)
    assert {} == beside.left_out


def test_nobody_knows_that_nameless_tickets_are_one():
    tickets = cx.Conversations(id=[None, 1, None, 1], opened_at=[at(0), at(1), at(0), at(2)], resolved_at=at(9))
    result = cx.response_times(tickets)
    assert (3, {"superseded": 1}) == (result.resolution.n, result.left_out)


def test_a_ticket_that_was_merged_later_is_left_out():
    result = cx.response_times([ticket(0, 5), ticket(0, 5, 8, status="merged")])
    assert (0, {"superseded": 1, "merged": 1}) == (result.n, result.left_out)
    assert 0 == result.conversations


few = st.sampled_from([None, 0, 5])


@given(
    rows=st.lists(
        st.tuples(few, few, st.integers(1, 2), st.sampled_from([None, "spam", "open"]), st.sampled_from(["a", None])),
        max_size=8,
    ),
    seed=st.integers(0, 99),
)
def test_which_row_of_a_ticket_counts_does_not_depend_on_their_order(rows, seed):
    tickets = [
        ticket(0, response, resolved, id=name, status=status, extra={} if own is None else {"own": own})
        for response, resolved, name, status, own in rows
    ]
    mixed = [tickets[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    log = [cx.Message(conversation=number, at=at(0), author="customer") for number in (1, 2)]
    for by in (None, lambda row: row.extra.get("own")):
        found = cx.response_times(tickets, as_of=at(9), by=by)
        assert found == cx.response_times(mixed, as_of=at(9), by=by)
    names = {row.id for row in tickets}
    result = cx.response_times(tickets, as_of=at(9))
    assert len(names) == result.n + result.left_out.get("spam", 0)
    assert len(rows) - len(names) == result.left_out.get("superseded", 0)
    beside = cx.response_times(log, conversations=tickets, as_of=at(9))
    assert beside.conversations_left_out == result.left_out
    if rows:
        assert beside == cx.response_times(log, conversations=mixed, as_of=at(9))
        assert (beside.resolution.n, beside.resolution.waiting) == (result.resolution.n, result.resolution.waiting)


late = st.none() | st.integers(-2, 12)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), late, late, late, late, st.sampled_from([None, "spam", "test", "solved"])),
        min_size=1,
        max_size=14,
    ),
    now=st.integers(4, 12),
)
@settings(max_examples=150, deadline=None)
def test_counts_equal_a_slow_count(rows, now):
    tickets = [
        ticket(opened, response, resolved, first, left, id=i, status=status, channel=["mail", "chat"][i % 2])
        for i, (opened, response, resolved, first, left, status) in enumerate(rows)
    ]
    target = 3 * MINUTE
    options = {
        "as_of": at(now), "invalid": "drop", "targets": cx.ServiceTargets(first_response=target, resolution=target)
    }  # fmt: skip
    result = cx.response_times(tickets, **options)
    gone, first, resolution = Counter(), [], []
    for opened, response, resolved, first_resolved, left, status in rows:
        ends = [end for end in (response, resolved, first_resolved, left) if end is not None]
        if status in ("spam", "test"):
            gone[status] += 1
        elif opened > now:
            gone["after_as_of"] += 1
        elif any(end < opened for end in ends):
            gone["invalid"] += 1
        else:
            events = [
                (response, 0, "answered"),
                (resolved, 1, "closed"),
                (first_resolved, 1, "closed"),
                (left, 2, "abandoned"),
            ]
            events = sorted(event for event in events if event[0] is not None and event[0] <= now)
            end, _, how = events[0] if events else (now, 0, "open")
            first.append((opened, end - opened, how))
            if resolved is not None and resolved <= now and (left is None or resolved <= left):
                resolution.append((opened, resolved - opened, "answered"))
            elif left is not None and left <= now:
                resolution.append((opened, left - opened, "abandoned"))
            else:
                resolution.append((opened, now - opened, "open"))
    assert gone == Counter(dict(result.left_out))
    assert (len(rows), len(first)) == (result.given, result.n)
    for summary, waits in ((result.first_response, first), (result.resolution, resolution)):
        counts = Counter(how for _, _, how in waits)
        assert [counts[how] for how in ("answered", "open", "closed", "abandoned")] == [
            summary.n, summary.waiting, summary.closed, summary.abandoned
        ]  # fmt: skip
        old = [(wait, how) for opened, wait, how in waits if now - opened >= 3]
        assert len(waits) - len(old) == summary.immature
        within = sum(how == "answered" and wait <= 3 for wait, how in old)
        assert (within / len(old) if old else None) == (
            None if math.isnan(summary.within_target) else summary.within_target
        )
        answered = [wait for _, wait, how in waits if how == "answered"]
        assert sum(answered) * MINUTE == summary.total
        if len(answered) == len(waits) and answered:
            assert np.quantile(answered, 0.5, method="averaged_inverted_cdf") == summary.median / MINUTE
    groups = cx.response_times(tickets, by="channel", **options)
    assert result == groups.overall
    for name in ("given", "n", "conversations", "answered", "waiting"):
        assert getattr(result, name) == sum(getattr(part, name) for part in groups.values())
    total = Counter()
    for part in groups.values():
        assert part.given == part.n + sum(part.left_out.values())
        total += Counter(dict(part.left_out))
    assert gone == total


def test_every_door_gives_the_same():
    table = {
        "id": [1, 2, 3], "opened_at": [at(0), at(1), at(2)], "first_response_at": [at(5), None, at(3)],
        "resolved_at": [None, at(9), at(30)], "channel": ["mail", "chat", None],
    }  # fmt: skip
    records = [cx.Conversation(**dict(zip(table, row, strict=True))) for row in zip(*table.values(), strict=True)]
    expected = cx.response_times(records, targets=HOUR)
    frozen = {
        "id": np.array(table["id"]), "opened_at": np.array(table["opened_at"], dtype="M8[s]"),
        "first_response_at": np.array(table["first_response_at"], dtype="M8[us]"),
        "resolved_at": np.array(table["resolved_at"], dtype="M8[ns]"), "channel": np.array(table["channel"]),
    }  # fmt: skip
    for column in frozen.values():
        column.flags.writeable = False
    names = {name: name for name in table}
    for log in (
        iter(records),
        cx.Conversations(**table),
        cx.Conversations(**frozen),
        cx.Conversations.from_frame(pd.DataFrame(table), **names),
        cx.Conversations.from_frame(pl.DataFrame(table), **names),
        cx.Conversations.from_frame(pa.table(table), **names),
    ):
        found = cx.response_times(log, targets=HOUR)
        assert expected.first_response == found.first_response
        assert expected.resolution == found.resolution
        assert list(expected.table()) == [{"agent": None, **row} for row in found.table()]


def test_aware_tickets():
    rows = [cx.Conversation(id=1, opened_at=T0.replace(tzinfo=UTC), resolved_at=(T0 + DAY).replace(tzinfo=UTC))]
    result = cx.response_times(rows)
    assert (DAY, (T0 + DAY).replace(tzinfo=UTC)) == (result.resolution.median, result.as_of)
    with pytest.raises(cx.MixedTimeZonesError, match="as_of must follow"):
        cx.response_times(rows, as_of=T0 + DAY)


def test_real_issues_that_are_all_open():
    # JuliaLang/Pkg.jl: 572 open issues, 389 of them with comments, in the SOURCE.md of the data.
    source = SHARED / "data" / "github_issues_pkgjl" / "pkg_issues_572.csv"
    if not source.exists():
        pytest.skip("pkg_issues_572.csv is not here")
    with source.open() as file:
        rows = list(csv.DictReader(file))
    opened = [datetime.fromisoformat(row["created_at"]) for row in rows]
    tickets = cx.Conversations(
        id=[row["number"] for row in rows], opened_at=opened,
        resolved_at=np.full(len(rows), np.datetime64("NaT", "us")),
        customer=[row["author_id"] or None for row in rows],
    )  # fmt: skip
    now = datetime(2025, 7, 20)
    result = cx.response_times(tickets, as_of=now, targets=cx.ServiceTargets(resolution=30 * DAY))
    ages = sorted(now - instant for instant in opened)
    resolution = result.resolution
    assert (572, 0, 572, None) == (result.n, resolution.n, resolution.waiting, resolution.median)
    assert (ages[-1], (ages[285] + ages[286]) / 2) == (resolution.longest_waiting, resolution.waiting_median_age)
    old = sum(age >= 30 * DAY for age in ages)
    assert (0.0, 572 - old, old) == (resolution.within_target, resolution.immature, resolution.waiting_over_target)
    assert None in cx.response_times(tickets, as_of=now, by="customer")  # authors whose account is gone
