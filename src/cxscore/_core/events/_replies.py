"""Reply waits: from each run of customer messages, or each answer, to what ends it.

Knows the wait for the first response as found, and which reply waits belong to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import runs
from ..waits import WAIT_ANSWERED, WAIT_LAPSED, WAIT_OPEN
from ._first import Firsts, lapse
from ._found import Waits
from ._log import Log
from ._marks import Marks
from ._people import People
from ._words import BotMessage, FirstFrom, Ints, Kind, OnResolve, Rules, Start, WaitFrom

__all__ = ["replies"]


def replies(
    log: Log, marks: Marks, people: People, firsts: Firsts, first_waits: Waits, rules: Rules, now: int
) -> Waits:
    """Every wait for a reply, without the first where that is not taken for one."""
    if rules.wait_from is WaitFrom.PREVIOUS_ANSWER:
        opened, ended, reason = _gaps(log, marks)
    else:
        opened, ended, reason = _customer_runs(log, marks, people, firsts, rules)
    code = log.conversation[opened]
    start, end = log.at[opened], log.instants(ended)
    outcome = np.append(marks.outcome, np.int8(WAIT_OPEN))[ended]
    if rules.expires is not None:
        lapse(start, end, outcome, rules.expires, now)

    # What opened before the first response came belongs to it.
    until = np.where(firsts.known, firsts.ended, -1)
    lapsed = firsts.known & (firsts.outcome == WAIT_LAPSED)
    belongs = np.where(lapsed[code], start <= firsts.end[code], opened < until[code])
    kept = ~people.bot_only[code]
    if not rules.first_is_reply:
        kept &= ~belongs
    found = Waits(
        conversation=code,
        opened_by=log.row[opened],
        start=start,
        end=end,
        outcome=outcome,
        answered_by=np.where(outcome == WAIT_ANSWERED, log.rows(ended), -1),
        is_first=belongs & np.append(~belongs[1:] | (code[1:] != code[:-1]), True)[: len(code)],
        start_reason=reason,
    )
    found = Waits._make(column[kept] for column in found)
    if rules.wait_from is WaitFrom.PREVIOUS_ANSWER and rules.first_is_reply:
        # The first gap reaches from the start of the first response to the first answer.
        opens = (log.first(marks.answers) >= firsts.ended)[first_waits.conversation]
        both: Any = zip(first_waits, found, strict=True)
        found = Waits._make(np.concatenate((first[opens], rest)) for first, rest in both)
        ordered = np.lexsort((found.start, found.conversation))
        found = Waits._make(column[ordered] for column in found)
    return found


def _gaps(log: Log, marks: Marks) -> tuple[Ints, Ints, NDArray[np.int8]]:
    """From each answer to what ends it; past the last one only where a customer has written since."""
    opened = np.flatnonzero(marks.answers)
    code = log.conversation[opened]
    ended = log.next(marks.outcome != WAIT_OPEN, opened, code)
    waited = (ended < len(log.at)) | (log.next(log.kind == Kind.CUSTOMER, opened, code) < len(log.at))
    opened = opened[waited]
    return opened, ended[waited], np.full(len(opened), Start.PREVIOUS_ANSWER, np.int8)


def _customer_runs(
    log: Log, marks: Marks, people: People, firsts: Firsts, rules: Rules
) -> tuple[Ints, Ints, NDArray[np.int8]]:
    """Of each run of customer messages where its wait opens and what ends it."""
    asks = log.kind == Kind.CUSTOMER
    reason = np.full(len(log.at), Start.HANDOFF, np.int8)
    passed = np.zeros(len(log.at), np.bool_)
    if rules.first_from is FirstFrom.FIRST_CUSTOMER:
        moved = np.flatnonzero(firsts.known & firsts.restarted)
        asks[firsts.opened[moved]] = True
        reason[firsts.opened[moved]] = firsts.reason[moved]
        moved = moved[people.customer[moved] < firsts.opened[moved]]
        step = np.zeros(len(log.at), np.int8)
        step[people.customer[moved]] = 1
        step[firsts.opened[moved]] = -1
        passed = np.cumsum(step, dtype=np.int8) > 0
    opens = asks
    if rules.bot is not BotMessage.IGNORE or rules.on_resolve is OnResolve.DROPS_WAIT:
        opens = asks | marks.hands_over
    ends = marks.outcome != WAIT_OPEN

    where = np.flatnonzero((opens | ends) & ~passed)
    first, last = runs.bounds(opens[where], runs.changes(log.conversation[where]))
    ended = log.next(ends & ~passed, where[last], log.conversation[where[last]])
    if rules.wait_from is WaitFrom.LAST_CUSTOMER:
        reason[log.kind == Kind.CUSTOMER] = Start.LAST_CUSTOMER
        opened = log.previous(asks, where[last] + 1, where[first] - 1)
        opened = np.where(opened < len(log.at), opened, where[first])
    else:
        reason[log.kind == Kind.CUSTOMER] = Start.FIRST_CUSTOMER
        if rules.expires is not None:
            first, run = runs.reopenings(log.at[where], first, last, rules.expires)
            ended = ended[run]
        opened = where[first]
    return opened, ended, reason[opened]
