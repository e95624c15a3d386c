"""Business time: the open spans of a schedule laid out in UTC, and the open time before any instant.

Instants and durations are int64 microseconds, days are counted from 1970-01-01, spans are half-open. Knows
nothing of names of days, of texts and of missing values; the caller hands in what is known.

A calendar is a pattern of spans for each weekday and other patterns for special days. A span belongs to the
day it starts on, and its ends are wall times: a missing one becomes the first instant after the gap, an
ambiguous one the earlier instant for a start and the later for an end. Everything between is open. A timetable
follows one calendar, or several, each from an instant on: the spans of each are cut there, and joined.

Everything rests on one function of time, the open time before an instant: it is flat where the schedule is
closed and runs with the clock where it is open. A duration is a difference of two of its values, and adding
a duration is its inverse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "DAY",
    "NEVER",
    "Calendar",
    "OpenSpans",
    "Pattern",
    "Timetable",
    "Timetables",
    "join",
    "lay_out",
    "span_ends",
    "span_starts",
    "zone_changes",
]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Pattern = tuple[tuple[int, int], ...]
"""Spans of one day: microseconds from its midnight to start and end; the end may lie in the day after."""

DAY = 86_400_000_000
NEVER: int = np.iinfo(np.int64).min
"""The instant of something that does not happen; numpy's own NaT, seen as an integer."""

_EPOCH = dt.datetime(1970, 1, 1)
_ONE_DAY = dt.timedelta(days=1)
_SECOND = 1_000_000
_FAR = 1 << 62
_LAST_DAY = 2_932_893  # in 9999: the last one that is a datetime whatever the zone

# 400 years of the Gregorian calendar are a whole number of weeks, so weekdays and zone rules repeat.
_CYCLE_DAYS = 146_097
_CYCLE = _CYCLE_DAYS * DAY
# Before 1800 every zone keeps its local mean time; after 2100 it keeps the rule of its last entry.
_CLOCKS_BEGIN, _CLOCKS_SETTLE = -62_091, 47_482
_MOST_CYCLES = 64  # far past year 9999, and far from overflow
# A span lies within a day before and three days after its day's midnight in UTC.
_MARGIN = 4
_BLOCK = 512  # days; what is laid out grows in such steps, so that neighbouring calls find it done

_CHUNK = 1 << 15
_LARGEST_TABLE = 1 << 21


# -- wall times to instants ------------------------------------------------------------------------


def zone_changes(zone: dt.tzinfo, first: int, last: int) -> tuple[Ints, Ints]:
    """When the offset of a zone changes in the days `first` to `last`.

    Each day's offset is asked for, and the second of a change is found between two days that differ; no zone
    of the IANA database changes twice within three days.

    Returns:
        `since`, `offset`: from the instant since[i] on, wall time is UTC + offset[i]. since[0] is far back.
    """
    first = min(max(first, _CLOCKS_BEGIN), _LAST_DAY)
    found = _offset(zone, _utc(zone, first * DAY))
    since, offset = [-_FAR], [found]
    midnight = _utc(zone, first * DAY)
    for day in range(first, min(last, _LAST_DAY)):
        midnight += _ONE_DAY
        after = _offset(zone, midnight)
        if after != found:
            low, high = day * DAY, (day + 1) * DAY
            while high - low > _SECOND:
                middle = (low + high) // (2 * _SECOND) * _SECOND
                low, high = (middle, high) if _offset(zone, _utc(zone, middle)) == found else (low, middle)
            since.append(high)
            offset.append(after)
            found = after
    return np.array(since, dtype=np.int64), np.array(offset, dtype="m8[us]").view(np.int64)


def _utc(zone: dt.tzinfo, micros: int) -> dt.datetime:
    return _EPOCH.replace(tzinfo=zone) + dt.timedelta(microseconds=micros)  # UTC, in the dress that fromutc wants


def _offset(zone: dt.tzinfo, utc: dt.datetime) -> dt.timedelta:
    return zone.fromutc(utc).utcoffset() or dt.timedelta(0)


