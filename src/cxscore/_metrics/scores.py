"""NPS, CSAT and CES: three readings of one count matrix, each with its result and its function.

Door (`tallies`) → core (`scores`, `intervals`) → frozen result. One group, a thousand and a million
take the same formulas: plain numbers for one, arrays for many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, TypeVar, overload

import attrs
import numpy as np
import numpy.typing as npt

from .._accounting import LeftOut
from .._calls import guided
from .._checks import check_choice, check_confidence
from .._core import clusters, intervals, scores
from .._core.distributions import z_value
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._results import Brief, Interval, Result, Signature, show
from ..groups import Groups
from ..scales import CES_1_7, CSAT_1_5, NPS_0_10, Scale
from ..tallies._clusters import AnswerClusters, ClusteredRows, OtherRows, SingleAnswers
from ..tallies._score_table import ScoreTable, score_table
from ..tallies._scores import ScoreTally, score_tally

__all__ = [
    "CesMethod",
    "CesResult",
    "CsatMethod",
    "CsatResult",
    "Invalid",
    "Missing",
    "NpsMethod",
    "NpsResult",
    "Superseded",
    "ces",
    "csat",
    "nps",
]

Missing = Literal["drop", "raise"]
Invalid = Literal["raise", "drop"]
Superseded = Literal["drop", "count"]
NpsMethod = Literal["score", "adjusted-wald", "wald"]
CsatMethod = Literal["wilson", "agresti-coull", "wald"]
CesMethod = Literal["adjusted-t", "t"]

Number = Any  # a float for one group, a float array for many
Limits = tuple[Number, Number]
_NAN = float("nan")
F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound="ScoreResult")

_NPS_LIMITS: dict[str, Callable[..., Limits]] = {
    "score": intervals.nps_score,
    "adjusted-wald": intervals.nps_adjusted_wald,
    "wald": intervals.nps_wald,
}
_SHARE_LIMITS: dict[str, Callable[..., Limits]] = {
    "wilson": intervals.wilson,
    "agresti-coull": intervals.agresti_coull,
    "wald": intervals.wald,
}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScoreResult(Result):
    """What the three survey results share.

    Attributes:
        score: the figure the metric is named for.
        interval: its confidence interval, in the unit of `score`.
        iid_interval: the interval that takes every answer as independent; differs only with clusters, and only
            then stands in `to_dict`, `repr` and HTML.
        distribution: point to number of answers, all points of the scale.
        effective_n: Kish's effective number of answers; `n` without weights.
        clusters: clusters with at least one answer, None where every answer is taken as independent. Where there
            are as many as answers, none has two and `interval` is `iid_interval`.
        respondents: distinct people behind the answers, None where not known.
        asked: invitations behind the answers, superseded answers not counted, None where not known.
        response_rate: answers over invitations, None where not known.
    """

    score: float
    interval: Interval
    iid_interval: Interval
    distribution: FrozenMap[int, int]
    effective_n: float
    clusters: int | None = None
    # Context that only some doors can know; the figures are the same without it.
    respondents: int | None = attrs.field(default=None, eq=False)
    asked: int | None = attrs.field(default=None, eq=False)
    response_rate: float | None = attrs.field(default=None, eq=False)
    _evidence: Evidence = attrs.field(repr=False, eq=False)

    def _why_not(self, figure: str) -> str:
        return "measure another figure of the answers by its own metric, or with scale=scale.with_bands(...)"

    def _apart(self) -> bool:
        """Whether the interval of independent answers is another one."""
        return self.clusters is not None and self.iid_interval != self.interval

    def __repr__(self) -> str:
        told = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in attrs.fields(type(self))
            if field.repr and (field.name != "iid_interval" or self._apart())
        )
        return f"{type(self).__name__}({', '.join(told)})"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, undefined figures as None; `iid_interval` only where it differs from `interval`."""
        out = super().to_dict()
        if not self._apart():
            del out["iid_interval"]
        return out

    def _answers(self) -> list[tuple[str, str]]:
        """Rows of the HTML table that all three have: the answers, and whose they are."""
        rows = [("answers", f"{self.n:,}")]
        if self.clusters is not None:
            rows.append(("clusters", f"{self.clusters:,}"))
        if self._apart():
            rows.append(("if independent", self._independent()))
        return rows

    def _independent(self) -> str:
        return str(self.iid_interval)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NpsResult(ScoreResult):
    """Net Promoter Score in points, with everything it was made of.

    Attributes:
        promoters: answers in the good band.
        passives: answers in neither band.
        detractors: answers in the poor band.
        promoter_share: share of promoters, 0 to 1, weighted where weights were given.
        passive_share: share of passives.
        detractor_share: share of detractors.
        mean: mean answer on the scale.
        total_weight: sum of the weights; `n` without weights.

    >>> import cxscore as cx
    >>> result = cx.nps([10, 9, 8, 3])
    >>> result.promoters, result.passives, result.detractors, result.score
    (2, 1, 1, 25.0)
    """

    promoters: int
    passives: int
    detractors: int
    promoter_share: float
    passive_share: float
    detractor_share: float
    mean: float
    total_weight: float

    def __str__(self) -> str:
        return str(self._brief())

    def _brief(self) -> Brief:
        return Brief("NPS", show(self.score), str(self.interval), self.n)

    def _lines(self) -> list[tuple[str, str]]:
        return [
            ("NPS", f"{show(self.score)} ({self.interval})"),
            ("promoters", _share(self.promoters, self.promoter_share)),
            ("passives", _share(self.passives, self.passive_share)),
            ("detractors", _share(self.detractors, self.detractor_share)),
            ("mean answer", show(self.mean, digits=2)),
            *self._answers(),
        ]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CsatResult(ScoreResult):
    """Customer satisfaction: percent of answers at or above the criterion.

    Attributes:
        satisfied: answers in the good band.
        neutral: answers in neither band; they stay in the denominator.
        dissatisfied: answers in the poor band.
        satisfied_share: share of satisfied answers, 0 to 1, weighted where weights were given.
        dissatisfied_share: share of dissatisfied answers.
        net: satisfied minus dissatisfied, in points -100 to 100.
        net_interval: its interval (score method).
        mean: mean answer on the scale.
        total_weight: sum of the weights; `n` without weights.

    >>> import cxscore as cx
    >>> result = cx.csat([5, 4, 3, 1])
    >>> result.satisfied, result.neutral, result.dissatisfied, result.score
    (2, 1, 1, 50.0)
    """

    satisfied: int
    neutral: int
    dissatisfied: int
    satisfied_share: float
    dissatisfied_share: float
    net: float
    net_interval: Interval
    mean: float
    total_weight: float

    def __str__(self) -> str:
        return str(self._brief())

    def _brief(self) -> Brief:
        return Brief("CSAT", _percent(self.score), str(self.interval), self.n)

    def _lines(self) -> list[tuple[str, str]]:
        return [
            ("CSAT", f"{_percent(self.score)} ({self.interval})"),
            ("satisfied", _share(self.satisfied, self.satisfied_share)),
            ("neutral", f"{self.neutral:,}"),
            ("dissatisfied", _share(self.dissatisfied, self.dissatisfied_share)),
            ("net", f"{show(self.net)} ({self.net_interval})"),
            ("mean answer", show(self.mean, digits=2)),
            *self._answers(),
        ]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CesResult(ScoreResult):
    """Customer effort: four figures that are all called CES; the mean is `score`.

    Attributes:
        easy: answers in the good band.
        difficult: answers in the poor band.
        easy_share: share of easy answers, 0 to 1, weighted where weights were given.
        easy_interval: its interval (Wilson).
        top_two_share: share of the two best points.
        top_two_interval: its interval (Wilson).
        difficult_share: share of difficult answers.
        net_index: two best points minus difficult, in points -100 to 100.
        net_interval: its interval (score method).
        total_weight: sum of the weights; `n` without weights.

    >>> import cxscore as cx
    >>> result = cx.ces([7, 6, 5, 2])
    >>> result.score, result.easy_share, result.top_two_share, result.net_index
    (5.0, 0.75, 0.5, 25.0)
    """

    easy: int
    difficult: int
    easy_share: float
    easy_interval: Interval
    top_two_share: float
    top_two_interval: Interval
    difficult_share: float
    net_index: float
    net_interval: Interval
    total_weight: float

    def __str__(self) -> str:
        return str(self._brief()._replace(name="CES"))

    def _brief(self) -> Brief:
        return Brief("CES, mean", show(self.score, digits=2), _interval(self.interval, 2), self.n)

    def _lines(self) -> list[tuple[str, str]]:
        return [
            ("CES, mean", f"{show(self.score, digits=2)} ({_interval(self.interval, 2)})"),
            ("easy", f"{_share(self.easy, self.easy_share)}, {_percent_interval(self.easy_interval)}"),
            ("top two", f"{_percent(self.top_two_share * 100)}, {_percent_interval(self.top_two_interval)}"),
            ("difficult", _share(self.difficult, self.difficult_share)),
            ("net index", f"{show(self.net_index)} ({self.net_interval})"),
            *self._answers(),
        ]

    def _independent(self) -> str:
        return _interval(self.iid_interval, 2)


