"""Comparing two results of one metric, two sets of groups, or each group with the rest.

Reads what a headline rests on (`Evidence`) and nothing else of a result; the formulas are in
`_core.intervals` and `_core.differences`. Sees no answer.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from .._checks import check_choice, check_confidence
from .._core import differences, intervals
from .._core.distributions import z_value
from .._core.multiplicity import benjamini_hochberg, false_coverage_level, holm, simultaneous_level
from .._evidence import Evidence
from .._results import Brief, Finding, Interval, Result, Signature, level_text, put, show
from ..errors import ArgumentTypeError, ArgumentValueError
from ..groups import Groups
from .keys import check_same_groups
from .series import of_figure

__all__ = ["CompareMethod", "Correction", "Difference", "Verdict", "compare"]

CompareMethod = Literal[
    "mover", "adjusted-wald", "newcombe", "newcombe-cc", "agresti-caffo", "miettinen-nurminen", "adjusted-welch",
    "welch", "wald",
]  # fmt: skip
Correction = Literal["holm", "bh"]
Verdict = Literal["better", "worse", "no clear change"]

Floats = npt.NDArray[np.float64]
Limits = tuple[Any, Any]
R = TypeVar("R", bound=Result)

_VERDICTS: dict[int, Verdict] = {1: "better", -1: "worse", 0: "no clear change"}
_ASSUMES = "independent samples: nobody is in both, and what one answers does not depend on another"
_LONGEST = dt.timedelta.max.total_seconds()


@attrs.frozen(kw_only=True, eq=False)
class Difference(Finding):
    """How a figure differs between two samples: after less before, or a group less the rest.

    A difference of durations and its limits are timedeltas (None: no finite one); any other is a float in the
    unit of the figure (points, scale points, or shares 0 to 1), NaN where one of the samples has no figure.

    Attributes:
        figure: what is compared.
        estimate: after less before.
        interval: its interval.
        p_value: two-sided, by inverting the interval: at the level 1 - p it just touches 0. Of clustered answers
            the allowance for few clusters is that of the level asked for.
        verdict: "better" or "worse" where the figure has clearly moved, "no clear change" otherwise; None where
            one of the samples has no figure. Down is better for waits, repeats and scales on which low is good.
            Among many groups it follows the adjusted p-value.
        assumes: what has to be true for all this to hold.
        before, after: the two figures; `before` is the rest where a group is compared with it.
        n_before, n_after: how many independent answers they are worth, weights and clusters counted in.
        p_adjusted: p-value for many groups at once; `p_value` itself where only one comparison is made.
        simultaneous_interval: interval for many groups at once; `interval` itself likewise.

    >>> import cxscore as cx
    >>> difference = cx.compare(cx.nps({10: 30, 8: 40, 0: 30}), cx.nps({10: 50, 8: 30, 0: 20}))
    >>> print(difference)
    NPS +30.0 points (95% CI 8.0 to 50.8, p=0.0078): better
    """

    figure: str
    estimate: Any
    interval: Interval
    p_value: float
    verdict: Verdict | None
    assumes: str
    before: Any
    after: Any
    n_before: float
    n_after: float
    p_adjusted: float
    simultaneous_interval: Interval
    _kind: Evidence = attrs.field(repr=False, eq=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: durations as float seconds under `..._seconds`, undefined figures as None."""
        out: dict[str, Any] = {"metric": self._signature.metric, "signature": self.signature}
        for field in attrs.fields(type(self)):
            if field.repr:
                duration = field.name in _IN_UNIT and self._kind.form == "median"
                put(out, field.name, getattr(self, field.name), duration=duration)
        return out

    def __str__(self) -> str:
        if self.verdict is None:
            return f"{self.figure} change undefined: one side has no figure"
        adjusted = "adjusted " if self._among_many else ""
        return (
            f"{self.figure} {self._change()} ({self._limits(self.interval)}, {adjusted}{_chance(self.p_adjusted)}): "
            f"{self.verdict}"
        )

    def _change(self) -> str:
        text = self._shown(self.estimate, missing="undefined")
        if text == "undefined":
            return text
        points = " points" if self._kind.form in ("net", "share") else ""
        return f"{'' if text.startswith('−') else '+'}{text}{points}"

    def _shown(self, value: Any, missing: str) -> str:
        if self._kind.form == "median":
            return show(value, missing=missing)
        digits, size = (2, 1.0) if self._kind.form == "mean" else (1, 100.0 / self._kind.unit)
        return show(value * size, digits=digits, missing=missing)

    def _limits(self, interval: Interval) -> str:
        if interval.low != interval.low or self.p_value != self.p_value:
            return "no interval"
        low, high = self._shown(interval.low, "−∞"), self._shown(interval.high, "∞")
        return f"{level_text(interval.confidence)} CI {low} to {high}"

    def _brief(self) -> Brief:
        least = int(min(self.n_before, self.n_after))
        figure = self._change() if self.verdict is None else f"{self._change()}, {self.verdict}"
        limits = self._limits(self.simultaneous_interval)
        return Brief(f"{self.figure}, change", figure, limits, least, "n of the smaller side")

    def _columns(self) -> dict[str, str]:
        sides = ("before", "after") if self._signature.estimation["difference"] == "after-before" else ("rest", "own")
        interval = self.simultaneous_interval
        cut = f"{level_text(interval.confidence)} CI "
        adjusted = self._signature.estimation.get("correction", "none") != "none"
        return {
            f"{self.figure}, {sides[0]}": self._amount(self.before),
            sides[1]: self._amount(self.after),
            "change": self._change(),
            cut.strip(): self._limits(interval).removeprefix(cut),
            "adjusted p" if adjusted else "p": _chance(self.p_adjusted).removeprefix("p").lstrip("= "),
            "verdict": self.verdict or "",
            f"n {sides[0]}, {sides[1]}": f"{self.n_before:,.6g}, {self.n_after:,.6g}",
        }

    def _amount(self, value: Any) -> str:
        text = self._shown(value, "undefined")
        return f"{text}%" if self._kind.form == "share" and text != "undefined" else text

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("before", f"{self._shown(self.before, 'undefined')} (n={self.n_before:,.6g})"),
            ("after", f"{self._shown(self.after, 'undefined')} (n={self.n_after:,.6g})"),
            ("difference", f"{self._change()} ({self._limits(self.interval)}, {_chance(self.p_value)})"),
        ]
        if self._among_many:
            together = f"{self._limits(self.simultaneous_interval)}, adjusted {_chance(self.p_adjusted)}"
            lines.append(("among all groups", together))
        return [*lines, ("verdict", self.verdict or "undefined"), ("assumes", self.assumes)]

    @property
    def _among_many(self) -> bool:
        """Whether other comparisons had a say in the verdict."""
        return self.p_value == self.p_value and self.simultaneous_interval != self.interval


