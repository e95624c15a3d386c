"""When somebody is there to answer: business hours as a value.

Reads what people write for a schedule, keeps one spelling of it, and hands instants to the core. Knows
`_inputs` and `errors`; measures nothing itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NoReturn, cast, overload
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._calls import complete
from ._core.business_time import DAY, NEVER, Calendar, Pattern, Timetable, span_starts, zone_changes
from ._frozen import FrozenMap
from ._inputs import NAT
from .errors import ArgumentTypeError, ArgumentValueError, InvalidValueError, MixedTimeZonesError, UnknownNameError

__all__ = ["BusinessHours", "Edge"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Durations = npt.NDArray[np.timedelta64]
Instants = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]
Edge = Literal["closing", "next_open"]
Instant = dt.datetime | dt.date | np.datetime64
Spans = str | Iterable[str | tuple[dt.time, dt.time]] | None
"""Spans of a day: a text, texts, pairs of times; None or nothing for a closed day."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = tuple(day[:3] for day in _DAYS)
_SECOND, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?")
_DASH = re.compile(r"\s*[-–—]\s*")
_FIXED = re.compile(r"UTC[+-]\d{2}:\d{2}(:\d{2}(\.\d{6})?)?")
_EPOCH = dt.date(1970, 1, 1)
# What can still be written in any zone: an instant after it is out of reach.
_LAST = (dt.date(9999, 12, 30) - _EPOCH).days * DAY
_YEAR_2, _YEAR_9999 = ((dt.date(year, 1, 1) - _EPOCH).days * DAY for year in (2, 9999))
_LISTED = 3


# -- one spelling for what was passed ---------------------------------------------------------------


def _refuse(kind: type[ArgumentTypeError | ArgumentValueError], argument: str, rule: str, found: object) -> NoReturn:
    msg = f"{argument} must {rule} (got {found!r:.200})"
    raise kind(msg, argument=argument, found=found)


def _time_of(text: str, argument: str, span: str) -> int:
    """Microseconds since midnight."""
    match = _CLOCK.fullmatch(text)
    if match is not None:
        hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
        found = hours * _HOUR + minutes * _MINUTE + seconds * _SECOND + int((match[4] or "").ljust(6, "0"))
        if minutes < 60 and seconds < 60 and found <= DAY:
            return found
    _refuse(InvalidValueError, argument, "have times from 00:00 to 24:00, e.g. '09:00-17:30' or '22:00-06:00'", span)


def _span(found: object, argument: str) -> tuple[int, int]:
    if isinstance(found, str):
        ends = _DASH.split(found.strip())
        if len(ends) != 2:
            _refuse(InvalidValueError, argument, "have spans written 'HH:MM-HH:MM', e.g. '09:00-17:30'", found)
        start, end = (_time_of(text, argument, found) for text in ends)
    elif isinstance(found, tuple) and len(found) == 2 and all(isinstance(one, dt.time) for one in found):
        if any(one.tzinfo is not None for one in found):
            _refuse(InvalidValueError, argument, "have times without a zone; tz= names the schedule's zone", found)
        start, end = (_time_of(one.isoformat(), argument, str(found)) for one in found)
    else:
        _refuse(ArgumentTypeError, argument, "have spans like '09:00-17:30' or (time(9), time(17, 30))", found)
    if start in (end, DAY):
        rule = "have spans that are not empty; write '00:00-24:00' for a whole day and [] for a closed one"
        _refuse(InvalidValueError, argument, rule, found)
    # An end before the start is a time of the day after.
    return start, end if end > start else end + DAY


def _pattern(spans: Spans, argument: str) -> Pattern:
    """Spans in order, those that overlap or touch as one."""
    if spans is None:
        return ()
    if isinstance(spans, str):
        spans = [text for text in spans.split(",") if text.strip()]
    if isinstance(spans, Mapping) or not isinstance(spans, Iterable):
        _refuse(ArgumentTypeError, argument, "be a list of spans, e.g. ['09:00-13:00', '14:00-18:00']", spans)
    found: list[tuple[int, int]] = []
    for start, end in sorted(_span(one, argument) for one in spans):
        if found and start <= found[-1][1]:
            union = found[-1][0], max(end, found[-1][1])
            # What is longer than a day cannot be written as one span; the core unites it all the same.
            if union[1] - union[0] < DAY or union == (0, DAY):
                found[-1] = union
                continue
        found.append((start, end))
    return tuple(found)


