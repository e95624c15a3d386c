"""What all doors for logs share: clocks and timelines in columns, and which rows of tickets count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .. import policies as presets
from .._accounting import Account, LeftOut, status_reason
from .._core import events
from .._core.waits import AgentTurns
from .._inputs import NAT, Coded
from ..batches import Batch, Conversations
from ..errors import ArgumentTypeError
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets

__all__ = [
    "CHAT_LIKE",
    "ENDS",
    "OF_THE_ANSWER",
    "WHOLE_CONVERSATIONS",
    "Channels",
    "Clock",
    "ConversationLabels",
    "Effort",
    "Named",
    "ScheduleChanges",
    "Timeline",
    "channel_targets",
    "channels_of",
    "chat_like",
    "first_answerers",
    "leave_out_missing",
    "leave_out_statuses",
    "left_out_whole",
    "missing_label",
    "now_of",
    "reply_policy",
    "service_targets",
    "supersede",
    "taken",
    "ticket_ends",
    "was_reopened",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Such a conversation takes its messages along.
WHOLE_CONVERSATIONS = (LeftOut.MERGED, LeftOut.SPAM, LeftOut.TEST, LeftOut.DELETED)
ENDS = ("first_response_at", "resolved_at", "first_resolved_at", "abandoned_at")
# A wait belongs to whoever answered it, not to whoever wrote the question.
OF_THE_ANSWER = ("agent", "team")


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
    started_by: Callable[[Ints], list[str]] | None = None
    """Why waits start where they do, by number of the wait."""
    paused: events.Stretches | AgentTurns | None = None
    """Stretches of the conversations in which the clock stands still."""
    off: Ints | None = None
    """What is taken off each wait: pauses, and what the unit cuts off; None: nothing."""
    instants: tuple[Ints, Ints] | None = None
    """When waits began and ended, where `start` and `end` do not say it: on clocks in open time, and where one figure
    stands for several waits. None: they do."""

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
            channel=taken(self.channel, keep),
            open_time=some(self.open_time),
            off=some(self.off),
            instants=None if self.instants is None else (self.instants[0][keep], self.instants[1][keep]),
        )

    @classmethod
    def joined(cls, one: Clock, other: Clock) -> Clock:
        """The waits of two clocks that call their waits by the same numbers, one after the other."""
        n, m = len(one.start), len(other.start)

        def both(name: str, missing: Any) -> Any:
            columns = getattr(one, name), getattr(other, name)
            if columns[0] is None and columns[1] is None:
                return None
            sized = zip(columns, (n, m), strict=True)
            return np.concatenate([np.full(size, missing) if column is None else column for column, size in sized])

        channel = one.channel
        if channel is not None and other.channel is not None:
            channel = Coded(np.concatenate((channel.codes, other.channel.codes)), channel.labels, channel.name)
        return attrs.evolve(
            one, start=both("start", 0), end=both("end", 0), outcome=both("outcome", 0), target=None,
            group=both("group", 0), conversation=both("conversation", 0), number=both("number", 0),
            first=both("first", True), channel=channel, open_time=both("open_time", NAT), off=both("off", 0),
            paused=None, instants=None,
        )  # fmt: skip

    @property
    def counted_from(self) -> Ints:
        """Where a clock that never stood still would have started."""
        return self.start if self.off is None else self.start + self.off

    def until(self, now: int) -> Ints:
        """The ends of all waits; of open ones the present."""
        return np.where(self.end == NAT, now if self.now is None else self.now, self.end)

    @property
    def seen(self) -> tuple[Ints, Ints]:
        """The instants at which waits began and ended, `NAT` while open, whatever time the clock runs in."""
        return (self.start, self.end) if self.instants is None else self.instants

    @property
    def _numbers(self) -> Ints:
        return np.arange(len(self.start)) if self.number is None else self.number

    def agents(self) -> list[Any]:
        """The agent that each wait belongs to, None where nobody knows."""
        return [None] * len(self.start) if self.agent is None else self.agent(self._numbers)

    def starts(self) -> list[str]:
        """Why each wait starts where it does."""
        return ["created"] * len(self.start) if self.started_by is None else self.started_by(self._numbers)


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
    effort: Effort | None = None
    """What was done about each conversation; None where nobody looked."""
    schedules: ScheduleChanges | None = None
    """Which business hours applied when, None where that never changed."""
    reasons: Mapping[str, str] = attrs.field(factory=dict)
    """Figures that cannot be given, and what they need."""
    changes_left: dict[LeftOut, Ints] = attrs.field(factory=dict)
    """Changes that were left out, by group."""
    policy: ReplyPolicy = DEFAULT_POLICY
    settled: Bools | None = None
    """Conversations that are resolved and whose customer has been silent since, where a policy keeps waits across
    a resolution; None where a resolution ends them."""

    @property
    def ours(self) -> str:
        """What takes the customer's part off our resolution: the "turns" of messages, or known "statuses"."""
        clock = self.clocks.get("our_resolution")
        return "statuses" if clock is not None and isinstance(clock.paused, events.Stretches) else "turns"


