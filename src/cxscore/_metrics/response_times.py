"""Response times: how long customers wait for the first and for every reply, and until it is resolved.

Door (`_clocks`) → core (`durations`, `survival`) → frozen result. A clock's percentiles are those of its
Kaplan-Meier curve, so that people who still wait count.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar, Literal, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html
from .._accounting import LeftOut, left_out
from .._calls import guided
from .._checks import check_choice, check_confidence
from .._clocks import Clock, Timeline, chat_like, read_log, reply_policy, service_targets
from .._core import durations, intervals, quantiles, survival, waits
from .._core.distributions import z_value
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._inputs import NAT, read_only
from .._open_time import Schedules, hours_definition, with_open_time
from .._results import DURATION, Brief, Interval, Result, Signature, put, show
from ..errors import ArgumentTypeError, ArgumentValueError, NotYetError
from ..groups import Groups
from ..policies import DEFAULT_POLICY, ReplyPolicy, ServiceTargets, read_target
from ..tallies._durations import CLOCKS, DurationTally, bracket_edges, shown_brackets, tally_clock

__all__ = ["DurationSummary", "ResponseTimesResult", "Touches", "WaitTable", "response_times"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Unit = Literal["s", "min", "h", "d"]

_PERCENTILES = (0.5, 0.75, 0.9, 0.95)
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_OUTCOMES = {
    waits.WAIT_ANSWERED: "answered",
    waits.WAIT_CLOSED: "closed",
    waits.WAIT_ABANDONED: "abandoned",
    waits.WAIT_LAPSED: "lapsed",
    waits.WAIT_OPEN: "open",
}


_LARGE = 1 << 20
_SHOWN_WAITS = 20
_LONGEST = dt.timedelta.max // dt.timedelta(microseconds=1)


def _span(micros: float | None) -> dt.timedelta | None:
    """A duration, None where there is none, and where no timedelta is that long (2.7 million years)."""
    return None if micros is None or not micros <= _LONGEST else dt.timedelta(microseconds=micros)


def _moment(micros: int | None, aware: bool | None) -> dt.datetime | None:
    if micros is None or micros == NAT:
        return None
    plain = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)
    return plain.replace(tzinfo=dt.UTC) if aware else plain


def _now(timeline: Timeline) -> int:
    """The instant that counts as now; without a single instant there is no wait that it could matter to."""
    return 0 if timeline.as_of is None else timeline.as_of


@attrs.frozen(kw_only=True)
class DurationSummary:
    """One clock: answered waits, open ones, percentiles, the share within a target.

    Attributes:
        n: answered waits (resolved conversations, for resolution).
        waiting: open waits at `as_of`.
        closed: waits that ended by a resolution without an answer.
        lapsed: waits that nobody answered before they expired.
        abandoned: waits that the customer gave up.
        mean: mean of answered waits.
        median, p75, p90, p95: inverse of the Kaplan-Meier curve, open waits counted as still running; None
            where the curve does not get there. Waits that were closed, lapsed or abandoned are not in the curve.
        median_interval: its log-log interval; a limit is None where there is none.
        longest: longest answered wait.
        total: sum of answered waits; None beyond 2.7 million years, the longest timedelta.
        longest_waiting: age of the oldest open wait.
        waiting_median_age: median age of open waits.
        target: the promise: a timedelta, a mapping of channel to timedelta, or None; our resolution has none.
        within_target: share answered within the target, over waits that opened at least the target before
            `as_of`; NaN where there are none.
        within_interval: its Wilson interval.
        immature: waits too young for the target, answered or not.
        waiting_over_target: open waits that have missed it already.
        brackets: answered waits by length; the upper edge belongs to the bracket it closes.
        quantile_error: largest relative error of the four percentiles; 0.0 when exact, NaN where bins with
            open waits in them do not tell whether one is reached.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> summary = cx.response_times(log).first_response
    >>> summary.median, summary.figures(unit="min")["mean"]
    (datetime.timedelta(seconds=300), 5.0)
    """

    n: int
    waiting: int
    closed: int
    lapsed: int
    abandoned: int
    mean: dt.timedelta | None = attrs.field(metadata=DURATION)
    median: dt.timedelta | None = attrs.field(metadata=DURATION)
    median_interval: Interval = attrs.field(metadata=DURATION)
    p75: dt.timedelta | None = attrs.field(metadata=DURATION)
    p90: dt.timedelta | None = attrs.field(metadata=DURATION)
    p95: dt.timedelta | None = attrs.field(metadata=DURATION)
    longest: dt.timedelta | None = attrs.field(metadata=DURATION)
    total: dt.timedelta | None = attrs.field(metadata=DURATION)
    longest_waiting: dt.timedelta | None = attrs.field(metadata=DURATION)
    waiting_median_age: dt.timedelta | None = attrs.field(metadata=DURATION)
    target: dt.timedelta | FrozenMap[Any, dt.timedelta] | None = attrs.field(metadata=DURATION)
    within_target: float = attrs.field(eq=lambda share: None if share != share else share)
    within_interval: Interval
    immature: int
    waiting_over_target: int
    brackets: FrozenMap[str, int]
    quantile_error: float = attrs.field(eq=repr)
    _curve: survival.Curve = attrs.field(repr=False, eq=False)

    def quantile(self, q: float) -> dt.timedelta | None:
        """The time by which a share `q` of waits has ended, None where the curve does not get there.

        Raises:
            ArgumentTypeError: `q` is no number.
            ArgumentValueError: `q` outside 0 to 1.
        """
        return _span(survival.quantile(self._curve, _share(q)))

    def quantile_interval(self, q: float, *, confidence: float = 0.95) -> Interval:
        """Log-log interval of a quantile; a limit is None where the curve's limits do not get there.

        Raises:
            ArgumentTypeError: `q` is no number.
            ArgumentValueError: `q` outside 0 to 1, or a confidence outside it.
        """
        return _quantile_interval(self._curve, _share(q), check_confidence(confidence))

    def figures(self, unit: Unit = "h") -> dict[str, float]:
        """All durations as floats in one unit, NaN where undefined.

        Args:
            unit: "s", "min", "h" or "d".

        Raises:
            UnknownNameError: another unit.
        """
        size = _SECONDS[check_choice("unit", unit, _SECONDS)]
        names = ("mean", "median", "p75", "p90", "p95", "longest", "total", "longest_waiting", "waiting_median_age")
        spans = {name: getattr(self, name) for name in names}
        spans |= {"median_low": self.median_interval.low, "median_high": self.median_interval.high}
        return {name: math.nan if span is None else span.total_seconds() / size for name, span in spans.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: durations as float seconds under `..._seconds`, undefined figures as None."""
        out: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            if field.repr:
                put(out, field.name, getattr(self, field.name), duration=field.metadata.get("duration", False))
        return out

    def __str__(self) -> str:
        parts = [f"median {self._shown(self.median)}", f"p90 {self._shown(self.p90)}"]
        parts.append(f"n={self.n:,} answered, {self.waiting:,} waiting")
        if self.within_target == self.within_target:
            parts.append(f"{show(self.within_target * 100)}% within target")
        return ", ".join(parts)

    def _shown(self, percentile: dt.timedelta | None) -> str:
        return show(percentile, missing="not reached" if self._followed else "undefined")

    @property
    def _followed(self) -> int:
        """Waits behind the percentiles."""
        return self.n + self.waiting

    def _shown_interval(self) -> str:
        return str(self.median_interval) if self._followed else "no interval"

    def _repr_html_(self) -> str:
        endings = (("closed", self.closed), ("lapsed", self.lapsed), ("abandoned", self.abandoned))
        unanswered = [f"{name} {count:,}" for name, count in endings if count]
        lines = [
            ("median", f"{self._shown(self.median)} ({self._shown_interval()})"),
            *((name, self._shown(getattr(self, name))) for name in ("p75", "p90", "p95")),
            ("mean, longest", f"{show(self.mean)}, {show(self.longest)}"),
            ("answered", f"{self.n:,}"),
            ("waiting", f"{self.waiting:,}" + (f", longest {show(self.longest_waiting)}" if self.waiting else "")),
            ("ended without an answer", ", ".join(unanswered) or "none"),
        ]
        if self.target is not None:
            share = self.within_target
            figure = show(share) if share != share else f"{show(share * 100)}% ({_percents(self.within_interval)})"
            lines.append(("within target", f"{figure}, {self.immature:,} too young to tell"))
        return _html.facts("waits", lines)


