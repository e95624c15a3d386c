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
    kept = cx.ReplyPolicy(bot_only="waits")
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
    with pytest.raises(cx.ArgumentTypeError, match="hours must be given where targets are about business time"):
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
    assert {"all": (3, 2, 15.0), "longest": (1, 2, 10.0), "sum": (1, 2, 15.0), "median": (1, 2, 4.0)} == found
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
    assert [("late", "first_response", 60 * MINUTE, 15 * MINUTE, -45 * MINUTE, True, "ann", None)] == [
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
    with pytest.raises(
        cx.ArgumentValueError, match=r"at_risk\(\) needs targets \(this result has none\), e.g. response"
    ):
        cx.response_times(messages).at_risk(within=DAY)
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
    states = changes((1, 20, "solved"), (3, 0, "created", "new"), (3, 9, "solved"))
    whole = cx.response_times(messages, changes=states, policy=policies.ZENDESK)
    for by in ("channel", "agent", ["channel", "agent"], lambda record: record.conversation, "conversation"):
        groups = cx.response_times(messages, changes=states, policy=policies.ZENDESK, by=by)
        assert groups.overall == whole
        for clock in ("first_response", "resolution", "agent_wait"):
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
        aside = result.bot_only and "bot_only" in policy.leave_out  # in no clock, and no touch of anybody
        resolutions = [] if aside else slow["resolutions"]
        assert sorted((end, span_of(start, end, stops, now)) for start, end, _ in resolutions) == sorted(
            ((row["end"] - T0) / MINUTE, row["wait"] / MINUTE) for row in ended
        )
        assert len(slow["reopens"]) == result.reopens
        assert (slow["one_touch"] is True and not aside) == bool(result.touches.resolved_one_touch)


# -- clocks with several waits a conversation ----------------------------------------------------------


def test_resolutions_and_reopenings_of_one_conversation_hang_together():
    messages = log(*((talk, 0, "c") for talk in range(20)))
    rows = []
    for talk in range(20):
        rows.append((talk, 0, "created", "new"))
        for number in range(3):
            rows.append((talk, 100 * number + 5 + talk, "solved"))
            if talk < 10:
                rows.append((talk, 100 * number + 40, "open"))
    states = changes(*rows)
    each = cx.ReplyPolicy(resolution="each")
    targets = cx.ServiceTargets(resolution=15 * MINUTE)
    result = cx.response_times(messages, changes=states, policy=each, targets=targets, as_of=at(1000))
    resolution = result.resolution
    assert resolution.n == 40  # three of ten, one of ten
    assert resolution.within_interval.low < resolution.within_iid_interval.low
    back = result.reopen_rate(timedelta(minutes=60))
    assert (30, 40) == (back.reopened, back.resolutions)
    assert tuple(back.iid_interval) == pytest.approx(cx.intervals.proportion(30, 40))
    assert back.interval.low < back.iid_interval.low


# -- what is not told --------------------------------------------------------------------------------


def test_time_as_new_needs_the_status_at_creation():
    messages = log((1, 0, "c"), (1, 10, "a"), (2, 0, "c"), (2, 1, "a"))
    later = [(1, 10, "pending"), (1, 30, "open"), (1, 60, "solved"), (2, 5, "pending"), (2, 9, "solved")]
    untold = cx.response_times(messages, changes=changes(*later))
    assert untold.requester_wait is untold.work_time is None
    assert untold.reasons["requester_wait"].startswith("needs the status at creation")
    assert (24 * MINUTE, 0 * MINUTE) == (untold.agent_wait.total, untold.on_hold.total)
    # A conversation whose beginning is not told is in neither clock, and the others are.
    one = cx.response_times(messages, changes=changes((1, 0, "created", "new"), *later))
    assert (1, 40 * MINUTE) == (one.requester_wait.n, one.requester_wait.total)
    assert 2 == one.agent_wait.n
    assert "requester_wait" not in one.reasons
    with pytest.raises(cx.UnknownNameError, match="work_time needs the status at creation"):
        cx.compare(untold, untold, figure="work_time.median")


def test_the_signature_says_which_time_is_ours():
    messages, tickets = log((1, 0, "c"), (1, 5, "a")), cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(9)])
    turns = cx.response_times(messages, conversations=tickets)
    told = cx.response_times(messages, conversations=tickets, changes=changes((1, 9, "solved")))
    handed = cx.response_times(messages, conversations=tickets, changes=changes((1, 3, "handoff")))
    assert told.signature.startswith(turns.signature.partition("|v:1")[0] + "|ours:statuses|v:1")
    assert turns.signature == handed.signature
    with pytest.raises(cx.ArgumentValueError, match=r"unlike in ours \(not set and statuses\)"):
        cx.compare(turns, told, figure="our_resolution.median")


