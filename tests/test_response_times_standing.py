"""What holds for every log: one policy has one answer, and no wait ends before it begins."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import policies

ZERO = dt.datetime(2026, 3, 6, 9, tzinfo=dt.UTC)  # a Friday
HOURS = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
TARGETS = cx.ServiceTargets(
    first_response=dt.timedelta(minutes=30), reply=dt.timedelta(minutes=30), resolution=dt.timedelta(minutes=300)
)
PRESETS = [
    one
    for name in policies.__all__
    if name[-1].isalpha() and isinstance(one := getattr(policies, name), cx.ReplyPolicy)
]
CLOCKS = (
    "first_response", "reply", "resolution", "first_resolution", "our_resolution", "requester_wait", "agent_wait",
    "on_hold", "work_time", "handoff", "reopened_after",
)  # fmt: skip

minutes = st.integers(0, 20) | st.integers(0, 4_000)


def at(minute: int | None) -> dt.datetime | None:
    return None if minute is None else ZERO + dt.timedelta(minutes=minute)


@st.composite
def messages(draw: Any) -> list[cx.Message]:
    rows = draw(
        st.lists(
            st.builds(
                cx.Message,
                conversation=st.integers(0, 2),
                at=minutes.map(at),
                author=st.sampled_from(["customer", "customer", "agent", "agent", "bot"]),
                channel=st.sampled_from(["x", "y", None]),
                automatic=st.sampled_from([False] * 9 + [True]),
                handoff=st.sampled_from([False] * 9 + [True]),
                public=st.sampled_from([True] * 9 + [False]),
            ),
            min_size=1,
            max_size=12,
        )
    )
    # Which of two rows of one instant is read first is another matter.
    seen: dict[Any, cx.Message] = {(row.conversation, row.at): row for row in rows}
    return list(seen.values())


@st.composite
def tickets(draw: Any, rows: list[cx.Message]) -> list[cx.Conversation]:
    found = []
    for name in sorted({row.conversation for row in rows}):
        if draw(st.booleans()):
            continue
        opened = draw(minutes)
        first, last, left = (None if (more := draw(st.none() | minutes)) is None else opened + more for _ in range(3))
        if first is not None and last is not None:
            first, last = sorted((first, last))
        found.append(
            cx.Conversation(
                id=name, opened_at=at(opened), first_resolved_at=at(first), resolved_at=at(last),
                abandoned_at=None if last is not None else at(left), channel=draw(st.sampled_from(["x", "y", None])),
            )
        )  # fmt: skip
    return found


@st.composite
def changes(draw: Any, rows: list[cx.Message]) -> list[cx.Change]:
    found = []
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["status", "status", "status", "assigned", "handoff", "created"]))
        to = {
            "status": st.sampled_from(["open", "pending", "hold", "snoozed", "solved", "closed"]),
            "assigned": st.sampled_from(["p", "q"]),
            "created": st.sampled_from([None, "new", "open"]),
        }.get(kind, st.none())
        found.append(
            cx.Change(
                conversation=draw(st.sampled_from([row.conversation for row in rows])), at=at(draw(minutes)), kind=kind,
                to=draw(to), by=draw(st.sampled_from(["agent", "bot", "customer", None])),
            )
        )  # fmt: skip
    return found


def tables(result: Any) -> dict[str, Any]:
    figures = {name: value for name, value in result.to_dict().items() if name not in ("signature", "reasons")}
    figures |= {
        clock: sorted(
            str({name: value for name, value in row.items() if name != "started_by"}) for row in result.table(clock)
        )
        for clock in CLOCKS
        if getattr(result, clock) is not None
    }
    return figures


KNOWN_TO_BOTH = (
    "n", "conversations", "answered", "waiting", "bot_only", "outbound", "touches", "customer_messages",
    "first_response", "reply", "resolution", "first_resolution", "our_resolution", "business_first_response",
    "business_reply", "business_resolution", "business_first_resolution", "business_our_resolution",
)  # fmt: skip


@given(data=st.data(), rows=messages(), expires=st.sampled_from([None, dt.timedelta(hours=1)]), now=minutes)
@settings(max_examples=40, deadline=None)
def test_a_policy_has_one_answer_whichever_way_it_is_found(data, rows, expires, now):
    policy = cx.ReplyPolicy(expires=expires)
    given: dict[str, Any] = {
        "conversations": data.draw(tickets(rows)) or None, "hours": HOURS, "as_of": at(now), "targets": TARGETS,
        "policy": policy,
    }  # fmt: skip
    quickly = tables(cx.response_times(rows, **given))
    by_events = tables(cx.response_times(rows, changes=cx.Changes(conversation=[], at=[], kind=[]), **given))
    for name in KNOWN_TO_BOTH:
        assert quickly.get(name) == by_events.get(name), name


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.definition)
@given(data=st.data(), rows=messages())
@settings(max_examples=12, deadline=None)
def test_no_wait_ends_before_it_begins(policy, data, rows):
    policy = attrs.evolve(policy, per_conversation=data.draw(st.sampled_from(["all", policy.per_conversation])))
    result = cx.response_times(
        rows, conversations=data.draw(tickets(rows)) or None, changes=data.draw(changes(rows)), hours=HOURS,
        as_of=at(4_000), policy=policy,
    )  # fmt: skip
    for clock in CLOCKS:
        if getattr(result, clock) is not None:
            for row in result.table(clock):
                assert dt.timedelta(0) <= row["wait"], (clock, row)
                assert row["end"] is None or row["start"] <= row["end"], (clock, row)
