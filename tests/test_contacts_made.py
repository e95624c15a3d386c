"""Contacts made of message logs and of conversations."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import cxscore as cx

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 9)
LATER = START + 60 * DAY


def message(hours: float, author: str = "customer", **fields: Any) -> cx.Message:
    return cx.Message(
        **{"conversation": "t", "at": START + hours * HOUR, "author": author, "customer": "ada", **fields}
    )


def spans(contacts: cx.Contacts) -> list[tuple[float, float | None]]:
    """Beginnings and ends in hours since the start."""
    return [
        ((one.at - START) / HOUR, None if one.ended_at is None else (one.ended_at - START) / HOUR) for one in contacts
    ]


# -- messages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([message(0), message(24)], [(0, 24)]),  # a silence of exactly the gap
        ([message(0), message(24.01)], [(0, 0), (24.01, 24.01)]),
        ([message(0), message(20, "agent"), message(40)], [(0, 40)]),  # the answer counts as not silent
        ([message(0), message(30, "agent"), message(31)], [(0, 31)]),  # and belongs to what runs, however late
        ([message(0, "agent"), message(1)], [(1, 1)]),  # opened by an agent
        ([message(0, "agent")], []),
        ([message(0), message(20, "bot"), message(40)], [(0, 0), (40, 40)]),
        ([message(0), message(20, "agent", public=False), message(40)], [(0, 0), (40, 40)]),
        ([message(0), message(20, automatic=True), message(40)], [(0, 0), (40, 40)]),
        ([message(0), message(0, "agent"), message(0)], [(0, 0)]),
        ([], []),
    ],
)
def test_contacts_begin_after_a_long_silence(rows: list[cx.Message], expected: list[tuple[float, float]]) -> None:
    assert expected == spans(cx.Contacts.from_messages(rows))
    assert expected == spans(cx.Contacts.from_messages(rows[::-1]))


def test_who_where_and_which_agent_come_along() -> None:
    rows = [
        message(0, channel="chat", extra={"plan": "pro"}),
        message(1, "agent", agent="ann", team="one"),
        message(2, "agent", agent="bea", team="two"),
        message(3, "agent", agent="note", public=False),
        message(99, channel="mail", customer=None),
    ]
    first, second = contacts = cx.Contacts.from_messages(rows)
    assert ("ada", "chat", "bea") == (first.customer, first.channel, first.agent)
    assert {"plan": "pro", "conversation": "t", "team": "two"} == dict(first.extra)
    assert (None, "mail", None) == (second.customer, second.channel, second.agent)
    assert {"plan": None, "conversation": "t", "team": None} == dict(second.extra)
    assert contacts == pickle.loads(pickle.dumps(contacts))
    assert {"unknown_customer": 1} == cx.repeat_contacts(contacts, as_of=LATER).left_out
    assert ["bea", None] == list(cx.repeat_contacts(contacts, by="agent", as_of=LATER))


def test_rows_without_conversation_or_instant_belong_to_no_contact() -> None:
    log = cx.Messages(
        conversation=["t", None, "t"], at=[START, START + DAY, None], author=["customer"] * 3, customer="ada"
    )
    assert [(0, 0)] == spans(cx.Contacts.from_messages(log))


def test_a_log_without_customers_gives_contacts_of_unknown_customers() -> None:
    log = cx.Messages(conversation=["t"], at=[START], author="customer")
    (contact,) = cx.Contacts.from_messages(log)
    assert (None, None, None) == (contact.customer, contact.channel, contact.agent)


def test_every_door_gives_the_same_contacts() -> None:
    columns = {
        "conversation": [1, 1, 2, 1], "at": [START + hours * HOUR for hours in (0, 1, 5, 50)],
        "author": ["customer", "agent", "customer", "customer"], "customer": ["ada", None, "bob", "ada"],
        "agent": [None, "ann", None, None],
    }  # fmt: skip
    rows = [cx.Message(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    expected = cx.Contacts.from_messages(rows, gap=DAY)
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pl.DataFrame(columns).to_arrow()):
        log = cx.Messages.from_frame(frame, **{name: name for name in columns})
        assert list(expected) == [
            cx.Contact(**{f: getattr(one, f) for f in ("customer", "at", "ended_at", "agent")}, extra=one.extra)
            for one in cx.Contacts.from_messages(log, gap=np.timedelta64(1, "D"))
        ]


def test_instants_keep_their_rule_and_zone() -> None:
    wall = cx.Messages(conversation=[1], at=[START], author="customer", customer="ada", tz="Europe/Berlin")
    contacts = cx.Contacts.from_messages(wall)
    assert ("Europe/Berlin", True) == (contacts.tz, contacts.aware)
    assert datetime(2026, 3, 2, 8, tzinfo=UTC) == contacts[0].at
    assert 1 == cx.repeat_contacts(contacts, same_day="collapse").contacts


def test_endless_threads_of_the_sample_have_repeats() -> None:
    desk = cx.sample.helpdesk(conversations=300, seed=3)
    log = desk.messages
    few, many = (cx.Contacts.from_messages(log, gap=gap) for gap in (30 * DAY, timedelta(minutes=30)))
    assert len(desk.conversations) >= len(few)
    assert len(many) > len(few) > 0


# -- conversations -----------------------------------------------------------------------------------


def ticket(opened: float, resolved: float | None = None, first: float | None = None, **fields: Any) -> cx.Conversation:
    def at(hours: float | None) -> Any:
        return None if hours is None else START + hours * HOUR

    return cx.Conversation(
        **{"id": opened, "customer": "ada", "opened_at": at(opened), "resolved_at": at(resolved),
           "first_resolved_at": at(first), **fields}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "counted", "ignored"),
    [
        (ticket(0, 5), [(0, 5)], [(0, 5)]),
        (ticket(0), [(0, None)], [(0, None)]),
        (ticket(0, abandoned_at=START + HOUR), [(0, 1)], [(0, 1)]),
        (ticket(0, 9, 5, reopens=1), [(0, 5), (9, 9)], [(0, 9)]),
        (ticket(0, 9, 5, reopens=3), [(0, 5), (9, 9)], [(0, 9)]),
        (ticket(0, 9, 5), [(0, 5), (9, 9)], [(0, 9)]),  # two resolutions say it as well
        (ticket(0, 5, 5), [(0, 5)], [(0, 5)]),
    ],
)
def test_conversations_become_contacts(row: cx.Conversation, counted: list[Any], ignored: list[Any]) -> None:
    assert counted == spans(cx.Contacts.from_conversations([row]))
    assert ignored == spans(cx.Contacts.from_conversations([row], reopens="ignore"))


@pytest.mark.parametrize("row", [ticket(0, None, 5, reopens=1), ticket(0, 5, 5, reopens=1)])
def test_a_reopening_without_a_later_resolution_has_no_known_start(row: cx.Conversation) -> None:
    contacts = cx.Contacts.from_conversations([row])
    result = cx.repeat_contacts(contacts, as_of=LATER)
    assert (2, 1, {"missing": 1}) == (result.given, result.contacts, result.left_out)


@pytest.mark.parametrize(("last", "repeats"), [(5 + 24 * 7, 1), (6 + 24 * 7, 0)])
def test_a_reopening_is_a_repeat_where_it_was_inside_the_window_for_certain(last: float, repeats: int) -> None:
    contacts = cx.Contacts.from_conversations([ticket(0, last, 5, reopens=1)])
    assert repeats == cx.repeat_contacts(contacts, as_of=LATER).repeats


def test_what_belongs_to_a_conversation_comes_along_in_order() -> None:
    rows = [
        ticket(7, 9, 8, reopens=1, topic="bill", channel="mail", agent="ann", team="one", extra={"plan": "pro"}),
        ticket(0, 1, customer=None),
    ]
    first, again, other = cx.Contacts.from_conversations(rows)
    for contact in (first, again):
        assert ("ada", "bill", "mail", "ann") == (contact.customer, contact.topic, contact.channel, contact.agent)
        assert {"plan": "pro", "conversation": 7, "team": "one"} == dict(contact.extra)
    assert (None, 0) == (other.customer, other.extra["conversation"])


def test_rows_without_a_customer_behind_them_are_no_contacts() -> None:
    rows = [ticket(i, i + 1, status=status) for i, status in enumerate(("merged", "spam", "test", "deleted", "open"))]
    assert [(4, 5)] == spans(cx.Contacts.from_conversations(rows))


def test_of_several_rows_of_a_conversation_the_latest_news_counts() -> None:
    rows = [ticket(0, 9, id=1), ticket(0, 5, id=1), ticket(0, 2, id=2)]
    assert [(0, 9), (0, 2)] == spans(cx.Contacts.from_conversations(rows))
    unnamed = cx.Conversations(id=[None, None], opened_at=[START, START + HOUR], customer="ada")
    assert [(0, None), (1, None)] == spans(cx.Contacts.from_conversations(unnamed))


def test_batches_with_few_columns_and_zones() -> None:
    table = cx.Conversations(id=[1], opened_at=[START], tz="Europe/Berlin")
    contacts = cx.Contacts.from_conversations(table)
    assert ("Europe/Berlin", None, datetime(2026, 3, 2, 8, tzinfo=UTC)) == (
        contacts.tz, contacts[0].customer, contacts[0].at,
    )  # fmt: skip
    assert 0 == len(cx.Contacts.from_conversations([]))
    assert [] == list(cx.Contacts.from_conversations(table[:0]))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cx.Contacts.from_conversations([ticket(0, 9, reopens=1)]), cx.InvalidValueError,
         r"reopens must come with first_resolved_at.*reopens='ignore'"),
        (lambda: cx.Contacts.from_conversations([], reopens="all"), cx.UnknownNameError, "'count', 'ignore'"),
        (lambda: cx.Contacts.from_conversations([message(0)]), cx.ArgumentTypeError, "cx.Conversations\\(id="),
        (lambda: cx.Contacts.from_messages([ticket(0)]), cx.ArgumentTypeError, "cx.Messages\\(conversation="),
        (lambda: cx.Contacts.from_messages([], gap=24), cx.ArgumentTypeError, "gap must be"),
        (lambda: cx.Contacts.from_messages([], gap=0 * DAY), cx.InvalidValueError, "gap must be"),
    ],
)  # fmt: skip
def test_wrong_calls_name_a_way_out(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_reopening_of_a_row_that_is_left_out_needs_no_resolution() -> None:
    assert 0 == len(cx.Contacts.from_conversations([ticket(0, 9, reopens=1, status="spam")]))


def test_the_case_of_a_status_does_not_matter() -> None:
    rows = [ticket(i, i + 1, status=status) for i, status in enumerate(("Merged", "SPAM", "open"))]
    assert 1 == len(cx.Contacts.from_conversations(rows))
    assert {"merged": 1, "spam": 1} == cx.response_times(rows).left_out
