"""What `response_times` gives: all clocks of a log, what was done about its conversations, and the way back."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
import numpy as np
import numpy.typing as npt

from ... import _html
from ..._accounting import LeftOut
from ..._checks import check_choice
from ..._clocks import Clock, Timeline, every_wait
from ..._core import durations
from ..._evidence import Evidence
from ..._frozen import FrozenMap
from ..._inputs import duration
from ..._results import DURATION, Brief, Interval, Result, put, show
from ...errors import ArgumentValueError, UnknownNameError
from ...policies import ServiceTargets
from ...tallies._durations import CLOCKS
from ._summary import DurationSummary, Talks, now_of, share_intervals
from ._tables import AtRisk, WaitTable, at_risk, promised_clocks

__all__ = ["CLOCK_NAMES", "ReopenRate", "ResponseTimesResult", "Source", "Touches"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


_CALENDAR = (
    "first_response", "reply", "resolution", "first_resolution", "our_resolution", "requester_wait", "agent_wait",
    "on_hold", "work_time", "handoff",
)  # fmt: skip
CLOCK_NAMES = (*_CALENDAR, "reopened_after", *(f"business_{name}" for name in _CALENDAR))
"""Names of all clocks a result may have, in the order in which they are told."""


@attrs.frozen(eq=False)
class Source:
    """The waits behind a result."""

    timeline: Timeline
    clocks: Mapping[str, Clock]
    targets: ServiceTargets

    @property
    def every(self) -> Clock | None:
        """What `table()` lists."""
        return every_wait(self.clocks.get("first_response"), self.clocks.get("each_reply", self.clocks.get("reply")))


@attrs.frozen(kw_only=True)
class ReopenRate:
    """How often a resolution did not last.

    Attributes:
        rate: share of resolutions after which the conversation was opened again in time; NaN without any that old.
        interval: its Wilson interval, clustered by conversation.
        iid_interval: the interval that takes every resolution as independent.
        within: how soon.
        reopened: resolutions that were followed by a reopening so soon.
        resolutions: resolutions at least that old.
        immature: younger ones, reopened or not.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> day = [datetime(2026, 3, number) for number in range(1, 31)]
    >>> log = cx.Messages(conversation=7, at=day[1:3], author=["customer", "agent"])
    >>> states = cx.Changes(
    ...     conversation=7, at=[day[2], day[4], day[5]], kind="status", to=["solved", "open", "solved"])
    >>> week = cx.response_times(log, changes=states, as_of=day[20]).reopen_rate(timedelta(days=7))
    >>> week.reopened, week.resolutions, week.rate
    (1, 2, 0.5)
    """

    rate: float = attrs.field(eq=repr)
    interval: Interval
    iid_interval: Interval
    within: dt.timedelta = attrs.field(metadata=DURATION)
    reopened: int
    resolutions: int
    immature: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`, undefined figures as None."""
        out: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            put(out, field.name, getattr(self, field.name), duration=field.metadata.get("duration", False))
        return out

    def __str__(self) -> str:
        share = show(self.rate) if self.rate != self.rate else f"{show(self.rate * 100)}%"
        return f"{share} of {self.resolutions:,} resolutions opened again within {show(self.within)}"

    def _repr_html_(self) -> str:
        low, high = self.interval
        lines = [
            ("opened again", f"{self.reopened:,} of {self.resolutions:,}"),
            ("interval", str(attrs.evolve(self.interval, low=low * 100, high=high * 100))),
            ("too young to tell", f"{self.immature:,}"),
        ]
        return _html.facts(str(self), lines)


