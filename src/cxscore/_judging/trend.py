"""Is it getting better? A direction for a series of periods, and how sure it is.

Reads what the figures rest on and knows no kind of result; the lines and tests are the core's.
"""

from __future__ import annotations

import datetime as dt
import math
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import attrs
import numpy as np
import numpy.typing as npt

from .._checks import check_choice, check_confidence
from .._core import charts, trends
from .._core.distributions import t_value, z_value
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._results import DURATION, Interval, Signature, show
from ..errors import ArgumentTypeError, ArgumentValueError, shown
from .series import Judgement, Series, change, flat, read_series, title

__all__ = ["Direction", "Trend", "TrendMethod", "TrendPeriod", "trend"]

Floats = npt.NDArray[np.float64]
Direction = Literal["improving", "declining", "steady", "no clear trend", "not enough data"]
TrendMethod = Literal["least-squares", "random-effects", "cochran-armitage", "mann-kendall"]

# Periods that each method needs before it says anything.
_LEAST = {"least-squares": 4, "random-effects": 4, "cochran-armitage": 3, "mann-kendall": 5}
_GIVEN = "groups_or_results"
_ROUNDING = 1e-14  # what weights leave of a variance of 0, as a share of the squared scale
_STEADY = 0.9  # two one-sided tests at 5 % each


class TrendPeriod(NamedTuple):
    """One period behind a trend.

    >>> import cxscore as cx
    >>> cx.trend([cx.csat({5: good, 1: 10 - good}) for good in (5, 6, 7, 8)]).rows[2].fitted
    70.0
    """

    key: Any
    """The group's key; the position in a list of results."""
    position: int
    """Place on the time axis, counted from 0; periods that were skipped keep theirs."""
    value: Any
    """The figure, in its unit."""
    n: float
    """Answers it is worth."""
    fitted: Any
    """Height of the line."""