def _texts(spans: Spans, argument: str) -> tuple[str, ...]:
    return tuple(
        f"{_clock(start)}-{_clock(end if end <= DAY else end - DAY)}" for start, end in _pattern(spans, argument)
    )


def _clock(micros: int) -> str:
    minutes, micros = divmod(micros, _MINUTE)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    if micros:
        text += f":{micros // _SECOND:02}"
    if micros % _SECOND:
        text += f".{micros % _SECOND:06}".rstrip("0")
    return text


def _day(name: str, argument: str, key: object) -> int:
    places = [i for i, day in enumerate(_DAYS) if len(name) > 1 and day.startswith(name)]
    if len(places) != 1:
        rule = f"have days as keys: {', '.join(_SHORT)}, full names, 'mon-fri' or 'mon,wed'"
        _refuse(UnknownNameError, argument, rule, key)
    return places[0]


def _days_of(key: object) -> list[int]:
    if not isinstance(key, str):
        _refuse(ArgumentTypeError, "weekly", "have days as keys, e.g. 'mon-fri'; dates belong to overrides=", key)
    places: list[int] = []
    for part in key.casefold().split(","):
        ends = [_day(name, "weekly", key) for name in _DASH.split(part.strip())]
        if len(ends) > 2:
            _refuse(UnknownNameError, "weekly", "have ranges of two days as keys, e.g. 'mon-fri'", key)
        days = (ends[-1] - ends[0]) % 7 + 1
        places += [(ends[0] + i) % 7 for i in range(days)]
    return places


def _week(weekly: Mapping[str, Spans] | str) -> FrozenMap[str, tuple[str, ...]]:
    if weekly == "24/7":
        weekly = {"mon-sun": "00:00-24:00"}
    if not isinstance(weekly, Mapping):
        _refuse(
            ArgumentTypeError, "weekly", "map days to spans, e.g. {'mon-fri': ['09:00-17:30']}, or be '24/7'", weekly
        )
    found: dict[int, tuple[str, ...]] = {}
    for key, spans in weekly.items():
        texts = _texts(spans, f"weekly[{key!r}]")
        for day in _days_of(key):
            if day in found:
                rule = f"name each day once; {_SHORT[day]} comes twice, put all its spans under one key"
                _refuse(InvalidValueError, "weekly", rule, key)
            found[day] = texts
    return FrozenMap({_SHORT[day]: found[day] for day in sorted(found) if found[day]})


def _date(value: object, argument: str) -> dt.date:
    if isinstance(value, np.datetime64):
        value = value.astype("M8[us]").item()
    if isinstance(value, dt.datetime) and value == value and value.tzinfo is None and value.time() == dt.time():
        value = value.date()  # what a list of dates becomes in a data frame
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        _refuse(ArgumentTypeError, argument, "hold dates, e.g. date(2026, 12, 25) or date.fromisoformat(text)", value)
    return value


def _holidays(holidays: Iterable[dt.date]) -> tuple[dt.date, ...]:
    if isinstance(holidays, (str, bytes)) or not isinstance(holidays, Iterable):
        _refuse(ArgumentTypeError, "holidays", "be a list of dates, e.g. [date(2026, 12, 25)]", holidays)
    found = tuple(sorted({_date(day, "holidays") for day in holidays}))
    if not found and getattr(holidays, "expand", False):
        # Calendars of the holidays package fill in a year when it is first looked up, and are empty before.
        rule = "hold its dates already; name the years, e.g. holidays.country_holidays('DE', years=range(2020, 2031))"
        _refuse(InvalidValueError, "holidays", rule, holidays)
    return found