def _percents(interval: Interval) -> str:
    return str(attrs.evolve(interval, low=interval.low * 100, high=interval.high * 100))


def _share(q: Any) -> float:
    msg = f"q must be a share between 0 and 1 (got {q!r}), e.g. quantile(0.9)"
    if isinstance(q, bool) or not isinstance(q, Real):
        raise ArgumentTypeError(msg, argument="q", found=q)
    if not 0.0 <= float(q) <= 1.0:
        raise ArgumentValueError(msg, argument="q", found=q)
    return float(q)


def _quantile_interval(curve: survival.Curve, q: float, confidence: float) -> Interval:
    low, high = survival.quantile_interval(curve, q, z_value(confidence))
    return Interval(_span(low), _span(high), confidence, "log-log")


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

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        out = attrs.asdict(self, recurse=False)
        out["distribution"] = {str(key): value for key, value in self.distribution.items()}
        return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in out.items()}


class WaitTable(Sequence[dict[str, Any]]):
    """One row a wait, made when it is read: the way back from a figure to its records.

    A row is a dict: `conversation`, `start`, `end` (None while open), `wait` (timedelta; age while open),
    `agent` (who answered, or the assignee of an open wait), `ended` ("answered", "closed", "abandoned",
    "lapsed", "open"), `first` (whether it is the first response), and with `hours` also `business_wait` (None
    on a channel without a schedule).

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> row = cx.response_times(log).table()[0]
    >>> row["conversation"], row["wait"], row["ended"]
    (1, datetime.timedelta(seconds=300), 'answered')
    """

    __slots__ = ("_clock", "_timeline")

    def __init__(self, clock: Clock, timeline: Timeline) -> None:
        self._clock = clock
        self._timeline = timeline

    def __len__(self) -> int:
        return len(self._clock.start)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._row(i) for i in range(len(self))[index]]
        return self._row(range(len(self))[index])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._row(i) for i in range(len(self)))

    def _row(self, i: int) -> dict[str, Any]:
        clock, timeline = self._clock, self._timeline
        start, end = int(clock.start[i]), int(clock.end[i])
        until = _now(timeline) if end == NAT else end
        row = {
            "conversation": timeline.label(int(clock.conversation[i])),
            "start": _moment(start, timeline.aware),
            "end": _moment(end, timeline.aware),
            "wait": dt.timedelta(microseconds=until - start),
            "agent": clock.rows(np.array([i])).agents()[0],
            "ended": _OUTCOMES[int(clock.outcome[i])],
            "first": bool(clock.first is None or clock.first[i]),
        }
        if clock.open_time is not None:
            micros = int(clock.open_time[i])
            row["business_wait"] = None if micros == NAT else dt.timedelta(microseconds=micros)
        return row

    @property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The same in columns, for `pandas.DataFrame(table.columns)`: instants as datetime64[us], UTC if aware."""
        clock, timeline = self._clock, self._timeline
        n = len(self)
        until = np.where(clock.end == NAT, _now(timeline), clock.end)
        labels, agents = np.empty(n, dtype=object), np.empty(n, dtype=object)
        labels[:] = [timeline.label(code) for code in clock.conversation.tolist()]
        agents[:] = clock.agents()
        found = {
            "conversation": labels,
            "start": read_only(clock.start.view("M8[us]")),
            "end": read_only(clock.end.view("M8[us]")),
            "wait": (until - clock.start).view("m8[us]"),
            "agent": agents,
            "ended": np.array([_OUTCOMES[code] for code in range(len(_OUTCOMES))], dtype=object)[clock.outcome],
            "first": np.ones(n, dtype=np.bool_) if clock.first is None else read_only(clock.first),
        }
        if clock.open_time is not None:
            found["business_wait"] = read_only(clock.open_time.view("m8[us]"))
        return found

    def __repr__(self) -> str:
        return f"WaitTable({len(self):,} waits)"

    def _repr_html_(self) -> str:
        rows = [[_cell(value) for value in row.values()] for row in self[:_SHOWN_WAITS]]
        more = len(self) - _SHOWN_WAITS
        names = ["conversation", "start", "end", "wait", "agent", "ended", "first"]
        if self._clock.open_time is not None:
            names.append("business wait")
        return _html.table(names, rows, more=f"... and {more:,} more" if more > 0 else "")


def _cell(value: Any) -> str:
    """A value of a wait for a person."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return show(value) if isinstance(value, dt.timedelta) else str(value)


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
        our_resolution: `resolution` without the stretches in which the last public message was ours.
        business_first_response, business_reply, business_resolution, business_our_resolution: the same in
            business time; None without `hours`.
        conversations: conversations behind the figures.
        answered: conversations whose first response was given.
        waiting: conversations in which a customer waits at `as_of`.
        bot_only: conversations that only bots answered, outside the human clocks; None for ticket rows.
        outbound: conversations that an agent opened; None for ticket rows.
        reopened: conversations opened again after a resolution; None where reopenings are not known.
        touches: public messages of human agents per conversation; None for ticket rows.
        mixed: whether the figures run over several channels.
        conversations_left_out: conversations given beside a message log that were left out, by reason.
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
    conversations: int | None
    answered: int | None
    waiting: int | None
    bot_only: int | None
    outbound: int | None
    reopened: int | None
    touches: Touches | None
    mixed: bool | None
    conversations_left_out: FrozenMap[LeftOut, int]
    as_of: dt.datetime | None
    _waits: WaitTable | None = attrs.field(default=None, repr=False, eq=False)

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
        summary = self.first_response
        median = None if summary is None else summary.median
        followed = 0 if summary is None else summary._followed
        return Evidence(
            name="median first response",
            form="median",
            unit=1.0,
            upward=False,
            value=math.nan if median is None else median.total_seconds(),
            n=float(followed),
            weight=float(followed),
            low=0.0,
            limits=None if summary is None else functools.partial(_seconds_limits, summary),
        )

    def table(self) -> WaitTable:
        """One row a wait: conversation, start, end, wait, agent, how it ended.

        Raises:
            ArgumentValueError: the result was made from a tally, which keeps no waits.
        """
        if self._waits is None:
            msg = "table() needs the waits themselves (this result was made from a tally, which keeps counts only)"
            raise ArgumentValueError(msg, argument="log")
        return self._waits

    def _clocks(self) -> list[tuple[str, DurationSummary]]:
        calendar = ("first_response", "reply", "resolution", "first_resolution", "our_resolution")
        names = (*calendar, *(f"business_{name}" for name in calendar if name != "first_resolution"))
        return [(name, summary) for name in names if (summary := getattr(self, name)) is not None]

    def __str__(self) -> str:
        clocks = "; ".join(f"{name.replace('_', ' ')}: {summary}" for name, summary in self._clocks())
        return f"response times ({clocks or 'nothing to measure'})"

    def _brief(self) -> Brief:
        """Of the first clock there is, which is the first response in all but resolutions on their own."""
        name, summary = next(iter(self._clocks()), ("first_response", None))
        title = f"median {name.replace('_', ' ')}"
        if summary is None:
            return Brief(title, show(None), "no interval", 0)
        return Brief(title, summary._shown(summary.median), summary._shown_interval(), summary._followed)

    def _title(self) -> str:
        return f"response times: {self._brief()}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(name.replace("_", " "), str(summary)) for name, summary in self._clocks()]
        for name in ("conversations", "answered", "waiting", "bot_only", "outbound", "reopened"):
            count = getattr(self, name)
            if count is not None:
                lines.append((name.replace("_", " "), f"{count:,}"))
        if self.mixed:
            lines.append(("channels", "several, in one figure"))
        return lines


