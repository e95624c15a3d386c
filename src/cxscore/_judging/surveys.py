"""Survey care: how many answered, whose answers count once, whom to call back, whom to ask again.

Works on `Responses`; reads labels and instants from the batch and scores through the door. Knows results, groups
and the tests of the core; computes no score.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from numbers import Integral
from typing import Any, ClassVar, Literal, TypeVar, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html, _inputs
from .._accounting import Account, LeftOut, left_out
from .._calls import guided
from .._checks import check_choice, check_confidence
from .._core import counting, intervals
from .._core.differences import miettinen_nurminen_p
from .._core.distributions import z_value
from .._core.multiplicity import holm
from .._evidence import Evidence
from .._frozen import FrozenMap
from .._grouping import Grouping, cut_by, group_rows
from .._inputs import NAT
from .._results import Brief, Interval, Result, Signature, plain, put, show
from ..batches import Responses, as_batch
from ..errors import ArgumentTypeError, ArgumentValueError, MergeError, ScaleError, shown
from ..groups import Groups
from ..records import SurveyResponse
from ..scales import Scale
from ..tallies._scores import contents

__all__ = [
    "DueForSurvey",
    "LowScore",
    "LowScores",
    "ResponseRate",
    "SurveyDue",
    "due_for_survey",
    "latest",
    "low_scores",
    "response_rate",
]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Number = Any  # a float for one group, a float array for many
T = TypeVar("T")

_SHOWN = 10
_FEWEST_EXPECTED = 1.0
_MICROSECOND = dt.timedelta(microseconds=1)


# -- what all of them read -----------------------------------------------------------------------------


def _responses(values: Any, argument: str = "responses") -> Responses:
    return cast("Responses", as_batch(values, argument, (Responses,), lambda: Responses.from_records([])))


def _missing(batch: Responses, name: str) -> Bools:
    """Where a column of labels has none."""
    found = batch.coded(name)
    if found.labels and found.labels[-1] is None:
        return np.asarray(found.codes == len(found.labels) - 1)
    return np.zeros(len(batch), dtype=np.bool_)


def _dated(batch: Responses) -> Ints:
    """When each answer was given, or where it was not, when it was asked for."""
    at = batch.times("at")
    return np.where(at == NAT, batch.times("asked_at"), at)


def _moment(micros: int, aware: bool | None, tz: str | dt.tzinfo | None) -> dt.datetime | None:
    """An instant as the records have it: on the clocks of the batch, if it names any."""
    if micros == NAT:
        return None
    plain_time = dt.datetime(1970, 1, 1) + micros * _MICROSECOND
    if not aware:
        return plain_time
    moment = plain_time.replace(tzinfo=dt.UTC)
    return moment if tz is None else moment.astimezone(_inputs.zone_of(tz))


# -- one answer a person -------------------------------------------------------------------------------


def latest(responses: Any, key: str | Sequence[str] = "respondent") -> Responses:
    """The latest answer of every respondent, conversation or account; the rest of the rows unchanged.

    An invitation without an answer supersedes no answer: of a respondent who answered the latest answer stays, of
    one who never did the latest invitation. A row whose key is missing stays as it is, because nobody knows whose it
    is. With several columns a column that no row has tells none apart, and a row that lacks one of the others stays.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch.
        key: column whose values count once: "respondent", "account" for one vote an account, "conversation", a
            column of your own; or several, `("survey", "conversation", "respondent")`.

    Returns:
        Responses: rows in the order given. Answers are ordered by `at`, where that is missing by `asked_at`. Of
        several at one instant the one with the lowest number stays, which is the poorest wherever low is not good (no
        scale is known here), and of equal numbers what else they hold decides, never the order of the rows.

    Raises:
        ArgumentTypeError: something else than responses; a key that is no name; rows to choose from and no instant
            in any row.
        UnknownNameError: a name that is no column.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> answers = cx.Responses(
    ...     score=[3, 9, 8],
    ...     respondent=["ada", "ada", None],
    ...     at=[datetime(2026, 3, 2), datetime(2026, 3, 9), datetime(2026, 3, 3)],
    ... )
    >>> [answer.score for answer in cx.latest(answers)]
    [9, 8]
    """
    batch = _responses(responses)
    names = [key] if isinstance(key, str) else list(key) if isinstance(key, (list, tuple)) else []
    if not names or not all(isinstance(name, str) for name in names):
        msg = f"key must name a column, or several in a tuple (got {key!r}), e.g. key=('survey', 'respondent')"
        raise ArgumentTypeError(msg, argument="key", found=key)
    for name in names:
        batch.raw(name, "key")
    used = [name for name in names if batch.known(name)]
    if not used:
        return batch
    gone = np.logical_or.reduce([_missing(batch, name) for name in used])
    rows = np.flatnonzero(~gone)
    grouping = group_rows(used, len(batch), batch)
    group = grouping.codes[rows]
    several = rows[np.bincount(group, minlength=grouping.size)[group] > 1]
    if not len(several):
        return batch
    if not (batch.known("at") or batch.known("asked_at")):
        msg = "latest needs to know when answers were given (got no instant in any row); give responses their at="
        raise ArgumentTypeError(msg, argument="responses")
    keys = [_dated(batch), ~_missing(batch, "score"), grouping.codes]
    order = several[np.lexsort([column[several] for column in keys])]
    same = np.logical_and.reduce([column[order[1:]] == column[order[:-1]] for column in keys])
    if same.any():
        tied = order[np.append(same, False) | np.append(False, same)]
        place = np.zeros(len(batch), dtype=np.int64)
        place[tied[np.lexsort(contents(batch, tied))]] = np.arange(len(tied))
        order = several[np.lexsort([column[several] for column in (place, *keys)])]
    last = np.append(grouping.codes[order[1:]] != grouping.codes[order[:-1]], True)
    kept = np.ones(len(batch), dtype=np.bool_)
    kept[order[~last]] = False
    return batch[kept]


# -- answers to follow up ------------------------------------------------------------------------------


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
        at = _moment(int(self._dates[i]), self._aware, self._source.tz)
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
                _text(item.at),
                *(_text(getattr(item.record, name)) for name in names[3:]),
            )
            for item in self[:_SHOWN]
        ]
        more = len(self) - _SHOWN
        return _html.table(names, rows, title=repr(self), more=f"... and {more:,} more" if more > 0 else "")


def _low_scores(source: Responses, rows: Ints, points: Ints, *content: Any) -> LowScores:
    criterion, total, given, n, left = content
    return LowScores(source, rows, points, criterion=criterion, total=total, given=given, n=n, left=left)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


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
    batch = _responses(responses)
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


# -- whom to ask again ---------------------------------------------------------------------------------


@attrs.frozen
class SurveyDue:
    """One respondent who may be asked.

    Attributes:
        respondent: who.
        last_asked: when they were last asked or last answered, on the clocks of the batch; None for never.
        since: since when they may be asked again, None for always.

    >>> import cxscore as cx
    >>> cx.SurveyDue("ada", None, None).respondent
    'ada'
    """

    respondent: Hashable
    last_asked: dt.datetime | None
    since: dt.datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: plain(getattr(self, name)) for name in ("respondent", "last_asked", "since")}


class DueForSurvey(Sequence[SurveyDue]):
    """Respondents who may be asked again: never asked ones first, then those who have waited longest.

    Attributes:
        as_of: the instant that this holds at.
        cooling: how long a respondent is left alone.
        resting: respondents who may not be asked yet.
        given: rows of the input.
        n: rows that say when somebody was asked.
        left_out: reason to number of the other rows.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> asked = cx.Responses(score=[9, None], respondent=["ada", "bo"], at=[datetime(2026, 1, 5), None],
    ...                      asked_at=[datetime(2026, 1, 4), datetime(2026, 3, 1)])
    >>> due = cx.due_for_survey(asked, as_of=datetime(2026, 5, 1), cooling=timedelta(days=90))
    >>> due.respondents, due.resting
    (['ada'], 1)
    """

    __slots__ = ("_aware", "_cooling", "_last", "_names", "_tz", "as_of", "given", "left_out", "n", "resting")

    def __init__(
        self, names: list[Any], last: Ints, *, cooling: int, aware: bool | None, tz: str | dt.tzinfo | None,
        as_of: dt.datetime, resting: int, given: int, n: int, left: FrozenMap[LeftOut, int],
    ) -> None:  # fmt: skip
        self._names = names
        self._last = _inputs.read_only(last)
        self._cooling = cooling
        self._aware = aware
        self._tz = tz
        self.as_of = as_of
        self.resting = resting
        self.given = given
        self.n = n
        self.left_out = left

    @property
    def cooling(self) -> dt.timedelta:
        """How long a respondent is left alone."""
        return self._cooling * _MICROSECOND

    @property
    def respondents(self) -> list[Any]:
        """Who may be asked, in the same order."""
        return list(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> SurveyDue: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[SurveyDue, ...]: ...
    def __getitem__(self, place: int | slice) -> SurveyDue | tuple[SurveyDue, ...]:
        if isinstance(place, slice):
            return tuple(self._item(i) for i in range(len(self))[place])
        return self._item(range(len(self))[place])

    def _item(self, i: int) -> SurveyDue:
        last = int(self._last[i])
        since = NAT if last == NAT else last + self._cooling
        return SurveyDue(self._names[i], *(_moment(at, self._aware, self._tz) for at in (last, since)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a respondent, for `pandas.DataFrame`."""
        return [item.to_dict() for item in self]

    def _content(self) -> tuple[Any, ...]:
        return self._cooling, self._aware, self._tz, self.as_of, self.resting, self.given, self.n, self.left_out

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DueForSurvey):
            return NotImplemented
        return (
            self._content() == other._content()
            and self._names == other._names
            and np.array_equal(self._last, other._last)
        )

    def __hash__(self) -> int:
        return hash((type(self), len(self), self.as_of, self._cooling))

    def __reduce__(self) -> tuple[Any, ...]:
        return _due_for_survey, (self._names, self._last, *self._content())

    def __repr__(self) -> str:
        return f"DueForSurvey({len(self):,} may be asked, {self.resting:,} asked within {show(self.cooling)})"

    def _repr_html_(self) -> str:
        rows = [(str(item.respondent), _text(item.last_asked), _text(item.since)) for item in self[:_SHOWN]]
        more = len(self) - _SHOWN
        names = ("respondent", "last asked", "may be asked since")
        return _html.table(names, rows, title=repr(self), more=f"... and {more:,} more" if more > 0 else "")