# -- what is settled is not at risk ----------------------------------------------------------------------


@pytest.mark.parametrize("policy", [cx.DEFAULT_POLICY, policies.ZENDESK, policies.CHATWOOT, policies.BIRD])
@pytest.mark.parametrize(
    ("messages", "later", "waiting"),
    [
        (((1, 0, "c"),), (), 0),  # solved without a word
        (((1, 0, "c"), (1, 10, "a"), (1, 20, "c")), (), 0),  # "thanks", then solved
        (((1, 0, "c"),), (("open", 90),), 1),  # opened again since
        (((1, 0, "c"), (1, 10, "a"), (1, 70, "c")), (), 1),  # wrote after it was solved
    ],
)
def test_a_resolution_ends_what_is_waited_for_now(policy, messages, later, waiting):
    states = changes((1, 0, "created"), (1, 60, "solved"), *((1, minute, status) for status, minute in later))
    targets = cx.ServiceTargets(first_response=HOUR, reply=HOUR)
    result = cx.response_times(log(*messages), changes=states, policy=policy, targets=targets, as_of=at(3_000))
    if waiting and policy == cx.DEFAULT_POLICY and later:
        waiting = 0  # here the wait was closed with the conversation, and nobody wrote since
    assert waiting == result.waiting == len(result.at_risk())
    # The figures stay those of the policy.
    kept = policy in (policies.ZENDESK, policies.BIRD)
    assert result.reply.waiting + result.first_response.waiting >= kept


def test_one_promise_at_a_time():
    messages = log((1, 0, "c"), (1, 1, "a"), (2, 2_000, "c"), (3, 0, "c"), channel=["mail", "mail", "chat", "mail"])
    states = changes((1, 0, "new"), (2, 2_000, "new"), (3, -10, "created", "new"))
    targets = cx.ServiceTargets(first_response=HOUR, resolution=HOUR)
    result = cx.response_times(messages, changes=states, targets=targets, as_of=at(3_000))
    every, first = result.at_risk(), result.at_risk(clock="first_response")
    # Each conversation once, by its oldest promise: resolutions hide the first responses.
    assert {"resolution": 2, "first_response": 1} == Counter(row["clock"] for row in every)
    assert [3, 2] == [row["conversation"] for row in first]
    assert ["mail", "chat"] == [row["channel"] for row in first]
    assert "AtRisk(3 conversations, 3 missed (first response 1, resolution 2))" == repr(every)
    assert "<b>at risk: 3 conversations, 3 missed (first response 1, resolution 2)</b>" in every._repr_html_()
    alone = cx.response_times(messages[[3]], targets=HOUR, as_of=at(3_000)).at_risk()
    assert "AtRisk(1 conversation, 1 missed)" == repr(alone)
    with pytest.raises(cx.UnknownNameError, match="clock must be one of 'first_response', 'resolution'"):
        result.at_risk(clock="reply")