def span_starts(wall: Ints, since: Ints, offset: Ints) -> Ints:
    """The first instant at which a wall clock shows `wall` or later."""
    until = np.append(since[1:], _FAR)
    # The running maximum makes the wall times ascend where clocks went back; its first larger element is
    # the first stretch between two changes that gets as far as `wall`.
    stretch = np.searchsorted(np.maximum.accumulate(until + offset), wall, side="right")
    starts: Ints = np.maximum(since[stretch], wall - offset[stretch])
    return starts


def span_ends(wall: Ints, since: Ints, offset: Ints) -> Ints:
    """The last instant at which a wall clock shows `wall`, or the first after the gap that skips it."""
    until = np.append(since[1:], _FAR)
    begins = np.minimum.accumulate((since + offset)[::-1])[::-1]
    stretch = np.searchsorted(begins, wall, side="right") - 1
    ends: Ints = np.minimum(until[stretch], wall - offset[stretch])
    return ends


def lay_out(patterns: Sequence[Pattern], kind: npt.NDArray[np.integer], first: int, zone: dt.tzinfo) -> OpenSpans:
    """The open spans of consecutive days in UTC.

    Args:
        patterns: spans of each kind of day.
        kind: index into `patterns` for each day.
        first: the first of the days.
        zone: whose wall times the patterns are.
    """
    starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for i, pattern in enumerate(patterns):
        if pattern:
            midnights = (np.flatnonzero(kind == i) + first) * DAY
            starts += [midnights + start for start, _ in pattern]
            ends += [midnights + end for _, end in pattern]
    start, end = np.concatenate(starts), np.concatenate(ends)
    if not len(start):
        return OpenSpans(start, end)
    since, offset = zone_changes(zone, int(start.min() // DAY) - 2, int(end.max() // DAY) + 3)
    order = np.argsort(start, kind="stable")
    return OpenSpans(*_union(span_starts(start[order], since, offset), span_ends(end[order], since, offset)))


def join(parts: Sequence[OpenSpans], since: Sequence[int]) -> OpenSpans:
    """The spans of each part from its instant until that of the next; those that meet there are one.

    Args:
        parts: the spans, in the order of time.
        since: from when on each part but the first counts.
    """
    rims = [-_FAR, *since, _FAR]
    start = [np.clip(spans.start, rims[i], rims[i + 1]) for i, spans in enumerate(parts)]
    end = [np.clip(spans.end, rims[i], rims[i + 1]) for i, spans in enumerate(parts)]
    return OpenSpans(*_union(np.concatenate(start), np.concatenate(end)))


def _union(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Spans in order of their starts as disjoint ones that do not touch; empty ones vanish."""
    kept = end > start  # both ends of a span may fall into one gap
    start, end = start[kept], np.maximum.accumulate(end[kept])
    if not len(start):
        return start, end
    apart = start[1:] > end[:-1]
    return start[np.append(True, apart)], end[np.append(apart, True)]


# -- the open time before an instant -----------------------------------------------------------------


class OpenSpans:
    """Disjoint spans in order that do not touch, with the open time before each."""

    __slots__ = ("_bias", "_closing", "_shift", "_table", "before", "end", "start", "total")

    def __init__(self, start: Ints, end: Ints) -> None:
        if not len(start):  # one empty span says "never open" without a special case
            start = end = np.zeros(1, np.int64)
        length = end - start
        self.start = start
        self.end = end
        self._closing = np.cumsum(length)
        self.before = self._closing - length
        self.total = int(self._closing[-1])
        self._bias = self.before - start
        # The shortest closed time decides how fine a table must be: within one of its steps there is at
        # most one span, or the end of one, so that a step needs to name a single span.
        shortest = int((start[1:] - end[:-1]).min()) if len(start) > 1 else _FAR
        self._shift = shortest.bit_length() - 1
        self._table: npt.NDArray[np.intp] | None = None

    def _lookup(self, rows: int) -> npt.NDArray[np.intp] | None:
        """For each step of 2**shift microseconds since the first start, the first span that ends after it.

        Random look-ups cost a tenth of a binary search; made once there are rows enough to pay for it.
        """
        if self._table is None:
            steps = (int(self.end[-1] - self.start[0]) >> self._shift) + 1
            if steps <= min(4 * rows, _LARGEST_TABLE):
                marks = self.start[0] + (np.arange(steps, dtype=np.int64) << self._shift)
                self._table = np.minimum(self.end.searchsorted(marks, side="right"), len(self.end) - 1)
        return self._table

    def _span_of(self, at: Ints, table: npt.NDArray[np.intp] | None, out: npt.NDArray[np.intp]) -> None:
        """A span before which, in which or after which `at` lies, with no other span between."""
        if table is None:
            np.minimum(self.end.searchsorted(at, side="right"), len(self.end) - 1, out=out)
        else:
            np.subtract(at, self.start[0], out=out)
            np.right_shift(out, self._shift, out=out)
            table.take(out, out=out, mode="clip")  # outside all spans the nearest one serves

    def _measure(
        self, at: Ints, table: npt.NDArray[np.intp] | None, span: npt.NDArray[np.intp], spare: Ints, out: Ints
    ) -> None:
        """`at` pushed into its span, then shifted to where the spans stand end to end."""
        self._span_of(at, table, span)
        self.start.take(span, out=spare, mode="clip")
        np.maximum(at, spare, out=out)
        self.end.take(span, out=spare, mode="clip")
        np.minimum(out, spare, out=out)
        self._bias.take(span, out=spare, mode="clip")
        np.add(out, spare, out=out)

    def between(self, start: Ints, end: Ints) -> Ints:
        """Open time from `start` to `end`, negative where they are reversed."""
        out = np.empty(len(start), np.int64)
        table = self._lookup(len(start))
        size = min(len(start), _CHUNK)  # work that stays in the cache
        span, spare, other = np.empty(size, np.intp), np.empty(size, np.int64), np.empty(size, np.int64)
        for i in range(0, len(start), _CHUNK):
            part = slice(i, i + _CHUNK)
            n = len(out[part])
            self._measure(end[part], table, span[:n], spare[:n], out[part])
            self._measure(start[part], table, span[:n], spare[:n], other[:n])
            out[part] -= other[:n]
        return out

    def open_before(self, at: Ints) -> Ints:
        """Open time from the first start until `at`."""
        out, spare, span = np.empty(len(at), np.int64), np.empty(len(at), np.int64), np.empty(len(at), np.intp)
        self._measure(at, self._lookup(len(at)), span, spare, out)
        return out

    def is_open(self, at: Ints) -> Bools:
        """Whether `at` lies in a span."""
        span = np.empty(len(at), np.intp)
        self._span_of(at, self._lookup(len(at)), span)
        return (self.start[span] <= at) & (at < self.end[span])

    def reached(self, open_time: Ints, *, closing: bool) -> Ints:
        """The instant by which that much open time has passed, `NEVER` where it does not.

        Where it is used up exactly at the end of a span: that end (`closing`), or the next start.
        """
        span = self._closing.searchsorted(open_time, side="left" if closing else "right")
        found = np.minimum(span, len(self.start) - 1)
        return np.where(span < len(self.start), open_time - self._bias[found], NEVER)


# -- a schedule ----------------------------------------------------------------------------------------


class Calendar:
    """What each day is like, for all of time.

    Args:
        zone: whose wall times the patterns are.
        week: patterns of Monday to Sunday.
        special: day to the pattern that replaces the weekday's.
    """

    __slots__ = ("_days", "_kind", "_patterns", "_zone", "first_special", "last_special")

    def __init__(self, zone: dt.tzinfo, week: Sequence[Pattern], special: Mapping[int, Pattern]) -> None:
        places: dict[Pattern, int] = {}
        for pattern in special.values():
            places.setdefault(pattern, len(week) + len(places))
        self._zone = zone
        self._patterns = (*week, *places)
        self._days = np.array(sorted(special), dtype=np.int64)
        self._kind = np.array([places[special[day]] for day in self._days.tolist()], dtype=np.int64)
        self.first_special = min(special, default=0)
        self.last_special = max(special, default=0)

    def spans(self, first: int, last: int) -> OpenSpans:
        """The open spans of the days `first` to `last`."""
        kind = (np.arange(first, last + 1) + 3) % 7  # 1970-01-01 was a Thursday
        inside = (self._days >= first) & (self._days <= last)
        kind[self._days[inside] - first] = self._kind[inside]
        return lay_out(self._patterns, kind, first, self._zone)


class Timetable:
    """A schedule that lays out as many days as it is asked about, and answers for all of time.

    Far in the future and in the past nothing but the cycle of the calendar is left, so no more than one cycle
    beyond the last special day or change is ever laid out: an instant in the year 9999 costs what 2500 costs.

    Args:
        calendars: what days are like, one after the other.
        since: from when on each calendar but the first counts, ascending.
    """

    __slots__ = ("_calendars", "_earliest", "_first", "_laid", "_last", "_latest", "_since")

    def __init__(self, calendars: Sequence[Calendar], since: Sequence[int] = ()) -> None:
        self._calendars = tuple(calendars)
        self._since = tuple(since)
        changes = [instant // DAY for instant in since]
        begin = min(_CLOCKS_BEGIN, *changes, *(calendar.first_special for calendar in calendars))
        settle = max(_CLOCKS_SETTLE, *changes, *(calendar.last_special for calendar in calendars))
        self._first = begin - _CYCLE_DAYS - 3 * _MARGIN
        self._last = settle + _CYCLE_DAYS + 3 * _MARGIN
        self._earliest = (self._first + _MARGIN) * DAY
        self._latest = (self._last - _MARGIN) * DAY
        self._laid: tuple[int, int, OpenSpans] | None = None

    def between(self, start: Ints, end: Ints) -> Ints:
        """Open time from `start` to `end`, negative where they are reversed."""
        if not len(start):
            return np.empty(0, np.int64)
        low, high = min(int(start.min()), int(end.min())), max(int(start.max()), int(end.max()))
        spans = self._covering(low, high)
        if self._earliest <= low and high <= self._latest:
            return spans.between(start, end)
        return self._open_before(spans, end) - self._open_before(spans, start)

    def is_open(self, at: Ints) -> Bools:
        """Whether the schedule is open."""
        if not len(at):
            return np.empty(0, np.bool_)
        spans = self._covering(int(at.min()), int(at.max()))
        return spans.is_open(at - self._cycles(at) * _CYCLE)

    def next_open(self, at: Ints) -> Ints:
        """`at` where it is open, else the next start, `NEVER` where there is none."""
        return self._later(at, np.zeros(len(at), np.int64), closing=False)

    def add(self, start: Ints, duration: Ints, *, closing: bool) -> Ints:
        """The instant at which `duration` of open time has passed since `start`; `NEVER` where it does not.

        No duration leads nowhere. A duration used up exactly at the end of a span leads to that end
        (`closing`) or to the next start.
        """
        return np.where(duration == 0, start, self._later(start, duration, closing=closing))

    def _later(self, start: Ints, duration: Ints, *, closing: bool) -> Ints:
        if not len(start):
            return np.empty(0, np.int64)
        low, high = int(start.min()), int(start.max())
        duration = np.minimum(duration, _FAR >> 2)
        while True:
            spans = self._covering(low, high)
            target = self._open_before(spans, start) + duration
            if int(target.max()) < spans.total or high > self._latest:
                break
            high += max(high - low, _BLOCK * DAY)
        return self._reached(spans, target, closing=closing, low=low, high=high)

    def _covering(self, low: int, high: int) -> OpenSpans:
        """Spans of all days that matter for instants from `low` to `high`."""
        # Outside the rims time is folded back by cycles, and one whole cycle has to be there.
        if low < self._earliest:
            high = max(high, self._earliest + _CYCLE)
        if high > self._latest:
            low = min(low, self._latest - _CYCLE)
        first = max(low // DAY - _MARGIN, self._first)
        last = min(high // DAY + _MARGIN, self._last)
        if self._laid is not None:
            had_first, had_last, spans = self._laid
            if had_first <= first and last <= had_last:
                return spans
            first, last = min(first, had_first), max(last, had_last)
        first = max(first // _BLOCK * _BLOCK, self._first)
        last = min(-(-last // _BLOCK) * _BLOCK, self._last)
        spans = self._lay_out(first, last)
        self._laid = first, last, spans
        return spans

    def _lay_out(self, first: int, last: int) -> OpenSpans:
        """The open spans of the days `first` to `last`, each calendar asked for the days it counts on."""
        days = [first, *(min(max(instant // DAY, first), last) for instant in self._since), last]
        parts = [
            calendar.spans(max(days[i] - _MARGIN, first), min(days[i + 1] + _MARGIN, last))
            for i, calendar in enumerate(self._calendars)
        ]
        return join(parts, self._since) if self._since else parts[0]

    def _cycles(self, at: Ints) -> Ints:
        """How many cycles each instant lies outside the rims; 0 inside, negative before."""
        over = -((self._latest - at) // _CYCLE)
        under = (at - self._earliest) // _CYCLE
        return np.maximum(over, 0) + np.minimum(under, 0)

    def _cycle_of(self, spans: OpenSpans, begin: int) -> tuple[int, int]:
        """Open time at the begin and at the end of a cycle."""
        found = spans.open_before(np.array([begin, begin + _CYCLE]))
        return int(found[0]), int(found[1])

    def _open_before(self, spans: OpenSpans, at: Ints) -> Ints:
        cycles = self._cycles(at)
        out = spans.open_before(at - cycles * _CYCLE)
        if (cycles > 0).any():
            begin, end = self._cycle_of(spans, self._latest - _CYCLE)
            out += np.maximum(cycles, 0) * (end - begin)
        if (cycles < 0).any():
            begin, end = self._cycle_of(spans, self._earliest)
            out += np.minimum(cycles, 0) * (end - begin)
        return out

    def _reached(self, spans: OpenSpans, target: Ints, *, closing: bool, low: int, high: int) -> Ints:
        """The inverse of `_open_before`."""
        moved = np.zeros(len(target), np.int64)
        inside = target
        if high > self._latest:
            begin, end = self._cycle_of(spans, self._latest - _CYCLE)
            if end > begin:
                # As few cycles back as bring the target to the last one, counted so that both kinds of
                # edges find their span there.
                back = (target - end + (end - begin) - closing) // (end - begin)
                moved += np.clip(back, 0, _MOST_CYCLES)
                inside = inside - moved * (end - begin)
        if low < self._earliest:
            begin, end = self._cycle_of(spans, self._earliest)
            if end > begin:
                forth = (begin - target + (end - begin) - (not closing)) // (end - begin)
                forth = np.clip(forth, 0, _MOST_CYCLES)
                moved -= forth
                inside = inside + forth * (end - begin)
        found = spans.reached(inside, closing=closing)
        return np.where(found == NEVER, NEVER, found + moved * _CYCLE)


class Timetables:
    """One schedule a row: what `Timetable` answers, each row by its own.

    Args:
        tables: the schedules.
        code: number of the schedule of each row.
    """

    __slots__ = ("_code", "_tables")

    def __init__(self, tables: Sequence[Timetable], code: Ints) -> None:
        self._tables = tuple(tables)
        self._code = code

    def rows(self, keep: Bools | Ints | slice) -> Timetables:
        """The schedules of some of the rows."""
        return Timetables(self._tables, self._code[keep])

    def between(self, start: Ints, end: Ints) -> Ints:
        """Open time from `start` to `end`, one entry a row."""
        return self._each(lambda table, rows: table.between(start[rows], end[rows]))

    def add(self, start: Ints, duration: Ints, *, closing: bool) -> Ints:
        """The instant when `duration` is used up, one entry a row."""
        return self._each(lambda table, rows: table.add(start[rows], duration[rows], closing=closing))

    def _each(self, answer: Callable[[Timetable, Ints], Ints]) -> Ints:
        out = np.empty(len(self._code), np.int64)
        for code, table in enumerate(self._tables):
            rows = np.flatnonzero(self._code == code)
            out[rows] = answer(table, rows)
        return out