_IN_UNIT = ("estimate", "interval", "before", "after", "simultaneous_interval")


def _chance(p: float) -> str:
    return "p undefined" if p != p else "p<0.0001" if p < 0.0001 else f"p={p:.2g}"


# -- methods -----------------------------------------------------------------------------------------


class _Method(NamedTuple):
    """Limits at a level, and the p-value that belongs to them; both of two pieces of evidence (after, before)."""

    limits: Callable[[Evidence, Evidence, float], Limits]
    p: Callable[[Evidence, Evidence], Floats]


def _net(limits: Callable[..., Limits], p: Callable[..., Floats]) -> _Method:
    def counts(side: Evidence) -> tuple[Floats, Floats, Floats]:
        against, neither, counting = side.counts
        return against, np.maximum(neither, 0.0), counting  # 1 less two shares may come out just below 0

    def in_unit(first: Evidence, second: Evidence, level: float) -> Limits:
        low, high = limits(counts(first), counts(second), z_value(level))
        return first.unit * low, first.unit * high

    return _Method(in_unit, lambda first, second: p(counts(first), counts(second)))


def _share(limits: Callable[..., Limits], p: Callable[..., Floats]) -> _Method:
    def counts(first: Evidence, second: Evidence) -> tuple[Floats, ...]:
        return first.up * first.n, first.n, second.up * second.n, second.n

    def in_unit(first: Evidence, second: Evidence, level: float) -> Limits:
        low, high = limits(*counts(first, second), z_value(level))
        return first.unit * low, first.unit * high

    return _Method(in_unit, lambda first, second: p(*counts(first, second)))


