"""Counts of every point of a scale: all that NPS, CSAT and CES need, and exactly mergeable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._checks import check_choice
from .._core import counting
from .._frozen import FrozenMap
from .._grouping import Grouping, group_rows
from .._inputs import Column
from ..batches import Batch, Responses, first_record
from ..errors import (
    ArgumentTypeError,
    InvalidValueError,
    LengthError,
    MergeError,
    MissingValueError,
    ScaleError,
    shown,
)
from ..scales import Scale
from . import _saved

__all__ = ["ScoreTable", "ScoreTally", "score_table", "score_tally"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SCHEMA = 1
_SMALL = 256  # up to here counting in plain Python beats numpy's start-up cost


def _counts(values: Sequence[Any]) -> tuple[int, ...]:
    counts = tuple(values)
    if {int}.issuperset(map(type, counts)) and min(counts, default=0) >= 0:
        return counts  # nearly every call
    return tuple(_whole_count(value, f"position {i}") for i, value in enumerate(counts))


@attrs.frozen(kw_only=True)
class ScoreTally:
    """How often each point was given, and what was left out. Merging is exact for any split of the rows.

    Args:
        scale: the scale.
        counts: answers per point, in scale order.
        sums: sums of the sampling weights per point, None where answers have no weights.
        squares: sums of the squared weights per point, with `sums`.
        left_out: rows left out by reason.
        asked: survey invitations behind the answers, None where that is not known.
        respondents: distinct people behind the answers, None where that is not known or not additive.

    >>> import cxscore as cx
    >>> january = cx.ScoreTally.of([9, 10, 3], scale=cx.NPS_0_10)
    >>> february = cx.ScoreTally.from_counts({10: 4, 7: 2}, scale=cx.NPS_0_10)
    >>> (january + february).n
    9
    """

    scale: Scale
    counts: tuple[int, ...] = attrs.field(converter=_counts)
    sums: tuple[float, ...] | None = None
    squares: tuple[float, ...] | None = None
    left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)
    asked: int | None = attrs.field(default=None, eq=False)
    respondents: int | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        points = len(self.scale.points)
        for name in ("counts", "sums", "squares"):
            row = getattr(self, name)
            if row is not None and len(row) != points:
                msg = (
                    f"{name} must have one number for each of the {points} points of {self.scale.name} (got {len(row)})"
                )
                raise LengthError(msg, argument=name, found=len(row))

    @property
    def n(self) -> int:
        """Answers on the scale."""
        return sum(self.counts)

    @property
    def given(self) -> int:
        """Rows of the input."""
        return self.n + sum(self.left_out.values())

    @property
    def distribution(self) -> FrozenMap[int, int]:
        """Point to count, all points of the scale."""
        return FrozenMap(dict(zip(self.scale.points, self.counts, strict=True)))

    @classmethod
    def of(
        cls, data: Any, scale: Scale, *, weights: Any = None, missing: str = "drop", invalid: str = "raise"
    ) -> ScoreTally:
        """Count answers of any shape the metrics accept.

        Args:
            data: numbers, labels, records, a `Responses` batch or counts by point.
            scale: the scale of the answers.
            weights: one number a row, or an attribute name for records.
            missing: "drop" or "raise".
            invalid: "raise" or "drop".

        Raises:
            ScaleError: answers off the scale under `invalid="raise"`.
            MissingValueError: missing answers under `missing="raise"`.
        """
        return score_tally(data, scale, weights=weights, missing=missing, invalid=invalid)

    @classmethod
    def from_counts(cls, counts: Mapping[Any, Any] | Sequence[Any], scale: Scale) -> ScoreTally:
        """Counts that were made elsewhere, e.g. by SQL.

        Args:
            counts: point or label to count, or counts in scale order.
            scale: the scale.

        Raises:
            ScaleError: a point that is not on the scale.
            InvalidValueError: a count that is no whole number of 0 or more.
            LengthError: a sequence that has not one count a point.
        """
        if hasattr(counts, "items"):  # a mapping, or a pandas Series as value_counts() gives it
            return _from_mapping(counts, scale, "drop", "raise")
        found = list(counts)
        if len(found) != len(scale.points):
            msg = (
                f"counts must have one number for each of the {len(scale.points)} points {scale.low} to {scale.high} "
                f"(got {len(found)}); pass {{point: count}} to name the points"
            )
            raise LengthError(msg, argument="counts", found=len(found))
        points = [_whole_count(count, point) for count, point in zip(found, scale.points, strict=True)]
        return cls(scale=scale, counts=points)

    @classmethod
    def empty(cls, scale: Scale) -> ScoreTally:
        """No answers: the start of a sum.

        >>> import cxscore as cx
        >>> sum([], start=cx.ScoreTally.empty(cx.CSAT_1_5)).n
        0
        """
        return cls(scale=scale, counts=[0] * len(scale.points))

    def emptied(self) -> ScoreTally:
        """An empty tally of the same kind."""
        return ScoreTally.empty(self.scale)

    def __add__(self, other: object) -> ScoreTally:
        if not isinstance(other, ScoreTally):
            return NotImplemented
        if self.scale != other.scale:
            msg = (
                f"tallies of unlike scales do not add up (got {self.scale.name} {dict(self.scale.definition)} and "
                f"{other.scale.name} {dict(other.scale.definition)}); count both with the same scale="
            )
            raise MergeError(msg, argument="other", found=(self.scale, other.scale))
        if (self.sums is None) != (other.sums is None) and self.n and other.n:
            msg = "a weighted and an unweighted tally do not add up; count both with weights= or both without"
            raise MergeError(msg, argument="other", found=(self.sums, other.sums))
        return ScoreTally(
            scale=self.scale,
            counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            sums=_added(self, other, "sums"),
            squares=_added(self, other, "squares"),
            left_out=left_out(
                {reason: self.left_out.get(reason, 0) + other.left_out.get(reason, 0) for reason in LeftOut}
            ),
            asked=_known_sum(self, other),
            # One person may answer in both; only no rows are known to add nobody.
            respondents=self.respondents if not other.given else other.respondents if not self.given else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with a `schema` number; `from_dict` reads them back."""
        return {
            "schema": SCHEMA,
            "kind": "ScoreTally",
            "scale": self.scale.to_dict(),
            "counts": list(self.counts),
            "sums": None if self.sums is None else list(self.sums),
            "squares": None if self.squares is None else list(self.squares),
            "left_out": {str(reason): count for reason, count in self.left_out.items()},
            "asked": self.asked,
            "respondents": self.respondents,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreTally:
        """The tally that `to_dict` wrote, in this or an older release.

        Raises:
            ArgumentValueError: something else, a field that is damaged or not there, a schema of a newer release.
        """
        _saved.check_schema(data, "ScoreTally", SCHEMA)
        return cls(**_saved.mapping(data, "ScoreTally.to_dict()", _FIELDS))

    def to_bytes(self) -> bytes:
        """`to_dict` as UTF-8 JSON."""
        return json.dumps(self.to_dict()).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ScoreTally:
        """The tally that `to_bytes` wrote.

        Raises:
            ArgumentValueError: as `from_dict`.
        """
        return cls.from_dict(_saved.load(data, "ScoreTally"))


_WEIGHTS = _saved.optional(_saved.several(_saved.fractional))
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "scale": Scale.from_dict,
    "counts": _saved.several(_saved.count),
    "sums": _WEIGHTS,
    "squares": _WEIGHTS,
    "left_out": _saved.reasons,
    "asked": _saved.optional(_saved.count),
    "respondents": _saved.optional(_saved.count),
}


