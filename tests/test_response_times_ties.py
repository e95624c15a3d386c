"""Rows of one kind at one instant: the order in which they come decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx

NINE = datetime(2026, 3, 2, 9)
POLICIES = (
    cx.DEFAULT_POLICY,
    cx.ReplyPolicy(bot="answers", credit="assignee_then", wait_from="last_customer", unit="minute"),
    cx.ReplyPolicy(credit="assignee_now", schedule_change="at_end", first_restarts={"assigned", "opened"}),
    cx.policies.CHATWOOT,
    cx.policies.ZAMMAD,
)
SHORT, LONG = (cx.BusinessHours({"mon": [span]}, tz="UTC") for span in ("09:00-09:02", "08:00-17:00"))
HOURS = {None: LONG, "chat": SHORT, "short": SHORT, "long": LONG}

talks, instants = st.integers(0, 1), st.integers(0, 2)
names, channels = st.sampled_from(["ann", "bob", None]), st.sampled_from(["chat", "mail", None])
messages = st.lists(
    st.tuples(
        talks, instants, st.sampled_from(["customer", "agent", "bot"]), names, channels, st.booleans(), st.booleans()
    ),
    min_size=1, max_size=12,
)  # fmt: skip
changes = st.lists(
    st.one_of(
        st.tuples(talks, instants, st.just("status"), st.sampled_from(["open", "pending", "solved"]), names),
        st.tuples(talks, instants, st.just("assigned"), names, names),
        st.tuples(talks, instants, st.just("schedule"), st.sampled_from(["short", "long"]), names),
        st.tuples(talks, instants, st.sampled_from(["created", "handoff"]), st.none(), names),
    ),
    max_size=8,
)


def after(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def measured(rows: list[tuple[Any, ...]], told: list[tuple[Any, ...]] | None, by: Any, policy: cx.ReplyPolicy) -> Any:
    talk, minute, author, agent, channel, handoff, public = zip(*rows, strict=True)
    log = cx.Messages(
        conversation=list(talk), at=[after(one) for one in minute], author=list(author), agent=list(agent),
        channel=list(channel), handoff=list(handoff), public=list(public), tz="UTC",
        # What nobody can group by, and what differs wherever anything does.
        extra={"raw": [[1, 2]] * len(rows), "content": [repr(row) for row in rows]},
    )  # fmt: skip
    events = None
    if told is not None:
        talk, minute, kind, to, agent = zip(*told, strict=True) if told else [()] * 5
        events = cx.Changes(
            conversation=list(talk), at=[after(one) for one in minute], kind=list(kind), to=list(to),
            agent=list(agent), tz="UTC",
        )  # fmt: skip
    targets = cx.ServiceTargets(first_response={"chat": timedelta(minutes=1)}, reply={"mail": timedelta(minutes=1)})
    return cx.response_times(log, changes=events, by=by, targets=targets, policy=policy, hours=HOURS, as_of=after(60))


def told_by(result: Any) -> list[str]:
    """Every row of every table."""
    rows = []
    for name, _ in result._clocks():
        if name != "handoff" or result.handoff is not None:
            rows += [repr(row) for row in result.table(name)]
    return sorted(rows)


@given(
    rows=messages, told=st.none() | changes, data=st.data(),
    by=st.sampled_from([None, "channel", "agent", "content", lambda message: message.public]),
    policy=st.sampled_from(POLICIES),
)  # fmt: skip
def test_the_order_of_rows_decides_nothing(
    rows: list[tuple[Any, ...]], told: list[tuple[Any, ...]] | None, data: st.DataObject, by: Any,
    policy: cx.ReplyPolicy,
) -> None:  # fmt: skip
    other = data.draw(st.permutations(rows))
    retold = None if told is None else data.draw(st.permutations(told))
    one, two = measured(rows, told, by, policy), measured(other, retold, by, policy)
    assert one == two
    if by is None:
        assert told_by(one) == told_by(two)


def test_of_two_answers_at_one_instant_the_first_by_name_is_credited() -> None:
    asked = (0, 0, "customer", None, "chat", False, True)
    bob, ann = ((0, 1, "agent", name, "chat", False, True) for name in ("bob", "ann"))
    for rows in ([asked, bob, ann], [ann, bob, asked]):
        for told in (None, []):
            waits = measured(rows, told, None, cx.DEFAULT_POLICY).table()
            assert ["ann"] == [row["agent"] for row in waits if row["ended"] == "answered"]


def test_of_two_assignments_at_one_instant_the_last_by_name_stands() -> None:
    rows = [(0, 0, "customer", None, "chat", False, True)]
    told = [(0, 1, "assigned", name, None) for name in ("bob", "ann")]
    for changes in (told, told[::-1]):
        assert ["bob"] == [row["agent"] for row in measured(rows, changes, None, cx.DEFAULT_POLICY).table()]


def test_hand_overs_at_one_instant_go_by_name() -> None:
    rows = [(0, minute, "agent", name, None, False, True) for minute, name in ((0, "bob"), (0, "ann"), (1, "ann"))]
    for told in (None, []):
        assert {2} == {measured(order, told, None, cx.DEFAULT_POLICY).touches.handovers for order in (rows, rows[::-1])}


def test_a_log_without_labels_is_left_as_it_is() -> None:
    log = cx.Messages(conversation=np.zeros(4, int), at=[NINE] * 4, author=["customer", "agent"] * 2)
    assert 1 == cx.response_times(log).first_response.n


@pytest.mark.parametrize("name", ["agent", "channel"])
def test_two_questions_at_one_instant_belong_to_one_group(name: str) -> None:
    labels = {name: ["y", "x"]}
    log = cx.Messages(conversation=[1, 1], at=[NINE] * 2, author="customer", **labels)
    turned = cx.Messages(conversation=[1, 1], at=[NINE] * 2, author="customer", **{name: ["x", "y"]})
    assert cx.response_times(log, by=name) == cx.response_times(turned, by=name)