def _overrides(overrides: Mapping[dt.date, Spans] | None) -> FrozenMap[dt.date, tuple[str, ...]]:
    if overrides is None:
        return FrozenMap()
    if not isinstance(overrides, Mapping):
        rule = "map dates to spans, e.g. {date(2026, 12, 24): ['09:00-12:00']}"
        _refuse(ArgumentTypeError, "overrides", rule, overrides)
    found: dict[dt.date, tuple[str, ...]] = {}
    for key, spans in overrides.items():
        found[_date(key, "overrides")] = _texts(spans, f"overrides[{key!s}]")
    return FrozenMap({day: found[day] for day in sorted(found)})


def _changes(changes: Mapping[Any, BusinessHours] | None) -> FrozenMap[Any, BusinessHours]:
    """What was passed; the schedule, which knows its zone, brings it in order."""
    if changes is None:
        return FrozenMap()
    if not isinstance(changes, Mapping):
        rule = "map instants to the business hours that count from then on, e.g. {date(2026, 7, 1): hours}"
        _refuse(ArgumentTypeError, "changes", rule, changes)
    for new in changes.values():
        if not isinstance(new, BusinessHours):
            _refuse(ArgumentTypeError, "changes", "have BusinessHours as values", new)
    return FrozenMap(changes)


def _zone_name(tz: str | dt.tzinfo) -> str:
    """The name of a zone that `_zone` reads back."""
    if isinstance(tz, dt.timezone):
        return str(dt.timezone(tz.utcoffset(None)))  # without a name somebody gave it
    if isinstance(tz, ZoneInfo) and tz.key is not None:
        return tz.key
    if not isinstance(tz, str):
        _refuse(ArgumentTypeError, "tz", "be a named zone, e.g. tz='Europe/Berlin'", tz)
    _zone(tz)
    return tz


def _zone(name: str) -> dt.tzinfo:
    if _FIXED.fullmatch(name):
        return cast("dt.tzinfo", dt.datetime.strptime(name, "UTC%z").tzinfo)
    return _inputs.zone_of(name)


# -- the schedule --------------------------------------------------------------------------------------


