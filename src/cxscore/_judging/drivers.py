"""What respondents name as the reason, beside the score they give; no cause.

Flattens the tags of survey responses once and leaves the answers to the door of the metrics; the formulas are in
`_core.drivers`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html, _inputs
from .._calls import guided
from .._checks import check_choice, check_confidence
from .._core import drivers as core
from .._core.distributions import z_value
from .._metrics.scores import CesResult, CsatResult, Invalid, Missing, NpsResult, ces, csat, nps
from .._results import Brief, Interval, Result, comparable, put, show
from ..batches import Responses, as_batch
from ..errors import UnknownNameError
from ..scales import CES_1_7, CSAT_1_5, NPS_0_10, Scale
from ..tallies._score_table import ScoreTable, score_table

__all__ = ["Driver", "Drivers", "drivers"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SHOWN_ROWS = 50
_METRICS: dict[str, tuple[Callable[..., Any], Scale, str]] = {
    "nps": (nps, NPS_0_10, "mover"),
    "csat": (csat, CSAT_1_5, "newcombe"),
    "ces": (ces, CES_1_7, "adjusted-welch"),
}


@attrs.frozen(kw_only=True)
class Driver:
    """One tag beside the score.

    Attributes:
        tag: what is named; None for the answers that name nothing.
        mentions: answers that name it.
        share: their share of all answers (of their weight), 0 to 1; answers with several tags count for each.
        score: the score of the answers that name it.
        lift: that score minus the score of all other answers.
        lift_interval: its confidence interval.
        contribution: what the tag adds to the score when every answer is split evenly over the tags it names.

    >>> import cxscore as cx
    >>> responses = cx.Responses(score=[10, 9, 2, 9], tags=[("speed",), ("speed", "price"), ("price",), ()])
    >>> price, speed, none = cx.drivers(responses).rows
    >>> price.tag, price.mentions, price.share, price.score, price.contribution
    ('price', 2, 0.5, 0.0, -12.5)
    """

    tag: Hashable
    mentions: int
    share: float = attrs.field(eq=comparable)
    score: float = attrs.field(eq=comparable)
    lift: float = attrs.field(eq=comparable)
    lift_interval: Interval
    contribution: float = attrs.field(eq=comparable)


@attrs.frozen(kw_only=True, eq=False)
class Drivers(Result):
    """What respondents name as the reason, one row a tag. None of the tags is shown to be a cause.

    Attributes:
        overall: the metric of all the answers.
        rows: one `Driver` a tag, in the order of the tags; the last one, of tag None, is "no tag". Their
            contributions add up to the score.

    >>> import cxscore as cx
    >>> responses = cx.Responses(score=[10, 9, 2, 9], tags=[("speed",), ("speed", "price"), ("price",), ()])
    >>> found = cx.drivers(responses)
    >>> print(found)
    NPS 50.0 (n=4), 2 tags: speed +37.5, price −12.5; no tag +25.0
    >>> sum(row.contribution for row in found.rows) == found.score
    True
    """

    overall: NpsResult | CsatResult | CesResult
    rows: tuple[Driver, ...] = attrs.field(repr=False)

    _headline: ClassVar[str] = "score"

    @property
    def score(self) -> float:
        """The score of all answers."""
        return self.overall.score

    def largest(self, k: int | None = None) -> tuple[Driver, ...]:
        """The tags that add most to the score, to either side, the largest first; "no tag" is none of them.

        Args:
            k: how many; None for all.
        """
        # Without an answer nothing is added; sorting is stable, so ties stay in their order.
        tags = (row for row in self.rows if row.tag is not None)
        return tuple(sorted(tags, key=lambda row: -abs(np.nan_to_num(row.contribution))))[:k]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, undefined figures as None; `rows` is a list of dicts."""
        out = super().to_dict()
        out["rows"] = []
        for row in self.rows:
            flat: dict[str, Any] = {}
            for field in attrs.fields(Driver):
                put(flat, field.name, getattr(row, field.name))
            out["rows"].append(flat)
        return out

    def _digits(self) -> int:
        return 2 if isinstance(self.overall, CesResult) else 1

    def _added(self, row: Driver) -> str:
        text = show(row.contribution, digits=self._digits())
        return f"+{text}" if row.contribution > 0.0 and text.strip("0.,") else text

    def _brief(self) -> Brief:
        return self.overall._brief()

    def __str__(self) -> str:
        brief, tags = self._brief(), len(self.rows) - 1
        told = [f"{row.tag} {self._added(row)}" for row in self.largest(3)]
        more = ", ..." if tags > len(told) else ""
        named = f"{tags:,} tag{'' if tags == 1 else 's'}{': ' if told else ''}{', '.join(told)}{more}"
        return f"{brief.name} {brief.figure} (n={self.n:,}), {named}; no tag {self._added(self.rows[-1])}"

    def _repr_html_(self) -> str:
        digits = self._digits()
        head = ("tag", "mentions", "share", "score", "lift", f"{self._level()} interval", "contribution")
        cells = [
            (
                "(no tag)" if row.tag is None else str(row.tag),
                f"{row.mentions:,}",
                f"{show(100.0 * row.share)}%",
                show(row.score, digits=digits),
                show(row.lift, digits=digits),
                f"{show(row.lift_interval.low, digits=digits)} to {show(row.lift_interval.high, digits=digits)}",
                self._added(row),
            )
            for row in self.rows[:_SHOWN_ROWS]
        ]
        hidden = len(self.rows) - _SHOWN_ROWS
        more = f"... and {hidden:,} more" if hidden > 0 else ""
        return _html.table(head, cells, title=str(self), more=more) + f"<small>{html.escape(self.signature)}</small>"

    def _level(self) -> str:
        return f"{self.overall.interval.confidence * 100:.6g}%"