def test_no_promise_does_not_read_as_all_clear():
    chat = log((1, 0, "c"), (2, 0, "c"), (2, 9, "a"), channel=["chat", "chat", "chat"])
    targets = cx.ServiceTargets(first_response={"chta": HOUR}, resolution=HOUR)
    result = cx.response_times(chat, targets=targets, as_of=at(300))
    risk = result.at_risk()
    assert 0 == len(risk)
    assert (
        "AtRisk(0 conversations, 0 missed; resolution: needs status changes, or conversations= with resolved_at; "
        "no first response target for the channel 'chat')" == repr(risk)
    )
    assert "no target for the channel 'chat' (targets are for 'chta')" == result.reasons["first_response.within_target"]
    # Nothing waits without a target: nothing to say of what is at risk.
    done = cx.response_times(chat[[1, 2]], targets=targets, as_of=at(300))
    assert "no first response target" not in repr(done.at_risk())
    unnamed = cx.response_times(log((1, 0, "c")), targets=cx.ServiceTargets(reply={"mail": HOUR}))
    assert "no target for waits without a channel (targets are for 'mail')" == unnamed.reasons["reply.within_target"]
    mixed = log((1, 0, "c"), (2, 0, "c"), (3, 0, "c"), channel=["chat", "phone", None])
    told = cx.response_times(mixed, targets=cx.ServiceTargets(reply={"mail": HOUR})).reasons["reply.within_target"]
    assert "no target for the channels 'chat', 'phone' and waits without a channel (targets are for 'mail')" == told


def test_channels_without_a_schedule_are_named():
    desk = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
    chat = log((1, 0, "c"), (1, 9, "a"), channel=["chat", "chat"], tz="UTC")
    result = cx.response_times(chat, hours={"chta": desk})
    assert "no schedule in hours for the channel 'chat'" in result.reasons["business_reply"]
    assert "<th style='text-align:left'>note</th>" in result._repr_html_()
    for hours, policy in ((desk, cx.DEFAULT_POLICY), ({"chta": desk}, cx.ReplyPolicy(no_hours="calendar"))):
        assert "business_reply" not in cx.response_times(chat, hours=hours, policy=policy).reasons


def test_reasons_in_html_are_labelled_as_what_they_are():
    page = cx.response_times(log((1, 0, "c"), (1, 9, "a")))._repr_html_()
    assert ">needs status changes</th>" not in page
    assert "<th style='text-align:left'>not told</th><td>requester wait, agent wait" in page


# -- words for the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "said", "missing"), [("ZAMMAD", "solved", "closed"), ("CHATWOOT", "closed", "solved")]
)
def test_another_word_for_resolved_is_noticed(policy, said, missing):
    messages = log((1, 0, "c"), (1, 9, "a"))
    preset = getattr(policies, policy)
    result = cx.response_times(messages, changes=changes((1, 0, "new"), (1, 20, said)), policy=preset)
    assert (0, 1) == (result.resolution.n, result.resolution.waiting)
    assert (
        f"no change to '{missing}', which this policy takes as resolved (the changes say '{said}')"
        in (result.reasons["resolution"])
    )
    for states in (changes((1, 0, "new"), (1, 20, missing)), changes((1, 0, "new"))):
        assert "resolution" not in cx.response_times(messages, changes=states, policy=preset).reasons
    assert "resolution" not in cx.response_times(messages, changes=changes((1, 0, "new"), (1, 20, said))).reasons


def test_changes_win_over_the_rows_of_conversations():
    messages = log((1, 0, "c"), (1, 9, "a"), (2, 0, "c"), (2, 9, "a"))
    table = cx.Conversations(
        id=[1, 2], opened_at=[at(-60)] * 2, resolved_at=[at(600)] * 2, first_resolved_at=[at(300)] * 2, reopens=[1, 1]
    )
    states = changes((1, -10, "created"), (1, 20, "solved"))
    result = cx.response_times(messages, conversations=table, changes=states)
    # Of conversation 1 the changes tell everything; nothing but its row tells of conversation 2.
    assert [30.0, 660.0] == minutes(result, "resolution")
    assert [30.0, 360.0] == minutes(result, "first_resolution")
    assert 0 == result.reopens


