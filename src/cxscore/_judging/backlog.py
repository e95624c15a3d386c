"""The backlog: what was opened, what was resolved, what stood open at the end of each period and how old it was.

Cuts time with `periods`, asks the door of the clocks which tickets count, and leaves the counting to the core.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, cast, overload

import attrs
import numpy as np
import numpy.typing as npt

from .. import _html, _inputs
from .._accounting import Account, left_out
from .._calls import guided
from .._checks import check_choice
from .._clocks import tickets_that_count
from .._core import backlog as core
from .._core.periods import starts_of_days
from .._grouping import group_rows
from .._inputs import NAT
from .._results import DURATION, Brief, Result, Signature, put, show
from ..batches import Conversations, as_batch
from ..errors import MergeError, MixedTimeZonesError, UnknownNameError
from ..groups import Groups
from ..periods import Calendar, PeriodUnit, Weekday, dates_of

__all__ = ["Backlog", "BacklogPeriod", "backlog"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_UNITS = ("day", "week", "month", "quarter", "year")
_SHOWN = 14
_MICROSECOND = dt.timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class BacklogPeriod:
    """One period of a backlog.

    Attributes:
        start: first day of the period.
        opened: conversations opened in it.
        resolved: conversations whose last resolution lies in it.
        abandoned: conversations that the customer left in it, never resolved.
        open: conversations open at its end; that of the period before plus opened minus resolved minus abandoned.
        reopened: how many of them had been resolved before, None where first resolutions are not known. When they
            were opened again is not known, so they count as open throughout.
        median_age: median age of the open ones at its end, None without any.
        p90_age: 90th percentile of these ages.
        longest_age: the longest of them.
        incomplete: whether the data were cut before its end; it is measured at the cut.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> tickets = cx.Conversations(id=[1, 2], opened_at=datetime(2026, 3, 2, 9), tz="Europe/Berlin")
    >>> cx.backlog(tickets, as_of=datetime(2026, 3, 4))[0].open
    2
    """

    start: dt.date
    opened: int
    resolved: int
    abandoned: int
    open: int
    reopened: int | None
    median_age: dt.timedelta | None = attrs.field(metadata=DURATION)
    p90_age: dt.timedelta | None = attrs.field(metadata=DURATION)
    longest_age: dt.timedelta | None = attrs.field(metadata=DURATION)
    incomplete: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ages in `..._seconds`."""
        out: dict[str, Any] = {}
        for field in attrs.fields(type(self)):
            put(out, field.name, getattr(self, field.name), duration=field.metadata.get("duration", False))
        return out

    def _cells(self) -> tuple[str, ...]:
        ages = (show(age, missing="") for age in (self.median_age, self.p90_age, self.longest_age))
        start = f"{self.start} (incomplete)" if self.incomplete else str(self.start)
        counts = (self.opened, self.resolved, self.abandoned, self.open)
        return (start, *(f"{count:,}" for count in counts), *ages)


