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


# -- a story in the words of its clock -------------------------------------------------------------------

AT_UTC = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")


def march(day: int, hour: float) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC) + hour * HOUR


def overnight() -> list[cx.Message]:
    """Monday 16:00 to Wednesday 10:00: 42 hours, 10 of them at the desk."""
    at = {"customer": march(2, 16), "bot": march(3, 11), "agent": march(4, 10)}
    return [cx.Message(conversation=7, at=moment, author=author) for author, moment in at.items()]


def solved_twice() -> tuple[list[cx.Message], list[cx.Change]]:
    """Pending from 10:00 on the 2nd to 10:00 on the 5th, solved at 11:00, open on the 6th for an hour."""
    at = ((march(2, 9), "customer"), (march(2, 10), "agent"), (march(5, 10.5), "customer"))
    told: list[tuple[datetime, str, Any]] = [
        (march(2, 9), "created", "new"), (march(2, 9.5), "handoff", None), (march(2, 10), "status", "pending"),
        (march(5, 10), "status", "open"), (march(5, 11), "status", "solved"), (march(6, 11), "status", "open"),
        (march(6, 12), "status", "solved"),
    ]  # fmt: skip
    return (
        [cx.Message(conversation=7, at=moment, author=author) for moment, author in at],
        [cx.Change(conversation=7, at=moment, kind=kind, to=to) for moment, kind, to in told],
    )


def story_of(result: Any, clock: str, *args: Any, place: int = -1, **options: Any) -> cx.Story:
    """The story of one row of a clock."""
    rows = result.table(clock)
    flagged = cx.outliers(rows, of=lambda row: row["wait"], limit=timedelta(seconds=-1), invalid="drop").flagged
    (found,) = (one for one in flagged if one.index == range(len(rows))[place])
    assert found.record == rows[place]
    return found.explain(*args, **options)


def events_of(story: cx.Story) -> list[tuple[str, str]]:
    return [(line.remark, line.event) for line in story.lines if line.event]


@pytest.mark.parametrize("clock", ["first_response", "reply"])
def test_a_row_of_business_time_has_the_story_of_the_same_wait(clock: str) -> None:
    log = overnight()
    result = cx.response_times(log, hours=AT_UTC)
    told = story_of(result, f"business_{clock}", log, hours=AT_UTC)
    assert str(told) == (
        "conversation 7: waited 1.8 d, 10.0 h of business time\n"
        "  2026-03-02 16:00  customer              the wait begins\n"
        "  2026-03-03 11:00  bot                   after 19.0 h, 3.0 h of business time\n"
        "  2026-03-04 10:00  agent                 the answer; after 1.8 d, 10.0 h of business time\n"
        "business time counted: Mon 2026-03-02 1.0 h, Tue 2026-03-03 8.0 h, Wed 2026-03-04 1.0 h"
    )
    assert f"business_{clock}" == told.clock
    assert attrs.evolve(told, clock=clock) == story_of(result, clock, log, hours=AT_UTC)
    # Without the hours the row still tells both lengths.
    bare = story_of(result, f"business_{clock}", log)
    assert (42 * HOUR, 10 * HOUR, {}) == (bare.waited, bare.business_waited, bare.open_days)
    assert attrs.evolve(bare, clock=clock) == story_of(result, clock, log)


def test_business_time_of_an_open_wait_is_told_up_to_the_present() -> None:
    log = overnight()[:1]
    result = cx.response_times(log, hours=AT_UTC, as_of=march(3, 10))
    story = story_of(result, "business_first_response", log, hours=AT_UTC)
    assert "conversation 7: waited 18.0 h, 2.0 h of business time so far" == str(story).splitlines()[0]
    last = story.lines[-1]
    assert ("still no answer", march(3, 10), 18 * HOUR, 2 * HOUR) == (
        last.event, last.at, last.waited, last.business_waited,
    )  # fmt: skip


