"""The walk over a log of messages and changes under any rules: who waited, and what was done about it.

Plain columns in, plain columns out, like `waits`, which does the same for messages alone under the rules of
this library, faster. This module knows conversations as codes 0..n-1, instants as int64 microseconds, agents as
codes and everything else by small enums, whose names are those of the fields of a policy in capitals. It knows
nothing of policies, time zones, open hours, units or groups.

The rules, in the order in which they apply:

* At one instant the rows of a conversation stand in the order of `Kind`, and changes of status among
  themselves in the order of `Status`. A status that a conversation already has is no change.
* A conversation exists from its `CREATED` row on, or from its first message where that is earlier; what was before
  is no answer. Times of resolution start at the `CREATED` row where there is one.
* A resolution is a change from outside the `resolved` statuses into them, so solved and then closed is one. A
  reopening is a change out of the `reopened_from` statuses to one that is still worked on.
* An answer is a human agent's message that counts as one, and with the rules that say so a bot's message, a
  change to one of the `status_answers`, or a resolution.
* The wait for the first response starts where `first_from` says, or at the latest restart before the first
  answer. Reply waits are found apart from it: a run of customer messages opens one, and the next answer, the
  customer's leaving, or what else the rules name ends it. Only with the first customer message as its start
  the first response is the first reply wait, and a restart moves both.
* A hand-off opens a reply wait if none is open, under rules by which a bot's message or a dropping resolution
  ends one; under all others a customer whom nobody answered still has a wait of their own.
* A conversation with a bot message after the first customer message, no agent's answer after that message, and
  no call for a human (a hand-off, or another restart by which the rules start the clock) opens no wait, unless
  bots answer, or the rules say that such a customer waits all the same.
* Nobody waits for the first response where an agent or a bot opened the conversation and no customer wrote.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import waits as _waits
from .waits import NEVER, AgentTurns

__all__ = [
    "WAIT_DROPPED",
    "BotMessage",
    "By",
    "Conversations",
    "FirstFrom",
    "Found",
    "Kind",
    "OnResolve",
    "OneTouch",
    "OpenedByAgent",
    "Pauses",
    "Reopens",
    "ResolutionFrom",
    "Resolutions",
    "Rests",
    "Rules",
    "Start",
    "Status",
    "Stretches",
    "WaitFrom",
    "Waits",
    "pieces",
    "walk",
]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
AnyInts: TypeAlias = NDArray[np.integer[Any]]

WAIT_DROPPED = 5
"""How a wait ended, beside those of `waits`: without an answer and without a figure."""


class Kind(IntEnum):
    """What a row is. The numeric order is the order at one instant."""

    CREATED = 0
    SCHEDULE = 1  # passed over here
    CUSTOMER = 2  # public, not automatic
    BOT = 3  # public, not automatic
    IGNORED = 4  # automatic messages
    NOTE = 5  # a message of a human agent that the rules do not take as an answer
    HANDED = 6  # a hand-off noted on a message of anybody but an agent
    ANSWER = 7  # a message of a human agent that counts
    HANDOFF = 8  # as a change, or noted on an agent's message
    ASSIGNED = 9
    STATUS = 10
    RESOLVED = 11  # a resolution that is known without the statuses around it
    MERGED = 12
    RESOLVED_ONCE = 13  # as RESOLVED, but it did not last: the conversation goes on, nobody knows since when
    ABANDONED = 14  # the customer left


class Status(IntEnum):
    """Where a conversation stands. The numeric order is the order at one instant."""

    UNKNOWN = -1
    NEW = 0
    OPEN = 1
    PENDING = 2
    HOLD = 3
    SNOOZED = 4
    SOLVED = 5
    CLOSED = 6
    MERGED = 7
    REMOVED = 8
    SPAM = 9
    DELETED = 10


class By(IntEnum):
    """Who made a change."""

    UNKNOWN = -1
    CUSTOMER = 0
    AGENT = 1
    BOT = 2
    SYSTEM = 3


class Start(IntEnum):
    """Why a wait starts where it does."""

    CREATED = 0
    FIRST_CUSTOMER = 1
    HANDOFF = 2
    OPENED = 3
    BOT_RESOLVED = 4
    LAST_CUSTOMER = 5
    PREVIOUS_ANSWER = 6
    ASSIGNED = 7


class FirstFrom(IntEnum):
    """Where the wait for the first response starts when nothing restarts it."""

    FIRST_CUSTOMER = 0
    CREATED = 1
    LAST_CUSTOMER = 2
    ASSIGNED = 3


class OpenedByAgent(IntEnum):
    """What the first response is in a conversation that an agent opened."""

    AFTER_CUSTOMER = 0
    NEXT_AGENT = 1
    ANSWER = 2
    EXCLUDE = 3


class BotMessage(IntEnum):
    """What a bot's message does to an open wait."""

    IGNORE = 0
    ENDS_WAIT = 1
    ANSWERS = 2


