"""The door for logs: messages or tickets become columns of waits, one set a clock.

Sits between the batches and everything that judges waits (`tallies`, the metric). Decides which rows
count, in which order reasons for leaving out apply, and which group a wait belongs to. Computes no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._accounting import Account, LeftOut, status_reason
from ._core import waits
from ._grouping import combine, read_key, split_keys
from ._inputs import NAT, Coded
from .batches import Batch, Conversations, Messages, as_batch
from .errors import ArgumentTypeError, ArgumentValueError, MixedTimeZonesError
from .policies import ReplyPolicy, ServiceTargets

__all__ = ["Channels", "Clock", "Timeline", "chat_like", "read_log", "reply_policy", "service_targets"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Such a conversation takes its messages along.
_WHOLE_CONVERSATIONS = (LeftOut.MERGED, LeftOut.SPAM, LeftOut.TEST, LeftOut.DELETED)
_ENDS = ("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at")
# A wait belongs to whoever answered it, not to whoever wrote the question.
_OF_THE_ANSWER = ("agent", "team")


@attrs.frozen(eq=False)
class Clock:
    """Waits of one clock in columns, one entry a wait."""

    name: str
    start: Ints
    end: Ints
    """Microseconds; `NAT` while open."""
    outcome: npt.NDArray[np.int8]
    target: Ints | None
    """Longest wait promised, `NAT` where nothing was; None where nothing was at all."""
    group: Ints | None
    """None: all in one."""
    conversation: Ints
    agent: Callable[[Ints], list[Any]] | None = None
    """Labels of the agents that waits belong to, by number of the wait."""
    number: Ints | None = None
    """What `agent` calls each wait; None: as they stand here."""
    first: Bools | None = None
    """Whether it is the wait for the first response; None: all are."""
    channel: Coded | None = None
    """Channel of each wait, None where no row has one."""
    open_time: Ints | None = None
    """Length in open time, to now while open; `NAT` without a schedule, None where no hours were given."""
    now: int | None = None
    """What counts as now on this clock; None: what does on the timeline."""

    def rows(self, keep: Ints) -> Clock:
        """Some of the waits."""

        def some(column: Array | None) -> Any:
            return None if column is None else column[keep]

        return attrs.evolve(
            self,
            start=self.start[keep],
            end=self.end[keep],
            outcome=self.outcome[keep],
            target=some(self.target),
            group=some(self.group),
            conversation=self.conversation[keep],
            number=keep if self.number is None else self.number[keep],
            first=some(self.first),
            channel=_taken(self.channel, keep),
            open_time=some(self.open_time),
        )

    def agents(self) -> list[Any]:
        """The agent that each wait belongs to, None where nobody knows."""
        if self.agent is None:
            return [None] * len(self.start)
        return self.agent(np.arange(len(self.start)) if self.number is None else self.number)


@attrs.frozen(eq=False)
class Timeline:
    """What a log says: its clocks, its conversations, and the account of its rows."""

    of_messages: bool
    """Whether it came from messages, not from ticket rows."""
    as_of: int | None
    aware: bool | None
    clocks: dict[str, Clock]
    keys: list[Any] | None
    names: tuple[str, ...]
    many: bool
    used: Ints
    """Rows behind the figures, by group."""
    left: dict[LeftOut, Ints]
    tickets_left: dict[LeftOut, Ints]
    """Conversations given beside a message log that were left out, by group."""
    group: Ints
    """Group of each conversation, -1 for conversations that were left out."""
    label: Callable[[int], Any]
    """What a conversation code is called."""
    channels: Channels
    answers: npt.NDArray[np.int32] | None = None
    """Public messages of human agents, by conversation."""
    customer_messages: Ints | None = None
    """Messages of customers up to the last resolution, by conversation; -1 where not resolved."""
    bot_only: Bools | None = None
    outbound: Bools | None = None
    reopened: Bools | None = None
    """Whether a conversation was opened again, None where that is not known."""
    agent_turns: waits.AgentTurns | None = None
    """Stretches in which the last public message was ours; None for ticket rows."""


@attrs.frozen(eq=False)
class Channels:
    """Which channels the rows of each group came in on: pairs of group and channel, ascending."""

    group: Ints
    code: Ints
    labels: Sequence[Any]

    def among(self, groups: Sequence[range]) -> list[Any]:
        """The channels of some groups; a row without one has the channel None."""
        parts = [self.code[slice(*np.searchsorted(self.group, (part.start, part.stop)))] for part in groups]
        return [self.labels[code] for code in np.unique(np.concatenate(parts)).tolist()]


def _taken(labels: Coded | None, rows: Ints) -> Coded | None:
    return None if labels is None else Coded(labels.codes[rows], labels.labels, labels.name)


def chat_like(channels: Sequence[Any]) -> bool:
    """Whether every channel is chat-like by name."""
    return all(str(channel).casefold() in CHAT_LIKE for channel in channels)


# Channels on which people wait in front of the screen; decides nothing but the default bracket edges.
CHAT_LIKE = frozenset(("chat", "live chat", "messaging", "messenger", "whatsapp", "sms", "phone", "voice", "call"))


def service_targets(targets: Any) -> ServiceTargets:
    """`targets=` as a ServiceTargets; a bare timedelta is the first-response target.

    Raises:
        ArgumentTypeError: anything else.
    """
    if targets is None:
        return ServiceTargets()
    if isinstance(targets, ServiceTargets):
        return targets
    if isinstance(targets, dt.timedelta):
        return ServiceTargets(first_response=targets)
    msg = (
        f"targets must be a timedelta or a ServiceTargets (got {targets!r}); pass cx.ServiceTargets(first_response=...)"
    )
    raise ArgumentTypeError(msg, argument="targets", found=targets)


def reply_policy(policy: Any) -> ReplyPolicy:
    """`policy=`, checked.

    Raises:
        ArgumentTypeError: no ReplyPolicy.
    """
    if isinstance(policy, ReplyPolicy):
        return policy
    msg = f"policy must be a ReplyPolicy (got {policy!r}), e.g. cx.ReplyPolicy(expires=timedelta(days=3))"
    raise ArgumentTypeError(msg, argument="policy", found=policy)


def read_log(
    log: Any,
    *,
    conversations: Any = None,
    by: Any = None,
    targets: ServiceTargets,
    as_of: Any = None,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
) -> Timeline:
    """Read a message log (with its conversations, if given) or ticket rows into clocks.

    Raises:
        ArgumentTypeError: something else than messages or conversations.
        ArgumentValueError: messages and conversations that share no id.
        InvalidValueError: an end before its start, under `invalid="raise"`.
        MissingValueError: a row without an instant, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants in one call.
    """
    batch = as_batch(log, "log", (Messages, Conversations), lambda: Messages.from_records([]))
    if isinstance(batch, Conversations):
        if conversations is not None:
            msg = "conversations must be left out where log holds the conversations itself; pass messages as log"
            raise ArgumentTypeError(msg, argument="conversations")
        return _read_tickets(batch, by, targets, as_of, missing, invalid)
    table: Any = None
    if conversations is not None:
        table = as_batch(conversations, "conversations", (Conversations,), lambda: Conversations.from_records([]))
        if None not in (batch.aware, table.aware) and batch.aware is not table.aware:
            msg = "conversations must follow the same rule as log (one has aware instants, the other naive ones)"
            raise MixedTimeZonesError(msg, argument="conversations")
    return _read_messages(cast("Messages", batch), table, by, targets, as_of, policy, missing, invalid)


def _now(as_of: Any, *batches: Batch[Any] | None) -> tuple[int | None, bool | None]:
    """The instant that counts as now in microseconds, and whether instants are UTC."""
    given = [batch for batch in batches if batch is not None]
    aware = next((batch.aware for batch in given if batch.aware is not None), None)
    if as_of is None:
        return max((latest for batch in given if (latest := batch.latest()) is not None), default=None), aware
    zone = next((batch.tz for batch in given if batch.tz is not None), None)
    if aware is None:  # not a single instant but this one, which shards with rows must agree with
        aware = zone is not None or _inputs.instants([as_of], "as_of")[1]
    return _inputs.instant(as_of, "as_of", aware=aware, tz=zone), aware


def _missing_label(labels: Coded) -> Bools | None:
    if labels.labels and labels.labels[-1] is None:
        return np.asarray(labels.codes == len(labels.labels) - 1)
    return None


def _leave_out_missing(account: Account, mask: Bools | None, argument: str, missing: str) -> None:
    if mask is None:
        return
    mask = mask & account.kept
    if missing == "raise" and mask.any():
        _inputs.refuse_missing(argument, mask)
    account.leave_out(LeftOut.MISSING, mask)


def _statuses(table: Conversations, account: Account) -> None:
    if not table.known("status"):
        return
    status = table.coded("status")
    for code, label in enumerate(status.labels):
        reason = status_reason(label)
        if reason is not None:
            account.leave_out(reason, status.codes == code)


def _ticket_ends(table: Conversations, account: Account, now: int | None, invalid: str) -> dict[str, Ints]:
    """Instants at which something ended; what lies after `as_of` has not happened yet."""
    opened = table.times("opened_at")
    ends = {}
    for name in _ENDS:
        at = table.times(name)
        wrong = (at != NAT) & (at < opened) & account.kept
        if wrong.any():
            if invalid == "raise":
                _inputs.refuse_invalid(name, "not lie before opened_at", wrong, at.view("M8[us]"))
            account.leave_out(LeftOut.INVALID, wrong)
        ends[name] = at if now is None else np.where(at > now, NAT, at)
    return ends


def _supersede(table: Conversations, of_ticket: Ints, size: int, account: Account, known: Bools | None) -> Ints:
    """Leave out all but one row of each ticket; returns that row by ticket, -1 without.

    The row with the latest news counts. Ties go by what the rows hold, never by their position. Tickets
    that are not `known` are not the same ones.
    """
    latest = np.full(size, -1, dtype=np.int64)
    kept = account.kept if known is None else account.kept & known
    rows = np.flatnonzero(kept)
    latest[of_ticket[rows]] = rows
    several = rows[np.bincount(of_ticket[rows], minlength=size)[of_ticket[rows]] > 1]
    if len(several):
        times = [table.times(name) for name in ("opened_at", *_ENDS)]
        keys = [*times, np.max(times, axis=0), of_ticket]
        order = several[np.lexsort([key[several] for key in keys])]
        if np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys]).any():
            order = several[np.lexsort([key[several] for key in (*_contents(table), *keys)])]
        latest[of_ticket[order]] = order  # the last one stays
        account.leave_out(LeftOut.SUPERSEDED, kept & (latest[of_ticket] != np.arange(len(table))))
    return latest


def _contents(table: Conversations) -> list[Ints]:
    """The columns of tickets beside id and instants as numbers in the order of their texts; missing ones are lowest."""
    ranks = []
    for name in (*table.columns, *table.extra):
        if name not in ("id", "opened_at", *_ENDS):
            found = table.coded(name)
            labels = [(label is not None, repr(label)) for label in found.labels]
            rank = np.empty(len(labels), dtype=np.int64)
            rank[sorted(range(len(labels)), key=labels.__getitem__)] = np.arange(len(labels))
            ranks.append(rank[found.codes])
    return ranks


def _reopened(table: Conversations) -> Bools | None:
    if not table.has("reopens"):
        return None
    return _inputs.numbers(table.raw("reopens"), "reopens").data > 0


def _channel_targets(target: Any, channel: Coded | None, rows: Ints) -> Ints | None:
    """The target of each of some rows in microseconds, by its channel where targets differ; None without any."""
    if not target:
        return None
    if isinstance(target, dt.timedelta):
        return np.full(len(rows), _inputs.duration(target, "targets"), dtype=np.int64)
    labels = [None] if channel is None else channel.labels
    limits = [target.get(label) for label in labels]
    table = np.array([NAT if limit is None else _inputs.duration(limit, "targets") for limit in limits], dtype=np.int64)
    return np.full(len(rows), table[0]) if channel is None else table[channel.codes[rows]]


def _channels(channel: Coded | None, group: Ints | None, kept: Bools) -> Channels:
    """The channels of the rows that are kept, by group."""
    labels: Sequence[Any] = [None] if channel is None else channel.labels
    codes: Any = 0 if channel is None else channel.codes[kept].astype(np.int64)
    if group is not None:
        codes = group[kept] * len(labels) + codes
    elif channel is None:
        codes = np.zeros(int(kept.any()), dtype=np.int64)
    pairs = np.unique(codes)
    return Channels(pairs // max(len(labels), 1), pairs % max(len(labels), 1), labels)


@attrs.frozen(eq=False)
class _ConversationLabels:
    """What conversation codes are called; `codes` maps them to labels where they are row numbers."""

    labels: Sequence[Any]
    codes: Array | None = None

    def __call__(self, code: int) -> Any:
        return self.labels[code if self.codes is None else int(self.codes[code])]


@attrs.frozen(eq=False)
class _Agents:
    """Labels of the agents that waits belong to, read only when a table asks for them."""

    assignees: Coded | None
    ticket: Ints
    """Ticket of each wait, -1 without."""
    agents: Coded | None = None
    answered_by: Ints | None = None
    """Row of the answer of each wait, -1 without; None where no rows are known."""

    def __call__(self, number: Ints) -> list[Any]:
        assigned = _labels(self.assignees, self.ticket[number])
        if self.answered_by is None:
            return assigned
        rows = self.answered_by[number]
        # Nobody is credited with an answer because the ticket is on his desk now.
        found = _labels(self.agents, rows)
        return [mine if row >= 0 else theirs for mine, theirs, row in zip(found, assigned, rows.tolist(), strict=True)]


def _labels(labels: Coded | None, rows: Ints) -> list[Any]:
    """Labels of some rows, None for a row of -1."""
    if labels is None:
        return [None] * len(rows)
    return [labels.labels[int(labels.codes[row])] if row >= 0 else None for row in rows.tolist()]


# -- ticket rows -------------------------------------------------------------------------------------


def _read_tickets(
    table: Conversations, by: Any, targets: ServiceTargets, as_of: Any, missing: str, invalid: str
) -> Timeline:
    n = len(table)
    now, aware = _now(as_of, table)
    account = Account(n)
    ids = table.coded("id")
    nameless = _missing_label(ids)
    _supersede(table, ids.codes, len(ids.labels), account, None if nameless is None else ~nameless)
    _statuses(table, account)
    opened = table.times("opened_at")
    _leave_out_missing(account, opened == NAT, "opened_at", missing)
    if as_of is not None and now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, opened > now)
    ends = _ticket_ends(table, account, now, invalid)

    group: Ints | None = None
    keys: list[Any] | None = None
    names: tuple[str, ...] = ()
    many = False
    if by is not None:
        specs, titles, many = split_keys(by, named=True)
        grouping = combine([read_key(part, n, table) for part in specs], titles, many=many)
        group, keys = grouping.compact()
        names = grouping.names
    used, left = account.by_group(group, 1 if keys is None else len(keys))
    rows = np.flatnonzero(account.kept)
    channel = table.coded("channel") if table.has("channel") else None
    agent = _Agents(table.coded("agent"), rows) if table.has("agent") else None
    clocks = _resolutions(table, rows, rows, group, channel, targets, ends, agent)
    if table.has("first_response_at"):
        end, outcome = _first_ending(
            ends["first_response_at"][rows], _closed(ends)[rows], ends["abandoned_at"][rows]
        )  # fmt: skip
        clocks["first_response"] = Clock(
            name="first_response", start=opened[rows], end=end, outcome=outcome, conversation=rows, agent=agent,
            target=_channel_targets(targets.first_response, channel, rows),
            group=None if group is None else group[rows], channel=_taken(channel, rows),
        )  # fmt: skip
    return Timeline(
        of_messages=False, as_of=now, aware=aware, clocks=clocks, keys=keys, names=names, many=many, used=used,
        left=left, tickets_left={}, group=np.where(account.kept, 0 if group is None else group, -1),
        label=_ConversationLabels(ids.labels, ids.codes), channels=_channels(channel, group, account.kept),
        reopened=_reopened(table),
    )  # fmt: skip


def _closed(ends: dict[str, Ints]) -> Ints:
    """The first resolution that is known."""
    first, last = ends["first_resolved_at"], ends["resolved_at"]
    return np.where((first == NAT) | ((last != NAT) & (last < first)), last, first)


def _first_ending(response: Ints, closed: Ints, left_at: Ints) -> tuple[Ints, npt.NDArray[np.int8]]:
    """When and how a wait ended; at one instant an answer comes before a resolution, as in a message log."""
    end = np.full(len(response), NAT, dtype=np.int64)
    outcome = np.full(len(response), waits.WAIT_OPEN, dtype=np.int8)
    for at, how in (
        (left_at, waits.WAIT_ABANDONED),
        (closed, waits.WAIT_CLOSED),
        (response, waits.WAIT_ANSWERED),
    ):
        first = (at != NAT) & ((end == NAT) | (at <= end))
        end[first], outcome[first] = at[first], how
    return end, outcome


def _resolutions(
    table: Conversations,
    rows: Ints,
    conversations: Ints,
    group: Ints | None,
    channel: Coded | None,
    targets: ServiceTargets,
    ends: dict[str, Ints],
    agent: _Agents | None,
    agent_time: Ints | None = None,
) -> dict[str, Clock]:
    """The clocks from opening to resolution of some tickets; `group` and `agent_time` by conversation."""
    if not table.has("resolved_at"):
        return {}
    opened, left_at = table.times("opened_at")[rows], ends["abandoned_at"][rows]
    resolved, first_resolved = ends["resolved_at"][rows], ends["first_resolved_at"][rows]

    def clock(name: str, start: Ints, end: Ints, target: Any) -> Clock:
        outcome = np.full(len(rows), waits.WAIT_OPEN, dtype=np.int8)
        outcome[left_at != NAT] = waits.WAIT_ABANDONED
        outcome[end != NAT] = waits.WAIT_ANSWERED
        return Clock(
            name=name, start=start, end=np.where(end == NAT, left_at, end), outcome=outcome,
            target=_channel_targets(target, channel, rows), group=None if group is None else group[conversations],
            conversation=conversations, agent=agent, channel=_taken(channel, rows),
        )  # fmt: skip

    clocks = {"resolution": clock("resolution", opened, resolved, targets.resolution)}
    if table.known("first_resolved_at"):
        first = clock("first_resolution", opened, first_resolved, targets.resolution)
        # Resolved, but nobody knows when for the first time: not open, and no duration either.
        clocks["first_resolution"] = first.rows(np.flatnonzero((first_resolved != NAT) | (resolved == NAT)))
    if agent_time is not None:
        # The customer's turns do not count: the same end, a later start. Promises are about elapsed time.
        clocks["our_resolution"] = clock("our_resolution", opened + agent_time[conversations], resolved, None)
    return clocks


# -- message logs ------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Join:
    """Conversation codes that messages and tickets share."""

    codes: Array
    """Of each message."""
    labels: Sequence[Any]
    table: Conversations | None
    ticket: Ints
    """Row of the ticket of each conversation, -1 without."""
    of_ticket: Ints
    """Conversation of each ticket row."""

    def of_tickets(self, name: str) -> Coded:
        """A column of the tickets by conversation, None where there is no ticket."""
        found = cast("Conversations", self.table).coded(name)
        names = [*found.labels]
        if not names or names[-1] is not None:
            names.append(None)
        return Coded(np.append(found.codes.astype(np.int64), len(names) - 1)[self.ticket], names, name)

    def has(self, name: str) -> bool:
        return self.table is not None and self.table.has(name)

    def spread(self, mask: Bools) -> Bools:
        """A mask of ticket rows by conversation, False where there is no ticket."""
        return np.append(mask, False)[self.ticket]


def _join(of_log: Coded, table: Conversations | None, tickets: Account, missing: str) -> _Join:
    """Bring messages and tickets together; of several rows of one ticket the one with the latest news counts.

    Raises:
        ArgumentValueError: messages and tickets that share no id.
    """
    nothing = np.empty(0, dtype=np.int64)
    if table is None:
        return _Join(of_log.codes, of_log.labels, None, np.full(len(of_log.labels), -1), nothing)
    ids = table.coded("id")
    _leave_out_missing(tickets, _missing_label(ids), "id", missing)
    index = {label: code for code, label in enumerate(of_log.labels)}
    of_label = np.array([index.setdefault(label, len(index)) for label in ids.labels], dtype=np.int64)
    of_ticket = of_label[ids.codes]
    _refuse_strangers(of_log, ids, of_ticket, len(index))
    ticket = _supersede(table, of_ticket, len(index), tickets, None)
    return _Join(of_log.codes, list(index), table, ticket, of_ticket)


def _refuse_strangers(of_log: Coded, ids: Coded, of_ticket: Ints, size: int) -> None:
    """Raise where ids of messages and tickets are of unlike types and not one is in both, as with 7 and "7"."""
    of_messages = np.bincount(of_log.codes, minlength=size) > 0
    of_tickets = np.bincount(of_ticket, minlength=size) > 0
    known = [_used(labels) for labels in (of_log, ids)]
    unlike = {type(label) for label in known[0]}.isdisjoint({type(label) for label in known[1]})
    if not (all(known) and unlike) or (of_messages & of_tickets).any():
        return
    mine, theirs = (", ".join(f"{label!r} ({type(label).__name__})" for label in labels) for labels in known)
    way = "give both the same type, e.g. conversation=[str(x) for x in ...] and id=[str(x) for x in ...]"
    msg = (
        f"conversations must share ids with the messages (got none in common: the messages are of {mine} ..., the "
        f"conversations are {theirs} ...); {way}"
    )
    raise ArgumentValueError(msg, argument="conversations", found=tuple(known[1]))


def _used(labels: Coded) -> list[Any]:
    """The first few labels that rows have, without the missing one."""
    codes = np.unique(labels.codes)[:4].tolist()
    return [label for code in codes if (label := labels.labels[code]) is not None][:3]


def _read_messages(
    log: Messages,
    table: Conversations | None,
    by: Any,
    targets: ServiceTargets,
    as_of: Any,
    policy: ReplyPolicy,
    missing: str,
    invalid: str,
) -> Timeline:
    now, aware = _now(as_of, log, table)
    at, author, of_log = log.times("at"), log.authors(), log.coded("conversation")
    account = Account(len(log))
    tickets = Account(0 if table is None else len(table))
    join = _join(of_log, table, tickets, missing)
    codes, size = join.codes, len(join.labels)
    _leave_out_missing(account, _missing_label(of_log), "conversation", missing)
    _leave_out_missing(account, at == NAT, "at", missing)
    if as_of is not None and now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, at > now)
    ends: dict[str, Ints] = {}
    if table is not None:
        opened = table.times("opened_at")
        _statuses(table, tickets)
        for reason in _WHOLE_CONVERSATIONS:
            if reason in tickets.out:
                account.leave_out(reason, join.spread(tickets.out[reason])[codes])
        _leave_out_missing(tickets, opened == NAT, "opened_at", missing)
        if as_of is not None and now is not None:
            tickets.leave_out(LeftOut.AFTER_AS_OF, opened > now)
        ends = _ticket_ends(table, tickets, now, invalid)
    whole = account.kept.copy()  # rows of conversations that count, whoever wrote them
    kind = _kinds(log, author, account)

    rows = slice(None) if whole.all() else np.flatnonzero(whole)
    event_codes, event_times, event_kinds = _events(ends, tickets, join)
    handoff = _unlike(log, "handoff", default=False)
    found = waits.walk(
        _with(codes[rows], event_codes),
        _with(at[rows], event_times),
        _with(kind[rows], event_kinds),
        None if handoff is None else _with(handoff[rows], np.zeros(len(event_codes), dtype=np.bool_)),
        size,
        now=0 if now is None else now,
        expires=None if policy.expires is None else _inputs.duration(policy.expires, "expires"),
        open_turns=table is not None and table.has("resolved_at"),
        threads=2 if len(log) > 1 << 20 else 1,
    )
    waited, talks = found.waits, found.conversations
    opened_by, answered_by, first_customer = (
        _row_numbers(found_rows, rows) for found_rows in (waited.opened_by, waited.answered_by, talks.first_customer)
    )
    present = (talks.first_customer >= 0) | (talks.answers > 0)
    present[codes[np.flatnonzero(whole & ~account.kept)]] = True  # bots and notes alone make a conversation, too
    ticket_kept = join.spread(tickets.kept)
    counted = present | ticket_kept

    groups = _Groups(None, None, np.where(counted, 0, -1), 1)
    if by is not None:
        row_of_talk = _rows_of_conversations(codes, at, whole, first_customer)
        groups = _groups(by, log, join, waited, opened_by, answered_by, row_of_talk, counted)
    used, left = account.by_group(groups.rows, groups.size)
    channel = _of_rows("channel", log, join)
    agents = log.coded("agent") if log.has("agent") else None
    assignees = table.coded("agent") if table is not None and table.has("agent") else None
    reply = Clock(
        name="reply",
        start=waited.start,
        end=waited.end,
        outcome=waited.outcome,
        target=_channel_targets(targets.reply, channel, opened_by),
        group=groups.waits,
        conversation=waited.conversation,
        agent=None
        if agents is None and assignees is None
        else _Agents(assignees, join.ticket[waited.conversation], agents, answered_by),
        first=waited.is_first,
        channel=_taken(channel, opened_by),
    )
    first = attrs.evolve(
        reply, name="first_response", target=_channel_targets(targets.first_response, channel, opened_by)
    ).rows(np.flatnonzero(waited.is_first))
    clocks = {"first_response": first, "reply": reply}
    written = reopened = None
    tickets_left: dict[LeftOut, Ints] = {}
    if table is not None:
        of_tickets = np.flatnonzero(ticket_kept)
        opened_here = np.append(opened, NAT)[join.ticket]
        clocks |= _resolutions(
            table, join.ticket[of_tickets], of_tickets, None if by is None else groups.conversations,
            _channel_of_tickets(table, join, channel, codes, at, whole, first_customer), targets, ends,
            None if assignees is None else _Agents(assignees, join.ticket[of_tickets]),
            waits.agent_time(found.agent_turns, opened_here),
        )  # fmt: skip
        written = _written_until_resolved(codes, at, account.kept & (author == 0), talks.resolved_at)
        again = _reopened(table)
        reopened = None if again is None else join.spread(again & tickets.kept)
        tickets_left = tickets.by_group(None if by is None else groups.conversations[join.of_ticket], groups.size)[1]
    return Timeline(
        of_messages=True, as_of=now, aware=aware, clocks=clocks, keys=groups.keys, names=groups.names,
        many=groups.many, used=used, left=left, tickets_left=tickets_left,
        group=np.where(counted, groups.conversations, -1), label=_ConversationLabels(join.labels),
        channels=_channels(channel, groups.rows, account.kept), answers=talks.answers, customer_messages=written,
        bot_only=talks.bot_only, outbound=talks.outbound, reopened=reopened, agent_turns=found.agent_turns,
    )  # fmt: skip


def _unlike(log: Messages, name: str, *, default: bool) -> Bools | None:
    """Rows whose flag differs from the default, None where none does."""
    return _unless_none(log.flag(name, default=default) ^ default) if log.has(name) else None


def _unless_none(mask: Bools) -> Bools | None:
    return mask if mask.any() else None


def _kinds(log: Messages, author: npt.NDArray[np.int8], account: Account) -> npt.NDArray[np.int8]:
    """What each row is to the walk; bots, private notes and automatic messages are left out of the account."""
    kind = np.where(author == 1, np.int8(waits.ANSWER), np.int8(waits.CUSTOMER))
    for reason, mask, what in (
        (LeftOut.BOT, _unless_none(author == 2), waits.BOT),
        # A bot's note or receipt is left out as a bot's, but is no answer by a bot.
        (LeftOut.PRIVATE_NOTE, _unlike(log, "public", default=True), waits.IGNORED),
        (LeftOut.AUTOMATIC, _unlike(log, "automatic", default=False), waits.IGNORED),
    ):
        if mask is not None:
            account.leave_out(reason, mask)
            kind[mask] = what
    return kind


def _events(ends: dict[str, Ints], tickets: Account, join: _Join) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
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
            kinds.append(np.full(len(rows), kind, dtype=np.int8))
    return np.concatenate(codes), np.concatenate(instants), np.concatenate(kinds)


def _with(column: Array, more: Array) -> Array:
    return np.concatenate((column, more.astype(column.dtype))) if len(more) else column


def _row_numbers(found: Ints, rows: Ints | slice) -> Ints:
    """Numbers among some rows as numbers among all; -1 stays."""
    return found if isinstance(rows, slice) else np.append(rows, -1)[found]


def _written_until_resolved(codes: Array, at: Ints, mask: Bools, resolved_at: Ints) -> Ints:
    """Messages of customers up to the last resolution, -1 where there is none."""
    rows = np.flatnonzero(mask)
    rows = rows[at[rows] <= resolved_at[codes[rows]]]
    return np.where(resolved_at == NAT, -1, np.bincount(codes[rows], minlength=len(resolved_at)))


def _of_rows(name: str, log: Messages, join: _Join) -> Coded | None:
    """A label of each message: its own, or else that of its conversation."""
    own = log.coded(name) if log.has(name) else None
    if not join.has(name):
        return own
    found = join.of_tickets(name)
    return _first_known(own, Coded(found.codes[join.codes], found.labels, name))


def _first_known(one: Coded | None, other: Coded) -> Coded:
    """Labels of rows, from the other column where the one has none."""
    if one is None:
        return other
    one, other = _one_numbering(one, other)
    return Coded(np.where(one.codes == len(one.labels) - 1, other.codes, one.codes), one.labels, one.name)


def _channel_of_tickets(
    table: Conversations,
    join: _Join,
    of_rows: Coded | None,
    codes: Array,
    at: Ints,
    whole: Bools,
    first_customer: Ints,
) -> Coded | None:
    """The channel of each ticket: its own, or else that of the message it belongs to."""
    own = table.coded("channel") if table.has("channel") else None
    if of_rows is None or (own is not None and _missing_label(own) is None):
        return own
    names = [*of_rows.labels, *([] if of_rows.labels and of_rows.labels[-1] is None else [None])]
    of_row = np.append(of_rows.codes.astype(np.int64), len(names) - 1)  # row -1 stands for "no row"
    row_of_talk = _rows_of_conversations(codes, at, whole, first_customer)
    return _first_known(own, Coded(of_row[row_of_talk][join.of_ticket], names, "channel"))


def _rows_of_conversations(codes: Array, at: Ints, whole: Bools, first_customer: Ints) -> Ints:
    """The row that a conversation belongs to: its first customer message, else its earliest row, -1 without rows."""
    out = first_customer.copy()
    rows = np.flatnonzero(first_customer[codes] < 0)
    rows = rows[np.lexsort((at[rows], ~whole[rows]))][::-1]
    out[codes[rows]] = rows  # the last one stays
    return out


@attrs.frozen(eq=False)
class _Groups:
    """Groups of rows, waits and conversations, numbered alike; None: all in one."""

    rows: Ints | None
    waits: Ints | None
    conversations: Ints
    size: int
    keys: list[Any] | None = None
    names: tuple[str, ...] = ()
    many: bool = False


def _groups(
    by: Any,
    log: Messages,
    join: _Join,
    waited: waits.Waits,
    opened_by: Ints,
    answered_by: Ints,
    row_of_talk: Ints,
    counted: Bools,
) -> _Groups:
    """Read `by=` and say what belongs to which group."""
    specs, titles, many = split_keys(by, named=True)
    # A conversation of nothing but rows that are left out stands behind no figure, so it makes no group.
    talks = counted.copy()
    talks[join.of_ticket] = True
    shown = np.flatnonzero(talks)
    parts = []
    for spec in specs:
        own = isinstance(spec, str) and spec in _OF_THE_ANSWER
        assigned = join.of_tickets(spec) if isinstance(spec, str) and join.has(spec) else None
        if assigned is None:
            labels = read_key(spec, len(log), log)
        else:
            found = None if own else _of_rows(spec, log, join)
            if found is None:  # by who answered: a message's own label counts, never the assignee's
                found = log.coded(spec) if log.has(spec) else Coded(np.zeros(len(log), dtype=np.int64), [None], spec)
            labels, assigned = _one_numbering(found, assigned)
        names = list(labels.labels)
        if not names or names[-1] is not None:
            names.append(None)
        of_row = np.append(labels.codes.astype(np.int64), len(names) - 1)  # row -1 stands for "no row"
        of_talk = of_row[row_of_talk]
        of_wait = of_row[opened_by]
        if own:
            of_talk = np.full(len(counted), len(names) - 1) if assigned is None else assigned.codes.copy()
            of_wait = np.where(answered_by >= 0, of_row[answered_by], of_talk[waited.conversation])
            of_talk[waited.conversation[waited.is_first]] = of_wait[waited.is_first]
        elif assigned is not None:
            of_talk = np.where(row_of_talk >= 0, of_talk, assigned.codes)
        parts.append(Coded(np.concatenate((of_row[:-1], of_wait, of_talk[shown])), names, labels.name))
    grouping = combine(parts, titles, many=many)
    group, keys = grouping.compact()
    of_rows, of_waits, of_shown = np.split(group, [len(log), len(log) + len(opened_by)])
    of_talks = np.full(len(counted), -1, dtype=np.int64)
    of_talks[shown] = of_shown
    return _Groups(of_rows, of_waits, of_talks, len(keys), keys, grouping.names, many)


def _one_numbering(one: Coded, other: Coded) -> tuple[Coded, Coded]:
    """Two label columns under one numbering, None last."""
    names = [*dict.fromkeys(label for label in (*one.labels, *other.labels) if label is not None), None]
    index = {label: code for code, label in enumerate(names)}

    def renumbered(part: Coded) -> Coded:
        places = np.array([index[label] for label in part.labels], dtype=np.int64)
        return Coded(places[part.codes] if len(places) else part.codes, names, part.name)

    return renumbered(one), renumbered(other)
