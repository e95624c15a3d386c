"""What a walk over a log gives to measure: its waits, and the clocks of whole conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._accounting import Account
from .._core import events
from .._core.waits import WAIT_ABANDONED, WAIT_ANSWERED, WAIT_OPEN, AgentTurns
from .._inputs import NAT
from ..policies import ReplyPolicy
from ._base import Effort, was_reopened
from ._happened import People
from ._labels import Join
from ._reading import ASSIGNED, STATUS, Reading

__all__ = ["BY_START", "Known", "Span", "spans_of", "waits_of"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]

# Time in these states is the clock's.
_WAITED = {
    "requester_wait": (events.Status.NEW, events.Status.OPEN, events.Status.HOLD),
    "agent_wait": (events.Status.PENDING,),
    "on_hold": (events.Status.HOLD,),
    "work_time": (events.Status.NEW, events.Status.OPEN),
}
# A conversation comes in such a state without a change to it, so nobody knows them where its first one is not told.
_FROM_CREATION = ("requester_wait", "work_time")
# Belong to the period of their start, as waits do; all other clocks of conversations to that of their end.
BY_START = ("reopened_after", "handoff")
_CREATION = "created changes, messages, or conversations= with opened_at"
_NOT_OURS = (events.Status.PENDING, events.Status.HOLD)


@attrs.frozen(eq=False)
class Span:
    """One clock of conversations in the making."""

    name: str
    conversation: Ints
    start: Ints
    end: Ints
    outcome: Small
    paused: events.Stretches | AgentTurns | None = None
    started_by: int = events.Start.CREATED

    def without(self, conversations: Bools) -> Span:
        """The clock of all conversations but some."""
        kept = np.flatnonzero(~conversations[self.conversation])
        if len(kept) == len(self.conversation):
            return self
        columns = {name: getattr(self, name)[kept] for name in ("conversation", "start", "end", "outcome")}
        return attrs.evolve(self, **columns)


def waits_of(found: events.Found) -> tuple[events.Waits, Ints, Ints]:
    """All waits, first responses before replies, and the numbers of those that have a figure."""
    pairs: Any = zip(found.first, found.replies, strict=True)
    both = events.Waits(*map(np.concatenate, pairs))
    figure = both.outcome != events.WAIT_DROPPED
    n = len(found.first.start)
    numbers = np.arange(len(both.start))
    return both, numbers[:n][figure[:n]], numbers[n:][figure[n:]]


def resolved_too_early(talks: events.Conversations) -> Bools:
    """Conversations whose last resolution lies before their start, as where instants are of unlike zones."""
    known: Bools = (talks.resolved_at != NAT) & (talks.resolution_start != NAT)
    return known & (talks.resolved_at < talks.resolution_start)


class Known:
    """What a log tells, and the reasons for what it does not."""

    def __init__(self, reading: Reading, counted: Bools, people: People, *, complete: bool) -> None:
        changes, table = reading.changes, reading.table
        kinds = statuses = np.empty(0, dtype=np.int8)
        if changes is not None:
            kinds, statuses = changes.kinds()[reading.told.kept], changes.statuses()[reading.told.kept]
        self.changes = changes is not None
        self.complete = complete and self.changes
        # How conversations were created says nothing of how they end.
        self._seen = set(statuses[kinds == STATUS].tolist())
        self.statuses = bool(self._seen) or self.complete
        self.resolutions = self.statuses or (table is not None and (table.has("resolved_at") or complete))
        self.first_resolutions = self.statuses or (table is not None and (table.known("first_resolved_at") or complete))
        self.assigned = bool((kinds == ASSIGNED).any()) or self.complete
        self.owners = self.assigned or bool((people.of_tickets >= 0).any())
        # Without statuses only tickets can tell that something is not resolved.
        self.of_resolution = counted if self.statuses else reading.join.spread(reading.tickets.kept)
        # Resolved as its ticket says, which does not say when for the first time.
        self.first_unknown = reading.end_of("resolved_at") != NAT
        self.first_unknown &= reading.end_of("first_resolved_at") == NAT
        self.first_unknown[reading.of_change[reading.told.kept][kinds == STATUS]] = False
        self._table = table
        self._people = people

    def reasons(self, policy: ReplyPolicy, happened: events.Found) -> dict[str, str]:
        """Figures that cannot be given, and what they need."""
        statuses, assigned = "needs status changes", "needs assigned changes"
        found: dict[str, str] = {}
        resolving = policy.on_resolve in ("drops_wait", "answers") and not self.resolutions
        if not self.changes:
            of_first = policy.first_restarts & {"opened", "bot_resolved"} or (
                policy.on_resolve == "answers" and resolving
            )
            if of_first or policy.status_answers or "first" in policy.paused:
                found["first_response"] = statuses
            if resolving or policy.status_answers or "reply" in policy.paused:
                found["reply"] = statuses
        if not self.assigned and (policy.first_from == "assigned" or "assigned" in policy.first_restarts):
            found["first_response"] = assigned
        if not self.resolutions:
            found["resolution"] = found["our_resolution"] = f"{statuses}, or conversations= with resolved_at"
        elif not self.statuses and ("resolution" in policy.paused or policy.resolution == "each"):
            found["resolution"] = found["our_resolution"] = statuses
        elif not self.first_resolutions and policy.resolution == "first":
            reason = f"{statuses}, or conversations= with first_resolved_at"
            found["resolution"] = found["our_resolution"] = reason
        elif not self.assigned and policy.resolution_from == "assigned":
            found["resolution"] = found["our_resolution"] = assigned
        if not self.first_resolutions or "resolution" in found:
            reason = f"{statuses}, or conversations= with first_resolved_at"
            found["first_resolution"] = found.get("resolution", reason)
        if not self.statuses:
            found |= dict.fromkeys((*_WAITED, "reopened_after"), statuses)
        elif not self.complete and len(_with_status(happened)) and not len(_told_from_creation(happened)):
            found |= dict.fromkeys(_FROM_CREATION, "needs the status at creation, told by created changes with to=")
        begun = happened.conversations.resolution_start[self.of_resolution] != NAT
        unbegun = len(begun) > 0 and not begun.any() and not self.complete
        if unbegun and "resolution" not in found and policy.resolution != "sum_of_replies":
            what = "messages of customers" if policy.resolution_from == "first_customer" else _CREATION
            found |= dict.fromkeys(("resolution", "our_resolution", "first_resolution"), f"needs {what}")
        if policy.credit != "author" and not self.owners:
            found["agent"] = assigned
        return found

    def reopened(self, join: Join, tickets: Account, talks: events.Conversations) -> Bools | None:
        """Which conversations were opened again, None where nothing tells."""
        if self.statuses:
            return talks.reopens > 0
        again = None if self._table is None else was_reopened(self._table)
        return None if again is None else join.spread(again & tickets.kept)

    def notes(self, policy: ReplyPolicy, happened: events.Found) -> dict[str, str]:
        """What is to be known beside the figures of resolutions."""
        talks = happened.conversations
        found = [] if (unlike := self._unlike(policy, happened)) is None else [unlike]
        told = self.of_resolution & (talks.has_status | (talks.resolved_at != NAT))
        nameless = int(np.count_nonzero(told & (talks.resolution_start == NAT)))
        if nameless and policy.resolution_from == "created":
            found.append(f"without {nameless:,} conversations of which nobody knows the creation: give {_CREATION}")
        early = int(np.count_nonzero(self.of_resolution & resolved_too_early(talks)))
        if early:
            found.append(
                f"without {early:,} conversations that were resolved before they began: are all instants of one zone?"
            )
        return {"resolution": "; ".join(found)} if found else {}

    def _unlike(self, policy: ReplyPolicy, happened: events.Found) -> str | None:
        """Why nothing is resolved where changes end conversations in other words than the policy's."""
        ends = {name for name in ("solved", "closed") if events.Status[name.upper()] in self._seen} - policy.resolved
        if len(happened.resolutions.end) or not ends:
            return None
        ours, theirs = (" or ".join(map(repr, sorted(names))) for names in (policy.resolved, ends))
        return (
            f"no change to {ours}, which this policy takes as resolved (the changes say {theirs}); "
            f"translate with Changes.from_frame(..., statuses=...), or attrs.evolve(policy, resolved=...)"
        )

    def effort(self, talks: events.Conversations, people: People, policy: ReplyPolicy, aside: Bools) -> Effort:
        """What was done about conversations; those aside are in no clock and take no part."""
        # Whether it was resolved once, or how soon, takes more than the last time.
        untold = self.first_unknown & (policy.one_touch not in ("exactly_one", "at_most_one", "never_waited"))
        starts_there = policy.first_from == "created" or (self.resolutions and policy.resolution_from == "created")
        return Effort(
            resolved=talks.resolved_at_end & ~aside if self.resolutions else None,
            one_touch=np.where(aside | untold, np.int8(-1), talks.one_touch) if self.resolutions else None,
            reopens=talks.reopens if self.statuses else None,
            handovers=talks.handovers if people.known else None,
            created_assumed=~talks.created_known & (talks.created_at != NAT) if starts_there else None,
        )


