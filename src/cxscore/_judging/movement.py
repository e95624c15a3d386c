"""The same people asked twice: who moved between the groups, and how the score of these people changed.

Pairs the answers of two waves by person and counts the moves; the formulas are in `_core.paired`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._checks import check_choice, check_confidence
from .._core import counting, paired
from .._core.distributions import z_value
from .._frozen import FrozenMap
from .._grouping import read_key
from .._results import Brief, Finding, Interval, Signature, level_text, show
from ..batches import Batch, Responses, first_record
from ..errors import ArgumentTypeError, ArgumentValueError, ScaleError
from ..groups import Groups
from ..scales import CES_1_7, CSAT_1_5, NPS_0_10, Scale
from .compare import Verdict

__all__ = ["Movement", "movement"]

Metric = Literal["nps", "csat", "ces"]
Missing = Literal["drop", "raise"]
Invalid = Literal["raise", "drop"]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ASSUMES = "people independent of each other; their two answers may depend on each other"


class _Reading(NamedTuple):
    """How a metric reads an answer."""

    scale: Scale
    groups: tuple[str, str, str]
    unit: float
    figure: str


_READINGS = {
    "nps": _Reading(NPS_0_10, ("detractors", "passives", "promoters"), 100.0, "NPS"),
    "csat": _Reading(CSAT_1_5, ("dissatisfied", "neutral", "satisfied"), 100.0, "CSAT"),
    "ces": _Reading(CES_1_7, ("difficult", "neutral", "easy"), 1.0, "CES, mean"),
}


@attrs.frozen(kw_only=True, eq=False)
class Movement(Finding):
    """How the same people answered in two waves.

    Attributes:
        figure: what is compared.
        table: group before to group after to number of people.
        estimate: the score of these people after less before, in the unit of the score.
        interval: its interval; it knows that the two answers of a person go together.
        p_value: two-sided, by inverting the interval.
        verdict: "better" or "worse" where the interval excludes 0, "no clear change" otherwise; None where nobody
            answered in both waves.
        assumes: what has to be true for all this to hold.
        before, after: the score of these people in the two waves.
        people: who answered in both waves.
        improved, unchanged, worsened: people by whether they moved to a better group, stayed, or moved to a
            poorer one.
        homogeneity_statistic: Stuart and Maxwell's test that the groups are of the same size in both waves.
        homogeneity_df: its degrees of freedom, the groups that somebody entered or left less one.
        homogeneity_p_value: its p-value; NaN where nobody moved.
        given: rows of both waves.
        n: rows behind the figures, two for each of the people.
        left_out: reason to number of rows left out.

    >>> import cxscore as cx
    >>> found = cx.movement([10, 9, 3, 7, 10], [10, 7, 8, 9, 10], by=None)
    >>> found.table["detractors"]["passives"], found.improved, found.worsened, found.estimate
    (1, 2, 1, 20.0)
    """

    figure: str
    table: FrozenMap[str, FrozenMap[str, int]]
    estimate: float
    interval: Interval
    p_value: float
    verdict: Verdict | None
    assumes: str
    before: float
    after: float
    people: int
    improved: int
    unchanged: int
    worsened: int
    homogeneity_statistic: float
    homogeneity_df: int
    homogeneity_p_value: float
    given: int
    n: int
    left_out: FrozenMap[LeftOut, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, undefined figures as None; the table as group before to group after to people."""
        return super().to_dict() | {"table": {group: dict(row) for group, row in self.table.items()}}

    def __str__(self) -> str:
        if not self.people:
            return f"{self.figure} of the same people undefined: nobody answered in both waves"
        chance = "<0.0001" if self.p_value < 0.0001 else f"={self.p_value:.2g}"
        who = "person" if self.people == 1 else "people"
        return (
            f"{self.figure} of the same {self.people:,} {who} {self._change()} ({self._limits()}, p{chance}): "
            f"{self.verdict}"
        )

    @property
    def _digits(self) -> int:
        return 2 if self._signature.metric == "ces" else 1

    def _shown(self, value: float) -> str:
        return show(value, digits=self._digits)

    def _change(self) -> str:
        text = self._shown(self.estimate)
        return f"{'' if text.startswith('−') or self.estimate != self.estimate else '+'}{text}"

    def _limits(self) -> str:
        low, high = self.interval
        if low != low:
            return "no interval"
        return f"{level_text(self.interval.confidence)} CI {self._shown(low)} to {self._shown(high)}"

    def _brief(self) -> Brief:
        figure = self._change() if self.verdict is None else f"{self._change()}, {self.verdict}"
        return Brief(f"{self.figure}, same people", figure, self._limits(), self.people)

    def _lines(self) -> list[tuple[str, str]]:
        left = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in self.left_out.items())
        moves = [
            (f"{start} before", ", ".join(f"{end} {count:,}" for end, count in row.items()))
            for start, row in self.table.items()
        ]
        p = self.homogeneity_p_value
        return [
            ("before, after", f"{self._shown(self.before)}, {self._shown(self.after)}"),
            ("difference", f"{self._change()} ({self._limits()})"),
            *moves,
            ("improved, unchanged, worsened", f"{self.improved:,}, {self.unchanged:,}, {self.worsened:,}"),
            ("groups of the same size", "nobody moved" if p != p else f"p={p:.2g}"),
            ("verdict", self.verdict or "undefined"),
            ("assumes", self.assumes),
            ("left out", left or "nothing"),
        ]