class WaitFrom(IntEnum):
    """Where a reply wait starts."""

    FIRST_UNANSWERED = 0
    LAST_CUSTOMER = 1
    PREVIOUS_ANSWER = 2


class OnResolve(IntEnum):
    """What a resolution does to an open wait."""

    CLOSES = 0
    KEEPS_WAIT = 1
    DROPS_WAIT = 2
    ANSWERS = 3


class ResolutionFrom(IntEnum):
    """Where a resolution time starts."""

    CREATED = 0
    FIRST_CUSTOMER = 1
    ASSIGNED = 2


class OneTouch(IntEnum):
    """Which resolved conversations took one touch."""

    EXACTLY_ONE = 0  # one answer
    AT_MOST_ONE = 1
    NEVER_WAITED = 2  # answered, never pending or on hold, never reopened
    ONE_CLOSER = 3  # resolved once, with answers of one agent
    WITHIN = 4  # resolved for the first time sooner than `one_touch_within` after its creation


class Rules(NamedTuple):
    """The fields of a policy that decide seconds; the defaults are the definitions of this library."""

    first_from: FirstFrom = FirstFrom.FIRST_CUSTOMER
    first_restarts: tuple[Start, ...] = (Start.HANDOFF,)  # of HANDOFF, OPENED, BOT_RESOLVED, ASSIGNED
    opened_by_agent: OpenedByAgent = OpenedByAgent.AFTER_CUSTOMER
    bot: BotMessage = BotMessage.IGNORE
    status_answers: tuple[Status, ...] = ()
    wait_from: WaitFrom = WaitFrom.FIRST_UNANSWERED
    first_is_reply: bool = True
    on_resolve: OnResolve = OnResolve.CLOSES
    resolution_from: ResolutionFrom = ResolutionFrom.CREATED
    resolved: tuple[Status, ...] = (Status.SOLVED, Status.CLOSED)
    paused_first: tuple[Status, ...] = ()
    paused_reply: tuple[Status, ...] = ()
    paused_resolution: tuple[Status, ...] = ()
    reopened_from: tuple[Status, ...] = (Status.SOLVED, Status.CLOSED)
    one_touch: OneTouch = OneTouch.EXACTLY_ONE
    one_touch_within: int = 0  # microseconds, for OneTouch.WITHIN
    expires: int | None = None  # microseconds
    bot_only_waits: bool = False  # whether customers wait in conversations in which only bots answered


class Waits(NamedTuple):
    """One entry a wait, ordered by conversation and start; rows are -1 where there is none."""

    conversation: Ints
    opened_by: Ints  # row at which the clock starts; with CREATED it may be the first message
    start: Ints
    end: Ints  # NEVER while open
    outcome: NDArray[np.int8]  # one of waits.WAIT_... or WAIT_DROPPED
    answered_by: Ints  # row of the answer: a message, or the change of status that counts as one
    is_first: Bools  # whether it is (or for replies: belongs to) the wait for the first response
    start_reason: NDArray[np.int8]  # a Start


class Conversations(NamedTuple):
    """One entry a conversation code; the first six fields as in `waits.Conversations`."""

    first_customer: Ints  # row, -1 without a customer message
    customer_messages: NDArray[np.int32]
    answers: NDArray[np.int32]  # messages only
    outbound: Bools  # an agent wrote before any customer did
    bot_only: Bools  # never, where the rules let such customers wait
    resolved_at: Ints  # the last resolution that lasted, NEVER without
    created_at: Ints  # NEVER without a CREATED row and without a message
    created_known: Bools  # there is a CREATED row
    resolution_start: Ints  # where resolution times start, NEVER where that is not known
    handed_off_at: Ints  # the first hand-off to humans, NEVER without
    has_status: Bools  # at least one row said something about the status
    status_at_end: NDArray[np.int8]  # a Status
    resolved_at_end: Bools  # the status at the end is a resolved one
    resolutions: NDArray[np.int32]
    reopens: NDArray[np.int32]
    handovers: NDArray[np.int32]  # from one agent to another: as assigned, else as they answered
    one_touch: NDArray[np.int8]  # 1 yes, 0 no, -1 not resolved at the end, or nobody knows