def spans_of(found: events.Found, known: Known, policy: ReplyPolicy, left_at: Ints) -> list[Span]:
    """The clocks of whole conversations; `left_at`: when the customer left."""
    spans = []
    if known.resolutions:
        resolution = _resolution(found, known, policy, left_at)
        spans.append(resolution)
        if policy.resolution != "sum_of_replies":
            ours: AgentTurns | events.Stretches = found.agent_turns
            if known.statuses:
                stopped = {*_NOT_OURS, *(events.Status[name.upper()] for name in policy.paused.get("resolution", ()))}
                ours = _only(found.statuses, tuple(stopped))
            spans.append(attrs.evolve(resolution, name="our_resolution", paused=ours))
        if known.first_resolutions:
            spans.append(_first_resolved(found, known, policy, left_at, "first_resolution"))
    if known.statuses:
        spans += _by_status(found, left_at)
        rests = found.rests
        again = rests.conversation, rests.start, rests.end, rests.outcome
        spans.append(Span("reopened_after", *again, started_by=events.Start.RESOLVED))
    talks = found.conversations
    handed = np.flatnonzero((talks.created_at != NAT) & (talks.handed_off_at >= talks.created_at))
    if len(handed) or known.complete:
        ended = np.full(len(handed), WAIT_ANSWERED, dtype=np.int8)
        spans.append(Span("handoff", handed, talks.created_at[handed], talks.handed_off_at[handed], ended))
    return spans


