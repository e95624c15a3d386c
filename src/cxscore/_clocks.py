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
from ._accounting import Account, LeftOut
from ._core import waits
from ._grouping import combine, read_key, split_keys
from ._inputs import NAT, Coded
from .batches import Batch, Conversations, Messages, as_batch
from .errors import ArgumentTypeError, MixedTimeZonesError
from .policies import ReplyPolicy, ServiceTargets

__all__ = ["Clock", "Timeline", "read_log", "service_targets"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Conversations of these statuses are no customer's experience; each is left out under its own reason.
_NO_CUSTOMER = {
    "merged": LeftOut.MERGED,
    "spam": LeftOut.SPAM,
    "test": LeftOut.TEST,
    "deleted": LeftOut.DELETED,
}
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
    target: Ints
    """Longest wait promised, `NAT` where nothing was."""
    group: Ints
    conversation: Ints
    index: Ints
    """Position of each wait among those that `agent` knows."""
    agent: Any = None
    """Labels of the agents that waits belong to: a function from `index` to labels, or None."""
    first: Bools | None = None

    def rows(self, keep: Any) -> Clock:
        """Some of the waits."""
        return attrs.evolve(
            self,
            start=self.start[keep],
            end=self.end[keep],
            outcome=self.outcome[keep],
            target=self.target[keep],
            group=self.group[keep],
            conversation=self.conversation[keep],
            index=self.index[keep],
            first=None if self.first is None else self.first[keep],
        )


@attrs.frozen(eq=False)
class Timeline:
    """What a log says: its clocks, its conversations, and the account of its rows."""

    source: str
    """"messages" or "conversations"."""
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
    answers: Ints
    """Public messages of human agents, by conversation; -1 where unknown."""
    customer_messages: Ints
    """Messages of customers up to the last resolution, by conversation; -1 where not resolved."""
    bot_only: Bools
    outbound: Bools
    reopens: Ints | None
    """Reopenings by conversation, None where they are not known."""
    mixed: bool
    """Whether the figures run over several channels."""
    chat: bool
    """Whether every channel is chat-like by name."""

    @property
    def groups(self) -> int:
        return len(self.used)


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
        InvalidValueError: an end before its start, under `invalid="raise"`.
        MissingValueError: a row without an instant, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants in one call.
    """
    batch = as_batch(log, "log", (Messages, Conversations), _no_messages)
    if isinstance(batch, Conversations):
        if conversations is not None:
            msg = "conversations must be left out where log holds the conversations itself; pass messages as log"
            raise ArgumentTypeError(msg, argument="conversations")
        return _read_tickets(batch, by, targets, as_of, missing, invalid)
    table: Any = None
    if conversations is not None:
        table = as_batch(conversations, "conversations", (Conversations,), _no_conversations)
        if None not in (batch.aware, table.aware) and batch.aware is not table.aware:
            msg = "conversations must follow the same rule as log (one has aware instants, the other naive ones)"
            raise MixedTimeZonesError(msg, argument="conversations")
    return _read_messages(cast("Messages", batch), table, by, targets, as_of, policy, missing, invalid)


def _no_messages() -> Messages:
    return Messages(conversation=[], at=[], author=[])


def _no_conversations() -> Conversations:
    return Conversations(id=[], opened_at=[])


def _now(as_of: Any, *batches: Batch[Any] | None) -> tuple[int | None, bool | None]:
    """The instant that counts as now in microseconds, and whether instants are UTC."""
    given = [batch for batch in batches if batch is not None]
    aware = next((batch.aware for batch in given if batch.aware is not None), None)
    if as_of is not None:
        zone = next((batch.tz for batch in given if batch.tz is not None), None)
        now = _inputs.instant(as_of, "as_of", aware=aware, tz=zone)
        return now, aware
    return max((latest for batch in given if (latest := batch.latest()) is not None), default=None), aware


def _missing_label(labels: Coded) -> Bools:
    if labels.labels and labels.labels[-1] is None:
        return np.asarray(labels.codes == len(labels.labels) - 1)
    return np.zeros(len(labels), dtype=np.bool_)


def _statuses(table: Conversations, account: Account) -> None:
    if not table.known("status"):
        return
    status = table.coded("status")
    for code, label in enumerate(status.labels):
        if label in _NO_CUSTOMER:
            account.leave_out(_NO_CUSTOMER[label], status.codes == code)


def _channel_targets(target: Any, channel: Coded | None, n: int) -> Ints:
    """The target of each row in microseconds, by its channel where targets differ."""
    if target is None:
        return np.full(n, NAT, dtype=np.int64)
    if isinstance(target, dt.timedelta):
        return np.full(n, _inputs.duration(target, "targets"), dtype=np.int64)
    if channel is None:
        channel = Coded(np.zeros(n, dtype=np.int64), [None])
    limits = [target.get(label) for label in channel.labels]
    table = np.array([NAT if limit is None else _inputs.duration(limit, "targets") for limit in limits], dtype=np.int64)
    return table[channel.codes] if len(table) else np.full(n, NAT, dtype=np.int64)


def _channels(channel: Coded | None, used: Bools) -> tuple[bool, bool]:
    """Whether there are several channels, and whether all are chat-like."""
    if channel is None:
        return False, False
    codes = np.flatnonzero(np.bincount(channel.codes[used], minlength=len(channel.labels)))
    names = [channel.labels[int(code)] for code in codes]
    return len(names) > 1, bool(names) and all(str(name).casefold() in CHAT_LIKE for name in names)


# -- ticket rows -------------------------------------------------------------------------------------


def _read_tickets(
    table: Conversations, by: Any, targets: ServiceTargets, as_of: Any, missing: str, invalid: str
) -> Timeline:
    n = len(table)
    now, aware = _now(as_of, table)
    account = Account(n)
    _statuses(table, account)
    opened = table.times("opened_at")
    _leave_out_missing(account, opened == NAT, "opened_at", missing)
    if now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, opened > now)
    ends = _ticket_ends(table, account, opened, now, invalid)

    if by is None:
        group, keys, many = np.zeros(n, dtype=np.int64), None, False
        names: tuple[str, ...] = ()
    else:
        specs, titles, many = split_keys(by, named=True)
        grouping = combine([read_key(part, n, table) for part in specs], titles, many=many)
        group, keys = grouping.compact()
        names = grouping.names
    used, left = account.by_group(group, 1 if keys is None else len(keys))
    rows = np.flatnonzero(account.kept)
    channel = table.coded("channel") if table.has("channel") else None
    labels = table.coded("id")
    agent = _assignees(table, rows)

    def clock(name: str, end: Ints, outcome: npt.NDArray[np.int8], target: Any) -> Clock:
        return Clock(
            name=name, start=opened[rows], end=end, outcome=outcome, group=group[rows], conversation=rows,
            index=np.arange(len(rows)),
            target=_channel_targets(target, channel, n)[rows], agent=agent,
            first=np.ones(len(rows), dtype=np.bool_),
        )  # fmt: skip

    clocks = {}
    response, resolved, left_at = (ends[name][rows] for name in ("first_response_at", "resolved_at", "abandoned_at"))
    if table.has("first_response_at"):
        outcome = np.full(len(rows), waits.WAIT_OPEN, dtype=np.int8)
        outcome[resolved != NAT] = waits.WAIT_CLOSED
        outcome[left_at != NAT] = waits.WAIT_ABANDONED
        outcome[response != NAT] = waits.WAIT_ANSWERED
        end = np.select([response != NAT, left_at != NAT], [response, left_at], resolved)
        clocks["first_response"] = clock("first_response", end, outcome, targets.first_response)
    for name, field in (("resolution", "resolved_at"), ("first_resolution", "first_resolved_at")):
        if table.has(field) and (name == "resolution" or table.known(field)):
            end = ends[field][rows]
            clocks[name] = clock(name, end, _resolution_outcome(end, left_at), targets.resolution)
    reopens = _reopens(table)
    mixed, chat = _channels(channel, account.kept)
    unknown = np.full(n, -1, dtype=np.int64)
    nobody = np.zeros(n, dtype=np.bool_)
    return Timeline(
        source="conversations", as_of=now, aware=aware, clocks=clocks, keys=keys, names=names, many=many, used=used,
        left=left, tickets_left={}, group=np.where(account.kept, group, -1), label=_ConversationLabels(labels.labels, labels.codes), answers=unknown,
        customer_messages=unknown, bot_only=nobody, outbound=nobody, reopens=reopens, mixed=mixed, chat=chat,
    )  # fmt: skip


def _leave_out_missing(account: Account, mask: Bools, argument: str, missing: str) -> None:
    mask = mask & account.kept
    if mask.any() and missing == "raise":
        _inputs.refuse_missing(argument, mask)
    account.leave_out(LeftOut.MISSING, mask)


def _ticket_ends(
    table: Conversations, account: Account, opened: Ints, now: int | None, invalid: str
) -> dict[str, Ints]:
    """Instants at which something ended; what lies after `as_of` has not happened yet."""
    ends = {}
    for name in ("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at"):
        at = table.times(name)
        wrong = (at != NAT) & (opened != NAT) & (at < opened) & account.kept
        if wrong.any():
            if invalid == "raise":
                _inputs.refuse_invalid(name, "not lie before opened_at", wrong, at.view("M8[us]"))
            account.leave_out(LeftOut.INVALID, wrong)
        ends[name] = at if now is None else np.where(at > now, NAT, at)
    return ends


def _resolution_outcome(end: Ints, left_at: Ints) -> npt.NDArray[np.int8]:
    outcome = np.full(len(end), waits.WAIT_OPEN, dtype=np.int8)
    outcome[left_at != NAT] = waits.WAIT_ABANDONED
    outcome[end != NAT] = waits.WAIT_ANSWERED
    return outcome


def _reopens(table: Conversations) -> Ints | None:
    if not table.has("reopens"):
        return None
    found = _inputs.numbers(table.raw("reopens"), "reopens").data
    return np.nan_to_num(found, nan=0.0).astype(np.int64)


@attrs.frozen(eq=False)
class _ConversationLabels:
    """What conversation codes are called; `codes` maps them to labels where they are row numbers."""

    labels: Sequence[Any]
    codes: Array | None

    def __call__(self, code: int) -> Any:
        return self.labels[code if self.codes is None else int(self.codes[code])]


@attrs.frozen(eq=False)
class _Assignees:
    """Assignees of tickets by wait, read only when a table asks for them."""

    found: Coded
    rows: Ints

    def __call__(self, index: Ints) -> list[Any]:
        return [self.found.labels[int(code)] for code in self.found.codes[self.rows[index]]]


@attrs.frozen(eq=False)
class _AnsweringAgents:
    """Agents of waits: who answered, or the assignee of a wait that nobody answered."""

    agents: Coded | None
    assignees: Coded | None
    answered_by: Ints
    ticket: Ints

    def __call__(self, index: Ints) -> list[Any]:
        return [
            _label(self.agents, row) if row >= 0 else _label(self.assignees, ticket)
            for row, ticket in zip(self.answered_by[index].tolist(), self.ticket[index].tolist(), strict=True)
        ]


def _label(labels: Coded | None, row: int) -> Any:
    return None if labels is None or row < 0 else labels.labels[int(labels.codes[row])]


def _assignees(table: Conversations, rows: Ints) -> _Assignees | None:
    return _Assignees(table.coded("agent"), rows) if table.has("agent") else None


# -- message logs ------------------------------------------------------------------------------------


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
    n = len(log)
    now, aware = _now(as_of, log, table)
    at = log.times("at")
    author = log.authors()
    of_log = log.coded("conversation")
    tickets = Account(0 if table is None else len(table))
    ends: dict[str, Ints] = {}
    codes, labels, ticket_of = _join(of_log, table)
    account = Account(n)
    _leave_out_missing(account, (at == NAT) | _missing_label(of_log), "at", missing)
    if now is not None:
        account.leave_out(LeftOut.AFTER_AS_OF, at > now)
    if table is not None:
        _leave_out_with_ticket(account, tickets, table, codes, ticket_of, now, missing)
        ends = _ticket_ends(table, tickets, table.times("opened_at"), now, invalid)
    whole = account.kept.copy()  # rows of conversations that count, whoever wrote them
    bot = author == 2
    private = ~log.flag("public", default=True)
    automatic = log.flag("automatic", default=False)
    account.leave_out(LeftOut.BOT, bot)
    account.leave_out(LeftOut.PRIVATE_NOTE, private)
    account.leave_out(LeftOut.AUTOMATIC, automatic)

    kind = np.where(author == 1, np.int8(waits.ANSWER), np.int8(waits.CUSTOMER))
    kind[private | automatic] = waits.IGNORED
    kind[bot] = waits.BOT
    rows = slice(None) if whole.all() else np.flatnonzero(whole)
    events = _events(ends, tickets, ticket_of)
    handoff = log.flag("handoff", default=False) if log.has("handoff") else None
    if handoff is not None and not handoff.any():
        handoff = None
    found = waits.walk(
        _with(codes[rows], events[0]),
        _with(at[rows], events[1]),
        _with(kind[rows], events[2]),
        None if handoff is None else _with(handoff[rows], np.zeros(len(events[0]), dtype=np.bool_)),
        len(labels.labels),
        now=0 if now is None else now,
        expires=None if policy.expires is None else _inputs.duration(policy.expires, "expires"),
        threads=2 if n > 1 << 20 else 1,
    )
    waited, talks = found.waits, found.conversations
    opened_by = waited.opened_by if isinstance(rows, slice) else rows[waited.opened_by]
    answered_by = waited.answered_by
    if not isinstance(rows, slice):
        answered_by = np.where(answered_by >= 0, rows[answered_by], -1)

    first_row = _first_rows(codes, whole, talks.first_customer, rows, len(labels.labels))
    present = first_row >= 0
    ticket_kept = np.zeros(len(labels.labels), dtype=np.bool_)
    if table is not None:
        ticket_kept = (ticket_of >= 0) & np.append(tickets.kept, False)[ticket_of]
    groups = _message_groups(
        by, log, table, codes, ticket_of, opened_by, answered_by, waited.conversation, waited.is_first, first_row
    )
    used, left = account.by_group(groups.rows, groups.size)
    channel = _wait_labels("channel", log, table, codes, ticket_of)
    agent = _answering_agents(log, table, answered_by, ticket_of[waited.conversation])
    clocks = {}
    for name, keep in (("first_response", waited.is_first), ("reply", np.ones(len(waited.start), dtype=np.bool_))):
        positions = np.flatnonzero(keep)
        clocks[name] = Clock(
            name=name,
            start=waited.start[positions],
            end=waited.end[positions],
            outcome=waited.outcome[positions],
            target=_channel_targets(getattr(targets, name), _taken(channel, opened_by), len(opened_by))[positions],
            group=groups.waits[positions],
            conversation=waited.conversation[positions],
            index=positions,
            agent=agent,
            first=waited.is_first[positions],
        )
    reopens: Ints | None = None
    written = np.full(len(labels.labels), -1, dtype=np.int64)
    if table is not None:
        counted_reopens = _reopens(table)
        if counted_reopens is not None:
            reopens = np.where(ticket_kept, np.append(counted_reopens, 0)[ticket_of], 0)
        written = _written_until_resolved(codes, at, account.kept & (author == 0), talks.resolved_at)
        clocks |= _resolutions(table, tickets, ticket_of, groups.conversations, found, targets, ends)
    tickets_left: dict[LeftOut, Ints] = {}
    if table is not None:
        of_ticket = np.zeros(len(table), dtype=np.int64)
        of_ticket[ticket_of[ticket_of >= 0]] = groups.conversations[ticket_of >= 0]
        tickets_left = tickets.by_group(of_ticket, groups.size)[1]
    counted = present | ticket_kept
    mixed, chat = _channels(channel, account.kept)
    return Timeline(
        source="messages", as_of=now, aware=aware, clocks=clocks, keys=groups.keys, names=groups.names,
        many=groups.many, used=used, left=left, tickets_left=tickets_left, group=np.where(counted, groups.conversations, -1),
        label=_ConversationLabels(labels.labels, None),
        answers=talks.answers.astype(np.int64), customer_messages=written,
        bot_only=talks.bot_only, outbound=talks.outbound, reopens=reopens, mixed=mixed, chat=chat,
    )  # fmt: skip


def _written_until_resolved(codes: Array, at: Ints, mask: Bools, resolved_at: Ints) -> Ints:
    rows = np.flatnonzero(mask)
    rows = rows[at[rows] <= resolved_at[codes[rows]]]
    counts = np.bincount(codes[rows], minlength=len(resolved_at))
    return np.where(resolved_at == NAT, -1, counts)


def _with(column: Array, more: Array) -> Array:
    return np.concatenate((column, more.astype(column.dtype))) if len(more) else column


def _join(of_log: Coded, table: Conversations | None) -> tuple[Array, Coded, Ints]:
    """Conversation codes that messages and tickets share, their labels, and the ticket row of each (-1 none)."""
    labels = list(of_log.labels)
    if table is None:
        return of_log.codes, Coded(of_log.codes, labels), np.full(len(labels), -1, dtype=np.int64)
    ids = table.coded("id")
    index = {label: code for code, label in enumerate(labels)}
    of_ticket = np.empty(len(ids.labels), dtype=np.int64)
    for code, label in enumerate(ids.labels):
        of_ticket[code] = index.setdefault(label, len(index))
        if of_ticket[code] == len(labels):
            labels.append(label)
    ticket_of = np.full(len(labels), -1, dtype=np.int64)
    ticket_of[of_ticket[ids.codes]] = np.arange(len(ids.codes))
    return of_log.codes, Coded(of_log.codes, labels), ticket_of


def _leave_out_with_ticket(
    account: Account,
    tickets: Account,
    table: Conversations,
    codes: Array,
    ticket_of: Ints,
    now: int | None,
    missing: str,
) -> None:
    """Merged, spam, test and deleted conversations take their messages along."""
    _statuses(table, tickets)
    opened = table.times("opened_at")
    for reason, mask in tickets.out.items():
        account.leave_out(reason, np.append(mask, False)[ticket_of][codes])
    _leave_out_missing(tickets, opened == NAT, "opened_at", missing)
    if now is not None:
        tickets.leave_out(LeftOut.AFTER_AS_OF, opened > now)


def _events(ends: dict[str, Ints], tickets: Account, ticket_of: Ints) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
    """Resolutions and abandonments as rows of the log: conversation, instant, kind."""
    if not ends:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0, dtype=np.int8)
    code_of = np.full(len(tickets.kept), -1, dtype=np.int64)
    known = np.flatnonzero(ticket_of >= 0)
    code_of[ticket_of[known]] = known
    parts = []
    for name, kind in (
        ("first_resolved_at", waits.RESOLVED),
        ("resolved_at", waits.RESOLVED),
        ("abandoned_at", waits.ABANDONED),
    ):
        rows = np.flatnonzero((ends[name] != NAT) & (code_of >= 0) & tickets.kept)
        parts.append((code_of[rows], ends[name][rows], np.full(len(rows), kind, dtype=np.int8)))
    codes, instants, kinds = zip(*parts, strict=True)
    return np.concatenate(codes), np.concatenate(instants), np.concatenate(kinds)


def _first_rows(codes: Array, whole: Bools, first_customer: Ints, rows: Any, size: int) -> Ints:
    """The row that a conversation belongs to: its first customer message, else any of its rows; -1 without rows."""
    out = np.full(size, -1, dtype=np.int64)
    lonely = np.flatnonzero(first_customer < 0)
    if len(lonely):
        kept = np.flatnonzero(whole)
        out[codes[kept[::-1]]] = kept[::-1]
    has = first_customer >= 0
    out[has] = first_customer[has] if isinstance(rows, slice) else rows[first_customer[has]]
    return out


def _taken(labels: Coded | None, rows: Ints) -> Coded | None:
    return None if labels is None else Coded(labels.codes[rows], labels.labels)


def _wait_labels(name: str, log: Messages, table: Conversations | None, codes: Array, ticket_of: Ints) -> Coded | None:
    """A label of each message: its own column, or else that of its conversation."""
    if log.known(name):
        return log.coded(name)
    if table is None or not table.has(name):
        return log.coded(name) if log.has(name) else None
    return _of_tickets(table.coded(name), ticket_of, codes)


def _of_tickets(labels: Coded, ticket_of: Ints, codes: Array) -> Coded:
    """Labels of conversations spread over rows; None where there is no ticket."""
    none = len(labels.labels) - 1 if labels.labels and labels.labels[-1] is None else len(labels.labels)
    names = [*labels.labels] if none < len(labels.labels) else [*labels.labels, None]
    own = np.append(labels.codes.astype(np.int64), none)[ticket_of]
    return Coded(own[codes], names, labels.name)


def _answering_agents(
    log: Messages, table: Conversations | None, answered_by: Ints, ticket: Ints
) -> _AnsweringAgents | None:
    agents = log.coded("agent") if log.has("agent") else None
    assignees = table.coded("agent") if table is not None and table.has("agent") else None
    return None if agents is None and assignees is None else _AnsweringAgents(agents, assignees, answered_by, ticket)


@attrs.frozen(eq=False)
class _MessageGroups:
    rows: Ints
    waits: Ints
    conversations: Ints
    size: int
    keys: list[Any] | None
    names: tuple[str, ...]
    many: bool


def _message_groups(
    by: Any,
    log: Messages,
    table: Conversations | None,
    codes: Array,
    ticket_of: Ints,
    opened_by: Ints,
    answered_by: Ints,
    conversation: Ints,
    is_first: Bools,
    first_row: Ints,
) -> _MessageGroups:
    """Groups of rows, waits and conversations, numbered alike."""
    n, n_waits, n_talks = len(log), len(opened_by), len(ticket_of)
    if by is None:
        zeros = [np.zeros(size, dtype=np.int64) for size in (n, n_waits, n_talks)]
        return _MessageGroups(zeros[0], zeros[1], zeros[2], 1, None, (), many=False)
    specs, titles, many = split_keys(by, named=True)
    parts = []
    for spec in specs:
        own = isinstance(spec, str) and spec in _OF_THE_ANSWER
        if isinstance(spec, str) and table is not None and not log.known(spec) and table.has(spec):
            labels = _of_tickets(table.coded(spec), ticket_of, codes)
            assigned = _of_tickets(table.coded(spec), ticket_of, np.arange(n_talks))
        else:
            labels = read_key(spec, n, log)
            assigned = None
            if own and table is not None and table.has(spec):
                labels, assigned = _shared_labels(labels, _of_tickets(table.coded(spec), ticket_of, np.arange(n_talks)))
        parts.append(_extended(labels, assigned, own, opened_by, answered_by, conversation, is_first, first_row))
    grouping = combine(parts, titles, many=many)
    group, keys = grouping.compact()
    return _MessageGroups(
        group[:n], group[n : n + n_waits], group[n + n_waits :], len(keys), keys, grouping.names, many=many
    )


def _shared_labels(one: Coded, other: Coded) -> tuple[Coded, Coded]:
    """Two label columns under one numbering, None last."""
    names = list(dict.fromkeys(label for label in (*one.labels, *other.labels) if label is not None))
    index = {label: code for code, label in enumerate([*names, None])}
    return tuple(  # type: ignore[return-value]  # two in, two out
        Coded(
            np.array([index[label] for label in part.labels] or [0], dtype=np.int64)[part.codes],
            [*names, None],
            one.name,
        )
        for part in (one, other)
    )


def _extended(
    labels: Coded,
    assigned: Coded | None,
    own: bool,
    opened_by: Ints,
    answered_by: Ints,
    conversation: Ints,
    is_first: Bools,
    first_row: Ints,
) -> Coded:
    """One key for rows, then waits, then conversations."""
    names = list(labels.labels)
    if not names or names[-1] is not None:
        names.append(None)
    none = len(names) - 1
    rows = labels.codes.astype(np.int64)
    padded = np.append(rows, none)  # row -1 stands for "no row"
    talks = padded[first_row] if assigned is None else np.where(first_row >= 0, padded[first_row], assigned.codes)
    if own:
        fallback = np.full(len(first_row), none) if assigned is None else assigned.codes
        waited = np.where(answered_by >= 0, padded[answered_by], fallback[conversation])
        talks = fallback.copy()
        talks[conversation[is_first]] = waited[is_first]
    else:
        waited = rows[opened_by]
    return Coded(np.concatenate((rows, waited, talks)), names, labels.name)


def _resolutions(
    table: Conversations,
    tickets: Account,
    ticket_of: Ints,
    group: Ints,
    found: waits.Walk,
    targets: ServiceTargets,
    ends: dict[str, Ints],
) -> dict[str, Clock]:
    """Time to resolution of the conversations that stand beside a message log."""
    if not table.has("resolved_at"):
        return {}
    opened = table.times("opened_at")
    codes = np.flatnonzero((ticket_of >= 0) & np.append(tickets.kept, False)[ticket_of])
    rows = ticket_of[codes]
    channel = table.coded("channel") if table.has("channel") else None
    target = _channel_targets(targets.resolution, channel, len(table))[rows]
    agent = _assignees(table, rows)

    def clock(name: str, end: Ints, start: Ints) -> Clock:
        outcome = _resolution_outcome(end, ends["abandoned_at"][rows])
        return Clock(
            name=name, start=start, end=end, outcome=outcome, target=target, group=group[codes],
            conversation=codes, index=np.arange(len(codes)), agent=agent,
        )  # fmt: skip

    start, end = opened[rows], ends["resolved_at"][rows]
    clocks = {"resolution": clock("resolution", end, start)}
    if table.known("first_resolved_at"):
        clocks["first_resolution"] = clock("first_resolution", ends["first_resolved_at"][rows], start)
    spent = waits.agent_time(found.agent_turns, found.conversations)[codes]
    # Ours starts later by what the customer took: the same end, a shorter way.
    ours = np.where((end != NAT) & (spent != NAT), start + spent, start)
    clocks["our_resolution"] = clock("our_resolution", end, ours)
    return clocks