def _percent(value: float) -> str:
    return show(value) if value != value else f"{show(value)}%"


def _share(count: int, share: float) -> str:
    return f"{count:,} ({_percent(share * 100)})"


def _interval(interval: Interval, digits: int) -> str:
    if interval.low != interval.low:
        return str(interval)
    low, high = (show(limit, digits=digits) for limit in interval)
    return f"{interval.confidence * 100:.6g}% CI {low} to {high}"


def _percent_interval(interval: Interval) -> str:
    return str(attrs.evolve(interval, low=interval.low * 100, high=interval.high * 100))


# -- figures: one text for one group and for many ----------------------------------------------------


@attrs.frozen
class _Counts:
    """Count matrix by columns, ready for the formulas: one entry a point."""

    counts: Sequence[Number]
    sums: Sequence[Number]
    squares: Sequence[Number] | None  # None: every weight is 1, and effective numbers are plain ones
    clusters: AnswerClusters | ClusteredRows | OtherRows | SingleAnswers | None = None  # None: all are independent

    @classmethod
    def of(cls, tally: ScoreTally) -> _Counts:
        return cls(tally.counts, tally.counts if tally.sums is None else tally.sums, tally.squares, tally.clusters)

    @classmethod
    def of_table(cls, table: ScoreTable) -> _Counts:
        counts = list(table.counts.T.astype(np.float64))
        sums = counts if table.sums is None else list(table.sums.T)
        return cls(counts, sums, None if table.squares is None else list(table.squares.T), table.clusters)

    def outside(self) -> _Counts:
        """For each group the answers of all others."""

        def others(column: Number) -> Number:
            # What comes before plus what comes after: a total less the group's own would round.
            around = np.zeros(len(column) + 2)
            around[1:-1] = column
            return np.cumsum(around)[:-2] + np.cumsum(around[::-1])[::-1][2:]

        counts = [others(column) for column in self.counts]
        sums = counts if self.squares is None else [others(column) for column in self.sums]
        squares = None if self.squares is None else [others(column) for column in self.squares]
        rows = self.clusters.outside() if isinstance(self.clusters, ClusteredRows) else None
        return _Counts(counts, sums, squares, rows)

    def independent(self) -> _Counts:
        """The same answers as if none hung on another."""
        return attrs.evolve(self, clusters=None)

    def n(self) -> Number:
        return sum(self.counts)

    def worth(self, values: Sequence[float]) -> tuple[Number, Number]:
        """Independent answers that say as much about the weighted mean of `values`, and how many clusters say so.

        The second is NaN where clusters change nothing: there are none, or all have a single answer.
        """
        n = self.n() if self.squares is None else scores.effective(self.sums, self.squares, values)
        if self.clusters is None:
            return n, _NAN
        alone = self.clusters.count == self.n()
        if isinstance(self.clusters, SingleAnswers) or np.all(alone):
            return n, _NAN
        mean, variance = scores.mean_and_variance(self.sums, values)
        worth, known = clusters.worth(
            variance=variance,
            spread=self.clusters.spread([value - mean for value in values]),
            sizes=self.clusters.sizes,
            total=sum(self.sums),
            independent=n,
            kish=self.kish(),
        )
        # To the bit, where the formula would leave a rounding error.
        return (np.where(alone, n, worth), np.where(alone, _NAN, known)) if np.ndim(alone) else (worth, known)

    def effective(self, values: Sequence[float], confidence: float) -> Number:
        """The same number for an interval at a level of confidence."""
        n, known = self.worth(values)
        return clusters.at_level(n, known, self.kish(), confidence) if np.any(known == known) else n

    def kish(self) -> Number:
        return self.n() * 1.0 if self.squares is None else scores.kish(self.sums, self.squares)