def _only(stretches: events.Stretches, statuses: Sequence[int]) -> events.Stretches:
    kept = np.isin(stretches.status, statuses)
    columns: Any = (column[kept] for column in stretches)
    return events.Stretches(*columns)


def _resolution(found: events.Found, known: Known, policy: ReplyPolicy, left_at: Ints) -> Span:
    """The clock of resolution by the rule of the policy."""
    resolutions, talks = found.resolutions, found.conversations
    settled = talks.resolved_at_end[resolutions.conversation]
    if policy.resolution == "sum_of_replies":
        return _sum_of_replies(found)
    if policy.resolution == "first":
        return _first_resolved(found, known, policy, left_at, "resolution")
    chosen = resolutions.is_last & settled if policy.resolution == "last" else np.ones_like(settled)
    return _resolved(found, policy, left_at, "resolution", chosen, known.of_resolution)


def _first_resolved(found: events.Found, known: Known, policy: ReplyPolicy, left_at: Ints, name: str) -> Span:
    """First resolutions; what is resolved nobody knows when is not open, and has no duration either."""
    chosen = (found.resolutions.number == 0) & ~known.first_unknown[found.resolutions.conversation]
    return _resolved(found, policy, left_at, name, chosen, known.of_resolution & ~known.first_unknown)