def _whole_count(count: Any, label: Any) -> int:
    number = count.item() if isinstance(count, np.generic) else count
    try:
        whole = not isinstance(number, bool) and int(number) == number and number >= 0
    except (TypeError, ValueError, OverflowError):  # no number, NaN, infinite
        whole = False
    if not whole:
        msg = f"counts must be whole numbers of 0 or more (got {shown(count)} for {label!r})"
        raise InvalidValueError(msg, argument="counts", found=count)
    return int(number)


def _from_mapping(counts: Any, scale: Scale, missing: str, invalid: str) -> ScoreTally:
    """Counts by point or label; labels that were never given do not matter."""
    points = [0] * len(scale.points)
    gone = off = 0
    for label, count in counts.items():
        times = _whole_count(count, label)
        try:
            point = scale.parse(label) if times else None
        except ScaleError:
            if invalid == "raise":
                raise
            off += times
            continue
        if point is None:
            gone += times
        else:
            points[point - scale.low] += times
    if gone and missing == "raise":
        msg = f"answers must have no missing values with missing='raise' (got {gone}); use missing='drop' to count them"
        raise MissingValueError(msg, argument="answers", count=gone)
    return ScoreTally(scale=scale, counts=points, left_out=left_out({LeftOut.MISSING: gone, LeftOut.INVALID: off}))


def _added(one: ScoreTally, other: ScoreTally, name: str) -> tuple[float, ...] | None:
    mine, theirs = getattr(one, name), getattr(other, name)
    if mine is None or theirs is None:
        # The tally without weights decides where it has answers: the other has none then.
        plain = one if mine is None else other
        return None if plain.n else mine or theirs
    return tuple(a + b for a, b in zip(mine, theirs, strict=True))


def _known_sum(one: ScoreTally, other: ScoreTally) -> int | None:
    # An empty tally knows that it asked nobody.
    mine = 0 if one.asked is None and not one.given else one.asked
    theirs = 0 if other.asked is None and not other.given else other.asked
    return None if mine is None or theirs is None or (one.asked is None and other.asked is None) else mine + theirs


