"""Logs of messages and changes as clocks under any policy.

Reads a policy into the rules of the core, lays messages, changes and tickets end to end, and makes clocks of what the
walk over them finds. Computes no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import Account, LeftOut
from .._core import events
from .._inputs import NAT, Coded
from ..batches import Changes, Conversations, Messages
from ..policies import ReplyPolicy, ServiceTargets
from ._base import (
    Clock,
    ConversationLabels,
    Timeline,
    channel_targets,
    channels_of,
    leave_out_missing,
    leave_out_statuses,
    missing_label,
    now_of,
    taken,
    ticket_ends,
)
from ._credit import Credit
from ._happened import (
    ASIDE,
    People,
    Rows,
    laid_out,
    message_kinds,
    rows_in_order,
    schedule_changes,
    whole_conversations,
    with_changes,
)
from ._labels import Join, bring_together, labels_of_rows, one_numbering, rows_of_conversations
from ._messages import written_until_resolved
from ._spans import BY_START, Known, spans_of, waits_of
from ._units import Spans, Units, group_units

__all__ = ["read_events"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Why a wait starts where it does, in the order of `Start`.
STARTED_BY = (
    "created", "customer", "handoff", "opened", "bot_resolved", "last_customer", "previous_answer", "assigned",
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
) -> Timeline:
    """Read a log of messages with its changes and its conversations, if given."""
    now, aware = now_of(as_of, log, changes, table)
    at, author, of_log = log.times("at"), log.authors(), log.coded("conversation")
    account = Account(len(log))
    tickets = Account(0 if table is None else len(table))
    told = Account(0 if changes is None else len(changes))
    join = bring_together(of_log, table, tickets, missing)
    join, of_change = with_changes(join, changes)
    codes, size = join.codes, len(join.labels)

    # -- what counts
    leave_out_missing(account, missing_label(of_log), "conversation", missing)
    leave_out_missing(account, at == NAT, "at", missing)
    if changes is not None:
        leave_out_missing(told, missing_label(changes.coded("conversation")), "conversation", missing)
        leave_out_missing(told, changes.times("at") == NAT, "at", missing)
        leave_out_missing(told, changes.kinds() < 0, "kind", missing)
    if as_of is not None and now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, at > now)
        if changes is not None:
            told.leave_out(LeftOut.AFTER_AS_OF, changes.times("at") > now)
    aside = {ASIDE[name] for name in policy.leave_out if name in ASIDE} | {LeftOut.TEST}
    ends: dict[str, Ints] = {}
    if table is not None:
        leave_out_statuses(table, tickets, aside)
        leave_out_missing(tickets, table.times("opened_at") == NAT, "opened_at", missing)
        if as_of is not None and now is not None:
            tickets.leave_out(LeftOut.AFTER_AS_OF, table.times("opened_at") > now)
        ends = ticket_ends(table, tickets, now, invalid)
    for reason, gone in whole_conversations(join, tickets, changes, told, of_change, aside).items():
        account.leave_out(reason, gone[codes])
        told.leave_out(reason, gone[of_change])
        tickets.leave_out(reason, gone[join.of_ticket])
    whole = account.kept.copy()  # rows of conversations that count, whoever wrote them

    # -- what happened
    kind = message_kinds(log, author, account, policy)
    people = People(log, changes, join)
    written, said = rows_in_order(log, kind, whole, codes, changes, told, of_change)
    rows = laid_out(log, kind, written, codes, changes, said, of_change, table, tickets, ends, join, people)
    found = events.walk(
        rows.conversation, rows.at, rows.kind, rows.status, rows.by, rows.agent, rules_of(policy), size,
        now=0 if now is None else now, threads=2 if len(rows.at) > 1 << 20 else 1,
    )  # fmt: skip
    talks = found.conversations
    message_of = np.append(rows.message, -1)
    first_customer = message_of[talks.first_customer]
    ticket_kept = join.spread(tickets.kept)
    counted = ticket_kept.copy()
    counted[codes[np.flatnonzero(whole)]] = True
    counted[of_change[np.flatnonzero(told.kept)]] = True

    # -- what to measure
    listed, first, reply = waits_of(found)
    known = Known(changes, told, table, ticket_kept, counted, people)
    left_at = np.full(size, NAT, dtype=np.int64)
    if table is not None:
        left_at = np.where(ticket_kept, np.append(ends["abandoned_at"], NAT)[join.ticket], NAT)
    outside = talks.bot_only & ("bot_only" in policy.leave_out)  # of every clock
    spans = [span.without(outside) for span in spans_of(found, known, policy, left_at)]
    credit = Credit(policy.credit, people, changes, said, of_change, rows)
    talk_row = rows_of_conversations(log, codes, whole, first_customer)
    talk_at = np.where(talk_row >= 0, np.append(at, NAT)[talk_row], talks.created_at)
    opened_by = message_of[listed.opened_by]
    shown = counted | (talk_row >= 0)
    shown[join.of_ticket] = shown[of_change] = True  # what is left out is counted in a group, too
    units = Units(
        waits=Spans(listed.conversation, listed.start, listed.end),
        opened_by=np.where(opened_by >= 0, opened_by, talk_row[listed.conversation]),
        is_first=listed.is_first, agent=Coded(credit.of_waits(listed), people.labels, "agent"),
        assignee=credit.now, answered_by=message_of[listed.answered_by], talk_row=talk_row, talk_at=talk_at,
        shown=np.flatnonzero(shown),
        spans=[Spans(one.conversation, one.start, one.end, one.name not in BY_START) for one in spans],
        by_start=policy.counted_at == "start", aware=aware,
    )  # fmt: skip
    groups = group_units(by, log, join, units, counted, now)

    # -- clocks
    of_wait, of_talk = _channels(log, join, units)
    every = Clock(
        name="reply", start=listed.start, end=listed.end, outcome=listed.outcome, target=None, group=groups.waits,
        conversation=listed.conversation, agent=Named(people.labels, units.agent.codes), first=listed.is_first,
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
    for span, group in zip(spans, groups.spans, strict=True):
        if span.name in lacking:
            continue
        channel = taken(of_talk, span.conversation)
        promised = targets.resolution if span.name in ("resolution", "first_resolution") else None
        clocks[span.name] = Clock(
            name=span.name, start=span.start, end=span.end, outcome=span.outcome,
            target=channel_targets(promised, channel, np.arange(len(span.start))), group=group,
            conversation=span.conversation, agent=Named(people.labels, credit.of_span(span)), channel=channel,
            paused=span.paused, started_by=Named(STARTED_BY, np.full(len(span.start), span.started_by)),
        )  # fmt: skip
    present = 0 if now is None else now
    clocks = {name: _stopped(clock, present) for name, clock in clocks.items()}
    used, left = account.by_group(groups.rows, groups.size)
    of_group = None if by is None else groups.conversations
    return Timeline(
        of_messages=True, as_of=now, aware=aware, clocks=clocks, keys=groups.keys, names=groups.names,
        many=groups.many, used=used, left=left,
        tickets_left=tickets.by_group(None if of_group is None else of_group[join.of_ticket], groups.size)[1],
        changes_left=told.by_group(None if of_group is None else of_group[of_change], groups.size)[1],
        group=np.where(counted, groups.conversations, -1), label=ConversationLabels(join.labels),
        channels=channels_of(labels_of_rows("channel", log, join), groups.rows, account.kept), answers=talks.answers,
        customer_messages=written_until_resolved(
            codes, at, account.kept & (author == 0), np.where(outside, NAT, talks.resolved_at)
        )
        if known.resolutions
        else None,
        bot_only=talks.bot_only, outbound=talks.outbound, reopened=known.reopened(join, tickets, talks),
        effort=known.effort(talks, people, policy, outside), schedules=schedule_changes(changes, said, of_change),
        reasons=lacking | known.unlike(policy, found), policy=policy, settled=_settled(rows, talks),
    )  # fmt: skip


@attrs.frozen(eq=False)
class Named:
    """Names of waits by their number, read only when a table asks for them."""

    names: Sequence[Any]
    codes: Array

    def __call__(self, number: Ints) -> list[Any]:
        return [self.names[code] for code in self.codes[number].tolist()]


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


def _channels(log: Messages, join: Join, units: Units) -> tuple[Coded | None, Coded | None]:
    """The channel of each wait, that of its message, and of each conversation: its own, else that of its message."""
    of_rows = labels_of_rows("channel", log, join)
    if of_rows is None:
        return None, None
    own = join.of_tickets("channel") if join.has("channel") else Coded(np.zeros(len(join.ticket), np.int64), [None])
    of_rows, own = one_numbering(of_rows, own)
    padded = np.append(of_rows.codes.astype(np.int64), len(of_rows.labels) - 1)
    of_talk = padded[units.talk_row]
    of_talk = np.where(own.codes == len(own.labels) - 1, of_talk, own.codes)
    of_wait = np.where(units.opened_by >= 0, padded[units.opened_by], of_talk[units.waits.conversation])
    return Coded(of_wait, of_rows.labels, "channel"), Coded(of_talk, of_rows.labels, "channel")
