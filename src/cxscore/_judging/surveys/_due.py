"""`due_for_survey`: who was left alone for long enough to be asked again.

Reads who was asked and who answered, and when; never what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, overload

import attrs
import numpy as np
import numpy.typing as npt

from ... import _html, _inputs
from ..._accounting import Account, LeftOut, left_out
from ..._calls import guided
from ..._checks import check_choice
from ..._frozen import FrozenMap
from ..._inputs import NAT
from ..._results import plain, show
from ._responses import SHOWN, as_responses, text

__all__ = ["DueForSurvey", "SurveyDue", "due_for_survey"]

Ints = npt.NDArray[np.int64]


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
        return dt.timedelta(microseconds=self._cooling)

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
        return SurveyDue(self._names[i], *(_inputs.moment_or_none(at, self._aware, self._tz) for at in (last, since)))

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
        rows = [(str(item.respondent), text(item.last_asked), text(item.since)) for item in self[:SHOWN]]
        more = len(self) - SHOWN
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
    batch = as_responses(responses)
    now = _inputs.instant(as_of, "as_of", aware=batch.aware, tz=batch.tz)
    aware = _inputs.instants([as_of], "as_of")[1] if batch.aware is None else batch.aware
    # Whoever answers is left alone from then on, whenever the question was sent; what lies after now has not happened.
    instants = batch.times("asked_at"), batch.times("at")
    dated = (instants[0] != NAT) | (instants[1] != NAT)
    last = np.maximum(*(np.where(at > now, NAT, at) for at in instants))
    people = batch.coded(key, "key")
    account = Account(len(batch))
    for name, gone in ((key, people.missing), ("asked_at", ~dated)):
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
