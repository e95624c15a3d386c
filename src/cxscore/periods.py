"""Calendar periods as a value: which instants, which unit, whose clocks. What `by=` takes to cut time.

Reads instants and numbers the periods that they lie in. Knows `_inputs`, the columns of a batch and the core;
sees no answer and computes no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._checks import check_choice
from ._core import periods
from ._inputs import NAT, Coded
from .batches import Batch
from .errors import ArgumentTypeError, ArgumentValueError, InvalidValueError, MixedTimeZonesError, shown

__all__ = ["Calendar", "Period", "PeriodCodes", "PeriodUnit", "Weekday", "every_period", "period"]

Ints = npt.NDArray[np.int64]
PeriodUnit = Literal["day", "week", "month", "quarter", "year"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Moment = tuple[int, bool | None]
"""An instant in microseconds, and whether it is one of UTC; otherwise it is a wall time."""

_DAY = 86_400_000_000
_UNITS = ("day", "week", "month", "quarter", "year")
_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_YEAR_ONE = -719_162  # 0001-01-01, the first day that is a date
# Where rows belong when nothing else is said; naming another instant is part of the definition.
_CUSTOMARY = ("at", "opened_at")


@attrs.frozen(kw_only=True)
class Calendar:
    """What a day, a week or a year is: the unit and where it begins.

    Args:
        unit: "day", "week", "month", "quarter" or "year".
        week_starts: the day that weeks begin on.
        year_starts: the month that years begin in.
    """

    unit: PeriodUnit
    week_starts: Weekday = "mon"
    year_starts: int = 1

    def __attrs_post_init__(self) -> None:
        check_choice("unit", self.unit, _UNITS)
        check_choice("week_starts", self.week_starts, _WEEK)
        month = self.year_starts
        if isinstance(month, bool) or not isinstance(month, int) or not 1 <= month <= 12:
            msg = f"year_starts must be a month, 1 to 12 (got {shown(month)}), e.g. year_starts=4 for April"
            raise ArgumentValueError(msg, argument="year_starts", found=month)

    def __str__(self) -> str:
        """The unit, and where it begins if that is not the custom (Monday, January)."""
        if self.unit == "week" and self.week_starts != "mon":
            return f"week-{self.week_starts}"
        if self.unit in ("quarter", "year") and (self.year_starts - 1) % periods.MONTHS[self.unit]:
            return f"{self.unit}-{self.year_starts}"
        return self.unit

    def first_days(self, low: int, high: int) -> Ints:
        """First days of the periods from that of day `low` to that of day `high`, and of the next one."""
        week_start = _WEEK.index(self.week_starts)
        return periods.first_days(self.unit, low, high, week_start=week_start, year_start=self.year_starts)

    def laid_out(self, sources: Sequence[Ints], zones: Sequence[dt.tzinfo | None]) -> tuple[Ints, list[Ints]]:
        """The periods from the first to the last instant, and the number of the one that holds each.

        Args:
            sources: columns of instants in microseconds.
            zones: whose clocks cut the days of each column; None for wall times.

        Returns:
            First days of the periods and of the one after, empty without any instant; one column of numbers for
            each column of instants, where a missing instant has the number behind the last period.
        """
        known = [column if column.min(initial=0) != NAT else column[column != NAT] for column in sources]
        dated = [column for column in known if len(column)]
        if not dated:
            return np.empty(0, dtype=np.int64), [np.zeros(len(column), dtype=np.int64) for column in sources]
        # No clock is a whole day apart from UTC.
        low = min(int(column.min()) for column in dated) // _DAY - 1
        high = max(int(column.max()) for column in dated) // _DAY + 1
        days = self.first_days(low, high)
        if None not in zones:
            # A date that the clocks of all columns skip is no day without rows.
            begins = [periods.starts_of_days(days, zone) for zone in dict.fromkeys(zones)]
            days = days[np.append(np.logical_or.reduce([np.diff(starts) > 0 for starts in begins]), True)]
        starts = {zone: periods.starts_of_days(days, zone) for zone in zones}
        places = [periods.place(column, starts[zone]) for column, zone in zip(known, zones, strict=True)]
        first = min(int(codes.min()) for codes in places if len(codes))
        last = max(int(codes.max()) for codes in places if len(codes))
        found = []
        for column, codes in zip(sources, places, strict=True):
            codes -= first
            if len(codes) < len(column):
                every = np.full(len(column), last - first + 1, dtype=np.int64)
                every[column != NAT] = codes
                codes = every
            found.append(codes)
        return days[first : last + 2], found


class PeriodCodes(Coded):
    """Periods as labels: the date of each first day, and None, last, for a row without an instant."""

    __slots__ = ("_days", "_given", "_latest", "_own", "_zone", "definition")

    def __init__(
        self,
        codes: Ints,
        days: Ints,
        zone: dt.tzinfo | None,
        name: str,
        definition: dict[str, str],
        given: Moment | None,
        latest: Moment,
        own: Sequence[Ints] = (),
    ) -> None:
        dates = dates_of(days[:-1])
        super().__init__(codes, [*dates, None] if (codes == len(dates)).any() else dates, name)
        self.definition = definition
        self._days = days
        self._zone = zone
        self._given = given
        self._latest = latest
        self._own = own

    def with_codes(self, codes: Ints) -> PeriodCodes:
        """The same periods for other rows; the number behind the last period says that there is none."""
        return self._with(codes, self._days)

    def _with(self, codes: Ints, days: Ints) -> PeriodCodes:
        return PeriodCodes(
            codes, days, self._zone, self.name, self.definition, self._given, self._latest, self._own
        )  # fmt: skip

    def until(self, now: int) -> int:
        """How many of the periods have begun where rows were cut at an instant, by the rule of the rows.

        A row behind the cut is left out, so a period that begins behind it has nothing in it; nor has one that begins
        right there, unless something happened at that instant. All of them, where periods are of other instants than
        those that the rows are cut by.
        """
        starts = periods.starts_of_days(self._days, self._zone if self._latest[1] else None)[:-1]
        if not self._own:
            return len(starts)
        happened = any((column == now).any() for column in self._own)
        return int(starts.searchsorted(now, side="right" if happened else "left"))

    def first(self, number: int, codes: Ints) -> PeriodCodes:
        """The first periods only, for rows numbered so that all others have none."""
        return self._with(codes, self._days[: number + 1])

    def incomplete(self, now: int | None) -> list[Any]:
        """The labels that are no whole period: those that reach past the cut of the data, and None.

        Args:
            now: where the data were cut, by the rule of the rows; None for the latest instant. What was said when
                the period was made comes first.
        """
        at, aware = self._latest if now is None else (now, self._latest[1])
        if self._given is not None:
            at, aware = self._given
        ends = periods.starts_of_days(self._days, self._zone if aware else None)[1:]
        return [label for i, label in enumerate(self.labels) if label is None or ends[i] > at]


@attrs.frozen(eq=False, repr=False)
class Period:
    """Calendar periods for `by=`, made by `cxscore.period`.

    Keys of groups are the date of the first day of each period. Periods without rows between the first and the last
    are groups with n = 0 (with several keys: for every combination of the others that has rows, unless two keys are
    periods). A row without an instant is in the group None.

    Attributes:
        calendar: the unit, and where weeks and years begin.
        tz: the zone whose clocks cut the days; None takes the zone that the batch was built with.
        anchor: "opened" where a resolution belongs to the instant of its conversation, None to its own end.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> sent = [datetime(2026, 1, 30), datetime(2026, 3, 2)]
    >>> months = cx.period(sent, "month", tz="Europe/Berlin")
    >>> months
    Period(2 instants, 'month', tz='Europe/Berlin')
    >>> months.first_days
    array(['2026-01-01', '2026-03-01'], dtype='datetime64[D]')
    """

    source: str | tuple[Ints, bool | None]
    calendar: Calendar
    tz: str | dt.tzinfo | None
    anchor: Literal["opened"] | None
    as_of: Moment | None

    @property
    def name(self) -> str:
        """What the key is called in tables: the unit."""
        return self.calendar.unit

    @property
    def first_days(self) -> npt.NDArray[np.datetime64]:
        """First day of the period of each instant, datetime64[D], NaT where missing.

        Raises:
            ArgumentTypeError: the period names a column and holds no instants.
        """
        if isinstance(self.source, str):
            msg = f"first_days needs instants (got the name {self.source!r}); pass the column itself to cx.period"
            raise ArgumentTypeError(msg, argument="times", found=self.source)
        found = self.coded(len(self.source[0]), None)
        days: npt.NDArray[np.datetime64] = np.array([*found.labels, None], dtype="M8[D]")[found.codes]
        return days

    def of(self, times: Any) -> Period:
        """The same periods of other instants, 1-D ArrayLike.

        Raises:
            ArgumentTypeError: no instants.
            MixedTimeZonesError: naive and aware instants together.
        """
        return attrs.evolve(self, source=_column(times, self.tz))

    def coded(
        self,
        n: int,
        batch: Batch[Any] | None,
        further: Sequence[Ints] = (),
        *,
        times: tuple[Ints, bool | None] | None = None,
    ) -> PeriodCodes:
        """The periods of the rows, and of further instants that follow the rule of the batch.

        Args:
            n: number of rows.
            batch: where a name is looked up; None for plain arrays.
            further: columns of instants in microseconds whose numbers follow those of the rows.
            times: the instants of the rows, where they are known already.

        Raises:
            ArgumentTypeError: a name where there is no table to look it up in, or of a column without instants.
            UnknownNameError: a name that is no column.
            MixedTimeZonesError: no zone to cut the days in.
            LengthError: instants for another number of rows.
        """
        instants, aware = self.times(n, batch) if times is None else times
        latest, rule = int(instants.max(initial=NAT)), aware
        if batch is not None and (of_batch := batch.latest()) is not None:
            latest, rule = of_batch, batch.aware
        tz = batch.tz if self.tz is None and batch is not None else self.tz
        zone = None if tz is None else _inputs.zone_of(tz)
        if zone is None and rule is not None:
            raise _no_zone("by", rule)
        days, codes = self.calendar.laid_out(
            [instants, *further], [zone if aware else None, *(zone if rule else None for _ in further)]
        )
        return PeriodCodes(
            np.concatenate(codes), days, zone, self.name, self._definition(tz), self.as_of, (latest, rule),
            (instants, *further) if self.source in _CUSTOMARY else (),
        )  # fmt: skip

    def times(self, n: int, batch: Batch[Any] | None) -> tuple[Ints, bool | None]:
        """The instants of the rows in microseconds, and whether they are UTC; raises as `coded`."""
        if not isinstance(self.source, str):
            _inputs.same_length(n, len(self.source[0]), "by", "the data")
            return self.source
        if batch is None:
            msg = (
                f"by must hold instants beside plain values (got the name {self.source!r}); pass the column itself, "
                f"by=cx.period(df[{self.source!r}], {self.calendar.unit!r}, tz=...)"
            )
            raise ArgumentTypeError(msg, argument="by", found=self.source)
        values = batch.raw(self.source)
        if self.source in batch._instants:
            return batch.times(self.source), batch.aware
        return _inputs.instants(values, self.source, tz=batch.tz)

    def _definition(self, zone: str | dt.tzinfo | None) -> dict[str, str]:
        said = {"period": str(self.calendar) if zone is None else f"{self.calendar}@{zone}"}
        if self.anchor is not None:
            said["anchor"] = self.anchor
        elif isinstance(self.source, str) and self.source not in _CUSTOMARY:
            said["anchor"] = self.source
        return said

    def __repr__(self) -> str:
        what = repr(self.source) if isinstance(self.source, str) else f"{len(self.source[0]):,} instants"
        return f"Period({what}, {str(self.calendar)!r}, tz={None if self.tz is None else str(self.tz)!r})"


def period(
    times: Any,
    unit: PeriodUnit,
    *,
    tz: str | dt.tzinfo | None = None,
    week_starts: Weekday = "mon",
    year_starts: int = 1,
    anchor: Literal["opened"] | None = None,
    as_of: dt.datetime | None = None,
) -> Period:
    """Days, weeks, months, quarters or years of a zone, for `by=` of every metric.

    A survey answer belongs to the time it was given, a wait to its clock start, a repeat to the contact's start: name
    that instant (`"at"`), or another one to cut by it. A resolution belongs to its end; one that is still open to the
    group None.

    Args:
        times: 1-D ArrayLike of instants, one a row; or the name of an instant of the records or the batch ("at",
            "asked_at", "opened_at", ... or a column of your own).
        unit: "day", "week", "month", "quarter" or "year".
        tz: the zone whose clocks cut the days, e.g. "Europe/Berlin"; naive instants are its wall times. None takes
            the zone that the batch was built with.
        week_starts: the day that weeks begin on; ISO weeks by default.
        year_starts: the month that years and their quarters begin in, 4 for a fiscal year from April.
        anchor: "opened" for resolutions that belong to the instant of their conversation instead of to their end.
        as_of: when the data were cut, which decides whether the last period is complete; a naive one is wall time of
            the zone that cuts the days. None: the `as_of` of the metric, or the latest instant.

    Returns:
        Period, for `by=`, alone or among other keys. The keys are dates: the first day of each period. Those that
        reach past `as_of` are in `groups.incomplete`.

    Raises:
        ArgumentTypeError: no instants and no name; an argument of the wrong type.
        ArgumentValueError: `year_starts` is no month.
        UnknownNameError: an unknown unit, weekday, anchor or zone.
        MixedTimeZonesError: instants without a zone to cut their days in.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> sent = [datetime(2026, 1, 30, 9), datetime(2026, 1, 31, 23), datetime(2026, 3, 2, 8)]
    >>> monthly = cx.nps([10, 3, 9], by=cx.period(sent, "month", tz="Europe/Berlin"))
    >>> [(str(month), result.n, result.score) for month, result in monthly.items()]
    [('2026-01-01', 2, 0.0), ('2026-02-01', 0, nan), ('2026-03-01', 1, 100.0)]
    >>> monthly.incomplete
    (datetime.date(2026, 3, 1),)
    """
    calendar = Calendar(unit=unit, week_starts=week_starts, year_starts=year_starts)
    if anchor is not None:
        check_choice("anchor", anchor, ("opened",))
    if tz is not None:
        _inputs.zone_of(tz)
    cut = None
    if as_of is not None:
        (micros,), aware = _inputs.instants([as_of], "as_of")
        if aware is None:
            msg = f"as_of must be a datetime (got {as_of!r})"
            raise ArgumentTypeError(msg, argument="as_of", found=as_of)
        cut = int(micros), aware
    return Period(times if isinstance(times, str) else _column(times, tz), calendar, tz, anchor, cut)


def _column(times: Any, tz: str | dt.tzinfo | None) -> tuple[Ints, bool | None]:
    micros, aware = _inputs.instants(_inputs.materialise(times), "times")
    if aware is not None and tz is None:
        raise _no_zone("times", aware)
    return _inputs.read_only(micros), aware


def _no_zone(argument: str, aware: bool | None) -> MixedTimeZonesError:
    kind = "aware" if aware else "naive"
    msg = (
        f"{argument} needs a zone whose clocks cut the days (got {kind} instants and no zone); name it with tz=, "
        f"e.g. cx.period(..., tz='Europe/Berlin')"
    )
    return MixedTimeZonesError(msg, argument=argument, found=None)


def every_period(dates: Sequence[dt.date], unit: PeriodUnit) -> list[dt.date]:
    """First days of all periods from the first to the last of some, at least one.

    Weeks begin on the weekday of the first of them, years and quarters in its month.

    Raises:
        ArgumentValueError: a date on which no such period begins.
        UnknownNameError: an unknown unit.
    """
    check_choice("unit", unit, _UNITS)
    first = min(dates)
    calendar = Calendar(unit=unit, week_starts=_WEEK[first.weekday()], year_starts=first.month)
    low, high = (day.toordinal() + _YEAR_ONE - 1 for day in (first, max(dates)))
    found = dates_of(calendar.first_days(low, high)[:-1])
    strangers = sorted(set(dates) - set(found))
    if strangers:
        msg = (
            f"tallies must have the first day of each {unit} as their key (got {strangers[0]}, beside {found[0]}); "
            f"write that day, or name another unit="
        )
        raise ArgumentValueError(msg, argument="tallies", found=strangers[0])
    return found


def dates_of(days: Ints) -> list[dt.date]:
    """Days as dates.

    Raises:
        InvalidValueError: a period that begins before the year 1.
    """
    if len(days) and days[0] < _YEAR_ONE:
        msg = "times must lie in periods that begin in the year 1 or later (got an earlier one)"
        raise InvalidValueError(msg, argument="times", found=None)
    dates: list[dt.date] = days.astype("M8[D]").tolist()
    return dates
