"""Logs under policies and with changes: what counts, what is missing, whom it belongs to, and what is at risk."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import policies
from slow_policies import evaluate

T0 = datetime(2026, 3, 2, 9)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AUTHORS = {"c": "customer", "a": "agent", "b": "bot"}


def at(minutes):
    return T0 + minutes * MINUTE


def log(*rows, **columns):
    """Messages as conversation, minute, author ("c", "a" or "b")."""
    return cx.Messages(
        conversation=[row[0] for row in rows],
        at=[at(row[1]) for row in rows],
        author=[AUTHORS[row[2]] for row in rows],
        **columns,
    )


def changes(*rows, **columns):
    """Changes as conversation, minute, kind and what to; a status may stand for its kind."""
    kinds = [row[2] if row[2] in set(map(str, cx.ChangeKind)) else "status" for row in rows]
    targets = [
        row[3] if len(row) > 3 else None if row[2] == kind else row[2] for row, kind in zip(rows, kinds, strict=True)
    ]
    return cx.Changes(
        conversation=[row[0] for row in rows], at=[at(row[1]) for row in rows], kind=kinds, to=targets, **columns
    )


def minutes(result, clock=None, name="wait"):
    return [row[name] / MINUTE for row in result.table(clock)]


# -- the rules of this library, found on both ways -----------------------------------------------------

CLOCKS = ("first_response", "reply", "resolution", "first_resolution", "our_resolution")
rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 12), st.sampled_from("ccaab"), st.booleans(),
        st.sampled_from([True, True, False]), st.sampled_from([False, False, False, True]),
        st.sampled_from(["ann", "bob", None]),
    ),
    max_size=14,
)  # fmt: skip
tickets = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 12) | st.none(), st.integers(0, 12) | st.none()),
    max_size=4, unique_by=lambda row: row[0],
)  # fmt: skip


def batch(given_rows):
    return cx.Messages.from_records(
        [
            cx.Message(
                conversation=talk, at=at(minute), author=AUTHORS[author], automatic=automatic and author != "c",
                public=public, handoff=handoff, agent=agent if author == "a" else None,
            )
            for talk, minute, author, automatic, public, handoff, agent in given_rows
        ]
    )  # fmt: skip


def opened(given_tickets):
    return cx.Conversations.from_records(
        [
            cx.Conversation(
                id=talk, opened_at=at(-1), agent="cat",
                first_resolved_at=None if first is None or last is None else at(min(first, last)),
                resolved_at=None if last is None else at(last),
            )
            for talk, first, last in given_tickets
        ]
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows, st.none() | tickets, st.sampled_from([None, 2 * MINUTE, 5 * MINUTE]))
def test_without_changes_to_tell_both_ways_find_the_same(given_rows, given_tickets, expires):
    messages = batch(given_rows)
    table = None if given_tickets is None else opened(given_tickets)
    policy = cx.ReplyPolicy(expires=expires)
    options = {"conversations": table, "policy": policy, "as_of": at(15), "targets": 3 * MINUTE}
    quick = cx.response_times(messages, **options)
    other = cx.response_times(messages, changes=[], **options)
    for name in (*CLOCKS, "answered", "waiting", "bot_only", "outbound", "conversations", "left_out", "signature"):
        if name == "first_resolution" and table is not None:
            continue  # where a first resolution is not known one of the two leaves the ticket out
        assert getattr(quick, name) == getattr(other, name), name
    key = str
    assert sorted(quick.table(), key=key) == sorted(other.table(), key=key)
    assert quick.touches == other.touches


# -- figures that need something -----------------------------------------------------------------------


def test_a_figure_without_its_events_is_none_and_says_why():
    messages = log((1, 0, "c"), (1, 5, "a"))
    plain = cx.response_times(messages)
    assert plain.resolution is plain.requester_wait is plain.reopens is None
    assert "needs status changes" == plain.reasons["requester_wait"]
    assert "resolved_at" in plain.reasons["resolution"]
    assert "first_response" not in plain.reasons
    assert plain.to_dict()["reasons"] == dict(plain.reasons)
    assert "needs status changes" in plain._repr_html_()

    chatwoot = cx.response_times(messages, policy=policies.CHATWOOT)
    assert chatwoot.first_response is None
    assert "needs status changes" == chatwoot.reasons["first_response"]
    assert cx.response_times(messages, policy=policies.CHATWOOT, changes=[]).first_response is not None
    assigned = cx.ReplyPolicy(first_from="assigned")
    assert "needs assigned changes" == cx.response_times(messages, policy=assigned).reasons["first_response"]
    assert (
        "needs assigned changes" == cx.response_times(messages, policy=assigned, changes=[]).reasons["first_response"]
    )
    paused = cx.ReplyPolicy(paused={"reply": {"pending"}})
    assert {"reply", "first_response"} & set(cx.response_times(messages, policy=paused).reasons) == {"reply"}
    answering = cx.ReplyPolicy(on_resolve="answers")
    assert {"reply", "first_response"} <= set(cx.response_times(messages, policy=answering).reasons)
    each = cx.ReplyPolicy(resolution="each")
    solved = cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(9)])
    assert (
        "needs status changes" == cx.response_times(messages, conversations=solved, policy=each).reasons["resolution"]
    )
    from_assigned = cx.ReplyPolicy(resolution_from="assigned")
    told = cx.response_times(messages, conversations=solved, policy=from_assigned)
    assert "needs assigned changes" == told.reasons["resolution"] == told.reasons["first_resolution"]
    credit = cx.response_times(messages, policy=cx.ReplyPolicy(credit="assignee_now"))
    assert "needs assigned changes" == credit.reasons["agent"]
    assert [None] == [row["agent"] for row in credit.table()]


def test_a_clock_that_is_not_there_says_so_in_its_table():
    result = cx.response_times(log((1, 0, "c"), (1, 5, "a")))
    with pytest.raises(
        cx.ArgumentValueError, match=r"clock must be one of first_response, reply \(got 'resolution': needs"
    ):
        result.table("resolution")
    with pytest.raises(cx.ArgumentValueError, match="it is none of this result"):
        result.table("lunch")


def test_an_assumed_creation_is_counted():
    messages = log((1, 0, "c"), (1, 5, "a"), (2, 0, "c"))
    created = changes((1, -10, "created"))
    result = cx.response_times(messages, changes=created, policy=policies.BIRD)
    assert (1, [15.0, 5.0]) == (result.created_assumed, minutes(result, "first_response"))
    assert result.created_assumed == cx.response_times(messages, changes=created, policy=policies.BIRD).created_assumed
    assert cx.response_times(messages).created_assumed is None
    assert ["created", "created"] == [row["started_by"] for row in result.table("first_response")]


# -- statuses ------------------------------------------------------------------------------------------


def test_time_of_conversations_by_status():
    messages = log((1, 0, "c"), (1, 10, "a"))
    states = changes((1, 0, "created", "new"), (1, 10, "pending"), (1, 30, "open"), (1, 35, "hold"), (1, 60, "solved"))
    result = cx.response_times(messages, changes=states, as_of=at(100))
    total = {
        name: getattr(result, name).total / MINUTE for name in ("requester_wait", "agent_wait", "on_hold", "work_time")
    }
    assert {"requester_wait": 40.0, "agent_wait": 20.0, "on_hold": 25.0, "work_time": 15.0} == total
    assert (60 * MINUTE, 15 * MINUTE) == (result.resolution.total, result.our_resolution.total)
    (row,) = result.table("requester_wait")
    assert (at(0), at(60), 40 * MINUTE) == (row["start"], row["end"], row["wait"])


def test_what_is_not_resolved_is_still_running():
    messages = log((1, 0, "c"), (1, 10, "a"), (2, 0, "c"), (2, 1, "a"))
    states = changes((1, 20, "solved"), (1, 30, "open"), (2, 5, "pending"))
    result = cx.response_times(messages, changes=states, as_of=at(90))
    assert (0, 2, 90 * MINUTE) == (result.resolution.n, result.resolution.waiting, result.resolution.longest_waiting)
    assert (1, 1) == (result.first_resolution.n, result.first_resolution.waiting)
    assert (1, 1, 10 * MINUTE) == (result.reopens, result.reopened, result.reopened_after.mean)
    each = cx.response_times(messages, changes=states, as_of=at(90), policy=cx.ReplyPolicy(resolution="each"))
    assert [20.0, 90.0, 90.0] == sorted(minutes(each, "resolution"))


def test_reopenings_within_a_time():
    states = changes(
        (1, 0, "created"), (1, 10, "solved"), (1, 40, "open"), (1, 50, "solved"),
        (2, 0, "created"), (2, 10, "solved"), (3, 0, "created"), (3, 95, "solved"),
    )  # fmt: skip
    result = cx.response_times([], changes=states, as_of=at(100))
    rate = result.reopen_rate(HOUR)
    assert (1, 2, 2) == (rate.reopened, rate.resolutions, rate.immature)
    assert rate.rate == 0.5
    assert (rate.interval.low, rate.interval.high) == cx.intervals.proportion(1, 2)
    assert 0.0 == result.reopen_rate(30 * MINUTE - timedelta(microseconds=1)).rate
    assert "50.0% of 2 resolutions opened again within 1.0 h" == str(rate)
    assert rate == pickle.loads(pickle.dumps(rate))
    json.dumps(rate.to_dict(), allow_nan=False)
    young = result.reopen_rate(DAY)
    assert (0, 4) == (young.resolutions, young.immature)
    assert young.to_dict()["rate"] is None
    assert "undefined" in young._repr_html_()
    assert cx.response_times(log((1, 0, "c"))).reopen_rate(HOUR) is None
    with pytest.raises(cx.ArgumentTypeError, match="within"):
        result.reopen_rate(7)
    assert (2, 1, 3) == (
        len([row for row in result.table("reopened_after") if row["ended"] == "open"]) - 1,
        result.reopens,
        3,
    )


# -- touches, agents, credit ---------------------------------------------------------------------------


def test_touches_by_the_rule_of_the_policy():
    messages = log(
        (1, 0, "c"), (1, 1, "a"), (2, 0, "c"), (3, 0, "c"), (3, 1, "a"), (3, 2, "a"), (4, 0, "c"), (4, 1, "a")
    )
    states = changes(*((talk, 20, "solved") for talk in (1, 2, 3)))
    found = {}
    for rule in ("exactly_one", "at_most_one", "never_waited", timedelta(minutes=15)):
        touches = cx.response_times(messages, changes=states, policy=cx.ReplyPolicy(one_touch=rule)).touches
        assert 3 == touches.resolved
        found[rule] = touches.resolved_one_touch
    assert {"exactly_one": 1, "at_most_one": 2, "never_waited": 2, timedelta(minutes=15): 0} == found
    touches = cx.response_times(messages, changes=states).touches
    assert 1 / 3 == touches.resolved_one_touch_share
    assert cx.response_times(messages).touches.resolved is None


def test_handovers_between_agents():
    rows_ = [(1, 0, "c"), (1, 1, "a"), (1, 2, "a"), (1, 3, "a"), (2, 0, "c"), (2, 1, "a")]
    messages = log(*rows_, agent=[None, "ann", "ann", "bob", None, "ann"])
    for result in (cx.response_times(messages), cx.response_times(messages, changes=[])):
        assert (1, 1, 0.5) == (
            result.touches.handovers, result.touches.handed_over, result.touches.handed_over_share
        )  # fmt: skip
    assert cx.response_times(log(*rows_)).touches.handovers is None
    assigned = changes((2, 0, "assigned", "ann"), (2, 5, "assigned", "bob"), (2, 6, "assigned", "cat"))
    assert 3 == cx.response_times(messages, changes=assigned).touches.handovers


def test_whom_waits_belong_to():
    messages = log((1, 0, "c"), (1, 10, "a"), (1, 20, "c"), agent=[None, "ann", None])
    assigned = changes((1, 5, "assigned", "bob"), (1, 10, "assigned", "cat"), (1, 15, "assigned", "dan"))

    def owners(credit):
        result = cx.response_times(messages, changes=assigned, policy=cx.ReplyPolicy(credit=credit), as_of=at(30))
        groups = cx.response_times(
            messages, changes=assigned, policy=cx.ReplyPolicy(credit=credit), as_of=at(30), by="agent"
        )
        for agent, one in groups.items():
            assert {agent} >= {row["agent"] for row in one.table()}
        return [row["agent"] for row in result.table()]

    assert ["ann", "dan"] == owners("author")  # an open wait belongs to the assignee
    assert ["bob", "dan"] == owners("assignee_then")  # who is assigned by the answer has not given it
    assert ["dan", "dan"] == owners("assignee_now")
    nobody = changes((1, 5, "assigned", "bob"), (1, 15, "assigned"))
    result = cx.response_times(messages, changes=nobody, policy=cx.ReplyPolicy(credit="assignee_now"))
    assert [None, None] == [row["agent"] for row in result.table()]


# -- notes and bots ------------------------------------------------------------------------------------


def test_notes_answer_where_the_policy_says_so():
    messages = log(
        (1, 0, "c"), (1, 5, "a"), (1, 10, "a"), (1, 20, "a"), visibility=[None, "private_note", "public_note", "sent"]
    )
    answers = {(): None, ("sent",): 20.0, ("public_note",): 10.0, ("private_note", "sent"): 5.0}
    for kinds, expected in answers.items():
        result = cx.response_times(messages, policy=cx.ReplyPolicy(answers=kinds), as_of=at(60))
        found = [row["wait"] / MINUTE for row in result.table("first_response") if row["ended"] == "answered"]
        assert ([] if expected is None else [expected]) == found
        assert result.given == result.n + sum(result.left_out.values()) == 4
    plain = cx.response_times(messages)
    assert [20.0] == minutes(plain)
    assert {"private_note": 1, "public_note": 1} == plain.left_out


def test_bots_by_the_rule_of_the_policy():
    messages = log((1, 0, "c"), (1, 1, "b"), (1, 5, "c"), (1, 9, "a"), (2, 0, "c"), (2, 1, "b"))
    waits = {}
    for rule in ("ignore", "ends_wait", "answers"):
        result = cx.response_times(messages, policy=cx.ReplyPolicy(bot=rule, first_is_reply=True), as_of=at(20))
        waits[rule] = [row["wait"] / MINUTE for row in result.table("reply") if row["ended"] == "answered"]
        assert result.left_out.get(cx.LeftOut.BOT, 0) == (2 if rule == "ignore" else 0)
    assert {"ignore": [9.0], "ends_wait": [4.0], "answers": [1.0, 4.0, 1.0]} == waits
    assert 1 == cx.response_times(messages, as_of=at(20)).bot_only
    kept = cx.ReplyPolicy(leave_out=("merged", "spam", "deleted"))
    waiting = cx.response_times(messages, policy=kept, as_of=at(20))
    assert (0, 1, 20 * MINUTE) == (waiting.bot_only, waiting.waiting, waiting.first_response.longest_waiting)


# -- what is left out ----------------------------------------------------------------------------------


def test_conversations_that_do_not_count():
    messages = log((1, 0, "c"), (2, 0, "c"), (3, 0, "c"), (4, 0, "c"))
    states = changes((1, 1, "merged"), (2, 1, "spam"), (3, 1, "deleted"), (3, 2, "open"))
    result = cx.response_times(messages, changes=states)
    assert {"merged": 1, "spam": 1} == result.left_out
    assert {"merged": 1, "spam": 1} == result.changes_left_out
    assert (2, 2) == (result.conversations, result.n)
    kept = cx.response_times(messages, changes=states, policy=cx.ReplyPolicy(leave_out=["spam", "bot_only"]))
    assert {"spam": 1} == kept.left_out
    assert 3 == kept.conversations
    # A test is nobody's experience, whatever the policy.
    table = cx.Conversations(id=[1, 2], opened_at=[at(0), at(0)], status=["test", "spam"])
    tested = cx.response_times(messages, conversations=table, changes=[], policy=cx.ReplyPolicy(leave_out=()))
    assert {"test": 1} == tested.left_out


def test_changes_that_cannot_be_read_are_counted():
    messages = log((1, 0, "c"), (1, 5, "a"))
    states = cx.Changes(
        conversation=[1, None, 1, 1],
        at=np.array([at(8), at(8), None, at(99)], "M8[us]"),
        kind=["status", "status", "status", "status"],
        to="solved",
    )
    result = cx.response_times(messages, changes=states, as_of=at(50))
    assert {"missing": 2, "after_as_of": 1} == result.changes_left_out
    assert [8.0] == minutes(result, "resolution")
    with pytest.raises(cx.MissingValueError, match="conversation"):
        cx.response_times(messages, changes=states, missing="raise")


def test_what_is_left_out_is_counted_in_its_group():
    messages = log((1, 0, "c"), (1, 5, "a"), (2, 0, "c"), channel=["mail", "mail", "chat"])
    states = cx.Changes(
        conversation=[1, None, 2, 3, 4], at=[at(8), at(8), at(1), at(1), at(99)],
        kind=["status", "status", "merged", "status", "created"], to=["solved", "open", None, "spam", None],
    )  # fmt: skip
    table = cx.Conversations(id=[1, 9], opened_at=[at(0), at(0)], status=[None, "spam"], channel=["mail", "fax"])
    options = {"changes": states, "conversations": table, "as_of": at(50)}
    groups = cx.response_times(messages, by="channel", **options)
    whole = cx.response_times(messages, **options)
    for name in ("left_out", "changes_left_out", "conversations_left_out"):
        summed = Counter()
        for one in groups.values():
            summed.update(getattr(one, name))
        assert summed == getattr(whole, name)
    assert {"missing": 1, "merged": 1, "spam": 1, "after_as_of": 1} == whole.changes_left_out
    assert ({"merged": 1}, {"spam": 1}) == (whole.left_out, whole.conversations_left_out)
    assert 1 == whole.conversations


def test_the_channel_of_a_wait_is_that_of_its_message():
    messages = log((1, 0, "c"), (1, 90, "a"), (1, 100, "c"), (1, 190, "a"), channel=["mail", "mail", "chat", "chat"])
    targets = cx.ServiceTargets(reply={"mail": HOUR, "chat": 2 * HOUR})
    for told in (None, []):
        reply = cx.response_times(messages, changes=told, targets=targets, as_of=at(1_000)).reply
        assert 0.5 == reply.within_target


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"changes": log((1, 0, "c"))}, cx.ArgumentTypeError, "changes must be Change records or a Changes batch"),
        (
            {"changes": cx.Changes(conversation=1, at=[at(0).replace(tzinfo=UTC)], kind="created")},
            cx.MixedTimeZonesError, "changes must follow the same rule as log",
        ),
        (
            {"changes": cx.Changes(conversation=["1"], at=[at(0)], kind="created")}, cx.ArgumentValueError,
            "changes must share ids with the messages",
        ),
        (
            {"targets": cx.ServiceTargets(reply=HOUR, in_business_time=True)}, cx.ArgumentTypeError,
            "hours must be given",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense(options, error, said):
    with pytest.raises(error, match=said):
        cx.response_times(log((1, 0, "c")), **options)


def test_ticket_rows_take_changes_beside_messages_only():
    table = cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(20)])
    with pytest.raises(
        cx.ArgumentTypeError, match=r"changes must come beside messages .* or \[\] where there are none"
    ):
        cx.response_times(table, changes=[])
    states = changes((1, 5, "pending"), (1, 15, "open"), (1, 20, "solved"))
    result = cx.response_times([], conversations=table, changes=states)
    assert (10 * MINUTE, 20 * MINUTE) == (result.agent_wait.total, result.resolution.total)
    with pytest.raises(cx.ArgumentTypeError, match="targets must be about calendar time here"):
        cx.DurationTally.of(log((1, 0, "c")), targets=cx.ServiceTargets(reply=HOUR, in_business_time=True))


# -- units, one figure a conversation ------------------------------------------------------------------


def test_units_are_cut_off_each_wait():
    messages = cx.Messages(
        conversation=[1, 1, 2], at=[T0, T0 + timedelta(seconds=119.5), T0], author=["customer", "agent", "customer"]
    )
    now = T0 + timedelta(minutes=61, seconds=30)
    by_minute = cx.response_times(messages, policy=cx.ReplyPolicy(unit="minute"), as_of=now)
    assert [MINUTE, 61 * MINUTE] == [row["wait"] for row in by_minute.table()]
    assert (MINUTE, 61 * MINUTE) == (by_minute.first_response.mean, by_minute.first_response.longest_waiting)
    by_hour = cx.response_times(messages, policy=cx.ReplyPolicy(unit="hour"), as_of=now)
    assert [timedelta(0), HOUR] == list(by_hour.table().columns["wait"].tolist())
    tally = cx.DurationTally.of(messages, policy=cx.ReplyPolicy(unit="minute"), as_of=now)
    assert (60_000_000, 61 * 60_000_000) == (tally.longest, tally.longest_waiting)


def test_one_figure_a_conversation():
    messages = log(
        (1, 0, "c"), (1, 1, "a"), (1, 2, "c"), (1, 12, "a"), (1, 20, "c"), (1, 24, "a"), (1, 25, "c"), (2, 0, "c")
    )
    found = {}
    for rule in ("all", "longest", "sum", "median"):
        result = cx.response_times(messages, policy=cx.ReplyPolicy(per_conversation=rule), as_of=at(30))
        found[rule] = (result.reply.n, result.reply.waiting, result.reply.total / MINUTE)
        assert [1.0, 10.0, 4.0, 5.0, 30.0] == minutes(result)  # the table lists every wait
        assert 2 == result.waiting
    assert {"all": (3, 2, 15.0), "longest": (1, 1, 10.0), "sum": (1, 1, 15.0), "median": (1, 1, 4.0)} == found
    two = cx.response_times(messages[:4], policy=cx.ReplyPolicy(per_conversation="median"))
    assert 5.5 * MINUTE == two.reply.median


# -- business time -------------------------------------------------------------------------------------

DESK = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
NIGHT = cx.BusinessHours({"mon-fri": ["17:00-24:00"]}, tz="UTC")


def test_schedules_that_change():
    messages = log((1, 0, "c"), (1, 600, "a"), tz="UTC")  # 9:00 to 19:00
    shifts = changes((1, 300, "schedule", "night"), tz="UTC")  # from 14:00 on
    waits = {}
    for rule in ("each_part", "at_end", "at_start"):
        result = cx.response_times(
            messages, changes=shifts, policy=cx.ReplyPolicy(schedule_change=rule), hours={"night": NIGHT, None: DESK}
        )
        waits[rule] = result.business_first_response.mean / HOUR
        assert waits[rule] == result.table()[0]["business_wait"] / HOUR
    assert {"each_part": 5.0 + 2.0, "at_end": 2.0, "at_start": 8.0} == waits
    with pytest.raises(cx.UnknownNameError, match=r"hours must have every schedule that changes name .*'night'"):
        cx.response_times(messages, changes=shifts, hours={None: DESK})
    with pytest.raises(cx.UnknownNameError, match="one schedule without a name"):
        cx.response_times(messages, changes=shifts, hours=DESK)
    untold = cx.response_times(messages, changes=shifts, hours={"night": NIGHT})
    assert (0, None) == (untold.business_first_response.n, untold.table()[0]["business_wait"])


def test_waits_without_hours():
    messages = log(
        (1, 0, "c"), (1, 30, "a"), (2, 0, "c"), (2, 30, "a"), channel=["mail", "mail", "fax", "fax"], tz="UTC"
    )
    waits = {
        rule: [
            row["business_wait"]
            for row in cx.response_times(messages, policy=cx.ReplyPolicy(no_hours=rule), hours={"mail": DESK}).table()
        ]
        for rule in ("nan", "zero", "calendar")
    }
    half = 30 * MINUTE
    assert {"nan": [half, None], "zero": [half, timedelta(0)], "calendar": [half, half]} == waits


def test_pauses_stand_still_on_both_clocks():
    messages = log((1, 0, "c"), (1, 24 * 60 + 60, "a"), (1, 26 * 60, "c"), tz="UTC")
    states = changes((1, 60, "pending"), (1, 24 * 60, "open"), tz="UTC")
    policy = cx.ReplyPolicy(paused={"first": {"pending"}, "reply": {"pending"}})
    result = cx.response_times(
        messages, changes=states, policy=policy, hours=DESK, as_of=at(27 * 60).replace(tzinfo=UTC)
    )
    assert (2 * HOUR, 2 * HOUR) == (result.first_response.total, result.business_first_response.total)
    first, second = result.table()
    assert (2 * HOUR, 2 * HOUR, HOUR) == (first["wait"], first["business_wait"], second["wait"])
    assert [2 * HOUR, HOUR] == result.table().columns["wait"].tolist()
    assert HOUR == result.reply.longest_waiting == result.business_reply.longest_waiting
    whole = cx.response_times(messages, changes=states, hours=DESK)
    assert (25 * HOUR, 9 * HOUR) == (whole.first_response.total, whole.business_first_response.total)


# -- targets -------------------------------------------------------------------------------------------


def test_conversations_at_risk_worst_first():
    rows_ = [("late", 0, "c"), ("soon", 50, "c"), ("young", 58, "c"), ("done", 0, "c"), ("done", 1, "a")]
    messages = log(*rows_)
    table = cx.Conversations(
        id=["late", "soon"], opened_at=[at(0), at(50)], resolved_at=[None, None], agent=["ann", "bob"]
    )
    result = cx.response_times(
        messages, conversations=table, as_of=at(60),
        targets=cx.ServiceTargets(first_response=15 * MINUTE, resolution=20 * MINUTE),
    )  # fmt: skip
    assert [("late", "first_response", 60 * MINUTE, 15 * MINUTE, -45 * MINUTE, True, "ann")] == [
        tuple(row.values()) for row in result.at_risk()
    ]
    soon = result.at_risk(within=5 * MINUTE)
    assert ["late", "soon"] == [row["conversation"] for row in soon]
    assert (5 * MINUTE, False, "bob") == (soon[1]["left"], soon[1]["missed"], soon[1]["agent"])
    assert 3 == len(result.at_risk(within=DAY)) == len(result.at_risk(within=DAY)[:])
    assert "AtRisk(2 conversations, 1 missed)" == repr(soon)
    assert soon == result.at_risk(within=5 * MINUTE) != result.at_risk()
    assert hash(soon) == hash(result.at_risk(within=5 * MINUTE))
    assert soon != 7
    assert "soon" in soon._repr_html_()
    json.dumps(soon.to_dicts(), allow_nan=False)
    assert 0 == len(cx.response_times(messages).at_risk(within=DAY))
    with pytest.raises(cx.ArgumentTypeError, match="within"):
        result.at_risk(within=5)
    with pytest.raises(cx.ArgumentValueError, match="made from a tally"):
        cx.response_times(cx.DurationTally.of([MINUTE])).at_risk()


def test_targets_in_business_time():
    messages = log((1, -60 * 16, "c"), (1, 60, "a"), (2, 0, "c"), tz="UTC")  # 17:00 on Sunday to 10:00 on Monday
    now = at(180).replace(tzinfo=UTC)
    both = cx.ServiceTargets(first_response=2 * HOUR, reply=2 * HOUR)
    plain = cx.response_times(messages, hours=DESK, targets=both, as_of=now)
    business = attrs.evolve(both, in_business_time={"first_response"})
    told = cx.response_times(messages, hours=DESK, targets=business, as_of=now)
    assert (0.0, 0.5) == (plain.first_response.within_target, plain.business_first_response.within_target)
    assert told.first_response.target is None
    assert told.first_response.within_target != told.first_response.within_target
    assert (0.5, 2 * HOUR) == (told.business_first_response.within_target, told.business_first_response.target)
    assert (0.0, 2 * HOUR) == (told.reply.within_target, told.reply.target)
    (row,) = told.at_risk()
    assert (2, "business_first_response", 3 * HOUR, True) == (
        row["conversation"],
        row["clock"],
        row["age"],
        row["missed"],
    )
    assert "|first_response:business 7200s|reply:7200s|" in told.signature
    assert cx.ServiceTargets(in_business_time=True).in_business_time == {"first_response", "reply", "resolution"}


@pytest.mark.parametrize(
    ("value", "error"), [("reply", cx.ArgumentTypeError), (3, cx.ArgumentTypeError), (["lunch"], cx.UnknownNameError)]
)
def test_clocks_in_business_time_are_named(value, error):
    with pytest.raises(error, match="in_business_time must be True, False or a set of clocks"):
        cx.ServiceTargets(in_business_time=value)


# -- groups --------------------------------------------------------------------------------------------


def test_groups_hold_every_wait_once():
    messages = log(
        (1, 0, "c"), (1, 10, "a"), (2, 0, "c"), (2, 5, "a"), (2, 50, "c"), channel=["mail", None, "chat", None, "chat"],
        agent=[None, "ann", None, "bob", None],
    )  # fmt: skip
    states = changes((1, 20, "solved"), (3, 0, "created"), (3, 9, "solved"))
    whole = cx.response_times(messages, changes=states, policy=policies.ZENDESK)
    for by in ("channel", "agent", ["channel", "agent"], lambda record: record.conversation, "conversation"):
        groups = cx.response_times(messages, changes=states, policy=policies.ZENDESK, by=by)
        assert groups.overall == whole
        for clock in ("first_response", "resolution", "requester_wait"):
            assert sum(getattr(one, clock).n for one in groups.values()) == getattr(whole, clock).n
        assert sum(one.given for one in groups.values()) == whole.given
        assert sum(one.conversations for one in groups.values()) == whole.conversations == 3
    assert ["chat", "mail", None] == list(cx.response_times(messages, changes=states, by="channel"))


def test_periods_take_waits_by_start_and_resolutions_by_end():
    messages = log((1, 0, "c"), (1, 10, "a"), tz="UTC")
    states = changes((1, 0, "created"), (1, 3 * 24 * 60, "solved"), tz="UTC")
    days = cx.period("at", "day", tz="UTC")
    by_end = cx.response_times(messages, changes=states, by=days)
    assert [(1, 0), (0, 0), (0, 0), (0, 1)] == [(one.first_response.n, one.resolution.n) for one in by_end.values()]
    start = cx.ReplyPolicy(counted_at="start")
    assert [(1, 1)] == [
        (one.first_response.n, one.resolution.n)
        for one in cx.response_times(messages, changes=states, by=days, policy=start).values()
    ]


def test_periods_without_a_single_message():
    midnight = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    states = cx.Changes(conversation=1, at=[midnight, midnight + HOUR], kind=["created", "status"], to=[None, "solved"])
    days = cx.response_times([], changes=states, by=cx.period("at", "day", tz="Europe/Berlin"))
    assert {T0.date(): 1} == {day: one.resolution.n for day, one in days.items()}


# -- results -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in policies.__all__ if name.isupper() and name not in ("TARGETS",)])
def test_every_preset_measures(name):
    policy = getattr(policies, name)
    messages = log((1, 0, "c"), (1, 10, "a"), (2, 0, "a"), (2, 5, "c"), (2, 9, "a"), tz="UTC")
    states = changes((1, 0, "created"), (1, 20, "solved"), (1, 20, "closed"), (2, 0, "created"), tz="UTC")
    result = cx.response_times(messages, changes=states, policy=policy, hours=DESK)
    assert f"policy:{policy.definition}|" in result.signature
    assert (
        result
        == pickle.loads(pickle.dumps(result))
        == cx.response_times(messages[::-1], changes=states[::-1], policy=policy, hours=DESK)
    )
    assert "" != str(result) != result._repr_html_()
    json.dumps(result.to_dict(), allow_nan=False)
    assert "business_reply" in result.to_dict()
    assert result.given == result.n + sum(result.left_out.values())


BERLIN = {"tz": "Europe/Berlin"}


def grouped_log():
    return cx.Messages(
        conversation=["a", "a", "a", "b", "b", "c", "d", "d", "e"],
        at=[at(m * 60) for m in (0, 1, 40, 3, 30, 50, 60, 62, 70)],
        author=[AUTHORS[one] for one in "caccacacb"],
        agent=[None, "ann", None, None, "bob", None, "ann", None, None],
        team=[None, "one", None, None, "two", None, "one", None, None],
        channel=["mail", None, "chat", None, None, "chat", None, "mail", "mail"],
        extra={"day": [at(m * 60 * 24) for m in range(9)]}, **BERLIN,
    )  # fmt: skip


def grouped_tickets():
    return cx.Conversations(
        id=["a", "b", "d", "z"], opened_at=[at(0), at(180), at(3_600), at(600)],
        resolved_at=np.array([at(2_500), None, at(3_800), None], "M8[us]"),
        first_resolved_at=np.array([at(2_500), None, at(3_800), None], "M8[us]"),
        channel=["mail", "fax", None, "fax"], agent=["cat", "cat", None, "dan"], team=["two", None, "one", "two"],
        topic=["x", "y", "x", "y"], **BERLIN,
    )  # fmt: skip


def same_hours(record):
    return record.at.hour


@pytest.mark.parametrize("tickets_too", [False, True])
@pytest.mark.parametrize(
    "by",
    [
        "channel", "team", "agent", "conversation", same_hours, ["channel", "team"], {"who": "agent", "how": "channel"},
        cx.period("at", "day"), cx.period("day", "week"), [cx.period("at", "day"), "channel"], "topic",
        cx.period("opened_at", "day"), cx.period("at", "day", anchor="opened"),
    ],
    ids=str,
)  # fmt: skip
def test_groups_are_the_same_on_both_ways(by, tickets_too):
    if not tickets_too and (by == "topic" or "opened_at" in repr(by)):
        with pytest.raises(cx.UnknownNameError):
            cx.response_times(grouped_log(), changes=[], by=by)
        return
    options = {"conversations": grouped_tickets() if tickets_too else None, "as_of": at(5_000), "by": by}
    quick = cx.response_times(grouped_log(), **options)
    other = cx.response_times(grouped_log(), changes=[], **options)
    assert list(quick) == list(other)
    for key, one in quick.items():
        for name in (*CLOCKS, "given", "n", "left_out", "conversations", "answered", "waiting", "mixed"):
            assert getattr(one, name) == getattr(other[key], name), (key, name)
        assert sorted(one.table(), key=str) == sorted(other[key].table(), key=str)


# -- any log, any policy, against a slow reading -------------------------------------------------------

states_of = st.lists(
    st.sampled_from(["open", "pending", "hold", "snoozed", "solved", "closed"]), max_size=3, unique=True
)
any_policy = st.fixed_dictionaries(
    {},
    optional={
        "first_from": st.sampled_from(["first_customer", "created", "last_customer"]),
        "first_restarts": st.lists(st.sampled_from(["handoff", "opened", "bot_resolved"]), unique=True),
        "opened_by_agent": st.sampled_from(["after_customer", "next_agent", "answer", "exclude"]),
        "answers": st.lists(st.sampled_from(["sent", "public_note", "private_note"]), unique=True),
        "bot": st.sampled_from(["ignore", "ends_wait", "answers"]),
        "status_answers": states_of,
        "wait_from": st.sampled_from(["first_unanswered", "last_customer", "previous_answer"]),
        "first_is_reply": st.booleans(),
        "on_resolve": st.sampled_from(["closes", "keeps_wait", "drops_wait", "answers"]),
        "resolution_from": st.sampled_from(["created", "first_customer"]),
        "resolved": states_of,
        "paused": st.dictionaries(st.sampled_from(["first", "reply", "resolution"]), states_of),
        "reopened_from": states_of,
        "one_touch": st.sampled_from(["exactly_one", "at_most_one", "never_waited", "one_closer"]),
    },
)
any_event = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("message"), "author": st.sampled_from(["customer", "customer", "agent", "bot"])},
        optional={"automatic": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("message"), "author": st.just("agent"), "agent": st.sampled_from(["ann", "bob"])},
        optional={"visibility": st.sampled_from(["sent", "public_note", "private_note"])},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("status"), "to": st.sampled_from(["open", "pending", "hold", "solved", "solved", "closed"])},
        optional={"by": st.sampled_from(["agent", "bot"])},
    ),
    st.fixed_dictionaries({"kind": st.sampled_from(["handoff", "created"])}),
)
any_log = st.lists(st.tuples(st.integers(0, 20), any_event), max_size=10)


def span_of(start, end, stretches, now):
    """Minutes without those of the stretches."""
    end = now if end is None else end
    return end - start - sum(max(0, min(end, stop) - max(start, begin)) for begin, stop, _ in stretches)


@settings(max_examples=150, deadline=None)
@given(any_log, any_policy)
def test_any_policy_reads_as_the_slow_way(events, fields):
    now = 25
    messages = [
        cx.Message(conversation=1, at=at(minute), **{name: one for name, one in event.items() if name != "kind"})
        for minute, event in events
        if event["kind"] == "message"
    ]
    told = [cx.Change(conversation=1, at=at(minute), **event) for minute, event in events if event["kind"] != "message"]
    policy = cx.ReplyPolicy(**{**fields, "resolution": "each"})
    result = cx.response_times(messages, changes=told, policy=policy, as_of=at(now))
    slow = evaluate(
        [{**event, "t": minute, "agent": event.get("agent")} for minute, event in events],
        {**fields, "answers": list(policy.answers)}, now,
    )  # fmt: skip

    def expected(waits, clock):
        stops = slow["pauses"][clock]
        return sorted(
            (wait.start, span_of(wait.start, wait.end, stops, now), wait.outcome)
            for wait in waits
            if wait.outcome != "dropped"
        )

    def found(clock):
        return sorted(((row["start"] - T0) / MINUTE, row["wait"] / MINUTE, row["ended"]) for row in result.table(clock))

    assert expected([] if slow["first"] is None else [slow["first"]], "first") == found("first_response")
    assert expected(slow["replies"], "reply") == found("reply")
    if result.resolution is not None:
        ended = [row for row in result.table("resolution") if row["ended"] == "answered"]
        stops = slow["pauses"]["resolution"]
        assert sorted((end, span_of(start, end, stops, now)) for start, end, _ in slow["resolutions"]) == sorted(
            ((row["end"] - T0) / MINUTE, row["wait"] / MINUTE) for row in ended
        )
        assert len(slow["reopens"]) == result.reopens
        assert (slow["one_touch"] is True) == bool(result.touches.resolved_one_touch)