@attrs.frozen(eq=False)
class Effort:
    """What was done about each conversation, in columns."""

    resolved: Bools | None
    """Whether it is resolved; None where nothing tells."""
    one_touch: npt.NDArray[np.int8] | None
    """1 where it was resolved in one touch as the policy says, 0 where not, -1 where it is not resolved."""
    reopens: npt.NDArray[np.int32] | None
    """How often it was opened again; None where nothing tells."""
    handovers: npt.NDArray[np.int32] | None
    """How often it went from one agent to another; None where agents are not known."""
    created_assumed: Bools | None
    """Whether its first message had to stand for its creation; None where no clock starts there."""


@attrs.frozen(eq=False)
class ScheduleChanges:
    """Business hours that apply from some instant on, ordered by conversation and start."""

    conversation: Ints
    start: Ints
    end: Ints
    code: Ints
    names: Sequence[Any]


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


def taken(labels: Coded | None, rows: Ints) -> Coded | None:
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
    name = str(policy).strip().upper().replace("-", "_").replace("@", "_")
    known = [preset for preset in presets.__all__ if isinstance(getattr(presets, preset), ReplyPolicy)]
    way = f"cx.policies.{name if name in known else 'ZENDESK'} or cx.ReplyPolicy(expires=timedelta(days=3))"
    msg = f"policy must be a ReplyPolicy (got {policy!r}), e.g. {way}"
    raise ArgumentTypeError(msg, argument="policy", found=policy)


def now_of(as_of: Any, *batches: Batch[Any] | None) -> tuple[int | None, bool | None]:
    """The instant that counts as now in microseconds, and whether instants are UTC."""
    given = [batch for batch in batches if batch is not None]
    aware = next((batch.aware for batch in given if batch.aware is not None), None)
    if as_of is None:
        return max((latest for batch in given if (latest := batch.latest()) is not None), default=None), aware
    zone = next((batch.tz for batch in given if batch.tz is not None), None)
    if aware is None:  # not a single instant but this one, which shards with rows must agree with
        aware = zone is not None or _inputs.instants([as_of], "as_of")[1]
    return _inputs.instant(as_of, "as_of", aware=aware, tz=zone), aware


def missing_label(labels: Coded) -> Bools | None:
    if labels.labels and labels.labels[-1] is None:
        return np.asarray(labels.codes == len(labels.labels) - 1)
    return None


def leave_out_missing(account: Account, mask: Bools | None, argument: str, missing: str) -> None:
    if mask is None:
        return
    mask = mask & account.kept
    if missing == "raise" and mask.any():
        _inputs.refuse_missing(argument, mask)
    account.leave_out(LeftOut.MISSING, mask)