def _means(side: Evidence) -> differences.Means:
    return differences.Means(side.n, side.value, side.spread)


def _adjusted_welch() -> _Method:
    return _Method(
        lambda one, two, level: differences.adjusted_welch(_means(one), _means(two), one.low, one.high, level),
        lambda one, two: differences.adjusted_welch_p(_means(one), _means(two), one.low, one.high),
    )


def _welch() -> _Method:
    return _Method(
        lambda one, two, level: differences.welch(_means(one), _means(two), level),
        lambda one, two: differences.welch_p(_means(one), _means(two)),
    )


# The first method of a form is its default.
_METHODS: dict[str, dict[str, _Method]] = {
    "net": {
        "mover": _net(intervals.nps_difference_mover, differences.net_mover_p),
        "adjusted-wald": _net(intervals.nps_difference_adjusted_wald, differences.net_adjusted_wald_p),
        "wald": _net(intervals.nps_difference_wald, differences.net_wald_p),
    },
    "share": {
        "newcombe": _share(intervals.newcombe, differences.newcombe_p),
        "newcombe-cc": _share(intervals.newcombe_cc, differences.newcombe_cc_p),
        "agresti-caffo": _share(intervals.agresti_caffo, differences.agresti_caffo_p),
        "miettinen-nurminen": _share(intervals.miettinen_nurminen, differences.miettinen_nurminen_p),
        "wald": _share(intervals.wald_difference, differences.wald_difference_p),
    },
    "mean": {"adjusted-welch": _adjusted_welch(), "welch": _welch()},
}


class _Medians:
    """MOVER on the limits of each median, which are asked one pair at a time."""

    def __init__(self, first: Sequence[Evidence], second: Sequence[Evidence]) -> None:
        self._pairs = list(zip(first, second, strict=True))

    def limits(self, level: float) -> Limits:
        found = [_median_limits(first, second, level) for first, second in self._pairs]
        low, high = np.array(found, dtype=np.float64).reshape(-1, 2).T
        return low, high

    def p(self) -> Floats:
        return np.array([_median_p(first, second) for first, second in self._pairs], dtype=np.float64)


def _median_limits(first: Evidence, second: Evidence, level: float) -> tuple[float, float]:
    if math.isnan(first.value) or math.isnan(second.value):
        return math.nan, math.nan
    sides = []
    for side in (first, second):
        # A median in the middle of a flat piece of its curve may lie beside its own limits at a low level.
        low, high = (0.0, math.inf) if side.limits is None else side.limits(level)
        sides.append((min(low, side.value), max(high, side.value)))
    return cast("tuple[float, float]", intervals.mover(first.value, sides[0], second.value, sides[1]))


def _median_p(first: Evidence, second: Evidence) -> float:
    def excludes_zero(level: float) -> bool:
        low, high = _median_limits(first, second, level)
        return low > 0.0 or high < 0.0

    gap = first.value - second.value
    return gap if math.isnan(gap) else differences.stepwise_p(excludes_zero)


