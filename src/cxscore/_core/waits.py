"""The walk over a message log: who waited for whom, from when until when.

Plain columns in, plain columns out. This module knows conversations as codes 0..n-1, instants as int64
microseconds and rows by a small kind code; it knows nothing of authors, policies, time zones or groups.

The rules, in the order in which they apply:

* At one instant the rows of a conversation stand in the order of their kind codes: customers, then bots,
  then agents, then what closes the conversation.
* A run of customer messages opens one wait, at its first message. The next row that is an answer, a
  resolution or an abandonment ends it. An ending with no open wait does nothing.
* The last hand-off after the first customer message and before the first answer after it starts the first
  wait instead; everything between that customer message and the hand-off then neither opens nor ends.
* With ``expires`` a wait that nothing has ended by ``start + expires`` lapses there, and a customer message
  of the same run later than that opens the next one.
* A conversation with a bot message after the first customer message, no hand-off and no answer after that
  message opens no wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import runs
from .threads import each, sort

__all__ = [
    "ABANDONED",
    "ANSWER",
    "BOT",
    "CUSTOMER",
    "HANDED_OVER",
    "IGNORED",
    "NEVER",
    "RESOLVED",
    "RESOLVED_ONCE",
    "WAIT_ABANDONED",
    "WAIT_ANSWERED",
    "WAIT_CLOSED",
    "WAIT_LAPSED",
    "WAIT_OPEN",
    "AgentTurns",
    "Conversations",
    "Waits",
    "Walk",
    "agent_time",
    "order",
    "walk",
]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
AnyInts: TypeAlias = NDArray[np.integer[Any]]
Rows: TypeAlias = Ints | slice
T = TypeVar("T")
Scalar = TypeVar("Scalar", bound=np.generic)

# Kinds of rows. Their numeric order is their order at one instant.
CUSTOMER = 0  # public, not automatic
BOT = 1
IGNORED = 2  # private notes and automatic messages: they matter only when they carry a hand-off
ANSWER = 3  # public message of a human agent, not automatic
HANDED_OVER = 4  # such a note of a human agent with a hand-off, which comes after what was answered
RESOLVED = 5
RESOLVED_ONCE = 6  # a resolution that did not last: it closes a wait, but the conversation goes on
ABANDONED = 7

# How a wait ended.
WAIT_ANSWERED = 0
WAIT_CLOSED = 1
WAIT_ABANDONED = 2
WAIT_LAPSED = 3
WAIT_OPEN = 4
_OUTCOME_OF_KIND = np.array(
    [WAIT_OPEN] * 3 + [WAIT_ANSWERED, WAIT_OPEN, WAIT_CLOSED, WAIT_CLOSED, WAIT_ABANDONED], np.int8
)

NEVER = int(np.iinfo(np.int64).min)  # the bits of NaT, so a view as datetime64 reads right

_BLOCK = 1 << 18  # rows packed at a time, and rows walked at a time: what stays in the cache
_STAMP_BITS = 4  # below the instant in a stamp: three bits of kind, one of hand-off


class Waits(NamedTuple):
    """One entry a wait, ordered by conversation and start."""

    conversation: Ints
    opened_by: Ints  # row of the customer message, or of the hand-off
    start: Ints
    end: Ints  # NEVER while open
    outcome: NDArray[np.int8]
    answered_by: Ints  # row of the answer, -1 without
    is_first: Bools  # the wait for the first response


class Conversations(NamedTuple):
    """One entry a conversation code."""

    first_customer: Ints  # row, -1 without a customer message
    customer_messages: NDArray[np.int32]
    answers: NDArray[np.int32]
    outbound: Bools  # an agent wrote before any customer did
    bot_only: Bools
    resolved_at: Ints  # the last resolution, NEVER without


class AgentTurns(NamedTuple):
    """Stretches in which the last public message was an agent's, up to the last resolution."""

    conversation: Ints
    start: Ints
    end: Ints


class Walk(NamedTuple):
    """What one pass over the log finds."""

    waits: Waits
    conversations: Conversations
    agent_turns: AgentTurns


class _Part(NamedTuple):
    """All counting rows of some conversations, in order."""

    row: Ints
    conversation: Ints
    at: Ints
    kind: NDArray[np.int8]
    handoffs: Ints  # positions in the part
    new: Bools  # the first row of its conversation


