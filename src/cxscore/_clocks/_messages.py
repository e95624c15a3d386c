"""Message logs as clocks under the rules of this library, which are quick to walk."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import Account, LeftOut
from .._core import waits
from .._core.threads import worthwhile
from .._inputs import NAT, Coded
from ..batches import Conversations, Messages
from ..policies import ReplyPolicy, ServiceTargets
from ._base import (
    Clock,
    ConversationLabels,
    Effort,
    Named,
    Timeline,
    channel_targets,
    channels_of,
    first_answerers,
    taken,
    was_reopened,
)
from ._labels import Join, channels_of_conversations, labels_of_rows, one_numbering, rows_of_conversations
from ._reading import read
from ._tickets import resolution_clocks
from ._ties import ranks, stand_ins
from ._units import Spans, Units, group_units, ungrouped

__all__ = ["read_messages", "row_numbers", "unless_none", "unlike", "with_more", "written_until_resolved"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def read_messages(
    log: Messages,
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
    reading = read(log, None, table, as_of, policy, missing, invalid)
    now, account, tickets, join, ends = reading.now, reading.messages, reading.tickets, reading.join, reading.ends
    at, author, codes, size = log.times("at"), log.authors(), join.codes, len(join.labels)
    whole = account.kept.copy()  # rows of conversations that count, whoever wrote them
    handoff = unlike(log, "handoff", default=False)
    kind = _kinds(log, author, account, handoff)

    rows = slice(None) if whole.all() else np.flatnonzero(whole)
    event_codes, event_times, event_kinds = _events(ends, tickets, join)
    found = waits.walk(
        with_more(codes[rows], event_codes),
        with_more(at[rows], event_times),
        with_more(kind[rows], event_kinds),
        None if handoff is None else with_more(handoff[rows], np.zeros(len(event_codes), dtype=np.bool_)),
        size,
        now=0 if now is None else now,
        expires=None if policy.expires is None else _inputs.duration(policy.expires, "expires"),
        open_turns=table is not None and (table.has("resolved_at") or complete),
        threads=worthwhile(len(log)),
    )
    waited, talks = found.waits, found.conversations
    left_at = reading.end_of("abandoned_at")
    stand_in = stand_ins(log, codes, at, kind, whole, handoff)
    opened_by, answered_by, first_customer = (
        stand_in(row_numbers(found_rows, rows))
        for found_rows in (waited.opened_by, waited.answered_by, talks.first_customer)
    )
    present = (talks.first_customer >= 0) | (talks.answers > 0)
    present[codes[np.flatnonzero(whole & ~account.kept)]] = True  # bots and notes alone make a conversation, too
    ticket_kept = join.spread(tickets.kept)
    counted = present | ticket_kept

    credit, assigned, owners = _credited(log, join, waited, answered_by)
    talk_row = first_customer  # all that is asked for without tickets and groups
    if table is not None or by is not None:
        talk_row = rows_of_conversations(log, codes, whole, first_customer)
    of_row = labels_of_rows("channel", log, join)
    of_talk = channels_of_conversations(of_row, join, talk_row)
    reply = Clock(
        name="reply", start=waited.start, end=waited.end, outcome=waited.outcome,
        target=channel_targets(targets.reply, of_row, opened_by), group=None, conversation=waited.conversation,
        agent=None if credit is None else Named(credit.labels, credit.codes), first=waited.is_first,
        channel=taken(of_row, opened_by), started_by=Openings(opened_by, waited.is_first, handoff),
    )  # fmt: skip
    resolutions: dict[str, Clock] = {}
    if table is not None:
        kept, opened = np.flatnonzero(ticket_kept), np.append(table.times("opened_at"), NAT)[join.ticket]
        turns = found.agent_turns
        turns = waits.AgentTurns(turns.conversation, turns.start, _until(turns, left_at))
        resolutions = resolution_clocks(
            table, join.ticket[kept], kept, taken(of_talk, join.of_ticket), targets, ends,
            None if owners is None else Named(owners.labels, owners.codes[kept]),
            turns, waits.agent_time(turns, opened), complete=complete,
        )  # fmt: skip

    # -- groups
    groups = ungrouped(counted, len(resolutions))
    if by is not None:
        talk_at = np.full(size, NAT) if table is None else opened
        shown = counted.copy()
        shown[join.of_ticket] = True  # what is left out is counted in a group, too
        units = Units(
            waits=Spans(waited.conversation, waited.start, waited.end), opened_by=opened_by,
            is_first=waited.is_first, agent=credit, assignee=None if assigned is None else assigned.codes,
            answered_by=answered_by, talk_row=talk_row,
            talk_at=np.where(talk_row >= 0, np.append(at, NAT)[talk_row], talk_at), shown=np.flatnonzero(shown),
            spans=[
                Spans(
                    one.conversation, one.start, one.end, by_end=True,
                    owner=None if owners is None else owners.codes[one.conversation],
                )
                for one in resolutions.values()
            ],
            by_start=False, aware=reading.aware,
        )  # fmt: skip
        groups = group_units(by, log, join, units, counted, now)
    used, left = account.by_group(groups.rows, groups.size)
    reply = attrs.evolve(reply, group=groups.waits)
    first = attrs.evolve(
        reply, name="first_response", target=channel_targets(targets.first_response, of_row, opened_by)
    ).rows(np.flatnonzero(waited.is_first))
    clocks = {"first_response": first, "reply": reply}
    for clock, group in zip(resolutions.values(), groups.spans, strict=True):
        clocks[clock.name] = attrs.evolve(clock, group=group)
    written = reopened = None
    tickets_left: dict[LeftOut, Ints] = {}
    if table is not None:
        written = written_until_resolved(codes, at, account.kept & (author == 0), talks.resolved_at)
        again = was_reopened(table)
        reopened = None if again is None else join.spread(again & tickets.kept)
        tickets_left = tickets.by_group(None if by is None else groups.conversations[join.of_ticket], groups.size)[1]
    return Timeline(
        of_messages=True, as_of=now, aware=reading.aware, clocks=clocks, keys=groups.keys, names=groups.names,
        many=groups.many, used=used, left=left, tickets_left=tickets_left,
        group=np.where(counted, groups.conversations, -1), label=ConversationLabels(join.labels),
        channels=channels_of(of_row, groups.rows, account.kept), answers=talks.answers, customer_messages=written,
        bot_only=talks.bot_only, outbound=talks.outbound, reopened=reopened,
        effort=_effort(log, kind, codes, at, account.kept, talks, "resolution" in clocks),
        policy=policy,
    )  # fmt: skip


@attrs.frozen(eq=False)
class Openings:
    """Why waits start where they do under the rules of this library."""

    opened_by: Ints
    is_first: Bools
    handoff: Bools | None
    """Messages that hand over; None where none does."""

    def __call__(self, number: Ints) -> list[str]:
        if self.handoff is None:
            return ["customer"] * len(number)
        handed = self.handoff[self.opened_by[number]] & self.is_first[number]
        return ["handoff" if one else "customer" for one in handed.tolist()]


def _credited(
    log: Messages, join: Join, waited: waits.Waits, answered_by: Ints
) -> tuple[Coded | None, Coded | None, Coded | None]:
    """Whom each wait, each conversation at present and each resolution belongs to; None where no column names agents.

    A resolution belongs to the assignee, or where nobody is one to whoever gave the first response.
    """
    if not (log.has("agent") or join.has("agent")):
        return None, None, None
    size = len(join.ticket)
    agents = log.coded("agent") if log.has("agent") else Coded(np.zeros(len(log), dtype=np.int64), [None])
    theirs = join.of_tickets("agent") if join.has("agent") else Coded(np.zeros(size, dtype=np.int64), [None])
    answered = answered_by >= 0
    by, assigned = one_numbering(Coded(agents.codes[answered_by[answered]], agents.labels), theirs)
    codes, nobody = assigned.codes[waited.conversation], len(assigned.labels) - 1
    # Nobody is credited with an answer because the ticket is on his desk now.
    codes[answered] = by.codes
    first_by = first_answerers(waited.conversation, answered & waited.is_first, codes, size, nobody)
    owners = np.where(assigned.codes == nobody, first_by, assigned.codes)
    return Coded(codes, assigned.labels, "agent"), assigned, Coded(owners, assigned.labels, "agent")


def _effort(
    log: Messages,
    kind: npt.NDArray[np.int8],
    codes: Array,
    at: Ints,
    kept: Bools,
    talks: waits.Conversations,
    resolutions: bool,
) -> Effort:
    """What was done about conversations, as far as messages and tickets tell."""
    resolved = talks.resolved_at != NAT
    touched = np.where(resolved, talks.answers == 1, -1).astype(np.int8)
    handovers = None
    if log.known("agent"):
        agents = log.coded("agent")
        rows = np.flatnonzero(kept & (kind == waits.ANSWER) & (agents.codes != _nobody(agents)))
        order = np.lexsort((ranks(agents)[agents.codes[rows]], at[rows], codes[rows]))
        talk, agent = codes[rows][order], agents.codes[rows][order]
        changed = (talk[1:] == talk[:-1]) & (agent[1:] != agent[:-1])
        handovers = np.bincount(talk[1:][changed], minlength=len(resolved)).astype(np.int32)
    return Effort(
        resolved=resolved if resolutions else None,
        one_touch=touched if resolutions else None,
        reopens=None,
        handovers=handovers,
        created_assumed=None,
    )


def _nobody(agents: Coded) -> int:
    """The code of a missing label, -1 where every row has one."""
    return len(agents.labels) - 1 if agents.labels and agents.labels[-1] is None else -1


def unlike(log: Messages, name: str, *, default: bool) -> Bools | None:
    """Rows whose flag differs from the default, None where none does."""
    return unless_none(log.flag(name, default=default) ^ default) if log.has(name) else None


def unless_none(mask: Bools) -> Bools | None:
    return mask if mask.any() else None


def _kinds(
    log: Messages, author: npt.NDArray[np.int8], account: Account, handoff: Bools | None
) -> npt.NDArray[np.int8]:
    """What each row is to the walk; bots, private notes and automatic messages are left out of the account."""
    kind: npt.NDArray[np.int8] = (author == 1) * np.int8(waits.ANSWER)  # a customer's kind is 0
    for reason, mask, what in (
        (LeftOut.BOT, unless_none(author == 2), waits.BOT),
        # A bot's note or receipt is left out as a bot's, but is no answer by a bot.
        (LeftOut.PRIVATE_NOTE, log.seen_as("private_note"), waits.IGNORED),
        (LeftOut.PUBLIC_NOTE, _notes_of_agents(log, author), waits.IGNORED),
        (LeftOut.AUTOMATIC, unlike(log, "automatic", default=False), waits.IGNORED),
    ):
        if mask is not None:
            account.leave_out(reason, mask)
            kind[mask] = what
    if handoff is not None:
        kind[handoff & (kind == waits.IGNORED) & (author == 1)] = waits.HANDED_OVER
    return kind


def _notes_of_agents(log: Messages, author: npt.NDArray[np.int8]) -> Bools | None:
    """Public notes of agents, which are no answers; a customer's own words are what he said, wherever they stand."""
    notes = log.seen_as("public_note")
    return None if notes is None else unless_none(notes & (author == 1))


