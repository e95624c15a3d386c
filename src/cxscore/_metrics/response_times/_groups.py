"""Results of all waits, of one group of them, or of all groups but one, made when they are looked up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._accounting import LeftOut, left_out
from ..._clocks import Clock, Effort, Timeline, chat_like
from ..._core import waits
from ..._core.threads import each, worthwhile
from ..._frozen import FrozenMap
from ..._inputs import NAT, moment_or_none
from ..._open_time import promised_as
from ...policies import ServiceTargets
from ...tallies._durations import TALLIED, DurationTally, tally_clock
from ._result import CLOCK_NAMES, ResponseTimesResult, Source, Touches
from ._settings import Settings
from ._summary import DurationSummary, summary_of_clock, summary_of_tally
from ._tables import channels_among, promised_clocks

__all__ = ["WaitGroups", "of_tally"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_Left = FrozenMap[LeftOut, int]


def _touches(
    answers: npt.NDArray[np.integer[Any]], written: Ints | None, effort: Effort | None, talks: Ints
) -> Touches:
    counts = np.bincount(answers, minlength=3)
    n = len(answers) - int(counts[0])
    one, two = int(counts[1]), int(counts[2])
    known = np.empty(0) if written is None else written[written >= 0]
    resolved = resolved_one = judged = handovers = handed = None
    if effort is not None and effort.one_touch is not None and effort.resolved is not None:
        resolved = int(np.count_nonzero(effort.resolved[talks]))
        resolved_one = int(np.count_nonzero(effort.one_touch[talks] == 1))
        judged = int(np.count_nonzero(effort.one_touch[talks] >= 0))
    if effort is not None and effort.handovers is not None:
        handovers = int(effort.handovers[talks].sum())
        handed = int(np.count_nonzero(effort.handovers[talks]))

    def share(count: int | None, of: int | None = n) -> float:
        return count / of if count is not None and of else math.nan

    return Touches(
        conversations=n,
        untouched=int(counts[0]),
        one_touch=one,
        two_touch=two,
        multi_touch=n - one - two,
        one_touch_share=share(one),
        two_touch_share=share(two),
        multi_touch_share=share(n - one - two),
        mean=share(int(answers.sum())),
        customer_messages=float(known.mean()) if len(known) else math.nan,
        distribution=FrozenMap({int(touches): int(counts[touches]) for touches in np.flatnonzero(counts)}),
        resolved=resolved,
        resolved_one_touch=resolved_one,
        resolved_one_touch_share=share(resolved_one, judged),
        handovers=handovers,
        handed_over=handed,
        handed_over_share=share(handed),
    )


def _each(work: Callable[[Clock], DurationSummary], clocks: Mapping[str, Clock]) -> dict[str, DurationSummary]:
    """One summary a clock."""
    threads = worthwhile(sum(len(clock.start) for clock in clocks.values()))
    return dict(zip(clocks, each(work, clocks.values(), threads), strict=True))


_NEEDS = {
    "first_response": "needs messages, or conversations with first_response_at",
    "reply": "needs messages",
    "resolution": "needs status changes, or conversations= with resolved_at",
    "first_resolution": "needs status changes, or conversations= with first_resolved_at",
    "our_resolution": "needs messages, and status changes or conversations= with resolved_at",
    "requester_wait": "needs status changes",
    "agent_wait": "needs status changes",
    "on_hold": "needs status changes",
    "work_time": "needs status changes",
    "reopened_after": "needs status changes",
    "handoff": "needs hand-offs, told as changes",
}


def _reasons(timeline: Timeline, told: Mapping[str, Clock], targets: ServiceTargets) -> FrozenMap[str, str]:
    """Figures that are not there, or stand for less than they seem to, and what they need."""
    found = {name: why for name, why in _NEEDS.items() if name not in told}
    found |= timeline.reasons
    for name, clock in told.items():
        if name in promised_clocks(targets) and clock.target is not None:
            where = channels_among(clock, clock.target == NAT)
            if where:
                named = ", ".join(map(repr, getattr(targets, name.removeprefix("business_"))))
                found[f"{name}.within_target"] = f"no target for {where} (targets are for {named})"
        if clock.open_time is not None:
            where = channels_among(clock, clock.open_time == NAT)
            if where:
                found[f"business_{name}"] = f"no schedule in hours for {where}, whose waits are left out"
    return FrozenMap(found)


def _waiting(first: Clock | None, reply: Clock | None, timeline: Timeline) -> int | None:
    """Conversations in which somebody waits, for a first response or for any reply."""
    waiting = np.zeros(len(timeline.group), dtype=np.bool_)
    for clock in (first, reply):
        if clock is not None:
            waiting[clock.conversation[np.flatnonzero(clock.outcome == waits.WAIT_OPEN)]] = True
    if timeline.settled is not None:
        waiting &= ~timeline.settled
    return None if first is None and reply is None else int(np.count_nonzero(waiting))


class _Members:
    """Positions of the members of each group, sorted once."""

    def __init__(self, group: Ints, groups: int) -> None:
        self._order = np.argsort(group, kind="stable")
        self._edges = np.searchsorted(group[self._order], np.arange(groups + 1))

    def of(self, groups: Sequence[range]) -> Ints:
        edges = self._edges
        return np.sort(np.concatenate([self._order[edges[part.start] : edges[part.stop]] for part in groups]))


class WaitGroups:
    """Results of all waits, of one group of them, or of all groups but one; made on look-up."""

    def __init__(self, timeline: Timeline, settings: Settings) -> None:
        self._timeline = timeline
        self._settings = settings

    @property
    def keys(self) -> list[Any]:
        return self._timeline.keys or []

    @property
    def names(self) -> tuple[str, ...]:
        return self._timeline.names

    @property
    def many(self) -> bool:
        return self._timeline.many

    def __len__(self) -> int:
        return len(self.keys)

    def result(self, i: int) -> ResponseTimesResult:
        return self._result([range(i, i + 1)], self._chosen([range(i, i + 1)]))

    def overall(self) -> ResponseTimesResult:
        return self._result(self._everyone, self._timeline.clocks)

    def rest(self, i: int) -> ResponseTimesResult:
        others = [range(i), range(i + 1, len(self))]
        return self._result(others, self._chosen(others))

    def union(self, places: npt.NDArray[np.int64]) -> ResponseTimesResult:
        groups = [range(i, i + 1) for i in places.tolist()]
        return self._result(groups, self._chosen(groups))

    def column(self, name: str) -> npt.NDArray[Any] | None:
        return None

    def evidence(self) -> None:
        return None

    def tally(self) -> dict[str, DurationTally]:
        return self._tallies(self._everyone, self._timeline.clocks)

    def tallies(self) -> list[dict[str, DurationTally]]:
        alone = [[range(i, i + 1)] for i in range(len(self))]
        return [self._tallies(groups, self._chosen(groups)) for groups in alone]

    @property
    def _everyone(self) -> list[range]:
        return [range(len(self._timeline.used))]

    @cached_property
    def _members(self) -> dict[str, _Members]:
        """Of the clocks by name, and of the conversations."""
        groups = len(self._timeline.used)
        clocks = self._timeline.clocks.items()
        found = {name: _Members(clock.group, groups) for name, clock in clocks if clock.group is not None}
        return {**found, "conversations": _Members(self._timeline.group, groups)}

    def _chosen(self, groups: Sequence[range]) -> dict[str, Clock]:
        return {name: clock.rows(self._members[name].of(groups)) for name, clock in self._timeline.clocks.items()}

    def _account(self, groups: Sequence[range]) -> tuple[int, _Left, _Left, _Left]:
        """Rows behind the figures, and what was left out: rows, conversations, changes."""

        def total(counts: Ints) -> int:
            return sum(int(counts[part.start : part.stop].sum()) for part in groups)

        def left(account: Mapping[LeftOut, Ints]) -> _Left:
            return left_out({reason: total(counts) for reason, counts in account.items()})

        timeline = self._timeline
        return total(timeline.used), left(timeline.left), left(timeline.tickets_left), left(timeline.changes_left)

    def _result(self, groups: Sequence[range], clocks: Mapping[str, Clock]) -> ResponseTimesResult:
        """The result of some groups, whose waits `clocks` holds."""
        timeline, settings = self._timeline, self._settings
        n, left, tickets_left, changes_left = self._account(groups)
        channels = timeline.channels.among(groups)
        chat = chat_like(channels)
        told = {name: clocks[name] for name in CLOCK_NAMES if name in clocks}
        summaries = _each(lambda clock: summary_of_clock(clock, timeline, settings, chat=chat), told)
        first, reply = clocks.get("first_response"), clocks.get("each_reply", clocks.get("reply"))
        everyone = groups == self._everyone
        talks = np.flatnonzero(timeline.group >= 0) if everyone else self._members["conversations"].of(groups)

        def count(flags: npt.NDArray[np.bool_] | None) -> int | None:
            return None if flags is None else int(np.count_nonzero(flags[talks]))

        effort = timeline.effort
        reopens = None if effort is None or effort.reopens is None else int(effort.reopens[talks].sum())
        return ResponseTimesResult(
            given=n + sum(left.values()),
            n=n,
            left_out=left,
            signature=settings.signature(),
            **{name: summaries.get(name) for name in CLOCK_NAMES},
            conversations=len(talks),
            answered=None if first is None else int(np.count_nonzero(first.outcome == waits.WAIT_ANSWERED)),
            waiting=_waiting(first, reply, timeline),
            bot_only=count(timeline.bot_only),
            outbound=count(timeline.outbound),
            reopened=count(timeline.reopened),
            reopens=reopens,
            created_assumed=None if effort is None else count(effort.created_assumed),
            touches=None if timeline.answers is None
            else _touches(
                timeline.answers[talks],
                None if timeline.customer_messages is None else timeline.customer_messages[talks], effort, talks,
            ),
            mixed=len(channels) > 1,
            conversations_left_out=tickets_left,
            changes_left_out=changes_left,
            as_of=moment_or_none(timeline.as_of, timeline.aware),
            reasons=_reasons(timeline, told, settings.targets),
            source=Source(timeline, clocks, settings.targets),
        )  # fmt: skip

    def _tallies(self, groups: Sequence[range], clocks: Mapping[str, Clock]) -> dict[str, DurationTally]:
        timeline, settings = self._timeline, self._settings
        rows, left, _, _ = self._account(groups)
        chat = chat_like(timeline.channels.among(groups))
        return {
            name: tally_clock(
                name, clocks, timeline, targets=settings.targets, hours=settings.hours, edges=settings.edges, chat=chat,
                rows=rows, left=left,
            )
            for name in TALLIED
            if name in clocks
        }  # fmt: skip


def of_tally(tally: DurationTally, settings: Settings) -> ResponseTimesResult:
    summaries: dict[str, Any] = dict.fromkeys(CLOCK_NAMES)
    for one in (tally, tally.business):
        if one is not None:
            summaries[one.clock] = summary_of_tally(one, settings.confidence)
    first = tally.clock == "first_response"
    return ResponseTimesResult(
        given=tally.given,
        n=tally.rows,
        left_out=tally.left_out,
        signature=settings.signature({promised_as(tally.clock, settings.targets): tally.target}),
        **summaries,
        conversations=None,
        answered=tally.n if first else None,
        waiting=tally.waiting if first else None,
        bot_only=None,
        outbound=None,
        reopened=None,
        touches=None,
        mixed=None,
        conversations_left_out=FrozenMap(),
        as_of=moment_or_none(tally.as_of, tally.aware),
    )