@attrs.frozen
class _Settings:
    """What a look-up in Groups needs and what writes the signature."""

    metric: str
    scale: Scale
    method: str
    confidence: float
    missing: str
    invalid: str
    superseded: str
    weighted: bool
    cluster: str
    one_vote: bool

    @classmethod
    def of(
        cls, metric: str, method: str, confidence: float, missing: str, invalid: str,
        found: ScoreTally | ScoreTable,
    ) -> _Settings:  # fmt: skip
        told = found.clusters
        one_vote = told is not None and told.one_vote
        return cls(
            metric, found.scale, method, confidence, missing, invalid, found.superseded,
            weighted=found.sums is not None and not one_vote,
            cluster="none" if told is None else told.name,
            one_vote=one_vote,
        )  # fmt: skip

    def signature(self) -> Signature:
        estimation = {
            "ci": self.method,
            "conf": f"{self.confidence:.12g}",
            "missing": self.missing,
            "invalid": self.invalid,
            "cluster": self.cluster,
        }
        if self.weighted:
            estimation["weights"] = "given"
        definition: dict[str, str] = dict(self.scale.definition)
        if self.superseded != "drop":  # other answers count, so it is another figure
            definition["superseded"] = self.superseded
        if self.one_vote:  # another figure than a score of answers
            definition["one_vote_per"] = self.cluster
        definition["v"] = "1"
        return Signature(self.metric, definition, estimation)