@guided(
    second='name the columns: drivers(cx.Responses(score=df["score"], tags=df["reasons"]), metric="nps")',
    keywords={"tags": "tags are a column of the responses: cx.Responses(score=..., tags=...)"},
)
def drivers(
    responses: Any, *, metric: Literal["nps", "csat", "ces"] = "nps", scale: Scale | None = None,
    weights: Any = None, confidence: float = 0.95, missing: Missing = "drop", invalid: Invalid = "raise",
) -> Drivers:  # fmt: skip
    """What respondents name as the reason, beside the score they give. None of it is shown to be a cause.

    With v the value of an answer (for the NPS 100, 0 or -100, for CSAT 100 or 0, for CES the point), k the number
    of tags it names and n the number of answers, the contribution of a tag is the sum of v / (k n) over the answers
    that name it. Answers without a tag are the row of tag None, so that all contributions add up to the score. A tag
    that an answer names twice counts once.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch, with the column `tags`: a sequence of labels a
            row, empty or missing where nothing is named.
        metric: "nps", "csat" or "ces".
        scale: the scale of the answers; the default of the metric.
        weights: sampling weights, one a row, or the name of a column, e.g. "weight".
        confidence: level of the intervals, between 0 and 1. Each is for its tag alone: of twenty tags that make no
            difference, one lies outside its 95 % interval.
        missing: "drop" counts missing answers in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        Drivers. The interval of a lift is MOVER for the NPS, Newcombe for CSAT, Welch with a quarter answer at each
        end of the scale for CES; all intervals, that of `overall` too, take the answers as independent, whoever gave
        them: `cx.nps(responses)` has one that knows respondents. Undefined figures are NaN.

    Raises:
        ArgumentTypeError: something else than responses, tags that are single texts.
        UnknownNameError: responses without a column of tags, or a metric that is not known.
        ScaleError: answers that are no point of the scale.

    >>> import cxscore as cx
    >>> responses = cx.Responses(score=[10, 9, 2, 9], tags=[("speed",), ("speed", "price"), ("price",), ()])
    >>> for row in cx.drivers(responses).rows:
    ...     print(row.tag, row.mentions, row.score, row.lift, row.contribution)
    price 2 0.0 -100.0 -12.5
    speed 2 100.0 100.0 37.5
    None 1 100.0 66.66666666666667 25.0
    """
    check_choice("metric", metric, _METRICS)
    confidence = check_confidence(confidence)
    batch = as_batch(responses, "responses", (Responses,), lambda: Responses(score=[], tags=[]))
    if not batch.has("tags"):
        msg = (
            "responses must have a column of tags (got none); name it: "
            'cx.Responses.from_frame(df, score="score", tags="reasons")'
        )
        raise UnknownNameError(msg, argument="responses", found="tags")
    function, default, method = _METRICS[metric]
    said = _inputs.coded(_inputs.tuples(batch.raw("tags"), "tags"), "tags")
    table = score_table(
        batch, default if scale is None else scale, by=said.codes, weights=weights, cluster=False, missing=missing,
        invalid=invalid,
    )  # fmt: skip
    overall = function(table.total(), confidence=confidence, missing=missing, invalid=invalid)
    combination, tag, tags = _pairs([said.labels[code] for code in table.keys])
    columns = _columns(table, metric, confidence, combination, tag, len(tags) + 1)
    rows = tuple(
        Driver(
            tag=label, mentions=int(mentions), share=share, score=score, lift=lift,
            lift_interval=Interval(low, high, confidence, method), contribution=contribution,
        )
        for label, mentions, share, score, lift, low, high, contribution in zip((*tags, None), *columns, strict=True)
    )  # fmt: skip
    estimation = {**overall._signature.estimation, "ci": method}
    return Drivers(
        given=overall.given,
        n=overall.n,
        left_out=overall.left_out,
        signature=attrs.evolve(overall._signature, estimation=estimation),
        overall=overall,
        rows=rows,
    )


