"""Business time the slow way: two walks that share nothing with the library but the words of its definition.

`open_minutes` looks at the wall clock in every single minute. `Walk` turns the ends of each span into
instants with what `datetime` says about them, one after the other, and goes from span to span.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from cxscore.hours import BusinessHours

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    "Africa/Casablanca",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
)


@dataclass(frozen=True)
class Schedule:
    """Spans in minutes since midnight, (start, end) with the end up to 24 hours after the start."""

    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    special: dict[date, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    def spans(self, day: date) -> tuple[tuple[int, int], ...]:
        if day in self.special:
            return self.special[day]
        return () if day in self.holidays else self.week[day.weekday()]

    def walls(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Wall times of the spans of each day."""
        for i in range((last - first).days + 1):
            midnight = datetime.combine(first + i * DAY, datetime.min.time())
            for start, end in self.spans(midnight.date()):
                yield midnight + start * MINUTE, midnight + end * MINUTE

    def built(self) -> BusinessHours:
        """The same as the library's value."""
        return BusinessHours(
            {day: texts(spans) for day, spans in zip(DAYS, self.week, strict=True)},
            tz=self.zone,
            holidays=self.holidays,
            overrides={day: texts(spans) for day, spans in self.special.items()},
        )


def texts(spans: tuple[tuple[int, int], ...]) -> list[str]:
    """Spans as a user writes them."""
    return [f"{clock(start)}-{clock(end if end <= 1440 else end - 1440)}" for start, end in spans]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    return EPOCH + at * MICROSECOND


def open_minutes(schedule: Schedule, first: datetime, minutes: int) -> list[bool]:
    """Whether each of the minutes from the UTC instant `first` on is open.

    A span is open from the first minute whose wall time has reached its start. It ends with the last minute
    whose wall time is its end, or, where clocks skip that, after the last whose wall time is before it.
    """
    zone, margin = ZoneInfo(schedule.zone), 4 * 1440
    begin = first - margin * MINUTE
    walls = [(begin + i * MINUTE).astimezone(zone).replace(tzinfo=None) for i in range(minutes + 2 * margin)]
    is_open = [False] * len(walls)
    for start, end in schedule.walls(min(walls).date() + DAY, max(walls).date() - DAY):
        began = next(i for i, wall in enumerate(walls) if wall >= start)
        shown = [i for i, wall in enumerate(walls) if wall == end]
        ended = shown[-1] if shown else 1 + max(i for i, wall in enumerate(walls) if wall < end)
        for i in range(began, ended):
            is_open[i] = True
    return is_open[margin:-margin]


def readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The earlier and the later instant of a wall time; twice the end of the gap for one that is skipped."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first, second
    # `fold=0` reads a skipped time as if clocks had not moved, which lands after the gap; `fold=1` before it.
    before, after = second, first
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after, after


class Walk:
    """The open spans between two dates as UTC microseconds, and a walk along them."""

    def __init__(self, schedule: Schedule, first: date, last: date) -> None:
        zone = ZoneInfo(schedule.zone)
        found = []
        for start, end in schedule.walls(first, last):
            began, ended = micros(readings(start, zone)[0]), micros(readings(end, zone)[1])
            if began < ended:
                found.append((began, ended))
        self._unite(found)

    def _unite(self, found: list[tuple[int, int]]) -> None:
        self.spans: list[tuple[int, int]] = []
        for began, ended in sorted(found):
            if self.spans and began <= self.spans[-1][1]:
                self.spans[-1] = self.spans[-1][0], max(ended, self.spans[-1][1])
            else:
                self.spans.append((began, ended))
        self.starts = [began for began, _ in self.spans]
        self.passed = [0]
        for began, ended in self.spans:
            self.passed.append(self.passed[-1] + ended - began)

    @classmethod
    def joined(cls, walks: list[Walk], since: list[int]) -> Walk:
        """The spans of each walk from its instant on until that of the next one, cut there."""
        walk = cls.__new__(cls)
        rims = [-(10**18), *since, 10**18]
        cut = [
            (max(began, rims[i]), min(ended, rims[i + 1])) for i, one in enumerate(walks) for began, ended in one.spans
        ]
        walk._unite([(began, ended) for began, ended in cut if began < ended])
        return walk

    def open_before(self, at: int) -> int:
        place = bisect_right(self.starts, at)
        if not place:
            return 0
        began, ended = self.spans[place - 1]
        return self.passed[place - 1] + min(at, ended) - began

    def between(self, start: int, end: int) -> int:
        return self.open_before(end) - self.open_before(start)

    def is_open(self, at: int) -> bool:
        return any(began <= at < ended for began, ended in self.spans)

    def add(self, start: int, duration: int, edge: str) -> int | None:
        """Walk on until the duration is used up; None where the spans end before."""
        if not duration:
            return start
        for began, ended in self.spans[max(bisect_right(self.starts, start) - 1, 0) :]:
            here = max(began, start)
            there = here + duration
            if here < ended and (there < ended or (there == ended and edge == "closing")):
                return there
            duration -= max(ended - here, 0)
        return None

    def next_open(self, at: int) -> int | None:
        return next((max(began, at) for began, ended in self.spans if at < ended), None)


@st.composite
def patterns(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Spans of a day: several, overlapping, overnight, a whole day; steps of a quarter make ends meet."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, 95)) * 15
        found.append((start, start + draw(st.sampled_from([15, 30, 60, 90, 240, 480, 720, 1080, 1425]))))
    return tuple(draw(st.sampled_from([tuple(found), ((0, 1440),), ((540, 780), (840, 1080))])))


@st.composite
def schedules(draw: st.DrawFn, *, around: date) -> Schedule:
    """A schedule with holidays and overrides within a few days of a date."""
    days = st.integers(-4, 4).map(lambda i: around + i * DAY)
    return Schedule(
        zone=draw(st.sampled_from(ZONES)),
        week=tuple(draw(st.lists(patterns(), min_size=7, max_size=7))),
        special=draw(st.dictionaries(days, patterns(), max_size=3)),
        holidays=draw(st.frozensets(days, max_size=3)),
    )


def changes(zone: str, first: int, last: int) -> list[datetime]:
    """Days of some years at whose ends a zone's offset differs, as UTC midnights."""
    found, at = [], datetime(first, 1, 1, tzinfo=UTC)
    offset: Any = at.astimezone(ZoneInfo(zone)).utcoffset()
    while at.year <= last:
        after = (at + DAY).astimezone(ZoneInfo(zone)).utcoffset()
        if after != offset:
            found.append(at)
        at, offset = at + DAY, after
    return found