@attrs.frozen(kw_only=True)
class Touches:
    """Public messages of human agents per conversation, and what customers had to write.

    Attributes:
        conversations: conversations with at least one such message; the shares divide by them.
        untouched: conversations without any.
        one_touch, two_touch, multi_touch: conversations with exactly one, exactly two, more.
        one_touch_share, two_touch_share, multi_touch_share: their shares; NaN without conversations.
        mean: mean number of touches.
        customer_messages: mean number of customer messages up to the resolution, over resolved
            conversations; NaN where none is known to be resolved.
        distribution: number of touches to number of conversations.
        resolved: conversations that are resolved; None where nothing tells.
        resolved_one_touch: of those, the ones resolved in one touch as the policy's `one_touch` says.
        resolved_one_touch_share: their share of the resolved ones of which it is known; NaN without such.
        handovers: how often conversations went from one agent to another: as they were assigned, else as they were
            answered; None where agents are not known.
        handed_over: conversations that did at least once.
        handed_over_share: their share of conversations with at least one touch.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> cx.response_times(log).touches.one_touch
    1
    """

    conversations: int
    untouched: int
    one_touch: int
    two_touch: int
    multi_touch: int
    one_touch_share: float = attrs.field(eq=repr)
    two_touch_share: float = attrs.field(eq=repr)
    multi_touch_share: float = attrs.field(eq=repr)
    mean: float = attrs.field(eq=repr)
    customer_messages: float = attrs.field(eq=repr)
    distribution: FrozenMap[int, int]
    resolved: int | None = None
    resolved_one_touch: int | None = None
    resolved_one_touch_share: float = attrs.field(default=math.nan, eq=repr)
    handovers: int | None = None
    handed_over: int | None = None
    handed_over_share: float = attrs.field(default=math.nan, eq=repr)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        out = attrs.asdict(self, recurse=False)
        out["distribution"] = {str(key): value for key, value in self.distribution.items()}
        return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in out.items()}