# -- judging -----------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Compared:
    """All comparisons of one call, an entry each."""

    kind: Evidence
    signature: Signature
    method: str
    confidence: float
    level: float
    before: Floats
    after: Floats
    n_before: Floats
    n_after: Floats
    low: Floats
    high: Floats
    p: Floats
    p_adjusted: Floats
    simultaneous_low: Floats
    simultaneous_high: Floats
    side: npt.NDArray[np.int8]

    def difference(self, i: int) -> Difference:
        """One of them as a frozen result."""
        interval, simultaneous = (
            Interval(self._in_unit(low[i]), self._in_unit(high[i]), level, self.method)
            for low, high, level in (
                (self.low, self.high, self.confidence),
                (self.simultaneous_low, self.simultaneous_high, self.level),
            )
        )
        before, after = float(self.before[i]), float(self.after[i])
        return Difference(
            figure=self.kind.name,
            estimate=self._in_unit(after - before),
            interval=interval,
            p_value=float(self.p[i]),
            verdict=None if math.isnan(after - before) else _VERDICTS[int(self.side[i])],
            assumes=_ASSUMES,
            before=self._in_unit(before),
            after=self._in_unit(after),
            n_before=float(self.n_before[i]),
            n_after=float(self.n_after[i]),
            p_adjusted=float(self.p_adjusted[i]),
            simultaneous_interval=simultaneous,
            signature=self.signature,
            kind=self.kind,
        )

    def _in_unit(self, value: float) -> Any:
        if self.kind.form != "median":
            return float(value)
        return dt.timedelta(seconds=float(value)) if abs(value) < _LONGEST else None

    def column(self, name: str) -> npt.NDArray[Any] | None:
        """A figure of all comparisons, None where there is no such column."""
        plain = {"p_value": self.p, "p_adjusted": self.p_adjusted, "n_before": self.n_before, "n_after": self.n_after}
        in_unit = {
            "estimate": self.after - self.before,
            "before": self.before,
            "after": self.after,
            "interval.low": self.low,
            "interval.high": self.high,
            "simultaneous_interval.low": self.simultaneous_low,
            "simultaneous_interval.high": self.simultaneous_high,
        }
        if name in plain:
            return plain[name].copy()
        if name not in in_unit:
            return None
        found = np.asarray(in_unit[name], dtype=np.float64)
        if self.kind.form != "median":
            return found.copy()
        known = np.abs(found) < _LONGEST  # neither undefined nor without end
        spans = np.full(len(found), np.timedelta64("NaT"), dtype="m8[us]")
        spans[known] = np.round(found[known] * 1e6).astype("m8[us]")
        return spans


def _columns(side: Evidence) -> Evidence:
    """One result as groups of one: arrays of one entry."""
    return Evidence.stacked([side])


class _Options(NamedTuple):
    method: str | None
    correction: str | None
    confidence: float
    many: bool = True
    figure: str | None = None


def _judge(
    first: Evidence, second: Evidence, medians: _Medians | None, signature: Signature, direction: str, options: _Options
) -> _Compared:
    """Compare entry by entry: first (after, or a group) less second (before, or the rest)."""
    known = tuple(_METHODS.get(first.form, ("mover",)))
    method = known[0] if options.method is None else check_choice("method", options.method, known)
    correction, confidence = options.correction, options.confidence

    def limits(level: float) -> Limits:
        if medians is not None:
            return medians.limits(level)
        return _METHODS[first.form][method].limits(first.at(level), second.at(level), level)

    asked = first.at(confidence), second.at(confidence)  # the p-value allows for few clusters as the interval does
    p = _METHODS[first.form][method].p(*asked) if medians is None else medians.p()
    low, high = limits(confidence)
    adjusted, level = _CORRECTIONS[correction](p, confidence)
    both = (low, high) if level == confidence else limits(level)
    side = np.where(low > 0.0, 1, np.where(high < 0.0, -1, 0))
    if correction is not None:
        side = np.where(adjusted <= 1.0 - confidence, side, 0)
    estimation = {"difference": direction, "ci": method, "conf": f"{confidence:.12g}"}
    if options.many:
        estimation["correction"] = correction or "none"
    return _Compared(
        kind=first.nothing,
        signature=Signature(signature.metric, signature.definition, estimation),
        method=method,
        confidence=confidence,
        level=level,
        before=second.value,
        after=first.value,
        n_before=np.nan_to_num(asked[1].n, nan=0.0),  # a share of nothing tried has no n
        n_after=np.nan_to_num(asked[0].n, nan=0.0),
        low=low,
        high=high,
        p=p,
        p_adjusted=adjusted,
        simultaneous_low=both[0],
        simultaneous_high=both[1],
        side=(side if first.upward else -side).astype(np.int8),
    )


