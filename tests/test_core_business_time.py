"""Open spans in UTC: ends in missing and repeated hours, unions, look-ups, and all of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxscore._core import business_time as bt
from slow_hours import Schedule, Walk, instant, micros

HOUR = 3_600_000_000
OFFICE = ((9 * HOUR, 13 * HOUR), (14 * HOUR, 18 * HOUR))
WHOLE = ((0, bt.DAY),)
CLOSED: bt.Pattern = ()
CYCLE = 146_097 * bt.DAY


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def utc(*parts: int) -> int:
    return micros(datetime(*parts, tzinfo=UTC))


def day(*parts: int) -> int:
    return utc(*parts) // bt.DAY


def table(zone: str, week: list[bt.Pattern], special: dict[int, bt.Pattern] | None = None) -> bt.Timetable:
    return bt.Timetable([bt.Calendar(ZoneInfo(zone), week, special or {})])


# -- clocks ------------------------------------------------------------------------------------------


def test_changes_of_a_zone_are_found_to_the_second() -> None:
    since, offset = bt.zone_changes(ZoneInfo("Europe/Berlin"), day(2026, 1, 1), day(2026, 12, 31))
    # Directive 2000/84/EC: the last Sundays of March and October, 01:00 UTC.
    assert [utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)] == since[1:].tolist()
    assert [HOUR, 2 * HOUR, HOUR] == offset.tolist()


def test_a_zone_without_changes_has_one_offset() -> None:
    since, offset = bt.zone_changes(timezone(timedelta(hours=-3, minutes=-30)), 0, 400)
    assert (1, [-7 * HOUR // 2]) == (len(since), offset.tolist())


def test_days_outside_the_calendar_are_asked_for_at_its_rims() -> None:
    for first, last in ((-10_000_000, -9_999_000), (9_999_000, 10_000_000)):
        since, _ = bt.zone_changes(ZoneInfo("Asia/Tehran"), first, last)
        assert 1 == len(since)


@pytest.mark.parametrize(
    ("zone", "at", "start", "end"),
    [
        # 02:00-03:00 does not exist on 2026-03-29 and comes twice on 2026-10-25.
        ("Europe/Berlin", (2026, 3, 29, 2, 30), (2026, 3, 29, 1), (2026, 3, 29, 1)),
        ("Europe/Berlin", (2026, 3, 29, 2), (2026, 3, 29, 1), (2026, 3, 29, 1)),
        ("Europe/Berlin", (2026, 3, 29, 3), (2026, 3, 29, 1), (2026, 3, 29, 1)),
        ("Europe/Berlin", (2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)),
        ("Europe/Berlin", (2026, 10, 25, 2), (2026, 10, 25, 0), (2026, 10, 25, 1)),
        ("Europe/Berlin", (2026, 10, 25, 3), (2026, 10, 25, 2), (2026, 10, 25, 2)),
        # Half an hour: 02:00-02:30 missing on 2025-10-05, 01:30-02:00 twice on 2025-04-06.
        ("Australia/Lord_Howe", (2025, 10, 5, 2, 15), (2025, 10, 4, 15, 30), (2025, 10, 4, 15, 30)),
        ("Australia/Lord_Howe", (2025, 4, 6, 1, 45), (2025, 4, 5, 14, 45), (2025, 4, 5, 15, 15)),
        # All of 2011-12-30 is missing.
        ("Pacific/Apia", (2011, 12, 30, 12), (2011, 12, 30, 10), (2011, 12, 30, 10)),
        # Clocks went back at 00:01 to 23:01 of the day before: midnight came twice.
        ("America/St_Johns", (2010, 11, 7), (2010, 11, 7, 2, 30), (2010, 11, 7, 3, 30)),
        # Midnight was skipped.
        ("Asia/Tehran", (2021, 3, 22), (2021, 3, 21, 20, 30), (2021, 3, 21, 20, 30)),
    ],
)
def test_ends_of_spans_in_missing_and_repeated_hours(
    zone: str, at: tuple[int, ...], start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    since, offset = bt.zone_changes(ZoneInfo(zone), day(*at[:3]) - 200, day(*at[:3]) + 200)
    assert [utc(*start)] == bt.span_starts(ints(utc(*at)), since, offset).tolist()
    assert [utc(*end)] == bt.span_ends(ints(utc(*at)), since, offset).tolist()


# -- spans -------------------------------------------------------------------------------------------


def test_spans_are_united_where_they_overlap_or_touch() -> None:
    pattern = ((0, 2 * HOUR), (HOUR, 3 * HOUR), (3 * HOUR, 4 * HOUR), (5 * HOUR, 6 * HOUR), (30 * HOUR, 31 * HOUR))
    spans = bt.lay_out([pattern], np.zeros(1, np.int64), 0, UTC)
    assert [0, 5 * HOUR, 30 * HOUR] == spans.start.tolist()
    assert [4 * HOUR, 6 * HOUR, 31 * HOUR] == spans.end.tolist()
    assert [0, 4 * HOUR, 5 * HOUR] == spans.before.tolist()
    assert 6 * HOUR == spans.total


def test_a_span_that_lies_in_a_gap_vanishes() -> None:
    spans = bt.lay_out([((2 * HOUR, 3 * HOUR),)], np.zeros(1, np.int64), day(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert 0 == spans.total


def test_round_the_clock_is_one_span_through_every_change() -> None:
    for zone in ("Pacific/Apia", "America/St_Johns", "Asia/Tehran", "America/Havana", "Africa/Casablanca"):
        spans = bt.lay_out([WHOLE], np.zeros(12_000, np.int64), day(1995, 1, 1), ZoneInfo(zone))
        assert 1 == len(spans.start)


def test_never_open() -> None:
    spans = bt.lay_out([CLOSED], np.zeros(10, np.int64), 0, UTC)
    at = ints(-5, 0, 5)
    assert [0, 0, 0] == spans.open_before(at).tolist()
    assert [False, False, False] == spans.is_open(at).tolist()
    assert [bt.NEVER] == spans.reached(ints(1), closing=True).tolist()
    assert [bt.NEVER] == spans.reached(ints(0), closing=False).tolist()


cuts = st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True).map(
    lambda cut: sorted(cut)[: len(cut) // 2 * 2]
)


@given(cuts, st.integers(1, 9))
def test_open_time_is_the_count_of_open_instants(cut: list[int], unit: int) -> None:
    start, end = np.array(cut[::2]) * unit, np.array(cut[1::2]) * unit
    spans = bt.OpenSpans(start, end)
    at = np.arange(-3, 405 * unit)
    is_open = np.array([any(s <= t < e for s, e in zip(start, end, strict=True)) for t in at])
    expected = np.cumsum(is_open) - is_open
    few = np.concatenate([spans.open_before(at[i : i + 1]) for i in range(0, len(at), 97)])
    assert np.array_equal(expected[::97], few)
    assert np.array_equal(expected, spans.open_before(at))
    assert np.array_equal(is_open, spans.is_open(at))
    assert np.array_equal(expected[::-1] - expected, spans.between(at, at[::-1]))


@given(cuts)
def test_reached_is_the_inverse(cut: list[int]) -> None:
    spans = bt.OpenSpans(np.array(cut[::2]), np.array(cut[1::2]))
    open_time = np.arange(1, spans.total + 1)
    closing = spans.reached(open_time, closing=True)
    assert np.array_equal(open_time, spans.open_before(closing))
    assert np.array_equal(open_time - 1, spans.open_before(closing - 1))
    following = spans.reached(open_time - 1, closing=False)
    assert spans.is_open(following).all()
    assert np.array_equal(open_time - 1, spans.open_before(following))
    assert [bt.NEVER] == spans.reached(ints(spans.total + 1), closing=True).tolist()
    assert [bt.NEVER] == spans.reached(ints(spans.total), closing=False).tolist()


def test_work_in_chunks_and_by_table_equals_the_plain_formula() -> None:
    rng = np.random.default_rng(5)
    spans = bt.lay_out([OFFICE, CLOSED], (np.arange(900) % 7 > 4).astype(np.int64), 20_000, ZoneInfo("Europe/Berlin"))
    at = rng.integers(19_990 * bt.DAY, 20_910 * bt.DAY, 100_001)
    place = np.searchsorted(spans.start, at, side="right") - 1
    inside = np.minimum(at, spans.end[place]) - spans.start[place]
    expected = np.where(place < 0, 0, spans.before[place] + inside)
    at.flags.writeable = False
    assert np.array_equal(expected[1:] - expected[:-1], spans.between(at[:-1], at[1:]))
    assert np.array_equal(expected, spans.open_before(at))


def test_parts_are_cut_where_the_next_one_begins_and_joined_where_they_meet() -> None:
    first = bt.OpenSpans(ints(0, 10, 30), ints(5, 20, 40))
    second = bt.OpenSpans(ints(2, 15, 50), ints(8, 25, 60))
    never = bt.OpenSpans(ints(), ints())
    for parts, since, start, end in (
        ([first], [], [0, 10, 30], [5, 20, 40]),
        ([first, second], [18], [0, 10, 50], [5, 25, 60]),  # open on both sides: one span
        ([first, second], [5], [0, 15, 50], [8, 25, 60]),
        ([second, first], [8], [2, 10, 30], [8, 20, 40]),
        ([first, never], [12], [0, 10], [5, 12]),
        ([never, first], [12], [12, 30], [20, 40]),
        ([first, second, first], [4, 16], [0, 15, 30], [8, 20, 40]),
        ([first, second], [-7], [2, 15, 50], [8, 25, 60]),
        ([first, second], [99], [0, 10, 30], [5, 20, 40]),
    ):
        spans = bt.join(parts, since)
        assert (start, end) == (spans.start.tolist(), spans.end.tolist())
    assert 0 == bt.join([never, never], [3]).total


# -- all of time -------------------------------------------------------------------------------------


def test_special_days_replace_the_week_and_keep_their_own_pattern() -> None:
    monday = day(2026, 3, 2)
    hours = table("UTC", [WHOLE] * 7, {monday: CLOSED, monday + 1: OFFICE, monday + 2: OFFICE})
    days = np.arange(monday - 1, monday + 5) * bt.DAY
    assert [24, 0, 8, 8, 24] == (hours.between(days[:-1], days[1:]) // HOUR).tolist()


def test_nothing_in_nothing_out() -> None:
    hours, none = table("UTC", [WHOLE] * 7), ints()
    for found in (hours.between(none, none), hours.is_open(none), hours.next_open(none)):
        assert 0 == len(found)
    assert 0 == len(hours.add(none, none, closing=True))


def test_what_is_laid_out_grows_both_ways_and_stays() -> None:
    hours = table("UTC", [OFFICE] * 7)
    for year in (2020, 2026, 1990, 2005):
        assert [8 * HOUR] == hours.between(ints(utc(year, 5, 1)), ints(utc(year, 5, 2))).tolist()
    assert [17 * 365 * 8 * HOUR + 4 * 8 * HOUR] == hours.between(ints(utc(1990, 1, 1)), ints(utc(2007, 1, 1))).tolist()


def test_calendars_take_turns_whatever_is_laid_out_first() -> None:
    zones = ("UTC", "Asia/Kolkata", "UTC")
    calendars = [
        bt.Calendar(ZoneInfo(zone), [week] * 7, {}) for zone, week in zip(zones, (OFFICE, WHOLE, ()), strict=True)
    ]
    since = [utc(2020, 7, 1), utc(2026, 7, 1)]
    years = (2019, 2023, 2027)
    for order in (years, years[::-1], (2023, 2019, 2027)):
        hours = bt.Timetable(calendars, since)
        found = {year: int(hours.between(ints(utc(year, 3, 1)), ints(utc(year, 3, 2)))[0]) // HOUR for year in order}
        assert {2019: 8, 2023: 24, 2027: 0} == found
    whole = [bt.Timetable([calendar]) for calendar in calendars]
    edges = [utc(1, 1, 3), *since, utc(9999, 1, 1)]
    expected = sum(int(one.between(ints(edges[i]), ints(edges[i + 1]))[0]) for i, one in enumerate(whole))
    assert [expected] == bt.Timetable(calendars, since).between(ints(edges[0]), ints(edges[-1])).tolist()


def test_each_end_of_time_keeps_its_own_cycle() -> None:
    night = ((22 * HOUR, 30 * HOUR),)
    old, new = (bt.Calendar(ZoneInfo("Europe/Berlin"), week, {}) for week in ([OFFICE] * 5 + [CLOSED] * 2, [night] * 7))
    change = utc(2026, 3, 4, 23)
    hours, before, after = bt.Timetable([old, new], [change]), bt.Timetable([old]), bt.Timetable([new])
    start = ints(utc(300, 5, 1), utc(1300, 1, 1), utc(1970, 1, 1))
    for end in (ints(utc(2480, 1, 1)), ints(utc(9000, 2, 3))):
        end = after.next_open(end) + 1
        passed = before.between(start, ints(change).repeat(3)) + after.between(ints(change).repeat(3), end.repeat(3))
        assert passed.tolist() == hours.between(start, end.repeat(3)).tolist()
        for closing in (True, False):
            assert end.repeat(3).tolist() == hours.add(start, passed, closing=closing).tolist()
    assert [change] == hours.next_open(ints(change - 1)).tolist()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Casablanca", "Australia/Lord_Howe"])
@pytest.mark.parametrize("year", [5, 1200, 1399, 1401, 2499, 2503, 2600, 9990])
def test_centuries_away_equal_a_walk_there(zone: str, year: int) -> None:
    week = (((540, 780), (840, 1080)),) * 4 + (((1320, 1800),), (), ((120, 180),))
    hours = table(zone, [tuple((start * 60_000_000, end * 60_000_000) for start, end in spans) for spans in week])
    walk = Walk(Schedule(zone, week), date(year, 1, 1), date(year + 4, 12, 31))
    rng = np.random.default_rng(year)
    start = rng.integers(utc(year, 1, 8), utc(year + 3, 1, 1), 300)
    end = start + rng.integers(-bt.DAY * 7, bt.DAY * 30, 300)
    passed = rng.integers(0, 40 * HOUR, 300)
    assert [walk.between(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=True)] == hours.between(
        start, end
    ).tolist()
    for edge in ("closing", "next_open"):
        assert [walk.add(a, d, edge) for a, d in zip(start.tolist(), passed.tolist(), strict=True)] == hours.add(
            start, passed, closing=edge == "closing"
        ).tolist()
    assert [walk.is_open(a) for a in start.tolist()] == hours.is_open(start).tolist()
    assert [walk.next_open(a) for a in start.tolist()] == hours.next_open(start).tolist()


def test_long_ways_lead_over_both_rims() -> None:
    hours = table("Europe/Berlin", [OFFICE] * 5 + [CLOSED] * 2)
    start = ints(utc(300, 1, 1), utc(1300, 1, 1), utc(1970, 1, 1), utc(2026, 3, 2, 9), utc(3000, 1, 1))
    end = ints(utc(9000, 6, 1), utc(1971, 6, 1), utc(4000, 6, 1), utc(2026, 3, 2, 10), utc(9000, 6, 3))
    end = hours.next_open(end) + 1  # within a span
    passed = hours.between(start, end)
    assert (passed > 0).all()
    assert end.tolist() == hours.add(start, passed, closing=True).tolist()
    assert (-passed).tolist() == hours.between(end, start).tolist()
    # Edges of a cycle's end: exactly so many cycles, from an opening and to a closing.
    opening = ints(utc(2026, 3, 2, 8))
    whole = hours.between(opening, opening + CYCLE)
    for cycles in (1, 2, 3, 10):
        closing = hours.add(opening, whole * cycles, closing=True)
        assert [(opening + cycles * CYCLE).item()] == hours.next_open(closing).tolist()
        assert [(opening + cycles * CYCLE).item()] == hours.add(opening, whole * cycles, closing=False).tolist()
        back = opening - cycles * CYCLE
        assert opening.tolist() == hours.add(back, whole * cycles, closing=False).tolist()
        assert closing.tolist() == hours.add(opening - CYCLE, whole * (cycles + 1), closing=True).tolist()


def test_edges_far_from_any_layout_lie_in_the_right_cycle() -> None:
    hours = table("UTC", [((9 * HOUR, 10 * HOUR),)] + [CLOSED] * 6)
    for year in (100, 1000, 3001, 7000):
        monday = -(-(day(year, 1, 1) + 3) // 7) * 7 - 3
        opening = ints(monday * bt.DAY + 9 * HOUR)
        assert (opening + HOUR).tolist() == hours.add(opening, ints(HOUR), closing=True).tolist()
        assert (opening + 7 * bt.DAY).tolist() == hours.add(opening, ints(HOUR), closing=False).tolist()
        assert opening.tolist() == hours.next_open(opening - 3 * bt.DAY).tolist()
        assert opening.tolist() == hours.next_open(opening).tolist()


def test_a_schedule_of_single_days_ends() -> None:
    first, last = day(2026, 3, 2), day(2026, 3, 9)
    hours = table("UTC", [CLOSED] * 7, {first: OFFICE, last: OFFICE})
    before, after = ints(utc(100, 1, 1)), ints(utc(5000, 1, 1))
    assert [16 * HOUR] == hours.between(before, after).tolist()
    assert [last * bt.DAY + 18 * HOUR] == hours.add(before, ints(16 * HOUR), closing=True).tolist()
    assert [bt.NEVER] == hours.add(before, ints(16 * HOUR), closing=False).tolist()
    assert [bt.NEVER] == hours.add(before, ints(16 * HOUR + 1), closing=True).tolist()
    assert [first * bt.DAY + 9 * HOUR] == hours.next_open(before).tolist()
    assert [bt.NEVER] == hours.next_open(after).tolist()


def test_durations_beyond_all_time_lead_nowhere_without_overflow() -> None:
    hours = table("UTC", [CLOSED] * 6 + [((0, 1),)])
    huge = ints(np.iinfo(np.int64).max)
    assert [bt.NEVER] == hours.add(ints(utc(2026, 1, 1)), huge, closing=True).tolist()
    assert [bt.NEVER] == hours.add(ints(utc(100, 1, 1)), huge, closing=True).tolist()


def test_no_duration_leads_nowhere_open_or_not() -> None:
    hours = table("UTC", [CLOSED] * 7)
    at = ints(0, utc(2026, 1, 1))
    assert at.tolist() == hours.add(at, ints(0, 0), closing=False).tolist()


ALWAYS = table("America/St_Johns", [WHOLE] * 7)


@given(st.integers(utc(1, 1, 3), utc(9999, 12, 29)), st.integers(utc(1, 1, 3), utc(9999, 12, 29)))
def test_round_the_clock_is_elapsed_time_over_all_of_time(a: int, b: int) -> None:
    assert [b - a] == ALWAYS.between(ints(a), ints(b)).tolist()
    assert [b] == ALWAYS.add(ints(min(a, b)), ints(abs(b - a)), closing=True).tolist() or b < a
    assert [a] == ALWAYS.next_open(ints(a)).tolist()
    assert instant(a) == instant(int(ALWAYS.next_open(ints(a))[0]))