@attrs.frozen(kw_only=True, eq=False)
class Backlog(Result):
    """The backlog period by period, in order; a sequence of `BacklogPeriod` with a way back to the conversations.

    Attributes:
        periods: one `BacklogPeriod` each, from the first opening to `as_of`.
        as_of: when the data were cut.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> tickets = cx.Conversations(
    ...     id=[1, 2, 3],
    ...     opened_at=[datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 15), datetime(2026, 3, 3, 10)],
    ...     resolved_at=[datetime(2026, 3, 3, 9), None, None],
    ...     tz="Europe/Berlin",
    ... )
    >>> result = cx.backlog(tickets, as_of=datetime(2026, 3, 4))
    >>> [(str(day.start), day.opened, day.resolved, day.open) for day in result]
    [('2026-03-02', 2, 0, 2), ('2026-03-03', 1, 1, 2)]
    >>> [ticket.id for ticket in result.open_conversations()]
    [2, 3]
    """

    periods: tuple[BacklogPeriod, ...]
    as_of: dt.datetime | None
    _rows: _Rows = attrs.field(repr=False, eq=False)

    _headline: ClassVar[str] = "open"
    interval: ClassVar[None] = None

    @property
    def open(self) -> int:
        """Conversations open at the end of the last period, which is `as_of`."""
        return self.periods[-1].open if self.periods else 0

    def __len__(self) -> int:
        return len(self.periods)

    @overload
    def __getitem__(self, place: int) -> BacklogPeriod: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[BacklogPeriod, ...]: ...
    def __getitem__(self, place: int | slice) -> BacklogPeriod | tuple[BacklogPeriod, ...]:
        return self.periods[place]

    def __iter__(self) -> Iterator[BacklogPeriod]:
        return iter(self.periods)

    def open_conversations(self, period: int | dt.date = -1) -> Conversations:
        """The conversations open at the end of a period, oldest first.

        Args:
            period: place in the sequence, or the first day of the period; the last by default.

        Raises:
            UnknownNameError: no such period.
        """
        place = period
        if isinstance(period, dt.date):
            starts = [one.start for one in self.periods]
            place = starts.index(period) if period in starts else len(starts)
        if isinstance(place, bool) or not isinstance(place, int) or not -len(self) <= place < len(self):
            known = f"{self.periods[0].start} to {self.periods[-1].start}" if self.periods else "there are none"
            msg = f"period must be the place or the first day of a period of the backlog ({known}; got {period!r})"
            raise UnknownNameError(msg, argument="period", found=period)
        return self._rows.open_at(place % len(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `periods` is a list of dicts."""
        return {**Result.to_dict(self), "periods": self.to_dicts()}

    def to_dicts(self) -> list[dict[str, Any]]:
        """One flat row a period, for `pandas.DataFrame`."""
        return [period.to_dict() for period in self.periods]

    def __str__(self) -> str:
        return str(self._brief())

    def _brief(self) -> Brief:
        return Brief("open", f"{self.open:,}", "", self.n)

    def _repr_html_(self) -> str:
        unit = self._signature.definition["period"].partition("@")[0]
        names = (unit, "opened", "resolved", "abandoned", "open", "median age", "p90", "longest")
        more = len(self) - _SHOWN
        page = _html.table(
            names,
            [period._cells() for period in self.periods[-_SHOWN:]],
            title=str(self),
            more=f"... after {more:,} earlier ones" if more > 0 else "",
        )
        return page + f"<small>{html.escape(self.signature)}</small>"


@attrs.frozen(eq=False)
class _Rows:
    """The conversations that count, by their opening, and in which periods they were opened and ended."""

    table: Conversations
    row: Ints
    begin: Ints
    end: Ints

    def open_at(self, period: int) -> Conversations:
        return self.table[self.row[(self.begin <= period) & (self.end > period)]]

    def some(self, wanted: Bools) -> _Rows:
        """Those of some rows of the table."""
        keep = wanted[self.row]
        return _Rows(self.table, self.row[keep], self.begin[keep], self.end[keep])


@attrs.frozen(eq=False)
class _Standing:
    """Everything that the backlog of any group is made of."""

    table: Conversations
    account: Account
    rows: _Rows
    opened_at: Ints
    """By row of the table, as are the next two."""
    resolved: Bools
    first_resolved_in: Ints | None
    """Period of the first resolution, behind the last where there is none; None where nobody knows."""
    starts: list[dt.date]
    measured_at: Ints
    """The end of each period, or the cut of the data."""
    incomplete: bool
    as_of: dt.datetime | None
    signature: Signature

    def backlog(self, wanted: Bools | None = None) -> Backlog:
        """The backlog of some rows, None for all."""
        rows = self.rows if wanted is None else self.rows.some(wanted)
        out = self.account.out.items()
        left = {reason: int(np.count_nonzero(mask if wanted is None else mask & wanted)) for reason, mask in out}
        return Backlog(
            given=len(rows.row) + sum(left.values()),
            n=len(rows.row),
            left_out=left_out({str(reason): count for reason, count in left.items()}),
            signature=self.signature,
            periods=self._periods(rows),
            as_of=self.as_of,
            rows=rows,
        )

    def _periods(self, rows: _Rows) -> tuple[BacklogPeriod, ...]:
        size = len(self.starts)
        resolved = self.resolved[rows.row]
        opened, ended, closed = (
            core.counts(codes, size) for codes in (rows.begin, rows.end, rows.end[resolved])
        )  # fmt: skip
        standing = np.cumsum(opened - ended)
        again: Sequence[int | None] = [None] * size
        if self.first_resolved_in is not None:
            # Between its first and its last resolution a conversation was opened again.
            once = self.first_resolved_in[rows.row]
            again = np.cumsum(core.counts(once, size) - core.counts(np.maximum(rows.end, once), size)).tolist()
        ages = [self._ages(rows, standing, *fraction) for fraction in ((1, 2), (9, 10), (1, 1))]
        columns = (self.starts, opened.tolist(), closed.tolist(), (ended - closed).tolist(), standing.tolist(), again)
        return tuple(
            BacklogPeriod(
                start=start, opened=new, resolved=solved, abandoned=gone, open=left, reopened=reopened,
                median_age=median, p90_age=p90, longest_age=longest,
                incomplete=self.incomplete and i == size - 1,
            )
            for i, (start, new, solved, gone, left, reopened, median, p90, longest) in enumerate(
                zip(*columns, *ages, strict=True)
            )
        )  # fmt: skip

    def _ages(self, rows: _Rows, standing: Ints, numerator: int, denominator: int) -> list[dt.timedelta | None]:
        """A quantile of the ages of the open ones at the end of each period."""
        low, high = core.ranks_of_quantile(standing, numerator, denominator)
        # The youngest is the last of the oldest.
        ranks = np.where(standing > 0, standing + 1 - np.minimum((low, high), np.maximum(standing, 1)), 0)
        found = core.oldest(rows.begin, rows.end, ranks)
        opened = self.opened_at[rows.row]
        if not len(opened):
            return [None] * len(standing)
        both = (opened[found[0]] + opened[found[1]]) // 2
        ages = (self.measured_at - both).tolist()
        return [age * _MICROSECOND if left else None for age, left in zip(ages, standing.tolist(), strict=True)]


@attrs.frozen(eq=False)
class _BacklogGroups:
    """The backlogs of many groups, made on look-up; all have the same periods."""

    keys: Sequence[Any]
    names: tuple[str, ...]
    many: bool
    group: Ints
    standing: _Standing

    def result(self, i: int) -> Backlog:
        return self.standing.backlog(self.group == i)

    def overall(self) -> Backlog:
        return self.standing.backlog()

    def rest(self, i: int) -> Backlog:
        return self.standing.backlog(self.group != i)

    def column(self, name: str) -> None:
        return None

    def evidence(self) -> None:
        return None

    def tally(self) -> Any:
        msg = "a backlog has no tally; put the conversations together, Conversations.concat, and count again"
        raise MergeError(msg)

    def tallies(self) -> Sequence[Any]:
        return [self.tally()]


def _cut(
    table: Conversations,
    account: Account,
    now: int | None,
    aware: bool | None,
    ends: dict[str, Ints],
    calendar: Calendar,
    zone: dt.tzinfo | None,
    signature: Signature,
) -> _Standing:
    """Lay out the periods, and say in which of them each conversation was opened and ended."""
    opened = table.times("opened_at")
    resolved, left_at = ends["resolved_at"], ends["abandoned_at"]
    solved = (resolved != NAT) & ((left_at == NAT) | (resolved <= left_at))
    ended = np.where(solved, resolved, left_at)
    row = np.flatnonzero(account.kept)
    row = row[np.argsort(opened[row], kind="stable")]
    cut = np.empty(0, dtype=np.int64)
    if now is not None and len(row):
        # A cut exactly where a period begins shows nothing of it, unless something happened at that instant.
        cut = np.array([now if (opened[row] == now).any() or (ended[row] == now).any() else now - 1])
    clocks = zone if aware else None
    columns = (opened[row], ended[row], ends["first_resolved_at"][row], cut)
    days, (begin, end, once, _) = calendar.laid_out(columns, [clocks] * len(columns))
    limits = starts_of_days(days, clocks)[1:]
    first = None
    if table.known("first_resolved_at"):
        first = np.full(len(table), len(limits), dtype=np.int64)
        first[row] = once
    at = 0 if now is None else now
    return _Standing(
        table=table,
        account=account,
        rows=_Rows(table, row, begin, end),
        opened_at=opened,
        resolved=solved,
        first_resolved_in=first,
        starts=dates_of(days[:-1]),
        measured_at=np.minimum(limits, at),
        incomplete=bool(len(limits)) and int(limits[-1]) > at,
        as_of=_inputs.moment_or_none(now, aware),
        signature=signature,
    )


@overload
def backlog(
    conversations: Any, *, every: PeriodUnit = "day", tz: str | dt.tzinfo | None = None, by: None = None,
    as_of: dt.datetime | None = None, week_starts: Weekday = "mon", year_starts: int = 1,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> Backlog: ...  # fmt: skip
@overload
def backlog(
    conversations: Any, *, by: Any, every: PeriodUnit = "day", tz: str | dt.tzinfo | None = None,
    as_of: dt.datetime | None = None, week_starts: Weekday = "mon", year_starts: int = 1,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> Groups[Backlog]: ...  # fmt: skip
@guided(second='write backlog(conversations, every="week", tz="Europe/Berlin")')
def backlog(
    conversations: Any, *, every: PeriodUnit = "day", tz: str | dt.tzinfo | None = None, by: Any = None,
    as_of: dt.datetime | None = None, week_starts: Weekday = "mon", year_starts: int = 1,
    missing: Literal["drop", "raise"] = "drop", invalid: Literal["raise", "drop"] = "raise",
) -> Backlog | Groups[Backlog]:  # fmt: skip
    """Conversations opened, resolved and open at the end of each day, week or month, and the ages of the open ones.

    A conversation is open from its opening to its last resolution, or until the customer left it if that is earlier;
    one that was opened again counts as open in between, because nobody knows since when. One that ends exactly when a
    period does ended in the next. Ages run from the opening to the end of the period; percentiles take the midpoint
    where two values share the place (type 2 of Hyndman and Fan).

    Args:
        conversations: `Conversation` records or a `Conversations` batch.
        every: "day", "week", "month", "quarter" or "year".
        tz: the zone whose clocks cut the days; naive instants are its wall times. None takes the zone that the
            batch was built with.
        by: attribute or column name, function of a record, or labels; several as list, tuple or dict.
        as_of: when the data were cut; None is the latest instant among them. What happened later is not known yet.
        week_starts: the day that weeks begin on; ISO weeks by default.
        year_starts: the month that years and quarters begin in.
        missing: "drop" counts rows without an opening in `left_out`, "raise" refuses them.
        invalid: "raise" refuses an end before the opening, "drop" counts it in `left_out`.

    Returns:
        Backlog, or Groups of them with `by`, all with the same periods. Rows that were merged, spam, tests, deleted
        or superseded are left out and counted.

    Raises:
        ArgumentTypeError: something else than conversations.
        InvalidValueError: an end before its start.
        MissingValueError: a row without an opening, under `missing="raise"`.
        MixedTimeZonesError: no zone to cut the days in, or naive and aware instants together.
        UnknownNameError: an unknown unit, weekday or column.

    >>> from cxscore import sample
    >>> import cxscore as cx
    >>> desk = sample.helpdesk()
    >>> monthly = cx.backlog(desk.conversations, every="month", tz="Europe/Berlin", as_of=desk.as_of)
    >>> [(str(month.start), month.opened, month.resolved, month.open) for month in monthly]
    [('2026-01-01', 631, 576, 44), ('2026-02-01', 627, 576, 90), ('2026-03-01', 690, 623, 143)]
    >>> print(f"{monthly[-1].median_age.days} days")
    34 days
    """
    check_choice("every", every, _UNITS)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    calendar = Calendar(unit=every, week_starts=week_starts, year_starts=year_starts)
    batch = as_batch(conversations, "conversations", (Conversations,), lambda: Conversations.from_records([]))
    table = cast("Conversations", batch)
    account, now, aware, ends = tickets_that_count(table, as_of, missing, invalid)
    named = table.tz if tz is None else tz
    if named is None and aware is not None:
        kind = "aware" if aware else "naive"
        msg = (
            f"backlog needs the zone whose clocks cut the days (got {kind} instants and no zone); name it with tz=, "
            f"e.g. cx.backlog(..., tz='Europe/Berlin')"
        )
        raise MixedTimeZonesError(msg, argument="tz", found=None)
    zone = None if named is None else _inputs.zone_of(named)
    said = str(calendar) if named is None else f"{calendar}@{named}"
    signature = Signature("backlog", {"period": said, "v": "1"}, {"missing": missing, "invalid": invalid})
    standing = _cut(table, account, now, aware, ends, calendar, zone, signature)
    if by is None:
        return standing.backlog()
    grouping = group_rows(by, len(table), table)
    group, keys = grouping.compact(now)
    return Groups(_BacklogGroups(keys, grouping.names, grouping.many, group, standing))