class Resolutions(NamedTuple):
    """One entry a resolution at or after its start, ordered by conversation and end."""

    conversation: Ints
    start: Ints
    end: Ints
    row: Ints  # the change, e.g. to see who made it
    number: Ints  # 0, 1, ... within the conversation
    is_last: Bools


class Reopens(NamedTuple):
    """One entry a reopening, ordered by conversation and time."""

    conversation: Ints
    at: Ints
    row: Ints


class Rests(NamedTuple):
    """One entry a resolution: how long it lasted, ordered by conversation and start."""

    conversation: Ints
    start: Ints
    end: Ints  # NEVER while it lasts
    outcome: NDArray[np.int8]  # answered: opened again; closed: it ended otherwise; open: it lasts


class Stretches(NamedTuple):
    """Stretches of one status, ordered by conversation and start, disjoint; the last one reaches up to now."""

    conversation: Ints
    start: Ints
    end: Ints
    status: NDArray[np.int8]


class Pauses(NamedTuple):
    """The stretches in which each clock stands still."""

    first: Stretches
    reply: Stretches
    resolution: Stretches


class Found(NamedTuple):
    """What one pass over the log finds."""

    first: Waits  # at most one a conversation; all have is_first
    replies: Waits
    conversations: Conversations
    resolutions: Resolutions
    reopens: Reopens
    rests: Rests
    statuses: Stretches  # from creation on, UNKNOWN until something is said
    pauses: Pauses
    agent_turns: AgentTurns


# --- the log in order -----------------------------------------------------------------------------------

# The sort of `waits` tells eight ranks apart; what shares one is put in order after it, where it is tied.
_RANK = np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7], np.int8)
_FINISHED = (Status.SOLVED, Status.CLOSED, Status.MERGED, Status.REMOVED, Status.SPAM, Status.DELETED)


class _Log(NamedTuple):
    """The rows in order. Positions below are places in it; `len(at)` stands for none."""

    row: Ints
    conversation: Ints
    at: Ints
    kind: NDArray[np.int8]
    status: NDArray[np.int8]
    by: NDArray[np.int8]
    agent: AnyInts
    begin: Ints  # position of the first row of each conversation
    stop: Ints  # and the position after its last one

    def first(self, mask: Bools) -> Ints:
        """First position in the mask of each conversation."""
        positions = np.flatnonzero(mask)
        code = self.conversation[positions]
        chosen = positions[_waits._changes(code)]
        found = np.full(len(self.begin), len(self.at))
        found[self.conversation[chosen]] = chosen
        return found

    def last(self, mask: Bools) -> Ints:
        """Last position in the mask of each conversation."""
        positions = np.flatnonzero(mask)
        code = self.conversation[positions]
        chosen = positions[_waits._ends(code)]
        found = np.full(len(self.begin), len(self.at))
        found[self.conversation[chosen]] = chosen
        return found

    def next(self, mask: Bools, after: Ints, code: Ints) -> Ints:
        """First position in the mask after some positions, in the conversations `code`."""
        positions = np.append(np.flatnonzero(mask), len(self.at))
        found = positions[np.searchsorted(positions[:-1], after, side="right")]
        found[found >= self.stop[code]] = len(self.at)
        return found

    def previous(self, mask: Bools, before: Ints, after: Ints) -> Ints:
        """Last position in the mask before some positions and after others."""
        positions = np.append(np.flatnonzero(mask), -1)
        found = positions[np.searchsorted(positions[:-1], before) - 1]
        found[found <= after] = len(self.at)
        return found

    def tally(self, mask: Bools) -> NDArray[np.int32]:
        """How many rows of each conversation are in the mask."""
        return _counts(self.conversation[mask], len(self.begin))

    def instants(self, positions: Ints) -> Ints:
        """Their instants, NEVER for none."""
        return np.append(self.at, NEVER)[positions]

    def rows(self, positions: Ints) -> Ints:
        """Their rows, -1 for none."""
        return np.append(self.row, -1)[positions]


