"""One clock in figures: answered waits, open ones, percentiles, the share within a target."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from numbers import Real
from typing import Any, Literal, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt

from ... import _html
from ..._checks import check_choice, check_confidence
from ..._clocks import Clock, Timeline
from ..._core import durations, intervals, quantiles, survival
from ..._core.clustered_waits import first_rows, worth
from ..._core.clusters import at_level
from ..._core.distributions import z_value
from ..._core.waits import WAIT_ANSWERED, WAIT_OPEN
from ..._evidence import Evidence
from ..._frozen import FrozenMap
from ..._inputs import as_utc
from ..._open_time import promised_as
from ..._results import DURATION, Interval, comparable, put, show
from ...errors import ArgumentTypeError, ArgumentValueError
from ...policies import ServiceTargets, read_target
from ...tallies._durations import DurationTally, shown_brackets
from ._settings import Settings

__all__ = [
    "DurationSummary",
    "Talks",
    "moments",
    "now_of",
    "share_intervals",
    "span_of",
    "summary_of_clock",
    "summary_of_tally",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Unit = Literal["s", "min", "h", "d"]

_PERCENTILES = (0.5, 0.75, 0.9, 0.95)
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_LONGEST = dt.timedelta.max // dt.timedelta(microseconds=1)


def span_of(micros: float | None) -> dt.timedelta | None:
    """A duration, None where there is none, and where no timedelta is that long (2.7 million years)."""
    return None if micros is None or not micros <= _LONGEST else dt.timedelta(microseconds=micros)


def moments(micros: npt.NDArray[np.int64], aware: bool | None) -> npt.NDArray[Any]:
    """A column of instants that still knows whether they are UTC."""
    return as_utc(micros) if aware else micros.view("M8[us]")


def now_of(timeline: Timeline) -> int:
    """The instant that counts as now; without a single instant there is no wait that it could matter to."""
    return 0 if timeline.as_of is None else timeline.as_of


@attrs.frozen(kw_only=True)
class DurationSummary:
    """One clock: answered waits, open ones, percentiles, the share within a target.

    Attributes:
        n: answered waits (resolved conversations, for resolution).
        waiting: open waits at `as_of`; also those of resolved conversations, under a policy whose waits go on across
            a resolution (`on_resolve="keeps_wait"`).
        closed: waits that ended by a resolution without an answer.
        lapsed: waits that nobody answered before they expired.
        abandoned: waits that the customer gave up.
        mean: mean of answered waits.
        median, p75, p90, p95: inverse of the Kaplan-Meier curve, open waits counted as still running; None
            where the curve does not get there. Waits that were closed, lapsed or abandoned are not in the curve.
        median_interval: its log-log interval, clustered by conversation; a limit is None where there is none.
        median_iid_interval: the interval that takes every wait as independent.
        longest: longest answered wait.
        total: sum of answered waits; None beyond 2.7 million years, the longest timedelta.
        longest_waiting: age of the oldest open wait.
        waiting_median_age: median age of open waits.
        target: the promise: a timedelta, a mapping of channel to timedelta, or None; our resolution has none.
        within_target: share answered within the target, over waits that opened at least the target before
            `as_of`; NaN where there are none.
        within_interval: its Wilson interval, clustered by conversation.
        within_iid_interval: the interval that takes every wait as independent.
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
    median_iid_interval: Interval = attrs.field(metadata=DURATION)
    p75: dt.timedelta | None = attrs.field(metadata=DURATION)
    p90: dt.timedelta | None = attrs.field(metadata=DURATION)
    p95: dt.timedelta | None = attrs.field(metadata=DURATION)
    longest: dt.timedelta | None = attrs.field(metadata=DURATION)
    total: dt.timedelta | None = attrs.field(metadata=DURATION)
    longest_waiting: dt.timedelta | None = attrs.field(metadata=DURATION)
    waiting_median_age: dt.timedelta | None = attrs.field(metadata=DURATION)
    target: dt.timedelta | FrozenMap[Any, dt.timedelta] | None = attrs.field(metadata=DURATION)
    within_target: float = attrs.field(eq=comparable)
    within_interval: Interval
    within_iid_interval: Interval
    immature: int
    waiting_over_target: int
    brackets: FrozenMap[str, int]
    quantile_error: float = attrs.field(eq=repr)
    _curve: survival.Curve = attrs.field(repr=False, eq=False)
    _talks: Talks | None = attrs.field(repr=False, eq=False)
    _judged: int = attrs.field(repr=False, eq=False)
    """Waits behind the share within target."""
    _judged_worth: tuple[float, float] = attrs.field(repr=False, eq=False)
    """How many independent ones they are worth, and how many conversations say so."""
    _median_worth: _Worth = attrs.field(repr=False, eq=False)

    def quantile(self, q: float) -> dt.timedelta | None:
        """The time by which a share `q` of waits has ended, None where the curve does not get there.

        Raises:
            ArgumentTypeError: `q` is no number.
            ArgumentValueError: `q` outside 0 to 1.
        """
        return span_of(survival.quantile(self._curve, _share(q)))

    def answered_quantile(self, q: float) -> dt.timedelta | None:
        """The plain quantile of the answered waits alone (Hyndman and Fan's type 2), None without any.

        The figure of dashboards that look at no wait before it has ended. It is too short while people wait: use it
        to compare with such a dashboard, and `quantile` to say how long people wait.

        Raises:
            ArgumentTypeError: `q` is no number.
            ArgumentValueError: `q` outside 0 to 1.
        """
        times, deaths = self._curve.times, self._curve.deaths
        answered = survival.curve_from_counts(times, deaths, np.zeros_like(deaths))
        return span_of(survival.quantile(answered, _share(q)))

    @property
    def answered_median(self) -> dt.timedelta | None:
        """The plain median of the answered waits alone: `answered_quantile(0.5)`."""
        return self.answered_quantile(0.5)

    def quantile_interval(self, q: float, *, confidence: float = 0.95) -> Interval:
        """Log-log interval of a quantile; a limit is None where the curve's limits do not get there.

        Waits of one conversation are alike: the variance is Greenwood's times the design effect at the quantile.

        Raises:
            ArgumentTypeError: `q` is no number.
            ArgumentValueError: `q` outside 0 to 1, or a confidence outside it.
        """
        share, checked = _share(q), check_confidence(confidence)
        return _quantile_interval(self._curve, share, checked, _worth_at(self._curve, share, self._talks))

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

    def _evidence_of_share(self, clock: str) -> Evidence:
        """What the share within target rests on."""
        return Evidence(
            name=f"{clock} within target", form="share", unit=1.0, upward=True, value=self.within_target,
            n=self._judged_worth[0], weight=float(self._judged), up=self.within_target, low=0.0, high=1.0,
            clusters=self._judged_worth[1], answers=float(self._judged),
        )  # fmt: skip

    def _evidence_of_median(self, clock: str, *, upward: bool) -> Evidence:
        """What the median rests on, in seconds."""
        followed, worth = float(self._followed), self._median_worth
        return Evidence(
            name=f"median {clock}", form="median", unit=1.0, upward=upward,
            value=math.nan if self.median is None else self.median.total_seconds(),
            n=followed * worth.independent / worth.n if worth.n else followed, weight=followed, low=0.0,
            clusters=worth.conversations, answers=followed, limits=self._median_limits,
        )  # fmt: skip

    def _median_limits(self, confidence: float) -> tuple[float, float]:
        """Limits of the median in seconds; infinite where the curve's limits do not get there."""
        low, high = _quantile_interval(self._curve, 0.5, confidence, self._median_worth)
        return 0.0 if low is None else low.total_seconds(), math.inf if high is None else high.total_seconds()

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


