"""The lines of the scorecard: a figure, what was promised of it, and how it changed since the period before.

Reads results and promises, and asks `compare` about changes; sees no rows. Each line keeps the result it shows, so
that the next period can be held against it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import attrs

from .. import intervals
from .._metrics.repeat_contacts import RepeatContactsResult
from .._metrics.response_times import DurationSummary, ResponseTimesResult
from .._metrics.scores import CsatResult, NpsResult
from .._results import Interval, Result, comparable, put, show
from ..errors import ArgumentValueError
from ..groups import Groups
from ..policies import ServiceTargets
from .compare import Difference, compare, unlike

__all__ = [
    "Indicator",
    "Verdict",
    "exactly",
    "of_recommendation",
    "of_repeats",
    "of_satisfaction",
    "of_waits",
    "since",
    "verdict_on",
]

Verdict = Literal["met", "missed", "cannot tell"]

_ROOM = 50
_CLOCKS = {"first_response": "first response", "reply": "every reply", "resolution": "time to resolution"}


def _undefined(figure: Any) -> bool:
    return figure is None or bool(figure != figure)


class _Source(NamedTuple):
    """The result a line shows a figure of, None for its headline."""

    result: Result
    figure: str | None = None


@attrs.frozen(kw_only=True)
class Indicator:
    """One line of the scorecard.

    Attributes:
        key: what it measures, the same in every scorecard: "satisfaction", "recommendation", "first_response",
            "reply", "resolution", the last three with "business_" before them, "repeat_contacts".
        name: the same for people.
        unit: "percent", "points", "share" (0 to 1) or "duration".
        figure: the figure in that unit; NaN or None where undefined.
        interval: its confidence interval.
        n: answers, answered waits, resolved conversations or mature contacts behind it.
        waiting: waits that are still open at `as_of`; a median counts them too.
        target: what was promised, None without a target.
        judged: the figure that is held against the target: the figure itself, the share of detractors, or
            the share of waits within their target.
        judged_interval: its interval, which decides.
        verdict: "met" where the interval lies wholly on the good side, "missed" on the bad side, "cannot
            tell" otherwise; None without a target.
        channel: the channel of a line that details the one above it, else None.
        not_measured: why there is no figure, None where there is one.
        change: how the figure changed since the period before, a `Difference`; None without `previous` and where the
            two cannot be compared.
        not_comparable: why they cannot.

    >>> import cxscore as cx
    >>> line = cx.scorecard(responses=cx.Responses(score=[5, 4, 2], survey="contact")).indicators[0]
    >>> line.key, line.n, line.verdict is None
    ('satisfaction', 3, True)
    """

    key: str
    name: str
    unit: Literal["percent", "points", "share", "duration"]
    figure: Any = attrs.field(default=None, eq=comparable)
    interval: Interval | None = None
    n: int = 0
    waiting: int = 0
    target: str | None = None
    judged: float = attrs.field(default=float("nan"), eq=comparable)
    judged_interval: Interval | None = None
    verdict: Verdict | None = None
    channel: str | None = None
    not_measured: str | None = None
    change: Difference | None = None
    not_comparable: str | None = None
    _source: _Source | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def in_business_time(self) -> bool:
        """Whether the figure counts open time only."""
        return self.key.startswith("business_")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; a duration is `figure_seconds`."""
        out: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            if field.repr:
                put(out, field.name, getattr(self, field.name))
        return out

    def _label(self) -> str:
        """The name, indented below the line that it details."""
        if self.channel is not None:
            return f"{'    ' if self.in_business_time else '  '}{self.channel}"
        return "  in business time" if self.in_business_time else self.name

    def _cells(self) -> tuple[str, str, str, str, str, str]:
        """Name, figure, interval, n, verdict, target as they read."""
        low, high = (None, None) if self.interval is None else self.interval
        size, unit = self._unit(self.figure, low, high)
        undefined = all(_undefined(limit) for limit in (low, high))
        limits = "" if undefined else f"{_number(low, size, '0')} to {_number(high, size, '∞')}"
        waited = self.unit == "duration" and (self.n or self.waiting)
        figure = _number(self.figure, size, "not reached" if waited else "undefined")
        if not _undefined(self.figure):
            figure += unit
        target = self.target or ""
        if self.target is not None and self.unit != "percent" and self.judged == self.judged:
            target += f": {show(self.judged * 100)}%"
        return self._label(), figure, limits, f"{self.n:,}", self.verdict or ("no target" if self.n else ""), target

    def _change_cells(self, change: Difference) -> tuple[str, str, str, str, str]:
        """Name, figure before, change, its interval, verdict as they read."""
        low, high = change.interval
        size, unit = self._unit(change.before)
        before = f"{_number(change.before, size, '')}{unit}"
        size, unit = self._unit(change.estimate, low, high)
        moved = _number(change.estimate, size, "")
        sign = "" if moved.startswith("−") else "+"
        points = unit if self.unit == "duration" else " points"
        limits = f"{_number(low, size, '−∞')} to {_number(high, size, '∞')}"
        return self._label(), before, f"{sign}{moved}{points}", limits, change.verdict or ""

    def _unit(self, *values: Any) -> tuple[float | dt.timedelta, str]:
        """What to divide by, and what to write behind: the unit that suits the first value there is."""
        if self.unit in ("percent", "points"):
            return 1.0, "%" if self.unit == "percent" else ""
        if self.unit == "share":
            return 0.01, "%"
        known = next((abs(value) for value in values if value is not None), dt.timedelta(0))
        for unit, size in (("d", dt.timedelta(days=1)), ("h", dt.timedelta(hours=1)), ("min", dt.timedelta(minutes=1))):
            # A day of business time is not a day.
            if known >= size and not (unit == "d" and self.in_business_time):
                return size, f" {unit}"
        return dt.timedelta(seconds=1), " s"