def _resolved(found: events.Found, policy: ReplyPolicy, left_at: Ints, name: str, chosen: Bools, among: Bools) -> Span:
    """Some resolutions, and beside them the conversations among some that have none of them and go on."""
    resolutions, talks = found.resolutions, found.conversations
    rows = np.flatnonzero(chosen)
    goes_on = among & (talks.resolution_start != NAT) & ~resolved_too_early(talks)
    if policy.resolution == "each" and name == "resolution":
        goes_on &= ~talks.resolved_at_end
    else:
        goes_on[resolutions.conversation[rows]] = False
    going = np.flatnonzero(goes_on)
    begin, left = talks.resolution_start[going], left_at[going]
    left = np.where(left == NAT, NAT, np.maximum(left, begin))
    paused = found.pauses.resolution
    start = {"created": events.Start.CREATED, "first_customer": events.Start.FIRST_CUSTOMER}
    return Span(
        name,
        np.concatenate((resolutions.conversation[rows], going)),
        np.concatenate((resolutions.start[rows], begin)),
        np.concatenate((resolutions.end[rows], left)),
        np.concatenate((np.full(len(rows), WAIT_ANSWERED), np.where(left == NAT, WAIT_OPEN, WAIT_ABANDONED))).astype(
            np.int8
        ),
        paused if len(paused.start) else None,
        start.get(policy.resolution_from, events.Start.ASSIGNED),
    )


def _sum_of_replies(found: events.Found) -> Span:
    """Resolved conversations with a reply: the clock runs while a customer waits for one, and stands still between."""
    replies, talks = found.replies, found.conversations
    rows = np.flatnonzero((replies.outcome == WAIT_ANSWERED) & talks.resolved_at_end[replies.conversation])
    rows = rows[np.lexsort((replies.start[rows], replies.conversation[rows]))]
    talk, start, end = replies.conversation[rows], replies.start[rows], replies.end[rows]
    first, last = np.ones((2, len(talk)), dtype=np.bool_)
    np.not_equal(talk[1:], talk[:-1], out=first[1:])
    np.not_equal(talk[1:], talk[:-1], out=last[:-1])
    ended = np.maximum(talks.resolved_at[talk], end)
    until = np.where(last, ended, np.append(start[1:], 0))
    kept = np.flatnonzero(until > end)
    between = events.Stretches(talk[kept], end[kept], until[kept], np.zeros(len(kept), dtype=np.int8))
    return Span(
        "resolution", talk[first], start[first], ended[last], np.full(int(first.sum()), WAIT_ANSWERED, dtype=np.int8),
        between, events.Start.FIRST_CUSTOMER,
    )  # fmt: skip


def _with_status(found: events.Found) -> Ints:
    talks = found.conversations
    return np.flatnonzero(talks.has_status & (talks.created_at != NAT))


def _told_from_creation(found: events.Found) -> Ints:
    """Those whose status is known from their creation on."""
    rows = _with_status(found)
    silent = found.statuses.conversation[found.statuses.status == events.Status.UNKNOWN]
    return rows[~np.isin(rows, silent)]


def _by_status(found: events.Found, left_at: Ints) -> list[Span]:
    """From creation to resolution, or to the customer's leaving, the clock running in some statuses only."""
    talks = found.conversations
    every = range(int(events.Status.UNKNOWN), len(events.Status) - 1)
    spans = []
    for name, running in _WAITED.items():
        rows = _told_from_creation(found) if name in _FROM_CREATION else _with_status(found)
        begun = talks.created_at[rows]
        resolved, left = talks.resolved_at_end[rows], left_at[rows]
        end = np.where(resolved, talks.resolved_at[rows], left)
        end = np.where(end == NAT, NAT, np.maximum(end, begun))
        outcome = np.where(end == NAT, WAIT_OPEN, np.where(resolved, WAIT_ANSWERED, WAIT_ABANDONED)).astype(np.int8)
        stopped = _only(found.statuses, [status for status in every if status not in running])
        spans.append(Span(name, rows, begun, end, outcome, stopped))
    return spans
