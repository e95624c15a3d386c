"""`response_rate`: how many of those asked have answered, and which groups hardly do.

Counts rows, never scores. The tests are those of the core; knows results, groups and the evidence they rest on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, overload

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._checks import check_confidence
from ..._core import intervals
from ..._core.differences import miettinen_nurminen_p
from ..._core.distributions import z_value
from ..._core.multiplicity import holm
from ..._evidence import Evidence
from ..._frozen import FrozenMap
from ..._grouping import Grouping, cut_by, group_rows
from ..._results import Brief, Interval, Result, Signature, show
from ...batches import Responses
from ...errors import ArgumentTypeError, ArgumentValueError, MergeError, shown
from ...groups import Groups
from ...records import SurveyResponse
from ._responses import as_responses

__all__ = ["ResponseRate", "response_rate"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Number = Any  # a float for one group, a float array for many

_FEWEST_EXPECTED = 1.0


@attrs.frozen(kw_only=True, eq=False)
class ResponseRate(Result):
    """How many of those asked have answered.

    Attributes:
        asked: invitations; `given` less what was left out.
        answered: answers among them.
        rate: answered over asked, 0 to 1; NaN where nobody was asked.
        interval: its Wilson interval.
        rest_rate: rate of all other groups together; NaN without groups.
        p_adjusted: p-value of the difference from the rest, adjusted by Holm over all groups; NaN where it was
            not tested.
        far_below: whether the rate is far below the rest, by the criterion of `response_rate`; None where it was
            not tested.

    >>> import cxscore as cx
    >>> print(cx.response_rate(200, 62))
    response rate 31.0% (95% CI 25.0 to 37.7, n=200)
    """

    asked: int
    answered: int
    rate: float
    interval: Interval
    rest_rate: float = float("nan")
    p_adjusted: float = float("nan")
    far_below: bool | None = None

    _headline: ClassVar[str] = "rate"

    def __str__(self) -> str:
        return str(self._brief())

    @property
    def _evidence(self) -> Evidence:
        return _evidence(self.asked * 1.0, self.rate)

    def _brief(self) -> Brief:
        return Brief("response rate", _percent(self.rate), _limits(self.interval), self.asked)

    def _lines(self) -> list[tuple[str, str]]:
        rows = [
            ("response rate", f"{_percent(self.rate)} ({_limits(self.interval)})"),
            ("asked", f"{self.asked:,}"),
            ("answered", f"{self.answered:,}"),
        ]
        if self.far_below is not None:
            word = "far below" if self.far_below else "not far below"
            rows.append(("the rest", f"{_percent(self.rest_rate)}, {word} (adjusted p {self.p_adjusted:.2g})"))
        return rows


def _percent(share: float) -> str:
    return show(share) if share != share else f"{show(share * 100)}%"


def _limits(interval: Interval) -> str:
    return str(attrs.evolve(interval, low=interval.low * 100, high=interval.high * 100))


def _evidence(asked: Number, rate: Number) -> Evidence:
    return Evidence(
        name="response rate", form="share", unit=1.0, upward=True, value=rate, n=asked, weight=asked, up=rate,
        low=0.0, high=1.0,
    )  # fmt: skip


class _Rates:
    """Counts of all groups, and how each compares with the rest; a table for `Groups`."""

    def __init__(self, grouping: Grouping, keys: Sequence[Any], counts: Sequence[Ints], confidence: float, far: float):
        self.keys = keys
        self.names = grouping.names
        self.many = grouping.many
        self.asked, self.answered = counts
        self.confidence = confidence
        self.far = far

    def __len__(self) -> int:
        return len(self.asked)

    def result(self, i: int) -> ResponseRate:
        far_below, tested = self.far_below
        return _rate(
            int(self.asked[i]), int(self.answered[i]), self.confidence, self.far,
            rest_rate=float(self.rest_rates[i]), p_adjusted=float(self.p_adjusted[i]),
            far_below=bool(far_below[i]) if tested[i] else None,
        )  # fmt: skip

    def overall(self) -> ResponseRate:
        return _rate(int(self.asked.sum()), int(self.answered.sum()), self.confidence, self.far)

    def rest(self, i: int) -> ResponseRate:
        asked, answered = (int(counts.sum() - counts[i]) for counts in (self.asked, self.answered))
        return _rate(asked, answered, self.confidence, self.far)

    def union(self, places: Ints) -> ResponseRate:
        return _rate(int(self.asked[places].sum()), int(self.answered[places].sum()), self.confidence, self.far)

    @cached_property
    def rates(self) -> Floats:
        return _ratio(self.answered, self.asked)

    @cached_property
    def rest_rates(self) -> Floats:
        return _ratio(self.answered.sum() - self.answered, self.asked.sum() - self.asked)

    @cached_property
    def p_adjusted(self) -> Floats:
        """Of the score test of two shares; NaN where too little is expected in a cell for it to hold."""
        k1, n1 = self.answered.astype(np.float64), self.asked.astype(np.float64)
        k2, n2 = k1.sum() - k1, n1.sum() - n1
        total = max(float(n1.sum()), 1.0)
        share = k1.sum() / total
        expected = np.minimum(n1, n2) * min(share, 1.0 - share)
        tested = expected >= _FEWEST_EXPECTED
        p = np.full(len(self), np.nan)
        p[tested] = miettinen_nurminen_p(k1[tested], n1[tested], k2[tested], n2[tested])
        return holm(p)

    @cached_property
    def far_below(self) -> tuple[Bools, Bools]:
        """Which groups are far below the rest, and which were tested."""
        p = self.p_adjusted
        with np.errstate(invalid="ignore"):
            found = (p < 1.0 - self.confidence) & (self.rates < self.far * self.rest_rates)
        return found, ~np.isnan(p)

    def column(self, name: str) -> Array | None:
        if name in ("interval.low", "interval.high"):
            limits = intervals.wilson(self.answered * 1.0, self.asked * 1.0, z_value(self.confidence))
            return np.asarray(limits[name == "interval.high"], dtype=np.float64)
        plain_counts = {"asked": self.asked, "answered": self.answered, "n": self.asked}
        if name in plain_counts:
            return plain_counts[name]
        return {"rate": self.rates, "rest_rate": self.rest_rates}.get(name)

    def evidence(self) -> Evidence:
        return _evidence(self.asked * 1.0, self.rates)

    def tally(self) -> Any:
        msg = "response rates have no tally; add up what was asked and answered: groups.overall has the sums"
        raise MergeError(msg)

    def tallies(self) -> Sequence[Any]:
        return [self.tally()]


def _ratio(part: Ints, whole: Ints) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return ratio


def _rate(asked: int, answered: int, confidence: float, far: float, **rest: Any) -> ResponseRate:
    low, high = intervals.wilson(answered * 1.0, asked * 1.0, z_value(confidence))
    estimation = {"ci": "wilson", "conf": f"{confidence:.12g}", "far": f"{far:.12g}"}
    return ResponseRate(
        given=asked,
        n=asked,
        left_out=FrozenMap(),
        signature=Signature("response_rate", {"v": "1"}, estimation),
        asked=asked,
        answered=answered,
        rate=answered / asked if asked else float("nan"),
        interval=Interval(low, high, confidence, "wilson"),
        **rest,
    )


@overload
def response_rate(
    asked: Any, answered: Any = None, *, by: None = None, confidence: float = 0.95, far: float = 0.8
) -> ResponseRate: ...
@overload
def response_rate(
    asked: Any, answered: Any = None, *, by: Any, confidence: float = 0.95, far: float = 0.8
) -> Groups[ResponseRate]: ...
def response_rate(
    asked: Any, answered: Any = None, *, by: Any = None, confidence: float = 0.95, far: float = 0.8
) -> ResponseRate | Groups[ResponseRate]:
    """Answers over invitations, with a Wilson interval; with groups, which answer far less than the rest.

    A group is `far_below` the rest where both hold: the p-value of the two-sided score test of its rate against that
    of all others together (with the factor N / (N - 1) of Miettinen and Nurminen), adjusted by Holm over all groups,
    is below 1 - confidence; and its rate is less than `far` times theirs. The first alone would flag trifles in large
    groups, the second alone chance in small ones. A group in which fewer than one answer or one silence is expected is
    not tested. Invitations are taken as independent of each other, also those of one respondent. The scores of a group
    that hardly answers may say more about who answers than about how well things went.

    Args:
        asked: `SurveyResponse` records or a `Responses` batch, where a row without a score was asked and did not
            answer; or a number of invitations, or a column of such numbers, beside `answered`.
        answered: number of answers, or a column of them, beside `asked`; None with responses.
        by: attribute or column name, function of a record, or labels; several as list, tuple or dict. Beside counts
            labels only.
        confidence: level of the intervals, between 0 and 1.
        far: how small a share of the rest's rate is far below it; 0.8 is the four-fifths rule of US employment
            guidelines, the best known of its kind.

    Returns:
        ResponseRate, or Groups of them with `by`.

    Raises:
        ArgumentTypeError: counts without the other ones; something else than responses or counts.
        ArgumentValueError: `far` or `confidence` not between 0 and 1; responses cut by the period of their own `at`,
            which only those have who answered.
        InvalidValueError: counts that are no whole numbers of 0 or more; more answered than asked.
        LengthError: columns of different lengths.

    References:
        Wilson (1927), Journal of the American Statistical Association 22:209-212. Miettinen and Nurminen (1985),
        Statistics in Medicine 4:213-226. Holm (1979), Scandinavian Journal of Statistics 6:65-70. Uniform Guidelines
        on Employee Selection Procedures, 29 CFR 1607.4 D (four-fifths).

    >>> import cxscore as cx
    >>> cx.response_rate(200, 62).rate
    0.31
    >>> rates = cx.response_rate([400, 380, 410], [120, 118, 41], by=["chat", "mail", "phone"])
    >>> [(channel, rate.answered, rate.far_below) for channel, rate in rates.items()]
    [('chat', 120, False), ('mail', 118, False), ('phone', 41, True)]
    """
    confidence = check_confidence(confidence)
    if isinstance(far, bool) or not isinstance(far, (int, float)) or not 0.0 < far <= 1.0:
        msg = f"far must be a number above 0, and 1 at most, e.g. 0.8 (got {shown(far)})"
        raise ArgumentValueError(msg, argument="far", found=far)
    batch = None
    if answered is None:
        batch = _invited(asked)
        n, k = np.ones(len(batch), dtype=np.int64), (~batch.coded("score").missing).astype(np.int64)
    else:
        n, k = _count_columns(asked, answered)
    if by is None:
        return _rate(int(n.sum()), int(k.sum()), confidence, float(far))
    if batch is not None and cut_by(by, "at"):
        msg = (
            "by must be a period of when people were asked (got period('at', ...)): who has not answered has no 'at'; "
            "write by=cx.period('asked_at', ...)"
        )
        raise ArgumentValueError(msg, argument="by", found=by)
    grouping = group_rows(by, len(n), batch)
    codes, keys = grouping.compact()
    invitations, answers = (np.zeros(len(keys), dtype=np.int64) for _ in range(2))
    np.add.at(invitations, codes, n)
    np.add.at(answers, codes, k)
    return Groups(_Rates(grouping, keys, (invitations, answers), confidence, float(far)))


def _invited(asked: Any) -> Responses:
    if isinstance(asked, (int, float, np.number)) or _inputs.is_column(asked):
        msg = (
            f"answered must be given beside a count of invitations (got asked={shown(asked)} alone); "
            f"write response_rate(asked, answered), or pass responses"
        )
        raise ArgumentTypeError(msg, argument="answered", found=asked)
    return as_responses(asked, "asked")


def _count_columns(asked: Any, answered: Any) -> tuple[Ints, Ints]:
    columns = []
    for name, values in (("asked", asked), ("answered", answered)):
        values = _inputs.materialise(values)
        if isinstance(values, (Responses, Mapping)) or (
            isinstance(values, (list, tuple)) and values and isinstance(values[0], SurveyResponse)
        ):
            msg = f"{name} must be counts beside the other ones (got {type(values).__name__}); pass responses alone"
            raise ArgumentTypeError(msg, argument=name, found=type(values))
        if isinstance(values, (bool, int, float, np.number)):
            values = [values]
        found = _inputs.column(values, name)
        if len(found) and found.data.dtype.kind not in "iuf":
            msg = f"{name} must be whole numbers of 0 or more (got values of type {found.data.dtype})"
            raise ArgumentTypeError(msg, argument=name, found=found.data.dtype)
        figures = found.data if len(found) else np.empty(0, dtype=np.int64)
        wrong = ~((figures >= 0) & (figures == np.floor(figures)) & (figures < 2**62))
        if found.missing is not None:
            wrong |= found.missing
        if wrong.any():
            _inputs.refuse_invalid(name, "be whole numbers of 0 or more", wrong, figures, way="count rows first")
        columns.append(figures.astype(np.int64))
    n, k = columns
    _inputs.same_length(len(n), len(k), "answered", "asked")
    if (k > n).any():
        _inputs.refuse_invalid(
            "answered", "be at most as many as asked", k > n, k, way="count invitations, not reminders, once each"
        )
    return n, k