@dataclass(frozen=True, slots=True)
class _Log:
    """The columns as they were given, and which of their rows count (None for all)."""

    conversation: AnyInts
    at: Ints
    kind: AnyInts
    handoff: Bools | None
    counting: Ints | None
    n_conversations: int
    threads: int

    def __len__(self) -> int:
        return len(self.at if self.counting is None else self.counting)

    def rows(self, where: slice) -> Rows:
        """Row numbers of a stretch of counting rows: a slice where that says the same, as it reads faster."""
        return where if self.counting is None else self.counting[where]

    def marks(self, rows: Rows) -> NDArray[np.int8]:
        """Kind and hand-off in one number each."""
        marks = self.kind[rows].astype(np.int8) << np.int8(1)
        if self.handoff is not None:
            marks |= self.handoff[rows]
        return marks

    def stamps(self, rows: Rows, marks: NDArray[np.int8], origin: int) -> Ints:
        """Instant, kind and hand-off in one number each, so that one comparison orders two rows."""
        stamps = self.at[rows] - origin
        stamps <<= _STAMP_BITS
        stamps |= marks
        return stamps

    def each(self, work: Callable[[int], T], numbers: range) -> list[T]:
        """Do independent pieces of work."""
        return each(work, numbers, self.threads)


# --- order ---------------------------------------------------------------------------------------------


def order(conversation: AnyInts, at: Ints, rank: AnyInts, n_conversations: int, *, threads: int = 1) -> Ints:
    """Row numbers sorted by conversation, instant and rank (0..7); equal rows keep their order."""
    log = _Log(conversation, at, rank, None, None, n_conversations, threads)
    return _joined([part.row for part in _each_part(log, lambda part: part)], np.int64)


