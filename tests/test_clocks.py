"""The door for logs: which rows count, which instant is now, which group a wait belongs to."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import cxscore as cx
from cxscore._clocks import chat_like, service_targets

T0 = datetime(2026, 3, 2, 9)
MINUTE = timedelta(minutes=1)


def at(minutes):
    return T0 + minutes * MINUTE


def messages(*rows, **columns):
    """Rows of conversation, minute, author ("c", "a" or "b")."""
    names = {"c": "customer", "a": "agent", "b": "bot"}
    return cx.Messages(
        conversation=[row[0] for row in rows],
        at=[at(row[1]) for row in rows],
        author=[names[row[2]] for row in rows],
        **columns,
    )


def waits(result):
    """Every wait as conversation, start and wait in minutes, how it ended."""
    return sorted(
        (row["conversation"], (row["start"].replace(tzinfo=None) - T0) / MINUTE, row["wait"] / MINUTE, row["ended"])
        for row in result.table()
    )


# -- now ---------------------------------------------------------------------------------------------


def test_now_is_the_latest_instant_of_all_rows_of_the_call():
    log = messages((1, 0, "c"), (2, 5, "c"), (2, 30, "b"))
    assert at(30) == cx.response_times(log).as_of
    tickets = cx.Conversations(
        id=[9, 2], opened_at=at(-500), resolved_at=np.array([at(45), None], "M8[us]"), status=["spam", None]
    )
    assert at(45) == cx.response_times(log, conversations=tickets).as_of
    # Taken before grouping: an open wait has one age, in whatever group it is.
    groups = cx.response_times(log, by="conversation", conversations=tickets)
    assert [1, 2, None] == list(groups)  # the messages know nothing of the ticket
    assert [at(45)] * 3 == [result.as_of for result in groups.values()]
    assert timedelta(minutes=45) == groups[1].first_response.longest_waiting


def test_rows_after_as_of_are_left_out_and_counted():
    log = messages((1, 0, "c"), (1, 10, "a"), (2, 3, "c"))
    result = cx.response_times(log, as_of=at(5))
    assert {"after_as_of": 1} == result.left_out
    assert [(1, 0, 5, "open"), (2, 3, 2, "open")] == waits(result)
    assert waits(cx.response_times(log, as_of=at(10))) == [(1, 0, 10, "answered"), (2, 3, 7, "open")]


def test_a_row_from_the_future_and_one_from_long_ago():
    log = cx.Messages(
        conversation=[1, 1, 2, 3, 3],
        at=[at(0), datetime(2062, 1, 1), at(1), datetime(2020, 3, 2, 9), at(4)],
        author=["customer", "agent", "customer", "customer", "agent"],
    )
    assert datetime(2062, 1, 1) == cx.response_times(log).as_of
    result = cx.response_times(log, as_of=at(60))
    assert {"after_as_of": 1} == result.left_out
    six_years = at(4) - datetime(2020, 3, 2, 9)
    assert (six_years, 1, 2) == (result.first_response.longest, result.first_response.n, result.waiting)


def test_naive_as_of_is_wall_time_where_the_batch_names_its_zone():
    log = messages((1, 0, "c"), tz="Europe/Berlin")
    result = cx.response_times(log, as_of=at(90))
    assert timedelta(minutes=90) == result.first_response.longest_waiting
    assert at(90).replace(tzinfo=ZoneInfo("Europe/Berlin")) == result.as_of
    assert result == cx.response_times(log, as_of=at(90).replace(tzinfo=ZoneInfo("Europe/Berlin")))


def test_days_with_a_clock_change_have_no_hour_too_many():
    berlin = ZoneInfo("Europe/Berlin")
    start, end = datetime(2026, 3, 29, 1, tzinfo=berlin), datetime(2026, 3, 29, 4, tzinfo=berlin)
    rows = [
        cx.Message(conversation=1, at=start, author="customer"),
        cx.Message(conversation=1, at=end, author="agent"),
    ]
    assert timedelta(hours=2) == cx.response_times(rows).first_response.median


@pytest.mark.parametrize("zone", [None, UTC, "Europe/Berlin"])
def test_without_a_single_instant_as_of_still_says_what_it_is(zone):
    # A shard without rows must agree with the shards that have some.
    tz = zone if isinstance(zone, str) else None
    stamp = at(5) if zone is None or tz else at(5).replace(tzinfo=UTC)
    empty = cx.response_times(cx.Messages(conversation=[], at=[], author=[], tz=tz), as_of=stamp)
    full = cx.response_times(cx.Messages(conversation=[1], at=[stamp], author=["customer"], tz=tz), as_of=stamp)
    assert full.as_of == empty.as_of
    assert full.as_of.tzinfo is empty.as_of.tzinfo


def test_as_of_must_follow_the_rule_of_the_data():
    with pytest.raises(cx.MixedTimeZonesError, match=r"as_of must follow the same rule .* tz="):
        cx.response_times(messages((1, 0, "c")), as_of=at(0).replace(tzinfo=UTC))
    with pytest.raises(cx.MixedTimeZonesError, match="as_of must follow"):
        cx.response_times(cx.Messages(conversation=[1], at=[at(0).replace(tzinfo=UTC)], author=["agent"]), as_of=at(1))
    with pytest.raises(cx.ArgumentTypeError, match="as_of"):
        cx.response_times(messages((1, 0, "c")), as_of="2026-03-02")


def test_messages_and_conversations_must_follow_one_rule():
    tickets = cx.Conversations(id=[1], opened_at=[at(0).replace(tzinfo=UTC)])
    with pytest.raises(cx.MixedTimeZonesError, match="conversations must follow the same rule as log"):
        cx.response_times(messages((1, 0, "c")), conversations=tickets)


# -- rows that do not count --------------------------------------------------------------------------


def test_missing_conversations_and_instants_are_counted_or_refused_by_name():
    log = cx.Messages(
        conversation=["a", None, "b", None],
        at=np.array([at(0), at(1), "NaT", "NaT"], dtype="M8[us]"),
        author=["customer"] * 4,
    )
    result = cx.response_times(log)
    assert ({"missing": 3}, 1, 4) == (result.left_out, result.n, result.given)
    assert 1 == result.conversations
    with pytest.raises(cx.MissingValueError, match=r"conversation must have no missing values .*positions 1, 3"):
        cx.response_times(log, missing="raise")
    with pytest.raises(cx.MissingValueError, match=r"at must have no missing values .*position 2"):
        cx.response_times(
            cx.Messages(
                conversation=["a", "a", "b"],
                at=np.array([at(0), at(1), "NaT"], dtype="M8[us]"),
                author=["customer"] * 3,
            ),
            missing="raise",
        )


@pytest.mark.parametrize("status", ["merged", "spam", "test", "deleted"])
def test_conversations_of_no_customer_take_their_messages_along(status):
    log = messages((1, 0, "c"), (1, 4, "a"), (2, 1, "c"), (2, 3, "b"))
    tickets = cx.Conversations(id=[1, 2, 3], opened_at=at(0), resolved_at=at(9), status=["closed", status, status])
    result = cx.response_times(log, conversations=tickets)
    assert {status: 2} == result.left_out
    assert {status: 2} == result.conversations_left_out
    assert (4, 2, 1, 1) == (result.given, result.n, result.conversations, result.resolution.n)
    assert (0, 0) == (result.bot_only, result.waiting)
    alone = cx.response_times(tickets)
    assert ({status: 2}, 1, 3) == (alone.left_out, alone.n, alone.given)


def test_the_first_reason_counts():
    log = messages(
        (1, 0, "b"), (1, 1, "a"), (1, 2, "a"), (1, 99, "b"),
        public=[False, False, True, False], automatic=[True, True, True, True],
    )  # fmt: skip
    result = cx.response_times(log, as_of=at(9))
    assert {"bot": 1, "private_note": 1, "automatic": 1, "after_as_of": 1} == result.left_out
    assert (0, 1) == (result.n, result.conversations)


def test_tickets_given_twice_count_once_with_the_latest_news():
    log = messages((1, 0, "c"), (1, 50, "c"))
    tickets = cx.Conversations(
        id=[1, 1, 1], opened_at=at(0), resolved_at=[None, at(30), at(20)], channel=["old", "new", "older"]
    )
    for order in ([0, 1, 2], [1, 2, 0], [2, 1, 0]):
        result = cx.response_times(log, conversations=tickets[order])
        assert {"superseded": 2} == result.conversations_left_out
        assert (1, timedelta(minutes=30)) == (result.conversations, result.resolution.median)
        by_channel = cx.response_times(log, conversations=tickets[order], by="channel")
        assert ["new"] == list(by_channel)
        assert {"superseded": 2} == by_channel["new"].conversations_left_out


def test_tickets_without_a_name_are_counted_or_refused():
    tickets = cx.Conversations(id=["a", None], opened_at=at(0), resolved_at=at(3))
    log = cx.Messages(conversation=["a", None], at=[at(0), at(1)], author="customer")
    result = cx.response_times(log, conversations=tickets)
    assert ({"missing": 1}, {"missing": 1}) == (result.left_out, result.conversations_left_out)
    assert 1 == result.resolution.n
    by_channel = cx.response_times(log, conversations=tickets, by="conversation")
    assert ["a", None] == list(by_channel)
    with pytest.raises(cx.MissingValueError, match="id must have no missing values"):
        cx.response_times(log, conversations=tickets, missing="raise")


def test_tickets_without_an_opening_or_opened_later_are_left_out_but_not_their_messages():
    log = messages((1, 0, "c"), (1, 4, "a"), (2, 0, "c"), (2, 6, "a"), (3, 0, "c"), (3, 8, "a"))
    tickets = cx.Conversations(id=[1, 2, 3], opened_at=[None, at(99), at(0)], resolved_at=[at(2), at(100), at(50)])
    result = cx.response_times(log, conversations=tickets, as_of=at(60))
    assert {"missing": 1, "after_as_of": 1} == result.conversations_left_out
    assert [(1, 0, 4, "answered"), (2, 0, 6, "answered"), (3, 0, 8, "answered")] == waits(result)
    assert (3, 1, 6) == (result.conversations, result.resolution.n, result.n)
    with pytest.raises(cx.MissingValueError, match="opened_at"):
        cx.response_times(log, conversations=tickets, missing="raise")


@pytest.mark.parametrize("name", ["first_response_at", "resolved_at", "first_resolved_at", "abandoned_at"])
def test_an_end_before_its_start_is_refused_or_counted(name):
    tickets = cx.Conversations(id=[1, 2], opened_at=[at(0), at(0)], **{name: [at(-1), at(5)]})
    with pytest.raises(cx.InvalidValueError, match=f"{name} must not lie before opened_at .*position 0.*'drop'"):
        cx.response_times(tickets)
    result = cx.response_times(tickets, invalid="drop")
    assert ({"invalid": 1}, 1, 2) == (result.left_out, result.n, result.given)
    log = messages((1, 0, "c"), (1, 3, "a"))
    with pytest.raises(cx.InvalidValueError, match=name):
        cx.response_times(log, conversations=tickets)
    beside = cx.response_times(log, conversations=tickets, invalid="drop")
    assert ({}, {"invalid": 1}, 1) == (beside.left_out, beside.conversations_left_out, beside.first_response.n)


# -- groups ------------------------------------------------------------------------------------------


def test_conversations_of_gappy_numbers_make_no_group_of_their_own():
    # Integer codes have a place for conversation 2, which does not exist.
    log = messages((1, 0, "c"), (3, 1, "c"), channel=["mail", "chat"])
    assert ["chat", "mail"] == list(cx.response_times(log, by="channel"))


def test_waits_belong_to_the_message_that_opened_them_conversations_to_their_first_customer_message():
    log = messages(
        (1, 0, "c"), (1, 2, "a"), (1, 10, "c"), (1, 15, "a"),
        channel=["mail", "mail", "chat", "mail"],
    )  # fmt: skip
    groups = cx.response_times(log, by="channel")
    assert ["chat", "mail"] == list(groups)
    assert [(1, 10, 5, "answered")] == waits(groups["chat"])
    assert [(1, 0, 2, "answered")] == waits(groups["mail"])
    assert (0, 1) == (groups["chat"].conversations, groups["mail"].conversations)
    assert (1, 3) == (groups["chat"].n, groups["mail"].n)
    assert (0, 1) == (groups["chat"].first_response.n, groups["mail"].first_response.n)


@pytest.mark.parametrize("name", ["agent", "team"])
def test_waits_belong_to_who_answered_open_ones_to_the_assignee(name):
    log = messages(
        (1, 0, "c"), (1, 2, "a"), (1, 10, "c"), (1, 15, "a"), (2, 0, "c"), (3, 0, "c"), (4, 0, "c"), (4, 9, "a"),
        **{name: [None, "ada", None, "bob", None, None, None, None]},
    )  # fmt: skip
    tickets = cx.Conversations(id=[1, 2, 5], opened_at=at(0), **{name: ["bob", "cyd", "cyd"]})
    groups = cx.response_times(log, conversations=tickets, by=name, as_of=at(20))
    assert ["ada", "bob", "cyd", None] == list(groups)
    assert [(1, 0, 2, "answered")] == waits(groups["ada"])
    assert [(1, 10, 5, "answered")] == waits(groups["bob"])
    assert [(2, 0, 20, "open")] == waits(groups["cyd"])
    # Nobody is assigned to 3, nobody signed the answer in 4.
    assert [(3, 0, 20, "open"), (4, 0, 9, "answered")] == waits(groups[None])
    assert [1, 0, 2, 2] == [result.conversations for result in groups.values()]
    without = cx.response_times(log, by=name, as_of=at(20))
    assert ["ada", "bob", None] == list(without)
    assert [(2, 0, 20, "open"), (3, 0, 20, "open"), (4, 0, 9, "answered")] == waits(without[None])


def test_agents_that_only_the_conversations_know():
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), (3, 1, "c"))
    tickets = cx.Conversations(id=[1, 2], opened_at=at(0), agent=["ada", "bob"])
    groups = cx.response_times(log, conversations=tickets, by="agent")
    # Nobody knows who answered in 1: being the assignee now is no reason to credit ada. In 2 bob is waited for.
    assert {"bob": 1, None: 2} == {key: len(result.table()) for key, result in groups.items() if len(result.table())}
    assert [None, "bob", None] == [row["agent"] for row in cx.response_times(log, conversations=tickets).table()]


def test_who_answered_does_not_hang_on_what_other_rows_know():
    tickets = cx.Conversations(id=[1, 2], opened_at=at(0), agent="zoe")
    rows = [(1, 0, "c"), (1, 2, "a"), (2, 0, "c"), (2, 1, "a")]
    for agents, credited in (([None] * 4, {None: 2}), ([None, None, None, "ann"], {None: 1, "ann": 1})):
        found = cx.response_times(messages(*rows, agent=agents), conversations=tickets, by="agent")
        assert credited == {key: len(result.table()) for key, result in found.items() if len(result.table())}


def test_a_channel_comes_from_the_message_or_else_from_its_conversation_row_by_row():
    tickets = cx.Conversations(id=[1, 2, 3], opened_at=at(0), channel=["email", "email", "email"], resolved_at=at(30))
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), (2, 1, "a"), channel=["chat", "chat", None, None])
    found = cx.response_times(
        log, conversations=tickets, by="channel",
        targets=cx.ServiceTargets(first_response={"email": timedelta(minutes=5)}), as_of=at(60),
    )  # fmt: skip
    assert ["chat", "email"] == list(found)
    assert (1, 1.0) == (found["email"].first_response.n, found["email"].first_response.within_target)
    assert 2 == found["email"].resolution.n  # of 2, whose messages name no channel, and of 3, which has none


def test_a_target_of_resolution_finds_the_channel_in_the_messages():
    targets = cx.ServiceTargets(resolution={"email": timedelta(hours=1)})
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), channel=["email", None, "chat"])
    for known in (None, [None, "email", None]):
        tickets = cx.Conversations(id=[1, 2, 3], opened_at=at(0), resolved_at=at(30), channel=known)
        found = cx.response_times(log, conversations=tickets, targets=targets, as_of=at(600)).resolution
        assert 1.0 == found.within_target


def test_columns_that_only_the_conversations_have():
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), (3, 1, "a"))
    tickets = cx.Conversations(
        id=[2, 1, 7],
        opened_at=at(0),
        resolved_at=at(8),
        topic=["bill", "login", "bill"],
        extra={"vip": [True, False, True]},
    )
    groups = cx.response_times(log, conversations=tickets, by="topic")
    assert {"bill": 2, "login": 1, None: 1} == {key: result.conversations for key, result in groups.items()}
    assert {"bill": 2, "login": 1, None: 0} == {key: result.resolution.n for key, result in groups.items()}
    assert {"bill": 1, "login": 2, None: 1} == {key: result.given for key, result in groups.items()}
    assert [False, True, None] == list(cx.response_times(log, conversations=tickets, by="vip"))


def test_several_keys_functions_and_labels():
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), channel=["mail", "mail", "chat"], team=[None, "blue", None])
    both = cx.response_times(log, by=("channel", "team"))
    assert [("chat", None), ("mail", "blue"), ("mail", None)] == list(both)
    assert ("channel", "team") == both.names
    assert [(1, 0, 2, "answered")] == waits(both["mail", "blue"])
    named = cx.response_times(log, by={"where": lambda message: message.channel.upper()})
    assert ([("CHAT",), ("MAIL",)], ("where",)) == (list(named), named.names)
    labels = cx.response_times(log, by=np.array(["x", "x", "y"]))
    assert {"x": [(1, 0, 2, "answered")], "y": [(2, 0, 2, "open")]} == {
        key: waits(result) for key, result in labels.items()
    }
    with pytest.raises(cx.LengthError, match="by must have one value for each of the 3 rows"):
        cx.response_times(log, by=np.array(["x"]))
    with pytest.raises(cx.UnknownNameError, match=r"by must name a column of the Messages .*'chanel'.*channel"):
        cx.response_times(log, by="chanel")


def test_conversations_without_customers_belong_to_their_earliest_row_that_counts():
    log = messages((1, 5, "a"), (1, 2, "a"), (1, 1, "a"), channel=["mail", "chat", "sms"])
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        groups = cx.response_times(log[order], by="channel")
        assert {"mail": 0, "chat": 0, "sms": 1} == {key: result.conversations for key, result in groups.items()}
    late = cx.response_times(log, by="channel", as_of=at(3))
    assert {"chat": 0, "mail": 0, "sms": 1} == {key: result.conversations for key, result in late.items()}
    assert {"after_as_of": 1} == late["mail"].left_out


def test_spam_stays_in_its_group():
    log = messages((1, 0, "c"), (2, 0, "c"), channel=["mail", "chat"])
    tickets = cx.Conversations(id=[1, 2], opened_at=at(0), status=["open", "spam"])
    groups = cx.response_times(log, conversations=tickets, by="channel")
    assert ["chat", "mail"] == list(groups)
    assert (1, 0, {"spam": 1}) == (groups["chat"].given, groups["chat"].n, groups["chat"].conversations_left_out)
    assert {} == groups["mail"].conversations_left_out


def test_grouped_tickets():
    tickets = cx.Conversations(
        id=[1, 2, 3], opened_at=at(0), first_response_at=[at(1), at(2), None], resolved_at=[at(5), None, None],
        channel=["mail", "chat", None], reopens=[1, 0, 2],
    )  # fmt: skip
    groups = cx.response_times(tickets, by="channel", as_of=at(9))
    assert ["chat", "mail", None] == list(groups)
    assert [0, 1, 0] == [result.resolution.n for result in groups.values()]
    assert [0, 0, 1] == [result.waiting for result in groups.values()]
    assert [0, 1, 1] == [result.reopened for result in groups.values()]
    assert [False, False, False] == [result.mixed for result in groups.values()]
    assert groups.overall == cx.response_times(tickets, as_of=at(9))
    assert (True, 2) == (groups.overall.mixed, groups.rest("mail").n)


def test_a_figure_over_several_channels_says_so():
    log = messages((1, 0, "c"), (1, 2, "a"), (2, 0, "c"), (2, 1, "b"), channel=["mail", "mail", "mail", "chat"])
    groups = cx.response_times(log, by="conversation")
    # The bot's row does not count.
    assert [False, False] == [result.mixed for result in groups.values()]
    other = messages((1, 0, "c"), (2, 2, "c"), channel=["mail", "chat"])
    assert (True, False) == (cx.response_times(other).mixed, cx.response_times(other, by="channel")["mail"].mixed)
    assert cx.response_times(messages((1, 0, "c"))).mixed is False
    of_tickets = cx.Conversations(id=[1, 2], opened_at=at(0), channel=["mail", "chat"])
    assert cx.response_times(messages((1, 0, "c"), (2, 2, "c")), conversations=of_tickets).mixed is True


def test_chat_like_names():
    assert chat_like(["Chat", "WhatsApp", "phone"])
    assert not chat_like(["chat", "e-mail"])
    assert not chat_like([None])


# -- what comes in -----------------------------------------------------------------------------------


def test_conversations_must_be_conversations():
    log = messages((1, 0, "c"))
    with pytest.raises(
        cx.ArgumentTypeError, match="conversations must be Conversation records or a Conversations batch"
    ):
        cx.response_times(log, conversations=log)
    with pytest.raises(cx.ArgumentTypeError, match="conversations must be left out where log holds"):
        cx.response_times(cx.Conversations(id=[1], opened_at=at(0)), conversations=[])
    assert cx.response_times(log, conversations=[]).first_response == cx.response_times(log).first_response


def test_targets_are_durations():
    assert cx.ServiceTargets() == service_targets(None)
    assert cx.ServiceTargets(first_response=MINUTE) == service_targets(MINUTE)
    assert cx.TARGETS is service_targets(cx.TARGETS)
    with pytest.raises(cx.ArgumentTypeError, match="targets must be a timedelta or a ServiceTargets"):
        service_targets(24)


def test_infinite_or_missing_reopens_leak_no_warning():
    tickets = cx.Conversations(id=[1, 2, 3], opened_at=at(0), reopens=np.array([np.inf, np.nan, 0.0]))
    assert 1 == cx.response_times(tickets).reopened
    assert cx.response_times(cx.Conversations(id=[1], opened_at=at(0))).reopened is None


def test_inputs_stay_as_they_are():
    conversation, instants = np.array([1, 1, 2]), np.array([at(0), at(3), at(1)], dtype="M8[us]")
    author = np.array(["customer", "agent", "customer"])
    for column in (conversation, instants, author):
        column.flags.writeable = False
    before = pickle.dumps((conversation, instants, author))
    log = cx.Messages(conversation=conversation, at=instants, author=author)
    result = cx.response_times(log, by="conversation", as_of=at(2))
    assert {1: 1, 2: 1} == {key: one.waiting for key, one in result.items()}
    assert before == pickle.dumps((conversation, instants, author))
    with pytest.raises(ValueError, match="read-only"):
        result.overall.table().columns["start"][0] = 0


# -- messages and tickets that do not know each other ------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["1", "2"], r"are of 1 \(int\), 2 \(int\) .*are '1' \(str\), '2' \(str\) .*; give both the same type, e\.g\."),
    ],
)  # fmt: skip
def test_messages_and_conversations_that_share_no_id_are_refused(ids, message):
    log = messages((1, 0, "c"), (2, 5, "c"))
    with pytest.raises(cx.ArgumentValueError, match=message) as caught:
        cx.response_times(log, conversations=cx.Conversations(id=ids, opened_at=at(0)))
    assert ("conversations", tuple(ids)) == (caught.value.argument, caught.value.found)


def test_one_shared_id_is_enough_and_nothing_shares_no_id():
    log = messages((1, 0, "c"), (2, 5, "c"))
    for ids in ([2, 7], [2.0], [], [None], [3, 4]):
        tickets = cx.Conversations(id=ids, opened_at=[at(0)] * len(ids))
        assert 2 == cx.response_times(log, conversations=tickets).first_response.waiting
    assert 1 == cx.response_times([], conversations=cx.Conversations(id=[7], opened_at=at(0))).conversations


# -- receipts of bots --------------------------------------------------------------------------------


@pytest.mark.parametrize("receipt", [{"automatic": True}, {"public": False}])
def test_a_receipt_or_a_note_of_a_bot_is_no_answer(receipt):
    log = [
        cx.Message(conversation=1, at=at(0), author="customer"),
        cx.Message(conversation=1, at=at(1), author="bot", **receipt),
    ]
    result = cx.response_times(log, as_of=at(30))
    assert (0, 1, {"bot": 1}) == (result.bot_only, result.waiting, result.left_out)
    answered = cx.response_times([*log, cx.Message(conversation=1, at=at(2), author="bot")], as_of=at(30))
    assert (1, 0, {"bot": 2}) == (answered.bot_only, answered.waiting, answered.left_out)