def _in_order(
    conversation: AnyInts,
    at: Ints,
    kind: AnyInts,
    status: AnyInts,
    by: AnyInts,
    agent: AnyInts,
    n_conversations: int,
    threads: int,
) -> _Log:
    row = _waits.order(conversation, at, _RANK[kind], n_conversations, threads=threads)
    code, instant = conversation[row].astype(np.int64), at[row]
    what, standing = kind[row].astype(np.int8), status[row].astype(np.int8)
    # Kind and status in one number, so that what is tied has one order whatever the order of the input.
    detail = what * np.int16(16) + standing
    rank = _RANK[what]
    tied = (code[1:] == code[:-1]) & (instant[1:] == instant[:-1]) & (rank[1:] == rank[:-1])
    if (tied & (detail[1:] < detail[:-1])).any():
        group = np.cumsum(np.append(True, ~tied))
        places = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
        chosen = places[np.lexsort((detail[places], group[places]))]
        for column in (row, what, standing):
            column[places] = column[chosen]
    stop = np.cumsum(np.bincount(code, minlength=n_conversations))
    begin = np.append(0, stop[:-1])[:n_conversations]
    log = _Log(row, code, instant, what, standing, by[row].astype(np.int8), agent[row], begin, stop)
    # A conversation is created once.
    created = log.kind == Kind.CREATED
    first = log.first(created)
    created[first[first < len(row)]] = False
    log.kind[created] = Kind.IGNORED
    return log


# --- what changes of status mean ------------------------------------------------------------------------


class _Standing(NamedTuple):
    """The rows that say where a conversation stands."""

    position: Ints
    was: NDArray[np.int8]
    now: NDArray[np.int8]
    changes: Bools  # it stands elsewhere than before, or nobody knows where it stood


class _Marks(NamedTuple):
    """What the rules take each row for; masks over all positions."""

    resolves: Bools
    reopens: Bools
    opens: Bools  # a change to open
    bot_resolves: Bools
    answers: Bools
    hands_over: Bools
    outcome: NDArray[np.int8]  # how it ends a wait that is open; WAIT_OPEN where it does not


def _members(statuses: tuple[Status, ...]) -> Bools:
    """Which statuses are meant, as a table to look a status up in; UNKNOWN reads its last entry."""
    table = np.zeros(len(Status), np.bool_)
    table[list(statuses)] = True
    return table


def _standing(log: _Log, rules: Rules) -> _Standing:
    at_rest = Status.SOLVED if Status.SOLVED in rules.resolved else min(rules.resolved, default=Status.SOLVED)
    says = (log.kind == Kind.STATUS) | (log.kind == Kind.CREATED)
    says &= log.status != Status.UNKNOWN
    says |= (log.kind == Kind.RESOLVED) | (log.kind == Kind.MERGED)
    position = np.flatnonzero(says)
    kind, now = log.kind[position], log.status[position]
    now[kind == Kind.RESOLVED] = at_rest
    now[kind == Kind.MERGED] = Status.MERGED
    was = np.append(np.int8(Status.UNKNOWN), now[:-1])[: len(now)]
    was[_waits._changes(log.conversation[position])] = Status.UNKNOWN
    return _Standing(position, was, now, was != now)


def _marks(log: _Log, standing: _Standing, rules: Rules) -> _Marks:
    def mask(of_standing: Bools) -> Bools:
        found = np.zeros(len(log.at), np.bool_)
        found[standing.position[of_standing]] = True
        return found

    was, now = standing.was, standing.now
    kind = log.kind[standing.position]
    # Nobody knows what was between two resolutions that came without statuses: both count.
    alone = kind == Kind.RESOLVED
    moves = (standing.changes | alone) & (kind != Kind.CREATED)
    resolved, rest = _members(rules.resolved), _members(rules.reopened_from)
    resolves = mask((resolved[now] & ~resolved[was]) | alone) | (log.kind == Kind.RESOLVED_ONCE)
    answers = log.kind == Kind.ANSWER
    answers |= mask(moves & _members(rules.status_answers)[now])
    outcome = np.full(len(log.at), _waits.WAIT_OPEN, np.int8)
    outcome[log.kind == Kind.ABANDONED] = _waits.WAIT_ABANDONED
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
        outcome[ends] = _waits.WAIT_CLOSED
    outcome[answers] = _waits.WAIT_ANSWERED
    return _Marks(
        resolves=resolves,
        reopens=mask(moves & rest[was] & ~(rest | _members(_FINISHED))[now]),
        opens=mask(moves & (now == Status.OPEN)),
        bot_resolves=resolves & (log.by == By.BOT),
        answers=answers,
        hands_over=(log.kind == Kind.HANDOFF) | (log.kind == Kind.HANDED),
        outcome=outcome,
    )