_CORRECTIONS: dict[str | None, Callable[[Floats, float], tuple[Floats, float]]] = {
    "holm": lambda p, confidence: (holm(p), simultaneous_level(p, confidence)),
    "bh": lambda p, confidence: (benjamini_hochberg(p), false_coverage_level(p, confidence)),
    None: lambda p, confidence: (p, confidence),
}


def check_alike(before: Signature, after: Signature, names: tuple[str, str] = ("before", "after")) -> None:
    """Refuse to hold two figures of unlike definitions against each other, naming both and what differs.

    Raises:
        ArgumentValueError: the definitions are not the same.
    """
    if before.defined == after.defined:
        return
    differing = ", ".join(f"{name} ({mine} and {other})" for name, (mine, other) in unlike(before, after).items())
    msg = (
        f"{names[0]} and {names[1]} must have the same definition (got {before.defined} and {after.defined}, unlike "
        f"in {differing}); measure both with the same settings"
    )
    raise ArgumentValueError(msg, argument=names[1], found=(before.defined, after.defined))


def unlike(before: Signature, after: Signature) -> dict[str, tuple[str, str]]:
    """The settings in which two definitions differ, each with both values."""
    mine, other = ({"metric": each.metric, **each.definition} for each in (before, after))
    return {
        name: (mine.get(name, "not set"), other.get(name, "not set"))
        for name in dict.fromkeys([*mine, *other])
        if mine.get(name) != other.get(name)
    }


# -- groups ------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class _DifferenceTable:
    """The comparisons of many groups, each made into a result when it is looked up."""

    keys: Sequence[Any]
    names: tuple[str, ...]
    many: bool
    compared: _Compared
    sides: tuple[Groups[Any], Groups[Any]] | None
    """Before and after; None where groups are compared with the rest."""
    figure: str | None

    def result(self, i: int) -> Difference:
        return self.compared.difference(i)

    def overall(self) -> Difference:
        before, after = self._both("overall")
        return self._alone(before.overall, after.overall)

    def rest(self, i: int) -> Difference:
        before, after = self._both("rest")
        key = self.keys[i]
        return self._alone(*(side.rest(key) if key in side else side.overall for side in (before, after)))

    def _alone(self, before: Any, after: Any) -> Difference:
        found = compare(before, after, figure=self.figure, method=cast("CompareMethod", self.compared.method),
                        confidence=self.compared.confidence)  # fmt: skip
        return cast("Difference", found)

    def _both(self, what: str) -> tuple[Groups[Any], Groups[Any]]:
        if self.sides is None:
            msg = f"{what} has no meaning where every group is compared with the rest; look groups up by key"
            raise ArgumentTypeError(msg, argument="groups")
        return self.sides

    def column(self, name: str) -> npt.NDArray[Any] | None:
        return self.compared.column(name)

    def evidence(self) -> None:
        return None  # read from a difference, which says why it has none

    def tally(self) -> Any:
        msg = "differences have no tally; ask the groups that were compared for theirs"
        raise ArgumentTypeError(msg, argument="groups")

    def tallies(self) -> Sequence[Any]:
        return cast("Sequence[Any]", self.tally())


def _aligned(side: Groups[Any], keys: Sequence[Any], figure: str | None) -> Evidence:
    """The evidence of some keys in their order; nothing where a group is not there."""
    if keys is side._table.keys:
        return side._evidence_of(figure)
    places = side._all_places()
    return side._evidence_of(figure).placed(np.array([places.get(key, -1) for key in keys], dtype=np.int64))