# -- the door ----------------------------------------------------------------------------------------


class _Wave(NamedTuple):
    """The counted answer of each person, and what became of the other rows."""

    people: dict[Any, int]
    """Person to answer."""
    given: int
    out: dict[LeftOut, int]


def _opened(answers: Any, argument: str) -> tuple[Any, Batch[Any] | None]:
    """Answers as one column, with the batch they stand in, if any."""
    if isinstance(answers, (Finding, Groups)):
        msg = (
            f"{argument} must be the answers themselves (got {type(answers).__name__}, what was made of them): who "
            f"moved cannot be told from figures; cx.compare(before, after) takes results as independent samples"
        )
        raise ArgumentTypeError(msg, argument=argument, found=type(answers))
    answers = _inputs.materialise(answers)
    kind = first_record(answers)
    if isinstance(answers, Batch) or kind is not None:
        if kind is not Responses.record and not isinstance(answers, Responses):
            found = type(answers) if kind is None else kind
            msg = (
                f"{argument} must be answers, SurveyResponse records or a Responses batch (got {found.__name__}), each "
                f"with its respondent"
            )
            raise ArgumentTypeError(msg, argument=argument, found=found)
        batch = answers if isinstance(answers, Responses) else Responses.from_records(answers)
        return batch.raw("score"), batch
    if isinstance(answers, Mapping) or hasattr(answers, "emptied"):
        msg = (
            f"{argument} must be the answers themselves (got {type(answers).__name__}, counts): who moved cannot be "
            f"told from counts; cx.compare(cx.nps(before), cx.nps(after)) takes them as independent samples"
        )
        raise ArgumentTypeError(msg, argument=argument, found=type(answers))
    return answers, None


def _person_key(by: Any, place: int) -> Any:
    """The key of one wave: two keys in a tuple are one for each."""
    return by[place] if isinstance(by, tuple) and len(by) == 2 else by