def test_nobody_guesses_when_a_conversation_was_first_resolved():
    messages = log((1, 0, "c"), (1, 9, "a"), (2, 0, "c"), (2, 9, "a"))
    table = cx.Conversations(
        id=[1, 2], opened_at=[at(0)] * 2, resolved_at=[at(300), at(60)], first_resolved_at=[None, at(20)]
    )
    # Of the first one only the last resolution is known.
    for states in (None, cx.Changes(conversation=[], at=[], kind=[])):
        result = cx.response_times(messages, conversations=table, changes=states, as_of=at(500))
        assert ([300.0, 60.0], [20.0]) == (minutes(result, "resolution"), minutes(result, "first_resolution"))
        assert (0, 0) == (result.resolution.waiting, result.first_resolution.waiting)
    first = attrs.evolve(cx.DEFAULT_POLICY, resolution="first", one_touch=timedelta(minutes=30))
    result = cx.response_times(messages, conversations=table, policy=first, as_of=at(500))
    assert [20.0] == minutes(result, "resolution")
    assert (1, 1.0) == (result.touches.resolved_one_touch, result.touches.resolved_one_touch_share)
    # Statuses tell it, too, and where nothing does the figure says what it needs.
    states = changes((1, 10, "solved"), (1, 20, "open"), (1, 300, "solved"))
    result = cx.response_times(messages, conversations=table, changes=states, policy=first, as_of=at(500))
    assert [10.0, 20.0] == minutes(result, "resolution")
    untold = cx.Conversations(id=[1, 2], opened_at=[at(0)] * 2, resolved_at=[at(300), at(60)])
    result = cx.response_times(messages, conversations=untold, policy=first)
    assert (None, None) == (result.resolution, result.our_resolution)
    assert "needs status changes, or conversations= with first_resolved_at" == result.reasons["resolution"]


def test_whoever_left_before_was_not_resolved():
    messages = log((1, 0, "c"), (1, 5, "a"), (2, 0, "c"), (2, 5, "a"))
    table = cx.Conversations(
        id=[1, 2], opened_at=[at(0)] * 2, resolved_at=[at(60)] * 2, first_resolved_at=[at(60)] * 2,
        abandoned_at=[at(20), None],
    )  # fmt: skip
    states = changes(*((talk, *row) for talk in (1, 2) for row in ((0, "new"), (10, "pending"), (60, "solved"))))
    for told in (None, cx.Changes(conversation=[], at=[], kind=[]), states):
        result = cx.response_times(messages, conversations=table, changes=told, as_of=at(90))
        for clock in (result.resolution, result.first_resolution, result.our_resolution):
            assert (1, 0, 1) == (clock.n, clock.waiting, clock.abandoned)
        assert (1, 1, 1.0) == (
            result.touches.resolved, result.touches.resolved_one_touch, result.touches.customer_messages
        )  # fmt: skip
    assert (1, 0, 1, 50 * MINUTE) == (
        result.agent_wait.n, result.agent_wait.waiting, result.agent_wait.abandoned, result.agent_wait.total
    )  # fmt: skip
    (kept,) = result.table("reopened_after")
    assert (2, "open") == (kept["conversation"], kept["ended"])


def test_ticket_rows_follow_what_they_can_of_a_policy():
    table = cx.Conversations(
        id=[1, 2], opened_at=[at(0)] * 2, resolved_at=[at(DAY / MINUTE), None], status=["solved", "spam"], tz="UTC"
    )
    keeping = cx.ReplyPolicy(leave_out={"merged"}, counted_at="start", bot="answers")
    result = cx.response_times(table, policy=keeping, as_of=at(3 * DAY / MINUTE), by=cx.period("opened_at", "day"))
    first = at(0).date()
    assert ({}, 2) == (result.overall.left_out, result.overall.n)
    assert (1, 1) == (result[first].resolution.n, result[first].resolution.waiting)
    assert result.overall.reasons["policy"].endswith("so that bot decided nothing")
    named = cx.response_times(table, policy=cx.ReplyPolicy(leave_out={"bot_only"})).reasons["policy"]
    assert named.endswith("so that leave_out of bot_only decided nothing")


# -- what is told, and what is not ---------------------------------------------------------------------


