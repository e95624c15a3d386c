"""Outliers among waits, and the story of the conversation behind each."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest

import cxscore as cx

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = datetime(2026, 3, 6, 16)
OFFICE = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")


def message(hours: float, author: str = "customer", talk: Any = 7, **fields: Any) -> cx.Message:
    return cx.Message(conversation=talk, at=FRIDAY + hours * HOUR, author=author, **fields)


TALK = [
    message(-1, "agent", agent="bea"),
    message(0),
    message(0.1, "bot"),
    message(1, "agent", agent="ann", public=False),
    message(2),
    message(3, "agent", agent="rule", automatic=True),
    message(90, "agent", agent="ann"),
    message(91),
]
SHORT = [row for talk in range(8) for row in (message(0, talk=talk + 100), message(1, "agent", talk + 100))]


def worst(log: Any, **options: Any) -> cx.Outlier:
    return cx.outliers(cx.response_times(log, **options).table(), limit=DAY).flagged[0]


# -- waits as values ---------------------------------------------------------------------------------


def test_waits_are_judged_with_their_rows() -> None:
    table = cx.response_times(TALK + SHORT).table()
    result = cx.outliers(table, limit=DAY)
    (flagged,) = result.flagged
    assert (7, FRIDAY, 90 * HOUR, "ann", "answered") == tuple(
        flagged.record[name] for name in ("conversation", "start", "wait", "agent", "ended")
    )
    assert table[flagged.index] == flagged.record
    assert 90 * HOUR == flagged.value
    assert result == cx.outliers(table, of="wait", limit=DAY) == cx.outliers([row["wait"] for row in table], limit=DAY)
    assert result == pickle.loads(pickle.dumps(result))
    assert flagged.record == pickle.loads(pickle.dumps(result)).flagged[0].record


def test_open_waits_count_with_their_age_and_closed_ones_have_none() -> None:
    log = [message(0, talk=1), message(0, talk=2), message(40, "agent", talk=3)]
    tickets = [cx.Conversation(id=2, opened_at=FRIDAY, resolved_at=FRIDAY + 30 * HOUR)]
    table = cx.response_times(log, conversations=tickets).table()
    result = cx.outliers(table, limit=DAY)
    assert [("open", 40 * HOUR)] == [(one.record["ended"], one.value) for one in result.flagged]
    assert {"missing": 1} == result.left_out
    assert 2 == cx.outliers(table, of=lambda row: row["wait"], limit=DAY).count


@pytest.mark.parametrize(
    "by",
    [
        "agent", ["agent"], {"agent": "agent"}, lambda row: row["agent"], {"agent": lambda row: row["agent"]},
    ],
)  # fmt: skip
def test_groups_of_a_table_of_waits(by: Any) -> None:
    groups = cx.outliers(cx.response_times(TALK + SHORT).table(), by=by, limit=DAY)
    assert {"ann": 1, None: 0} == {key[0] if isinstance(key, tuple) else key: one.count for key, one in groups.items()}
    if isinstance(by, (str, list, dict)):
        assert ("agent",) == groups.names


def test_groups_by_labels_of_ones_own() -> None:
    table = cx.response_times(SHORT).table()
    groups = cx.outliers(table, by=np.array(["a", "b"] * 4), limit=DAY)
    assert ["a", "b"] == list(groups)
    assert 8 == groups.overall.n


@pytest.mark.parametrize(
    ("options", "text"),
    [({"of": "lag"}, "of must name a column of the table .*'lag'.*wait"), ({"by": "shift"}, "by must name.*'shift'")],
)
def test_unknown_columns_are_named(options: dict[str, Any], text: str) -> None:
    with pytest.raises(cx.UnknownNameError, match=text):
        cx.outliers(cx.response_times(SHORT).table(), **options)


def test_other_columns_of_a_table_can_be_judged() -> None:
    assert 7 == cx.outliers(cx.response_times(SHORT).table(), of="conversation", limit=100).count


# -- the story ---------------------------------------------------------------------------------------


def test_the_story_of_an_answered_wait() -> None:
    outlier = worst(TALK + SHORT)
    story = outlier.explain(TALK + SHORT)
    assert str(story) == (
        "conversation 7: waited 3.8 d\n"
        "  2026-03-06 15:00  agent bea\n"
        "  2026-03-06 16:00  customer              the wait begins\n"
        "  2026-03-06 16:06  bot                   after 6.0 min\n"
        "  2026-03-06 17:00  agent ann             private note; after 1.0 h\n"
        "  2026-03-06 18:00  customer              after 2.0 h\n"
        "  2026-03-06 19:00  agent rule            automatic; after 3.0 h\n"
        "  2026-03-10 10:00  agent ann             the answer; after 3.8 d\n"
        "  2026-03-10 11:00  customer"
    )
    assert (7, 90 * HOUR, None, {}) == (story.conversation, story.waited, story.business_waited, story.open_days)
    assert story == outlier.explain(cx.Messages.from_records((TALK + SHORT)[::-1]))


def test_the_story_says_which_hours_counted() -> None:
    log = cx.Messages.from_records(TALK + SHORT, tz="Europe/Berlin")
    story = worst(log).explain(log, hours=OFFICE)
    # One hour on Friday, eight on Monday, one on Tuesday.
    assert {date(2026, 3, 6): HOUR, date(2026, 3, 9): 8 * HOUR, date(2026, 3, 10): HOUR} == story.open_days
    assert 10 * HOUR == story.business_waited == sum(story.open_days.values(), timedelta(0))
    assert OFFICE.between(FRIDAY, FRIDAY + 90 * HOUR) == story.business_waited
    title, *_, answer, _, counted = str(story).splitlines()
    assert "conversation 7: waited 3.8 d, 10.0 h of business time" == title
    assert "  2026-03-10 10:00  agent ann             the answer; after 3.8 d, 10.0 h of business time" == answer
    assert "business time counted: Fri 2026-03-06 1.0 h, Mon 2026-03-09 8.0 h, Tue 2026-03-10 1.0 h" == counted
    assert [None, timedelta(0), 6 * HOUR / 60, HOUR, HOUR, HOUR, 10 * HOUR, None] == [
        line.business_waited for line in story.lines
    ]


def test_days_are_those_of_the_schedule_across_a_change_of_clocks() -> None:
    always = cx.BusinessHours.always("Europe/Berlin")
    log = [cx.Message(conversation=1, at=datetime(2026, 3, day, 12, tzinfo=UTC), author=author)
           for day, author in ((28, "customer"), (30, "agent"))]  # fmt: skip
    story = worst(log).explain(log, hours=always)
    # 28 March from 13:00, the day of 23 hours, 30 March until 14:00.
    assert [11 * HOUR, 23 * HOUR, 14 * HOUR] == list(story.open_days.values())
    assert 48 * HOUR == story.business_waited


def test_long_waits_list_their_first_days() -> None:
    log = cx.Messages.from_records([message(0), message(24 * 30, "agent")], tz="UTC")
    assert str(worst(log).explain(log, hours=cx.BusinessHours.always("UTC"))).endswith("and 21 more days")
    shut = worst(log).explain(log, hours=cx.BusinessHours({}, tz="UTC"))
    assert (timedelta(0), {}) == (shut.business_waited, shut.open_days)


@pytest.mark.parametrize(
    ("conversation", "policy", "event", "place"),
    [
        ({}, {}, "still no answer", -1),
        ({"resolved_at": FRIDAY + 50 * HOUR}, {}, "closed without an answer", 1),
        ({"abandoned_at": FRIDAY + 50 * HOUR}, {}, "the customer left", 1),
        ({}, {"expires": 50 * HOUR}, "nobody answered in time", 1),
    ],
)
def test_waits_that_no_message_ended(conversation: Any, policy: Any, event: str, place: int) -> None:
    log = [message(0), message(70)]
    options: dict[str, Any] = {"policy": cx.ReplyPolicy(**policy)}
    if conversation:
        options["conversations"] = [cx.Conversation(id=7, opened_at=FRIDAY, **conversation)]
    waits = cx.response_times(log, **options).table()
    outlier = cx.outliers(waits, of=lambda row: row["wait"], limit=DAY).flagged[0]
    story = outlier.explain(log)
    assert (event, None) == (story.lines[place].event, story.lines[place].author)
    assert 3 == len(story.lines)


def test_a_wait_that_a_hand_off_began() -> None:
    log = [message(0), message(5, "bot", handoff=True), message(50, "agent")]
    story = worst(log).explain(log)
    assert [("", ""), ("hand-off", "the wait begins"), ("", "the answer")] == [
        (line.remark, line.event) for line in story.lines
    ]


def test_conversations_and_messages_have_a_story_without_a_wait() -> None:
    tickets = [cx.Conversation(id=7, opened_at=FRIDAY, messages=80)]
    story = cx.outliers(tickets, of="messages", limit=9).flagged[0].explain(TALK)
    assert "conversation 7: 8 messages" == str(story).splitlines()[0]
    assert all(line.waited is None and line.event == "" for line in story.lines)
    aware = cx.Messages.from_records(TALK, tz="UTC")
    assert cx.outliers(TALK, of=lambda row: 1, limit=0).flagged[0].explain(aware, hours=OFFICE).open_days == {}
    survey = cx.SurveyResponse(score=1, conversation=7)
    assert 8 == len(cx.outliers([survey], of="score", limit=5, side="low").flagged[0].explain(TALK).lines)


def test_a_story_is_a_value() -> None:
    log = [message(0, talk="<7>"), message(50, "agent", "<7>")]
    story = worst(log).explain(log)
    assert story == pickle.loads(pickle.dumps(story))
    assert hash(story) == hash(worst(log).explain(log))
    assert "&lt;7&gt;" in story._repr_html_()
    data = json.loads(json.dumps(story.to_dict(), allow_nan=False))
    assert ("<7>", 50 * 3600.0, None) == (data["conversation"], data["waited_seconds"], data["business_waited_seconds"])
    assert ("the answer", 50 * 3600.0) == (data["lines"][1]["event"], data["lines"][1]["waited_seconds"])
    aware = cx.Messages.from_records(log, tz="Europe/Berlin")
    days = worst(aware).explain(aware, hours=OFFICE).to_dict()["open_days_seconds"]
    assert "2026-03-06" in days


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cx.outliers([1, 99], limit=9).flagged[0].explain(TALK), cx.ArgumentTypeError, "belongs to a conver"),
        (lambda: worst(TALK).explain(SHORT), cx.ArgumentValueError, "no message of the conversation 7"),
        (lambda: worst(TALK).explain([1]), cx.ArgumentTypeError, "log must be Message records"),
        (lambda: worst(TALK).explain(TALK, hours=OFFICE), cx.MixedTimeZonesError, "hours needs a log with a zone"),
        (lambda: worst(TALK).explain(TALK, hours="9-5"), cx.ArgumentTypeError, "must be a BusinessHours"),
    ],
)
def test_wrong_calls_name_a_way_out(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


# -- changes -------------------------------------------------------------------------------------------


def desk_log():
    return cx.Messages(
        conversation=7, at=[datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9, 5), datetime(2026, 3, 3, 18)],
        author=["customer", "agent", "agent"], agent=[None, "ann", "bob"], visibility=[None, "public_note", None],
        channel="mail", tz="UTC",
    )  # fmt: skip


def desk_changes():
    rows = [
        (datetime(2026, 3, 2, 8, 50), {"kind": "created", "by": "customer"}),
        (datetime(2026, 3, 2, 9), {"kind": "status", "to": "open", "by": "system"}),
        (datetime(2026, 3, 2, 9, 6), {"kind": "assigned", "to": "bob", "by": "agent", "agent": "ann"}),
        (datetime(2026, 3, 2, 9, 7), {"kind": "assigned"}),
        (datetime(2026, 3, 2, 17), {"kind": "handoff", "by": "bot"}),
        (datetime(2026, 3, 3, 17), {"kind": "schedule", "to": "late"}),
        (datetime(2026, 3, 3, 18), {"kind": "status", "to": "solved", "by": "agent"}),
        (datetime(2026, 3, 4), {"kind": "merged", "to": 8}),
        (datetime(2026, 3, 4, 1), {"kind": "merged"}),
        (datetime(2026, 3, 4, 1), {"kind": "created", "conversation": 8}),
    ]
    return [cx.Change(**{"conversation": 7, "at": at.replace(tzinfo=UTC), **fields}) for at, fields in rows]


def test_a_story_tells_what_changed_and_which_hours_counted():
    hours = {
        "mail": cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC"),
        "late": cx.BusinessHours({"mon-fri": ["17:00-24:00"]}, tz="UTC"),
    }
    policy = cx.ReplyPolicy(leave_out=(), first_restarts=())
    waits = cx.response_times(desk_log(), changes=desk_changes()[:7], hours=hours, policy=policy).table()
    (worst,) = cx.outliers(waits, limit=timedelta(hours=1)).flagged
    story = worst.explain(desk_log(), changes=desk_changes(), hours=hours)
    assert (timedelta(hours=33), timedelta(hours=17)) == (story.waited, story.business_waited)
    assert waits[0]["business_wait"] == story.business_waited
    assert {date(2026, 3, 2): timedelta(hours=8), date(2026, 3, 3): timedelta(hours=9)} == story.open_days
    assert [
        ("customer", None, "created", ""),
        ("customer", None, "", "the wait begins"),
        ("system", None, "status open", ""),
        ("agent", "ann", "public note", ""),
        ("agent", "ann", "assigned to bob", ""),
        (None, None, "assigned to nobody", ""),
        ("bot", None, "hand-off", ""),
        (None, None, "business hours late", ""),
        ("agent", "bob", "", "the answer"),
        ("agent", None, "status solved", ""),
        (None, None, "merged into 8", ""),
        (None, None, "merged", ""),
    ] == [(line.author, line.agent, line.remark, line.event) for line in story.lines]
    assert "business time counted: Mon 2026-03-02 8.0 h, Tue 2026-03-03 9.0 h" in str(story)
    json.dumps(story.to_dict(), allow_nan=False)


def test_a_wait_from_a_change_to_a_change():
    policy = attrs.evolve(cx.policies.FRAPPE, paused={})
    made, solved = datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 12)
    log = cx.Messages(conversation=7, at=[datetime(2026, 3, 2, 10)], author="customer")
    changes = cx.Changes(
        conversation=7, at=[made, solved, solved], kind=["created", "status", "status"], to=["open", "solved", "closed"]
    )
    waits = cx.response_times(log, changes=changes, policy=policy).table("first_response")
    (worst,) = cx.outliers(waits, limit=timedelta(hours=1)).flagged
    story = worst.explain(log, changes=changes)
    assert ["the wait begins", "", "which counts as the answer", ""] == [line.event for line in story.lines]
    assert "created as open" == story.lines[0].remark
    # Without its changes the story still has both ends.
    bare = worst.explain(log)
    assert [(made, "the wait begins"), (solved, "answered")] == [
        (line.at, line.event) for line in bare.lines if line.event
    ]  # fmt: skip


def test_a_paused_wait_ends_when_it_ended():
    log = cx.Messages(
        conversation=7, at=[datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 12)], author=["customer", "agent"]
    )
    changes = cx.Changes(
        conversation=7, at=[datetime(2026, 3, 2, 10), datetime(2026, 3, 2, 11)], kind="status", to=["pending", "open"]
    )
    policy = cx.ReplyPolicy(paused={"first": {"pending"}, "reply": {"pending"}})
    waits = cx.response_times(log, changes=changes, policy=policy).table()
    story = cx.outliers(waits, limit=timedelta(hours=1)).flagged[0].explain(log)
    assert timedelta(hours=2) == story.waited
    assert "the answer" == story.lines[-1].event


def test_a_channel_without_hours_counts_nothing():
    waits = cx.response_times(desk_log()).table()
    hours = {"chat": cx.BusinessHours.always("UTC")}
    story = cx.outliers(waits, limit=timedelta(hours=1)).flagged[0].explain(desk_log(), hours=hours)
    assert (None, {}) == (story.business_waited, story.open_days)


def test_changes_of_a_story_follow_the_rule_of_its_log():
    outlier = cx.outliers(cx.response_times(desk_log()).table(), limit=timedelta(hours=1)).flagged[0]
    naive = [cx.Change(conversation=7, at=datetime(2026, 3, 2), kind="created")]
    with pytest.raises(cx.MixedTimeZonesError, match="changes must follow the same rule as log"):
        outlier.explain(desk_log(), changes=naive)
    with pytest.raises(cx.ArgumentTypeError, match="changes must be Change records"):
        outlier.explain(desk_log(), changes=desk_log())
    with pytest.raises(cx.ArgumentTypeError, match="hours must be a BusinessHours, or a mapping"):
        outlier.explain(desk_log(), hours={})


@pytest.mark.parametrize(("rule", "hours"), [("each_part", 11), ("at_end", 5), ("at_start", 17)])
def test_a_story_counts_the_hours_of_the_policy(rule: Any, hours: int) -> None:
    log = [
        cx.Message(conversation=7, at=datetime(2026, 3, 2, 9, tzinfo=UTC), author="customer"),
        cx.Message(conversation=7, at=datetime(2026, 3, 4, 10, tzinfo=UTC), author="agent", agent="ann"),
    ]
    days = {"mon-fri": ["09:00-17:00"]}, {"mon-fri": ["09:00-11:00"]}
    long, short = (cx.BusinessHours(week, tz="UTC") for week in days)
    schedules = {None: long, "short": short}
    change = cx.Change(conversation=7, at=datetime(2026, 3, 3, 0, tzinfo=UTC), kind="schedule", to="short")
    policy = cx.ReplyPolicy(schedule_change=rule)
    result = cx.response_times(log, changes=[change], hours=schedules, policy=policy)
    found = cx.outliers(result.table(), limit=DAY).flagged[0]
    story = found.explain(log, changes=[change], hours=schedules, policy=policy)
    measured = result.business_first_response.median
    assert story.business_waited == measured
    assert sum(story.open_days.values(), timedelta()) == measured
    assert measured == hours * HOUR


def test_no_schedule_counts_before_the_first_change() -> None:
    log = [
        cx.Message(conversation=7, at=datetime(2026, 3, 2, 9, tzinfo=UTC), author="customer"),
        cx.Message(conversation=7, at=datetime(2026, 3, 4, 10, tzinfo=UTC), author="agent", agent="ann"),
    ]
    change = cx.Change(conversation=7, at=datetime(2026, 3, 3, 0, tzinfo=UTC), kind="schedule", to="short")
    policy = cx.ReplyPolicy(schedule_change="at_start")
    found = cx.outliers(cx.response_times(log).table(), limit=DAY).flagged[0]
    told = found.explain(log, changes=[change], hours={"short": OFFICE}, policy=policy)
    assert told.business_waited is None


# -- a story agrees with the row of its wait -------------------------------------------------------------

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def spoken(minute: float, author: str, channel: str | None = None) -> cx.Message:
    return cx.Message(conversation=7, at=MONDAY + minute * MINUTE, author=author, channel=channel)


def longest(result: Any, **options: Any) -> cx.Story:
    (found,) = cx.outliers(result.table(), limit=timedelta(hours=5)).flagged
    story = found.explain(**options)
    assert found.record["wait"] == story.waited
    assert found.record.get("business_wait", story.business_waited) == story.business_waited
    return story


def test_the_hours_of_a_story_are_those_of_the_channel_of_its_wait() -> None:
    office = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
    hours = {"x": office, "y": cx.BusinessHours.always("UTC")}
    log = [spoken(0, "customer", "x"), spoken(1, "agent", "x"), spoken(2, "customer", "y"), spoken(1002, "agent", "y")]
    story = longest(cx.response_times(log, hours=hours), log=log, hours=hours)
    assert 1000 * MINUTE == story.business_waited == sum(story.open_days.values(), timedelta(0))
    # The channel that only the ticket knows counts, too.
    bare = [spoken(0, "customer"), spoken(1000, "agent")]
    ticket = cx.Conversation(id=7, opened_at=MONDAY, channel="x")
    story = longest(cx.response_times(bare, conversations=[ticket], hours=hours), log=bare, hours=hours)
    assert 480 * MINUTE == story.business_waited == sum(story.open_days.values(), timedelta(0))


def test_an_open_wait_that_stood_still_ends_at_the_present() -> None:
    log = [spoken(0, "customer"), spoken(600, "customer")]
    changes = [
        cx.Change(conversation=7, at=MONDAY + minute * MINUTE, kind="status", to=to)
        for minute, to in ((100, "pending"), (500, "open"))
    ]
    policy = cx.ReplyPolicy(paused={"first": {"pending"}, "reply": {"pending"}})
    now = MONDAY + 1200 * MINUTE
    result = cx.response_times(log, changes=changes, policy=policy, as_of=now, hours=OFFICE)
    story = longest(result, log=log, changes=changes, hours=OFFICE)
    last = story.lines[-1]
    assert ("still no answer", now, 800 * MINUTE) == (last.event, last.at, last.waited)
    assert story.business_waited == last.business_waited
    # How long it had waited in between is not to be told without its pauses.
    assert {None} == {line.waited for line in story.lines[:-1]}
    assert {} == story.open_days


def test_business_time_that_was_counted_in_another_way_is_told_as_a_whole() -> None:
    log = [spoken(0, "customer", "fax"), spoken(1000, "agent", "fax")]
    policy = cx.ReplyPolicy(no_hours="calendar")
    hours = {"mail": OFFICE}
    story = longest(cx.response_times(log, hours=hours, policy=policy), log=log, hours=hours)
    assert (1000 * MINUTE, {}) == (story.business_waited, story.open_days)
    assert [None, 1000 * MINUTE] == [line.business_waited for line in story.lines]
    assert [timedelta(0), 1000 * MINUTE] == [line.waited for line in story.lines]


def test_whole_minutes_are_no_pause() -> None:
    log = [spoken(0, "customer"), spoken(10.5, "bot"), spoken(1000.5, "agent")]
    policy = cx.ReplyPolicy(unit="minute")
    result = cx.response_times(log, policy=policy, hours=OFFICE)
    story = longest(result, log=log, hours=OFFICE, policy=policy)
    assert [timedelta(0), 10.5 * MINUTE, 1000 * MINUTE] == [line.waited for line in story.lines]
    assert 420 * MINUTE == story.business_waited == sum(story.open_days.values(), timedelta(0))
    assert [None, None, 1000 * MINUTE] == [line.waited for line in longest(result, log=log).lines]