def _stretches(log: _Log, standing: _Standing, created_at: Ints, now: int) -> Stretches:
    """Where each conversation stood from when to when; nobody knows between creation and the first word on it."""
    position, status = standing.position[standing.changes], standing.now[standing.changes]
    code, start = log.conversation[position], log.at[position]
    # It was created as what it was created, also where its first message came a little earlier.
    as_created = np.flatnonzero(_waits._changes(code) & (log.kind[position] == Kind.CREATED))
    start[as_created] = created_at[code[as_created]]
    end = np.append(start[1:], now)[: len(start)]
    end[_waits._ends(code)] = now

    silent_until = np.full(len(log.begin), now)
    begins = np.flatnonzero(_waits._changes(code))
    silent_until[code[begins]] = start[begins]
    silent = np.flatnonzero((created_at != NEVER) & (created_at < silent_until))
    code = np.concatenate((silent, code))
    start = np.concatenate((created_at[silent], start))
    end = np.concatenate((silent_until[silent], end))
    status = np.concatenate((np.full(len(silent), Status.UNKNOWN, np.int8), status))
    ordered = np.argsort(code, kind="stable")
    ordered = ordered[start[ordered] < end[ordered]]
    return Stretches(code[ordered], start[ordered], end[ordered], status[ordered])


def _only(stretches: Stretches, statuses: tuple[Status, ...]) -> Stretches:
    kept = np.flatnonzero(_members(statuses)[stretches.status])
    return Stretches._make(column[kept] for column in stretches)


# --- the wait for the first response ---------------------------------------------------------------------


class _Firsts(NamedTuple):
    """The wait for the first response by conversation; all but `known` means something only where that is True."""

    known: Bools
    opened: Ints  # position
    start: Ints
    reason: NDArray[np.int8]
    ended: Ints  # position of what ends it, also where it had lapsed by then; none without
    end: Ints
    outcome: NDArray[np.int8]
    restarted: Bools


class _People(NamedTuple):
    """Who wrote in each conversation, as positions."""

    customer: Ints  # the first customer message
    answer: Ints  # the first message of an agent that counts
    outbound: Bools
    opened_publicly: Bools  # its first message by a person is an agent's that counts
    bot_only: Bools
    created: Ints  # the CREATED row, or the first message where that is earlier
    opened: Ints  # the CREATED row, or the first message where there is none
    created_known: Bools
    not_by_customer: Bools  # an agent or a bot opened it


def _people(log: _Log, marks: _Marks, rules: Rules) -> _People:
    nobody = len(log.at)
    is_customer, is_answer = log.kind == Kind.CUSTOMER, log.kind == Kind.ANSWER
    is_created, is_bot = log.kind == Kind.CREATED, log.kind == Kind.BOT
    customer, answer = log.first(is_customer), log.first(is_answer)
    person = log.first(is_customer | is_answer | (log.kind == Kind.NOTE))
    outbound = answer < customer

    bot_only = np.zeros(len(log.begin), np.bool_)
    if rules.bot is not BotMessage.ANSWERS and not rules.bot_only_waits:
        called = marks.hands_over.copy()
        if Start.OPENED in rules.first_restarts:
            called |= marks.opens
        if Start.ASSIGNED in rules.first_restarts:
            called |= log.kind == Kind.ASSIGNED
        code = np.arange(len(log.begin))
        bot_only = log.next(is_bot, customer, code) < nobody
        bot_only &= log.next(is_answer, customer, code) == nobody
        bot_only &= log.first(called) == nobody

    opened = log.first(is_created)
    known = opened < nobody
    by = np.append(log.by, np.int8(By.UNKNOWN))[opened]
    created = log.first(is_created | ((log.kind >= Kind.CUSTOMER) & (log.kind <= Kind.ANSWER)))
    return _People(
        customer=customer,
        answer=answer,
        outbound=outbound,
        opened_publicly=outbound & (person == answer),
        bot_only=bot_only,
        created=created,
        opened=np.where(known, opened, created),
        created_known=known,
        not_by_customer=outbound | (by == By.AGENT) | (by == By.BOT),
    )


