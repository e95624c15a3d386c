"""The same waits in open time, beside those in calendar time."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx

HOURS = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
HOUR = timedelta(hours=1)


def at(day: int, hour: float) -> datetime:
    """March 2026, whose second day is a Monday."""
    return datetime(2026, 3, day, tzinfo=UTC) + hour * HOUR


def log(*rows: tuple[int, datetime, str], **columns: object) -> cx.Messages:
    names = {"c": "customer", "a": "agent"}
    return cx.Messages(
        conversation=[row[0] for row in rows],
        at=[row[1] for row in rows],
        author=[names[row[2]] for row in rows],
        **columns,
    )


def test_a_night_counts_in_one_clock_and_not_in_the_other() -> None:
    result = cx.response_times(log((1, at(2, 16), "c"), (1, at(3, 10), "a")), hours=HOURS)
    assert 18 * HOUR == result.first_response.median == result.reply.median
    assert 2 * HOUR == result.business_first_response.median == result.business_reply.median
    assert (None, None) == (result.business_resolution, result.business_our_resolution)


def test_a_wait_within_the_night_is_no_open_time_and_not_unknown() -> None:
    result = cx.response_times(log((1, at(2, 20), "c"), (1, at(3, 7), "a")), hours=HOURS)
    assert timedelta(0) == result.business_first_response.median


def test_open_waits_are_as_old_as_the_desk_was_open() -> None:
    result = cx.response_times(log((1, at(6, 16), "c")), as_of=at(9, 11), hours=HOURS)  # Friday to Monday
    assert 67 * HOUR == result.reply.longest_waiting
    assert 3 * HOUR == result.business_reply.longest_waiting


def test_targets_and_maturity_are_in_open_time_on_the_clock_of_open_time() -> None:
    rows = [(1, at(2, 16), "c"), (1, at(3, 10), "a"), (2, at(3, 16), "c")]
    result = cx.response_times(log(*rows), as_of=at(4, 10), targets=3 * HOUR, hours=HOURS)
    assert 0.0 == result.first_response.within_target  # 18 h, and one that waits for 18 h
    assert (1.0, 1) == (result.business_first_response.within_target, result.business_first_response.immature)
    assert (1, 0) == (result.first_response.waiting_over_target, result.business_first_response.waiting_over_target)


def test_resolution_and_our_part_of_it() -> None:
    messages = log((1, at(2, 9), "c"), (1, at(2, 10), "a"), (1, at(3, 10), "c"), (1, at(3, 12), "a"))
    tickets = cx.Conversations(id=[1], opened_at=[at(2, 9)], resolved_at=[at(3, 15)])
    result = cx.response_times(messages, conversations=tickets, hours=HOURS)
    assert (30 * HOUR, 14 * HOUR) == (result.resolution.median, result.business_resolution.median)
    # Ours is without Monday 10 to Tuesday 10 and Tuesday 12 to 15: 1 + 2 hours.
    assert (3 * HOUR, 3 * HOUR) == (result.our_resolution.median, result.business_our_resolution.median)


def test_ticket_rows_have_both_clocks_too() -> None:
    tickets = cx.Conversations(
        id=[1, 2], opened_at=at(2, 16), first_response_at=[at(3, 10), None], resolved_at=[at(3, 12), None]
    )
    result = cx.response_times(tickets, as_of=at(3, 12), hours=HOURS)
    assert (1, 1) == (result.business_first_response.n, result.business_first_response.waiting)
    assert (2 * HOUR, 4 * HOUR) == (result.business_first_response.longest, result.business_resolution.longest)


def test_one_schedule_a_channel_and_none_where_there_is_none() -> None:
    rows = [(1, at(2, 16), "c"), (1, at(3, 10), "a"), (2, at(2, 16), "c"), (2, at(3, 10), "a")]
    rows += [(3, at(2, 16), "c"), (3, at(3, 10), "a")]
    channel = ["mail", None, "chat", None, None, None]
    always = cx.BusinessHours.always("UTC")
    result = cx.response_times(log(*rows, channel=channel), hours={"mail": HOURS, "chat": always})
    assert (3, 2) == (result.first_response.n, result.business_first_response.n)
    assert 20 * HOUR == result.business_first_response.total
    waits = {row["conversation"]: row["business_wait"] for row in result.table()}
    assert {1: 2 * HOUR, 2: 18 * HOUR, 3: None} == waits
    by_channel = cx.response_times(log(*rows, channel=channel), hours={"mail": HOURS, "chat": always}, by="channel")
    assert [18 * HOUR, 2 * HOUR, None] == [one.business_first_response.median for one in by_channel.values()]
    nameless = cx.response_times(log(*rows), hours={"mail": HOURS, None: always})
    assert 3 == nameless.business_first_response.n


def test_agent_turns_follow_the_schedule_of_their_channel() -> None:
    messages = log((1, at(2, 9), "c"), (1, at(2, 10), "a"), (2, at(2, 9), "c"), (2, at(2, 10), "a"))
    tickets = cx.Conversations(id=[1, 2], opened_at=at(2, 9), resolved_at=at(3, 9), channel=["mail", "chat"])
    result = cx.response_times(messages, conversations=tickets, hours={"mail": HOURS}, by="channel")
    assert HOUR == result["mail"].business_our_resolution.median
    assert 0 == result["chat"].business_our_resolution.n


def test_the_table_and_the_page_show_both() -> None:
    result = cx.response_times(log((1, at(2, 16), "c"), (1, at(3, 10), "a")), hours=HOURS)
    (row,) = result.table()
    assert (18 * HOUR, 2 * HOUR) == (row["wait"], row["business_wait"])
    assert [np.timedelta64(2, "h")] == list(result.table().columns["business_wait"])
    assert "business wait" in result.table()._repr_html_()
    assert "business first response" in result._repr_html_()
    assert 7200.0 == result.to_dict()["business_first_response"]["median_seconds"]
    json.dumps(result.to_dict(), allow_nan=False)
    assert result == pickle.loads(pickle.dumps(result))


def test_the_signature_names_the_schedule_by_its_digest() -> None:
    rows = [(1, at(2, 16), "c")]

    def defined(hours: object) -> str:
        return cx.Signature.parse(cx.response_times(log(*rows), hours=hours).signature).definition["hours"]

    assert "none" == defined(None)
    assert HOURS.digest == defined(HOURS)
    assert f"mail={HOURS.digest}" == defined({"mail": HOURS})


def test_instants_without_a_zone_cannot_be_held_against_opening_hours() -> None:
    naive = cx.Messages(conversation=[1], at=[datetime(2026, 3, 2, 9)], author="customer")
    with pytest.raises(cx.MixedTimeZonesError, match="name the zone of the wall times with tz="):
        cx.response_times(naive, hours=HOURS)
    named = cx.Messages(conversation=[1], at=[datetime(2026, 3, 2, 9)], author="customer", tz="Europe/Berlin")
    assert 1 == cx.response_times(named, hours=HOURS).business_reply.waiting
    assert 0 == cx.response_times([], hours=HOURS).business_reply.n


@pytest.mark.parametrize("hours", ["9-5", {"mail": "9-5"}, {}, 8])
def test_anything_but_hours_is_refused(hours: object) -> None:
    with pytest.raises(cx.ArgumentTypeError, match="hours must be BusinessHours, or a mapping of channel"):
        cx.response_times([], hours=hours)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60 * 24 * 9), st.sampled_from("ca")), max_size=20))
def test_every_wait_equals_the_schedule_asked_directly(rows: list[tuple[int, int, str]]) -> None:
    messages = log(*((talk, at(2, 0) + timedelta(minutes=minute), who) for talk, minute, who in rows))
    result = cx.response_times(messages, as_of=at(20, 0), hours=HOURS)
    for row in result.table():
        assert HOURS.between(row["start"], row["end"] or at(20, 0)) == row["business_wait"]
    always = cx.response_times(messages, as_of=at(20, 0), hours=cx.BusinessHours.always("UTC"))
    assert always.reply == always.business_reply
    assert always.first_response == always.business_first_response