def _each_part(log: _Log, work: Callable[[_Part], T]) -> list[T]:
    """Cut the log into parts of whole conversations, put each in order and work on it.

    Packed keys `conversation | leading bits of the stamp | row` are sorted, ten times as fast as rows are by
    `lexsort`. What the leading bits cannot tell apart is put right in the part, inside the cache.
    """
    n_rows = len(log)
    if n_rows == 0:
        return []
    origin = int(log.at.min())
    n_parts = -(-n_rows // _BLOCK)
    cuts = np.linspace(0, log.n_conversations, n_parts + 1).astype(np.int64)
    rows_of = _sorted_rows(log, cuts) or _rows_by_keys(log, cuts, origin)

    def part(number: int) -> T | None:
        rows, conversation, marks = rows_of(number)
        if len(conversation) == 0:
            return None
        new = runs.changes(conversation)
        stamps = log.stamps(rows, marks, origin)
        disorder = stamps[1:] < stamps[:-1]
        disorder &= ~new[1:]
        row = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        if disorder.any():
            where, chosen = _put_right(stamps, new, np.flatnonzero(disorder) + 1)
            row, stamps[where] = row.copy(), stamps[chosen]
            row[where] = row[chosen]
        low = stamps.astype(np.int8)
        kind = (low >> 1) & np.int8(7)
        handoffs = np.flatnonzero(low & np.int8(1)) if log.handoff is not None else np.empty(0, np.int64)
        stamps >>= _STAMP_BITS
        stamps += origin
        return work(_Part(row, conversation, stamps, kind, handoffs, new))

    return [found for found in log.each(part, range(n_parts)) if found is not None]


_RowsOf: TypeAlias = Callable[[int], tuple[Rows, Ints, NDArray[np.int8]]]
"""Rows of a part by its number, their conversations and marks."""


def _sorted_rows(log: _Log, cuts: Ints) -> _RowsOf | None:
    """The rows of each part when the conversations already stand together, else None."""
    codes = log.conversation if log.counting is None else log.conversation[log.counting]
    if not (codes[1:] >= codes[:-1]).all():
        return None
    edges = np.searchsorted(codes, cuts)

    def rows_of(number: int) -> tuple[Rows, Ints, NDArray[np.int8]]:
        where = slice(int(edges[number]), int(edges[number + 1]))
        rows = log.rows(where)
        return rows, codes[where].astype(np.int64), log.marks(rows)

    return rows_of


def _rows_by_keys(log: _Log, cuts: Ints, origin: int) -> _RowsOf:
    """The rows of each part out of sorted keys."""
    row_bits = (len(log.at) - 1).bit_length()
    spare = 63 - row_bits - (log.n_conversations - 1).bit_length()
    # Marks ride along below the row where there is room, as to fetch them row by row takes longer.
    mark_bits = _STAMP_BITS if spare >= _STAMP_BITS else 0
    stamp_bits = (int(log.at.max()) - origin).bit_length() + _STAMP_BITS
    in_time = bool((log.at[1:] >= log.at[:-1]).all())  # then the row number stands for the instant
    lead_bits = 0 if in_time else min(spare - mark_bits, stamp_bits)
    shift = row_bits + lead_bits + mark_bits
    keys = np.empty(len(log), np.int64)

    def pack(first: int) -> None:
        where = slice(first, min(first + _BLOCK, len(log)))
        rows, some = log.rows(where), keys[where]
        marks = log.marks(rows)
        some[:] = log.conversation[rows]
        if lead_bits:
            some <<= lead_bits
            some |= log.stamps(rows, marks, origin) >> (stamp_bits - lead_bits)
        some <<= row_bits
        some |= np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        if mark_bits:
            some <<= mark_bits
            some |= marks

    log.each(pack, range(0, len(log), _BLOCK))
    sort(keys, log.threads)
    # The last cut is left to the end of the keys: shifted, it may not fit.
    edges = [*np.searchsorted(keys, cuts[:-1] << shift).tolist(), len(keys)]

    def rows_of(number: int) -> tuple[Rows, Ints, NDArray[np.int8]]:
        rows = keys[edges[number] : edges[number + 1]]  # nobody else's, so it may change in place
        conversation = rows >> shift
        marks = rows.astype(np.int8) & np.int8((1 << mark_bits) - 1)
        rows >>= mark_bits
        rows &= (1 << row_bits) - 1
        return rows, conversation, marks if mark_bits else log.marks(rows)

    return rows_of


def _put_right(stamps: Ints, new: Bools, disorder: Ints) -> tuple[Ints, Ints]:
    """Sort the conversations of the rows that are out of order; equal stamps already stand in row order.

    Returns positions, and the positions whose rows belong there.
    """
    starts = np.flatnonzero(new)
    wrong = np.searchsorted(starts, disorder, side="right") - 1
    wrong = wrong[runs.changes(wrong)]
    sizes = np.diff(starts, append=len(stamps))[wrong]
    where = runs.ranges(starts[wrong], sizes)
    group = np.repeat(np.arange(len(wrong)), sizes)
    # Packed keys again, of stamps that count from the start of their own conversation: few bits say all.
    stamp = stamps[where]
    keys = stamp - np.repeat(np.minimum.reduceat(stamp, np.cumsum(sizes) - sizes), sizes)
    stamp_bits = int(keys.max()).bit_length()
    position_bits = (len(where) - 1).bit_length()
    spare = 63 - position_bits - (len(wrong) - 1).bit_length()
    keys >>= max(0, stamp_bits - spare)
    keys |= group << min(spare, stamp_bits)
    keys <<= position_bits
    keys |= np.arange(len(where))
    keys.sort()
    keys &= (1 << position_bits) - 1
    if stamp_bits > spare:
        stamp = stamp[keys]
        if ((stamp[1:] < stamp[:-1]) & (group[1:] == group[:-1])).any():
            keys = keys[np.lexsort((stamp, group))]
    return where, where[keys]


# --- the walk ------------------------------------------------------------------------------------------


def walk(
    conversation: AnyInts,
    at: Ints,
    kind: AnyInts,
    handoff: Bools | None,
    n_conversations: int,
    *,
    now: int,
    expires: int | None = None,
    open_turns: bool = False,
    threads: int = 1,
) -> Walk:
    """Find all waits of a log in any row order.

    Rows after ``now`` must have been left out. Instants span less than 2**58 microseconds (9,000 years).
    With ``open_turns`` conversations that were not resolved have agents' turns, too, up to ``now``.
    """
    ignorable = (kind == BOT) | (kind == IGNORED) | (kind == HANDED_OVER)
    bots = np.flatnonzero(kind == BOT)
    if handoff is not None:
        ignorable &= ~handoff
    counting = np.flatnonzero(~ignorable) if ignorable.any() else None
    log = _Log(conversation, at, kind, handoff, counting, n_conversations, threads)
    found = Conversations(
        first_customer=np.full(n_conversations, -1, np.int64),
        customer_messages=np.zeros(n_conversations, np.int32),
        answers=np.zeros(n_conversations, np.int32),
        outbound=np.zeros(n_conversations, np.bool_),
        bot_only=np.zeros(n_conversations, np.bool_),
        resolved_at=np.full(n_conversations, NEVER, np.int64),
    )
    last_bot = None
    if len(bots):
        last_bot = np.full(n_conversations, NEVER, np.int64)
        np.maximum.at(last_bot, conversation[bots], at[bots])

    def work(part: _Part) -> tuple[Waits, AgentTurns]:
        first = _note_messages(part, found)
        turns = _agent_turns(part, found, now if open_turns else None)
        if last_bot is not None:
            _note_bot_only(part, first, last_bot, found)
        if len(part.handoffs):
            part = _start_at_handoffs(part, first)
        opens, lasts = runs.bounds(part.kind == CUSTOMER, part.new)
        if last_bot is not None:
            human = np.flatnonzero(~found.bot_only[part.conversation[opens]])
            opens, lasts = opens[human], lasts[human]
        return _waits(part, opens, lasts, now, expires), turns

    parts = _each_part(log, work)
    return Walk(
        Waits(
            _joined([waits.conversation for waits, _ in parts], np.int64),
            _joined([waits.opened_by for waits, _ in parts], np.int64),
            _joined([waits.start for waits, _ in parts], np.int64),
            _joined([waits.end for waits, _ in parts], np.int64),
            _joined([waits.outcome for waits, _ in parts], np.int8),
            _joined([waits.answered_by for waits, _ in parts], np.int64),
            _joined([waits.is_first for waits, _ in parts], np.bool_),
        ),
        found,
        AgentTurns(
            _joined([turns.conversation for _, turns in parts], np.int64),
            _joined([turns.start for _, turns in parts], np.int64),
            _joined([turns.end for _, turns in parts], np.int64),
        ),
    )


def agent_time(turns: AgentTurns, opened: Ints) -> Ints:
    """Microseconds of agents' turns after each conversation was opened."""
    spent = turns.end - np.maximum(turns.start, opened[turns.conversation])
    total = np.zeros(len(opened), np.int64)
    np.add.at(total, turns.conversation, np.maximum(spent, 0))
    return total


def _note_messages(part: _Part, found: Conversations) -> Ints:
    """Count the messages of people and see who wrote the first; returns the first customer messages."""
    starts = np.flatnonzero(part.new)
    code = part.conversation[starts]
    first_answer, answers = _first_of_each(part.kind == ANSWER, starts)
    first, customer_messages = _first_of_each(part.kind == CUSTOMER, starts)
    found.answers[code] = answers
    found.customer_messages[code] = customer_messages
    found.outbound[code] = (first_answer < first) & (answers > 0)
    wrote = np.flatnonzero(customer_messages)
    first = first[wrote]
    found.first_customer[code[wrote]] = part.row[first]
    return first


def _first_of_each(mask: Bools, starts: Ints) -> tuple[Ints, Ints]:
    """The first position in the mask from each start on, or the end, and how many there are before the next start."""
    positions = np.append(np.flatnonzero(mask), len(mask))
    # Several times as fast as to look the starts up among the positions.
    before = np.cumsum(mask, dtype=np.int32)[starts]
    before -= mask[starts]
    return positions[before], np.diff(before, append=len(positions) - 1)


def _agent_turns(part: _Part, found: Conversations, now: int | None) -> AgentTurns:
    """Stretches with an agent's message as the last public one, and the last resolutions.

    They reach up to the last resolution, or up to ``now`` where there is none and it is given.
    """
    resolved = np.flatnonzero(part.kind == RESOLVED)
    last = resolved[runs.ends(part.conversation[resolved])]
    found.resolved_at[part.conversation[last]] = part.at[last]
    if len(resolved) == 0 and now is None:
        return AgentTurns(resolved, resolved, resolved)
    people = np.flatnonzero((part.kind == CUSTOMER) | (part.kind == ANSWER))
    code, at = part.conversation[people], part.at[people]
    begins, lasts = runs.bounds(part.kind[people] == ANSWER, runs.changes(code))
    following = np.minimum(lasts + 1, len(code) - 1)
    conversation, start = code[begins], at[begins]
    limit = found.resolved_at[conversation]
    if now is not None:
        limit[np.flatnonzero(limit == NEVER)] = now
    replied = (following > lasts) & (code[following] == conversation)
    end = np.where(replied, np.minimum(at[following], limit), limit)
    kept = np.flatnonzero(end > start)  # NEVER is less than any instant
    return AgentTurns(conversation[kept], start[kept], end[kept])


def _note_bot_only(part: _Part, first: Ints, last_bot: Ints, found: Conversations) -> None:
    """Mark the conversations that only bots took part in, of those with a first customer message."""
    code = part.conversation[first]
    # A bot at the very instant of the first customer message stands after it.
    bot = last_bot[code] >= part.at[first]
    handed = part.conversation[part.handoffs]
    bot[np.isin(code, handed, kind="sort")] = False
    answers = np.flatnonzero(part.kind == ANSWER)
    after = np.searchsorted(answers, first)
    answered = after < len(answers)
    answered[answered] = part.conversation[answers[after[answered]]] == code[answered]
    found.bot_only[code] = bot & ~answered


def _start_at_handoffs(part: _Part, first: Ints) -> _Part:
    """Let the last hand-off between first customer message and first answer open the wait in its stead."""
    handoffs = part.handoffs
    code = part.conversation[handoffs]
    which = np.searchsorted(part.conversation[first], code)
    known = which < len(first)
    known[known] = part.conversation[first[which[known]]] == code[known]
    handoffs, code, which = handoffs[known], code[known], which[known]
    opened = first[which]
    # Past the last answer stands the end of the part; an answer of a later conversation is no less far.
    answers = np.append(np.flatnonzero(part.kind == ANSWER), len(part.kind))
    effective = (opened < handoffs) & (handoffs < answers[np.searchsorted(answers, opened)])
    effective[effective] = runs.ends(code[effective])
    opened, handoffs = opened[effective], handoffs[effective]

    kind = part.kind.copy()
    kind[handoffs] = CUSTOMER
    step = np.zeros(len(kind), np.int8)
    step[opened] = 1
    step[handoffs] = -1
    kept = np.cumsum(step, dtype=np.int8) == 0
    kept &= (kind != BOT) & (kind != IGNORED) & (kind != HANDED_OVER)
    where = np.flatnonzero(kept)
    conversation = part.conversation[where]
    return _Part(part.row[where], conversation, part.at[where], kind[where], handoffs[:0], runs.changes(conversation))


def _waits(part: _Part, opens: Ints, lasts: Ints, now: int, expires: int | None) -> Waits:
    """One wait a run of customer messages, or more where it lapses within the run."""
    following = np.minimum(lasts + 1, len(part.kind) - 1)
    # The last row of a part is its own follower: a customer's, and so no ending.
    outcome = _OUTCOME_OF_KIND[part.kind[following]]
    outcome[np.flatnonzero(part.new[following])] = WAIT_OPEN
    end = part.at[following]
    end[np.flatnonzero(outcome == WAIT_OPEN)] = NEVER
    if expires is not None:
        opens, run = runs.reopenings(part.at, opens, lasts, expires)
        is_last_of_run = runs.ends(run)
        outcome, end, following = outcome[run], end[run], following[run]
        deadline = part.at[opens] + expires
        late = (deadline < end) | ((outcome == WAIT_OPEN) & (deadline < now))  # NEVER is less than any
        lapsed = np.flatnonzero(~is_last_of_run | late)
        outcome[lapsed] = WAIT_LAPSED
        end[lapsed] = deadline[lapsed]
    answered_by = part.row[following]
    answered_by[np.flatnonzero(outcome != WAIT_ANSWERED)] = -1
    conversation = part.conversation[opens]
    return Waits(
        conversation,
        part.row[opens],
        part.at[opens],
        end,
        outcome,
        answered_by,
        runs.changes(conversation),
    )


def _joined(pieces: list[NDArray[Scalar]], dtype: type[Scalar]) -> NDArray[Scalar]:
    return np.concatenate(pieces) if pieces else np.empty(0, dtype)