def _number(value: Any, size: Any, missing: str) -> str:
    return show(None if _undefined(value) else value / size, missing=missing)


# -- what each line says -----------------------------------------------------------------------------


def verdict_on(interval: Interval, bound: float, *, more_is_good: bool) -> Verdict:
    """What an interval says about a bound."""
    low, high = interval
    if not more_is_good:
        low, high, bound = -high, -low, -bound
    if low >= bound:
        return "met"
    return "missed" if high < bound else "cannot tell"


def of_satisfaction(result: CsatResult | None, reason: str, target: float | None) -> Indicator:
    """CSAT against the least that was promised."""
    line = Indicator(key="satisfaction", name="satisfaction (CSAT)", unit="percent")
    if result is None:
        return attrs.evolve(line, not_measured=reason)
    line = attrs.evolve(line, figure=result.score, interval=result.interval, n=result.n, source=_Source(result))
    if target is None:
        return line
    return attrs.evolve(
        line, target=f"at least {target:g}%", judged=result.score, judged_interval=result.interval,
        verdict=verdict_on(result.interval, target, more_is_good=True),
    )  # fmt: skip


def of_recommendation(result: NpsResult | None, reason: str, target: float | None, confidence: float) -> Indicator:
    """NPS, and its detractors against the most that was promised."""
    line = Indicator(key="recommendation", name="recommendation (NPS)", unit="points")
    if result is None:
        return attrs.evolve(line, not_measured=reason)
    line = attrs.evolve(line, figure=result.score, interval=result.interval, n=result.n, source=_Source(result))
    if target is None:
        return line
    limits = intervals.proportion(result.detractors, result.n, method="wilson", confidence=confidence)
    interval = Interval(*limits, confidence, "wilson")
    return attrs.evolve(
        line, target=f"detractors ≤ {target * 100:g}%", judged=result.detractor_share, judged_interval=interval,
        verdict=verdict_on(interval, target, more_is_good=False),
    )  # fmt: skip