class ScoreTable:
    """Score tallies of many groups in arrays, one row a group."""

    __slots__ = ("asked", "counts", "keys", "left", "many", "names", "scale", "squares", "sums")

    def __init__(
        self,
        *,
        scale: Scale,
        keys: Sequence[Any],
        names: tuple[str, ...],
        many: bool,
        counts: Ints,
        sums: Floats | None,
        squares: Floats | None,
        left: Mapping[LeftOut, Ints],
        asked: Ints | None,
    ) -> None:
        self.scale = scale
        self.keys = keys
        self.names = names
        self.many = many
        self.counts = counts
        self.sums = sums
        self.squares = squares
        self.left = left
        self.asked = asked

    def __len__(self) -> int:
        return len(self.counts)

    def row(self, i: int) -> ScoreTally:
        """The tally of one group."""
        return self._tally(slice(i, i + 1))

    def total(self) -> ScoreTally:
        """The tally of all groups together."""
        return self._tally(slice(None))

    def rest(self, i: int) -> ScoreTally:
        """The tally of all groups but one."""
        return self._tally(np.arange(len(self)) != i)

    def _tally(self, rows: Any) -> ScoreTally:
        return ScoreTally(
            scale=self.scale,
            counts=self.counts[rows].sum(axis=0).tolist(),
            sums=None if self.sums is None else tuple(self.sums[rows].sum(axis=0).tolist()),
            squares=None if self.squares is None else tuple(self.squares[rows].sum(axis=0).tolist()),
            left_out=left_out({reason: counts[rows].sum() for reason, counts in self.left.items()}),
            asked=None if self.asked is None else int(self.asked[rows].sum()),
        )


# -- the door for answers ----------------------------------------------------------------------------


def _open(answers: Any) -> tuple[Any, Batch[Any] | None]:
    """Answers as one column, with the batch they stand in, if any."""
    answers = _inputs.materialise(answers)
    if isinstance(answers, Responses):
        return answers.raw("score"), answers
    kind = first_record(answers)
    if kind is not None or isinstance(answers, Batch):
        if kind is not Responses.record:
            found = (kind or type(answers)).__name__
            msg = f"answers must be scores, SurveyResponse records or a Responses batch (got {found})"
            raise ArgumentTypeError(msg, argument="answers", found=found)
        batch = Responses.from_records(answers)
        return batch.raw("score"), batch
    if type(answers) is int and answers == 0:
        msg = (
            "answers must be data or a tally (got 0, what sum() gives for no tallies); "
            "start the sum with a tally: sum(tallies, start=cx.ScoreTally.empty(cx.NPS_0_10))"
        )
        raise ArgumentTypeError(msg, argument="answers", found=answers)
    return answers, None


def _weight_column(weights: Any, n: int, batch: Batch[Any] | None) -> Floats:
    if isinstance(weights, str):
        if batch is None:
            msg = (
                f"weights must be numbers beside plain answers (got the name {weights!r}); pass weights=df[{weights!r}]"
            )
            raise ArgumentTypeError(msg, argument="weights", found=weights)
        weights = batch.raw(weights, "weights")
    return _inputs.weights(_inputs.materialise(weights), n)


def _check_settings(scale: Any, missing: str, invalid: str) -> None:
    if not isinstance(scale, Scale):
        msg = f"scale must be a Scale, e.g. cx.CSAT_1_5 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))


def score_tally(
    answers: Any, scale: Scale, *, weights: Any = None, missing: str = "drop", invalid: str = "raise"
) -> ScoreTally:
    """Count answers of any shape on one scale; a tally passes through."""
    _check_settings(scale, missing, invalid)
    if isinstance(answers, (ScoreTally, Mapping)):
        if weights is not None:
            msg = (
                "weights must be left out beside counts: they belong to single answers; "
                "count with ScoreTally.of(..., weights=)"
            )
            raise ArgumentTypeError(msg, argument="weights", found=weights)
        if isinstance(answers, ScoreTally):
            return _rescaled(answers, scale)
        return _from_mapping(answers, scale, missing, invalid)
    if weights is None and type(answers) in (list, tuple) and len(answers) <= _SMALL:
        small = counting.small_counts(answers, scale.low, scale.high)
        if small is not None:
            return ScoreTally(scale=scale, counts=small)
    values, batch = _open(answers)
    found = _inputs.answers(values, scale)
    n = len(found)
    weight = None if weights is None else _weight_column(weights, n, batch)
    gone = _missing(found)
    if gone is None and found.data.dtype.kind != "f":
        counts = counting.point_counts(found.data, scale.low, scale.high)
        off = n - sum(counts)
    else:
        table, missed = counting.cross_count(found.data, scale.low, scale.high, None, 1, gone)
        counts, off = table[0].tolist(), int(missed[0])
    dropped = 0 if gone is None else int(np.count_nonzero(gone))
    _enforce(found, values, scale, gone, off, missing, invalid)
    sums = squares = None
    if weight is not None:
        both = counting.weighted_count(found.data, scale.low, scale.high, None, 1, _kept(found, scale, gone), weight)
        sums, squares = (tuple(part[0].tolist()) for part in both)
    return ScoreTally(
        scale=scale,
        counts=counts,
        sums=sums,
        squares=squares,
        left_out=left_out({LeftOut.MISSING: dropped, LeftOut.INVALID: off}),
        asked=n if batch is not None else None,
        respondents=_respondents(batch, found, scale, gone),
    )