def _positions(scale: Scale, points: range) -> range:
    return range(points.start - scale.low, points.stop - scale.low)


def _contrast(scale: Scale, good: range, poor: range) -> list[float]:
    return [float((point in good) - (point in poor)) for point in scale.points]


def _net(
    data: _Counts, settings: _Settings, good: range, poor: range, limits: Callable[..., Limits]
) -> tuple[Number, ...]:
    """Shares of the answers that count +1, 0 and -1, and the net in points with its limits."""
    contrast = _contrast(settings.scale, good, poor)  # a point in both bands counts 0
    total = scores.or_nan(sum(data.sums))
    # Summed, not subtracted: weights would leave a rounding error where there is nobody.
    nobody = 0.0 * data.sums[0]
    up, middle, down = (
        sum([part for part, value in zip(data.sums, contrast, strict=True) if value == side], nobody)
        for side in (1.0, 0.0, -1.0)
    )
    stretch = 1.0
    if data.squares is not None or data.clusters is not None:  # the same shares, of as many answers as they are worth
        stretch = data.effective(contrast, settings.confidence) / total
    low, high = limits(down * stretch, middle * stretch, up * stretch, z_value(settings.confidence))
    return up / total, middle / total, down / total, 100.0 * (up - down) / total, (100.0 * low, 100.0 * high)


def _part(data: _Counts, settings: _Settings, points: range, limits: Callable[..., Limits]) -> tuple[Number, Limits]:
    """Share of some points with its limits."""
    total = scores.or_nan(sum(data.sums))
    hits = scores.of_points(data.sums, _positions(settings.scale, points))
    stretch = 1.0
    if data.squares is not None or data.clusters is not None:
        stretch = data.effective(_contrast(settings.scale, points, range(0)), settings.confidence) / total
    return hits / total, limits(hits * stretch, sum(data.sums) * stretch, z_value(settings.confidence))


def _shared(data: _Counts) -> dict[str, Number]:
    shared = {"n": data.n(), "effective_n": data.kish(), "total_weight": sum(data.sums) * 1.0}
    return shared if data.clusters is None else {**shared, "clusters": data.clusters.count}


def _evidence(
    data: _Counts, settings: _Settings, name: str, contrast: Sequence[float], *, score: Number, up: Number,
    down: Number | None = None,
) -> Evidence:  # fmt: skip
    """Behind a share, or a net where there is a `down`, in points."""
    n, known = data.worth(contrast)
    return Evidence(
        name=name,
        form="share" if down is None else "net",
        unit=100.0,
        upward=True,
        value=score,
        n=n,
        weight=sum(data.sums) * 1.0,
        up=up,
        down=0.0 if down is None else down,
        low=0.0 if down is None else -100.0,
        high=100.0,
        clusters=known,
        answers=data.kish(),
    )


def _nps_figures(data: _Counts, settings: _Settings) -> dict[str, Any]:
    scale = settings.scale
    method = _NPS_LIMITS[settings.method]
    up, middle, down, score, limits = iid = _net(data, settings, scale.good, scale.poor, method)
    if data.clusters is not None:
        iid = _net(data.independent(), settings, scale.good, scale.poor, method)
    good = scores.of_points(data.counts, _positions(scale, scale.good))
    poor = scores.of_points(data.counts, _positions(scale, scale.poor))
    return {
        **_shared(data),
        "score": score,
        "interval": (*limits, settings.method),
        "iid_interval": (*iid[-1], settings.method),
        "promoters": good,
        "passives": data.n() - good - poor,
        "detractors": poor,
        "promoter_share": up,
        "passive_share": middle,
        "detractor_share": down,
        "mean": scores.mean_and_variance(data.sums, scale.points)[0],
        "evidence": _evidence(
            data, settings, "NPS", _contrast(scale, scale.good, scale.poor), score=score, up=up, down=down
        ),
    }