def _due_for_survey(names: list[Any], last: Ints, *content: Any) -> DueForSurvey:
    cooling, aware, tz, as_of, resting, given, n, left = content
    return DueForSurvey(
        names, last, cooling=cooling, aware=aware, tz=tz, as_of=as_of, resting=resting, given=given, n=n, left=left
    )


@guided(
    second="write due_for_survey(responses, as_of=..., cooling=timedelta(days=90))",
    keywords={"window": "write cooling={value}", "days": "write cooling=timedelta(days={value})"},
)
def due_for_survey(
    responses: Any, *, as_of: dt.datetime, cooling: dt.timedelta = dt.timedelta(days=90), key: str = "respondent",
    among: Iterable[Hashable] | None = None, missing: Literal["drop", "raise"] = "drop",
) -> DueForSurvey:  # fmt: skip
    """Who may be asked again: everybody who was neither asked nor answered for the length of `cooling`.

    Args:
        responses: `SurveyResponse` records or a `Responses` batch: who was asked and who answered, and when.
        as_of: now; a respondent may be asked from exactly `cooling` after the last time on. What lies after it has
            not happened: of somebody asked before it who answers after it the question counts, and a row with
            nothing before it is left out as `after_as_of`.
        cooling: how long a respondent is left alone.
        key: the column that says who: "respondent", "account", or your own.
        among: everybody who might be asked. Those whom no response knows were never asked and may be; others than
            these are not listed. None: everybody whom a response knows.
        missing: "drop" counts rows without respondent or instant in `left_out`, "raise" refuses them.

    Returns:
        DueForSurvey: a sequence of `SurveyDue`, never asked ones first, then those who have waited longest.

    Raises:
        ArgumentTypeError: something else than responses, instants or durations.
        InvalidValueError: a cooling period that is not above zero.
        MissingValueError: rows without respondent or instant, under `missing="raise"`.
        MixedTimeZonesError: naive and aware instants together.
        UnknownNameError: a key that is no column.

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> asked = cx.Responses(
    ...     score=[9, None, 7],
    ...     respondent=["ada", "bo", "ada"],
    ...     asked_at=[datetime(2026, 1, 5), datetime(2026, 3, 1), datetime(2026, 1, 20)],
    ... )
    >>> due = cx.due_for_survey(asked, as_of=datetime(2026, 4, 20), among=["ada", "bo", "cleo"])
    >>> [(person.respondent, str(person.last_asked)) for person in due]
    [('cleo', 'None'), ('ada', '2026-01-20 00:00:00')]
    """
    check_choice("missing", missing, ("drop", "raise"))
    wait = _inputs.duration(cooling, "cooling", positive=True)
    batch = _responses(responses)
    now = _inputs.instant(as_of, "as_of", aware=batch.aware, tz=batch.tz)
    aware = _inputs.instants([as_of], "as_of")[1] if batch.aware is None else batch.aware
    # Whoever answers is left alone from then on, whenever the question was sent; what lies after now has not happened.
    instants = batch.times("asked_at"), batch.times("at")
    dated = (instants[0] != NAT) | (instants[1] != NAT)
    last = np.maximum(*(np.where(at > now, NAT, at) for at in instants))
    people = batch.coded(key, "key")
    account = Account(len(batch))
    for name, gone in ((key, _missing(batch, key)), ("asked_at", ~dated)):
        if missing == "raise" and gone.any():
            _inputs.refuse_missing(name, gone)
        account.leave_out(LeftOut.MISSING, gone)
    account.leave_out(LeftOut.AFTER_AS_OF, dated & (last == NAT))
    n, left = account.by_group(None, 1)
    rows = np.flatnonzero(account.kept)
    times = np.full(len(people.labels), NAT, dtype=np.int64)
    np.maximum.at(times, people.codes[rows], last[rows])
    if among is None:
        codes = np.flatnonzero(times != NAT)
        names, asked = [people.labels[code] for code in codes.tolist()], times[codes]
    else:
        known = {label: int(times[code]) for code, label in enumerate(people.labels) if label is not None}
        names = list(dict.fromkeys(_candidates(among)))
        asked = np.array([known.get(name, NAT) for name in names], dtype=np.int64)
    due = np.flatnonzero((asked == NAT) | (asked <= now - wait))
    try:
        due = np.array(sorted(due.tolist(), key=lambda i: (asked[i], names[i])), dtype=np.int64)
    except TypeError:  # names of unlike types have no order
        due = due[np.argsort(asked[due], kind="stable")]
    return DueForSurvey(
        [names[i] for i in due.tolist()], asked[due], cooling=wait, aware=aware, tz=batch.tz, as_of=as_of,
        resting=len(names) - len(due), given=len(batch), n=int(n[0]),
        left=left_out({str(reason): counts[0] for reason, counts in left.items()}),
    )  # fmt: skip


def _candidates(among: Any) -> Sequence[Any]:
    found = _inputs.coded(_inputs.materialise(among), "among")
    return [found.labels[code] for code in found.codes.tolist() if found.labels[code] is not None]


# -- how many answered ---------------------------------------------------------------------------------


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
        n, k = np.ones(len(batch), dtype=np.int64), (~_missing(batch, "score")).astype(np.int64)
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
    return _responses(asked, "asked")


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