@attrs.frozen(eq=False)
class Talks:
    """The waits of a clock by conversation: those of one share the agent, the question and the hour."""

    conversation: Ints
    start: Ints
    end: Ints
    outcome: npt.NDArray[np.int8]
    now: int
    order: Ints | None
    """Brings the waits of one conversation together; None where they stand so."""

    @classmethod
    def of(cls, clock: Clock, now: int) -> Talks | None:
        """None where every wait is a conversation of its own."""
        talk, order = clock.conversation, None
        if (talk[1:] < talk[:-1]).any():
            order = np.argsort(talk, kind="stable")
            talk = talk[order]
        if not (talk[1:] == talk[:-1]).any():
            return None
        return cls(clock.conversation, clock.counted_from, clock.end, clock.outcome, now, order)

    def worth(self, trials: npt.NDArray[np.bool_], hits: npt.NDArray[np.bool_]) -> tuple[float, float]:
        """How many independent waits tell as much about a share of them, and how many conversations say so."""
        if self.order is not None:
            trials, hits = trials[self.order], hits[self.order]
        return worth(self._first(), trials, hits)

    def over_by(self, at: float) -> _Worth:
        """The waits that are known to be over by a time or not: they ended, or were seen running for longer."""
        limit = math.floor(at)  # durations are whole microseconds
        known = self.outcome == WAIT_ANSWERED
        over = known & (self.end - self.start <= limit)
        known |= (self.outcome == WAIT_OPEN) & (self.start < self.now - limit)
        if self.order is not None:
            known, over = known[self.order], over[self.order]
        return _Worth(float(np.count_nonzero(known)), *worth(self._first(), known, over))

    def _first(self) -> Ints:
        return first_rows(self.conversation if self.order is None else self.conversation[self.order])