def test_business_time_without_a_schedule_is_told_as_it_was_counted() -> None:
    log = overnight()
    policy = cx.ReplyPolicy(no_hours="calendar")
    result = cx.response_times(log, hours={"mail": AT_UTC}, policy=policy)
    story = story_of(result, "business_first_response", log, hours={"mail": AT_UTC}, policy=policy)
    assert (42 * HOUR, 42 * HOUR, {}) == (story.waited, story.business_waited, story.open_days)


def test_business_time_that_stood_still_does_not_tell_the_elapsed_time() -> None:
    log = [spoken(0, "customer"), spoken(200, "bot"), spoken(480, "agent")]
    changes = [
        cx.Change(conversation=7, at=MONDAY + minute * MINUTE, kind="status", to=to)
        for minute, to in ((100, "pending"), (160, "open"))
    ]
    policy = cx.ReplyPolicy(paused={"first": {"pending"}, "reply": {"pending"}})
    result = cx.response_times(log, changes=changes, policy=policy, hours=AT_UTC)
    told = story_of(result, "business_first_response", log, changes=changes, hours=AT_UTC, policy=policy)
    assert "conversation 7: waited 7.0 h of business time" == str(told).splitlines()[0]
    assert str(told).endswith("the answer; after 7.0 h of business time; the clock stood still in between")
    assert (None, 420 * MINUTE, {}) == (told.waited, told.business_waited, told.open_days)
    # What stood still in closed hours only has its business time told line by line.
    silent = [attrs.evolve(change, at=change.at + 540 * MINUTE) for change in changes]
    late = [*log[:2], spoken(24 * 60, "agent")]
    result = cx.response_times(late, changes=silent, policy=policy, hours=AT_UTC)
    told = story_of(result, "business_first_response", late, hours=AT_UTC, policy=policy)
    assert [(None, timedelta(0)), (None, 200 * MINUTE), (None, 480 * MINUTE)] == [
        (line.waited, line.business_waited) for line in told.lines
    ]
    assert "after 3.3 h of business time" in str(told)
    assert "stood still" not in str(told)
    # Hours that nobody measured with do not tell what a pause took off.
    calendar = cx.response_times(log, changes=changes, policy=policy)
    told = story_of(calendar, "first_response", log, hours=AT_UTC, policy=policy)
    assert (420 * MINUTE, None, {}) == (told.waited, told.business_waited, told.open_days)


RESOLVED = ("status solved", "resolved")


@pytest.mark.parametrize(
    ("clock", "title", "start", "end"),
    [
        ("resolution", "time to resolution 4.1 d", "created as new", RESOLVED),
        (
            "first_resolution", "time to first resolution 3.1 d", "created as new",
            ("status solved", "resolved for the first time"),
        ),
        ("our_resolution", "our time to resolution 1.1 d", "created as new", RESOLVED),
        ("requester_wait", "requester wait 3.0 h", "created as new", RESOLVED),
        ("agent_wait", "agent wait 3.0 d", "created as new", RESOLVED),
        ("on_hold", "on hold 0 s", "created as new", RESOLVED),
        ("work_time", "work time 3.0 h", "created as new", RESOLVED),
        ("handoff", "time to hand-off 30.0 min", "created as new", ("hand-off", "handed over")),
        ("reopened_after", "stayed resolved 1.0 d", "status solved", ("status open", "reopened")),
    ],
)  # fmt: skip
def test_the_words_of_a_story_are_those_of_its_clock(clock: str, title: str, start: str, end: tuple[str, str]) -> None:
    log, changes = solved_twice()
    story = story_of(cx.response_times(log, changes=changes), clock, log, changes=changes, place=0)
    assert f"conversation 7: {title}" == str(story).splitlines()[0]
    assert [(start, "the clock starts"), end] == events_of(story)
    assert (clock, "answered") == (story.clock, story.ended)
    still = clock in ("our_resolution", "requester_wait", "agent_wait", "on_hold", "work_time")
    assert still == any(line.stood_still for line in story.lines) == ("the clock stood still in between" in str(story))


