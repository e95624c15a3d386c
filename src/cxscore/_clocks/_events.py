"""Logs of messages and changes as clocks under any policy.

Reads a policy into the rules of the core, lays messages, changes and tickets end to end, and makes clocks of what the
walk over them finds. Computes no figure.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._core import events
from .._core.threads import worthwhile
from .._inputs import NAT, Coded
from ..batches import Changes, Conversations, Messages
from ..policies import ReplyPolicy, ServiceTargets
from ._base import (
    Clock,
    ConversationLabels,
    Named,
    Timeline,
    channel_targets,
    channels_of,
    first_answerers,
    taken,
)
from ._credit import Credit
from ._happened import People, Rows, laid_out, message_kinds, rows_in_order, schedule_changes
from ._labels import channels_of_conversations, labels_of_rows, rows_of_conversations
from ._messages import written_until_resolved
from ._reading import read
from ._spans import BY_START, Known, spans_of, waits_of
from ._units import Spans, Units, group_units, ungrouped

__all__ = ["read_events"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Why a wait starts where it does, in the order of `Start`.
STARTED_BY = (
    "created", "customer", "handoff", "opened", "bot_resolved", "last_customer", "previous_answer", "assigned",
    "resolved",
)  # fmt: skip


def rules_of(policy: ReplyPolicy) -> events.Rules:
    """The policy in the words of the core."""

    def statuses(names: Any) -> tuple[events.Status, ...]:
        return tuple(sorted(events.Status[name.upper()] for name in names))

    touch = policy.one_touch
    return events.Rules(
        first_from=events.FirstFrom[policy.first_from.upper()],
        first_restarts=tuple(sorted(events.Start[name.upper()] for name in policy.first_restarts)),
        opened_by_agent=events.OpenedByAgent[policy.opened_by_agent.upper()],
        bot=events.BotMessage[policy.bot.upper()],
        status_answers=statuses(policy.status_answers),
        wait_from=events.WaitFrom[policy.wait_from.upper()],
        first_is_reply=policy.first_is_reply,
        on_resolve=events.OnResolve[policy.on_resolve.upper()],
        resolution_from=events.ResolutionFrom[policy.resolution_from.upper()],
        resolved=statuses(policy.resolved),
        paused_first=statuses(policy.paused.get("first", ())),
        paused_reply=statuses(policy.paused.get("reply", ())),
        paused_resolution=statuses(policy.paused.get("resolution", ())),
        reopened_from=statuses(policy.reopened_from),
        one_touch=events.OneTouch[touch.upper()] if isinstance(touch, str) else events.OneTouch.WITHIN,
        one_touch_within=0 if isinstance(touch, str) else _inputs.duration(touch, "one_touch"),
        expires=None if policy.expires is None else _inputs.duration(policy.expires, "expires"),
        bot_only_waits=policy.bot_only == "waits" and "bot_only" not in policy.leave_out,
    )


def read_events(
    log: Messages,
    changes: Changes | None,
    table: Conversations | None,
    by: Any,
    targets: ServiceTargets,
    as_of: Any,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
    *,
    complete: bool,
) -> Timeline:
    """Read a log of messages with its changes and its conversations, if given."""
    reading = read(log, changes, table, as_of, policy, missing, invalid)
    now, account, tickets, told = reading.now, reading.messages, reading.tickets, reading.told
    join, of_change = reading.join, reading.of_change
    at, author, codes, size = log.times("at"), log.authors(), join.codes, len(join.labels)
    whole = account.kept.copy()  # rows of conversations that count, whoever wrote them

    # -- what happened
    kind = message_kinds(log, author, account, policy)
    people = People(log, changes, join)
    written, said = rows_in_order(reading, whole, kind)
    rows = laid_out(reading, kind, written, said, people)
    found = events.walk(
        rows.conversation, rows.at, rows.kind, rows.status, rows.by, rows.agent, rules_of(policy), size,
        now=0 if now is None else now, threads=worthwhile(len(rows.at)),
    )  # fmt: skip
    left_at = reading.end_of("abandoned_at")
    talks = found.conversations
    message_of = np.append(rows.message, -1)
    first_customer = message_of[talks.first_customer]
    counted = join.spread(tickets.kept)
    counted[codes[np.flatnonzero(whole)]] = True
    counted[of_change[np.flatnonzero(told.kept)]] = True

    # -- what to measure
    listed, first, reply = waits_of(found)
    known = Known(reading, counted, people, complete=complete)
    outside = talks.bot_only & ("bot_only" in policy.leave_out)  # of every clock
    spans = [span.without(outside) for span in spans_of(found, known, policy, left_at)]
    credit = Credit(policy.credit, people, changes, said, of_change, rows)
    whose = credit.of_waits(listed)
    by_first = listed.is_first & (listed.answered_by >= 0)
    first_by = first_answerers(listed.conversation, by_first, whose, size, people.nobody)
    owners = [credit.of_span(span, first_by) for span in spans]
    talk_row = rows_of_conversations(log, codes, whole, first_customer)
    talk_at = np.where(talk_row >= 0, np.append(at, NAT)[talk_row], talks.created_at)
    opened_by = message_of[listed.opened_by]
    shown = counted | (talk_row >= 0)
    shown[join.of_ticket] = shown[of_change] = True  # what is left out is counted in a group, too
    units = Units(
        waits=Spans(listed.conversation, listed.start, listed.end),
        opened_by=np.where(opened_by >= 0, opened_by, talk_row[listed.conversation]),
        is_first=listed.is_first, agent=Coded(whose, people.labels, "agent"),
        assignee=credit.now, answered_by=message_of[listed.answered_by], talk_row=talk_row, talk_at=talk_at,
        shown=np.flatnonzero(shown),
        spans=[
            Spans(one.conversation, one.start, one.end, one.name not in BY_START, owner)
            for one, owner in zip(spans, owners, strict=True)
        ],
        by_start=policy.counted_at == "start", aware=reading.aware,
    )  # fmt: skip
    groups = ungrouped(counted, len(spans)) if by is None else group_units(by, log, join, units, counted, now)

    # -- clocks
    of_row = labels_of_rows("channel", log, join)
    of_talk = channels_of_conversations(of_row, join, talk_row)
    of_wait = None
    if of_row is not None and of_talk is not None:
        own = np.append(of_row.codes.astype(np.int64), -1)[units.opened_by]
        own = np.where(units.opened_by >= 0, own, of_talk.codes[listed.conversation])
        of_wait = Coded(own, of_talk.labels, "channel")
    every = Clock(
        name="reply", start=listed.start, end=listed.end, outcome=listed.outcome, target=None, group=groups.waits,
        conversation=listed.conversation, agent=Named(people.labels, whose), first=listed.is_first,
        channel=of_wait, started_by=Named(STARTED_BY, listed.start_reason),
    )  # fmt: skip
    lacking = known.reasons(policy, found)
    clocks: dict[str, Clock] = {}
    for name, numbers, pause in (
        ("first_response", first, found.pauses.first),
        ("reply", reply, found.pauses.reply),
    ):
        if name not in lacking:
            clock = every.rows(numbers)
            clocks[name] = attrs.evolve(
                clock, name=name, paused=pause if len(pause.start) else None,
                target=channel_targets(getattr(targets, name), clock.channel, np.arange(len(numbers))),
            )  # fmt: skip
    for span, group, owner in zip(spans, groups.spans, owners, strict=True):
        if span.name in lacking:
            continue
        channel = taken(of_talk, span.conversation)
        promised = targets.resolution if span.name in ("resolution", "first_resolution") else None
        clocks[span.name] = Clock(
            name=span.name, start=span.start, end=span.end, outcome=span.outcome,
            target=channel_targets(promised, channel, np.arange(len(span.start))), group=group,
            conversation=span.conversation, agent=Named(people.labels, owner), channel=channel,
            paused=span.paused, started_by=Named(STARTED_BY, np.full(len(span.start), span.started_by)),
        )  # fmt: skip
    settled = _settled(rows, talks) if policy.on_resolve == "keeps_wait" else None
    present = 0 if now is None else now
    clocks = {name: _stopped(clock, present) for name, clock in clocks.items()}
    used, left = account.by_group(groups.rows, groups.size)
    of_group = None if by is None else groups.conversations
    return Timeline(
        of_messages=True, as_of=now, aware=reading.aware, clocks=clocks, keys=groups.keys, names=groups.names,
        many=groups.many, used=used, left=left,
        tickets_left=tickets.by_group(None if of_group is None else of_group[join.of_ticket], groups.size)[1],
        changes_left=told.by_group(None if of_group is None else of_group[of_change], groups.size)[1],
        group=np.where(counted, groups.conversations, -1), label=ConversationLabels(join.labels),
        channels=channels_of(of_row, groups.rows, account.kept), answers=talks.answers,
        customer_messages=written_until_resolved(
            codes, at, account.kept & (author == 0), np.where(outside, NAT, talks.resolved_at)
        )
        if known.resolutions
        else None,
        bot_only=talks.bot_only, outbound=talks.outbound, reopened=known.reopened(join, tickets, talks),
        effort=known.effort(talks, people, policy, outside), schedules=schedule_changes(changes, said, of_change),
        reasons=known.notes(policy, found) | lacking, policy=policy, settled=settled,
    )  # fmt: skip


def _settled(rows: Rows, talks: events.Conversations) -> Bools:
    """Conversations that are resolved, with nothing from the customer since."""
    asked = rows.kind == events.Kind.CUSTOMER
    latest = np.full(len(talks.resolved_at), NAT, dtype=np.int64)
    np.maximum.at(latest, rows.conversation[asked], rows.at[asked])
    return talks.resolved_at_end & (latest <= talks.resolved_at)


def _stopped(clock: Clock, now: int) -> Clock:
    """The clock with what its pauses take off each wait."""
    if clock.paused is None:
        return clock
    number, start, end = events.pieces(clock.conversation, clock.start, clock.until(now), clock.paused)
    off = np.zeros(len(clock.start), dtype=np.int64)
    np.add.at(off, number, end - start)
    return attrs.evolve(clock, off=off)
