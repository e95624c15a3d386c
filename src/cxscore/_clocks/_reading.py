"""What a log is about: which of its rows count, in which order reasons for leaving out apply, what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from .._accounting import Account, LeftOut
from .._core import events
from .._inputs import NAT, Coded
from ..batches import Changes, Conversations, Messages
from ..policies import ReplyPolicy
from ._base import (
    Bools,
    Ints,
    leave_out_missing,
    leave_out_statuses,
    left_out_whole,
    missing_label,
    now_of,
    ticket_ends,
)
from ._labels import Join, bring_together, refuse_strangers

__all__ = ["ASSIGNED", "CREATED", "HANDOFF", "MERGED", "SCHEDULE", "STATUS", "Reading", "read"]

# Kinds of changes by their codes, in the order of `ChangeKind`.
CREATED, STATUS, HANDOFF, ASSIGNED, SCHEDULE, MERGED = range(6)


@attrs.frozen(eq=False)
class Reading:
    """A log of messages with its changes and its conversations, if given, and what of it counts."""

    log: Messages
    changes: Changes | None
    table: Conversations | None
    now: int | None
    aware: bool | None
    messages: Account
    """With all that was written in conversations that count; what says nothing to the clocks is left out later."""
    told: Account
    """Of the changes."""
    tickets: Account
    join: Join
    of_change: Ints
    """Conversation of each change."""
    ends: dict[str, Ints]
    """When what ended, by ticket; empty without tickets."""

    def end_of(self, name: str) -> Ints:
        """When something ended, by conversation; `NAT` also where no ticket that counts tells."""
        size = len(self.join.labels)
        if self.table is None:
            return np.full(size, NAT, dtype=np.int64)
        return np.where(self.join.spread(self.tickets.kept), np.append(self.ends[name], NAT)[self.join.ticket], NAT)


def read(
    log: Messages,
    changes: Changes | None,
    table: Conversations | None,
    as_of: Any,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
) -> Reading:
    """Bring together what was given, and leave out what does not count."""
    now, aware = now_of(as_of, log, changes, table)
    cut = now if as_of is not None else None
    of_log, at = log.coded("conversation"), log.times("at")
    account = Account(len(log))
    tickets = Account(0 if table is None else len(table))
    told = Account(0 if changes is None else len(changes))
    join = bring_together(of_log, table, tickets, missing)
    join, of_change = _with_changes(join, changes)

    _leave_out_rows(account, of_log, at, "author", missing_label(log.coded("author")), cut, missing)
    if changes is not None:
        talks, instants = changes.coded("conversation"), changes.times("at")
        _leave_out_rows(told, talks, instants, "kind", changes.kinds() < 0, cut, missing)
    aside = left_out_whole(policy)
    ends: dict[str, Ints] = {}
    if table is not None:
        opened = table.times("opened_at")
        leave_out_statuses(table, tickets, aside)
        leave_out_missing(tickets, opened == NAT, "opened_at", missing)
        if cut is not None:
            tickets.leave_out(LeftOut.AFTER_AS_OF, opened > cut)
        ends = ticket_ends(table, tickets, now, invalid)
    if LeftOut.AFTER_AS_OF in tickets.out:  # they lend no labels, either
        join = attrs.evolve(join, ticket=np.where(join.spread(tickets.out[LeftOut.AFTER_AS_OF]), -1, join.ticket))
    for reason, gone in _whole_conversations(join, tickets, changes, told, of_change, aside).items():
        account.leave_out(reason, gone[join.codes])
        told.leave_out(reason, gone[of_change])
        tickets.leave_out(reason, gone[join.of_ticket])
    return Reading(log, changes, table, now, aware, account, told, tickets, join, of_change, ends)


def _leave_out_rows(
    account: Account, conversation: Coded, at: Ints, name: str, untold: Bools | None, cut: int | None, missing: str
) -> None:
    """Leave out rows of messages or changes that say too little, or that are of later."""
    leave_out_missing(account, missing_label(conversation), "conversation", missing)
    leave_out_missing(account, at == NAT, "at", missing)
    leave_out_missing(account, untold, name, missing)
    if cut is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, at > cut)


def _with_changes(join: Join, changes: Changes | None) -> tuple[Join, Ints]:
    """Conversations that changes are about, numbered with the others; returns the code of each change."""
    if changes is None:
        return join, np.empty(0, dtype=np.int64)
    found = changes.coded("conversation")
    index = {label: code for code, label in enumerate(join.labels)}
    of_label = np.array([index.setdefault(label, len(index)) for label in found.labels], dtype=np.int64)
    of_log = Coded(join.codes, join.labels)
    refuse_strangers(of_log, found, of_label[found.codes], len(index), "changes", "conversation")
    ticket = np.append(join.ticket, np.full(len(index) - len(join.labels), -1))
    return attrs.evolve(join, labels=list(index), ticket=ticket), of_label[found.codes]


def _whole_conversations(
    join: Join, tickets: Account, changes: Changes | None, told: Account, of_change: Ints, aside: Sequence[LeftOut]
) -> dict[LeftOut, Bools]:
    """Conversations that are left out with everything in them, by reason."""
    found = {reason: join.spread(tickets.out[reason]) for reason in aside if reason in tickets.out}
    if changes is None:
        return found
    kinds, status = changes.kinds(), changes.statuses()
    rows = np.flatnonzero(told.kept & (status >= 0))
    rows = rows[np.lexsort((status[rows], changes.times("at")[rows]))]
    last = np.full(len(join.labels), -1, dtype=np.int64)
    last[of_change[rows]] = status[rows]  # the last one stays
    merged = np.zeros(len(join.labels), dtype=np.bool_)
    merged[of_change[told.kept & (kinds == MERGED)]] = True
    for reason in aside:
        if reason is not LeftOut.TEST:
            gone = last == events.Status[reason.name]
            if reason is LeftOut.MERGED:
                gone |= merged
            found[reason] = found[reason] | gone if reason in found else gone
    return found
