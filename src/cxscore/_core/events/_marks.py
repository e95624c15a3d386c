"""What the rules take each row for: an answer, a resolution, a reopening, a hand-off, the end of a wait.

Every rule about a single row is carried out here, once. Knows no waits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..waits import WAIT_ABANDONED, WAIT_ANSWERED, WAIT_CLOSED, WAIT_OPEN
from ._log import Log
from ._standing import Standing, members
from ._words import WAIT_DROPPED, Bools, BotMessage, By, Ints, Kind, OnResolve, Rules, Status

__all__ = ["Marks", "last_resolved", "marks_of"]

_FINISHED = (Status.SOLVED, Status.CLOSED, Status.MERGED, Status.REMOVED, Status.SPAM, Status.DELETED)


class Marks(NamedTuple):
    """What the rules take each row for; masks over all positions."""

    resolves: Bools
    reopens: Bools
    opens: Bools  # a change to open
    bot_resolves: Bools
    answers: Bools
    hands_over: Bools
    outcome: NDArray[np.int8]  # how it ends a wait that is open; WAIT_OPEN where it does not


def marks_of(log: Log, standing: Standing, rules: Rules) -> Marks:
    """What the rules take each row for."""

    def mask(of_standing: Bools) -> Bools:
        found = np.zeros(len(log.at), np.bool_)
        found[standing.position[of_standing]] = True
        return found

    was, now = standing.was, standing.now
    kind = log.kind[standing.position]
    # Nobody knows what was between two resolutions that came without statuses: both count.
    alone = kind == Kind.RESOLVED
    moves = (standing.changes | alone) & (kind != Kind.CREATED)
    resolved, rest = members(rules.resolved), members(rules.reopened_from)
    resolves = mask((resolved[now] & ~resolved[was]) | alone) | (log.kind == Kind.RESOLVED_ONCE)
    answers = log.kind == Kind.ANSWER
    answers |= mask(moves & members(rules.status_answers)[now])
    outcome = np.full(len(log.at), WAIT_OPEN, np.int8)
    outcome[log.kind == Kind.ABANDONED] = WAIT_ABANDONED
    if rules.bot is BotMessage.ANSWERS:
        answers |= log.kind == Kind.BOT
    elif rules.bot is BotMessage.ENDS_WAIT:
        outcome[log.kind == Kind.BOT] = WAIT_DROPPED
    ends = resolves & (log.kind != Kind.CREATED)  # what is created as resolved ends nothing
    if rules.on_resolve is OnResolve.ANSWERS:
        answers |= ends
    elif rules.on_resolve is OnResolve.DROPS_WAIT:
        outcome[ends] = WAIT_DROPPED
    elif rules.on_resolve is OnResolve.CLOSES:
        outcome[ends] = WAIT_CLOSED
    outcome[answers] = WAIT_ANSWERED
    return Marks(
        resolves=resolves,
        reopens=mask(moves & rest[was] & ~(rest | members(_FINISHED))[now]),
        opens=mask(moves & (now == Status.OPEN)),
        bot_resolves=resolves & (log.by == By.BOT),
        answers=answers,
        hands_over=(log.kind == Kind.HANDOFF) | (log.kind == Kind.HANDED),
        outcome=outcome,
    )


def last_resolved(log: Log, marks: Marks) -> Ints:
    """The last resolution of each conversation, as far as it lasted."""
    return log.last(marks.resolves & (log.kind != Kind.RESOLVED_ONCE))