@attrs.frozen(kw_only=True, eq=False)
class Trend(Judgement):
    """Where a series of periods goes.

    Slopes and changes are in the unit of the figure: points, percentage points, scale points, shares of 1 (repeat
    rates), timedelta (waits). They are undefined (NaN, None) where there is not enough data.

    Attributes:
        direction: "improving", "declining", "steady", "no clear trend" or "not enough data". What improves depends
            on the figure: scores go up, waits and repeats go down.
        slope: change a period.
        interval: its confidence interval.
        p_value: of a slope of 0, two-sided.
        dispersion: how much the periods scatter about the line, as a multiple of what chance among the answers
            explains: 1 is that alone. NaN for medians.
        periods: periods behind the line.
        change: the slope times the span from the first of them to the last.
        change_interval: its 90 % interval, which decides between steady and not.
        margin: the change over the whole span that would not matter; None: never steady.
        method: how it was judged.
        skipped: key to reason ("empty", "incomplete", "undefined", "no period") of the others.

    >>> import cxscore as cx
    >>> months = [cx.csat({5: k, 1: 200 - k}) for k in (142, 149, 155, 157, 166, 171)]
    >>> found = cx.trend(months)
    >>> found.direction, round(found.slope, 2), found.periods
    ('improving', 2.83, 6)
    """

    direction: Direction
    slope: Any = attrs.field(metadata=DURATION)
    interval: Interval = attrs.field(metadata=DURATION)
    p_value: float
    dispersion: float
    periods: int
    change: Any = attrs.field(metadata=DURATION)
    change_interval: Interval = attrs.field(metadata=DURATION)
    margin: Any
    method: TrendMethod
    skipped: FrozenMap[Any, str]
    rows: tuple[TrendPeriod, ...] = attrs.field(repr=False)

    _headline: ClassVar[str] = "direction"

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a period behind the line: key, position, value, n, fitted."""
        return [flat(**period._asdict()) for period in self.rows]

    def _told(self, value: Any, interval: Interval, digits: int, per: str = "") -> str:
        low, high = ("no limit" if limit is None else change(self._about, limit, digits=digits) for limit in interval)
        points = " points" if self._about.form in ("net", "share") else ""
        level = f"{interval.confidence * 100:.6g}% CI"
        return f"{change(self._about, value, digits=digits)}{points}{per} ({level} {low} to {high})"

    def _slope(self) -> str:
        return self._told(self.slope, self.interval, 2, " a period")

    def _enough(self) -> bool:
        return self.direction != "not enough data"

    def __str__(self) -> str:
        counted = f"{self.periods:,} {'period' if self.periods == 1 else 'periods'}"
        if not self._enough():
            return f"{self.figure}: not enough data ({counted} of at least {_LEAST[self.method]})"
        return f"{self.figure}: {self.direction}, {self._slope()}, p={self.p_value:.2g}, {counted}"

    def _title(self) -> str:
        return f"Trend of {self.figure}"

    def _lines(self) -> list[tuple[str, str]]:
        lines: list[tuple[str, str]] = [("direction", self.direction)]
        if self._enough():
            lines += [
                ("slope", self._slope()),
                ("whole span", self._told(self.change, self.change_interval, 1)),
                ("margin", "none" if self.margin is None else change(self._about, self.margin)),
                ("p", f"{self.p_value:.2g}"),
                ("dispersion", show(self.dispersion, digits=2)),
            ]
        skipped = ", ".join(f"{title(key)} ({reason})" for key, reason in self.skipped.items())
        return [*lines, ("periods", f"{self.periods:,}"), ("skipped", skipped or "none"), ("method", self.method)]


def trend(
    groups_or_results: Any, *, figure: str | None = None, margin: float | dt.timedelta | None = None,
    method: TrendMethod | None = None, confidence: float = 0.95,
) -> Trend:  # fmt: skip
    """Direction of a figure over periods, and how sure it is.

    Scores, shares and means get the least-squares line, each period weighted by the answers that it is worth. The
    variance of one answer is that of all periods together, and it is multiplied by the Pearson dispersion of the
    periods about the line where that is above 1: months differ by more than chance among the answers, and a test
    that overlooks it finds trends in flat series. Medians get the median of all slopes between two periods
    (Theil-Sen) and the Mann-Kendall test.

    Args:
        groups_or_results: groups by period; or a list (or mapping) of results, one a period. Periods of a list
            stand as they are given. Keys of others are put in order of time, whatever order they came in, and must
            say it: dates, numbers, or texts such as "2026-01", without a gap between them. Periods that are empty,
            incomplete or without a figure are skipped and keep their place; so does the group None of rows without
            an instant, which comes last.
        figure: which figure to judge, by its name: of waits e.g. "reply.median", "first_response.within_target" or
            "business_resolution.within_target", of repeats "first_contact_resolution"; None: the headline.
        margin: a change over the whole span that would not matter, in the unit of the figure (a timedelta for
            waits): "steady" is said where the 90 % interval of the change lies inside it, before anything else.
            None: steady is never said.
        method: "least-squares" (default; four periods at least), "random-effects" (the same with a variance
            between periods, for periods of very unlike sizes), "cochran-armitage" (shares only; three periods; takes
            all scatter as chance among answers), "mann-kendall" (default for medians; five periods).
        confidence: level of `interval`; a direction is said where p is below 1 minus it.

    Returns:
        Trend.

    Raises:
        ArgumentTypeError: neither groups nor results, or figures without an interval.
        ArgumentValueError: groups by several keys, keys without an order in time or with a gap, results of unlike
            definitions, a margin out of range, a method that the figure has no use for.
        UnknownNameError: a figure that the results cannot be judged by.

    References:
        McCullagh and Nelder (1989), Generalized Linear Models, 4.5 (dispersion). Armitage (1955), Biometrics
        11:375-386. Sen (1968), Journal of the American Statistical Association 63:1379-1389. Kendall (1975), Rank
        Correlation Methods. Knapp and Hartung (2003), Statistics in Medicine 22:2693-2710. Schuirmann (1987),
        Journal of Pharmacokinetics and Biopharmaceutics 15:657-680 (steady).

    >>> import cxscore as cx
    >>> quarters = [cx.nps({10: up, 8: 40, 3: 60 - up}) for up in (31, 33, 30, 34)]
    >>> print(cx.trend(quarters))
    NPS: no clear trend, 1.20 points a period (95% CI −13.68 to 16.08), p=0.76, 4 periods
    """
    confidence = check_confidence(confidence)
    series = read_series(groups_or_results, "cx.trend", _GIVEN, figure).in_order("cx.trend", _GIVEN, spaced=True)
    series = series.at(confidence)
    chosen = _method(series.evidence, method)
    checked = _margin(series.evidence, margin)
    skipped = series.skipped(incomplete=True)
    used = np.array([key not in skipped for key in series.keys], dtype=np.bool_)
    x = np.flatnonzero(used).astype(np.float64)
    y, n, variance = (series.entry(name)[used] for name in ("value", "n", "variance"))
    if len(x) < _LEAST[chosen]:
        found = _Found()
    elif chosen == "mann-kendall":
        found = _ranked(x, y, confidence)
    else:
        found = _lined(series.evidence, x, y, n, variance, chosen, confidence)
    span = float(x[-1] - x[0]) if len(x) else 0.0
    low, high = (limit * span for limit in found.change_limits)
    return Trend(
        figure=series.evidence.name,
        about=series.evidence.rows(slice(0, 0)),
        signature=_signature(series, chosen, confidence, checked),
        direction=_direction(series.evidence, found, (low, high), checked, confidence),
        slope=_figure(series, found.slope),
        interval=_interval(series, found.limits, confidence, chosen),
        p_value=found.p_value,
        dispersion=found.dispersion,
        periods=len(x),
        change=_figure(series, found.slope * span),
        change_interval=_interval(series, (low, high), _STEADY, chosen),
        margin=margin,
        method=chosen,
        skipped=FrozenMap(skipped),
        rows=tuple(
            TrendPeriod(key, int(at), _figure(series, value), worth, _figure(series, height))
            for key, at, value, worth, height in zip(
                (key for key in series.keys if key not in skipped), x.tolist(), y.tolist(), n.tolist(),
                found.heights(x).tolist(), strict=True,
            )
        ),
    )  # fmt: skip


@attrs.frozen(eq=False)
class _Found:
    """A slope and its limits in the plain unit of the core; all undefined without data."""

    slope: float = math.nan
    limits: tuple[float, float] = (math.nan, math.nan)
    change_limits: tuple[float, float] = (math.nan, math.nan)
    """Of the slope, at the level of the change."""
    p_value: float = math.nan
    dispersion: float = math.nan
    centre: tuple[float, float] = (math.nan, math.nan)

    def heights(self, x: Floats) -> Floats:
        return self.centre[1] + self.slope * (x - self.centre[0])


def _lined(
    evidence: Evidence, x: Floats, y: Floats, n: Floats, variance: Floats, method: str, confidence: float
) -> _Found:
    freedom = len(x) - 2
    _, chance = charts.pooled(y, variance, n)
    if chance <= _ROUNDING * (evidence.high - evidence.low) ** 2:
        # Every answer of every period is the same. Half an answer at each end of the scale keeps that from
        # passing for certainty, as it does in the intervals of shares.
        ends = np.array([evidence.low, evidence.high, y[0]])
        _, chance = charts.pooled(ends, np.zeros(3), np.array([0.5, 0.5, float(n.sum())]))
    line = trends.least_squares(x, y, n)
    dispersion = line.residual / chance
    scale = chance * max(1.0, dispersion)
    if method == "cochran-armitage":
        scale = chance
    elif method == "random-effects":
        line, _ = trends.random_effects(x, y, n, chance)
        scale = max(1.0, line.residual)
    error = math.sqrt(scale / line.squares)
    if method == "cochran-armitage":
        p_value = trends.two_sided_normal(line.slope / error)
        reach, wide = z_value(confidence), z_value(_STEADY)
    else:
        p_value = trends.two_sided_t(line.slope / error, freedom)
        reach, wide = t_value(confidence, float(freedom)), t_value(_STEADY, float(freedom))
    return _Found(
        slope=line.slope,
        limits=(line.slope - reach * error, line.slope + reach * error),
        change_limits=(line.slope - wide * error, line.slope + wide * error),
        p_value=p_value,
        dispersion=dispersion,
        centre=(line.centre_x, line.centre_y),
    )


def _ranked(x: Floats, y: Floats, confidence: float) -> _Found:
    ranks = trends.mann_kendall(x, y)
    slope, low, high = trends.theil_sen(x, y, ranks.variance, z_value(confidence))
    return _Found(
        slope=slope,
        limits=(low, high),
        change_limits=trends.theil_sen(x, y, ranks.variance, z_value(_STEADY))[1:],
        p_value=trends.two_sided_normal(ranks.z),
        # Through the middle of both, as Conover has it.
        centre=(float(np.median(x)), float(np.median(y))),
    )


def _direction(
    evidence: Evidence, found: _Found, change: tuple[float, float], margin: float | None, confidence: float
) -> Direction:
    if math.isnan(found.slope):
        return "not enough data"
    if margin is not None and -margin <= change[0] and change[1] <= margin:
        return "steady"
    # A slope of 0 has no direction, whatever ties have done to its test.
    if found.p_value < 1.0 - confidence and found.slope:
        return "improving" if (found.slope > 0.0) == evidence.upward else "declining"
    return "no clear trend"


def _method(evidence: Evidence, method: Any) -> TrendMethod:
    if method is None:
        return "mann-kendall" if evidence.form == "median" else "least-squares"
    check_choice("method", method, get_args(TrendMethod))
    if evidence.form == "median" and method != "mann-kendall":
        why = "the variance of a median is not known, which this method needs; use method='mann-kendall'"
    elif method == "cochran-armitage" and evidence.form != "share":
        why = "that test is about shares; use method='least-squares'"
    else:
        found: TrendMethod = method
        return found
    msg = f"method must suit the figure (got {method!r} for {evidence.name}): {why}"
    raise ArgumentValueError(msg, argument="method", found=method)


def _margin(evidence: Evidence, margin: Any) -> float | None:
    """A margin in the plain unit of the core."""
    if margin is None:
        return None
    if evidence.form == "median":
        if not isinstance(margin, dt.timedelta):
            msg = f"margin must be a timedelta for {evidence.name} (got {shown(margin)}), e.g. timedelta(minutes=30)"
            raise ArgumentTypeError(msg, argument="margin", found=margin)
        checked, widest = margin.total_seconds(), math.inf
    else:
        if isinstance(margin, bool) or not isinstance(margin, Real):
            msg = f"margin must be a number in the unit of {evidence.name} (got {shown(margin)}), e.g. margin=5"
            raise ArgumentTypeError(msg, argument="margin", found=margin)
        checked, widest = float(margin), evidence.high - evidence.low
    if not 0.0 < checked < widest:
        room = "above 0" if evidence.form == "median" else f"above 0 and below {widest:g}"
        hint = "; two percentage points are 0.02" if evidence.unit == 1.0 and evidence.form == "share" else ""
        msg = f"margin must be {room}, a change of {evidence.name} over the whole span (got {shown(margin)}){hint}"
        raise ArgumentValueError(msg, argument="margin", found=margin)
    return checked


def _figure(series: Series, value: float) -> Any:
    """A plain number as the figure is given: medians of waits are durations, None where undefined."""
    if series.evidence.form != "median":
        return value
    return dt.timedelta(seconds=value) if math.isfinite(value) else None


def _interval(series: Series, limits: tuple[float, float], confidence: float, method: str) -> Interval:
    return Interval(_figure(series, limits[0]), _figure(series, limits[1]), confidence, method)


def _signature(series: Series, method: str, confidence: float, margin: float | None) -> Signature:
    return attrs.evolve(
        series.signature,
        estimation={
            "trend": method,
            "conf": f"{confidence:.12g}",
            "margin": "none" if margin is None else f"{margin:.12g}",
        },
    )
