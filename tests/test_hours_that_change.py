"""Business hours that change for everybody: the plain schedules before and after, cut at the instant of the change."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxscore as cx
from cxscore import _inputs
from cxscore.hours import BusinessHours
from slow_hours import Schedule, Walk, changes, instant, micros, open_minutes, schedules

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, MINUTE, DAY, MICROSECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(microseconds=1)
FIVE = ("Africa/Casablanca", "Australia/Lord_Howe", "America/New_York", "Europe/Berlin", "Asia/Kolkata")

WEEK = BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="Europe/Berlin", holidays=[date(2026, 12, 25)])
LONGER = BusinessHours({"mon-fri": ["08:00-20:00"], "sat": ["10:00-14:00"]}, tz="Europe/Berlin")
NIGHT = BusinessHours({"mon-sun": ["22:00-06:00"]}, tz="Europe/Berlin")
CLOSED = BusinessHours({}, tz="Europe/Berlin")
ALWAYS = BusinessHours.always("Europe/Berlin")
NEW_YORK = BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="America/New_York")
JULY = datetime(2026, 7, 1, tzinfo=BERLIN)  # a Wednesday
HOURS = WEEK.then(LONGER, starting=date(2026, 7, 1))


def at(*parts: int, tz: Any = None) -> datetime:
    return datetime(*parts, tzinfo=tz)


# -- what is open ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "start", "end", "hours"),
    [
        (HOURS, (2026, 6, 27), (2026, 6, 28), 0),  # the last Saturday of old
        (HOURS, (2026, 7, 4), (2026, 7, 5), 4),  # the first of new
        (HOURS, (2026, 6, 30), (2026, 7, 2), 8 + 12),
        (HOURS, (1970, 1, 1), (1970, 1, 4), 16),  # Thursday and Friday
        (HOURS, (2100, 1, 1), (2100, 1, 4), 12 + 4),  # Friday and Saturday
        (HOURS, (2025, 12, 25), (2025, 12, 26), 8),
        (WEEK.then(LONGER, starting=date(2026, 12, 25)), (2026, 12, 25), (2026, 12, 26), 12),  # its own holidays
        # A night across the change is cut at it: here 22 to 24, or what is left of it, midnight to 6.
        (NIGHT.then(CLOSED, starting=date(2026, 7, 1)), (2026, 6, 30), (2026, 7, 2), 6 + 2),
        (CLOSED.then(NIGHT, starting=date(2026, 7, 1)), (2026, 6, 30), (2026, 7, 2), 6 + 2),
        (NIGHT.then(NIGHT, starting=date(2026, 7, 1)), (2026, 6, 30), (2026, 7, 2), 16),
        (NIGHT.then(WEEK, starting=at(2026, 7, 1, 5)), (2026, 6, 30, 12), (2026, 7, 2), 7 + 8),
        (WEEK.then(CLOSED, starting=at(2026, 7, 1, 12)), (2026, 7, 1), (2027, 1, 1), 3),
        (WEEK.then(ALWAYS, starting=at(2026, 7, 1, 12)), (2026, 7, 1), (2026, 7, 3), 3 + 36),
        # The night of the change of clocks on 25 October has nine hours, five of them from the first 2:00 on.
        (CLOSED.then(NIGHT, starting=at(2026, 10, 25, 2)), (2026, 10, 24, 20), (2026, 10, 25, 20), 5),
        # Clocks skip 2:30 on 29 March: from 3:00 on.
        (CLOSED.then(NIGHT, starting=at(2026, 3, 29, 2, 30)), (2026, 3, 28, 20), (2026, 3, 29, 20), 3),
    ],
)
def test_open_time(schedule: BusinessHours, start: tuple[int, ...], end: tuple[int, ...], hours: float) -> None:
    assert hours * HOUR == schedule.between(at(*start), at(*end))
    assert -hours * HOUR == schedule.between(at(*end), at(*start))
    aware = [at(*parts, tz=BERLIN) for parts in (start, end)]
    assert hours * HOUR == schedule.between(*aware)
    assert [hours * HOUR, None] == schedule.between([aware[0], None], aware[1]).tolist()


def test_to_the_microsecond() -> None:
    odd = at(2026, 7, 1, 12, 0, 0, 1)
    hours = WEEK.then(CLOSED, starting=odd)
    assert hours.is_open(odd - MICROSECOND)
    assert not hours.is_open(odd)
    assert 3 * HOUR + MICROSECOND == hours.between(at(2026, 7, 1), at(2026, 7, 2))
    assert odd == hours.add(at(2026, 7, 1), 3 * HOUR + MICROSECOND)
    # Closed for a single one.
    gap = ALWAYS.then(CLOSED, starting=odd).then(ALWAYS, starting=odd + MICROSECOND)
    assert odd + MICROSECOND == gap.next_open(odd)
    days = [at(2026, 6, 1) + i * DAY for i in range(61)]
    passed = gap.between(days, [day + DAY for day in days]).tolist()
    assert [DAY - MICROSECOND if day.date() == JULY.date() else DAY for day in days] == passed


@pytest.mark.parametrize(
    ("schedule", "start", "hours", "closing", "next_open"),
    [
        (HOURS, (2026, 6, 30, 16), 1, (2026, 6, 30, 17), (2026, 7, 1, 8)),
        (HOURS, (2026, 6, 30, 16), 13, (2026, 7, 1, 20), (2026, 7, 2, 8)),
        (HOURS, (2026, 6, 26, 16), 1 + 8 + 8 + 12 + 12 + 12 + 4, (2026, 7, 4, 14), (2026, 7, 6, 8)),
        # The night ends with its schedule, at midnight.
        (NIGHT.then(WEEK, starting=date(2026, 7, 1)), (2026, 6, 30, 20), 2, (2026, 7, 1, 0), (2026, 7, 1, 9)),
        (NIGHT.then(WEEK, starting=date(2026, 7, 1)), (2026, 6, 30, 20), 3, (2026, 7, 1, 10), (2026, 7, 1, 10)),
        # It does not end where the next one is open.
        (NIGHT.then(ALWAYS, starting=date(2026, 7, 1)), (2026, 6, 30, 20), 2, (2026, 7, 1, 0), (2026, 7, 1, 0)),
    ],
)
def test_where_a_duration_leads(
    schedule: BusinessHours, start: tuple[int, ...], hours: int, closing: Any, next_open: Any
) -> None:
    assert at(*closing) == schedule.add(at(*start), hours * HOUR)
    assert at(*next_open) == schedule.add(at(*start), hours * HOUR, edge="next_open")
    assert at(*closing, tz=BERLIN) == schedule.add(at(*start, tz=BERLIN), hours * HOUR)
    column = schedule.add([at(*start), None], hours * HOUR, edge="next_open")
    assert [at(*next_open), None] == column.tolist()


def test_the_next_opening_may_be_that_of_the_next_schedule() -> None:
    assert at(2026, 7, 1, 8) == HOURS.next_open(at(2026, 6, 30, 17))
    assert at(2026, 7, 1) == CLOSED.then(ALWAYS, starting=date(2026, 7, 1)).next_open(at(1970, 1, 1))
    assert at(2026, 7, 1, 3) == CLOSED.then(NIGHT, starting=at(2026, 7, 1, 3)).next_open(at(1800, 1, 1))
    assert [at(2026, 7, 4, 10), None] == HOURS.next_open([at(2026, 7, 3, 20), None]).tolist()
    assert HOURS.is_open([at(2026, 6, 27, 12), None, at(2026, 7, 4, 12)]).tolist() == [False, False, True]


def test_a_schedule_that_ends_leads_nowhere_after() -> None:
    hours = WEEK.then(CLOSED, starting=JULY)
    last = at(2026, 6, 30, 9)
    assert at(2026, 6, 30, 17) == hours.add(last, 8 * HOUR)
    for call in (
        lambda: hours.add(last, 8 * HOUR, edge="next_open"),
        lambda: hours.add(last, 8 * HOUR + MICROSECOND),
        lambda: hours.next_open(at(2026, 6, 30, 17)),
        lambda: CLOSED.then(NIGHT, starting=JULY).then(CLOSED, starting=JULY + DAY).next_open(at(2027, 1, 1)),
    ):
        with pytest.raises(cx.InvalidValueError, match=r"before the year 10000 in BusinessHours.*\.then\("):
            call()
    assert [at(2026, 6, 30, 17), None] == hours.add(last, [8 * HOUR, 9 * HOUR]).tolist()
    with pytest.raises(cx.InvalidValueError, match="duration must be 0 or longer"):
        HOURS.add(last, -HOUR)
    assert last is hours.add(last, timedelta(0))


@pytest.mark.parametrize("year", [3, 1200, 1650, 2499, 2600, 9990])
def test_centuries_away_only_one_of_them_is_left(year: int) -> None:
    rng = np.random.default_rng(year)
    low = micros(at(year, 1, 5, tz=UTC))
    start = rng.integers(low, low + 3 * 365 * 86_400_000_000, 200)
    end = start + rng.integers(-3 * 86_400_000_000, 9 * 86_400_000_000, 200)
    passed = rng.integers(0, 40 * 3_600_000_000, 200).view("m8[us]")
    start, end = _inputs.as_utc(start), _inputs.as_utc(end)
    plain = WEEK if year < 2026 else LONGER
    assert plain.between(start, end).tolist() == HOURS.between(start, end).tolist()
    assert plain.next_open(start).tolist() == HOURS.next_open(start).tolist()
    assert plain.is_open(start).tolist() == HOURS.is_open(start).tolist()
    for edge in ("closing", "next_open"):
        assert plain.add(start, passed, edge=edge).tolist() == HOURS.add(start, passed, edge=edge).tolist()


@pytest.mark.parametrize("year", [1500, 2026, 2600])
def test_over_all_of_time_it_is_the_sum_of_both(year: int) -> None:
    switch = at(year, 7, 1, 12, tz=UTC)
    hours = NIGHT.then(LONGER, starting=switch)
    edges = [at(one, 3, 2, 12, tz=UTC) for one in (1, 900, 1700, 1990, 2026, 2100, 2600, 9000)] + [switch]
    for a in (one for one in edges if one <= switch):
        for b in (one for one in edges if one >= switch):
            passed = NIGHT.between(a, switch) + LONGER.between(switch, b)
            assert passed == hours.between(a, b) == -hours.between(b, a)
            if passed:
                assert passed == hours.between(a, hours.add(a, passed))
                assert LONGER.next_open(b) == hours.add(a, passed, edge="next_open")


# -- against slow walks ------------------------------------------------------------------------------


CHANGES = {zone: changes(zone, 2005, 2026) or [datetime(2020, 3, 1, tzinfo=UTC)] for zone in FIVE}


@st.composite
def near_changes(draw: st.DrawFn, count: int) -> tuple[list[Schedule], datetime]:
    """Schedules of one zone and a UTC midnight around which its clocks change."""
    zone = draw(st.sampled_from(FIVE))
    around = draw(st.sampled_from(CHANGES[zone]))
    drawn = [draw(schedules(around=around.date())) for _ in range(count)]
    return [Schedule(zone, one.week, one.special, one.holidays) for one in drawn], around


@settings(max_examples=15)
@given(near_changes(2), st.integers(0, 4 * 1440))
def test_every_minute_around_a_change_of_clocks_and_of_hours(case: Any, minute: int) -> None:
    (old, new), around = case
    first, count = around - DAY, 4 * 1440
    hours = old.built().then(new.built(), starting=first + minute * MINUTE)
    is_open = open_minutes(old, first, count)[:minute] + open_minutes(new, first, count)[minute:]
    minutes = micros(first) + np.arange(count + 1) * 60_000_000
    assert is_open == hours.is_open(_inputs.as_utc(minutes[:-1])).tolist()
    passed = np.concatenate([[0], np.cumsum(is_open)])
    since_first = hours.between(_inputs.as_utc(minutes[:1].repeat(count + 1)), _inputs.as_utc(minutes))
    assert np.array_equal(passed, since_first // MINUTE)


@settings(max_examples=50)
@given(near_changes(3), st.data())
def test_laws_and_a_walk_through_three_schedules(case: Any, data: st.DataObject) -> None:
    parts, around = case
    instants = st.integers(micros(around - 3 * DAY), micros(around + 5 * DAY))
    quarters = instants.map(lambda one: one // 900_000_000 * 900_000_000)  # where spans begin and end
    first, second = sorted(data.draw(st.lists(instants | quarters, min_size=2, max_size=2, unique=True)))
    walks = [Walk(one, around.date() - 12 * DAY, around.date() + 30 * DAY) for one in parts]
    walk = Walk.joined(walks, [first, second])
    a, b, c = (one.built() for one in parts)
    hours = a.then(b, starting=instant(first)).then(c, starting=instant(second))
    assert hours == a.then(b.then(c, starting=instant(second)), starting=instant(first))
    start, end = (instant(data.draw(instants | quarters)) for _ in range(2))
    passed = hours.between(start, end)
    assert walk.between(micros(start), micros(end)) * MICROSECOND == passed == -hours.between(end, start)
    early, late = min(start, instant(first)), max(end, instant(second))
    whole = a.between(early, instant(first)) + b.between(instant(first), instant(second))
    assert whole + c.between(instant(second), late) == hours.between(early, late)
    for one in (start, instant(first), instant(second)):
        assert walk.is_open(micros(one)) == hours.is_open(one)
        opening = walk.next_open(micros(one))
        if opening is not None and opening < micros(around + 25 * DAY):
            assert instant(opening) == hours.next_open(one)
    duration = data.draw(st.sampled_from([passed, HOUR, 8 * HOUR, MICROSECOND, 50 * HOUR]).map(abs))
    for edge in ("closing", "next_open"):
        reached = walk.add(micros(start), duration // MICROSECOND, edge)
        if reached is not None and reached < micros(around + 25 * DAY):
            due = hours.add(start, duration, edge=edge)
            assert instant(reached) == due
            assert duration == hours.between(start, due)


@pytest.mark.parametrize("zone", FIVE)
def test_ten_thousand_pairs_of_thirty_years(zone: str) -> None:
    rng = np.random.default_rng(30)
    office, night = ((540, 780), (840, 1080)), ((1320, 1800),)
    parts = [
        Schedule(zone, (office,) * 5 + ((), ())),
        Schedule(zone, (night,) * 7, {date(2012, 5, 1) + i * DAY: () for i in range(0, 900, 7)}),
        Schedule(zone, ((), office, office, ((0, 1440),), (), night, night)),
    ]
    switches = [at(2012, 7, 1, 3, 30, 0, 7, tz=UTC), at(2021, 3, 28, 1, tz=UTC)]
    first, second, third = (one.built() for one in parts)
    hours = first.then(second, starting=switches[0]).then(third, starting=switches[1])
    walk = Walk.joined([Walk(one, date(1999, 12, 1), date(2031, 2, 1)) for one in parts], list(map(micros, switches)))
    low, high = micros(at(2000, 1, 1, tz=UTC)), micros(at(2031, 1, 1, tz=UTC))
    start, end = rng.integers(low, high, (2, 10_000))
    end[:5_000] = start[:5_000] + rng.integers(-3 * 86_400_000_000, 10 * 86_400_000_000, 5_000)
    found = hours.between(_inputs.as_utc(start), _inputs.as_utc(end)).view(np.int64)
    assert [walk.between(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=True)] == found.tolist()


# -- from when on ------------------------------------------------------------------------------------


def test_a_change_starts_at_a_date_a_wall_time_or_an_instant() -> None:
    for starting in (
        date(2026, 7, 1),
        at(2026, 7, 1),
        np.datetime64("2026-07-01"),
        pd.Timestamp("2026-07-01"),
        JULY,
        JULY.astimezone(ZoneInfo("Asia/Tokyo")),
        pd.Timestamp(JULY),
    ):
        assert HOURS == WEEK.then(LONGER, starting=starting)
        assert HOURS == attrs.evolve(WEEK, changes={starting: LONGER})
    assert {at(2026, 6, 30, 22, tz=UTC): LONGER} == HOURS.changes
    assert WEEK.changes == {}


@pytest.mark.parametrize(
    ("zone", "starting", "instant_of_it"),
    [
        ("Asia/Tehran", date(2021, 3, 22), (2021, 3, 21, 20, 30)),  # clocks skip midnight
        ("America/St_Johns", date(2010, 11, 7), (2010, 11, 7, 2, 30)),  # it comes twice
        ("Pacific/Apia", date(2011, 12, 30), (2011, 12, 30, 10)),  # the whole day is skipped
        ("Europe/Berlin", at(2026, 3, 29, 2, 30), (2026, 3, 29, 1)),
        ("Europe/Berlin", at(2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30)),
        ("UTC+05:30", date(2026, 7, 1), (2026, 6, 30, 18, 30)),
    ],
)
def test_wall_times_follow_the_rule_for_starts_of_spans(zone: str, starting: date, instant_of_it: Any) -> None:
    closed, always = BusinessHours({}, tz=zone), BusinessHours.always(zone)
    assert [at(*instant_of_it, tz=UTC)] == list(closed.then(always, starting=starting).changes)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: WEEK.then(LONGER), cx.ArgumentTypeError, r"needs the argument starting.*hours\.then\("),
        (lambda: WEEK.then({}, starting=JULY), cx.ArgumentTypeError, r"new must be BusinessHours, e\.g\."),
        (lambda: WEEK.then(LONGER, starting=None), cx.ArgumentTypeError, "starting must name an instant.*None"),
        (lambda: WEEK.then(LONGER, starting=pd.NaT), cx.ArgumentTypeError, "starting must name an instant.*NaT"),
        (lambda: WEEK.then(LONGER, starting="2026-07-01"), cx.ArgumentTypeError, "starting must be datetimes.*fromiso"),
        (lambda: WEEK.then(LONGER, starting=time(9)), cx.ArgumentTypeError, "starting must be datetimes"),
        (lambda: WEEK.then(LONGER, starting=[JULY]), cx.ArgumentTypeError, "starting must be"),
        (lambda: WEEK.then(LONGER, starting=date(1, 5, 1)), cx.InvalidValueError, "within the years 2 to 9998"),
        (lambda: WEEK.then(LONGER, starting=date(9999, 1, 2)), cx.InvalidValueError, "within the years 2 to 9998"),
        (
            lambda: HOURS.then(NIGHT, starting=JULY),
            cx.InvalidValueError,
            r"starting must come after the last change, 2026-07-01 00:00:00\+02:00; name the changes in order",
        ),
        (lambda: HOURS.then(NIGHT, starting=date(2026, 6, 30)), cx.InvalidValueError, "starting must come after"),
        (lambda: attrs.evolve(WEEK, changes=[JULY]), cx.ArgumentTypeError, "changes must map instants to the business"),
        (lambda: attrs.evolve(WEEK, changes={JULY: {}}), cx.ArgumentTypeError, "must have BusinessHours as values"),
        (lambda: attrs.evolve(WEEK, changes={7: LONGER}), cx.ArgumentTypeError, "changes must be datetimes"),
        (
            lambda: attrs.evolve(WEEK, changes={JULY: LONGER, date(2026, 7, 1): NIGHT}),
            cx.InvalidValueError,
            "changes must name each instant once; 2026-07-01",
        ),
    ],
)
def test_what_is_no_change_is_refused(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_company_that_moves_is_asked_about_instants_alone() -> None:
    switch = at(2026, 7, 1, tz=UTC)
    moved = WEEK.then(NEW_YORK, starting=switch)
    assert 8 * HOUR + 8 * HOUR == moved.between(at(2026, 6, 30, tz=UTC), at(2026, 7, 2, tz=UTC))
    assert at(2026, 7, 1, 13, tz=UTC) == moved.next_open(at(2026, 6, 30, 15, tz=UTC))
    assert [at(2026, 7, 1, 14)] == moved.add([at(2026, 6, 30, 15, tz=UTC)], HOUR).tolist()
    assert moved.between(None, None) is None
    naive = at(2026, 7, 1)
    for argument, call in {
        "start": lambda: moved.between(naive, naive),
        "starting": lambda: moved.then(WEEK, starting=date(2027, 1, 1)),
        "changes": lambda: attrs.evolve(WEEK, changes={date(2026, 7, 1): NEW_YORK}),
        "at": lambda: moved.is_open([naive, None]),
    }.items():
        words = f"{argument} must be aware where business hours have several zones.*Europe/Berlin and America/New_York"
        with pytest.raises(cx.MixedTimeZonesError, match=words) as caught:
            call()
        assert argument == caught.value.argument
    for call in (lambda: moved.add(naive, HOUR), lambda: moved.next_open(naive)):
        with pytest.raises(cx.MixedTimeZonesError, match=r"tzinfo=ZoneInfo\('Europe/Berlin'\)"):
            call()
    back = moved.then(WEEK, starting=at(2027, 1, 1, tz=UTC))
    assert WEEK.between(JULY + 360 * DAY, JULY + 370 * DAY) == back.between(JULY + 360 * DAY, JULY + 370 * DAY)


# -- as a value --------------------------------------------------------------------------------------


def test_a_schedule_that_changes_is_a_value() -> None:
    HOURS.between(at(2026, 1, 1), at(2027, 1, 1))
    spelled = BusinessHours(
        WEEK.weekly, tz="Europe/Berlin", holidays=WEEK.holidays, changes={at(2026, 6, 30, 22, tz=UTC): LONGER}
    )
    same = (pickle.loads(pickle.dumps(HOURS)), copy.copy(HOURS), copy.deepcopy(HOURS), attrs.evolve(HOURS), spelled)
    for one in (*same, BusinessHours.from_dict(json.loads(json.dumps(HOURS.to_dict())))):
        assert HOURS == one
        assert hash(HOURS) == hash(one)
        assert HOURS.digest == one.digest
        assert HOURS.between(at(2026, 6, 1), at(2026, 8, 1)) == one.between(at(2026, 6, 1), at(2026, 8, 1))
    assert HOURS.to_dict() == json.loads(HOURS.canonical())
    others = (WEEK, LONGER, LONGER.then(WEEK, starting=JULY), WEEK.then(LONGER, starting=JULY + MICROSECOND))
    for other in (*others, WEEK.then(NIGHT, starting=JULY), HOURS.then(NIGHT, starting=JULY + DAY)):
        assert HOURS != other
        assert HOURS.digest != other.digest


def test_the_canonical_form_and_its_digest_never_change() -> None:
    # Signatures are kept and compared over years. A schedule without changes has the form it always had.
    assert '{"holidays":[],"overrides":{},"tz":"Europe/Berlin","weekly":{}}' == CLOSED.canonical()
    text = (
        '{"changes":{"2026-06-30T22:00:00+00:00":{"holidays":[],"overrides":{},"tz":"Europe/Berlin",'
        '"weekly":{"sat":["10:00-14:00"]}}},"holidays":[],"overrides":{},"tz":"Europe/Berlin","weekly":{}}'
    )
    saturdays = BusinessHours({"sat": "10:00-14:00"}, tz="Europe/Berlin")
    hours = CLOSED.then(saturdays, starting=date(2026, 7, 1))
    assert text == hours.canonical()
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == hours.digest == "3b3fb716a638"
    assert hours == BusinessHours.from_dict({**CLOSED.to_dict(), "changes": {"2026-07-01": saturdays.to_dict()}})


def test_it_reads_like_what_was_written() -> None:
    assert (
        "BusinessHours({'mon-fri': ['09:00-17:00']}, tz='Europe/Berlin', holidays=<2026-12-25>)"
        ".then(BusinessHours({'mon-fri': ['08:00-20:00'], 'sat': ['10:00-14:00']}, tz='Europe/Berlin'), "
        "starting=<2026-07-01 00:00:00+02:00>)"
        ".then(BusinessHours({}, tz='Europe/Berlin'), starting=<2027-01-01 09:30:00+01:00>)"
    ) == repr(HOURS.then(CLOSED, starting=at(2027, 1, 1, 9, 30)))


def test_a_change_to_the_same_is_none() -> None:
    assert WEEK == WEEK.then(WEEK, starting=JULY)
    assert HOURS == HOURS.then(LONGER, starting=JULY + DAY)
    assert HOURS != HOURS.then(WEEK, starting=JULY + DAY)


def test_changes_hold_until_the_next_one_and_may_be_named_in_any_order() -> None:
    later, last = JULY + 10 * DAY, JULY + 20 * DAY
    chain = HOURS.then(NIGHT, starting=later).then(CLOSED, starting=last)
    assert chain == attrs.evolve(WEEK, changes={last: CLOSED, JULY: LONGER, later: NIGHT})
    assert chain == WEEK.then(LONGER.then(NIGHT, starting=later).then(CLOSED, starting=last), starting=JULY)
    # Of a schedule that changes itself: what it is by then, and its changes before the next one.
    assert chain == attrs.evolve(
        WEEK, changes={JULY: ALWAYS.then(LONGER, starting=JULY - DAY), later: NIGHT, last: CLOSED}
    )
    whole = LONGER.then(NIGHT, starting=later).then(ALWAYS, starting=last + DAY)
    assert chain == attrs.evolve(WEEK, changes={JULY: whole, last: CLOSED})


# -- wherever hours are accepted -----------------------------------------------------------------------

SWITCH = at(2026, 3, 4, tz=UTC)  # a Wednesday
OFFICE = BusinessHours({"mon-fri": ["09:00-17:00"]}, tz="UTC")
EVENING = BusinessHours({"mon-sun": ["12:00-22:00"]}, tz="UTC")
CHANGED = OFFICE.then(EVENING, starting=SWITCH)
RULES = ("each_part", "at_end", "at_start")


def talk(*rows: tuple[int, datetime, str], **columns: Any) -> cx.Messages:
    return cx.Messages(
        conversation=[row[0] for row in rows],
        at=[row[1] for row in rows],
        author=[{"c": "customer", "a": "agent"}[row[2]] for row in rows],
        **columns,
    )


WAIT = talk((1, at(2026, 3, 3, 15, tz=UTC), "c"), (1, at(2026, 3, 4, 14, tz=UTC), "a"))


@pytest.mark.parametrize(
    ("rule", "hours"),
    [
        ("each_part", 2 + 2),  # Tuesday 15 to 17, Wednesday 12 to 14
        ("at_end", 7 + 2),  # Tuesday 15 to 22, Wednesday 12 to 14
        ("at_start", 2 + 5),  # Tuesday 15 to 17, Wednesday 9 to 14
    ],
)
def test_a_wait_across_the_change(rule: Any, hours: int) -> None:
    policy = cx.ReplyPolicy(schedule_change=rule)
    result = cx.response_times(WAIT, hours=CHANGED, policy=policy)
    assert hours * HOUR == result.business_first_response.median
    by_channel = cx.response_times(WAIT, hours={None: CHANGED}, policy=policy)
    assert hours * HOUR == by_channel.business_first_response.median
    assert CHANGED.digest == cx.Signature.parse(result.signature).definition["hours"]
    change = cx.Changes(conversation=[1], at=[SWITCH], kind="schedule", to="evening")
    told = cx.response_times(WAIT, changes=change, hours={None: OFFICE, "evening": EVENING}, policy=policy)
    assert told.business_first_response.median == result.business_first_response.median
    # A named schedule may itself change.
    named = cx.Changes(conversation=[1], at=[at(2026, 3, 3, tz=UTC)], kind="schedule", to="desk")
    also = cx.response_times(WAIT, changes=named, hours={None: NIGHT, "desk": CHANGED}, policy=policy)
    assert also.business_first_response.median == result.business_first_response.median


def test_a_wait_that_ends_at_the_change_ends_under_the_new_hours() -> None:
    wait = talk((1, SWITCH - 6 * HOUR, "c"), (1, SWITCH, "a"))
    found = {}
    for rule in RULES:
        result = cx.response_times(wait, hours=CHANGED, policy=cx.ReplyPolicy(schedule_change=rule))
        found[rule] = result.business_first_response.median
    assert {"each_part": timedelta(0), "at_end": 4 * HOUR, "at_start": timedelta(0)} == found


minutes = st.integers(0, 6 * 1440).map(lambda minute: at(2026, 3, 1, tz=UTC) + minute * MINUTE)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 2), minutes, st.sampled_from("ca")), max_size=16),
    st.sampled_from(RULES),
    st.lists(st.tuples(st.integers(0, 2), minutes, st.sampled_from(["open", "pending"])), max_size=3),
)
def test_it_is_the_same_change_in_every_conversation(rows: Any, rule: Any, states: Any) -> None:
    messages = talk(*rows)
    policy = cx.ReplyPolicy(schedule_change=rule, paused={"reply": {"pending"}, "first": {"pending"}})
    now = at(2026, 3, 9, 13, tz=UTC)
    statuses = [cx.Change(conversation=one, at=when, kind="status", to=to) for one, when, to in states]
    moves = [cx.Change(conversation=one, at=SWITCH, kind="schedule", to="evening") for one in range(3)]
    for_all = cx.response_times(messages, changes=statuses, as_of=now, hours=CHANGED, policy=policy)
    hours = {None: OFFICE, "evening": EVENING}
    for_each = cx.response_times(messages, changes=[*statuses, *moves], as_of=now, hours=hours, policy=policy)
    for clock in ("business_first_response", "business_reply"):
        assert getattr(for_each, clock) == getattr(for_all, clock)
    rows_of_all = [(row["conversation"], row["start"], row["business_wait"]) for row in for_all.table()]
    assert [(row["conversation"], row["start"], row["business_wait"]) for row in for_each.table()] == rows_of_all
    if rule == "each_part" and not statuses:
        for row in for_all.table():
            assert CHANGED.between(row["start"], row["end"] or now) == row["business_wait"]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("each_part", {date(2026, 3, 3): 2 * HOUR, date(2026, 3, 4): 2 * HOUR}),
        ("at_end", {date(2026, 3, 3): 7 * HOUR, date(2026, 3, 4): 2 * HOUR}),
        ("at_start", {date(2026, 3, 3): 2 * HOUR, date(2026, 3, 4): 5 * HOUR}),
    ],
)
def test_the_story_tells_which_hours_counted(rule: Any, days: dict[date, timedelta]) -> None:
    policy = cx.ReplyPolicy(schedule_change=rule)
    named = [cx.Change(conversation=1, at=at(2026, 3, 3, tz=UTC), kind="schedule", to="desk")]
    for hours, told in ((CHANGED, None), ({None: CHANGED}, None), ({None: NIGHT, "desk": CHANGED}, named)):
        waits = cx.response_times(WAIT, changes=told, hours=hours, policy=policy)
        found = cx.outliers(waits.table(), limit=HOUR).flagged[0]
        story = found.explain(WAIT, changes=told, hours=hours, policy=policy)
        assert days == story.open_days
        assert sum(days.values(), timedelta(0)) == story.business_waited


def test_the_story_of_a_company_that_moves_is_told_on_the_clock_of_the_desk_at_its_end() -> None:
    moved = OFFICE.then(NEW_YORK, starting=SWITCH)
    for wait, zone in ((WAIT, "America/New_York"), (talk((1, SWITCH - HOUR, "c"), (1, SWITCH - MINUTE, "a")), "UTC")):
        (found,) = cx.outliers(cx.response_times(wait, hours=moved).table(), limit=MINUTE).flagged
        story = found.explain(wait, hours=moved)
        assert {zone} == {str(line.at.tzinfo) for line in story.lines}
    story = (
        cx.outliers(cx.response_times(WAIT, hours=moved).table(), limit=MINUTE).flagged[0].explain(WAIT, hours=moved)
    )
    assert {date(2026, 3, 3): 2 * HOUR} == story.open_days  # New York opens at 14:00 UTC


def test_windows_of_repeats_and_promises_follow_the_change() -> None:
    asked = [at(2026, 3, 3, 15, tz=UTC), at(2026, 3, 4, 14, tz=UTC)]
    calls = cx.Contacts(customer=[1, 1], at=asked, channel=["phone", "phone"])
    for window, repeated in ((4 * HOUR, 1), (4 * HOUR - MICROSECOND, 0)):
        found = cx.repeat_contacts(calls, as_of=at(2026, 4, 1, tz=UTC), window=window, hours=CHANGED)
        assert repeated == found.repeats
        mixed = cx.repeat_contacts(calls, as_of=at(2026, 4, 1, tz=UTC), window=window, hours={"phone": CHANGED})
        assert repeated == mixed.repeats
    for limit, share in ((4 * HOUR, 1.0), (4 * HOUR - MICROSECOND, 0.0)):
        promised = cx.ServiceTargets(first_response=limit, in_business_time=True)
        result = cx.response_times(WAIT, targets=promised, hours=CHANGED)
        assert share == result.business_first_response.within_target
