"""The wait for the first response: at most one a conversation, where it starts, restarts and ends.

Knows nothing of reply waits, which build on what is found here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..waits import NEVER, WAIT_ANSWERED, WAIT_LAPSED, WAIT_OPEN
from ._found import Waits
from ._log import Log
from ._marks import Marks, last_resolved
from ._people import People
from ._words import WAIT_DROPPED, Bools, FirstFrom, Ints, Kind, OnResolve, OpenedByAgent, Rules, Start

__all__ = ["Firsts", "first_waits", "firsts_of", "lapse"]


class Firsts(NamedTuple):
    """The wait for the first response by conversation; all but `known` means something only where that is True."""

    known: Bools
    opened: Ints  # position
    start: Ints
    reason: NDArray[np.int8]
    ended: Ints  # position of what ends it, also where it had lapsed by then; none without
    end: Ints
    outcome: NDArray[np.int8]
    restarted: Bools


def firsts_of(log: Log, marks: Marks, people: People, resolved_at_end: Bools, rules: Rules, now: int) -> Firsts:
    """The wait for the first response of each conversation, where there is one."""
    nobody = len(log.at)
    code = np.arange(len(log.begin))
    nobody_wrote = people.customer == nobody

    # Answers count only after this position; before its creation a conversation has none.
    exists = np.where(people.created < nobody, people.created, log.begin) - 1
    eligible = exists
    from_customer = rules.first_from in (FirstFrom.FIRST_CUSTOMER, FirstFrom.LAST_CUSTOMER)
    if rules.opened_by_agent is OpenedByAgent.AFTER_CUSTOMER:
        needs_customer = people.outbound | from_customer
    else:
        needs_customer = ~people.outbound & from_customer
    known = ~(needs_customer & nobody_wrote)
    eligible = np.where(needs_customer, people.customer, eligible)
    if rules.opened_by_agent is OpenedByAgent.NEXT_AGENT:
        eligible = np.where(people.opened_publicly, people.answer, eligible)
    elif rules.opened_by_agent is OpenedByAgent.EXCLUDE:
        known &= ~people.outbound
    is_assigned = log.kind == Kind.ASSIGNED
    if rules.first_from is FirstFrom.ASSIGNED:
        assigned = log.first(is_assigned)
        known &= assigned < nobody
        eligible = np.maximum(eligible, assigned)
    before = np.minimum(log.next(marks.answers, eligible, code), log.stop)

    # Where it starts: at creation, or at the latest of what the rules name instead.
    restart, why = _restarts(log, marks, rules, before, eligible)
    bases: list[tuple[Ints, NDArray[np.int8] | Start]] = []
    if rules.first_from is FirstFrom.FIRST_CUSTOMER:
        bases.append((people.customer, Start.FIRST_CUSTOMER))
    elif rules.first_from is FirstFrom.LAST_CUSTOMER:
        last = log.previous(log.kind == Kind.CUSTOMER, before, log.begin - 1)
        bases.append((last, Start.LAST_CUSTOMER))
    elif rules.first_from is FirstFrom.ASSIGNED:
        bases.append((assigned, Start.ASSIGNED))
    if rules.opened_by_agent is OpenedByAgent.AFTER_CUSTOMER and not from_customer:
        bases.append((np.where(people.outbound, people.customer, nobody), Start.FIRST_CUSTOMER))
    since, opened = log.begin - 1, people.created
    reason = np.full(len(code), Start.CREATED, np.int8)
    for position, named in (*bases, (restart, why)):
        later = (since <= position) & (position < before)
        since, opened = np.where(later, position, since), np.where(later, position, opened)
        reason = np.where(later, np.asarray(named, np.int8), reason)
    start = log.instants(opened)
    known &= start != NEVER
    since = np.where(reason == Start.CREATED, exists, since)  # the message it began with may be the answer

    ends = (marks.outcome != WAIT_OPEN) & (marks.outcome != WAIT_DROPPED)
    ended = log.next(ends, np.maximum(since, eligible), code)
    outcome = np.append(marks.outcome, np.int8(WAIT_OPEN))[ended]
    end = log.instants(ended)
    if rules.on_resolve is OnResolve.DROPS_WAIT:
        # A later answer would still have counted; without one the resolution was the end of it.
        last = last_resolved(log, marks)
        dropped = (ended == nobody) & resolved_at_end & (last < nobody) & (last > since)
        outcome[dropped], end[dropped] = WAIT_DROPPED, log.instants(last)[dropped]
    if rules.expires is not None:
        lapse(start, end, outcome, rules.expires, now)
    somebody_waits = ~nobody_wrote | (people.created_known & ~people.not_by_customer)
    known &= somebody_waits | (outcome == WAIT_ANSWERED)
    return Firsts(
        known=known & ~people.bot_only,
        opened=opened,
        start=start,
        reason=reason,
        ended=ended,
        end=end,
        outcome=outcome,
        restarted=(opened == restart) & (restart < nobody),
    )


def _restarts(log: Log, marks: Marks, rules: Rules, before: Ints, after: Ints) -> tuple[Ints, NDArray[np.int8]]:
    """The latest restart of each conversation between two positions, and its `Start`."""
    why = np.full(len(log.at) + 1, Start.BOT_RESOLVED, np.int8)
    restarts = np.zeros(len(log.at), np.bool_)
    for start, mask in (
        (Start.HANDOFF, marks.hands_over),
        (Start.OPENED, marks.opens),
        (Start.ASSIGNED, log.kind == Kind.ASSIGNED),
    ):
        if start in rules.first_restarts:
            restarts |= mask
            why[:-1][mask] = start
    latest = log.previous(restarts, before, after)
    if Start.BOT_RESOLVED in rules.first_restarts:
        fallback = log.previous(marks.bot_resolves, before, after)
        latest = np.where(latest < len(log.at), latest, fallback)
    return latest, why[latest]


def lapse(start: Ints, end: Ints, outcome: NDArray[np.int8], expires: int, now: int) -> None:
    """Let waits lapse that nothing had ended by their deadline."""
    deadline = start + expires
    lapsed = np.flatnonzero(np.where(outcome == WAIT_OPEN, deadline < now, deadline < end))
    outcome[lapsed] = WAIT_LAPSED
    end[lapsed] = deadline[lapsed]


def first_waits(log: Log, firsts: Firsts) -> Waits:
    """The same as a table of waits."""
    code = np.flatnonzero(firsts.known)
    outcome, ended = firsts.outcome[code], firsts.ended[code]
    return Waits(
        conversation=code,
        opened_by=log.rows(firsts.opened[code]),
        start=firsts.start[code],
        end=firsts.end[code],
        outcome=outcome,
        answered_by=np.where(outcome == WAIT_ANSWERED, log.rows(ended), -1),
        is_first=np.ones(len(code), np.bool_),
        start_reason=firsts.reason[code],
    )
