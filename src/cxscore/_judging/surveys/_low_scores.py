"""`low_scores`: the answers to follow up, worst first.

Reads scores through the door, by the scale of the answers; computes no figure of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, overload

import attrs
import numpy as np
import numpy.typing as npt

from ... import _html, _inputs
from ..._accounting import Account, LeftOut, left_out
from ..._calls import guided
from ..._checks import check_choice
from ..._core import counting
from ..._frozen import FrozenMap
from ..._inputs import NAT
from ..._results import put
from ...batches import Responses
from ...errors import ArgumentTypeError, ArgumentValueError, ScaleError, shown
from ...records import SurveyResponse
from ...scales import Scale
from ._responses import SHOWN, as_responses, text

__all__ = ["LowScore", "LowScores", "low_scores"]

Ints = npt.NDArray[np.int64]


@attrs.frozen
class LowScore:
    """One answer to follow up.

    Attributes:
        index: its position among the rows given.
        score: the point of the scale.
        at: when it was given, on the clocks of the batch; None where not known.
        record: the response.

    >>> import cxscore as cx
    >>> low = cx.low_scores([cx.SurveyResponse(score=2, conversation=7)], scale=cx.NPS_0_10)
    >>> low[0].score, low[0].record.conversation
    (2, 7)
    """

    index: int
    score: int
    at: dt.datetime | None
    record: SurveyResponse

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: position, score, and what the response says of itself."""
        out: dict[str, Any] = {"index": self.index, "score": self.score}
        for field in attrs.fields(SurveyResponse):
            value = getattr(self.record, field.name)
            if field.name not in ("score", "weight", "extra") and value not in (None, ()):
                put(out, field.name, value)
        return out


