"""Rows of waits beside the figures they are behind: every clock, every way to count, and customers who left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest

import cxscore as cx
from cxscore import policies
from cxscore.policies import read_target

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
DESK = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
ALWAYS = cx.BusinessHours.always("UTC")
PRESETS = sorted(name for name in policies.__all__ if isinstance(getattr(policies, name), cx.ReplyPolicy))


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


def log(*rows: tuple[Any, float, str], **columns: Any) -> cx.Messages:
    """Messages as conversation, minute, author ("c" or "a")."""
    return cx.Messages(
        conversation=[row[0] for row in rows], at=[at(row[1]) for row in rows],
        author=[{"c": "customer", "a": "agent"}[row[2]] for row in rows], **columns,
    )  # fmt: skip


# -- rows and figures ----------------------------------------------------------------------------------


def desk(seed: int) -> dict[str, Any]:
    """A random log with its tickets, some of which customers left, some both left and resolved."""
    draw = np.random.default_rng(seed)
    talks = 12
    n = 60
    instants = np.sort(draw.integers(0, 6000, n)).tolist()
    messages = cx.Messages(
        conversation=draw.integers(0, talks, n).tolist(), at=[at(minute) for minute in instants],
        author=draw.choice(["customer", "agent", "agent"], n).tolist(),
        channel=draw.choice(["mail", "chat", "fax"], n).tolist(),
    )  # fmt: skip

    def some(share: float) -> list[datetime | None]:
        found = zip(draw.random(talks), draw.integers(10, 7000, talks).tolist(), strict=True)
        return [at(minute) if chance < share else None for chance, minute in found]

    tickets = cx.Conversations(
        id=list(range(talks)), opened_at=[at(0)] * talks, resolved_at=some(0.6), abandoned_at=some(0.4)
    )
    rows = draw.integers(0, talks, 25).tolist()
    changes = cx.Changes(
        conversation=[*range(talks), *rows], at=[at(0)] * talks + [at(m) for m in draw.integers(1, 6500, 25).tolist()],
        kind=["created"] * talks + ["status"] * 25,
        to=["new"] * talks + draw.choice(["open", "pending", "hold", "solved"], 25).tolist(),
    )  # fmt: skip
    return {"log": messages, "conversations": tickets, "changes": changes, "as_of": at(7200)}


def check_rows(result: cx.ResponseTimesResult) -> None:
    for name, summary in result._clocks():
        table = result.table(name)
        rows = list(table)
        answered = [row["wait"] for row in rows if row["ended"] == "answered"]
        assert summary.n == len(answered), name
        assert summary.total == sum(answered, timedelta(0)), name
        opened = [row["wait"] for row in rows if row["ended"] == "open"]
        assert (summary.waiting, summary.longest_waiting) == (len(opened), max(opened, default=None)), name
        for row in rows:
            end = row["as_of"] if row["end"] is None else row["end"]
            assert timedelta(0) <= row["wait"] <= end - row["start"], (name, row)
            assert T0 <= row["start"] <= end <= result.as_of, (name, row)
            if name.startswith("business_"):
                assert row["wait"] == row["business_wait"], (name, row)
        columns = table.columns
        for column in ("wait", "business_wait", "channel", "conversation", "as_of"):
            found = columns[column].tolist()
            if column == "as_of":
                found = [when.replace(tzinfo=UTC) for when in found]
            assert [row[column] for row in rows] == found, (name, column)
        for column in ("start", "end"):
            found = [None if when is None else when.replace(tzinfo=UTC) for when in columns[column].tolist()]
            assert [row[column] for row in rows] == found, (name, column)


@pytest.mark.parametrize("without_changes", [True, False])
@pytest.mark.parametrize("name", PRESETS)
def test_rows_add_up_to_their_clock(name: str, *, without_changes: bool) -> None:
    data = desk(len(name))
    if without_changes:
        del data["changes"]
    hours = {"mail": DESK, "chat": ALWAYS}
    check_rows(cx.response_times(**data, hours=hours, policy=getattr(policies, name)))


@pytest.mark.parametrize("per", ["longest", "sum", "median"])
@pytest.mark.parametrize("unit", ["second", "minute"])
def test_rows_add_up_where_a_conversation_has_one_figure(per: Any, unit: Any) -> None:
    policy = cx.ReplyPolicy(per_conversation=per, unit=unit, paused={"reply": {"pending"}})
    for seed in range(4):
        check_rows(cx.response_times(**desk(seed), hours={"mail": DESK, "chat": ALWAYS}, policy=policy))


def test_rows_of_a_clock_in_business_time_are_of_this_world() -> None:
    messages = log((1, 0, "c"), (1, 30, "a"), (2, 10, "c"))
    result = cx.response_times(messages, hours=DESK, as_of=at(50))
    first, second = result.table("business_first_response")
    assert (at(0), at(30), 30 * MINUTE) == (first["start"], first["end"], first["wait"])
    assert (at(10), None, 40 * MINUTE, at(50)) == tuple(second[name] for name in ("start", "end", "wait", "as_of"))


# -- one figure a conversation -------------------------------------------------------------------------


@pytest.mark.parametrize("per", ["longest", "sum", "median"])
def test_who_waits_is_not_hidden_by_an_earlier_answer(per: Any) -> None:
    messages = log((1, 0, "c"), (1, 5, "a"), (1, 10, "c"))
    policy = cx.ReplyPolicy(per_conversation=per)
    targets = cx.ServiceTargets(reply=30 * MINUTE)
    result = cx.response_times(messages, policy=policy, targets=targets, as_of=at(600), hours=ALWAYS)
    assert (1, 1, 1, 0.5) == (
        result.reply.n, result.reply.waiting, result.reply.waiting_over_target, result.reply.within_target
    )  # fmt: skip
    assert 1 == result.business_reply.waiting
    (row,) = result.at_risk()
    assert (1, "reply", 590 * MINUTE, True) == (row["conversation"], row["clock"], row["age"], row["missed"])


@pytest.mark.parametrize(("per", "wait", "business"), [("sum", 40, 30), ("median", 20, 15)])
def test_a_row_of_several_waits_says_from_when_to_when(per: Any, wait: int, business: int) -> None:
    # The desk closes within the second wait.
    messages = log((1, 450, "c"), (1, 460, "a"), (1, 460.5, "c"), (1, 490.5, "a"))
    result = cx.response_times(messages, policy=cx.ReplyPolicy(per_conversation=per), hours=DESK)
    (row,) = result.table("reply")
    assert (at(450), at(490.5)) == (row["start"], row["end"])
    assert (wait * MINUTE, result.reply.mean) == (row["wait"], row["wait"])
    assert row["business_wait"] == result.business_reply.mean
    assert timedelta(minutes=29.5 if per == "sum" else 14.75) == row["business_wait"]


def test_a_figure_of_several_waits_takes_the_hours_that_are_known() -> None:
    messages = log(
        (1, 0, "c"), (1, 10, "a"), (1, 20, "c"), (1, 50, "a"), (2, 0, "c"), (2, 5, "a"),
        channel=["mail", None, "fax", None, "fax", None],
    )  # fmt: skip
    result = cx.response_times(messages, policy=cx.ReplyPolicy(per_conversation="sum"), hours={"mail": DESK})
    assert [(40 * MINUTE, 10 * MINUTE), (5 * MINUTE, None)] == [
        (row["wait"], row["business_wait"]) for row in result.table("reply")
    ]
    assert (1, 10 * MINUTE) == (result.business_reply.n, result.business_reply.mean)


# -- our part of the resolution ------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [None, []])
def test_our_part_of_a_conversation_that_was_left_ends_there(changes: Any) -> None:
    ticket = cx.Conversation(id=1, opened_at=at(0), abandoned_at=at(20), resolved_at=None)
    other = cx.Conversation(id=2, opened_at=at(0), resolved_at=at(60))
    messages = log((1, 0, "c"), (1, 10, "a"), (2, 0, "c"), (2, 15, "a"))
    result = cx.response_times(
        messages, conversations=[ticket, other], changes=changes, as_of=at(1000), hours=DESK
    )  # fmt: skip
    first, second = sorted(result.table("our_resolution"), key=lambda row: row["conversation"])
    assert (at(0), at(20), 10 * MINUTE, 10 * MINUTE, "abandoned") == tuple(
        first[name] for name in ("start", "end", "wait", "business_wait", "ended")
    )
    assert (at(0), at(60), 15 * MINUTE, 15 * MINUTE) == tuple(
        second[name] for name in ("start", "end", "wait", "business_wait")
    )
    assert 15 * MINUTE == result.business_our_resolution.mean


# -- nothing to list -----------------------------------------------------------------------------------


def test_a_result_without_clocks_says_what_it_lacks() -> None:
    result = cx.response_times(
        log((1, 0, "c"), (1, 5, "a")), policy=policies.CHATWOOT, targets=cx.ServiceTargets(reply=MINUTE)
    )
    assert 0 == len(result.at_risk())
    assert result.reopen_rate(timedelta(days=1)) is None
    with pytest.raises(cx.ArgumentValueError, match=r"table\(\) needs waits .*reply needs status changes"):
        result.table()
    tally = cx.DurationTally.of(log((1, 0, "c"), (1, 5, "a")))
    with pytest.raises(cx.ArgumentValueError, match="made from a tally"):
        cx.response_times(tally).table()


# -- ticket rows and policies --------------------------------------------------------------------------


def test_ticket_rows_follow_what_they_can_and_say_what_not() -> None:
    ticket = cx.Conversation(id=1, opened_at=at(0), first_response_at=at(1.5), resolved_at=at(60.5))
    usual = cx.response_times([ticket])
    assert "policy" not in usual.reasons
    policy = attrs.evolve(policies.ZAMMAD, unit="minute")
    result = cx.response_times([ticket], policy=policy)
    assert (MINUTE, 60 * MINUTE) == (result.first_response.mean, result.resolution.mean)
    assert "cxscore,unit=minute" == result._signature.definition["policy"]
    assert "per_conversation" in result.reasons["policy"]
    assert "unit" not in result.reasons["policy"]
    assert "decided nothing" in str(result._lines())
    tally = cx.DurationTally.of([ticket], policy=policy)
    assert ("cxscore,unit=minute", 60_000_000) == (tally.policy, tally.longest)


def test_no_hours_decides_for_ticket_rows_too() -> None:
    ticket = cx.Conversation(id=1, opened_at=at(0), first_response_at=at(5), channel="fax")
    policy = cx.ReplyPolicy(no_hours="calendar")
    result = cx.response_times([ticket], policy=policy, hours={"mail": DESK})
    assert 5 * MINUTE == result.business_first_response.mean
    assert "policy" not in result.reasons


# -- customers who left --------------------------------------------------------------------------------

LEFT = [
    ({"abandoned_at": at(20), "resolved_at": at(60)}, "abandoned", 20),
    ({"abandoned_at": at(60), "resolved_at": at(60)}, "answered", 60),
    ({"abandoned_at": at(90), "resolved_at": at(60)}, "answered", 60),
    ({"abandoned_at": at(20)}, "abandoned", 20),
]


@pytest.mark.parametrize(("fields", "ended", "minute"), LEFT)
def test_a_resolution_after_the_customer_left_is_none(fields: dict[str, Any], ended: str, minute: int) -> None:
    ticket = cx.Conversation(id=1, opened_at=at(0), customer="ada", **fields)
    messages, other = log((1, 0, "c")), cx.Conversation(id=2, opened_at=at(0), resolved_at=at(1))
    for result in (
        cx.response_times([ticket, other], as_of=at(100)),
        cx.response_times(messages, conversations=[ticket, other], as_of=at(100)),
        cx.response_times(messages, conversations=[ticket, other], changes=[], as_of=at(100)),
    ):
        (row,) = (row for row in result.table("resolution") if row["conversation"] == 1)
        assert (ended, at(minute)) == (row["ended"], row["end"])
    last = cx.backlog([ticket], as_of=at(100), tz="UTC").periods[-1]
    assert (int(ended == "answered"), int(ended == "abandoned")) == (last.resolved, last.abandoned)
    for reopens in ("count", "ignore"):
        (contact,) = cx.Contacts.from_conversations([ticket], reopens=reopens)
        assert at(minute) == contact.ended_at


@pytest.mark.parametrize("resolution", ["last", "first", "each"])
def test_a_solved_status_after_the_customer_left_is_no_resolution(resolution: Any) -> None:
    ticket = cx.Conversation(id=1, opened_at=at(0), abandoned_at=at(20))
    states = [cx.Change(conversation=1, at=at(60), kind="status", to="solved")]
    policy = cx.ReplyPolicy(resolution=resolution)
    result = cx.response_times(
        log((1, 0, "c")), conversations=[ticket], changes=states, as_of=at(100), policy=policy
    )  # fmt: skip
    (row,) = result.table("resolution")
    assert ("abandoned", at(20)) == (row["ended"], row["end"])


def test_a_first_resolution_before_the_customer_left_stands() -> None:
    ticket = cx.Conversation(
        id=1, opened_at=at(0), first_resolved_at=at(10), abandoned_at=at(20), resolved_at=at(60), customer="ada"
    )
    result = cx.response_times([ticket], as_of=at(100))
    assert (1, 10 * MINUTE, 1) == (
        result.first_resolution.n, result.first_resolution.mean, result.resolution.abandoned
    )  # fmt: skip
    contacts = cx.Contacts.from_conversations([ticket])
    assert [(at(0), at(10)), (at(20), at(20))] == [(one.at, one.ended_at) for one in contacts]


def test_resolutions_after_the_customer_left_are_in_the_period_in_which_he_did() -> None:
    ticket = cx.Conversation(
        id=1, opened_at=at(0), abandoned_at=at(20), resolved_at=at(60 * 24 * 3), first_response_at=at(5)
    )
    months = cx.response_times([ticket], by=cx.period("opened_at", "day", tz="UTC"), as_of=at(60 * 24 * 4))
    assert ["2026-03-02"] == [str(day) for day, one in months.items() if one.resolution.abandoned]


# -- what a signature says of channels -----------------------------------------------------------------


def test_unlike_hours_have_unlike_signatures() -> None:
    def said(hours: Any) -> str:
        return cx.response_times(log((1, 0, "c")), hours=hours)._signature.definition["hours"]

    tricky = {f"a={DESK.digest},b": ALWAYS}
    plain = {"a": DESK, "b": ALWAYS}
    several = [{None: DESK}, {"None": DESK}, {1: DESK}, {"1": DESK}, {"%int:1": DESK}, {1.5: DESK}, tricky, plain]
    assert len(several) == len({said(hours) for hours in several})
    assert f"a={DESK.digest},b={ALWAYS.digest}" == said(plain)
    assert not {"|", ";"} & set(said({"a|b;c": DESK}))
    assert said({1: DESK}) == said({np.int64(1): DESK}) == said({1.0: DESK}) == said({True: DESK})


def test_unlike_targets_have_unlike_definitions() -> None:
    keys = [1, "1", None, "None", "%int:1", "%", "a:b", 1.5, "1.5", (1, 2)]
    definitions = [cx.ServiceTargets(reply={key: MINUTE}).definition("reply") for key in keys]
    assert len(keys) == len(set(definitions))
    assert [1, "1", None, "None", "%int:1", "%", "a:b", "1.5", "1.5", "(1, 2)"] == [
        next(iter(read_target(definition))) for definition in definitions
    ]
    assert "a:b=60s" == definitions[6]