def _firsts(log: _Log, marks: _Marks, people: _People, resolved_at_end: Bools, rules: Rules, now: int) -> _Firsts:
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

    ends = (marks.outcome != _waits.WAIT_OPEN) & (marks.outcome != WAIT_DROPPED)
    ended = log.next(ends, np.maximum(since, eligible), code)
    outcome = np.append(marks.outcome, np.int8(_waits.WAIT_OPEN))[ended]
    end = log.instants(ended)
    if rules.on_resolve is OnResolve.DROPS_WAIT:
        # A later answer would still have counted; without one the resolution was the end of it.
        last = _last_resolved(log, marks)
        dropped = (ended == nobody) & resolved_at_end & (last < nobody) & (last > since)
        outcome[dropped], end[dropped] = WAIT_DROPPED, log.instants(last)[dropped]
    if rules.expires is not None:
        _lapse(start, end, outcome, rules.expires, now)
    somebody_waits = ~nobody_wrote | (people.created_known & ~people.not_by_customer)
    known &= somebody_waits | (outcome == _waits.WAIT_ANSWERED)
    return _Firsts(
        known=known & ~people.bot_only,
        opened=opened,
        start=start,
        reason=reason,
        ended=ended,
        end=end,
        outcome=outcome,
        restarted=(opened == restart) & (restart < nobody),
    )


def _restarts(log: _Log, marks: _Marks, rules: Rules, before: Ints, after: Ints) -> tuple[Ints, NDArray[np.int8]]:
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


def _lapse(start: Ints, end: Ints, outcome: NDArray[np.int8], expires: int, now: int) -> None:
    """Let waits lapse that nothing had ended by their deadline."""
    deadline = start + expires
    lapsed = np.flatnonzero(np.where(outcome == _waits.WAIT_OPEN, deadline < now, deadline < end))
    outcome[lapsed] = _waits.WAIT_LAPSED
    end[lapsed] = deadline[lapsed]


def _first_waits(log: _Log, firsts: _Firsts) -> Waits:
    code = np.flatnonzero(firsts.known)
    outcome, ended = firsts.outcome[code], firsts.ended[code]
    return Waits(
        conversation=code,
        opened_by=log.rows(firsts.opened[code]),
        start=firsts.start[code],
        end=firsts.end[code],
        outcome=outcome,
        answered_by=np.where(outcome == _waits.WAIT_ANSWERED, log.rows(ended), -1),
        is_first=np.ones(len(code), np.bool_),
        start_reason=firsts.reason[code],
    )


# --- reply waits -----------------------------------------------------------------------------------------


def _replies(
    log: _Log, marks: _Marks, people: _People, firsts: _Firsts, first_waits: Waits, rules: Rules, now: int
) -> Waits:
    """Every wait for a reply, without the first where that is not taken for one."""
    if rules.wait_from is WaitFrom.PREVIOUS_ANSWER:
        opened, ended, reason = _gaps(log, marks)
    else:
        opened, ended, reason = _runs(log, marks, people, firsts, rules)
    code = log.conversation[opened]
    start, end = log.at[opened], log.instants(ended)
    outcome = np.append(marks.outcome, np.int8(_waits.WAIT_OPEN))[ended]
    if rules.expires is not None:
        _lapse(start, end, outcome, rules.expires, now)

    # What opened before the first response came belongs to it.
    until = np.where(firsts.known, firsts.ended, -1)
    lapsed = firsts.known & (firsts.outcome == _waits.WAIT_LAPSED)
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
        answered_by=np.where(outcome == _waits.WAIT_ANSWERED, log.rows(ended), -1),
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


def _gaps(log: _Log, marks: _Marks) -> tuple[Ints, Ints, NDArray[np.int8]]:
    """From each answer to what ends it; past the last one only where a customer has written since."""
    opened = np.flatnonzero(marks.answers)
    code = log.conversation[opened]
    ended = log.next(marks.outcome != _waits.WAIT_OPEN, opened, code)
    waited = (ended < len(log.at)) | (log.next(log.kind == Kind.CUSTOMER, opened, code) < len(log.at))
    opened = opened[waited]
    return opened, ended[waited], np.full(len(opened), Start.PREVIOUS_ANSWER, np.int8)