def of_waits(
    waits: ResponseTimesResult | None, by_channel: Groups[ResponseTimesResult] | None, reasons: Mapping[str, str],
    promised: ServiceTargets, on_time: float,
) -> Iterator[Indicator]:  # fmt: skip
    """The three clocks in calendar time and, where there are hours, in business time; first responses by channel."""
    for clock, name in _CLOCKS.items():
        if waits is None or getattr(waits, clock) is None:
            yield Indicator(key=clock, name=name, unit="duration", not_measured=reasons[clock])
            continue
        for key in (clock, f"business_{clock}"):
            summary: DurationSummary | None = getattr(waits, key)
            if summary is None:
                continue
            # A promise about calendar time is none about business time, and the other way round.
            judged = (key != clock) == (clock in promised.in_business_time)
            line = Indicator(key=key, name=name, unit="duration")
            target = summary.target if judged else None
            yield _of_clock(line, waits, summary, target, on_time)
            if clock != "first_response" or by_channel is None or len(by_channel) < 2:
                continue
            for channel, result in by_channel.items():
                part: DurationSummary | None = getattr(result, key)
                if part is None or not (part.n or part.waiting or part.closed or part.lapsed or part.abandoned):
                    continue
                own = target.get(channel) if isinstance(target, Mapping) else target
                title = "(none)" if channel is None else str(channel)
                yield _of_clock(attrs.evolve(line, channel=title), result, part, own, on_time)


def _of_clock(
    line: Indicator, result: ResponseTimesResult, summary: DurationSummary, target: Any, on_time: float
) -> Indicator:
    figure = None if line.key == "first_response" else f"{line.key}.median"
    line = attrs.evolve(
        line, figure=summary.median, interval=summary.median_interval, n=summary.n, waiting=summary.waiting,
        source=_Source(result, figure),
    )  # fmt: skip
    if target is None:
        return line
    within = "on time" if isinstance(target, Mapping) else f"in {exactly(target, days=not line.in_business_time)}"
    return attrs.evolve(
        line, target=f"{on_time * 100:g}% {within}", judged=summary.within_target,
        judged_interval=summary.within_interval,
        verdict=verdict_on(summary.within_interval, on_time, more_is_good=True),
    )  # fmt: skip


def of_repeats(result: RepeatContactsResult | None, window: dt.timedelta) -> Indicator:
    """The share of contacts that were followed by another."""
    line = Indicator(key="repeat_contacts", name="repeat contacts", unit="share", not_measured="no contacts given")
    if result is None:
        return line
    return attrs.evolve(
        line, name=f"repeats within {exactly(window)}", figure=result.rate, interval=result.interval, n=result.mature,
        not_measured=None, source=_Source(result),
    )  # fmt: skip


def exactly(span: dt.timedelta, *, days: bool = True) -> str:
    """A promise as people say it: 24 h, 90 min, 5 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if span.total_seconds() % size == 0 and (unit != "d" or (days and span > dt.timedelta(days=2))):
            return f"{span.total_seconds() / size:g} {unit}"
    return f"{span.total_seconds():g} s"


# -- since the period before -------------------------------------------------------------------------


def since(previous: Iterable[Indicator], lines: Iterable[Indicator], confidence: float) -> Iterator[Indicator]:
    """The lines with their changes since those of the period before, or why there is none."""
    known = {(line.key, line.channel): line for line in previous}
    for line in lines:
        if line._source is None:
            yield line
            continue
        before = known.get((line.key, line.channel))
        if before is None or before._source is None:
            yield attrs.evolve(line, not_comparable="not measured before")
        elif _undefined(before.figure) or _undefined(line.figure):
            when = "before" if _undefined(before.figure) else "now"
            yield attrs.evolve(line, not_comparable=f"no figure {when}")
        else:
            yield _changed(line, before._source, line._source, confidence)


def _changed(line: Indicator, before: _Source, after: _Source, confidence: float) -> Indicator:
    try:
        change = compare(before.result, after.result, figure=after.figure, confidence=confidence)
    except ArgumentValueError:
        settings = unlike(before.result._signature, after.result._signature)
        names = {name: (f"target of {name}" if name in _CLOCKS else name).replace("_", " ") for name in settings}
        told = ", ".join(f"{names[name]} ({mine} and {other})" for name, (mine, other) in settings.items())
        # Where there is no room for the values, the signatures of both have them.
        reason = told if len(told) <= _ROOM else ", ".join(names.values())
        return attrs.evolve(line, not_comparable=f"unlike in {reason}")
    return attrs.evolve(line, change=change)