def _seconds_limits(summary: DurationSummary, confidence: float) -> tuple[float, float]:
    """Limits of the median in seconds; infinite where the curve's limits do not get there."""
    low, high = summary.quantile_interval(0.5, confidence=confidence)
    return 0.0 if low is None else low.total_seconds(), math.inf if high is None else high.total_seconds()


# -- figures -----------------------------------------------------------------------------------------


@attrs.frozen
class _Settings:
    """What a look-up in Groups needs and what writes the signature."""

    policy: str
    targets: ServiceTargets
    edges: tuple[int, ...]
    confidence: float
    missing: str
    invalid: str
    hours: str = "none"

    def signature(self, clock: str | None = None, target: str = "none") -> Signature:
        """Of a log; or of the one clock of a tally, with the target it was counted against."""
        promised = {
            name: (self.targets.definition(name) if clock is None else target if name == clock else "none")
            for name in CLOCKS
        }
        definition = {"policy": self.policy, "hours": self.hours, **promised, "v": "1"}
        estimation = {
            "ci": "log-log",
            "conf": f"{self.confidence:.12g}",
            "missing": self.missing,
            "invalid": self.invalid,
            "cluster": "none",
        }
        return Signature("response_times", definition, estimation)


def _edge_name(edge: int) -> str:
    """An edge in the largest unit that has no remainder."""
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000)):
        if edge % size == 0:
            return f"{edge // size} {unit}"
    return f"{edge / 1e6:.15g} s"