def score_table(
    answers: Any, scale: Scale, *, by: Any, weights: Any = None, missing: str = "drop", invalid: str = "raise"
) -> ScoreTable:
    """Count answers of any shape on one scale, by group."""
    _check_settings(scale, missing, invalid)
    if isinstance(answers, (ScoreTally, Mapping)):
        msg = (
            "by must be left out beside counts; pass one tally a group: "
            "Groups.from_tallies({key: tally, ...}, metric=cx.nps)"
        )
        raise ArgumentTypeError(msg, argument="by", found=by)
    values, batch = _open(answers)
    found = _inputs.answers(values, scale)
    n = len(found)
    groups: Grouping = group_rows(by, n, batch)
    weight = None if weights is None else _weight_column(weights, n, batch)
    gone = _missing(found)
    counts, off = counting.cross_count(found.data, scale.low, scale.high, groups.codes, groups.size, gone)
    dropped = np.zeros(groups.size, dtype=np.int64)
    if gone is not None:
        dropped = counting.row_counts(groups.codes, groups.size, gone)
    _enforce(found, values, scale, gone, int(off.sum()), missing, invalid)
    asked = counts.sum(axis=1) + dropped + off
    order, keys = groups.order(asked > 0)
    sums = squares = None
    if weight is not None:
        kept = _kept(found, scale, gone)
        both = counting.weighted_count(found.data, scale.low, scale.high, groups.codes, groups.size, kept, weight)
        sums, squares = (part[order] for part in both)
    return ScoreTable(
        scale=scale,
        keys=keys,
        names=groups.names,
        many=groups.many,
        counts=counts[order],
        sums=sums,
        squares=squares,
        left={LeftOut.MISSING: dropped[order], LeftOut.INVALID: off[order]},
        asked=asked[order] if batch is not None else None,
    )


def _missing(found: Column) -> npt.NDArray[np.bool_] | None:
    if found.data.dtype.kind != "f":
        return found.missing
    nan = np.isnan(found.data)
    if found.missing is not None:
        nan |= found.missing
    return nan if nan.any() else None


def _kept(found: Column, scale: Scale, gone: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_]:
    good = counting.on_scale(found.data, scale.low, scale.high)
    return good if gone is None else good & ~gone


def _enforce(
    found: Column, values: Any, scale: Scale, gone: npt.NDArray[np.bool_] | None, off: int, missing: str, invalid: str
) -> None:
    if gone is not None and missing == "raise":
        _inputs.refuse_missing("answers", gone)
    if off and invalid == "raise":
        bad = ~counting.on_scale(found.data, scale.low, scale.high)
        if gone is not None:
            bad &= ~gone
        _inputs.refuse_invalid(
            "answers",
            f"be whole points {scale.low} to {scale.high} of the scale {scale.name}, or its labels",
            bad,
            values,
            kind=ScaleError,
            way="name another scale with scale=, read words with scale.with_labels({...}), or use "
            "invalid='drop' to leave them out and count them",
        )


def _respondents(
    batch: Batch[Any] | None, found: Column, scale: Scale, gone: npt.NDArray[np.bool_] | None
) -> int | None:
    if batch is None or not batch.known("respondent"):
        return None
    people = batch.coded("respondent")
    answered = np.bincount(people.codes[_kept(found, scale, gone)], minlength=len(people.labels)) > 0
    return int(np.count_nonzero(answered)) - bool(people.labels[-1] is None and answered[-1])


def _rescaled(tally: ScoreTally, scale: Scale) -> ScoreTally:
    """A tally under other bands of the same points; its counts stay what they are."""
    if (tally.scale.low, tally.scale.high) != (scale.low, scale.high):
        msg = (
            f"scale must have the points of the tally (got {scale.name} {scale.low} to {scale.high}, the tally counts "
            f"{tally.scale.name} {tally.scale.low} to {tally.scale.high}); leave scale= out to use the tally's own"
        )
        raise ScaleError(msg, argument="scale", found=scale)
    return attrs.evolve(tally, scale=scale)
