"""Limits for many groups at once: control charts for periods, funnels for agents, teams and channels.

Reads what the figures rest on and knows no kind of result; the limits are the core's.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html
from .._checks import check_choice, check_confidence
from .._core import charts
from .._core.distributions import z_value
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._results import Interval, Signature
from ..errors import ArgumentTypeError, ArgumentValueError, shown
from .series import Judgement, Series, amount, column, flat, read_series, title

__all__ = [
    "ControlChart",
    "ControlLimits",
    "ControlRow",
    "Funnel",
    "FunnelCurve",
    "FunnelRow",
    "Overdispersion",
    "control_limits",
    "funnel",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
ControlChart = Literal["laney", "p"]
Overdispersion = Literal["multiplicative", "additive"]
Side = Literal["above", "below"]

# Of two periods each lies as far from their middle as the other: there is nothing to tell apart.
_LEAST = 3
_SUREST = 1.0 - 1e-9  # beyond it Student's quantile of a few clusters says nothing any more

_SHOWN = 50


class ControlRow(NamedTuple):
    """One period of a control chart.

    >>> import cxscore as cx
    >>> cx.control_limits([cx.csat({5: 9, 1: 1}), cx.csat({5: 7, 1: 3}), cx.csat({5: 8, 1: 2})]).rows[2]
    ControlRow(key=2, value=80.0, n=10.0, low=40.106382978723396, high=100.0, out=False)
    """

    key: Any
    value: float
    """The figure, in its unit; NaN without answers."""
    n: float
    """Answers it is worth."""
    low: float
    """Lower control limit, in the unit of the figure."""
    high: float
    """Upper control limit."""
    out: bool
    """Whether the figure lies outside its limits."""


@attrs.frozen(kw_only=True, eq=False)
class ControlLimits(Judgement):
    """A control chart: which periods differ by more than the usual scatter from period to period.

    Arrays have one entry a period, in the order of the groups, and are read-only.

    Attributes:
        chart: "laney" or "p".
        sigmas: distance of the limits from the centre, in standard errors.
        centre: the figure of all periods together.
        sigma_z: scatter from period to period, as a multiple of what chance among the answers explains: 1 is
            that alone. NaN with fewer than two periods. Laney's limits are wider by it where it is above 1.
        keys: group keys.
        values: the figures.
        n: answers that each is worth; of clustered answers at the level of the sigmas.
        low: lower limits, never below the least possible figure; NaN without answers, and of all periods where fewer
            than three have answers.
        high: upper limits.
        out: True where a figure lies outside its limits.
        skipped: key to reason of groups that are no period.

    >>> import cxscore as cx
    >>> weeks = [cx.csat({5: 50 - bad, 1: bad}) for bad in (6, 5, 7, 4, 6, 5, 19, 6)]
    >>> found = cx.control_limits(weeks, chart="p")
    >>> found.outside, round(found.centre, 1), found.low[:2].round(1)
    ((6,), 85.5, array([70.6, 70.6]))
    """

    chart: ControlChart
    sigmas: float
    centre: float
    sigma_z: float
    keys: tuple[Any, ...] = attrs.field(repr=False)
    values: Floats = attrs.field(repr=False, converter=column)
    n: Floats = attrs.field(repr=False, converter=column)
    low: Floats = attrs.field(repr=False, converter=column)
    high: Floats = attrs.field(repr=False, converter=column)
    out: Bools = attrs.field(repr=False, converter=column)
    skipped: FrozenMap[Any, str]
    _hidden: Bools = attrs.field(repr=False, converter=column)

    _headline: ClassVar[str] = "outside"

    @property
    def outside(self) -> tuple[Any, ...]:
        """Keys of the periods outside their limits, in order: the way back to the groups."""
        return tuple(key for key, out in zip(self.keys, self.out, strict=True) if out)

    @property
    def rows(self) -> tuple[ControlRow, ...]:
        """One row a period."""
        columns = (self.values, self.n, self.low, self.high, self.out)
        return tuple(ControlRow(*cells) for cells in zip(self.keys, *(part.tolist() for part in columns), strict=True))

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a period: key, value, n, low, high, out. Groups that are too small show none of them."""
        return _dicts(self.rows, self._hidden)

    def __str__(self) -> str:
        known = int(np.count_nonzero(self.n > 0.0))
        if known < _LEAST:
            return f"{self.figure}: not enough data ({known} of at least {_LEAST} periods)"
        told = [title(key) for key, out in zip(self.keys, self.out & ~self._hidden, strict=True) if out]
        listed = f": {', '.join(told[:_SHOWN])}" if told else ""
        return (
            f"{self.figure}: {len(self.outside):,} of {len(self.keys):,} periods outside {self.sigmas:g} sigma about "
            f"{amount(self._about, self.centre)}{listed}"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                title(found.key),
                *_cells(self._about, hidden, found.value),
                f"{found.n:,.6g}",
                *_cells(self._about, False, found.low, found.high),
                "outside" if found.out and not hidden else "",
            )
            for found, hidden in zip(self.rows[:_SHOWN], self._hidden, strict=False)
        ]
        head = ("period", self.figure, "n", "lower limit", "upper limit", "")
        return _page(self, head, rows, len(self.keys))