def test_a_message_without_an_author_is_missing():
    for authors, waits in ((["customer", "agent", None], (1, 0)), ([None, "customer", "agent"], (1, 0))):
        messages = cx.Messages(conversation=[1] * 3, at=[at(0), at(1), at(2)], author=authors)
        for states in (None, []):
            result = cx.response_times(messages, changes=states, as_of=at(9))
            assert ({"missing": 1}, 3, 2) == (result.left_out, result.given, result.n)
            assert waits == (result.reply.n, result.reply.waiting)
        with pytest.raises(cx.MissingValueError, match="author must have no missing values"):
            cx.response_times(messages, missing="raise")
    nobody = cx.Messages(conversation=[1], at=[at(0)], author=[None])
    assert 0 == len(cx.Contacts.from_messages(nobody, gap=HOUR))


def test_resolutions_without_a_start_are_named():
    states = changes((1, 0, "new"), (1, 60, "solved"), (2, 0, "new"), (2, 90, "solved"))
    alone = cx.response_times([], changes=states)
    assert (None, None, None) == (alone.resolution, alone.our_resolution, alone.first_resolution)
    assert "needs created changes, messages, or conversations= with opened_at" == alone.reasons["resolution"]
    one = cx.response_times(log((1, 0, "c")), changes=states)
    assert 1 == one.resolution.n
    assert one.reasons["resolution"].startswith("without 1 conversations of which nobody knows the creation: give crea")
    assert 2 == cx.response_times(log((1, 0, "c"), (2, 0, "c")), changes=states).resolution.n
    by_customer = cx.response_times([], changes=states, policy=policies.INTERCOM)
    assert "needs messages of customers" == by_customer.reasons["resolution"]


def test_a_resolution_before_the_start_is_neither_a_figure_nor_open():
    states = changes((1, 60, "created", None), (1, 0, "solved"), (2, 0, "created", None), (2, 9, "solved"))
    result = cx.response_times([], changes=states, as_of=at(100))
    assert (1, 0) == (result.resolution.n, result.resolution.waiting)
    said = "without 1 conversations that were resolved before they began: are all instants of one zone?"
    assert said == result.reasons["resolution"]


def test_what_was_noted_after_the_customer_left_changes_nothing():
    table = cx.Conversations(id=[1], opened_at=[at(0)], abandoned_at=[at(10)])
    told = ((1, 0, "new"), (1, 5, "solved"))
    for later in ((), ((1, 15, "open"),), ((1, 15, "open"), (1, 20, "solved"))):
        result = cx.response_times(log((1, 0, "c")), conversations=table, changes=changes(*told, *later), as_of=at(60))
        assert (1, 0, 0) == (result.resolution.n, result.resolution.abandoned, result.reopens)
        assert (5 * MINUTE, 1) == (result.resolution.total, result.touches.resolved)
    # A question after that waits on, as the resolution after it is none.
    messages = log((1, 0, "c"), (1, 20, "c"))
    table = cx.Conversations(id=[1], opened_at=[at(0)], abandoned_at=[at(10)], resolved_at=[at(30)])
    for states in (None, []):
        result = cx.response_times(messages, conversations=table, changes=states, as_of=at(60))
        assert ["abandoned", "open"] == [row["ended"] for row in result.table("reply")]
        assert 1 == result.resolution.abandoned


def test_a_first_resolution_after_the_last_is_known_to_nobody():
    messages = log((1, 0, "c"))
    table = cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(5)], first_resolved_at=[at(20)])
    for found in (
        cx.response_times(messages, conversations=table),
        cx.response_times(messages, conversations=table, changes=[]),
        cx.response_times(table),
    ):
        assert (1, 5 * MINUTE, 0) == (found.resolution.n, found.resolution.total, found.first_resolution.n)