@pytest.mark.parametrize(
    ("clock", "event"),
    [
        ("resolution", "still not resolved"),
        ("our_resolution", "still not resolved"),
        ("requester_wait", "still not resolved"),
        ("agent_wait", "still not resolved"),
    ],
)
def test_what_still_runs_says_so_in_the_words_of_its_clock(clock: str, event: str) -> None:
    log, changes = solved_twice()
    result = cx.response_times(log, changes=changes[:-1], as_of=march(9, 12))
    story = story_of(result, clock, log, changes=changes)
    assert ("", event) == events_of(story)[-1]
    assert str(story).splitlines()[0].endswith(" d so far")


def test_a_clock_that_stood_still_says_so_at_its_end() -> None:
    log, changes = solved_twice()
    story = story_of(cx.response_times(log, changes=changes[:5]), "requester_wait", log, changes=changes[:5])
    assert (
        "  2026-03-05 11:00                        status solved; resolved; after 2.0 h; "
        "the clock stood still in between" == str(story).splitlines()[-1]
    )
    assert story.lines[-1].to_dict()["stood_still"] is True
    assert "the clock stood still" not in "".join(str(line) for line in story.lines[:-1])
    assert ("requester_wait", "answered") == (story.to_dict()["clock"], story.to_dict()["ended"])


def test_resolutions_that_last_and_those_that_end_otherwise() -> None:
    log, changes = solved_twice()
    lasts = cx.response_times(log, changes=changes, as_of=march(9, 12))
    story = story_of(lasts, "reopened_after", log, changes=changes)
    assert "conversation 7: stayed resolved 3.0 d so far" == str(story).splitlines()[0]
    assert [("status solved", "the clock starts"), ("", "still resolved")] == events_of(story)
    merged = [*changes[:5], cx.Change(conversation=7, at=march(6, 11), kind="status", to="merged")]
    policy = cx.ReplyPolicy(leave_out=())
    ended = cx.response_times(log, changes=merged, policy=policy)
    assert ["closed"] == [row["ended"] for row in ended.table("reopened_after")]
    story = story_of(ended, "reopened_after", log, changes=merged, policy=policy)
    assert ("", "no longer resolved, and not reopened") == events_of(story)[-1]


def test_without_its_changes_a_story_has_the_ends_of_its_clock() -> None:
    log, changes = solved_twice()
    result = cx.response_times(log, changes=changes)
    for clock, event in (("resolution", "resolved"), ("handoff", "handed over"), ("reopened_after", "reopened")):
        assert [("", "the clock starts"), ("", event)] == events_of(story_of(result, clock, log, place=0))
    left = cx.Conversation(id=7, opened_at=march(2, 9), abandoned_at=march(4, 9), resolved_at=None)
    story = story_of(cx.response_times(log, conversations=[left]), "resolution", log)
    assert [("", "the clock starts"), ("", "the customer left")] == events_of(story)


def test_the_resolved_statuses_are_those_of_the_policy() -> None:
    log, changes = solved_twice()
    changes = [*changes[:4], cx.Change(conversation=7, at=march(5, 11), kind="status", to="snoozed")]
    policy = cx.ReplyPolicy(resolved={"snoozed"})
    handed = [cx.Change(conversation=7, at=march(5, 11), kind=kind) for kind in ("handoff", "assigned")]
    changes = [*handed, *changes]
    result = cx.response_times(log, changes=changes, policy=policy)
    assert ("status snoozed", "resolved") == events_of(
        story_of(result, "resolution", log, changes=changes, policy=policy)
    )[-1]
    # Under another policy the story does not say that such a status resolves.
    assert ("", "resolved") == events_of(story_of(result, "resolution", log, changes=changes))[-1]