class FunnelRow(NamedTuple):
    """One group of a funnel.

    >>> import cxscore as cx
    >>> row = cx.funnel({"ada": cx.csat({5: 90, 1: 10}), "bob": cx.csat({5: 3, 1: 9})}).rows[1]
    >>> row.key, row.value, row.n, row.outside
    ('bob', 25.0, 12.0, 'below')
    """

    key: Any
    value: float
    """The figure, in its unit; NaN without answers."""
    n: float
    """Answers it is worth."""
    limits: tuple[Interval, ...]
    """One a level, from the narrowest."""
    outside: Side | None
    """Where it lies outside the widest limits."""


class FunnelCurve(NamedTuple):
    """Limits over a range of sizes, to draw the funnel by.

    >>> import cxscore as cx
    >>> curve = cx.funnel([cx.csat({5: 90, 1: 10}), cx.csat({5: 8, 1: 2})]).curve(points=4)
    >>> curve.n.tolist(), curve.low.shape
    ([10.0, 40.0, 70.0, 100.0], (2, 4))
    """

    n: Floats
    """Answers, ascending."""
    low: Floats
    """Lower limits: one row a level, one column a size."""
    high: Floats
    """Upper limits."""


@attrs.frozen(kw_only=True, eq=False)
class Funnel(Judgement):
    """Limits about the figure of all groups, narrower for larger groups: whom chance does not explain.

    Groups stand in key order and are not ranked. Arrays have one entry a group (limits one row a level) and are
    read-only.

    Attributes:
        levels: levels of the limits, ascending.
        centre: the figure of all groups together.
        dispersion: mean squared distance of the groups from the centre in standard errors, the extreme tenths
            drawn in; about 0.7 where chance among the answers is all there is (1 without drawing in).
        overdispersion: how limits were widened for it, None: not at all.
        between: variance between groups that widens additive limits, in squared units; 0 otherwise.
        keys: group keys.
        values: the figures.
        n: answers that each is worth; of clustered answers at the widest level.
        low: lower limits.
        high: upper limits.

    >>> import cxscore as cx
    >>> counts = {"ada": (188, 200), "bob": (171, 200), "cid": (9, 10), "dee": (16, 30)}
    >>> agents = {agent: cx.csat({5: good, 1: n - good}) for agent, (good, n) in counts.items()}
    >>> found = cx.funnel(agents)
    >>> found.outside, round(found.centre, 1)
    (('dee',), 87.3)
    """

    levels: tuple[float, ...]
    centre: float
    dispersion: float
    overdispersion: Overdispersion | None
    between: float
    keys: tuple[Any, ...] = attrs.field(repr=False)
    values: Floats = attrs.field(repr=False, converter=column)
    n: Floats = attrs.field(repr=False, converter=column)
    low: Floats = attrs.field(repr=False, converter=column)
    high: Floats = attrs.field(repr=False, converter=column)
    _mix: _Mix = attrs.field(repr=False, eq=False)
    _hidden: Bools = attrs.field(repr=False, converter=column)

    _headline: ClassVar[str] = "outside"

    @property
    def below(self) -> Bools:
        """True where a group lies below a lower limit: one row a level, one column a group."""
        return self.values < self.low

    @property
    def above(self) -> Bools:
        """True where a group lies above an upper limit: one row a level, one column a group."""
        return self.values > self.high

    @property
    def outside(self) -> tuple[Any, ...]:
        """Keys of the groups outside the widest limits, in key order: the way back to the groups."""
        return self.beyond(self.levels[-1])

    def beyond(self, level: float) -> tuple[Any, ...]:
        """Keys of the groups outside the limits of a level, in key order.

        Args:
            level: one of `levels`.

        Raises:
            ArgumentValueError: another level.
        """
        if level not in self.levels:
            told = ", ".join(map(str, self.levels))
            msg = f"level must be one of the funnel's: {told} (got {shown(level)}); ask for it with funnel(levels=...)"
            raise ArgumentValueError(msg, argument="level", found=level)
        at = self.levels.index(level)
        out = self.below[at] | self.above[at]
        return tuple(key for key, passed in zip(self.keys, out, strict=True) if passed)

    def curve(self, points: int = 200) -> FunnelCurve:
        """The limits from the smallest to the largest group.

        Args:
            points: how many sizes, evenly spaced; 2 or more.

        Raises:
            ArgumentValueError: fewer.
        """
        if isinstance(points, bool) or not isinstance(points, int) or points < 2:
            msg = f"points must be a whole number of 2 or more (got {shown(points)}), e.g. curve(200)"
            raise ArgumentValueError(msg, argument="points", found=points)
        sizes = self.n[self.n > 0.0]
        n = np.linspace(sizes.min(), sizes.max(), points) if len(sizes) else np.empty(0)
        low, high = self._mix.limits(n, self.levels)
        return FunnelCurve(column(n), column(low), column(high))

    @property
    def rows(self) -> tuple[FunnelRow, ...]:
        """One row a group, in key order."""
        method = self._mix.method
        limits = zip(self.low.T.tolist(), self.high.T.tolist(), strict=True)
        found = []
        for key, value, n, (low, high), under, over in zip(
            self.keys, self.values.tolist(), self.n.tolist(), limits, self.below[-1], self.above[-1], strict=True
        ):
            intervals = tuple(map(Interval, low, high, self.levels, [method] * len(low)))
            found.append(FunnelRow(key, value, n, intervals, "below" if under else "above" if over else None))
        return tuple(found)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a group: key, value, n, outside, and `low_95`, `high_95` ... a level.

        Groups that are too small (`groups.with_min_n`) keep their key and n.
        """
        listed = []
        for found in self.rows:
            fields: dict[str, Any] = {**found._asdict()}
            limits = fields.pop("limits")
            for limit in limits:
                name = f"{limit.confidence * 100:.6g}".replace(".", "_")
                fields |= {f"low_{name}": limit.low, f"high_{name}": limit.high}
            listed.append(fields)
        return _dicts(listed, self._hidden)

    def __str__(self) -> str:
        under, over = int(self.below[-1].sum()), int(self.above[-1].sum())
        return (
            f"{self.figure} of {len(self.keys):,} {'group' if len(self.keys) == 1 else 'groups'} about "
            f"{amount(self._about, self.centre)}: {under:,} below "
            f"and {over:,} above the {self.levels[-1] * 100:.6g}% limits"
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                title(found.key),
                *_cells(self._about, hidden, found.value),
                f"{found.n:,.6g}",
                *(" to ".join(_cells(self._about, False, *limit)) for limit in found.limits),
                "" if hidden else found.outside or "",
            )
            for found, hidden in zip(self.rows[:_SHOWN], self._hidden, strict=False)
        ]
        head = ("group", self.figure, "n", *(f"{level * 100:.6g}% limits" for level in self.levels), "")
        return _page(self, head, rows, len(self.keys))


@attrs.frozen
class _Mix:
    """The answers of all groups together, and what one group of a size would make of them by chance."""

    evidence: Evidence
    centre: float
    variance: float
    up: float
    down: float
    times: float  # what over-dispersion multiplies the variance by
    between: float  # what it adds to the variance of a figure

    @property
    def exact(self) -> bool:
        return self.evidence.form != "mean"

    @property
    def method(self) -> str:
        return "exact" if self.exact else "normal"

    def limits(self, n: Floats, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Low and high, one row a level; NaN without answers."""
        low, high = np.full((len(levels), len(n)), np.nan), np.full((len(levels), len(n)), np.nan)
        some = n > 0.0
        # A wider spread is told as fewer answers, so that limits keep their shape and their range.
        worth = n[some] / self.times
        if self.between:
            worth = self.variance / (self.variance / n[some] + self.between)
        for i, level in enumerate(levels):
            if self.exact:
                found = charts.exact_limits(worth, self.up, self.down, (1.0 - level) / 2.0)
                low[i, some], high[i, some] = (limits * self.evidence.unit for limits in found)
            else:
                found = charts.drawn_limits(worth, self.centre, self.variance, z_value(level))
                low[i, some], high[i, some] = (
                    np.clip(limits, self.evidence.low, self.evidence.high) for limits in found
                )
        return low, high