def test_a_resolution_belongs_to_the_assignee_in_groups_and_tables():
    messages = cx.Messages(
        conversation=[1] * 4, at=[at(minute) for minute in (0, 10, 15, 30)],
        author=["customer", "agent"] * 2, agent=[None, "ann", None, "bob"],
    )  # fmt: skip
    states = changes((1, 1, "assigned", "ann"), (1, 20, "assigned", "bob"), (1, 60, "solved"))
    groups = cx.response_times(messages, changes=states, policy=policies.CHATWOOT, by="agent")
    assert {"ann": (1, 0), "bob": (0, 1)} == {
        name: (group.first_response.n, group.resolution.n) for name, group in groups.items() if name
    }
    for options, owner in (
        ({"conversations": cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(60)], agent=["cat"])}, "cat"),
        ({"conversations": cx.Conversations(id=[1], opened_at=[at(0)], resolved_at=[at(60)])}, "ann"),
    ):
        for told in (None, []):
            groups = cx.response_times(messages, changes=told, by="agent", **options)
            assert [owner] == [name for name, group in groups.items() if group.resolution.n]
            assert [owner] == [row["agent"] for row in groups.overall.table("resolution")]
    # Where nobody is assigned a resolution belongs to whoever answered first.


def test_of_hand_offs_at_one_instant_the_first_by_name_lends_its_channel():
    for channels in (["chat", "email"], ["email", "chat"]):
        messages = cx.Messages(
            conversation=[1] * 4, at=[at(0), at(1), at(1), at(3)], author=["customer", "bot", "bot", "agent"],
            handoff=[False, True, True, False], channel=["chat", *channels, "chat"],
        )  # fmt: skip
        for told in (None, []):
            (row,) = cx.response_times(messages, changes=told).table()
            assert ("chat", "handoff") == (row["channel"], row["started_by"])


def test_of_two_answers_at_one_instant_a_named_one_is_credited():
    messages = cx.Messages(
        conversation=[1] * 3, at=[at(0), at(1), at(1)], author=["customer", "agent", "agent"], agent=[None, None, "ann"]
    )
    for told in (None, []):
        assert ["ann"] == [row["agent"] for row in cx.response_times(messages, changes=told).table()]


def test_a_ticket_of_later_lends_nothing():
    table = cx.Conversations(id=[1], opened_at=[at(50)], agent=["cat"], channel=["chat"])
    for told in (None, []):
        (row,) = cx.response_times(log((1, 0, "c")), conversations=table, changes=told, as_of=at(9)).table()
        assert (None, None) == (row["agent"], row["channel"])


# -- bots alone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told_by", ["changes", "conversations"])
def test_nobody_waits_for_a_person_where_only_bots_answered(told_by):
    messages = log((1, 0, "c"), (1, 1, "b"), (2, 0, "c"), (2, 9, "a"), (3, 0, "c"), (3, 1, "b"))
    if told_by == "changes":
        options = {
            "changes": changes((1, 0, "new"), (1, 60, "solved"), (2, 0, "new"), (2, 30, "solved"), (3, 0, "new"))
        }
    else:
        options = {
            "conversations": cx.Conversations(
                id=[1, 2, 3],
                opened_at=[at(0)] * 3,
                resolved_at=[at(60), at(30), None],
                first_resolved_at=[at(60), at(30), None],
            )
        }
    targets = cx.ServiceTargets(first_response=HOUR, resolution=HOUR)
    result = cx.response_times(messages, targets=targets, as_of=at(3_000), **options)
    assert (2, 3, 2) == (result.bot_only, result.conversations, result.touches.resolved)
    assert (1, 1) == (result.first_response.n, result.reply.n)
    assert (0, 0) == (result.first_response.waiting, result.reply.waiting)
    # Their resolution is what ticket rows alone would say.
    assert (2, 1) == (result.resolution.n, result.resolution.waiting) == (
        result.first_resolution.n, result.first_resolution.waiting
    )  # fmt: skip
    assert [("resolution", 3)] == [(row["clock"], row["conversation"]) for row in result.at_risk()]
    assert (1.0, 0.5) == (result.touches.customer_messages, result.touches.resolved_one_touch_share)
    if told_by == "conversations":
        rows = cx.response_times(options["conversations"], as_of=at(3_000), targets=targets)
        assert rows.resolution == result.resolution

    # A policy may set them aside altogether,
    without = attrs.evolve(cx.DEFAULT_POLICY, leave_out={"bot_only"})
    result = cx.response_times(messages, targets=targets, as_of=at(3_000), policy=without, **options)
    assert (2, 3, 1) == (result.bot_only, result.conversations, result.touches.resolved)
    assert 0 == len(result.at_risk())
    for name, clock in result._clocks():
        if name != "handoff":
            assert {2} >= {row["conversation"] for row in result.table(name)}, name
            assert clock.n + clock.waiting <= 1
    assert 1 == result.resolution.n == result.first_resolution.n
    assert (1.0, 1.0) == (result.touches.customer_messages, result.touches.resolved_one_touch_share)
    nobody = cx.response_times(messages, as_of=at(3_000), by="conversation", policy=without, **options)[1]
    assert (0, 0, 1) == (nobody.resolution.n, nobody.resolution.waiting, nobody.bot_only)
    # or say that such customers wait all the same, unless it sets them aside.
    counting = attrs.evolve(cx.DEFAULT_POLICY, bot_only="waits")
    result = cx.response_times(messages, as_of=at(3_000), policy=counting, **options)
    assert (0, 2, 1) == (result.bot_only, result.resolution.n, result.first_response.waiting)
    assert 1 == result.first_response.closed
    neither = attrs.evolve(counting, leave_out={"bot_only"})
    result = cx.response_times(messages, as_of=at(3_000), policy=neither, **options)
    assert (2, 0) == (result.bot_only, result.first_response.waiting)