@attrs.frozen(kw_only=True, eq=False)
class ResponseTimesResult(Result):
    """How long customers waited.

    A clock is None where the input does not tell it: ticket rows have no reply waits, a message log
    without conversations has no resolution.

    Attributes:
        first_response: from the first customer message (or the hand-off) to the first human answer.
        reply: every wait of a customer for the next human answer.
        resolution: from opening to the last resolution.
        first_resolution: from opening to the first resolution, where that is known.
        our_resolution: `resolution` without the stretches in which the last public message was ours, or with status
            changes those in which it was pending or on hold.
        requester_wait: time of a conversation, up to its resolution, as new, open or on hold.
        agent_wait: the same as pending, when the customer is to act.
        on_hold: the same on hold.
        work_time: the same as new or open.
        reopened_after: from each resolution to its reopening; those that last are waiting.
        handoff: from creation to the first hand-off to people.
        business_first_response, business_reply, business_resolution, business_first_resolution: the same in
            business time; None without `hours`.
        business_our_resolution, business_requester_wait, business_agent_wait, business_on_hold: likewise.
        business_work_time, business_handoff: likewise.
        conversations: conversations behind the figures.
        answered: conversations whose first response was given.
        waiting: conversations in which a customer waits at `as_of`; none that is resolved and in which he has said
            nothing since, whatever the policy does to its waits.
        bot_only: conversations that only bots answered, outside the human clocks; None for ticket rows.
        outbound: conversations that an agent opened; None for ticket rows.
        reopened: conversations opened again after a resolution; None where reopenings are not known.
        reopens: how often conversations were opened again; None without status changes.
        created_assumed: conversations whose first message had to stand for their creation; None where no clock of
            the policy starts there.
        touches: public messages of human agents per conversation; None for ticket rows.
        mixed: whether the figures run over several channels.
        conversations_left_out: conversations given beside a message log that were left out, by reason.
        changes_left_out: changes that were left out, by reason.
        reasons: figures that are None, and what they need; and figures that stand for less than they seem to: no
            target or no business hours for a channel, no change to what the policy takes as resolved.
        as_of: the instant that counted as now.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> result = cx.response_times(log)
    >>> result.conversations, result.answered, result.waiting
    (1, 1, 0)
    """

    first_response: DurationSummary | None
    reply: DurationSummary | None
    resolution: DurationSummary | None
    first_resolution: DurationSummary | None
    our_resolution: DurationSummary | None
    business_first_response: DurationSummary | None = None
    business_reply: DurationSummary | None = None
    business_resolution: DurationSummary | None = None
    business_our_resolution: DurationSummary | None = None
    requester_wait: DurationSummary | None = None
    agent_wait: DurationSummary | None = None
    on_hold: DurationSummary | None = None
    work_time: DurationSummary | None = None
    reopened_after: DurationSummary | None = None
    handoff: DurationSummary | None = None
    business_first_resolution: DurationSummary | None = None
    business_requester_wait: DurationSummary | None = None
    business_agent_wait: DurationSummary | None = None
    business_on_hold: DurationSummary | None = None
    business_work_time: DurationSummary | None = None
    business_handoff: DurationSummary | None = None
    conversations: int | None
    answered: int | None
    waiting: int | None
    bot_only: int | None
    outbound: int | None
    reopened: int | None
    reopens: int | None = None
    created_assumed: int | None = None
    touches: Touches | None
    mixed: bool | None
    conversations_left_out: FrozenMap[LeftOut, int]
    changes_left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)
    as_of: dt.datetime | None
    reasons: FrozenMap[str, str] = attrs.field(factory=FrozenMap)
    _source: Source | None = attrs.field(default=None, repr=False, eq=False)

    _headline: ClassVar[str] = "first_response.median"

    @property
    def headline(self) -> dt.timedelta | None:
        """Median first response, None where it is not known or not reached."""
        return None if self.first_response is None else self.first_response.median

    @property
    def interval(self) -> Interval | None:
        """Interval of the headline."""
        return None if self.first_response is None else self.first_response.median_interval

    @property
    def _evidence(self) -> Evidence:
        if self.first_response is not None:
            return self.first_response._evidence_of_median("first response", upward=False)
        return Evidence(
            name="median first response", form="median", unit=1.0, upward=False, value=math.nan, n=0.0, weight=0.0,
            low=0.0,
        )  # fmt: skip

    @property
    def _judged_by(self) -> tuple[str, ...]:
        medians = (f"{name}.median" for name, _ in self._clocks())
        shares = (f"{name}.within_target" for name, clock in self._clocks() if clock.target is not None)
        return tuple(dict.fromkeys((self._headline, *medians, *shares)))

    def _other_evidence(self, figure: str) -> Evidence | None:
        if figure not in self._judged_by:
            return None
        name, _, what = figure.rpartition(".")
        summary: DurationSummary = getattr(self, name)
        title = name.replace("_", " ")
        if what == "within_target":
            return summary._evidence_of_share(title)
        return summary._evidence_of_median(title, upward=name == "reopened_after")

    def _why_not(self, figure: str) -> str:
        name, _, what = figure.rpartition(".")
        if name not in CLOCK_NAMES or what not in ("median", "within_target"):
            return ""
        if getattr(self, name) is None:
            return f"{name} {self.reasons.get(name, 'is not in this result')}"
        return f"{figure} needs a target for that clock, e.g. targets=cx.ServiceTargets(reply=timedelta(hours=1))"

    def table(self, clock: str | None = None) -> WaitTable:
        """One row a wait: conversation, start, end, wait, agent, how it ended, why it started there.

        Args:
            clock: the waits of one clock by its name, e.g. "resolution"; None: first responses and replies (of
                tickets the first responses).

        Raises:
            ArgumentValueError: the result was made from a tally, which keeps no waits, or has no such clock.
        """
        source = self._kept("table()")
        found = source.every if clock is None else source.clocks.get(clock)
        if found is None and clock is None:
            reasons = "; ".join(
                f"{name.replace('_', ' ')} {self.reasons[name]}"
                for name in ("first_response", "reply")
                if name in self.reasons
            )
            msg = f"table() needs waits for a first response or a reply ({reasons or 'this result has none'})"
            raise ArgumentValueError(msg, argument="clock", found=clock)
        if found is None:
            known = ", ".join(name for name, _ in self._clocks())
            reason = self.reasons.get(str(clock), "it is none of this result")
            msg = f"clock must be one of {known or 'none'} (got {clock!r}: {reason})"
            raise ArgumentValueError(msg, argument="clock", found=clock)
        return WaitTable(found, source.timeline)

    def at_risk(self, *, within: dt.timedelta = dt.timedelta(0), clock: str | None = None) -> AtRisk:
        """Conversations that have missed a target at `as_of`, or have at most so much time left; worst first.

        A target in business time is held against business time. A conversation that is resolved, and whose customer
        has said nothing since, is not at risk, also under a policy whose waits go on.

        Args:
            within: how much time may be left; by default none, so that only missed ones are listed.
            clock: one promise only, by the name of its clock, e.g. "first_response"; None: of every conversation
                the promise with the least time left.

        Raises:
            ArgumentTypeError: no duration.
            ArgumentValueError: the result has no targets, or was made from a tally, which keeps no waits.
            UnknownNameError: a clock without a target.
        """
        source = self._kept("at_risk()")
        limit, promised = duration(within, "within"), promised_clocks(source.targets)
        if not promised:
            msg = (
                "at_risk() needs targets (this result has none), e.g. response_times(..., "
                "targets=cx.ServiceTargets(first_response=timedelta(hours=4)))"
            )
            raise ArgumentValueError(msg, argument="targets")
        name = str(clock).removeprefix("business_")
        if name in CLOCKS and not getattr(source.targets, name):
            msg = (
                f"clock must be one of {', '.join(map(repr, promised))} (got {clock!r}, for which nothing was "
                f"promised); promise it with response_times(..., targets=cx.ServiceTargets({name}=timedelta(hours=4)))"
            )
            raise UnknownNameError(msg, argument="clock", found=clock)
        if clock is not None:
            promised = [check_choice("clock", clock, promised)]
        notes = [
            f"{name.replace('_', ' ')}: {self.reasons.get(name, 'not told')}"
            for name in promised
            if name not in source.clocks
        ]
        clocks = [source.clocks[name] for name in promised if name in source.clocks]
        return at_risk(clocks, source.timeline, limit, notes)

    def reopen_rate(self, within: dt.timedelta) -> ReopenRate | None:
        """Share of resolutions after which the conversation was opened again within so much time.

        Taken over resolutions that are at least that old at `as_of`, so that every outcome is known; None without
        status changes.

        Raises:
            ArgumentTypeError: no duration.
            ArgumentValueError: the result was made from a tally; a duration that is not longer than zero.
        """
        limit = duration(within, "within", positive=True)
        source = self._kept("reopen_rate()")
        clock = source.clocks.get("reopened_after")
        if clock is None or self.reopened_after is None:
            return None
        found = durations.totals(
            clock.start, clock.end, clock.outcome, np.full(len(clock.start), limit), now_of(source.timeline),
            np.empty(0, dtype=np.int64), unanswered_misses=True,
        )  # fmt: skip
        confidence = self.reopened_after.within_interval.confidence
        interval, independent, _ = share_intervals(found, Talks.of(clock, now_of(source.timeline)), confidence)
        return ReopenRate(
            rate=found.within / found.eligible if found.eligible else math.nan,
            interval=interval,
            iid_interval=independent,
            within=dt.timedelta(microseconds=limit),
            reopened=found.within,
            resolutions=found.eligible,
            immature=found.immature,
        )

    def _kept(self, what: str) -> Source:
        if self._source is None:
            msg = f"{what} needs the waits themselves (this result was made from a tally, which keeps counts only)"
            raise ArgumentValueError(msg, argument="log")
        return self._source

    def _clocks(self) -> list[tuple[str, DurationSummary]]:
        return [(name, summary) for name in CLOCK_NAMES if (summary := getattr(self, name)) is not None]

    def __str__(self) -> str:
        clocks = "; ".join(f"{name.replace('_', ' ')}: {summary}" for name, summary in self._clocks())
        return f"response times ({clocks or 'nothing to measure'})"

    def _brief(self) -> Brief:
        """Of the first clock there is, which is the first response in all but resolutions on their own."""
        name, summary = next(iter(self._clocks()), ("first_response", None))
        title = f"median {name.replace('_', ' ')}"
        if summary is None:
            return Brief(title, show(None), "no interval", 0, "waits")
        # Open waits count in the percentiles, so this is not the n of the answered ones.
        return Brief(title, summary._shown(summary.median), summary._shown_interval(), summary._followed, "waits")

    def _title(self) -> str:
        return f"response times: {self._brief()}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(name.replace("_", " "), str(summary)) for name, summary in self._clocks()]
        counts = (
            "conversations",
            "answered",
            "waiting",
            "bot_only",
            "outbound",
            "reopened",
            "reopens",
            "created_assumed",
        )
        for name in counts:
            count = getattr(self, name)
            if count is not None:
                lines.append((name.replace("_", " "), f"{count:,}"))
        if self.mixed:
            lines.append(("channels", "several, in one figure"))
        for reason in dict.fromkeys(self.reasons.values()):
            names = [name.replace("_", " ").replace(".", " ") for name, why in self.reasons.items() if why == reason]
            missing = all(getattr(self, name, None) is None for name, why in self.reasons.items() if why == reason)
            lines.append(("not told" if missing else "note", f"{', '.join(names)}: {reason}"))
        return lines