def _wave(
    values: Any, batch: Batch[Any] | None, by: Any, argument: str, scale: Scale, missing: str, invalid: str
) -> _Wave:
    found = _inputs.answers(values, scale, argument)
    gone, good = _missing(found), counting.on_scale(found.data, scale.low, scale.high)
    if gone.any() and missing == "raise":
        _inputs.refuse_missing(argument, gone)
    wrong = ~good & ~gone
    if wrong.any() and invalid == "raise":
        _inputs.refuse_invalid(
            argument, f"be whole points {scale.low} to {scale.high} of the scale {scale.name}, or its labels", wrong,
            values, kind=ScaleError,
            way="name another scale with scale=, or use invalid='drop' to leave them out and count them",
        )  # fmt: skip
    kept = np.flatnonzero(good & ~gone)
    points = found.data[kept].astype(np.int64)
    out = {LeftOut.MISSING: int(np.count_nonzero(gone)), LeftOut.INVALID: int(np.count_nonzero(wrong))}
    if by is None:
        return _Wave(dict(zip(kept.tolist(), points.tolist(), strict=True)), len(found), out)
    if isinstance(by, str) and batch is None:
        msg = (
            f"by must be labels beside plain answers (got the name {by!r}); pass by=(ids_before, ids_after), or "
            f"by=None where row i of both columns is the same person"
        )
        raise ArgumentTypeError(msg, argument="by", found=by)
    who = read_key(by, len(found), batch)
    codes = who.codes[kept].astype(np.int64)
    known = np.ones(len(who.labels), dtype=np.bool_)
    if known.size and who.labels[-1] is None:
        known[-1] = False
    named = known[codes]
    out[LeftOut.UNMATCHED] = int(np.count_nonzero(~named))
    rows, codes, points = kept[named], codes[named], points[named]
    chosen = _latest(codes, points if scale.low_is_good else -points, rows, batch, argument)
    out[LeftOut.SUPERSEDED] = len(codes) - len(chosen)
    labels = [who.labels[code] for code in codes[chosen].tolist()]
    return _Wave(dict(zip(labels, points[chosen].tolist(), strict=True)), len(found), out)


def _missing(found: _inputs.Column) -> Bools:
    gone = np.zeros(len(found), dtype=np.bool_) if found.missing is None else found.missing
    return gone | np.isnan(found.data) if found.data.dtype.kind == "f" else gone


def _latest(codes: Ints, poorness: Ints, rows: Ints, batch: Batch[Any] | None, argument: str) -> Ints:
    """One row a person: the latest answer, of answers at one instant the poorest; so the order of rows is nothing."""
    twice = len(codes) - len(np.unique(codes))
    if not twice:
        return np.arange(len(codes))
    if batch is None or not batch.known("at"):
        msg = (
            f"{argument} must hold one answer a person where nothing tells which is the latest (got {twice} "
            f"more); pass a Responses batch with at=, or keep one answer a person"
        )
        raise ArgumentValueError(msg, argument=argument, found=twice, count=twice)
    order = np.lexsort((poorness, batch.times("at")[rows], codes))
    last = np.append(np.diff(codes[order]) != 0, True)
    return np.asarray(order[last])


# -- the function ------------------------------------------------------------------------------------