def test_a_hand_off_after_the_resolution_is_waited_for_on_both_ways():
    messages = cx.Messages(
        conversation=[1, 1], at=[at(0), at(1)], author=["customer", "agent"], automatic=[False, True],
        handoff=[False, True],
    )  # fmt: skip
    table = cx.Conversations(id=[1], opened_at=[at(-1)], resolved_at=[at(0)])
    for states in (None, cx.Changes(conversation=[], at=[], kind=[])):
        result = cx.response_times(messages, conversations=table, changes=states, as_of=at(15))
        assert (1, 1) == (result.waiting, result.first_response.waiting)
        assert ["handoff"] == [row["started_by"] for row in result.table()]


# -- figures to hold beside a dashboard ------------------------------------------------------------------


def test_the_median_of_answered_waits_alone():
    messages = log((1, 0, "c"), (1, 60, "a"), (2, 0, "c"), (2, 120, "a"), (3, 0, "c"), (4, 0, "c"))
    states = changes(*((talk, 180, "solved") for talk in (1, 2, 3, 4)))
    first = cx.response_times(messages, changes=states, policy=policies.ZENDESK).first_response
    assert (2 * HOUR, 90 * MINUTE) == (first.median, first.answered_median)
    assert (HOUR, 2 * HOUR) == (first.answered_quantile(0.25), first.answered_quantile(0.9))
    assert cx.response_times(log((1, 0, "c"))).first_response.answered_median is None
    with pytest.raises(cx.ArgumentValueError, match="q must be a share"):
        first.answered_quantile(90)
    tally = cx.DurationTally.of([HOUR, 2 * HOUR], open=[9 * HOUR] * 2)
    assert 0.01 > abs(cx.response_times(tally).first_response.answered_quantile(0.25) / HOUR - 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.lists(st.integers(1, 99), max_size=9), st.data())
def test_answered_quantiles_look_at_no_open_wait(ended, running, data):
    q = data.draw(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]))
    opened = [at(-length) for length in running]
    table = cx.Conversations(
        id=range(len(ended) + len(running)),
        opened_at=[at(0)] * len(ended) + opened,
        first_response_at=[at(length) for length in ended] + [None] * len(running),
    )
    found = cx.response_times(table, as_of=at(100)).first_response.answered_quantile(q)
    # Hyndman and Fan's type 2 by numpy
    expected = float(np.quantile(np.array(ended, dtype=float), q, method="averaged_inverted_cdf"))
    assert abs(found / MINUTE - expected) < 1e-6