def _all_keys(before: Groups[Any], after: Groups[Any]) -> Sequence[Any]:
    """Keys of both, in the order of Groups: sorted where they compare, else first seen, a missing label last."""
    new = [key for key in after if key not in before]
    if not new:
        return before._table.keys
    keys = [*before, *new]

    def parts(key: Any) -> tuple[Any, ...]:
        return key if isinstance(key, tuple) else (key,)

    try:
        return sorted(keys, key=lambda key: [(part is None, 0 if part is None else part) for part in parts(key)])
    except TypeError:
        return sorted(keys, key=lambda key: [part is None for part in parts(key)])


def _medians(
    kind: Evidence, pairs: Iterable[tuple[Any, Any]], figure: str | None
) -> tuple[Evidence, Evidence, _Medians] | None:
    """Medians pair by pair, as only a result knows the limits of its own; None for other figures."""
    if kind.form != "median":
        return None
    sides: tuple[list[Evidence], list[Evidence]] = ([], [])
    for pair in pairs:
        for side, result in zip(sides, pair, strict=True):
            side.append(kind.nothing if result is None else result._evidence_of(figure))
    # One more, so that there is something to stack, is taken off again.
    first, second = (Evidence.stacked([*side, kind.nothing]).rows(slice(0, -1)) for side in sides)
    return first, second, _Medians(*sides)


def _compare_groups(before: Groups[Any], after: Groups[Any], options: _Options) -> Groups[Difference]:
    signature = before.overall._signature
    check_alike(signature, after.overall._signature)
    check_same_groups(before, after)
    keys = _all_keys(before, after)
    figure, overall = options.figure, before.overall
    found = _medians(overall._evidence_of(figure), ((after.get(key), before.get(key)) for key in keys), figure)
    first, second, medians = found or (_aligned(after, keys, figure), _aligned(before, keys, figure), None)
    signature = of_figure(signature, figure, overall._headline)
    compared = _judge(first, second, medians, signature, "after-before", options)
    named = before if len(before) else after
    least = max(before._min_n, after._min_n)
    table = _DifferenceTable(keys, named.names, named._table.many, compared, (before, after), figure)
    return Groups(table, min_n=least)


def _compare_with_rest(groups: Groups[Any], options: _Options) -> Groups[Difference]:
    overall, table, figure = groups.overall, groups._table, options.figure
    kind = overall._evidence_of(figure)
    found = _medians(kind, ((groups[key], groups.rest(key)) for key in groups), figure)
    first, second, medians = found or (groups._evidence_of(figure), groups._rest_evidence_of(figure), None)
    signature = of_figure(overall._signature, figure, overall._headline)
    compared = _judge(first, second, medians, signature, "group-rest", options)
    return Groups(_DifferenceTable(table.keys, table.names, table.many, compared, None, figure), min_n=groups._min_n)


# -- the function ------------------------------------------------------------------------------------