def _csat_figures(data: _Counts, settings: _Settings) -> dict[str, Any]:
    scale = settings.scale
    method = _SHARE_LIMITS[settings.method]
    share, (low, high) = _, (iid_low, iid_high) = _part(data, settings, scale.good, method)
    if data.clusters is not None:
        _, (iid_low, iid_high) = _part(data.independent(), settings, scale.good, method)
    _, _, down, net, net_limits = _net(data, settings, scale.good, scale.poor, intervals.nps_score)
    good = scores.of_points(data.counts, _positions(scale, scale.good))
    poor = scores.of_points(data.counts, _positions(scale, scale.poor))
    return {
        **_shared(data),
        "score": 100.0 * share,
        "interval": (100.0 * low, 100.0 * high, settings.method),
        "iid_interval": (100.0 * iid_low, 100.0 * iid_high, settings.method),
        "satisfied": good,
        "neutral": data.n() - good - poor,
        "dissatisfied": poor,
        "satisfied_share": share,
        "dissatisfied_share": down,
        "net": net,
        "net_interval": (*net_limits, "score"),
        "mean": scores.mean_and_variance(data.sums, scale.points)[0],
        "evidence": _evidence(
            data, settings, "CSAT", _contrast(scale, scale.good, range(0)), score=100.0 * share, up=share
        ),
    }


def _mean_limits(data: _Counts, settings: _Settings, mean: Number, variance: Number) -> Limits:
    """Limits of the mean of the answers."""
    scale, confidence = settings.scale, settings.confidence
    n = data.effective([float(point) for point in scale.points], confidence)
    if settings.method == "t":
        return intervals.mean_t(n, mean, variance, confidence)
    return intervals.mean_adjusted_t(n, mean, variance, float(scale.low), float(scale.high), confidence)


def _ces_figures(data: _Counts, settings: _Settings) -> dict[str, Any]:
    scale = settings.scale
    mean, variance = scores.mean_and_variance(data.sums, scale.points)
    limits = iid = _mean_limits(data, settings, mean, variance)
    if data.clusters is not None:
        iid = _mean_limits(data.independent(), settings, mean, variance)
    easy, easy_limits = _part(data, settings, scale.good, intervals.wilson)
    top, top_limits = _part(data, settings, scale.top_two, intervals.wilson)
    *_, net, net_limits = _net(data, settings, scale.top_two, scale.poor, intervals.nps_score)
    difficult = scores.of_points(data.sums, _positions(scale, scale.poor))
    n, known = data.worth([float(point) for point in scale.points])
    return {
        **_shared(data),
        "score": mean,
        "interval": (*limits, settings.method),
        "iid_interval": (*iid, settings.method),
        "easy": scores.of_points(data.counts, _positions(scale, scale.good)),
        "difficult": scores.of_points(data.counts, _positions(scale, scale.poor)),
        "easy_share": easy,
        "easy_interval": (*easy_limits, "wilson"),
        "top_two_share": top,
        "top_two_interval": (*top_limits, "wilson"),
        "difficult_share": difficult / scores.or_nan(sum(data.sums)),
        "net_index": net,
        "net_interval": (*net_limits, "score"),
        "evidence": Evidence(
            name="CES, mean",
            form="mean",
            unit=1.0,
            upward=not scale.low_is_good,
            value=mean,
            n=n,
            weight=sum(data.sums) * 1.0,
            spread=variance,
            low=float(scale.low),
            high=float(scale.high),
            clusters=known,
            answers=data.kish(),
        ),
    }


_FIGURES: dict[str, Callable[[_Counts, _Settings], dict[str, Any]]] = {
    "nps": _nps_figures,
    "csat": _csat_figures,
    "ces": _ces_figures,
}


def _result(kind: type[R], tally: ScoreTally, settings: _Settings) -> R:
    """One group's figures as a frozen result."""
    fields: dict[str, Any] = {}
    for name, value in _FIGURES[settings.metric](_Counts.of(tally), settings).items():
        if type(value) is tuple:
            fields[name] = Interval(value[0], value[1], settings.confidence, value[2])
        else:
            fields[name] = value
    asked = tally.asked
    return kind(
        given=tally.given,
        left_out=tally.left_out,
        signature=settings.signature(),
        distribution=tally.distribution,
        respondents=tally.respondents,
        asked=asked,
        response_rate=None if asked is None else (tally.n / asked if asked else float("nan")),
        **fields,
    )