def _bracket_names(edges: tuple[int, ...]) -> list[str]:
    names = [_edge_name(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in itertools.pairwise(names)]
    return [f"up to {names[0]}", *between, f"over {names[-1]}"]


def _summary(
    counts: durations.Totals | DurationTally,
    curve: survival.Curve,
    *,
    edges: tuple[int, ...],
    chat: bool,
    target: Any,
    confidence: float,
    ages_median: float,
    error: float,
) -> DurationSummary:
    """The figures of one clock from its counts and its curve."""
    edges, brackets = shown_brackets(edges, counts.brackets, chat=chat)
    low, high = intervals.wilson(float(counts.within), float(counts.eligible), z_value(confidence))
    return DurationSummary(
        n=counts.n, waiting=counts.waiting, closed=counts.closed, lapsed=counts.lapsed, abandoned=counts.abandoned,
        mean=_span(counts.total / counts.n) if counts.n else None,
        median=_span(survival.quantile(curve, 0.5)),
        median_interval=_quantile_interval(curve, 0.5, confidence),
        p75=_span(survival.quantile(curve, 0.75)),
        p90=_span(survival.quantile(curve, 0.9)),
        p95=_span(survival.quantile(curve, 0.95)),
        longest=_span(counts.longest),
        total=_span(counts.total),
        longest_waiting=_span(counts.longest_waiting),
        waiting_median_age=_span(ages_median),
        target=target,
        within_target=counts.within / counts.eligible if counts.eligible else math.nan,
        within_interval=Interval(low, high, confidence, "wilson"),
        immature=counts.immature,
        waiting_over_target=counts.waiting_over_target,
        brackets=FrozenMap(zip(_bracket_names(edges), brackets, strict=True) if edges else ()),
        quantile_error=error,
        curve=curve,
    )  # fmt: skip


def _summary_of_clock(clock: Clock, timeline: Timeline, settings: _Settings, *, chat: bool) -> DurationSummary:
    now = _now(timeline) if clock.now is None else clock.now
    found = durations.totals(
        clock.start, clock.end, clock.outcome, clock.target, now, np.array(settings.edges, dtype=np.int64),
        unanswered_misses=not clock.name.endswith("reply"),
    )  # fmt: skip
    # The median of nothing is NaN, with a warning from numpy.
    return _summary(
        found, survival.curve(found.ended, found.ages), edges=settings.edges, chat=chat,
        target=_promise(settings.targets, clock.name), confidence=settings.confidence,
        ages_median=float(np.median(found.ages)) if found.waiting else math.nan, error=0.0,
    )  # fmt: skip


def _promise(targets: ServiceTargets, clock: str) -> Any:
    clock = clock.removeprefix("business_")
    if clock == "our_resolution":
        return None
    return getattr(targets, clock) if clock in CLOCKS else targets.resolution


def _summary_of_tally(tally: DurationTally, confidence: float) -> DurationSummary:
    places = sorted({place for place, _ in (*tally.bins, *tally.open_bins)})
    index = {place: i for i, place in enumerate(places)}
    ended, running = np.zeros((2, len(places)), dtype=np.int64)
    for counts, bins in ((ended, tally.bins), (running, tally.open_bins)):
        for place, count in bins:
            counts[index[place]] = count
    values = quantiles.value_of(np.array(places, dtype=np.int64))
    none = np.zeros_like(ended)
    # No figure lies beyond what was seen.
    times = values if tally.longest is None else np.clip(values, tally.shortest, tally.longest)
    ages = values if tally.longest_waiting is None else np.minimum(values, tally.longest_waiting)
    curve = survival.curve_from_counts(times, ended, running)
    return _summary(
        tally, curve, edges=tally.edges, chat=tally.chat, target=read_target(tally.target), confidence=confidence,
        ages_median=survival.quantile(survival.curve_from_counts(ages, running, none), 0.5),
        error=tally.relative_error + _order_error(curve, times, ended, running),
    )  # fmt: skip


def _order_error(curve: survival.Curve, times: Floats, ended: Ints, running: Ints) -> float:
    """How far the percentiles can be off because bins do not say who in them ended before whom was last seen.

    The curve takes the ended ones first. The other extreme takes the open ones first, which is as if they had
    been seen up to the bin before; the truth lies between.
    """
    if not running.any():
        return 0.0
    other = survival.curve_from_counts(times, ended, np.append(running[1:], 0))
    gap = 0.0
    for q in _PERCENTILES:
        one, two = survival.quantile(curve, q), survival.quantile(other, q)
        if one == two or (math.isnan(one) and math.isnan(two)):
            continue
        if math.isnan(one) or math.isnan(two) or min(one, two) == 0:
            return math.nan
        gap = max(gap, abs(one - two) / min(one, two))
    return gap


def _touches(answers: npt.NDArray[np.integer[Any]], written: Ints | None) -> Touches:
    counts = np.bincount(answers, minlength=3)
    n = len(answers) - int(counts[0])
    one, two = int(counts[1]), int(counts[2])
    known = np.empty(0) if written is None else written[written >= 0]

    def share(count: int) -> float:
        return count / n if n else math.nan

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
    )