class _Worth(NamedTuple):
    """Waits of which it is known whether they are over by a time, and what `Talks.worth` tells of their share."""

    n: float
    independent: float
    conversations: float

    def effect(self, confidence: float) -> float:
        """How much wider the variance of that share is than that of independent waits, at a level of confidence."""
        return self.n / at_level(self.independent, self.conversations, self.n, confidence) if self.n else 1.0


_ALONE = _Worth(0.0, math.nan, math.nan)


def _worth_at(curve: survival.Curve, q: float, talks: Talks | None) -> _Worth:
    if talks is None or not len(curve.times):
        return _ALONE
    at = survival.quantile(curve, q)
    # Where the curve does not get there, what is known of it ends with its last event.
    return talks.over_by(float(curve.times[-1]) if math.isnan(at) else at)


def _quantile_interval(curve: survival.Curve, q: float, confidence: float, worth: _Worth) -> Interval:
    low, high = survival.quantile_interval(curve, q, z_value(confidence) * math.sqrt(worth.effect(confidence)))
    return Interval(span_of(low), span_of(high), confidence, "log-log")


def share_intervals(
    counts: durations.Totals | DurationTally, talks: Talks | None, confidence: float
) -> tuple[Interval, Interval, tuple[float, float]]:
    """Of the share within target: its interval, the independent one, and what `Talks.worth` tells of it."""
    judged = float(counts.eligible)
    found = judged, math.nan
    if talks is not None and isinstance(counts, durations.Totals) and counts.old is not None and counts.met is not None:
        found = talks.worth(counts.old, counts.met) if judged else found

    def of(n: float) -> Interval:
        low, high = intervals.wilson(counts.within * n / (judged or 1.0), n, z_value(confidence))
        return Interval(low, high, confidence, "wilson")

    return of(at_level(*found, judged, confidence)), of(judged), found


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
    talks: Talks | None = None,
) -> DurationSummary:
    """The figures of one clock from its counts and its curve."""
    edges, brackets = shown_brackets(edges, counts.brackets, chat=chat)
    within_interval, within_iid_interval, judged_worth = share_intervals(counts, talks, confidence)
    median_worth = _worth_at(curve, 0.5, talks)
    return DurationSummary(
        n=counts.n, waiting=counts.waiting, closed=counts.closed, lapsed=counts.lapsed, abandoned=counts.abandoned,
        mean=span_of(counts.total / counts.n) if counts.n else None,
        median=span_of(survival.quantile(curve, 0.5)),
        median_interval=_quantile_interval(curve, 0.5, confidence, median_worth),
        median_iid_interval=_quantile_interval(curve, 0.5, confidence, _ALONE),
        p75=span_of(survival.quantile(curve, 0.75)),
        p90=span_of(survival.quantile(curve, 0.9)),
        p95=span_of(survival.quantile(curve, 0.95)),
        longest=span_of(counts.longest),
        total=span_of(counts.total),
        longest_waiting=span_of(counts.longest_waiting),
        waiting_median_age=span_of(ages_median),
        target=target,
        within_target=counts.within / counts.eligible if counts.eligible else math.nan,
        within_interval=within_interval,
        within_iid_interval=within_iid_interval,
        immature=counts.immature,
        waiting_over_target=counts.waiting_over_target,
        brackets=FrozenMap(zip(_bracket_names(edges), brackets, strict=True) if edges else ()),
        quantile_error=error,
        curve=curve,
        talks=talks,
        judged=counts.eligible,
        judged_worth=judged_worth,
        median_worth=median_worth,
    )  # fmt: skip


def summary_of_clock(clock: Clock, timeline: Timeline, settings: Settings, *, chat: bool) -> DurationSummary:
    now = now_of(timeline) if clock.now is None else clock.now
    found = durations.totals(
        clock.counted_from, clock.end, clock.outcome, clock.target, now, np.array(settings.edges, dtype=np.int64),
        unanswered_misses=not clock.name.endswith("reply"),
    )  # fmt: skip
    # The median of nothing is NaN, with a warning from numpy.
    return _summary(
        found, survival.curve(found.ended, found.ages), edges=settings.edges, chat=chat,
        target=_promise(settings.targets, clock.name), confidence=settings.confidence,
        ages_median=float(np.median(found.ages)) if found.waiting else math.nan, error=0.0,
        talks=Talks.of(clock, now),
    )  # fmt: skip


def _promise(targets: ServiceTargets, clock: str) -> Any:
    """The target of a clock."""
    name = promised_as(clock, targets)
    return None if name is None else getattr(targets, name)


def summary_of_tally(tally: DurationTally, confidence: float) -> DurationSummary:
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
        tally, curve, edges=tally.edges, chat=tally.chat,
        target=None if tally.in_business_time else read_target(tally.target), confidence=confidence,
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