def _events(ends: dict[str, Ints], tickets: Account, join: Join) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
    """Resolutions and abandonments as rows of the log: conversation, instant, kind."""
    codes, instants, kinds = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int8)]
    for name, kind in (
        ("first_resolved_at", waits.RESOLVED),
        ("resolved_at", waits.RESOLVED),
        ("abandoned_at", waits.ABANDONED),
    ):
        if name in ends:
            rows = np.flatnonzero((ends[name] != NAT) & tickets.kept)
            codes.append(join.of_ticket[rows])
            instants.append(ends[name][rows])
            what = np.full(len(rows), kind, dtype=np.int8)
            if name == "first_resolved_at":
                what[ends["resolved_at"][rows] == NAT] = waits.RESOLVED_ONCE
            kinds.append(what)
    return np.concatenate(codes), np.concatenate(instants), np.concatenate(kinds)


def with_more(column: Array, more: Array) -> Array:
    return np.concatenate((column, more.astype(column.dtype))) if len(more) else column


def _until(turns: waits.AgentTurns, left_at: Ints) -> Ints:
    """Ends of turns, those of customers who left not after that."""
    left = left_at[turns.conversation]
    return np.where(left == NAT, turns.end, np.minimum(turns.end, left))


def row_numbers(found: Ints, rows: Ints | slice) -> Ints:
    """Numbers among some rows as numbers among all; -1 stays."""
    return found if isinstance(rows, slice) else np.append(rows, -1)[found]


def written_until_resolved(codes: Array, at: Ints, mask: Bools, resolved_at: Ints) -> Ints:
    """Messages of customers up to the last resolution, by conversation; -1 where there is none."""
    rows = np.flatnonzero(mask)
    rows = rows[at[rows] <= resolved_at[codes[rows]]]
    return np.where(resolved_at == NAT, -1, np.bincount(codes[rows], minlength=len(resolved_at)))