def test_a_bot_that_hands_over_ends_the_clock_of_that() -> None:
    log = [spoken(0, "customer"), attrs.evolve(spoken(5, "bot"), handoff=True), spoken(50, "agent")]
    made = [cx.Change(conversation=7, at=MONDAY, kind="created")]
    story = story_of(cx.response_times(log, changes=made), "handoff", log, changes=made)
    assert [("created", "the clock starts"), ("hand-off", "handed over")] == events_of(story)
    assert "conversation 7: time to hand-off 5.0 min" == str(story).splitlines()[0]


@pytest.mark.parametrize(
    ("options", "clock", "still"),
    [
        ({"per_conversation": "sum"}, "reply", True),
        ({"per_conversation": "median"}, "reply", False),
        ({"resolution": "sum_of_replies"}, "resolution", True),
        ({"paused": {"resolution": {"pending"}}}, "first_resolution", True),
        ({}, "first_resolution", False),
    ],
)
def test_which_clocks_stand_still_is_the_policys(options: dict[str, Any], clock: str, still: bool) -> None:
    log, changes = solved_twice()
    log = [*log, cx.Message(conversation=7, at=march(5, 11), author="agent")]
    policy = cx.ReplyPolicy(**options)
    result = cx.response_times(log, changes=changes[:5], policy=policy, hours=AT_UTC)
    for name in (clock, f"business_{clock}"):
        story = story_of(result, name, log, changes=changes[:5], hours=AT_UTC, policy=policy)
        assert still == any(line.stood_still for line in story.lines)
        assert (result.table(name)[0]["wait"]) == (story.waited if name == clock else story.business_waited)


def test_rows_name_their_clock() -> None:
    log = [*overnight(), message(97, talk=7), message(98, "agent", talk=7)]
    log = [attrs.evolve(one, at=one.at.replace(tzinfo=UTC)) for one in log]
    result = cx.response_times(log, hours=AT_UTC)
    for table, names in (
        (result.table(), ["first_response", "reply"]),
        (result.table("reply"), ["reply", "reply"]),
        (result.table("business_reply"), ["business_reply", "business_reply"]),
    ):
        assert names == [row["clock"] for row in table] == table.columns["clock"].tolist()


def test_resolutions_are_what_reopenings_count_from() -> None:
    log, changes = solved_twice()
    result = cx.response_times(log, changes=changes)
    assert ["resolved", "resolved"] == [row["started_by"] for row in result.table("reopened_after")]
    assert ["resolved", "resolved"] == result.table("reopened_after").columns["started_by"].tolist()
    assert ["created"] == [row["started_by"] for row in result.table("handoff")]


def test_outliers_of_business_time_say_so() -> None:
    log = overnight()
    result = cx.response_times(log, hours=AT_UTC)
    limit = timedelta(hours=9)
    found = cx.outliers(result.table("business_reply"), limit=limit)
    assert "1 outlier above 9.0 h of business time (stated limit), n=1" == str(found)
    reason = "waited 10.0 h of business time, 1.0 h over the limit of 9.0 h (stated limit)"
    assert reason == found.flagged[0].reason == pickle.loads(pickle.dumps(found)).flagged[0].reason
    assert "above 9.0 h of business time" in found._repr_html_()
    assert reason == cx.outliers(result.table(), of="business_wait", limit=limit).flagged[0].reason
    # A day at the desk is no day.
    long = cx.outliers(result.table("business_reply"), limit=timedelta(hours=40))
    assert "0 outliers above 40.0 h of business time (stated limit), n=1" == str(long)
    for calendar in (
        cx.outliers(result.table("reply"), limit=limit),
        cx.outliers(result.table("business_reply"), of=lambda row: row["wait"], limit=limit),
        cx.outliers(result.table("business_reply")[:0] or [timedelta(hours=10)], limit=limit),
    ):
        assert "business" not in str(calendar)
    assert 0 == cx.outliers(cx.response_times(log[:0], hours=AT_UTC).table("business_reply")).count