def _runs(
    log: _Log, marks: _Marks, people: _People, firsts: _Firsts, rules: Rules
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
    ends = marks.outcome != _waits.WAIT_OPEN

    where = np.flatnonzero((opens | ends) & ~passed)
    first, last = _waits._runs(opens[where], _waits._changes(log.conversation[where]))
    ended = log.next(ends & ~passed, where[last], log.conversation[where[last]])
    if rules.wait_from is WaitFrom.LAST_CUSTOMER:
        reason[log.kind == Kind.CUSTOMER] = Start.LAST_CUSTOMER
        opened = log.previous(asks, where[last] + 1, where[first] - 1)
        opened = np.where(opened < len(log.at), opened, where[first])
    else:
        reason[log.kind == Kind.CUSTOMER] = Start.FIRST_CUSTOMER
        if rules.expires is not None:
            first, run = _waits._reopenings(log.at[where], first, last, rules.expires)
            ended = ended[run]
        opened = where[first]
    return opened, ended, reason[opened]


# --- conversations ---------------------------------------------------------------------------------------


def _handovers(log: _Log) -> NDArray[np.int32]:
    """How often a conversation went from one agent to another."""
    known = log.agent >= 0
    assigned = known & (log.kind == Kind.ASSIGNED)
    answered = known & (log.kind == Kind.ANSWER)
    answered &= (log.first(assigned) == len(log.at))[log.conversation]
    position = np.flatnonzero(assigned | answered)
    agent, code = log.agent[position], log.conversation[position]
    went = (agent[1:] != agent[:-1]) & (code[1:] == code[:-1])
    return _counts(code[1:][went], len(log.begin))


def _one_touch(
    log: _Log, marks: _Marks, standing: _Standing, created_at: Ints, resolved_at_end: Bools, rules: Rules
) -> NDArray[np.int8]:
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


def _resolutions(log: _Log, marks: _Marks, people: _People, rules: Rules) -> tuple[Resolutions, Ints]:
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
    begins = np.flatnonzero(_waits._changes(code))
    number = np.arange(len(code)) - np.repeat(begins, np.diff(begins, append=len(code)))
    return Resolutions(code, start[code], log.at[position], log.row[position], number, _waits._ends(code)), start


def _reopens(log: _Log, marks: _Marks) -> Reopens:
    position = np.flatnonzero(marks.reopens)
    return Reopens(log.conversation[position], log.at[position], log.row[position])


def _rests(log: _Log, marks: _Marks, standing: _Standing, rules: Rules) -> Rests:
    """From each resolution to what ended it, where that is known.

    A resolution is opened again by the first reopening before the next one. Leaving the resolved statuses for one
    that is no reopening, e.g. to be merged, ends it, too.
    """
    lasting = marks.resolves & (log.kind != Kind.RESOLVED_ONCE)
    position = np.flatnonzero(lasting)
    code = log.conversation[position]
    following = np.minimum(log.next(lasting, position, code), log.stop[code])
    leaves = np.zeros(len(log.at), np.bool_)
    leaves[standing.position[standing.changes & ~_members(rules.resolved)[standing.now]]] = True
    again, left = log.next(marks.reopens, position, code), log.next(leaves, position, code)
    reopened, ended = again < following, left < following
    lasts = _waits._ends(code) & ~reopened & ~ended
    end = log.instants(np.where(reopened, again, np.where(ended, left, len(log.at))))
    outcome = np.where(reopened, _waits.WAIT_ANSWERED, np.where(lasts, _waits.WAIT_OPEN, _waits.WAIT_CLOSED))
    # Between two resolutions that came without statuses nobody knows when it went on.
    kept = np.flatnonzero(reopened | lasts | ended)
    return Rests(code[kept], log.at[position[kept]], end[kept], outcome[kept].astype(np.int8))


def _last_resolved(log: _Log, marks: _Marks) -> Ints:
    """The last resolution of each conversation, as far as it lasted."""
    return log.last(marks.resolves & (log.kind != Kind.RESOLVED_ONCE))


def _agent_turns(log: _Log, marks: _Marks, now: int) -> AgentTurns:
    """Stretches with an agent's message as the last public one, up to the last resolution, else up to now."""
    people = np.flatnonzero((log.kind == Kind.CUSTOMER) | (log.kind == Kind.ANSWER))
    code, at = log.conversation[people], log.at[people]
    begins, lasts = _waits._runs(log.kind[people] == Kind.ANSWER, _waits._changes(code))
    code_of, start = code[begins], at[begins]
    resolved_at = log.instants(_last_resolved(log, marks))[code_of]
    limit = np.where(resolved_at == NEVER, now, resolved_at)
    following = np.minimum(lasts + 1, len(code) - 1)
    replied = (following > lasts) & (code[following] == code_of)
    end = np.where(replied, np.minimum(at[following], limit), limit)
    kept = np.flatnonzero(start < end)
    return AgentTurns(code_of[kept], start[kept], end[kept])


def _counts(code: Ints, size: int) -> NDArray[np.int32]:
    return np.bincount(code, minlength=size).astype(np.int32)


# --- the walk --------------------------------------------------------------------------------------------


def walk(
    conversation: AnyInts,
    at: Ints,
    kind: AnyInts,
    status: AnyInts,
    by: AnyInts,
    agent: AnyInts,
    rules: Rules,
    n_conversations: int,
    *,
    now: int,
    threads: int = 1,
) -> Found:
    """Find all waits, resolutions, reopenings and stretches of a log in any row order.

    Rows after ``now`` must have been left out.

    Args:
        conversation: code of each row.
        at: its instant.
        kind: a `Kind`.
        status: a `Status`, for CREATED and STATUS rows.
        by: a `By`, for CREATED, STATUS and RESOLVED rows.
        agent: code of the agent who answered or was assigned, -1 for nobody known.
        rules: what counts.
        n_conversations: how many codes there are.
        now: where open stretches end.
        threads: for putting the rows in order.
    """
    log = _in_order(conversation, at, kind, status, by, agent, n_conversations, threads)
    nobody = len(log.at)
    standing = _standing(log, rules)
    marks = _marks(log, standing, rules)
    people = _people(log, marks, rules)

    said = np.full(nobody + 1, Status.UNKNOWN, np.int8)
    said[standing.position] = standing.now
    last_said = log.last(said[:-1] != Status.UNKNOWN)
    resolved_at_end = _members(rules.resolved)[said[last_said]]

    firsts = _firsts(log, marks, people, resolved_at_end, rules, now)
    first_waits = _first_waits(log, firsts)
    created_at = log.instants(people.created)
    resolutions, resolution_start = _resolutions(log, marks, people, rules)
    statuses = _stretches(log, standing, created_at, now)
    return Found(
        first=first_waits,
        replies=_replies(log, marks, people, firsts, first_waits, rules, now),
        conversations=Conversations(
            first_customer=log.rows(people.customer),
            customer_messages=log.tally(log.kind == Kind.CUSTOMER),
            answers=log.tally(log.kind == Kind.ANSWER),
            outbound=people.outbound,
            bot_only=people.bot_only,
            resolved_at=log.instants(_last_resolved(log, marks)),
            created_at=created_at,
            created_known=people.created_known,
            resolution_start=resolution_start,
            handed_off_at=log.instants(log.first(marks.hands_over)),
            has_status=last_said < nobody,
            status_at_end=said[last_said],
            resolved_at_end=resolved_at_end,
            resolutions=_counts(resolutions.conversation, n_conversations),
            reopens=log.tally(marks.reopens),
            handovers=_handovers(log),
            one_touch=_one_touch(log, marks, standing, created_at, resolved_at_end, rules),
        ),
        resolutions=resolutions,
        reopens=_reopens(log, marks),
        rests=_rests(log, marks, standing, rules),
        statuses=statuses,
        pauses=Pauses(
            first=_only(statuses, rules.paused_first),
            reply=_only(statuses, rules.paused_reply),
            resolution=_only(statuses, rules.paused_resolution),
        ),
        agent_turns=_agent_turns(log, marks, now),
    )


def pieces(conversation: Ints, start: Ints, end: Ints, stretches: Stretches | AgentTurns) -> tuple[Ints, Ints, Ints]:
    """What intervals have in common with the stretches of their conversations.

    Returns the number of the interval, the start and the end of each piece, ordered by interval and start.
    Pieces without length are none.
    """
    low = np.searchsorted(stretches.conversation, conversation)
    stop = np.searchsorted(stretches.conversation, conversation, side="right")
    low = _first_after(stretches.end, start, low, stop)
    high = _first_after(stretches.start, end - 1, low, stop)
    sizes = np.where(start < end, high - low, 0)
    index = np.repeat(np.arange(len(start)), sizes)
    chosen = _waits._ranges(low, sizes)
    return index, np.maximum(start[index], stretches.start[chosen]), np.minimum(end[index], stretches.end[chosen])


def _first_after(values: Ints, limit: Ints, low: Ints, stop: Ints) -> Ints:
    """The first place from `low` on, before `stop`, whose value is greater than the limit; the stop without one."""
    low, high = low.copy(), stop.copy()
    unsure = np.flatnonzero(low < high)
    while len(unsure):
        middle = (low[unsure] + high[unsure]) >> 1
        beyond = values[middle] > limit[unsure]
        high[unsure[beyond]] = middle[beyond]
        low[unsure[~beyond]] = middle[~beyond] + 1
        unsure = unsure[low[unsure] < high[unsure]]
    return low
