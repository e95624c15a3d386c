"""The synthetic help desk: the same every time, consistent in itself, and as awkward as a real one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import sample
from cxscore._inputs import NAT


@pytest.fixture(scope="module")
def desk():
    return sample.helpdesk()


def column(batch, name):
    found = batch.coded(name)
    return np.array([found.labels[code] for code in found.codes], dtype=object)


def digest(*batches):
    """A fingerprint of what must not change between versions of Python and numpy."""
    found = hashlib.sha256()
    for batch in batches:
        for name in batch.columns:
            values = batch.times(name).tolist() if name in batch._instants else list(batch.raw(name))
            found.update(repr([value.item() if isinstance(value, np.generic) else value for value in values]).encode())
    return found.hexdigest()[:16]


# -- the same every time -----------------------------------------------------------------------------


def test_same_seed_same_desk():
    one, other = sample.helpdesk(300, 11), sample.helpdesk(300, 11)
    assert one == other
    assert hash(one) == hash(other)
    assert one != sample.helpdesk(300, 12)


def test_drawn_alike_on_every_machine():
    # The same with numpy 2.0 and 2.4; everything is made of PCG64's uniform numbers, floored to whole seconds.
    desk = sample.helpdesk(100, 7)
    assert digest(desk.messages, desk.conversations, desk.contacts, desk.responses) == "efa62787b84e5428"
    assert digest(desk.changes) == "5126e89425d84363"


def test_start_and_days_move_everything():
    start = datetime(2025, 6, 2, 2, tzinfo=timezone(timedelta(hours=2)))
    desk = sample.helpdesk(100, 3, start=start, days=14)
    opened = desk.conversations.times("opened_at").view("M8[us]")
    assert desk.as_of == datetime(2025, 6, 16, tzinfo=UTC)
    assert opened.min() >= np.datetime64("2025-06-02T00:00")
    assert opened.max() < np.datetime64("2025-06-16T00:00")


def test_says_that_it_is_synthetic(desk):
    assert "synthetic" in repr(desk)
    assert "2,000 conversations" in repr(desk)
    people = {label for label in column(desk.contacts, "customer") if label is not None}
    assert all(label == "service account" or label.startswith("customer ") for label in people)


def test_frozen(desk):
    with pytest.raises(AttributeError):
        desk.seed = 8


# -- consistent in itself ----------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32), st.integers(1, 20))
def test_any_size_holds_together(n, seed, days):
    desk = sample.helpdesk(n, seed, days=days)
    end = desk.as_of
    assert len(desk.conversations) == n
    assert set(column(desk.messages, "conversation")) == set(range(1, n + 1))
    for batch in (desk.messages, desk.conversations, desk.contacts, desk.responses, desk.changes):
        assert batch.aware is True or len(batch) == 0
        latest = batch.latest()
        assert latest is None or latest <= end.timestamp() * 1e6
    tickets = desk.conversations
    opened = tickets.times("opened_at")
    assert np.all(np.diff(opened) >= 0)
    assert np.all(np.diff(desk.messages.times("at")) >= 0)
    assert np.all(np.diff(desk.changes.times("at")) >= 0)
    for name in ("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at"):
        at = tickets.times(name)
        assert np.all((at == NAT) | (at >= opened))
    resolved, first = tickets.times("resolved_at"), tickets.times("first_resolved_at")
    assert np.all((resolved == NAT) | (resolved >= first))


def test_tickets_agree_with_their_messages():
    desk = sample.helpdesk(600, 2)
    first_message: dict[int, datetime] = {}
    first_answer: dict[int, datetime] = {}
    asked: set[int] = set()
    written = dict.fromkeys(range(1, 601), 0)
    for message in desk.messages:
        written[message.conversation] += 1
        first_message.setdefault(message.conversation, message.at)
        if message.author == "customer" and not message.automatic:
            asked.add(message.conversation)
        human = message.author == "agent" and message.public and not message.automatic
        if human and message.conversation in asked:
            first_answer.setdefault(message.conversation, message.at)
    for ticket in desk.conversations:
        assert ticket.opened_at == first_message[ticket.id]
        assert ticket.first_response_at == first_answer.get(ticket.id)
        assert ticket.messages == written[ticket.id]
        assert (ticket.status == "resolved") <= (ticket.resolved_at is not None)


def test_changes_tell_what_tickets_and_messages_tell(desk):
    """Statuses given beside the conversations change no figure, and alone tell the same."""
    given = {"targets": cx.TARGETS, "as_of": desk.as_of}
    plain = cx.response_times(desk.messages, conversations=desk.conversations, **given)
    both = cx.response_times(desk.messages, conversations=desk.conversations, changes=desk.changes, **given)
    alone = cx.response_times(desk.messages, changes=desk.changes, **given)
    for clock in ("first_response", "reply", "resolution", "first_resolution"):
        assert getattr(both, clock) == getattr(plain, clock), clock
    for name in ("conversations", "answered", "waiting", "bot_only", "outbound", "reopened"):
        assert getattr(both, name) == getattr(plain, name), name
    assert both.left_out == plain.left_out == alone.left_out
    # Only conversations tell who left; without them those still wait.
    assert alone.resolution.n == plain.resolution.n
    assert alone.resolution.waiting == plain.resolution.waiting + plain.resolution.abandoned
    assert both.reopens == both.reopened == desk.conversations.raw("reopens").sum() > 20
    assert both.touches.handovers > 50
    assert both.handoff.n > 100
    assert both.agent_wait.mean > timedelta(0) < both.on_hold.mean
    assert not [name for name, reason in both.reasons.items() if reason.startswith("needs")]


def test_every_conversation_is_created_once_and_assigned_before_its_answer(desk):
    created, assigned = {}, {}
    for change in desk.changes:
        if change.kind == "created":
            assert change.conversation not in created
            created[change.conversation] = change.at
        elif change.kind == "assigned":
            assigned[change.conversation] = change
        assert change.at >= created[change.conversation]
    for ticket in desk.conversations:
        assert created[ticket.id] == ticket.opened_at
        # An answer that lies beyond the extract may be prepared in it; an outbound one is nobody's answer.
        if ticket.first_response_at is not None:
            assert assigned[ticket.id].to == ticket.agent
            assert assigned[ticket.id].at <= ticket.first_response_at


def test_surveys_point_to_real_conversations_and_people(desk):
    tickets = {ticket.id: ticket for ticket in desk.conversations}
    for response in desk.responses:
        assert response.survey in ("contact", "relationship")
        assert (response.score is None) == (response.at is None)
        if response.score is not None:
            assert response.at > response.asked_at
            low, high = (1, 5) if response.survey == "contact" else (0, 10)
            assert low <= response.score <= high
        else:
            assert response.tags == ()
        if response.survey == "contact":
            ticket = tickets[response.conversation]
            assert response.agent == ticket.agent
            assert response.asked_at == ticket.first_resolved_at + timedelta(hours=1)


def test_contacts_are_the_conversations_that_count(desk):
    statuses = column(desk.conversations, "status")
    assert len(desk.contacts) == int(np.sum((statuses != "spam") & (statuses != "merged")))


# -- as awkward as a real one ------------------------------------------------------------------------


def test_all_that_makes_measuring_hard_is_there(desk):
    messages, tickets = desk.messages, desk.conversations
    author = column(messages, "author")
    assert set(author) == {"customer", "agent", "bot"}
    assert np.sum(~messages.flag("public", default=True)) > 100
    assert np.sum(messages.flag("automatic", default=False) & (author == "agent")) > 100
    assert np.sum(messages.flag("automatic", default=False) & (author == "customer")) > 10
    assert np.sum(messages.flag("handoff", default=False)) > 50
    assert set(column(tickets, "status")) == {"open", "resolved", "abandoned", "spam", "merged"}
    assert set(column(tickets, "channel")) == {"email", "chat", "social"}
    assert None in set(column(tickets, "topic"))
    assert None in set(column(tickets, "customer"))
    assert tickets.raw("reopens").sum() > 20
    assert any(response.tags for response in desk.responses)


def test_waits_are_skewed_and_differ_by_channel(desk):
    wait = desk.conversations.times("first_response_at") - desk.conversations.times("opened_at")
    answered = desk.conversations.times("first_response_at") != NAT
    channel = column(desk.conversations, "channel")
    median = {}
    for name in ("email", "chat", "social"):
        waits = wait[answered & (channel == name)]
        median[name] = np.median(waits)
        assert np.mean(waits) > 1.4 * median[name]
    assert median["chat"] < median["social"] < median["email"]


def test_busy_hours_and_weekdays(desk):
    opened = desk.conversations.times("opened_at")
    hour = opened // 3_600_000_000 % 24
    day = (opened // 86_400_000_000 + 3) % 7
    assert np.mean((hour >= 9) & (hour < 17)) > 0.5
    assert np.mean(day >= 5) < 0.15


def test_the_slow_are_less_satisfied(desk):
    contact = desk.responses[column(desk.responses, "survey") == "contact"]
    tickets = {ticket.id: ticket for ticket in desk.conversations}
    waits = []
    for response in contact:
        ticket = tickets[response.conversation]
        long = timedelta(hours=12) if ticket.channel == "email" else timedelta(hours=1)
        waits.append("slow" if ticket.first_response_at - ticket.opened_at > long else "fast")
    found = cx.csat(contact, by=np.array(waits))
    assert found["slow"].score < found["fast"].score - 5


def test_some_customers_come_back_and_one_is_a_machine(desk):
    names, counts = np.unique(
        [label for label in column(desk.contacts, "customer") if label is not None], return_counts=True
    )
    assert names[np.argmax(counts)] == "service account"
    assert counts.max() > 3 * np.sort(counts)[-2]
    assert np.sum(counts > 1) > 200


def test_surveys_have_unanswered_invitations(desk):
    survey = column(desk.responses, "survey")
    for name in ("contact", "relationship"):
        scores = [response.score for response in desk.responses[survey == name]]
        assert 0.2 < sum(score is not None for score in scores) / len(scores) < 0.5


# -- wrong arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"conversations": 0}, cx.errors.ArgumentValueError, "conversations must be 1 or more"),
        ({"conversations": 2.5}, cx.errors.ArgumentTypeError, "conversations must be a whole number"),
        ({"conversations": True}, cx.errors.ArgumentTypeError, "whole number"),
        ({"seed": -1}, cx.errors.ArgumentValueError, "seed must be 0 or more"),
        ({"days": 0}, cx.errors.ArgumentValueError, "days must be 1 or more"),
        ({"start": "2026-01-05"}, cx.errors.ArgumentTypeError, "start must be a datetime"),
        ({"start": datetime(2026, 1, 5)}, cx.errors.ArgumentValueError, "start must have a zone"),
    ],
)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        sample.helpdesk(**arguments)