def _dicts(rows: Sequence[Any], hidden: Bools) -> list[dict[str, Any]]:
    listed = []
    for found, hide in zip(rows, hidden, strict=True):
        fields = found if isinstance(found, dict) else found._asdict()
        if hide:
            fields = {name: value if name in ("key", "n") else None for name, value in fields.items()}
        listed.append(flat(**fields))
    return listed


def _cells(evidence: Evidence, hidden: bool, *values: float) -> tuple[str, ...]:
    return tuple("hidden" if hidden else amount(evidence, value) for value in values)


def _page(judgement: Judgement, head: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> str:
    more = f"... and {total - len(rows):,} more" if total > len(rows) else ""
    table = _html.table(head, rows, title=str(judgement), more=more)
    return table + f"<small>{html.escape(judgement.signature)}</small>"


def control_limits(
    groups: Any, *, figure: str | None = None, chart: ControlChart = "laney", sigmas: float = 3.0
) -> ControlLimits:
    """Control limits of a figure over periods: which periods differ by more than the usual scatter.

    The limits are the figure of all periods together, plus and minus `sigmas` standard errors of a period of its
    size. The variance of one answer is that of all answers together: for a share p(1 - p), for a net promoters plus
    detractors minus the squared net, for a mean the variance of the answers. Laney's chart multiplies the standard
    errors by sigma_z, the mean moving range of the standardised figures over 1.128, where that is above 1: with
    large samples the p-chart calls nearly every period out, because months differ by more than chance among the
    answers. Limits never leave the range that the figure can have, and are never narrowed.

    Args:
        groups: groups by period; or a list (or mapping) of results, one a period. Periods of a list stand as they
            are given. Keys of others are put in order of time, whatever order they came in, and must say it: dates,
            numbers, or texts such as "2026-01". Empty periods have no limits; incomplete ones stay, with the answers
            that they have.
        figure: which figure to judge, by its name: of waits e.g. "reply.median", "first_response.within_target" or
            "business_resolution.within_target", of repeats "first_contact_resolution"; None: the headline.
        chart: "laney" (p') or "p".
        sigmas: distance of the limits in standard errors, above 0.

    Returns:
        ControlLimits; without limits where fewer than three periods have answers.

    Raises:
        ArgumentTypeError: neither groups nor results, or figures without an interval.
        ArgumentValueError: groups by several keys, keys without an order in time, results of unlike definitions,
            medians, `sigmas` out of range.
        UnknownNameError: a figure that the results cannot be judged by.

    References:
        Laney (2002), Improved control charts for attributes. Quality Engineering 14:531-537. Montgomery (2019),
        Introduction to Statistical Quality Control, 7.2.

    >>> import cxscore as cx
    >>> months = [cx.nps({10: up, 8: 300, 2: 500 - up}) for up in (310, 268, 330, 290, 341, 300)]
    >>> found = cx.control_limits(months)
    >>> round(found.sigma_z, 2), found.outside
    (3.8, ())
    >>> cx.control_limits(months, chart="p").outside
    (1, 4)
    """
    check_choice("chart", chart, get_args(ControlChart))
    if isinstance(sigmas, bool) or not isinstance(sigmas, Real):
        msg = f"sigmas must be a number above 0 (got {shown(sigmas)}), e.g. sigmas=3"
        raise ArgumentTypeError(msg, argument="sigmas", found=sigmas)
    if not 0.0 < sigmas < float("inf"):
        msg = f"sigmas must be a number above 0 (got {shown(sigmas)}), e.g. sigmas=3"
        raise ArgumentValueError(msg, argument="sigmas", found=sigmas)
    series = _with_variance(read_series(groups, "cx.control_limits", figure=figure).in_order("cx.control_limits"))
    skipped = {key: reason for key, reason in series.skipped(incomplete=False).items() if reason == "no period"}
    periods = np.array([key not in skipped for key in series.keys], dtype=np.bool_)
    values, n = series.entry("value")[periods], series.entry("n")[periods]
    known = n > 0.0
    centre, variance = charts.pooled(
        values[known], series.entry("variance")[periods][known], series.entry("weight")[periods][known]
    )
    low, high = charts.drawn_limits(n, centre, variance, 1.0)
    level = min(max(math.erf(sigmas / math.sqrt(2.0)), 0.5), _SUREST)
    n = series.at(level).entry("n")[periods]
    scatter = float("nan")
    if variance > 0.0:
        scatter = charts.sigma_z((values[known] - centre) / (high[known] - centre))
    wider = max(1.0, scatter) if chart == "laney" and scatter == scatter else 1.0
    low, high = (
        np.clip(limits, series.evidence.low, series.evidence.high)
        for limits in charts.drawn_limits(n, centre, variance, sigmas * wider)
    )
    if np.count_nonzero(known) < _LEAST:
        low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    return ControlLimits(
        figure=series.evidence.name, about=series.evidence.rows(slice(0, 0)),
        signature=_signature(series, {"control": chart, "sigmas": f"{sigmas:.12g}"}), chart=chart, sigmas=float(sigmas),
        centre=centre, sigma_z=scatter, keys=tuple(key for key in series.keys if key not in skipped), values=values,
        n=n, low=low, high=high, out=(values < low) | (values > high), skipped=FrozenMap(skipped),
        hidden=series.hidden[periods],
    )  # fmt: skip


def funnel(
    groups: Any, *, figure: str | None = None, levels: Sequence[float] = (0.95, 0.998),
    overdispersion: Overdispersion | None = None,
) -> Funnel:  # fmt: skip
    """Funnel limits: which groups differ from all groups together by more than chance explains.

    For shares and nets the limits are those of the exact distribution of a group of that size, drawn from the
    answers of all groups together: a group lies outside where its figure, or one further out, would come up with
    a probability below half of what the level leaves. For shares that is where the overall share lies outside
    the group's Clopper-Pearson interval. Means have normal limits from the variance of all answers, which
    are rough for small groups.

    Args:
        groups: groups of a metric (agents, teams, channels ...), or a list or mapping of results.
        figure: which figure to judge, by its name: of waits e.g. "reply.median", "first_response.within_target" or
            "business_resolution.within_target", of repeats "first_contact_resolution"; None: the headline.
        levels: levels of the limits, each between 0 and 1.
        overdispersion: "multiplicative" or "additive" widens the limits where groups scatter by more than
            chance among the answers (unlike customers, unlike questions): by the dispersion, or by a
            variance between groups. None: chance among the answers is all that counts.

    Returns:
        Funnel.

    Raises:
        ArgumentTypeError: neither groups nor results, or figures without an interval.
        ArgumentValueError: results of unlike definitions, medians, a level out of range.
        UnknownNameError: a figure that the results cannot be judged by.

    References:
        Spiegelhalter (2005), Funnel plots for comparing institutional performance. Statistics in Medicine
        24:1185-1202.

    >>> import cxscore as cx
    >>> good, agent = [5] * 95 + [1] * 5 + [5] * 4 + [1] * 6, ["ada"] * 100 + ["bob"] * 10
    >>> print(cx.funnel(cx.csat(good, by=agent)))
    CSAT of 2 groups about 90.0%: 1 below and 0 above the 99.8% limits
    """
    checked = _levels(levels)
    if overdispersion is not None:
        check_choice("overdispersion", overdispersion, get_args(Overdispersion))
    series = _with_variance(read_series(groups, "cx.funnel", figure=figure))
    values, n, weight = (series.entry(name) for name in ("value", "n", "weight"))
    known = n > 0.0
    centre, variance = charts.pooled(values[known], series.entry("variance")[known], weight[known])
    up, down = (charts.pooled(series.entry(name)[known], n[known], weight[known])[0] for name in ("up", "down"))
    dispersion = float("nan")
    if variance > 0.0:
        dispersion = charts.winsorised_dispersion((values[known] - centre) * np.sqrt(n[known] / variance))
    widened = dispersion > 1.0
    mix = _Mix(
        series.evidence.rows(slice(0, 0)), centre, variance, up, down,
        times=dispersion if widened and overdispersion == "multiplicative" else 1.0,
        between=(
            charts.additive_dispersion(dispersion, n[known], variance)
            if widened and overdispersion == "additive" else 0.0
        ),
    )  # fmt: skip
    n = series.at(checked[-1]).entry("n")  # one number a group, so that groups stand where the curve has their limits
    low, high = mix.limits(n, checked)
    told = {"funnel": mix.method, "levels": ",".join(f"{level:.12g}" for level in checked)}
    return Funnel(
        figure=series.evidence.name, about=series.evidence.rows(slice(0, 0)),
        signature=_signature(series, {**told, "overdispersion": overdispersion or "none"}), levels=checked,
        centre=centre, dispersion=dispersion, overdispersion=overdispersion, between=mix.between, keys=series.keys,
        values=values, n=n, low=low, high=high, mix=mix, hidden=series.hidden,
    )  # fmt: skip


def _with_variance(series: Series) -> Series:
    if series.evidence.form == "median":
        msg = (
            f"groups must be figures whose variance is known (got {series.evidence.name}); judge the share within "
            f'target instead: cx.response_times(..., targets=...) and figure="first_response.within_target"'
        )
        raise ArgumentValueError(msg, argument="groups", found=series.evidence.name)
    return series


def _levels(levels: Any) -> tuple[float, ...]:
    if isinstance(levels, (str, bytes)) or not isinstance(levels, Sequence) or not levels:
        msg = f"levels must be a list or tuple of levels (got {shown(levels)}), e.g. levels=(0.95, 0.998)"
        raise ArgumentTypeError(msg, argument="levels", found=levels)
    return tuple(sorted(map(check_confidence, levels)))


def _signature(series: Series, estimation: dict[str, str]) -> Signature:
    return attrs.evolve(series.signature, estimation=estimation)