def movement(
    before: Any, after: Any, *, by: Any = "respondent", metric: Metric = "nps", scale: Scale | None = None,
    confidence: float = 0.95, missing: Missing = "drop", invalid: Invalid = "raise",
) -> Movement:  # fmt: skip
    """How the same people answered in two waves: the table of moves, and the paired change of their score.

    Only people who answered in both waves count; the others are `unmatched`. Where somebody answered twice in
    a wave the latest answer counts (of answers at one instant, the poorest), earlier ones are `superseded`.

    The interval is the score interval of the mean change of a person, whose values are known to lie on the
    points of the scale of changes; for CSAT that is Tango's interval for paired proportions and the p-value
    McNemar's. Where people differ much from each other and little from themselves it is far narrower than
    `compare`, which may not know who is who.

    Args:
        before: `SurveyResponse` records, a `Responses` batch, or a 1-D ArrayLike of answers.
        after: the same of the later wave.
        by: who answered: a field of both batches, a function of a record, or a tuple of two columns, one for
            each wave. None: row i of both is the same person.
        metric: "nps", "csat" or "ces": which score of these people, and what the groups are called.
        scale: the scale; the default one of the metric.
        confidence: level of the interval, between 0 and 1.
        missing: "drop" counts missing answers in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        Movement. Undefined figures (nobody in both waves) are NaN.

    Raises:
        ArgumentTypeError: counts, or names without a batch.
        ArgumentValueError: several answers of a person and nothing that tells which is the latest.
        LengthError: keys, or two waves with `by=None`, of unlike length.
        ScaleError: answers that are no point of the scale.

    References:
        Tango (1998), Stat Med 17:891. McNemar (1947), Psychometrika 12:153. Stuart (1955), Biometrika 42:412.
        Maxwell (1970), Br J Psychiatry 116:651.

    >>> import cxscore as cx
    >>> spring = cx.Responses(score=[9, 3, 8, 10], respondent=["ada", "bob", "cid", "dan"])
    >>> autumn = cx.Responses(score=[10, 7, 9, 2], respondent=["ada", "bob", "cid", "eve"])
    >>> found = cx.movement(spring, autumn)
    >>> found.people, found.left_out["unmatched"], round(found.estimate, 1)
    (3, 2, 66.7)
    """
    confidence = check_confidence(confidence)
    reading = _READINGS[check_choice("metric", metric, _READINGS)]
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    scale = reading.scale if scale is None else scale
    if not isinstance(scale, Scale):
        msg = f"scale must be a Scale, e.g. cx.NPS_0_10 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    names = ("before", "after")
    opened = [_opened(answers, name) for answers, name in zip((before, after), names, strict=True)]
    first, second = (
        _wave(values, batch, _person_key(by, i), names[i], scale, missing, invalid)
        for i, (values, batch) in enumerate(opened)
    )
    if by is None:
        _inputs.same_length(first.given, second.given, "after", "before")
    both = [person for person in first.people if person in second.people]
    pairs = np.array([[wave.people[person] for person in both] for wave in (first, second)], dtype=np.int64)
    out: dict[str, int] = {
        reason: sum(wave.out.get(reason, 0) for wave in (first, second))
        for reason in (LeftOut.MISSING, LeftOut.INVALID, LeftOut.SUPERSEDED, LeftOut.UNMATCHED)
    }
    out[LeftOut.UNMATCHED] += len(first.people) + len(second.people) - 2 * len(both)
    key = "row" if by is None else by if isinstance(by, str) else "given"
    signature = Signature(
        metric,
        {**dict(scale.definition), "v": "1"},
        {"movement": key, "ci": "score", "conf": f"{confidence:.12g}", "missing": missing, "invalid": invalid},
    )
    return _moved(
        pairs, reading, scale, metric, confidence, signature, given=first.given + second.given, left_out=left_out(out)
    )


def _moved(
    pairs: Ints, reading: _Reading, scale: Scale, metric: str, confidence: float, signature: Signature, **rows: Any
) -> Movement:
    """The figures of answers before (first row) and after, one column a person."""
    position = pairs - scale.low
    group = np.array([1 + (point in scale.good) - (point in scale.poor) for point in scale.points])[position]
    table = np.bincount(3 * group[0] + group[1], minlength=9).reshape(3, 3)
    value = {"nps": group - 1, "csat": group // 2, "ces": pairs}[metric]
    people = pairs.shape[1]
    reach = {"nps": 2, "csat": 1, "ces": scale.high - scale.low}[metric]
    changes = np.bincount(value[1] - value[0] + reach, minlength=2 * reach + 1).tolist()
    low, high = (reading.unit * limit for limit in paired.mean_score_interval(changes, -reach, z_value(confidence)))
    mean = value.mean(axis=1) * reading.unit if people else np.full(2, np.nan)
    statistic, df = paired.stuart_maxwell(table)
    side = (low > 0.0) - (high < 0.0)
    better = side * (-1 if metric == "ces" and scale.low_is_good else 1)
    total = sum(change * count for change, count in enumerate(changes, -reach))
    return Movement(
        figure=reading.figure,
        table=FrozenMap(
            {
                start: FrozenMap(zip(reading.groups, row, strict=True))
                for start, row in zip(reading.groups, table.tolist(), strict=True)
            }
        ),
        estimate=reading.unit * total / people if people else float("nan"),
        interval=Interval(float(low), float(high), confidence, "score"),
        p_value=paired.mean_score_p(changes, -reach),
        verdict=None if not people else "better" if better > 0 else "worse" if better < 0 else "no clear change",
        assumes=_ASSUMES,
        before=float(mean[0]),
        after=float(mean[1]),
        people=people,
        improved=int(np.triu(table, 1).sum()),
        unchanged=int(np.trace(table)),
        worsened=int(np.tril(table, -1).sum()),
        homogeneity_statistic=statistic,
        homogeneity_df=df,
        homogeneity_p_value=paired.chi_squared_p(statistic, df),
        n=2 * people,
        signature=signature,
        **rows,
    )