def left_out_whole(policy: ReplyPolicy) -> list[LeftOut]:
    """Why conversations are left out with everything in them; a test is nobody's experience, whatever the policy."""
    return [reason for reason in WHOLE_CONVERSATIONS if reason is LeftOut.TEST or str(reason) in policy.leave_out]


def leave_out_statuses(table: Conversations, account: Account, aside: Collection[LeftOut]) -> None:
    if not table.known("status"):
        return
    status = table.coded("status")
    for code, label in enumerate(status.labels):
        reason = status_reason(label)
        if reason is not None and reason in aside:
            account.leave_out(reason, status.codes == code)


def ticket_ends(table: Conversations, account: Account, now: int | None, invalid: str) -> dict[str, Ints]:
    """Instants at which something ended; what lies after `as_of` has not happened yet.

    Whoever left was not resolved after that, whatever was noted later; and a first resolution after the last one is
    none that anybody knows.
    """
    opened, last = table.times("opened_at"), table.times("resolved_at")
    ends = {}
    for name in ENDS:
        at = table.times(name)
        wrong = (at != NAT) & (at < opened) & account.kept
        if wrong.any():
            if invalid == "raise":
                _inputs.refuse_invalid(name, "not lie before opened_at", wrong, at.view("M8[us]"))
            account.leave_out(LeftOut.INVALID, wrong)
        ends[name] = at.copy() if now is None else np.where(at > now, NAT, at)
    ends["first_resolved_at"][(last != NAT) & (table.times("first_resolved_at") > last)] = NAT
    left_at = ends["abandoned_at"]
    for name in ("resolved_at", "first_resolved_at"):
        ends[name] = np.where((left_at != NAT) & (left_at < ends[name]), NAT, ends[name])
    return ends


def supersede(table: Conversations, of_ticket: Ints, size: int, account: Account, known: Bools | None) -> Ints:
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
        times = [table.times(name) for name in ("opened_at", *ENDS)]
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
        if name not in ("id", "opened_at", *ENDS):
            found = table.coded(name)
            labels = [(label is not None, repr(label)) for label in found.labels]
            rank = np.empty(len(labels), dtype=np.int64)
            rank[sorted(range(len(labels)), key=labels.__getitem__)] = np.arange(len(labels))
            ranks.append(rank[found.codes])
    return ranks


def was_reopened(table: Conversations) -> Bools | None:
    if not table.has("reopens"):
        return None
    return _inputs.numbers(table.raw("reopens"), "reopens").data > 0


def channel_targets(target: Any, channel: Coded | None, rows: Ints) -> Ints | None:
    """The target of each of some rows in microseconds, by its channel where targets differ; None without any."""
    if not target:
        return None
    if isinstance(target, dt.timedelta):
        return np.full(len(rows), _inputs.duration(target, "targets"), dtype=np.int64)
    labels = [None] if channel is None else channel.labels
    limits = [target.get(label) for label in labels]
    table = np.array([NAT if limit is None else _inputs.duration(limit, "targets") for limit in limits], dtype=np.int64)
    return np.full(len(rows), table[0]) if channel is None else table[channel.codes[rows]]


def channels_of(channel: Coded | None, group: Ints | None, kept: Bools) -> Channels:
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
class ConversationLabels:
    """What conversation codes are called; `codes` maps them to labels where they are row numbers."""

    labels: Sequence[Any]
    codes: Array | None = None

    def __call__(self, code: int) -> Any:
        return self.labels[code if self.codes is None else int(self.codes[code])]


def first_answerers(conversation: Ints, answered: Bools, agent: Ints, size: int, nobody: int) -> Ints:
    """Who gave the first response of each conversation, by the waits for it."""
    found = np.full(size, nobody, dtype=np.int64)
    found[conversation[answered]] = agent[answered]
    return found


@attrs.frozen(eq=False)
class Named:
    """Names of waits by their number, read only when a table asks for them."""

    names: Sequence[Any]
    codes: Array

    def __call__(self, number: Ints) -> list[Any]:
        return [self.names[code] for code in self.codes[number].tolist()]
