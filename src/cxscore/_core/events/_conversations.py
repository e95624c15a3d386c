"""What became of conversations: hand-overs, one touch, resolutions, reopenings, rests and agents' turns.

Knows no waits. A rest borrows their words for how it ended.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import runs
from ..waits import NEVER, WAIT_ANSWERED, WAIT_CLOSED, WAIT_OPEN, AgentTurns
from ._found import Reopens, Resolutions, Rests
from ._log import Log, counts
from ._marks import Marks, last_resolved
from ._people import People
from ._standing import Standing, members
from ._words import Bools, Ints, Kind, OneTouch, ResolutionFrom, Rules, Status

__all__ = ["agent_turns_of", "handovers", "one_touch", "reopens_of", "resolutions_of", "rests_of"]


def handovers(log: Log) -> NDArray[np.int32]:
    """How often a conversation went from one agent to another."""
    known = log.agent >= 0
    assigned = known & (log.kind == Kind.ASSIGNED)
    answered = known & (log.kind == Kind.ANSWER)
    answered &= (log.first(assigned) == len(log.at))[log.conversation]
    position = np.flatnonzero(assigned | answered)
    agent, code = log.agent[position], log.conversation[position]
    went = (agent[1:] != agent[:-1]) & (code[1:] == code[:-1])
    return counts(code[1:][went], len(log.begin))


def one_touch(
    log: Log, marks: Marks, standing: Standing, created_at: Ints, resolved_at_end: Bools, rules: Rules
) -> NDArray[np.int8]:
    """Whether each conversation took one touch: 1 yes, 0 no, -1 not resolved at the end, or nobody knows."""
    answers = log.tally(log.kind == Kind.ANSWER)
    known = np.ones(len(answers), np.bool_)
    if rules.one_touch is OneTouch.EXACTLY_ONE:
        verdict = answers == 1
    elif rules.one_touch is OneTouch.AT_MOST_ONE:
        verdict = answers <= 1
    elif rules.one_touch is OneTouch.NEVER_WAITED:
        waiting = standing.position[(standing.now == Status.PENDING) | (standing.now == Status.HOLD)]
        verdict = (answers >= 1) & (log.tally(marks.reopens) == 0)
        verdict[log.conversation[waiting]] = False
    elif rules.one_touch is OneTouch.ONE_CLOSER:
        told = (log.kind == Kind.ANSWER) & (log.agent >= 0)
        position = np.flatnonzero(told)
        another = log.agent[position] != log.agent[log.first(told)[log.conversation[position]]]
        verdict = (answers >= 1) & (log.tally(marks.resolves) == 1)
        verdict[log.conversation[position[another]]] = False
        # One answer is of one agent, whoever that was; of several all must be known.
        known = ~verdict | (answers == 1) | (log.tally(told) == answers)
    else:
        resolved_at = log.instants(log.first(marks.resolves))
        verdict = (created_at != NEVER) & (resolved_at - created_at < rules.one_touch_within)
    return np.where(resolved_at_end & known, verdict, -1).astype(np.int8)


def resolutions_of(log: Log, marks: Marks, people: People, rules: Rules) -> tuple[Resolutions, Ints]:
    """The resolutions that come after the start of resolution times, and that start by conversation."""
    if rules.resolution_from is ResolutionFrom.CREATED:
        start = log.instants(people.opened)
    elif rules.resolution_from is ResolutionFrom.FIRST_CUSTOMER:
        start = log.instants(people.customer)
    else:
        start = log.instants(log.first(log.kind == Kind.ASSIGNED))
    position = np.flatnonzero(marks.resolves)
    begun = start[log.conversation[position]]
    position = position[(begun != NEVER) & (begun <= log.at[position])]
    code = log.conversation[position]
    begins = np.flatnonzero(runs.changes(code))
    number = np.arange(len(code)) - np.repeat(begins, np.diff(begins, append=len(code)))
    return Resolutions(code, start[code], log.at[position], log.row[position], number, runs.ends(code)), start


def reopens_of(log: Log, marks: Marks) -> Reopens:
    """Every reopening."""
    position = np.flatnonzero(marks.reopens)
    return Reopens(log.conversation[position], log.at[position], log.row[position])


def rests_of(log: Log, marks: Marks, standing: Standing, rules: Rules) -> Rests:
    """From each resolution to what ended it, where that is known.

    A resolution is opened again by the first reopening before the next one. Leaving the resolved statuses for one
    that is no reopening, e.g. to be merged, ends it, too.
    """
    lasting = marks.resolves & (log.kind != Kind.RESOLVED_ONCE)
    position = np.flatnonzero(lasting)
    code = log.conversation[position]
    following = np.minimum(log.next(lasting, position, code), log.stop[code])
    leaves = np.zeros(len(log.at), np.bool_)
    leaves[standing.position[standing.changes & ~members(rules.resolved)[standing.now]]] = True
    again, left = log.next(marks.reopens, position, code), log.next(leaves, position, code)
    reopened, ended = again < following, left < following
    lasts = runs.ends(code) & ~reopened & ~ended
    end = log.instants(np.where(reopened, again, np.where(ended, left, len(log.at))))
    outcome = np.where(reopened, WAIT_ANSWERED, np.where(lasts, WAIT_OPEN, WAIT_CLOSED))
    # Between two resolutions that came without statuses nobody knows when it went on.
    kept = np.flatnonzero(reopened | lasts | ended)
    return Rests(code[kept], log.at[position[kept]], end[kept], outcome[kept].astype(np.int8))


def agent_turns_of(log: Log, marks: Marks, now: int) -> AgentTurns:
    """Stretches with an agent's message as the last public one, up to the last resolution, else up to now."""
    people = np.flatnonzero((log.kind == Kind.CUSTOMER) | (log.kind == Kind.ANSWER))
    code, at = log.conversation[people], log.at[people]
    begins, lasts = runs.bounds(log.kind[people] == Kind.ANSWER, runs.changes(code))
    code_of, start = code[begins], at[begins]
    resolved_at = log.instants(last_resolved(log, marks))[code_of]
    limit = np.where(resolved_at == NEVER, now, resolved_at)
    following = np.minimum(lasts + 1, len(code) - 1)
    replied = (following > lasts) & (code[following] == code_of)
    end = np.where(replied, np.minimum(at[following], limit), limit)
    kept = np.flatnonzero(start < end)
    return AgentTurns(code_of[kept], start[kept], end[kept])