@attrs.frozen(eq=False)
class _ScoreGroups(Generic[R]):
    """Results of many groups, made of one count matrix on look-up."""

    table: ScoreTable
    settings: _Settings
    kind: type[R]

    @property
    def keys(self) -> Sequence[Any]:
        return self.table.keys

    @property
    def names(self) -> tuple[str, ...]:
        return self.table.names

    @property
    def many(self) -> bool:
        return self.table.many

    def result(self, i: int) -> R:
        return _result(self.kind, self.table.row(i), self.settings)

    def overall(self) -> R:
        return _result(self.kind, self.table.total(), self.settings)

    def rest(self, i: int) -> R:
        return _result(self.kind, self.table.rest(i), self.settings)

    def union(self, places: npt.NDArray[np.int64]) -> R:
        return _result(self.kind, self.table.union(places), self.settings)

    def unions(self, windows: npt.NDArray[np.int64]) -> _ScoreGroups[R] | None:
        table = self.table.unions(windows)
        return None if table is None else attrs.evolve(self, table=table)

    def column(self, name: str) -> npt.NDArray[Any] | None:
        field, _, part = name.partition(".")
        figure = _FIGURES[self.settings.metric](_Counts.of_table(self.table), self.settings).get(field)
        if type(figure) is tuple:
            if part not in ("low", "high"):
                return None  # the slow path explains what a column may be
            figure = figure[("low", "high").index(part)]
        elif part or figure is None or isinstance(figure, Evidence):
            return None
        counts = isinstance(figure, np.ndarray) and field in _WHOLE
        return np.asarray(figure, dtype=np.int64 if counts else np.float64)

    def evidence(self) -> Evidence:
        found: Evidence = _FIGURES[self.settings.metric](_Counts.of_table(self.table), self.settings)["evidence"]
        return found

    def rest_evidence(self) -> Evidence | None:
        """The evidence of all answers outside each group, from sums; None where votes depend on the group."""
        if self.table.rows is not None and self.table.rows.one_vote:
            return None
        outside = _Counts.of_table(self.table).outside()
        found: Evidence = _FIGURES[self.settings.metric](outside, self.settings)["evidence"]
        return found

    def tally(self) -> ScoreTally:
        return self.table.total(to_merge=True)

    def tallies(self) -> Sequence[ScoreTally]:
        return [self.table.row(i, to_merge=True) for i in range(len(self.table))]


_WHOLE = frozenset(
    (
        "n",
        "clusters",
        "promoters",
        "passives",
        "detractors",
        "satisfied",
        "neutral",
        "dissatisfied",
        "easy",
        "difficult",
    )
)


def _measure(
    kind: type[R], metric: str, answers: Any, *, default: Scale, methods: tuple[str, ...], by: Any,
    scale: Scale | None, method: str, confidence: float, **rows: Any,
) -> R | Groups[R]:  # fmt: skip
    """Door → core → result, for all three; `rows` says which answers count and what each of them weighs."""
    check_choice("method", method, methods)
    confidence = check_confidence(confidence)
    if scale is None:
        scale = answers.scale if isinstance(answers, ScoreTally) else default
    chosen = method, confidence, rows["missing"], rows["invalid"]
    if by is None:
        tally = score_tally(answers, scale, **rows)
        if LeftOut.INVALID in tally.left_out:  # a tally says itself what became of them
            chosen = *chosen[:3], "drop"
        return _result(kind, tally, _Settings.of(metric, *chosen, tally))
    table = score_table(answers, scale, by=by, **rows)
    return Groups(_ScoreGroups(table, _Settings.of(metric, *chosen, table), kind))


def _guided(metric: str, scale: str) -> Callable[[F], F]:
    """Ways out for the calls that people try first."""
    bands = f"the criterion belongs to the scale: scale=cx.{scale}.with_bands"
    return guided(
        second=f'pass one column, {metric}(df["score"]), in a later release also frames.{metric}(df, "score")',
        keywords={
            "good_from": f"{bands}(good_from={{value}})",
            "poor_up_to": f"{bands}(poor_up_to={{value}})",
            "top": f"{bands}(good_from=...)",
        },
    )


# -- the functions -----------------------------------------------------------------------------------