def _each(work: Callable[[Clock], DurationSummary], clocks: Mapping[str, Clock]) -> dict[str, DurationSummary]:
    """One summary a clock; two at a time where that is worth a thread, as numpy lets go of the interpreter lock."""
    if sum(len(clock.start) for clock in clocks.values()) < _LARGE:
        return {name: work(clock) for name, clock in clocks.items()}
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(clocks, pool.map(work, clocks.values()), strict=True))


class _Members:
    """Positions of the members of each group, sorted once."""

    def __init__(self, group: Ints, groups: int) -> None:
        self._order = np.argsort(group, kind="stable")
        self._edges = np.searchsorted(group[self._order], np.arange(groups + 1))

    def of(self, groups: Sequence[range]) -> Ints:
        edges = self._edges
        return np.sort(np.concatenate([self._order[edges[part.start] : edges[part.stop]] for part in groups]))


class _WaitGroups:
    """Results of all waits, of one group of them, or of all groups but one; made on look-up."""

    def __init__(self, timeline: Timeline, settings: _Settings) -> None:
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

    def _account(self, groups: Sequence[range]) -> tuple[int, FrozenMap[LeftOut, int], FrozenMap[LeftOut, int]]:
        """Rows behind the figures, rows left out, conversations left out."""

        def total(counts: Ints) -> int:
            return sum(int(counts[part.start : part.stop].sum()) for part in groups)

        left, tickets_left = (
            left_out({reason: total(counts) for reason, counts in account.items()})
            for account in (self._timeline.left, self._timeline.tickets_left)
        )
        return total(self._timeline.used), left, tickets_left

    def _result(self, groups: Sequence[range], clocks: Mapping[str, Clock]) -> ResponseTimesResult:
        """The result of some groups, whose waits `clocks` holds."""
        timeline, settings = self._timeline, self._settings
        n, left, tickets_left = self._account(groups)
        channels = timeline.channels.among(groups)
        chat = chat_like(channels)
        summaries = _each(lambda clock: _summary_of_clock(clock, timeline, settings, chat=chat), clocks)
        first, every = clocks.get("first_response"), clocks.get("reply", clocks.get("first_response"))
        everyone = groups == self._everyone
        talks = np.flatnonzero(timeline.group >= 0) if everyone else self._members["conversations"].of(groups)

        def count(flags: npt.NDArray[np.bool_] | None) -> int | None:
            return None if flags is None else int(np.count_nonzero(flags[talks]))

        def ended(clock: Clock | None, outcome: int) -> int | None:
            return None if clock is None else int(np.count_nonzero(clock.outcome == outcome))

        return ResponseTimesResult(
            given=n + sum(left.values()),
            n=n,
            left_out=left,
            signature=settings.signature(),
            first_response=summaries.get("first_response"),
            reply=summaries.get("reply"),
            resolution=summaries.get("resolution"),
            first_resolution=summaries.get("first_resolution"),
            our_resolution=summaries.get("our_resolution"),
            business_first_response=summaries.get("business_first_response"),
            business_reply=summaries.get("business_reply"),
            business_resolution=summaries.get("business_resolution"),
            business_our_resolution=summaries.get("business_our_resolution"),
            conversations=len(talks),
            answered=ended(first, waits.WAIT_ANSWERED),
            waiting=ended(every, waits.WAIT_OPEN),
            bot_only=count(timeline.bot_only),
            outbound=count(timeline.outbound),
            reopened=count(timeline.reopened),
            touches=None if timeline.answers is None
            else _touches(
                timeline.answers[talks],
                None if timeline.customer_messages is None else timeline.customer_messages[talks],
            ),
            mixed=len(channels) > 1,
            conversations_left_out=tickets_left,
            as_of=_moment(timeline.as_of, timeline.aware),
            waits=None if every is None else WaitTable(every, timeline),
        )  # fmt: skip

    def _tallies(self, groups: Sequence[range], clocks: Mapping[str, Clock]) -> dict[str, DurationTally]:
        timeline, settings = self._timeline, self._settings
        rows, left, _ = self._account(groups)
        chat = chat_like(timeline.channels.among(groups))
        return {
            name: tally_clock(
                clocks[name], now=timeline.as_of, aware=timeline.aware, policy=settings.policy,
                target=settings.targets.definition(name), edges=settings.edges, chat=chat, rows=rows, left=left,
            )
            for name in CLOCKS
            if name in clocks
        }  # fmt: skip