@complete('write BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")')
@attrs.frozen(repr=False)
class BusinessHours:
    """A weekly schedule with holidays and exceptions, in a time zone.

    A span belongs to the day it starts on: a holiday takes away the spans that start on it, the part after
    midnight included, but not the tail of the evening before. The ends of a span are wall times of the zone
    and become instants: a wall time that clocks skip becomes the first instant after the gap; one that comes
    twice is the earlier for a start and the later for an end. Everything between is open; spans that overlap
    are united.

    Args:
        weekly: day to spans, e.g. `{"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": ["10:00-14:00"]}`. Days
            are names in English (`"mon"`, `"Monday"`, `"mon-fri"`, `"mon,wed"`), each named once. Spans are
            texts (`"22:00-06:00"` ends on the day after, `"00:00-24:00"` is a whole day, seconds are allowed) or
            pairs of `datetime.time`. Days that are not named are closed. `"24/7"` is round the clock.
        tz: the zone whose wall times these are: a name, a `ZoneInfo` or a `datetime.timezone`.
        holidays: dates without spans: any iterable, a mapping of date to name and objects of the `holidays`
            package included (with their years named).
        overrides: date to the spans that replace the weekday's, holiday or not: short days, breaks, an extra
            Saturday; `[]` for closed.
        changes: instant to the schedule that counts from then on, until the next one; `then` writes them one by one
            and says what an instant may be.

    Raises:
        ArgumentTypeError: an argument of the wrong type.
        UnknownNameError: a day or a zone that does not exist.
        InvalidValueError: a time that does not exist, an empty span, a day named twice, two changes at one instant.
        MixedTimeZonesError: a change at a wall time where the schedules have several zones.

    Two schedules are equal when their canonical forms are. Instants that are handed in are aware, or wall
    times of the schedule's zone; all of one call follow one rule. Wall times that come twice or never raise,
    unless `fold=0` (first reading) or `fold=1` (second reading) says what they mean. None and NaT give None
    and NaT.

    >>> from datetime import date, datetime
    >>> import cxscore as cx
    >>> hours = cx.BusinessHours(
    ...     {"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": ["10:00-14:00"]},
    ...     tz="Europe/Berlin",
    ...     holidays=[date(2026, 12, 25)],
    ...     overrides={date(2026, 12, 24): ["09:00-12:00"]},
    ... )
    >>> print(hours.between(datetime(2026, 12, 23, 17), datetime(2026, 12, 26, 11)))
    5:00:00
    """

    weekly: FrozenMap[str, tuple[str, ...]] = attrs.field(converter=_week, eq=False)
    """Spans of the days that have any, `mon` to `sun`."""
    tz: str = attrs.field(kw_only=True, converter=_zone_name, eq=False)
    """Name of the zone."""
    holidays: tuple[dt.date, ...] = attrs.field(kw_only=True, default=(), converter=_holidays, eq=False)
    """Dates without spans, in order."""
    overrides: FrozenMap[dt.date, tuple[str, ...]] = attrs.field(
        kw_only=True, default=None, converter=_overrides, eq=False
    )
    """Spans of the dates that have their own."""
    changes: FrozenMap[dt.datetime, BusinessHours] = attrs.field(
        kw_only=True, default=None, converter=_changes, eq=False
    )
    """Instants in UTC, in order, and the schedule that counts from each of them on instead of what is above."""
    _canonical: str = attrs.field(init=False)
    _timetable: Timetable = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "changes", self._in_order(self.changes))
        object.__setattr__(self, "_canonical", json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":")))
        calendars = [hours._calendar() for hours in (self, *self.changes.values())]
        since, _ = _inputs.instants(list(self.changes), "changes")
        object.__setattr__(self, "_timetable", Timetable(calendars, since.tolist()))

    def _calendar(self) -> Calendar:
        """What days are like before any change."""
        week = [_pattern(self.weekly.get(day), "weekly") for day in _SHORT]
        special: dict[int, Pattern] = {(day - _EPOCH).days: () for day in self.holidays}
        special |= {(day - _EPOCH).days: _pattern(spans, "overrides") for day, spans in self.overrides.items()}
        return Calendar(_zone(self.tz), week, special)

    @classmethod
    def always(cls, tz: str | dt.tzinfo) -> BusinessHours:
        """Round the clock: business time is elapsed time.

        >>> import cxscore as cx
        >>> cx.BusinessHours.always("UTC")
        BusinessHours({'mon-sun': ['00:00-24:00']}, tz='UTC')
        """
        return cls("24/7", tz=tz)

    # -- changes -------------------------------------------------------------------------------------

    @complete("write hours.then(new, starting=date(2026, 7, 1))")
    def then(self, new: BusinessHours, *, starting: Instant) -> BusinessHours:
        """This schedule until `starting`, and `new` from then on.

        What is open is cut at that instant, to the microsecond: of a night that runs across it the hours before
        count where this schedule is open, and those after where `new` is. Further changes follow in order:
        `a.then(b, starting=...).then(c, starting=...)`. A change to the very same schedule is none.

        Args:
            new: the schedule that counts from then on, with its own holidays and overrides, and its own changes later
                than `starting`. It may lie in another zone; instants must then be aware, here and in every question.
            starting: a date, whose first instant it is; a wall time of the zone; or an aware instant. A wall time
                that clocks skip is the first instant after the gap, one that comes twice the earlier, as for the
                start of a span.

        Raises:
            ArgumentTypeError: no BusinessHours, no instant.
            InvalidValueError: not later than the last change; not within the years 2 to 9998.
            MixedTimeZonesError: a date or a wall time where the schedules have several zones.

        >>> from datetime import date
        >>> import cxscore as cx
        >>> week = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")
        >>> longer = cx.BusinessHours({"mon-sat": ["09:00-17:00"]}, tz="Europe/Berlin")
        >>> hours = week.then(longer, starting=date(2026, 7, 1))
        >>> print(hours.next_open(date(2026, 6, 27)), hours.next_open(date(2026, 7, 4)))
        2026-06-29 09:00:00 2026-07-04 09:00:00
        """
        if not isinstance(new, BusinessHours):
            _refuse(ArgumentTypeError, "new", "be BusinessHours, e.g. cx.BusinessHours({...}, tz='Europe/Berlin')", new)
        at = self._start_of(starting, "starting", [*self._zones, *new._zones])
        last = max(self.changes, default=None)
        if last is not None and at <= last:
            rule = f"come after the last change, {self._shown(last)}; name the changes in order"
            _refuse(InvalidValueError, "starting", rule, starting)
        return attrs.evolve(self, changes={**self.changes, at: new})

    @property
    def _zones(self) -> list[str]:
        return list(dict.fromkeys((self.tz, *(new.tz for new in self.changes.values()))))

    def _in_order(self, given: Mapping[Any, BusinessHours]) -> FrozenMap[dt.datetime, BusinessHours]:
        """Changes by their instants in UTC, in order, each to a schedule without changes of its own."""
        zones = [self.tz, *(zone for new in given.values() for zone in new._zones)]
        told: dict[dt.datetime, BusinessHours] = {}
        for starting, new in given.items():
            at = self._start_of(starting, "changes", zones)
            if at in told:
                rule = f"name each instant once; {self._shown(at)} comes twice"
                _refuse(InvalidValueError, "changes", rule, starting)
            told[at] = new
        order = sorted(told)
        found: dict[dt.datetime, BusinessHours] = {}
        before = attrs.evolve(self, changes=None) if told else self
        for at, until in zip(order, [*order, None][1:], strict=True):
            for since, new in told[at]._parts(at, until):
                if since is not None and new != before:
                    found[since] = before = new
        return FrozenMap(found)

    def _parts(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> list[tuple[dt.datetime | None, BusinessHours]]:
        """The schedules without changes that count from `since` until `until`, and since when; None: ever."""
        begun = [attrs.evolve(self, changes=None) if self.changes else self]
        later = []
        for at, new in self.changes.items():
            if since is not None and at <= since:
                begun.append(new)
            elif until is None or at < until:
                later.append((at, new))
        return [(since, begun[-1]), *later]

    def _start_of(self, starting: object, argument: str, zones: Sequence[str]) -> dt.datetime:
        """The instant in UTC from which on a change counts."""
        (given,), aware = _inputs.instants([starting], argument)
        if aware is None:
            _refuse(ArgumentTypeError, argument, "name an instant, e.g. date(2026, 7, 1)", starting)
        micros = int(given)
        if not aware:
            _refuse_naive(argument, zones)
            day = micros // DAY
            micros = int(span_starts(np.array([micros]), *zone_changes(_zone(self.tz), day - 2, day + 3))[0])
        if not _YEAR_2 <= micros < _YEAR_9999:
            _refuse(InvalidValueError, argument, "lie within the years 2 to 9998", starting)
        return _inputs.moment(micros, True)

    def _shown(self, at: dt.datetime) -> str:
        return str(at.astimezone(_zone(self.tz)))

    # -- questions -----------------------------------------------------------------------------------

    @overload
    def between(self, start: Instant, end: Instant, *, fold: int | None = None) -> dt.timedelta: ...
    @overload
    def between(
        self, start: Instant | None, end: Instant | None, *, fold: int | None = None
    ) -> dt.timedelta | None: ...
    @overload
    def between(self, start: Any, end: Any, *, fold: int | None = None) -> Durations: ...
    def between(self, start: Any, end: Any, *, fold: int | None = None) -> dt.timedelta | Durations | None:
        """Open time from `start` to `end`, exact to the microsecond; negative where they are reversed.

        Args:
            start: an instant, or a column of them.
            end: an instant, or a column of them; a single instant stands beside every row of a column.
            fold: what a wall time that comes twice or never means; None raises.

        Returns:
            A timedelta for two instants, timedelta64[us] otherwise. No open time is 0; where an instant is
            missing, None or NaT.

        Raises:
            ArgumentTypeError: texts or numbers instead of instants.
            LengthError: columns of different lengths.
            MixedTimeZonesError: aware and naive instants together.
            InvalidValueError: a wall time that comes twice or never.

        >>> from datetime import datetime, timezone
        >>> import cxscore as cx
        >>> night = cx.BusinessHours({"sat": ["22:00-06:00"]}, tz="Europe/Berlin")
        >>> utc = timezone.utc  # clocks go forward in that night, which is an hour shorter
        >>> print(night.between(datetime(2026, 3, 28, tzinfo=utc), datetime(2026, 3, 30, tzinfo=utc)))
        7:00:00
        """
        scalar = _is_scalar(start) and _is_scalar(end)
        (starts, ends), _ = self._instants({"start": start, "end": end}, fold)
        starts, ends = _side_by_side(starts, ends, start, end, "end")
        found = _where_known(starts, ends, self._timetable.between)
        return _timedelta(int(found[0])) if scalar else found.view("m8[us]")

    @overload
    def add(
        self,
        start: Instant,
        duration: dt.timedelta | np.timedelta64,
        *,
        edge: Edge = "closing",
        fold: int | None = None,
    ) -> dt.datetime: ...
    @overload
    def add(
        self,
        start: Instant | None,
        duration: dt.timedelta | np.timedelta64 | None,
        *,
        edge: Edge = "closing",
        fold: int | None = None,
    ) -> dt.datetime | None: ...
    @overload
    def add(self, start: Any, duration: Any, *, edge: Edge = "closing", fold: int | None = None) -> Instants: ...
    def add(
        self, start: Any, duration: Any, *, edge: Edge = "closing", fold: int | None = None
    ) -> dt.datetime | Instants | None:
        """The instant at which `duration` of open time has passed since `start`.

        Args:
            start: an instant, or a column of them.
            duration: 0 or more: a duration, or a column of them. With no duration `start` itself comes back,
                open or not.
            edge: where a duration leads that is used up exactly when the schedule closes: to the closing
                instant, or to the next opening.
            fold: what a wall time that comes twice or never means; None raises.

        Returns:
            For a single instant a datetime in the zone of `start`; naive, in the schedule's wall time, for a
            naive one. For columns datetime64[us], UTC for aware instants (the array knows, and can be handed
            back to this library) and wall times for naive ones. Where something is missing, None or NaT.

        Raises:
            ArgumentTypeError: numbers instead of durations.
            InvalidValueError: a negative duration; a single instant from which the schedule is never open
                that long before the year 10000 (NaT in a column, so that no row stops the others).
            UnknownNameError: an unknown edge.

        >>> from datetime import datetime, timedelta
        >>> import cxscore as cx
        >>> office = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")
        >>> print(office.add(datetime(2026, 3, 6, 16), timedelta(hours=2)))
        2026-03-09 10:00:00
        >>> print(office.add(datetime(2026, 3, 6, 16), timedelta(hours=1), edge="next_open"))
        2026-03-09 09:00:00
        """
        if edge not in ("closing", "next_open"):
            _refuse(UnknownNameError, "edge", "be 'closing' or 'next_open'", edge)
        lone = _is_scalar(duration)
        durations = _inputs.durations([duration] if lone else duration, "duration")
        negative = (durations < 0) & (durations != NAT)
        if negative.any():
            way = "use between() for the time before an instant"
            _inputs.refuse_invalid("duration", "be 0 or longer", negative, durations.view("m8[us]"), way=way)
        (starts,), naive = self._instants({"start": start}, fold)
        starts, durations = _side_by_side(starts, durations, start, duration, "duration")

        def move(start: Ints, duration: Ints) -> Ints:
            return self._timetable.add(start, duration, closing=edge == "closing")

        found = _where_known(starts, durations, move)
        if not (lone and _is_scalar(start)):
            return self._column(found, naive=naive)
        if NAT in (int(starts[0]), int(durations[0])):
            return None
        return self._one(int(found[0]), int(starts[0]), start, naive=naive)

    @overload
    def next_open(self, at: Instant, *, fold: int | None = None) -> dt.datetime: ...
    @overload
    def next_open(self, at: None, *, fold: int | None = None) -> None: ...
    @overload
    def next_open(self, at: Any, *, fold: int | None = None) -> Instants: ...
    def next_open(self, at: Any, *, fold: int | None = None) -> dt.datetime | Instants | None:
        """The instant itself where the schedule is open, else the next opening.

        Args:
            at: an instant, or a column of them.
            fold: what a wall time that comes twice or never means; None raises.

        Returns:
            As `add` returns instants.

        Raises:
            InvalidValueError: a single instant after which the schedule does not open before the year 10000
                (NaT in a column).

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> office = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")
        >>> print(office.next_open(datetime(2026, 3, 7, 11)))
        2026-03-09 09:00:00
        """
        (times,), naive = self._instants({"at": at}, fold)
        found = _where_known(times, times, lambda at, _: self._timetable.next_open(at))
        if not _is_scalar(at):
            return self._column(found, naive=naive)
        return None if times[0] == NAT else self._one(int(found[0]), int(times[0]), at, naive=naive)

    @overload
    def is_open(self, at: Instant, *, fold: int | None = None) -> bool: ...
    @overload
    def is_open(self, at: None, *, fold: int | None = None) -> None: ...
    @overload
    def is_open(self, at: Any, *, fold: int | None = None) -> Bools: ...
    def is_open(self, at: Any, *, fold: int | None = None) -> bool | Bools | None:
        """Whether the schedule is open; at its closing instant it is not.

        Args:
            at: an instant, or a column of them.
            fold: what a wall time that comes twice or never means; None raises.

        Returns:
            A bool, None for a missing instant; a bool array for a column, False where an instant is missing.

        >>> from datetime import datetime
        >>> import cxscore as cx
        >>> office = cx.BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin")
        >>> office.is_open(datetime(2026, 3, 9, 9)), office.is_open(datetime(2026, 3, 9, 17))
        (True, False)
        """
        (times,), _ = self._instants({"at": at}, fold)
        known = times != NAT
        found = np.zeros(len(times), np.bool_)
        found[known] = self._timetable.is_open(times[known])
        if not _is_scalar(at):
            return found
        return bool(found[0]) if known[0] else None

    # -- as a value ----------------------------------------------------------------------------------

    def canonical(self) -> str:
        """One text for every spelling of the same schedule: JSON without spaces, keys in order."""
        return self._canonical

    @property
    def digest(self) -> str:
        """The first 12 hex digits of the SHA-256 of the canonical form, for signatures.

        >>> import cxscore as cx
        >>> cx.BusinessHours.always("UTC").digest == cx.BusinessHours("24/7", tz="UTC").digest
        True
        """
        return hashlib.sha256(self._canonical.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, dates as ISO texts."""
        out: dict[str, Any] = {
            "weekly": {day: list(spans) for day, spans in self.weekly.items()},
            "tz": self.tz,
            "holidays": [day.isoformat() for day in self.holidays],
            "overrides": {day.isoformat(): list(spans) for day, spans in self.overrides.items()},
        }
        if self.changes:  # left out otherwise: signatures of old name schedules without changes
            out["changes"] = {at.isoformat(): new.to_dict() for at, new in self.changes.items()}
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BusinessHours:
        """The schedule that `to_dict` described."""
        return cls(
            data["weekly"],
            tz=data["tz"],
            holidays=[dt.date.fromisoformat(day) for day in data["holidays"]],
            overrides={dt.date.fromisoformat(day): spans for day, spans in data["overrides"].items()},
            changes={dt.datetime.fromisoformat(at): cls.from_dict(new) for at, new in data.get("changes", {}).items()},
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)  # what was laid out is found again when it is needed

    def __repr__(self) -> str:
        runs: list[tuple[list[str], tuple[str, ...]]] = []
        for day in _SHORT:
            spans = self.weekly.get(day, ())
            if runs and runs[-1][1] == spans:
                runs[-1][0].append(day)
            else:
                runs.append(([day], spans))
        week = {days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}": list(spans) for days, spans in runs if spans}
        parts = [repr(week), f"tz={self.tz!r}"]
        for name, days in (("holidays", self.holidays), ("overrides", tuple(self.overrides))):
            if len(days) > _LISTED:
                parts.append(f"{name}=<{len(days)} dates from {days[0]} to {days[-1]}>")
            elif days:
                own = (f"{day}: {list(self.overrides[day])}" if name == "overrides" else str(day) for day in days)
                parts.append(f"{name}=<{', '.join(own)}>")
        changes = (f".then({new!r}, starting=<{self._shown(at)}>)" for at, new in self.changes.items())
        return f"{type(self).__name__}({', '.join(parts)}){''.join(changes)}"

    # -- the door --------------------------------------------------------------------------------------

    def _instants(self, given: Mapping[str, Any], fold: int | None) -> tuple[list[Ints], bool]:
        """Columns of UTC microseconds, and whether they were given as wall times."""
        if fold not in (None, 0, 1):
            _refuse(UnknownNameError, "fold", "be 0 (first reading), 1 (second reading) or None", fold)
        columns, rules = [], {}
        for name, values in given.items():
            micros, aware = _inputs.instants([values] if _is_scalar(values) else values, name)
            columns.append(micros)
            if aware is not None:
                rules[name] = aware
        if len(set(rules.values())) > 1:
            said = " and ".join(f"{name} is {'aware' if aware else 'naive'}" for name, aware in rules.items())
            msg = (
                f"instants of one call must be all aware or all naive ({said}); give the naive ones their zone, or "
                f"make the aware ones wall times of {self.tz}"
            )
            raise MixedTimeZonesError(msg, argument=next(iter(rules)))
        naive = False in rules.values()
        if naive:
            _refuse_naive(next(iter(rules)), self._zones)
            zone = _zone(self.tz)
            columns = [
                _inputs.wall_to_utc(micros, zone, name, fold=fold) for name, micros in zip(given, columns, strict=True)
            ]
        return columns, naive

    def _column(self, found: Ints, *, naive: bool) -> Instants:
        """Instants by the rule of the column they come from."""
        found = np.where(found > _LAST, NAT, found)
        if not naive:
            return _inputs.as_utc(found)
        reached = found != NAT
        found[reached] = _inputs.utc_to_wall(found[reached], _zone(self.tz))
        return found.view("M8[us]")

    def _one(self, found: int, own: int, start: Any, *, naive: bool) -> dt.datetime:
        """An instant by the rule of the single one it comes from."""
        if found == NEVER or found > _LAST:
            rule = f"be followed by open time enough before the year 10000 in {self!r}"
            _refuse(InvalidValueError, "start", rule, start)
        if found == own and isinstance(start, dt.datetime):
            return start
        zone = _zone(self.tz) if naive else start.tzinfo
        reached = _inputs.moment(found, True, zone)
        return reached.replace(tzinfo=None) if naive else reached


def _refuse_naive(argument: str, zones: Sequence[str]) -> None:
    """Wall times where schedules have several zones."""
    named = list(dict.fromkeys(zones))
    if len(named) > 1:
        msg = (
            f"{argument} must be aware where business hours have several zones (got a date or a wall time, which "
            f"{' and '.join(named)} read differently); say which is meant, e.g. with tzinfo=ZoneInfo({named[0]!r})"
        )
        raise MixedTimeZonesError(msg, argument=argument, found=named)


def _is_scalar(value: object) -> bool:
    """Whether this is one value rather than a column; texts and numbers too, to be refused as what they are."""
    one = (dt.date, dt.timedelta, np.generic, str, int, float)
    return value is None or isinstance(value, one) or type(value).__name__ in ("NAType", "NaTType")


def _side_by_side(a: Ints, b: Ints, first: Any, second: Any, name: str) -> tuple[Ints, Ints]:
    """Columns of one length: a single value stands beside every row."""
    if len(a) == len(b):
        return a, b
    if _is_scalar(second):
        return a, np.broadcast_to(b, a.shape)
    if not _is_scalar(first):
        _inputs.same_length(len(a), len(b), name, "start")
    return np.broadcast_to(a, b.shape), b


def _where_known(a: Ints, b: Ints, measure: Any) -> Ints:
    """`measure` of the rows where nothing is missing, `NAT` elsewhere."""
    known = (a != NAT) & (b != NAT)
    if known.all():
        return cast("Ints", measure(a, b))
    found = np.full(len(a), NAT, np.int64)
    found[known] = measure(a[known], b[known])
    return found


def _timedelta(micros: int) -> dt.timedelta | None:
    return None if micros == NAT else dt.timedelta(microseconds=micros)