@overload
def nps(
    answers: Any, *, by: None = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: NpsMethod = "score", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> NpsResult: ...  # fmt: skip
@overload
def nps(
    answers: Any, *, by: Any, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: NpsMethod = "score", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> Groups[NpsResult]: ...  # fmt: skip
@_guided("nps", "NPS_0_10")
def nps(
    answers: Any, *, by: Any = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: NpsMethod = "score", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> NpsResult | Groups[NpsResult]:  # fmt: skip
    """Net Promoter Score in points, -100 to 100: share of promoters minus share of detractors, times 100.

    Args:
        answers: 1-D ArrayLike of numbers or labels of the scale, `SurveyResponse` records, a `Responses`
            batch, a mapping of point to count, or a `ScoreTally`.
        by: labels of the rows (or attribute names for records and batches); several as list, tuple or dict.
        weights: sampling weights of 0 or more, one a row, or an attribute name for records.
        cluster: who gave each answer, as labels one a row, or an attribute name for records; intervals
            allow for answers of one cluster being alike. A missing label is a cluster of its own. None: the
            respondent, where records or a batch know any; False: every answer is independent.
        one_vote_per: labels, or an attribute name, e.g. "account": the answers of each weigh 1 together, as their
            mean would, and are a cluster. Excludes `weights` and `cluster`.
        scale: the scale; `NPS_0_10` for raw answers, the tally's own for a tally, whatever it is: the
            NPS of a CSAT tally counts its good answers less its poor ones.
        method: "score" (Tango 1998), "adjusted-wald" (Rocks 2016) or "wald".
        confidence: level of the interval, between 0 and 1.
        superseded: records that name survey, conversation and respondent, and somebody who answered the same
            twice: "drop" counts the latest (by `at`; the poorest of one instant), "count" counts all, which is
            another figure.
        missing: "drop" counts missing answers in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        NpsResult, or Groups of them with `by`. Undefined figures are NaN.

    Raises:
        ScaleError: answers that are no point of the scale.
        ArgumentTypeError: anything that is no 1-D column of answers.
        LengthError: `by`, `weights`, `cluster` or `one_vote_per` of another length.

    References:
        Reichheld (2003), The one number you need to grow. Harvard Business Review 81(12).
        Tango (1998), Statistics in Medicine 17:891-908. Rocks (2016), arXiv:1601.07235.

    >>> import cxscore as cx
    >>> result = cx.nps([10, 9, 8, 7, 3])
    >>> result.score, result.promoters, result.detractors
    (20.0, 2, 1)
    >>> print(result)
    NPS 20.0 (95% CI −44.5 to 69.7, n=5)
    >>> cx.nps({10: 61, 8: 30, 0: 16}, confidence=0.9).interval.method
    'score'
    """
    return _measure(
        NpsResult, "nps", answers, default=NPS_0_10, methods=tuple(_NPS_LIMITS), by=by, weights=weights,
        cluster=cluster, one_vote_per=one_vote_per, scale=scale, method=method, confidence=confidence,
        superseded=superseded, missing=missing, invalid=invalid,
    )  # fmt: skip


@overload
def csat(
    answers: Any, *, by: None = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CsatMethod = "wilson", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> CsatResult: ...  # fmt: skip
@overload
def csat(
    answers: Any, *, by: Any, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CsatMethod = "wilson", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> Groups[CsatResult]: ...  # fmt: skip
@_guided("csat", "CSAT_1_5")
def csat(
    answers: Any, *, by: Any = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CsatMethod = "wilson", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> CsatResult | Groups[CsatResult]:  # fmt: skip
    """Customer satisfaction in percent: answers at or above the scale's good point over all answers.

    The neutral point stays in the denominator.

    Args:
        answers: 1-D ArrayLike of numbers or labels of the scale, `SurveyResponse` records, a `Responses`
            batch, a mapping of point to count, or a `ScoreTally`.
        by: labels of the rows (or attribute names for records and batches); several as list, tuple or dict.
        weights: sampling weights of 0 or more, one a row, or an attribute name for records.
        cluster: who gave each answer, as labels one a row, or an attribute name for records; intervals
            allow for answers of one cluster being alike. A missing label is a cluster of its own. None: the
            respondent, where records or a batch know any; False: every answer is independent.
        one_vote_per: labels, or an attribute name, e.g. "account": the answers of each weigh 1 together, as their
            mean would, and are a cluster. Excludes `weights` and `cluster`.
        scale: the scale with its criterion; `CSAT_1_5` for raw answers, the tally's own for a tally, whatever it is:
            the CSAT of an NPS tally is its share of promoters.
        method: "wilson" (1927), "agresti-coull" (1998) or "wald"; the last two may pass 0 and 100.
        confidence: level of the interval, between 0 and 1.
        superseded: records that name survey, conversation and respondent, and somebody who answered the same
            twice: "drop" counts the latest (by `at`; the poorest of one instant), "count" counts all, which is
            another figure.
        missing: "drop" counts missing answers in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        CsatResult, or Groups of them with `by`. Undefined figures are NaN.

    Raises:
        ScaleError: answers that are no point of the scale.
        ArgumentTypeError: anything that is no 1-D column of answers.
        LengthError: `by`, `weights`, `cluster` or `one_vote_per` of another length.

    References:
        Wilson (1927), Journal of the American Statistical Association 22:209-212.

    >>> import cxscore as cx
    >>> cx.csat({5: 42, 4: 32, 3: 10, 2: 9, 1: 14}).score  # Delighted's worked example: 69
    69.1588785046729
    >>> print(cx.csat(["👍", "👎", "👍"], scale=cx.CSAT_THUMBS))
    CSAT 66.7% (95% CI 20.8 to 93.9, n=3)
    """
    return _measure(
        CsatResult, "csat", answers, default=CSAT_1_5, methods=tuple(_SHARE_LIMITS), by=by, weights=weights,
        cluster=cluster, one_vote_per=one_vote_per, scale=scale, method=method, confidence=confidence,
        superseded=superseded, missing=missing, invalid=invalid,
    )  # fmt: skip


@overload
def ces(
    answers: Any, *, by: None = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CesMethod = "adjusted-t", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> CesResult: ...  # fmt: skip
@overload
def ces(
    answers: Any, *, by: Any, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CesMethod = "adjusted-t", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> Groups[CesResult]: ...  # fmt: skip
@_guided("ces", "CES_1_7")
def ces(
    answers: Any, *, by: Any = None, weights: Any = None, cluster: Any = None, one_vote_per: Any = None,
    scale: Scale | None = None, method: CesMethod = "adjusted-t", confidence: float = 0.95,
    superseded: Superseded = "drop", missing: Missing = "drop", invalid: Invalid = "raise",
) -> CesResult | Groups[CesResult]:  # fmt: skip
    """Customer Effort Score: mean answer, with the three other figures that go by the same name.

    Args:
        answers: 1-D ArrayLike of numbers or labels of the scale, `SurveyResponse` records, a `Responses`
            batch, a mapping of point to count, or a `ScoreTally`.
        by: labels of the rows (or attribute names for records and batches); several as list, tuple or dict.
        weights: sampling weights of 0 or more, one a row, or an attribute name for records.
        cluster: who gave each answer, as labels one a row, or an attribute name for records; intervals
            allow for answers of one cluster being alike. A missing label is a cluster of its own. None: the
            respondent, where records or a batch know any; False: every answer is independent.
        one_vote_per: labels, or an attribute name, e.g. "account": the answers of each weigh 1 together, as their
            mean would, and are a cluster. Excludes `weights` and `cluster`.
        scale: the scale; `CES_1_7` (7 is easy) for raw answers, the tally's own for a tally.
        method: interval of the mean, "adjusted-t" (a quarter pseudo-answer at each end of the scale) or "t".
        confidence: level of the intervals, between 0 and 1.
        superseded: records that name survey, conversation and respondent, and somebody who answered the same
            twice: "drop" counts the latest (by `at`; the poorest of one instant), "count" counts all, which is
            another figure.
        missing: "drop" counts missing answers in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        CesResult, or Groups of them with `by`: `score` on the scale, shares 0 to 1, `net_index` in points.
        Undefined figures are NaN.

    Raises:
        ScaleError: answers that are no point of the scale.
        ArgumentTypeError: anything that is no 1-D column of answers.
        LengthError: `by`, `weights`, `cluster` or `one_vote_per` of another length.

    References:
        Dixon, Toman and DeLisi (2013), The Effortless Experience: "made it easy for me to handle my issue".

    >>> import cxscore as cx
    >>> result = cx.ces({1: 80, 2: 210, 3: 140, 4: 110, 5: 160, 6: 180, 7: 120})
    >>> result.score, result.net_index
    (4.08, -13.0)
    """
    return _measure(
        CesResult, "ces", answers, default=CES_1_7, methods=("adjusted-t", "t"), by=by, weights=weights,
        cluster=cluster, one_vote_per=one_vote_per, scale=scale, method=method, confidence=confidence,
        superseded=superseded, missing=missing, invalid=invalid,
    )  # fmt: skip