class LowScores(Sequence[LowScore]):
    """Answers to follow up, worst first, then newest first; each is made when it is looked up.

    Attributes:
        criterion: which answers these are.
        total: how many there are, also where a limit shows fewer.
        given: rows of the input.
        n: answers among them.
        left_out: reason to number of rows that hold no answer.

    >>> import cxscore as cx
    >>> low = cx.low_scores([cx.SurveyResponse(score=score) for score in (9, 6, 0, 3)], scale=cx.NPS_0_10)
    >>> [item.score for item in low], low.criterion
    ([0, 3, 6], '0 to 6 on NPS 0-10')
    """

    __slots__ = ("_aware", "_dates", "_points", "_rows", "_source", "criterion", "given", "left_out", "n", "total")

    def __init__(
        self, source: Responses, rows: Ints, points: Ints, *, criterion: str, total: int, given: int, n: int,
        left: FrozenMap[LeftOut, int],
    ) -> None:  # fmt: skip
        self._source = source
        self._rows = _inputs.read_only(rows)
        self._points = _inputs.read_only(points)
        self._dates = source.times("at")[rows]
        self._aware = source.aware
        self.criterion = criterion
        self.total = total
        self.given = given
        self.n = n
        self.left_out = left

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> LowScore: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[LowScore, ...]: ...
    def __getitem__(self, place: int | slice) -> LowScore | tuple[LowScore, ...]:
        if isinstance(place, slice):
            return tuple(self._item(i) for i in range(len(self))[place])
        return self._item(range(len(self))[place])

    def _item(self, i: int) -> LowScore:
        row = int(self._rows[i])
        at = _inputs.moment_or_none(int(self._dates[i]), self._aware, self._source.tz)
        return LowScore(row, int(self._points[i]), at, self._source[row])

    @property
    def indices(self) -> Ints:
        """Their positions among the rows given, worst first; int64, read-only."""
        return self._rows

    @property
    def responses(self) -> Responses:
        """The same answers as a batch, worst first."""
        return self._source[self._rows]

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row an answer, for `pandas.DataFrame`."""
        return [item.to_dict() for item in self]

    def _content(self) -> tuple[Any, ...]:
        return self.criterion, self.total, self.given, self.n, self.left_out

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LowScores):
            return NotImplemented
        return (
            self._content() == other._content()
            and np.array_equal(self._rows, other._rows)
            and np.array_equal(self._points, other._points)
        )

    def __hash__(self) -> int:
        return hash((type(self), self.criterion, self.total))

    def __reduce__(self) -> tuple[Any, ...]:
        return _low_scores, (self._source, self._rows, self._points, *self._content())

    def __repr__(self) -> str:
        shown_of = f"{len(self):,} of {self.total:,}" if len(self) < self.total else f"{self.total:,}"
        return f"LowScores({shown_of} answers of {self.n:,}: {self.criterion}, worst first)"

    def _repr_html_(self) -> str:
        names = ("row", "score", "at", "respondent", "conversation", "agent", "comment")
        rows = [
            (
                str(item.index),
                str(item.score),
                text(item.at),
                *(text(getattr(item.record, name)) for name in names[3:]),
            )
            for item in self[:SHOWN]
        ]
        more = len(self) - SHOWN
        return _html.table(names, rows, title=repr(self), more=f"... and {more:,} more" if more > 0 else "")


def _low_scores(source: Responses, rows: Ints, points: Ints, *content: Any) -> LowScores:
    criterion, total, given, n, left = content
    return LowScores(source, rows, points, criterion=criterion, total=total, given=given, n=n, left=left)


@guided(second="write low_scores(responses, scale=cx.NPS_0_10)", keywords={"top": "write limit={value}"})
def low_scores(
    responses: Any, *, scale: Scale, up_to: int | None = None, limit: int | None = None,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> LowScores:  # fmt: skip
    """The answers to follow up: detractors, dissatisfied, difficult; worst first, the newest of equals first.

    Who answered again may be content by now: `low_scores(latest(responses), ...)` looks at latest answers only.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch.
        scale: the scale of the answers, which nothing is guessed of.
        up_to: the mildest answer that counts, instead of the scale's poor band ("and above" where low is good).
        limit: the most answers to list; `total` still says how many there are.
        missing: "drop" counts rows without an answer in `left_out`, "raise" refuses them.
        invalid: "raise" refuses answers off the scale, "drop" counts them in `left_out`.

    Returns:
        LowScores: a sequence of `LowScore`, each with its record.

    Raises:
        ArgumentTypeError: something else than responses, or no scale.
        ArgumentValueError: `up_to` off the scale, `limit` no whole number of 0 or more.
        ScaleError: answers that are no point of the scale.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> answers = cx.Responses(
    ...     score=[9, 2, None, 2, 5],
    ...     at=[datetime(2026, 3, day) for day in (2, 3, 4, 5, 6)],
    ...     conversation=[71, 72, 73, 74, 75],
    ... )
    >>> low = cx.low_scores(answers, scale=cx.NPS_0_10)
    >>> [(item.score, item.record.conversation) for item in low]
    [(2, 74), (2, 72), (5, 75)]
    >>> cx.low_scores(answers, scale=cx.NPS_0_10, up_to=2, limit=1)
    LowScores(1 of 2 answers of 4: 0 to 2 on NPS 0-10, worst first)
    """
    if not isinstance(scale, Scale):
        msg = f"scale must be the Scale of the answers, e.g. scale=cx.CSAT_1_5 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        msg = f"limit must be a whole number of 0 or more, or None for all (got {shown(limit)})"
        raise ArgumentValueError(msg, argument="limit", found=limit)
    poor = scale.poor if up_to is None else _poor_up_to(scale, up_to)
    batch = as_responses(responses)
    values = batch.raw("score")
    found = _inputs.answers(values, scale)
    account = Account(len(batch))
    gone = np.zeros(len(batch), dtype=np.bool_) if found.missing is None else found.missing
    if found.data.dtype.kind == "f":
        gone = gone | np.isnan(found.data)
    if missing == "raise" and gone.any():
        _inputs.refuse_missing("responses", gone)
    account.leave_out(LeftOut.MISSING, gone)
    off = account.kept & ~counting.on_scale(found.data, scale.low, scale.high)
    if invalid == "raise" and off.any():
        rule = f"have scores that are whole points {scale.low} to {scale.high} of the scale {scale.name}, or its labels"
        _inputs.refuse_invalid("responses", rule, off, values, kind=ScaleError)
    account.leave_out(LeftOut.INVALID, off)
    rows = np.flatnonzero(account.kept & (found.data >= poor.start) & (found.data < poor.stop))
    points = found.data[rows].astype(np.int64)
    at = batch.times("at")[rows]
    # Undated ones come behind the dated ones of the same score.
    age = np.where(at == NAT, np.iinfo(np.int64).max, -at)
    order = np.lexsort((rows, age, -points if scale.low_is_good else points))
    _, left = account.by_group(None, 1)
    return LowScores(
        batch, rows[order][:limit], points[order][:limit],
        criterion=f"{poor.start} to {poor.stop - 1} on {scale.name}", total=len(rows), given=len(batch),
        n=int(np.count_nonzero(account.kept)),
        left=left_out({str(reason): counts[0] for reason, counts in left.items()}),
    )  # fmt: skip


def _poor_up_to(scale: Scale, up_to: Any) -> range:
    if isinstance(up_to, bool) or not isinstance(up_to, Integral) or int(up_to) not in scale.points:
        msg = f"up_to must be a point of the scale, {scale.low} to {scale.high} (got {shown(up_to)})"
        raise ArgumentValueError(msg, argument="up_to", found=up_to)
    if scale.low_is_good:
        return range(int(up_to), scale.high + 1)
    return range(scale.low, int(up_to) + 1)