def _pairs(combinations: Sequence[tuple[Any, ...]]) -> tuple[Ints, Ints, list[Any]]:
    """Each tag of each combination once, as two columns of numbers, and the tags in order.

    A combination that names nothing has the tag after the last.
    """
    sizes = np.fromiter(map(len, combinations), np.int64, len(combinations))
    named = _inputs.coded(list(chain.from_iterable(combinations)), "tags")
    labels = list(named.labels)
    known = len(labels) - (None in labels)  # a missing tag, which is the last label, names nothing
    places = _in_order(labels[:known])
    rank = np.empty(known + 1, dtype=np.int64)
    rank[places] = np.arange(known)
    codes, where = named.codes, np.repeat(np.arange(len(combinations)), sizes)
    kept = codes < known
    # One number a pair, so that a tag named twice counts once.
    pairs = np.unique(where[kept] * (known + 1) + rank[codes[kept]])
    nothing = np.bincount(pairs // (known + 1), minlength=len(combinations)) == 0
    pairs = np.concatenate((pairs, np.flatnonzero(nothing) * (known + 1) + known))
    return pairs // (known + 1), pairs % (known + 1), [labels[place] for place in places]


def _in_order(labels: list[Any]) -> list[int]:
    """Places of the labels in their order; as first seen where they have none."""
    try:
        return sorted(range(len(labels)), key=labels.__getitem__)
    except TypeError:  # labels of unlike types
        return list(range(len(labels)))


def _columns(
    table: ScoreTable, metric: str, confidence: float, combination: Ints, tag: Ints, tags: int
) -> list[list[float]]:  # fmt: skip
    """Mentions, share, score, lift, its limits and contribution, one entry a tag."""
    scale = table.scale
    points = np.array(scale.points, dtype=np.float64)
    good, poor = (np.isin(points, np.array(band, dtype=np.float64)) for band in (scale.good, scale.poor))
    counts = table.counts.astype(np.float64)
    sums = counts if table.sums is None else table.sums
    naming, others = core.naming_and_others(sums, table.squares, combination, tag, tags)
    unit, z = 100.0, z_value(confidence)
    if metric == "nps":
        values = good.astype(np.float64) - poor
        limits = core.net_lift(naming, others, values, z)
    elif metric == "csat":
        values = good.astype(np.float64)
        limits = core.share_lift(naming, others, values, z)
    else:
        unit, values = 1.0, points
        limits = core.mean_lift(naming, others, points, confidence)
    weight = float(sums.sum())
    columns = [
        np.bincount(tag, weights=counts.sum(axis=1)[combination], minlength=tags),
        naming.sums.sum(axis=1) / (weight if weight > 0.0 else np.nan),
        unit * naming.score(values),
        unit * (naming.score(values) - others.score(values)),
        unit * limits[0],
        unit * limits[1],
        unit * core.contributions(sums, values, combination, tag, tags),
    ]
    return [column.tolist() for column in columns]