@overload
def compare(
    before: R, after: R, *, figure: str | None = None, method: CompareMethod | None = None,
    correction: Correction | None = "holm", confidence: float = 0.95,
) -> Difference: ...  # fmt: skip
@overload
def compare(
    before: Groups[R], after: Groups[R] | None = None, *, figure: str | None = None,
    method: CompareMethod | None = None, correction: Correction | None = "holm", confidence: float = 0.95,
) -> Groups[Difference]: ...  # fmt: skip
def compare(
    before: Any, after: Any = None, *, figure: str | None = None, method: CompareMethod | None = None,
    correction: Correction | None = "holm", confidence: float = 0.95,
) -> Difference | Groups[Difference]:  # fmt: skip
    """How a figure differs between two results of one metric: estimate, interval, p-value and verdict.

    Three ways: two results; two sets of groups, paired by key; or one set of groups, each held against all rows
    outside it (never against an overall that contains it).

    The samples are taken as independent. The same people asked twice go to `movement`, whose interval is
    narrower because it knows who is who.

    Args:
        before: a result, or Groups.
        after: a result or Groups of the same metric and definition; None to compare each group of `before`
            with the rest. A group that only one side has is kept, with an undefined difference.
        figure: which figure to judge, by its name: of waits e.g. "reply.median", "first_response.within_target" or
            "business_resolution.within_target", of repeats "first_contact_resolution"; None: the headline.
        method: for nets (NPS) "mover" (default: MOVER on the score limits), "adjusted-wald", "wald"; for shares
            (CSAT, repeat rate) "newcombe" (default), "newcombe-cc", "agresti-caffo", "miettinen-nurminen",
            "wald"; for means (CES) "adjusted-welch" (default: Welch with a quarter answer more at each end of
            the scale), "welch"; for medians (response times) "mover" on the log-log limits.
        correction: of the p-values of many groups. "holm": no false finding at all with `confidence`, intervals
            by Bonferroni. "bh" (Benjamini and Hochberg): few false findings among those made, intervals
            adjusted for the false coverage rate. None: each group as if it were the only one.
        confidence: level of the interval, between 0 and 1; whatever level the two results have.

    Returns:
        Difference, or Groups of them.

    Raises:
        ArgumentTypeError: no results, a result beside groups, or results without an interval to compare.
        ArgumentValueError: unlike definitions, or two sets of groups by unlike keys or without a key in common.
        UnknownNameError: a method that is not one of the figure, a figure that the results cannot be judged by.

    References:
        Zou and Donner (2008), Stat Med 27:1693. Newcombe (1998), Stat Med 17:873. Welch (1947), Biometrika 34:28.
        Holm (1979), Scand J Stat 6:65. Benjamini and Hochberg (1995), JRSS B 57:289. Benjamini and Yekutieli
        (2005), JASA 100:71.

    >>> import cxscore as cx
    >>> before, after = cx.csat({5: 48, 2: 32}), cx.csat({5: 56, 2: 14})
    >>> print(cx.compare(before, after))
    CSAT +20.0 points (95% CI 5.2 to 33.4, p=0.0081): better
    >>> by_team = cx.csat([5, 5, 1, 4, 2, 5, 1, 1] * 9, by=list("aaabbbbb") * 9)
    >>> {team: difference.verdict for team, difference in cx.compare(by_team).items()}
    {'a': 'no clear change', 'b': 'no clear change'}
    """
    confidence = check_confidence(confidence)
    if correction is not None:
        check_choice("correction", correction, ("holm", "bh"))
    options = _Options(method, correction, confidence, figure=figure)
    if isinstance(before, Groups) and after is None:
        return _compare_with_rest(before, options)
    for name, side, other in (("before", before, after), ("after", after, before)):
        _check_side(name, side, other)
    if isinstance(before, Groups):
        return _compare_groups(before, after, options)
    check_alike(before._signature, after._signature)
    one, two = after._evidence_of(figure), before._evidence_of(figure)
    first, second, medians = _medians(two, [(after, before)], figure) or (_columns(one), _columns(two), None)
    signature = of_figure(before._signature, figure, before._headline)
    alone = options._replace(correction=None, many=False)
    return _judge(first, second, medians, signature, "after-before", alone).difference(0)


def _check_side(name: str, side: Any, other: Any) -> None:
    if isinstance(side, (Result, Groups)) and isinstance(side, Groups) is isinstance(other, Groups):
        return
    if side is None:
        msg = (
            f"{name} must be given beside a single result (got None); Groups alone are compared each with the rest: "
            f"cx.compare(cx.nps(answers, by=...))"
        )
    elif isinstance(side, (Result, Groups)) and isinstance(other, (Result, Groups)):
        msg = (
            f"before and after must be two results or two Groups (got {type(side).__name__} as {name} beside "
            f"{type(other).__name__}); compare with groups.overall, or look a group up with groups[key]"
        )
    elif isinstance(side, (Result, Groups)):
        return  # the other one is refused
    else:
        kind = "a mapping of results" if isinstance(side, Mapping) else type(side).__name__
        msg = (
            f"{name} must be a result or Groups of a metric (got {kind}); measure first: "
            f"cx.compare(cx.nps(before), cx.nps(after))"
        )
    raise ArgumentTypeError(msg, argument=name, found=type(side))
