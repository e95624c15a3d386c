"""A seeded, synthetic help desk: something to run the six functions on before your own data is at hand.

Nobody in it exists, and nothing in it is measured: the waits, scores and names are drawn from formulas
written down here. It has what real help desks have and what makes measuring them hard: skewed waits,
busy hours, bots and hand-offs, private notes, automatic replies, threads without an answer, closing
thanks, tickets that are opened again, customers who come back, surveys that nobody answered; statuses,
assignments and hand-offs beside the messages.

Knows the batches. Every draw is a uniform number of a seeded PCG64 that is turned into the wanted
distribution here, because numpy promises the same bits for ever but not the same distributions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .batches import Changes, Contacts, Conversations, Messages, Responses
from .errors import ArgumentTypeError, ArgumentValueError

__all__ = ["HelpDesk", "helpdesk"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max  # seconds; later than every cut, so what never happens is cut off
_HOUR, _DAY, _WEEK = 3_600, 86_400, 604_800
_MONDAY = 4 * _DAY  # 1970-01-05 was one

# -- what the help desk is like ----------------------------------------------------------------------

_EMAIL, _CHAT, _SOCIAL = range(3)
_CHANNELS = ("email", "chat", "social")
_CHANNEL_SHARES = (0.50, 0.32, 0.18)
# Median seconds of: the first answer, a later answer, the customer's next message, a message in a row
# with the last one, closing the ticket after the last answer.
_FIRST_ANSWER = np.array([1.6 * _HOUR, 150.0, 20.0 * 60])
_FIRST_SPREAD = np.array([1.2, 1.0, 1.1])
_NEXT_ANSWER = np.array([1.5 * _HOUR, 60.0, 15.0 * 60])
_CUSTOMER_BACK = np.array([2.0 * _HOUR, 45.0, 25.0 * 60])
_IN_A_ROW = np.array([180.0, 15.0, 60.0])
_CLOSING = np.array([2.5 * _HOUR, 120.0, 1.5 * _HOUR])
_NEVER_ANSWERED = np.array([0.015, 0.0, 0.04])
_ABANDONED = np.array([0.0, 0.06, 0.0])

# Arrivals: hours of a day for e-mail and chat, for social media; days of a week from Monday on. The
# chat window is closed while nobody is there, but for some who find it anyhow.
_OFFICE_HOURS = (2, 1, 1, 1, 1, 2, 6, 18, 45, 70, 80, 72, 55, 60, 70, 66, 55, 42, 30, 24, 20, 14, 8, 4)
_SOCIAL_HOURS = (8, 5, 3, 2, 2, 3, 8, 18, 26, 30, 32, 34, 36, 34, 32, 32, 36, 42, 50, 56, 58, 48, 32, 16)
_WEEKDAYS = (1.25, 1.10, 1.0, 1.0, 0.95, 0.35, 0.25)
# Staffed from and to (seconds of the day), and days until the next staffed day, from Monday on.
_OPENS = np.array([8 * _HOUR, 8 * _HOUR, 7 * _HOUR])
_CLOSES = np.array([19 * _HOUR, 20 * _HOUR, 22 * _HOUR])
_NEXT_DAY = np.array([[1, 1, 1, 1, 1, 2, 1], [1, 1, 1, 1, 1, 2, 1], [1] * 7])
_STAFFED = np.array([[1] * 6 + [0], [1] * 6 + [0], [1] * 7], dtype=np.bool_)

_TOPICS = ("delivery", "product question", "login", "defect", "billing", "returns")
_TOPIC_SHARES = (0.27, 0.20, 0.16, 0.14, 0.13, 0.10)
_TEAMS = ("first line", "technical", "billing")
_TEAM_OF_TOPIC = np.array([0, 0, 1, 1, 2, 2])
_TEAM_FIRST = np.array([0, 6, 10])  # agents 1-6, 7-10, 11-13
_TEAM_SIZE = np.array([6, 4, 3])
_AGENTS = 13
_AGENT_SLOWNESS = np.array([0.8, 1.0, 1.1, 0.9, 1.3, 1.0, 0.9, 1.2, 1.0, 1.5, 0.8, 1.0, 1.1])

_CUSTOMER, _AGENT, _BOT, _SYSTEM = range(4)
_MAKERS = ("customer", "agent", "bot", "system")
_CREATED, _STATUS, _HANDOFF, _ASSIGNED, _MERGED = range(5)
_KINDS = ("created", "status", "handoff", "assigned", "merged")
_NEW, _OPEN, _PENDING, _HOLD, _SOLVED, _CLOSED, _SPAM = range(7)
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "spam")
_CLOSED_AFTER = 4 * _DAY  # of rest: from then on a ticket is not opened again, but a new one

_LOW_REASONS: tuple[tuple[str, ...], ...] = (
    (), ("waiting time",), ("waiting time", "no solution"), ("no solution",), ("price",), ("had to ask again",),
)  # fmt: skip
_HIGH_REASONS: tuple[tuple[str, ...], ...] = (
    (), ("friendly",), ("fast",), ("friendly", "fast"), ("solved",), ("product",),
)  # fmt: skip


@attrs.frozen(repr=False)
class HelpDesk:
    """A synthetic help desk in columns; ids are the same in all of them, all instants are UTC.

    Attributes:
        responses: answers and unanswered invitations (`score` None) of two surveys: "contact" (satisfaction
            with one conversation, 1 to 5) and "relationship" (recommendation, 0 to 10).
        messages: the message log in order of time.
        conversations: one row a conversation, in order of opening.
        contacts: one row a contact: the conversations without spam and merged ones.
        changes: what happened to the conversations apart from messages, in order of time: created, assigned, handed
            over by a bot, every status.
        as_of: when the extract was made; nothing in it is later.
        seed: what it was made from.
    """

    responses: Responses
    messages: Messages
    conversations: Conversations
    contacts: Contacts
    changes: Changes
    as_of: dt.datetime
    seed: int

    def __repr__(self) -> str:
        return (
            f"HelpDesk(synthetic, seed {self.seed}: {len(self.conversations):,} conversations, "
            f"{len(self.messages):,} messages, {len(self.changes):,} changes, {len(self.contacts):,} contacts, "
            f"{len(self.responses):,} survey invitations, as of {self.as_of:%Y-%m-%d %H:%M} UTC)"
        )


def helpdesk(
    conversations: int = 2_000,
    seed: int = 7,
    *,
    start: dt.datetime = dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
    days: int = 84,
) -> HelpDesk:
    """A synthetic help desk; the same arguments give the same one.

    Args:
        conversations: how many, 1 or more.
        seed: 0 or more.
        start: first instant, with its zone; the default is a Monday.
        days: length in days, 1 or more.

    Returns:
        HelpDesk, an extract made `days` after `start`: what happens later is not in it, so some waits,
        tickets and surveys are still open.

    Raises:
        ArgumentTypeError: an argument of another type.
        ArgumentValueError: an argument below its least value, or a naive `start`.

    >>> from cxscore import sample
    >>> desk = sample.helpdesk(conversations=200, seed=1)
    >>> len(desk.conversations), desk.as_of.isoformat()
    (200, '2026-03-30T00:00:00+00:00')
    """
    _check("conversations", conversations, 1)
    _check("seed", seed, 0)
    _check("days", days, 1)
    if not isinstance(start, dt.datetime):
        msg = f"start must be a datetime (got {start!r})"
        raise ArgumentTypeError(msg, argument="start", found=start)
    if start.utcoffset() is None:
        msg = f"start must have a zone (got {start!r}), e.g. datetime(2026, 1, 5, tzinfo=timezone.utc)"
        raise ArgumentValueError(msg, argument="start", found=start)
    return _Desk(conversations, seed, start.astimezone(dt.UTC), days).build()


def _check(argument: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{argument} must be a whole number (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if value < least:
        msg = f"{argument} must be {least} or more (got {value!r})"
        raise ArgumentValueError(msg, argument=argument, found=value)


# -- drawing -----------------------------------------------------------------------------------------


class _Draws:
    """Distributions made of uniform numbers."""

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed if len(seed) > 1 else seed[0]))

    def uniform(self, n: int) -> Floats:
        return self._generator.random(n)

    def chance(self, n: int, share: float | Floats) -> Bools:
        return self.uniform(n) < share

    def pick(self, n: int, shares: Sequence[float]) -> Ints:
        """Positions in `shares`, which need not add up to 1."""
        edges = np.cumsum(shares)
        return np.searchsorted(edges[:-1] / edges[-1], self.uniform(n), side="right")

    def normal(self, n: int) -> Floats:
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(n)))
        return radius * np.cos(2.0 * np.pi * self.uniform(n))

    def seconds(self, n: int, median: float | Floats, spread: float | Floats = 1.0) -> Ints:
        """Lognormal durations in whole seconds, one at least."""
        return np.maximum(np.floor(median * np.exp(spread * self.normal(n))), 1.0).astype(np.int64)


@attrs.define
class _Tickets:
    """Conversations in columns while they are made; times in seconds since 1970, `_NEVER` for never."""

    opened: Ints
    channel: Ints
    topic: Ints
    customer: Ints  # 0 is the service account
    generation: Ints  # 0 a new issue, 1 and 2 the same customer again about the same
    agent: Ints
    answered: Ints
    first_resolved: Ints
    resolved: Ints
    reopened: Ints
    abandoned: Ints
    junk: Ints  # 0 no, 1 spam, 2 merged
    exchanges: Ints
    ended: Ints  # last thing that happened

    @classmethod
    def joined(cls, parts: Sequence[_Tickets]) -> _Tickets:
        names = [field.name for field in attrs.fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def sorted(self, order: Ints) -> _Tickets:
        return _Tickets(*(getattr(self, field.name)[order] for field in attrs.fields(_Tickets)))


@attrs.define
class _Log:
    """Messages in pieces while they are made."""

    pieces: list[tuple[Array, ...]] = attrs.field(factory=list)

    def add(
        self, conversation: Ints, at: Ints, author: int, agent: Ints | int = -1, *, public: bool = True,
        automatic: bool = False, handoff: bool = False,
    ) -> None:  # fmt: skip
        n = len(conversation)
        flags = [np.full(n, flag, np.bool_) for flag in (public, automatic, handoff)]
        agents = np.broadcast_to(np.asarray(agent, np.int64), (n,))
        self.pieces.append((conversation, at, np.full(n, author, np.int8), agents, *flags))

    def columns(self) -> list[Array]:
        return [np.concatenate(parts) for parts in zip(*self.pieces, strict=True)]


@attrs.define
class _Notes:
    """Changes in pieces while they are made; what `to` numbers (statuses, agents) depends on the kind."""

    pieces: list[tuple[Array, ...]] = attrs.field(factory=list)

    def add(
        self, conversation: Ints, at: Ints, kind: int, by: Ints | int, *, to: Ints | int = -1, agent: Ints | int = -1
    ) -> None:
        parts = (np.broadcast_to(np.asarray(part, np.int64), conversation.shape) for part in (kind, by, to, agent))
        self.pieces.append((conversation, at, *parts))

    def columns(self) -> list[Array]:
        return [np.concatenate(parts) for parts in zip(*self.pieces, strict=True)]


class _Desk:
    """One help desk in the making."""

    def __init__(self, conversations: int, seed: int, start: dt.datetime, days: int) -> None:
        self.n = conversations
        self.seed = seed
        self.draw = _Draws(seed)
        self.habits = _Draws(seed, 1)  # draws of its own, so that notes change nothing of what people write
        self.start = int(start.timestamp())
        self.end = self.start + days * _DAY
        self.as_of = start + dt.timedelta(days=days)
        self.log, self.notes = _Log(), _Notes()
        self.customers = max(2, round(0.55 * conversations))

    def build(self) -> HelpDesk:
        tickets = self._tickets()
        order = np.argsort(tickets.opened, kind="stable")
        rank = np.empty(self.n, np.int64)
        rank[order] = np.arange(self.n)
        tickets = tickets.sorted(order)
        names = _Names(self.draw, self.customers, tickets)
        messages, written = self._messages(rank, tickets, names)
        conversations = self._conversations(tickets, written, names)
        contacts = self._contacts(tickets, names)
        changes = self._changes(rank, names)
        responses = self._responses(tickets, names)
        return HelpDesk(responses, messages, conversations, contacts, changes, self.as_of, self.seed)

    # -- conversations -------------------------------------------------------------------------------

    def _tickets(self) -> _Tickets:
        """New issues first, then the customers who come back about one, then those who come back again."""
        back, again = round(0.13 * self.n), round(0.03 * self.n)
        parts = [self._new_issues(self.n - back - again)]
        made = len(parts[0].opened)
        for generation, n in ((1, back), (2, again)):
            parts.append(self._returns(parts[-1], n, generation, made))
            made += n
        return _Tickets.joined(parts)

    def _new_issues(self, n: int) -> _Tickets:
        draw = self.draw
        channel = draw.pick(n, _CHANNEL_SHARES)
        hours = (np.arange(self.start, self.end - _HOUR, _HOUR) - _MONDAY) % _WEEK // _HOUR
        opened = np.empty(n, np.int64)
        for which, profile in enumerate((_OFFICE_HOURS, _OFFICE_HOURS, _SOCIAL_HOURS)):
            weights = np.array(profile)[hours % 24] * np.array(_WEEKDAYS)[hours // 24]
            if which == _CHAT:
                weights *= np.where(_is_staffed(hours * _HOUR, which), 1.0, 0.02)
            rows = channel == which
            count = int(rows.sum())
            opened[rows] = self.start + draw.pick(count, weights) * _HOUR + (draw.uniform(count) * _HOUR).astype(int)
        # Few customers write often, most write once; one is a machine, which does not grow with its help desk.
        customer = 1 + (draw.uniform(n) ** 1.3 * (self.customers - 1)).astype(np.int64)
        customer[draw.chance(n, 0.03 * min(1.0, (2_000 / self.n) ** 0.5))] = 0
        topic = draw.pick(n, _TOPIC_SHARES)
        return self._handled(0, opened, channel, topic, customer, np.zeros(n, np.int64))

    def _returns(self, before: _Tickets, n: int, generation: int, made: int) -> _Tickets:
        """The same customers about the same topic again, sooner rather than later."""
        draw = self.draw
        # Weighted sampling without replacement (Efraimidis and Spirakis 2006): slow answers bring people back.
        waited = np.minimum(before.answered, self.end) - before.opened
        weight = np.where(before.junk == 0, 1.0 + np.log1p(waited / _HOUR), 0.05)
        parents = np.argsort(np.log1p(-draw.uniform(len(weight))) / weight, kind="stable")[::-1][:n]
        opened = before.opened[parents]
        base = np.minimum(before.ended[parents], opened + (self.end - _HOUR - opened) // 2)
        # An exponential delay, cut where the extract ends.
        mean, room = 3.5 * _DAY, (self.end - _HOUR - base).astype(np.float64)
        delay = -mean * np.log1p(draw.uniform(len(parents)) * np.expm1(-room / mean))
        return self._handled(
            made, base + np.floor(delay).astype(np.int64), before.channel[parents], before.topic[parents],
            before.customer[parents], np.full(len(parents), generation),
        )  # fmt: skip

    def _handled(
        self, made: int, opened: Ints, channel: Ints, topic: Ints, customer: Ints, generation: Ints
    ) -> _Tickets:
        """What happens in each conversation, message by message; rows of the log are numbered from `made`."""
        draw, log, notes, n = self.draw, self.log, self.notes, len(opened)
        row = made + np.arange(n)
        never = np.full(n, _NEVER)
        team = _TEAM_OF_TOPIC[topic]
        agent = _TEAM_FIRST[team] + (draw.uniform(n) * _TEAM_SIZE[team]).astype(np.int64)
        junk = draw.pick(n, (0.975, 0.015, 0.010))
        genuine = junk == 0
        tickets = _Tickets(
            opened, channel, topic, customer, generation, agent, never.copy(), never.copy(), never.copy(),
            np.zeros(n, np.int64), never.copy(), junk, np.zeros(n, np.int64), opened.copy(),
        )  # fmt: skip

        # An agent writes first in a few e-mails; the customer's first message is then an answer.
        outbound = genuine & (channel == _EMAIL) & draw.chance(n, 0.02)
        log.add(row[outbound], opened[outbound], _AGENT, agent[outbound])
        notes.add(row, opened, _CREATED, np.where(outbound, _AGENT, _CUSTOMER), to=_NEW)
        first = np.where(outbound, opened + draw.seconds(n, 5.0 * _HOUR), opened)
        log.add(row, first, _CUSTOMER)
        last = self._more_in_a_row(row, first, channel, genuine)

        receipt = (channel == _EMAIL) & ~outbound & draw.chance(n, 0.6)
        log.add(row[receipt], first[receipt] + 5, _AGENT, automatic=True)

        bot = genuine & (channel == _CHAT) & draw.chance(n, 0.6)
        bot_only = bot & draw.chance(n, 0.3)
        hand_over = bot & ~bot_only
        log.add(row[bot], last[bot] + 2, _BOT)
        handed = last + 2 + draw.seconds(n, 30.0, 0.5)
        log.add(row[hand_over], handed[hand_over], _BOT, handoff=True)
        notes.add(row[hand_over], handed[hand_over], _HANDOFF, _BOT)
        log.add(row[bot_only], handed[bot_only], _CUSTOMER)
        log.add(row[bot_only], handed[bot_only] + 2, _BOT)
        tickets.first_resolved[bot_only] = handed[bot_only] + 600
        last = np.where(bot, handed, last)

        # Who gets no answer from a person: junk, bots' conversations, those who leave, the forgotten.
        leaves = genuine & ~bot_only & draw.chance(n, _ABANDONED[channel])
        tickets.abandoned[leaves] = (last + draw.seconds(n, 360.0))[leaves]
        forgotten = genuine & ~bot_only & ~leaves & draw.chance(n, _NEVER_ANSWERED[channel])
        closed_unanswered = (junk > 0) | (forgotten & draw.chance(n, 0.6))
        closing = last + draw.seconds(n, np.where(genuine, 5.0 * _DAY, 4.0 * _HOUR), 0.5)
        tickets.first_resolved[closed_unanswered] = closing[closed_unanswered]
        for which, kind, by, to in (
            (bot_only, _STATUS, _BOT, _SOLVED), (forgotten & closed_unanswered, _STATUS, _SYSTEM, _SOLVED),
            (junk == 1, _STATUS, _AGENT, _SPAM), (junk == 2, _MERGED, _AGENT, -1),
        ):  # fmt: skip
            notes.add(row[which], tickets.first_resolved[which], kind, by, to=to)
        served = genuine & ~bot_only & ~leaves & ~forgotten
        tickets.ended = np.where(served, last, np.minimum(tickets.first_resolved, last + 2 * _DAY))

        self._exchanges(tickets, row, last, served)
        return tickets

    def _exchanges(self, tickets: _Tickets, row: Ints, last: Ints, served: Bools) -> None:
        """Answers, questions back, thanks, closing, opening again: fills `tickets` and the log."""
        draw, log, notes, n = self.draw, self.log, self.notes, len(row)
        channel, agent = tickets.channel, tickets.agent
        slowness = _AGENT_SLOWNESS[agent]
        tickets.exchanges = np.where(served, 1 + draw.pick(n, (0.55, 0.25, 0.12, 0.05, 0.03)), 0)

        # A few are mislaid for days: what averages hide and what outliers are for.
        mislaid = np.where(draw.chance(n, 0.012), 30.0, 1.0)
        wait = draw.seconds(n, _FIRST_ANSWER[channel] * slowness * mislaid, _FIRST_SPREAD[channel])
        answer = self._answered(last, wait, channel)
        tickets.answered[served] = answer[served]
        note = served & draw.chance(n, 0.2)
        log.add(row[note], (last + (answer - last) // 2)[note], _AGENT, agent[note], public=False)
        self._write_answer(row, answer, agent, served)
        self._assign(row, last, answer, channel, agent, served)
        pending = self._put_aside(row, answer, agent, served)
        away = served & (channel == _EMAIL) & draw.chance(n, 0.04)
        log.add(row[away], answer[away] + 20, _CUSTOMER, automatic=True)

        for turn in range(2, 6):
            active = tickets.exchanges >= turn
            back = answer + draw.seconds(n, _CUSTOMER_BACK[channel])
            log.add(row[active], back[active], _CUSTOMER)
            self._customer_back(row, back, pending & active)
            last = self._more_in_a_row(row, back, channel, active)
            reply = self._answered(last, draw.seconds(n, _NEXT_ANSWER[channel] * slowness, 1.1), channel)
            self._write_answer(row, reply, agent, active)
            pending = np.where(active, self._put_aside(row, reply, agent, active), pending)
            answer = np.where(active, reply, answer)

        thanks = served & draw.chance(n, 0.35)
        thanked = answer + draw.seconds(n, _CUSTOMER_BACK[channel] / 4)
        log.add(row[thanks], thanked[thanks], _CUSTOMER)
        self._customer_back(row, thanked, pending & thanks)

        closed = served & draw.chance(n, 0.94)
        resolved = np.maximum(answer + draw.seconds(n, _CLOSING[channel]), np.where(thanks, thanked + 60, 0))
        tickets.first_resolved[closed] = resolved[closed]
        notes.add(row[closed], resolved[closed], _STATUS, _AGENT, to=_SOLVED, agent=agent[closed])
        tickets.resolved = tickets.first_resolved.copy()

        reopens = closed & draw.chance(n, 0.06)
        asked = resolved + draw.seconds(n, 0.8 * _DAY)
        log.add(row[reopens], asked[reopens], _CUSTOMER)
        reply = self._answered(asked, draw.seconds(n, _NEXT_ANSWER[channel] * slowness), channel)
        self._write_answer(row, reply, agent, reopens)
        notes.add(row[reopens], asked[reopens], _STATUS, _CUSTOMER, to=_OPEN)
        tickets.resolved[reopens] = (reply + draw.seconds(n, _CLOSING[channel]))[reopens]
        # Only what happens before the extract ends is known in it.
        seen = reopens & (asked <= self.end)
        tickets.reopened = seen.astype(np.int64)
        notes.add(row[reopens], tickets.resolved[reopens], _STATUS, _AGENT, to=_SOLVED, agent=agent[reopens])
        tickets.resolved[reopens & ~seen] = tickets.first_resolved[reopens & ~seen]
        rests = (tickets.junk == 0) & (tickets.resolved < self.end)
        notes.add(row[rests], tickets.resolved[rests] + _CLOSED_AFTER, _STATUS, _SYSTEM, to=_CLOSED)
        tickets.ended = np.where(served, answer, tickets.ended)

    def _more_in_a_row(self, row: Ints, at: Ints, channel: Ints, wanted: Bools) -> Ints:
        """Up to two more customer messages before anybody answers; returns when the last one was written."""
        last = at.copy()
        for share in (0.3, 0.1):
            rows = wanted & self.draw.chance(len(row), share)
            last = np.where(rows, last + self.draw.seconds(len(row), _IN_A_ROW[channel], 0.8), last)
            self.log.add(row[rows], last[rows], _CUSTOMER)
        return last

    def _write_answer(self, row: Ints, at: Ints, agent: Ints, wanted: Bools) -> None:
        self.log.add(row[wanted], at[wanted], _AGENT, agent[wanted])
        second = wanted & self.draw.chance(len(row), 0.15)
        self.log.add(row[second], at[second] + 45, _AGENT, agent[second])

    def _assign(self, row: Ints, asked: Ints, answer: Ints, channel: Ints, agent: Ints, wanted: Bools) -> None:
        """Who takes it, before the first answer; some go to a colleague first, some then wait for somebody else."""
        habits, notes, n = self.habits, self.notes, len(row)
        taken = asked + ((answer - asked) * (0.5 + 0.5 * habits.uniform(n))).astype(np.int64)
        colleague = (agent + 1 + (habits.uniform(n) * (_AGENTS - 1)).astype(np.int64)) % _AGENTS
        passed_on = wanted & habits.chance(n, 0.08)
        earlier = asked + (taken - asked) // 2
        notes.add(row[passed_on], earlier[passed_on], _ASSIGNED, _SYSTEM, to=colleague[passed_on])
        notes.add(row[wanted], taken[wanted], _ASSIGNED, _SYSTEM, to=agent[wanted])
        notes.add(row[wanted], taken[wanted], _STATUS, _SYSTEM, to=_OPEN)
        held = wanted & (channel == _EMAIL) & habits.chance(n, 0.06)
        notes.add(row[held], (taken + (answer - taken) // 4)[held], _STATUS, _AGENT, to=_HOLD, agent=agent[held])
        notes.add(row[held], answer[held], _STATUS, _AGENT, to=_OPEN, agent=agent[held])

    def _put_aside(self, row: Ints, answer: Ints, agent: Ints, wanted: Bools) -> Bools:
        """Answers after which the customer is to act; agents mostly remember to say so."""
        pending = wanted & self.habits.chance(len(row), 0.7)
        self.notes.add(row[pending], answer[pending], _STATUS, _AGENT, to=_PENDING, agent=agent[pending])
        return pending

    def _customer_back(self, row: Ints, at: Ints, wanted: Bools) -> None:
        self.notes.add(row[wanted], at[wanted], _STATUS, _CUSTOMER, to=_OPEN)

    def _answered(self, asked: Ints, work: Ints, channel: Ints) -> Ints:
        """When somebody answers: the work starts and ends in staffed hours."""
        due = _staffed(asked, channel) + work
        opening = _staffed(due, channel)
        # What became due in the night is answered one after the other in the morning.
        queue = (self.draw.uniform(len(due)) * 0.5 * _HOUR).astype(np.int64)
        return np.where(opening > due, opening + queue, due)

    # -- batches -------------------------------------------------------------------------------------

    def _instants(self, seconds: Ints) -> Array:
        """Seconds as instants; what lies after the extract is not known in it."""
        known = seconds <= self.end
        return np.where(known, np.where(known, seconds, 0).view("M8[s]"), np.datetime64("NaT")).astype("M8[us]")

    def _messages(self, rank: Ints, tickets: _Tickets, names: _Names) -> tuple[Messages, Ints]:
        row, at, author, agent, public, automatic, handoff = self.log.columns()
        known = np.flatnonzero(at <= self.end)
        rows = known[np.lexsort((rank[row[known]], at[known]))]
        place, agent = rank[row[rows]], agent[rows]
        messages = Messages(
            conversation=place + 1, at=self._instants(at[rows]), author=_labels(_MAKERS)[author[rows]],
            public=public[rows], automatic=automatic[rows], handoff=handoff[rows], agent=names.agents[agent],
            team=names.teams[agent], customer=names.customers[place],
            channel=_labels(_CHANNELS)[tickets.channel[place]], tz=dt.UTC,
        )  # fmt: skip
        return messages, np.bincount(place, minlength=self.n)

    def _changes(self, rank: Ints, names: _Names) -> Changes:
        row, at, kind, by, to, agent = self.notes.columns()
        known = np.flatnonzero(at <= self.end)
        rows = known[np.lexsort((rank[row[known]], at[known]))]
        kind, to = kind[rows], to[rows]
        assigned = kind == _ASSIGNED
        labels = _labels((*_STATUSES, None))[np.where(assigned, -1, to)]  # number -1 is nothing
        labels[assigned] = names.agents[to[assigned]]
        return Changes(
            conversation=rank[row[rows]] + 1, at=self._instants(at[rows]), kind=_labels(_KINDS)[kind], to=labels,
            by=_labels(_MAKERS)[by[rows]], agent=names.agents[agent[rows]], tz=dt.UTC,
        )  # fmt: skip

    def _conversations(self, tickets: _Tickets, written: Ints, names: _Names) -> Conversations:
        status = np.where(tickets.resolved <= self.end, 1, np.where(tickets.abandoned <= self.end, 2, 0))
        status = np.where(tickets.junk > 0, tickets.junk + 2, status)
        return Conversations(
            id=1 + np.arange(self.n), opened_at=self._instants(tickets.opened),
            first_response_at=self._instants(tickets.answered), resolved_at=self._instants(tickets.resolved),
            first_resolved_at=self._instants(tickets.first_resolved), abandoned_at=self._instants(tickets.abandoned),
            customer=names.customers, channel=_labels(_CHANNELS)[tickets.channel], topic=names.topics,
            agent=names.agents[tickets.agent], team=names.teams[tickets.agent], reopens=tickets.reopened,
            messages=written, status=_labels(("open", "resolved", "abandoned", "spam", "merged"))[status], tz=dt.UTC,
        )  # fmt: skip

    def _contacts(self, tickets: _Tickets, names: _Names) -> Contacts:
        rows = np.flatnonzero(tickets.junk == 0)
        ended = self._instants(np.minimum(tickets.first_resolved, tickets.abandoned)[rows])
        return Contacts(
            customer=names.customers[rows], at=self._instants(tickets.opened[rows]), ended_at=ended,
            topic=names.topics[rows], channel=_labels(_CHANNELS)[tickets.channel[rows]],
            agent=names.agents[tickets.agent[rows]], resolvable=~(tickets.exchanges[rows] >= 5), tz=dt.UTC,
        )  # fmt: skip

    # -- surveys -------------------------------------------------------------------------------------

    def _responses(self, tickets: _Tickets, names: _Names) -> Responses:
        contact, relationship = self._contact_survey(tickets, names), self._relationship_survey(tickets, names)
        order = np.argsort(np.concatenate([contact["asked_at"], relationship["asked_at"]]), kind="stable")
        columns: dict[str, Any] = {name: np.concatenate([contact[name], relationship[name]])[order] for name in contact}
        return Responses(**columns, tz=dt.UTC)

    def _contact_survey(self, tickets: _Tickets, names: _Names) -> dict[str, Array]:
        """How satisfied people are with a conversation: the longer they waited for their channel, the less."""
        draw = self.draw
        asked_at = tickets.first_resolved + np.where(tickets.first_resolved < _NEVER, _HOUR, 0)
        known = (tickets.answered < _NEVER) & (tickets.customer > 0) & (asked_at <= self.end)
        rows = np.flatnonzero(known & draw.chance(self.n, 0.6))
        n, channel = len(rows), tickets.channel[rows]
        slow = np.log((tickets.answered[rows] - tickets.opened[rows]) / _FIRST_ANSWER[channel])
        mood = (
            1.40 - 0.28 * slow - 0.45 * (tickets.generation[rows] > 0) - 0.20 * (tickets.exchanges[rows] - 1)
            - 0.40 * tickets.reopened[rows] + 0.95 * draw.normal(n)
        )  # fmt: skip
        score = 1 + np.searchsorted((-1.3, -0.6, 0.0, 0.9), mood)
        customer = tickets.customer[rows]
        return self._survey(
            "contact", score, asked_at[rows], _labels(_CHANNELS)[channel], names.customer_labels[customer],
            names.accounts(customer), 1 + rows.astype(object), tickets.agent[rows], names, score >= 4, answering=0.4,
        )  # fmt: skip

    def _relationship_survey(self, tickets: _Tickets, names: _Names) -> dict[str, Array]:
        """How likely people are to recommend, asked of half of the customers at any time of the extract."""
        draw = self.draw
        waited = np.where(tickets.answered < _NEVER, tickets.answered, tickets.opened + 3 * _DAY) - tickets.opened
        slow = np.log(np.maximum(waited, 1) / _FIRST_ANSWER[tickets.channel])
        met = np.bincount(tickets.customer, minlength=self.customers)
        mean_slow = np.bincount(tickets.customer, slow, self.customers) / np.maximum(met, 1)
        customer = np.flatnonzero(draw.chance(self.customers, 0.5) & (np.arange(self.customers) > 0))
        n = len(customer)
        mood = 8.7 - 0.35 * mean_slow[customer] - 0.25 * np.maximum(met[customer] - 1, 0) + 1.9 * draw.normal(n)
        score = np.clip(np.floor(mood + 0.5), 0, 10).astype(np.int64)
        asked_at = self.start + (draw.uniform(n) * (self.end - self.start)).astype(np.int64)
        nothing = np.full(n, None, dtype=object)
        return self._survey(
            "relationship", score, asked_at, np.full(n, "email", dtype=object), names.customer_labels[customer],
            names.accounts(customer), nothing, np.full(n, -1), names, score >= 9, answering=0.3,
        )  # fmt: skip

    def _survey(
        self, survey: str, score: Ints, asked_at: Ints, channel: Array, respondent: Array, account: Array,
        conversation: Array, agent: Ints, names: _Names, happy: Bools, *, answering: float,
    ) -> dict[str, Array]:  # fmt: skip
        draw, n = self.draw, len(score)
        answered_at = asked_at + draw.seconds(n, 6.0 * _HOUR, 1.4)
        answers = draw.chance(n, answering) & (answered_at <= self.end)
        low, high = draw.pick(n, (3, 3, 2, 2, 1, 1)), draw.pick(n, (5, 2, 2, 1, 2, 1))
        tags = np.where(happy, _labels(_HIGH_REASONS)[high], _labels(_LOW_REASONS)[low])
        tags[~answers] = _labels(((),))
        return {
            "score": np.where(answers, score.astype(object), _labels((None,))),
            "at": self._instants(np.where(answers, answered_at, _NEVER)),
            "respondent": respondent,
            "account": account,
            "channel": channel,
            "survey": np.full(n, survey, dtype=object),
            "conversation": conversation,
            "agent": names.agents[agent],
            "team": names.teams[agent],
            "asked_at": self._instants(asked_at),
            "tags": tags,
        }


def _labels(labels: Sequence[Any]) -> Array:
    """Labels as an array of objects, to be picked by number."""
    out = np.empty(len(labels), dtype=object)
    out[:] = labels
    return out


def _staffed(at: Ints, channel: Ints) -> Ints:
    """The first staffed instant at or after `at`."""
    day, second = np.divmod((at - _MONDAY) % _WEEK, _DAY)
    midnight, opens = at - second, _OPENS[channel]
    today = _STAFFED[channel, day] & (second < _CLOSES[channel])
    later: Ints = midnight + _NEXT_DAY[channel, day] * _DAY + opens
    return np.where(today, np.maximum(at, midnight + opens), later)


def _is_staffed(of_week: Ints, channel: int) -> Bools:
    """Whether somebody is there, by second of the week."""
    day, second = np.divmod(of_week, _DAY)
    open_now: Bools = _STAFFED[channel, day] & (second >= _OPENS[channel]) & (second < _CLOSES[channel])
    return open_now


class _Names:
    """What customers, agents and topics are called; plainly made up."""

    def __init__(self, draw: _Draws, customers: int, tickets: _Tickets) -> None:
        width = max(4, len(str(customers)))
        self.customer_labels = _labels(["service account", *(f"customer {i:0{width}d}" for i in range(1, customers))])
        self._account_labels = _labels([f"account {i:0{width}d}" for i in range(1 + customers // 6)])
        n = len(tickets.opened)
        self.customers = self.customer_labels[tickets.customer]
        self.customers[draw.chance(n, 0.015)] = None
        self.topics = _labels(_TOPICS)[tickets.topic]
        self.topics[draw.chance(n, 0.08)] = None
        # The last entry, number -1, is nobody.
        self.agents = _labels([*(f"agent {i:02d}" for i in range(1, _AGENTS + 1)), None])
        teams = np.repeat(np.arange(len(_TEAMS)), _TEAM_SIZE)
        self.teams = _labels([*_labels(_TEAMS)[teams], None])

    def accounts(self, customer: Ints) -> Array:
        return self._account_labels[customer // 6]