def _of_tally(tally: DurationTally, settings: _Settings) -> ResponseTimesResult:
    summaries: dict[str, Any] = dict.fromkeys((*CLOCKS, "first_resolution", "our_resolution"))
    summaries[tally.clock] = _summary_of_tally(tally, settings.confidence)
    first = tally.clock == "first_response"
    return ResponseTimesResult(
        given=tally.given,
        n=tally.rows,
        left_out=tally.left_out,
        signature=settings.signature(tally.clock, tally.target),
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
        as_of=_moment(tally.as_of, tally.aware),
    )


# -- the function ------------------------------------------------------------------------------------


@overload
def response_times(
    log: Any, *, conversations: Any = None, changes: Any = None, by: None = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> ResponseTimesResult: ...  # fmt: skip
@overload
def response_times(
    log: Any, *, by: Any, conversations: Any = None, changes: Any = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> Groups[ResponseTimesResult]: ...  # fmt: skip
@guided(second="build a batch of the columns: cx.Messages(conversation=..., at=..., author=...)")
def response_times(
    log: Any, *, conversations: Any = None, changes: Any = None, by: Any = None, hours: Schedules | None = None,
    targets: ServiceTargets | dt.timedelta | None = None, as_of: dt.datetime | None = None,
    policy: ReplyPolicy = DEFAULT_POLICY, brackets: Sequence[dt.timedelta] | None = None, confidence: float = 0.95,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> ResponseTimesResult | Groups[ResponseTimesResult]:  # fmt: skip
    """How long customers wait: for the first response, for every reply, until it is resolved.

    Open waits count: percentiles are those of the Kaplan-Meier curve, and the share within a target is
    taken over waits whose outcome is known.

    Args:
        log: `Message` records or a `Messages` batch in any order, `Conversation` records or a
            `Conversations` batch alone, or a `DurationTally`. Of several rows of one ticket the one with the
            latest news counts, the others are `superseded`.
        conversations: the conversations of a message log, which tell resolutions, abandonments, channels
            and assignees.
        changes: not available yet.
        by: column names, functions of a record or labels; several as list, tuple or dict. A wait belongs
            to the message that opened it, by "agent" or "team" to who answered it (an open one to the
            assignee); a conversation to its first customer message.
        hours: `BusinessHours`, or a mapping of channel to them, for the same clocks in open time beside those in
            calendar time; needs instants with a zone. Waits on a channel without a schedule are in no clock of
            open time.
        targets: a timedelta for the first response, or `ServiceTargets`.
        as_of: the instant that counts as now; None: the latest instant of all rows. Later rows are left out.
        policy: how waits are found.
        brackets: ascending upper edges; None: minutes where every channel of a figure is chat-like by name
            ("chat", "phone", "sms" ...), else hours.
        confidence: level of the intervals, between 0 and 1.
        missing: "drop" counts rows without an instant in `left_out`, "raise" refuses them.
        invalid: "raise" refuses conversations that end before they open, "drop" counts them in `left_out`.

    Returns:
        ResponseTimesResult, or Groups of them with `by`. Durations are timedeltas, None where undefined.

    Raises:
        ArgumentTypeError: something else than messages or conversations.
        ArgumentValueError: messages and conversations that share no id.
        InvalidValueError: an end before its start.
        MixedTimeZonesError: naive and aware instants in one call.

    References:
        Kaplan and Meier (1958), Journal of the American Statistical Association 53:457-481.
        Brookmeyer and Crowley (1982), Biometrics 38:29-41 (interval of a median).

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> log = cx.Messages(
    ...     conversation=["a", "a", "b"],
    ...     at=[nine, nine + timedelta(minutes=20), nine + timedelta(minutes=30)],
    ...     author=["customer", "agent", "customer"],
    ... )
    >>> result = cx.response_times(log, as_of=nine + timedelta(hours=1), targets=timedelta(minutes=15))
    >>> result.first_response.median, result.first_response.waiting, result.first_response.within_target
    (datetime.timedelta(seconds=1200), 1, 0.0)
    """
    confidence = check_confidence(confidence)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    if changes is not None:
        msg = (
            f"changes= is not available yet (got {type(changes).__name__}); it comes with a later release, leave it out"
        )
        raise NotYetError(msg, argument="changes", found=changes)
    schedule = hours_definition(hours)
    policy, promised, edges = reply_policy(policy), service_targets(targets), bracket_edges(brackets)
    if isinstance(log, DurationTally):
        for name, value in (
            ("conversations", conversations), ("by", by), ("targets", targets), ("as_of", as_of), ("hours", hours),
            ("brackets", brackets), ("policy", None if policy is DEFAULT_POLICY else policy),
        ):  # fmt: skip
            if value is not None:
                msg = f"{name} must be left out beside a tally, whose counts are made; give it to DurationTally.of"
                raise ArgumentTypeError(msg, argument=name, found=value)
        return _of_tally(log, _Settings(log.policy, promised, log.edges, confidence, missing, invalid))
    timeline = read_log(
        log, conversations=conversations, by=by, targets=promised, as_of=as_of, policy=policy, missing=missing,
        invalid=invalid,
    )  # fmt: skip
    if hours is not None:
        timeline = with_open_time(timeline, hours)
    # Ticket rows tell how waits ended; no policy looks for it.
    found_by = policy.definition if timeline.of_messages else DEFAULT_POLICY.definition
    settings = _Settings(found_by, promised, edges, confidence, missing, invalid, schedule)
    groups = _WaitGroups(timeline, settings)
    return groups.overall() if by is None else Groups(groups)
