"""Business hours as a value, against two slow walks, real tickets and the words of the definition."""

from __future__ import annotations

import copy
import csv
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxscore import _inputs
from cxscore.errors import (
    ArgumentTypeError,
    InvalidValueError,
    LengthError,
    MixedTimeZonesError,
    UnknownNameError,
)
from cxscore.hours import BusinessHours
from slow_hours import ZONES, Schedule, Walk, changes, instant, micros, open_minutes, schedules

SHARED = Path(__file__).resolve().parents[2] / "shared"
BERLIN = ZoneInfo("Europe/Berlin")
HOUR, MINUTE, DAY, MICROSECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(microseconds=1)
SHOP = BusinessHours(
    {"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": ["10:00-14:00"]},
    tz="Europe/Berlin",
    holidays=[date(2026, 12, 25), date(2026, 12, 26)],
    overrides={date(2026, 12, 24): ["09:00-12:00"], date(2026, 12, 27): ["12:00-16:00"]},
)
NIGHT = BusinessHours({"mon-sun": ["22:00-06:00"]}, tz="Europe/Berlin", holidays=[date(2026, 5, 1)])
NEVER_OPEN = BusinessHours({}, tz="UTC")


def at(*parts: int, tz: Any = None) -> datetime:
    return datetime(*parts, tzinfo=tz)


def hours_between(schedule: BusinessHours, start: datetime, end: datetime) -> float:
    return schedule.between(start, end) / HOUR


# -- what is written -------------------------------------------------------------------------------


def test_every_spelling_of_a_week_is_one_schedule() -> None:
    spellings: list[Any] = [
        {"mon-fri": ["09:00-17:30"], "sat": ["10:00-14:00"]},
        {"Monday-Friday": "9:00-17:30", "SAT": "10:00 - 14:00"},
        {"mon,tue,wed": ["09:00-17:30"], "thu , fri": ["09:00:00–17:30:00.000"], "sat": ["10:00-14:00"], "sun": []},
        {"mon-wed,thursday,fri": [(time(9), time(17, 30))], "saturday": ((time(10), time(14)),), "sun": None},
        {
            "sat": iter(["10:00-12:00", "11:00-14:00"]),
            "tu-fr": ["12:00-17:30,"[:-1], "09:00-12:00"],
            "mo": "09:00-17:30",
        },
        {"mon-fri": "13:00-17:30, 09:00-13:00", "sat": ["10:00-14:00", "10:00-14:00", "11:00-12:00"]},
    ]
    first, *others = (BusinessHours(weekly, tz="Europe/Berlin") for weekly in spellings)
    for other in others:
        assert first == other
        assert hash(first) == hash(other)
        assert first.canonical() == other.canonical()
        assert first.digest == other.digest
    assert ("09:00-17:30",) == first.weekly["fri"]
    assert ["mon", "tue", "wed", "thu", "fri", "sat"] == list(first.weekly)


def test_a_range_of_days_goes_round_the_end_of_the_week() -> None:
    assert {"sat", "sun", "mon"} == set(BusinessHours({"sat-mon": "09:00-12:00"}, tz="UTC").weekly)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["00:00-24:00"], ("00:00-24:00",)),
        (["18:00-00:00"], ("18:00-24:00",)),
        ([(time(22), time(6))], ("22:00-06:00",)),
        ([(time(0, 0, 30), time(0, 0, 30, 500_000))], ("00:00:30-00:00:30.5",)),
        (["00:00-12:00", "12:00-24:00"], ("00:00-24:00",)),
        (["20:00-23:00", "22:00-06:00"], ("20:00-06:00",)),
        # A day and more cannot be written as one span; it stays two.
        (["08:00-11:00", "10:00-09:00"], ("08:00-11:00", "10:00-09:00")),
        (["09:00-21:00", "20:00-09:00"], ("09:00-21:00", "20:00-09:00")),
    ],
)
def test_spans_are_kept_in_one_spelling(written: list[Any], kept: tuple[str, ...]) -> None:
    schedule = BusinessHours({"mon": written}, tz="UTC")
    assert kept == schedule.weekly["mon"]
    assert schedule == BusinessHours({"mon": kept}, tz="UTC")


def test_spans_too_long_for_one_are_united_all_the_same() -> None:
    schedule = BusinessHours({"mon": ["08:00-11:00", "10:00-09:00"]}, tz="UTC")
    assert 25.0 == hours_between(schedule, at(2026, 3, 1), at(2026, 3, 5))


@pytest.mark.parametrize(
    ("weekly", "kind", "words"),
    [
        (
            {"mon": ["09:00-09:00"]},
            InvalidValueError,
            r"weekly\['mon'\] must have spans that are not empty.*00:00-24:00",
        ),
        ({"mon": ["24:00-06:00"]}, InvalidValueError, "not empty"),
        ({"mon": ["09:00-25:00"]}, InvalidValueError, "times from 00:00 to 24:00.*'09:00-25:00'"),
        ({"mon": ["09:60-12:00"]}, InvalidValueError, "times from 00:00 to 24:00"),
        ({"mon": ["09:00-12:00:60"]}, InvalidValueError, "times from 00:00 to 24:00"),
        ({"mon": ["24:00:01-06:00"]}, InvalidValueError, "times from 00:00 to 24:00"),
        ({"mon": ["9-17"]}, InvalidValueError, "times from 00:00 to 24:00"),
        ({"mon": ["09:00"]}, InvalidValueError, "HH:MM-HH:MM"),
        ({"mon": ["09:00-12:00-15:00"]}, InvalidValueError, "HH:MM-HH:MM"),
        ({"mon": [(time(9, tzinfo=UTC), time(17))]}, InvalidValueError, "without a zone"),
        ({"mon": (time(9), time(17))}, ArgumentTypeError, "must have spans like"),
        ({"mon": [(9, 17)]}, ArgumentTypeError, "must have spans like"),
        ({"mon": 9}, ArgumentTypeError, "list of spans"),
        ({"mon": {"09:00": "17:00"}}, ArgumentTypeError, "list of spans"),
        ({"mo-fry": ["09:00-17:00"]}, UnknownNameError, r"days as keys: mon, tue.*'mo-fry'"),
        ({"t": ["09:00-17:00"]}, UnknownNameError, "days as keys"),
        ({"": ["09:00-17:00"]}, UnknownNameError, "days as keys"),
        ({"mon-wed-fri": ["09:00-17:00"]}, UnknownNameError, "ranges of two days"),
        ({0: ["09:00-17:00"]}, ArgumentTypeError, "overrides="),
        (
            {"mon-fri": ["09:00-17:00"], "fri": ["09:00-15:00"]},
            InvalidValueError,
            "name each day once; fri comes twice",
        ),
        ({"mon,mon": ["09:00-17:00"]}, InvalidValueError, "mon comes twice"),
        ("9 to 5", ArgumentTypeError, "'24/7'"),
        ([("mon", "09:00-17:00")], ArgumentTypeError, "map days to spans"),
    ],
)
def test_a_week_that_says_nothing_clear_is_refused(weekly: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        BusinessHours(weekly, tz="UTC")


class Calendar(dict[date, str]):
    """Stands in for `holidays.HolidayBase`: a dict of date to name that fills in years when asked."""

    expand = True


def test_holidays_may_be_any_iterable_of_dates() -> None:
    days = [date(2026, 12, 25), date(2027, 1, 1)]
    expected = BusinessHours("24/7", tz="UTC", holidays=days)
    forms: list[Any] = [
        tuple(reversed(days)),
        {*days},
        iter([*days, *days]),
        dict.fromkeys(days, "a name"),
        Calendar.fromkeys(days, "a name"),
        np.array(days, dtype="M8[D]"),
        np.array(days, dtype="M8[ns]"),
        pd.DatetimeIndex(days),
        pd.Series(days),
        pl.Series(days),
        [datetime(2026, 12, 25), np.datetime64("2027-01-01")],
    ]
    for form in forms:
        assert expected == BusinessHours("24/7", tz="UTC", holidays=form)
    assert tuple(days) == expected.holidays


@pytest.mark.parametrize(
    ("holidays", "kind", "words"),
    [
        (["2026-12-25"], ArgumentTypeError, r"holidays must hold dates.*fromisoformat"),
        ("2026-12-25", ArgumentTypeError, "list of dates"),
        (date(2026, 12, 25), ArgumentTypeError, "list of dates"),
        ([datetime(2026, 12, 25, 9)], ArgumentTypeError, "hold dates"),
        ([datetime(2026, 12, 25, tzinfo=UTC)], ArgumentTypeError, "hold dates"),
        ([pd.NaT], ArgumentTypeError, "hold dates"),
        ([np.datetime64("NaT")], ArgumentTypeError, "hold dates"),
        (Calendar(), InvalidValueError, r"hold its dates already.*years=range"),
    ],
)
def test_holidays_that_are_no_dates_are_refused(holidays: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        BusinessHours("24/7", tz="UTC", holidays=holidays)


@pytest.mark.parametrize(
    ("overrides", "kind", "words"),
    [
        ([date(2026, 12, 24)], ArgumentTypeError, "overrides must map dates to spans"),
        ({"2026-12-24": []}, ArgumentTypeError, "overrides must hold dates"),
        ({date(2026, 12, 24): ["12:00-12:00"]}, InvalidValueError, r"overrides\[2026-12-24\] must have spans"),
    ],
)
def test_overrides_that_are_none_are_refused(overrides: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        BusinessHours("24/7", tz="UTC", overrides=overrides)


def test_a_zone_has_a_name() -> None:
    assert BusinessHours({}, tz="Europe/Berlin") == BusinessHours({}, tz=BERLIN)
    assert BusinessHours({}, tz="UTC") == BusinessHours({}, tz=UTC)
    assert "UTC+05:30" == BusinessHours({}, tz=timezone(timedelta(hours=5, minutes=30), "IST")).tz
    fixed = BusinessHours({"mon": "09:00-10:00"}, tz="UTC+05:30")
    assert at(2026, 3, 2, 3, 30, tz=UTC) == fixed.next_open(at(2026, 3, 2, tz=UTC))
    with pytest.raises(UnknownNameError, match="IANA"):
        BusinessHours({}, tz="Mars/Olympus")
    nameless = ZoneInfo.from_file(BytesIO(files("tzdata").joinpath("zoneinfo", "Asia", "Tehran").read_bytes()))
    for found in (nameless, 1):
        with pytest.raises(ArgumentTypeError, match="named zone"):
            BusinessHours({}, tz=found)


# -- as a value --------------------------------------------------------------------------------------


def test_a_schedule_is_a_value() -> None:
    SHOP.between(at(2026, 1, 1), at(2026, 2, 1))
    for same in (pickle.loads(pickle.dumps(SHOP)), copy.copy(SHOP), copy.deepcopy(SHOP)):
        assert SHOP == same
        assert hash(SHOP) == hash(same)
    assert SHOP == BusinessHours.from_dict(json.loads(json.dumps(SHOP.to_dict())))
    assert SHOP.to_dict() == json.loads(SHOP.canonical())
    assert SHOP != NIGHT
    assert SHOP != BusinessHours(SHOP.weekly, tz="Europe/Paris", holidays=SHOP.holidays, overrides=SHOP.overrides)
    assert SHOP == BusinessHours(SHOP.weekly, tz=SHOP.tz, holidays=SHOP.holidays, overrides=SHOP.overrides)
    with pytest.raises(AttributeError):
        SHOP.tz = "UTC"


def test_the_canonical_form_and_its_digest_never_change() -> None:
    # Signatures are kept and compared over years. The digest is what `sha256sum` says of the text.
    assert '{"holidays":[],"overrides":{},"tz":"UTC","weekly":{}}' == NEVER_OPEN.canonical()
    assert "e7e73b771864" == NEVER_OPEN.digest
    assert BusinessHours({"mon": []}, tz="UTC", overrides={}) == NEVER_OPEN


def test_it_reads_like_what_was_written() -> None:
    assert (
        "BusinessHours({'mon-fri': ['09:00-13:00', '14:00-18:00'], 'sat': ['10:00-14:00']}, tz='Europe/Berlin', "
        "holidays=<2026-12-25, 2026-12-26>, overrides=<2026-12-24: ['09:00-12:00'], 2026-12-27: ['12:00-16:00']>)"
    ) == repr(SHOP)
    assert "BusinessHours({}, tz='UTC')" == repr(NEVER_OPEN)
    many = BusinessHours({"sun": "09:00-12:00"}, tz="UTC", holidays=[date(2026, 1, day) for day in range(1, 31)])
    assert (
        "BusinessHours({'sun': ['09:00-12:00']}, tz='UTC', holidays=<30 dates from 2026-01-01 to 2026-01-30>)"
    ) == repr(many)
    assert BusinessHours.always("UTC") == BusinessHours("24/7", tz="UTC")


# -- what is measured --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "start", "end", "hours"),
    [
        (SHOP, (2026, 3, 2, 8), (2026, 3, 2, 20), 8.0),
        (SHOP, (2026, 3, 2, 12, 30), (2026, 3, 2, 14, 15), 0.75),
        (SHOP, (2026, 3, 2, 13), (2026, 3, 2, 14), 0.0),
        (SHOP, (2026, 3, 6, 17), (2026, 3, 9, 10), 6.0),  # Friday evening, Saturday, Monday morning
        (SHOP, (2026, 12, 24), (2026, 12, 25), 3.0),  # a short day
        (SHOP, (2026, 12, 25), (2026, 12, 27), 0.0),  # holidays, one of them a Saturday
        (SHOP, (2026, 12, 27), (2026, 12, 28), 4.0),  # a Sunday that is open
        (SHOP, (2026, 3, 9, 10), (2026, 3, 6, 17), -6.0),
        (NIGHT, (2026, 4, 29, 20), (2026, 4, 30, 20), 8.0),
        # The evening of 30 April runs into the holiday; the holiday's own night falls away, after midnight too.
        (NIGHT, (2026, 4, 30, 20), (2026, 5, 1, 20), 8.0),
        (NIGHT, (2026, 5, 1, 20), (2026, 5, 2, 20), 0.0),
        (NIGHT, (2026, 3, 28, 20), (2026, 3, 29, 20), 7.0),
        (NIGHT, (2026, 10, 24, 20), (2026, 10, 25, 20), 9.0),
        (NEVER_OPEN, (1970, 1, 1), (2100, 1, 1), 0.0),
        (SHOP, (1970, 1, 1), (1970, 1, 4), 20.0),  # Thursday to Saturday
        (SHOP, (2100, 1, 1), (2100, 1, 3), 12.0),  # Friday and Saturday
        (SHOP, (1969, 12, 31, 17, 59), (1969, 12, 31, 18), 1 / 60),
    ],
)
def test_open_time(schedule: BusinessHours, start: tuple[int, ...], end: tuple[int, ...], hours: float) -> None:
    assert timedelta(hours=hours) == schedule.between(at(*start), at(*end))
    assert timedelta(hours=-hours) == schedule.between(at(*end), at(*start))


@pytest.mark.parametrize(
    ("zone", "spans", "day", "hours"),
    [
        # 02:00-03:00 is skipped: both ends fall to 03:00.
        ("Europe/Berlin", "02:15-02:45", date(2026, 3, 29), 0.0),
        ("Europe/Berlin", "01:30-02:30", date(2026, 3, 29), 0.5),
        ("Europe/Berlin", "02:30-04:00", date(2026, 3, 29), 1.0),
        ("Europe/Berlin", "00:00-24:00", date(2026, 3, 29), 23.0),
        # 02:00-03:00 comes twice: from the first reading to the second.
        ("Europe/Berlin", "02:15-02:45", date(2026, 10, 25), 1.5),
        ("Europe/Berlin", "01:00-02:00", date(2026, 10, 25), 2.0),
        ("Europe/Berlin", "02:00-03:00", date(2026, 10, 25), 2.0),
        ("Europe/Berlin", "03:00-04:00", date(2026, 10, 25), 1.0),
        ("Europe/Berlin", "00:00-24:00", date(2026, 10, 25), 25.0),
        ("Australia/Lord_Howe", "01:00-03:00", date(2025, 10, 5), 1.5),
        ("Australia/Lord_Howe", "01:00-03:00", date(2025, 4, 6), 2.5),
        ("Australia/Lord_Howe", "01:45-01:50", date(2025, 4, 6), 35 / 60),
        # The day that was skipped: nothing of its own hours is left but what runs on into the next.
        ("Pacific/Apia", "09:00-17:00", date(2011, 12, 30), 0.0),
        ("Pacific/Apia", "00:00-24:00", date(2011, 12, 30), 0.0),
        ("Pacific/Apia", "22:00-06:00", date(2011, 12, 29), 2.0),
        ("Pacific/Apia", "22:00-06:00", date(2011, 12, 30), 6.0),
        # Ramadan 2026 ends with clocks forward on 22 March, 02:00; they went back on 15 February, 03:00.
        ("Africa/Casablanca", "00:00-06:00", date(2026, 2, 15), 7.0),
        ("Africa/Casablanca", "00:00-06:00", date(2026, 3, 22), 5.0),
        ("America/St_Johns", "23:00-24:00", date(2010, 11, 6), 2.0),
        ("Asia/Tehran", "00:00-02:00", date(2021, 3, 22), 1.0),
    ],
)
def test_ends_in_missing_and_repeated_hours(zone: str, spans: str, day: date, hours: float) -> None:
    schedule = BusinessHours({}, tz=zone, overrides={day: spans})
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert timedelta(hours=hours) == schedule.between(midnight - 2 * DAY, midnight + 4 * DAY)


def test_days_are_the_days_of_the_schedules_zone() -> None:
    schedule = BusinessHours({"mon": "00:00-24:00"}, tz="Pacific/Apia")
    assert at(2026, 3, 1, 11, tz=UTC) == schedule.next_open(at(2026, 2, 27, tz=UTC))


def test_aware_instants_of_any_zone_and_wall_times_agree() -> None:
    start, end = at(2026, 3, 27, 17, tz=BERLIN), at(2026, 3, 30, 10, tz=BERLIN)
    expected = 6 * HOUR
    assert expected == SHOP.between(start, end)
    assert expected == SHOP.between(start.astimezone(UTC), end.astimezone(ZoneInfo("Asia/Kolkata")))
    assert expected == SHOP.between(start.replace(tzinfo=None), end.replace(tzinfo=None))
    assert expected == SHOP.between(np.datetime64("2026-03-27T17:00"), np.datetime64("2026-03-30T10:00"))
    assert expected == SHOP.between(pd.Timestamp(start), pd.Timestamp(end))
    assert timedelta(hours=8) == SHOP.between(date(2026, 3, 2), date(2026, 3, 3))


def test_wall_times_that_come_twice_or_never_need_a_word() -> None:
    twice, never = at(2026, 10, 25, 2, 30), at(2026, 3, 29, 2, 30)
    with pytest.raises(InvalidValueError, match="start must be unambiguous as wall times of Europe/Berlin"):
        NIGHT.between(twice, at(2026, 10, 25, 4))
    with pytest.raises(InvalidValueError, match="end must exist as wall times of Europe/Berlin"):
        NIGHT.between(at(2026, 3, 29, 1), never)
    assert 2.5 * HOUR == NIGHT.between(twice, at(2026, 10, 25, 4), fold=0)
    assert 1.5 * HOUR == NIGHT.between(twice, at(2026, 10, 25, 4), fold=1)
    assert NIGHT.is_open(twice, fold=1)
    assert at(2026, 10, 25, 4) == NIGHT.add(twice, 1.5 * HOUR, fold=1)
    assert never == NIGHT.next_open(never, fold=0)
    for fold in (2, "first"):
        with pytest.raises(UnknownNameError, match="fold must be 0"):
            NIGHT.is_open(twice, fold=fold)


def test_one_call_follows_one_rule() -> None:
    aware, naive = at(2026, 3, 2, tz=UTC), at(2026, 3, 2)
    with pytest.raises(MixedTimeZonesError, match=r"start is aware and end is naive.*Europe/Berlin"):
        SHOP.between(aware, naive)
    with pytest.raises(MixedTimeZonesError, match="start is naive and end is aware"):
        SHOP.between([naive, None], aware)
    assert SHOP.between(aware, None) is None


@pytest.mark.parametrize("wrong", ["2026-03-02", 1_772_000_000, 1.5])
def test_texts_and_numbers_are_no_instants(wrong: Any) -> None:
    for call in (lambda: SHOP.between(wrong, wrong), lambda: SHOP.add([wrong], HOUR), lambda: SHOP.is_open(wrong)):
        with pytest.raises(ArgumentTypeError, match="must be datetimes or datetime64"):
            call()


# -- adding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "closing", "next_open"),
    [
        ((2026, 3, 2, 10), 1, (2026, 3, 2, 11), (2026, 3, 2, 11)),
        ((2026, 3, 2, 10), 3, (2026, 3, 2, 13), (2026, 3, 2, 14)),
        ((2026, 3, 2, 10), 4, (2026, 3, 2, 15), (2026, 3, 2, 15)),
        ((2026, 3, 2, 7), 8, (2026, 3, 2, 18), (2026, 3, 3, 9)),
        ((2026, 3, 2, 13, 30), 4, (2026, 3, 2, 18), (2026, 3, 3, 9)),
        ((2026, 3, 6, 18), 4, (2026, 3, 7, 14), (2026, 3, 9, 9)),
        ((2026, 12, 23, 18), 3, (2026, 12, 24, 12), (2026, 12, 27, 12)),
        ((2026, 3, 8), 44, (2026, 3, 14, 14), (2026, 3, 16, 9)),
    ],
)
def test_where_a_duration_leads(
    start: tuple[int, ...], hours: int, closing: tuple[int, ...], next_open: tuple[int, ...]
) -> None:
    assert at(*closing) == SHOP.add(at(*start), hours * HOUR)
    assert at(*next_open) == SHOP.add(at(*start), hours * HOUR, edge="next_open")


def test_no_duration_gives_the_start_itself_back() -> None:
    for start in (at(2026, 3, 8), at(2026, 3, 2, 10, tz=BERLIN), pd.Timestamp("2026-03-08", tz="Asia/Tokyo")):
        assert SHOP.add(start, timedelta(0)) is start
        assert SHOP.add(start, np.timedelta64(0, "s"), edge="next_open") is start
    assert at(2026, 3, 8) == SHOP.add(date(2026, 3, 8), timedelta(0))
    assert at(2026, 3, 8) == SHOP.add(np.datetime64("2026-03-08"), timedelta(0))


def test_an_instant_comes_back_in_the_zone_it_came_in() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    for start, zone in ((at(2026, 3, 2, 9, tz=tokyo), tokyo), (at(2026, 3, 2, 9), None)):
        for found in (SHOP.add(start, HOUR), SHOP.next_open(start - 12 * HOUR)):
            assert found.tzinfo is zone
    assert at(2026, 3, 2, 18, tz=tokyo) == SHOP.add(at(2026, 3, 2, 9, tz=tokyo), HOUR)
    # The later of two equal wall times says so.
    assert 1 == NIGHT.add(at(2026, 10, 25, 1), 2.5 * HOUR).fold


def test_negative_durations_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"duration must be 0 or longer.*between\(\)"):
        SHOP.add(at(2026, 3, 2), -HOUR)
    with pytest.raises(InvalidValueError, match=r"1 of 3 that do not.*position 1"):
        SHOP.add(at(2026, 3, 2), [HOUR, -MICROSECOND, None])
    with pytest.raises(ArgumentTypeError, match="duration must be timedeltas"):
        SHOP.add(at(2026, 3, 2), 5)
    with pytest.raises(UnknownNameError, match="edge must be 'closing' or 'next_open'"):
        SHOP.add(at(2026, 3, 2), HOUR, edge="opening")


def test_what_is_never_reached() -> None:
    ended = BusinessHours({}, tz="UTC", overrides={date(2026, 3, 2): "09:00-17:00"})
    start = at(2026, 3, 2)
    assert at(2026, 3, 2, 17) == ended.add(start, 8 * HOUR)
    for call in (
        lambda: ended.add(start, 8 * HOUR + MICROSECOND),
        lambda: ended.add(start, 8 * HOUR, edge="next_open"),
        lambda: ended.next_open(at(2026, 3, 3)),
        lambda: NEVER_OPEN.next_open(start),
        lambda: SHOP.add(start, timedelta(days=365 * 9000)),
    ):
        with pytest.raises(InvalidValueError, match="start must be followed by open time enough"):
            call()
    found = ended.add([start, start, at(2026, 3, 2, 12)], [HOUR, 9 * HOUR, 5 * HOUR], edge="closing")
    assert [at(2026, 3, 2, 10), None, at(2026, 3, 2, 17)] == found.tolist()
    assert [None] == NEVER_OPEN.next_open([start]).tolist()


# -- columns -----------------------------------------------------------------------------------------


def columns(values: list[datetime | None]) -> Iterator[Any]:
    """The same instants, aware or wall times, in every form of a column."""
    yield values
    yield tuple(values)
    yield np.array(values, dtype=object)
    yield pd.Series(pd.to_datetime(values))
    yield pl.Series(values)
    yield pa.array(values)
    yield pa.chunked_array([values[:1], values[1:]])
    yield iter(values)


def test_columns_of_any_kind_equal_single_instants() -> None:
    wall = [at(2026, 3, 2, 8), None, at(2026, 3, 28, 10, 0, 0, 1), at(2026, 12, 24, 11, 59, 59)]
    later = [at(2026, 3, 5, 8), at(2026, 3, 5), at(2026, 3, 30, 10), at(2026, 12, 24, 8)]
    for tz in (None, BERLIN):
        start = [one and one.replace(tzinfo=tz) for one in wall]
        end = [one.replace(tzinfo=tz) for one in later]
        passed = [SHOP.between(a, b) for a, b in zip(start, end, strict=True)]
        due = [SHOP.add(a, 9 * HOUR) for a in start]
        for given_start, given_end in zip(columns(start), columns(list(end)), strict=True):
            found = SHOP.between(given_start, given_end)
            assert np.dtype("m8[us]") == found.dtype
            assert passed == found.tolist()
        for column in columns(start):
            added = SHOP.add(column, 9 * HOUR)
            assert np.dtype("M8[us]") == added.dtype
            plain = [one and (one.astimezone(UTC).replace(tzinfo=None) if tz else one) for one in due]
            assert plain == added.tolist()
        for column in columns(start):
            opens = SHOP.is_open(column)
            assert np.dtype(bool) == opens.dtype
            assert [bool(SHOP.is_open(one)) for one in start] == opens.tolist()
    assert SHOP.is_open(None) is None
    assert SHOP.next_open(None) is None
    assert SHOP.add(None, HOUR) is None
    assert SHOP.add(at(2026, 3, 2), None) is None
    assert SHOP.between(pd.NaT, np.datetime64("NaT")) is None


def test_columns_of_utc_are_known_when_they_come_back() -> None:
    start = [at(2026, 7, 1, 8, tz=BERLIN), at(2026, 7, 4, 20, tz=BERLIN), None]
    due = SHOP.add(start, 5 * HOUR)
    assert [5 * HOUR, 5 * HOUR, None] == SHOP.between(start, due).tolist()
    assert [True, True, False] == SHOP.is_open(SHOP.next_open(start)).tolist()


def test_a_single_instant_stands_beside_every_row() -> None:
    start = [at(2026, 3, 2, hour) for hour in (9, 10, 11)]
    assert [3 * HOUR, 2 * HOUR, HOUR] == SHOP.between(start, at(2026, 3, 2, 12)).tolist()
    assert [-3 * HOUR, -2 * HOUR, -HOUR] == SHOP.between(at(2026, 3, 2, 12), start).tolist()
    assert [None] * 3 == SHOP.between(start, None).tolist()
    assert [at(2026, 3, 2, 10), at(2026, 3, 2, 11)] == SHOP.add(at(2026, 3, 2), [HOUR, 2 * HOUR]).tolist()
    assert [None, None] == SHOP.add(None, [HOUR, 2 * HOUR]).tolist()
    assert [] == SHOP.between([], []).tolist()
    assert [] == SHOP.add([], HOUR).tolist()
    with pytest.raises(LengthError, match="end must have one value for each of the 3 rows of start"):
        SHOP.between(start, start[:2])


def test_inputs_are_not_touched() -> None:
    start = np.array(["2026-03-02T09:00", "NaT"], dtype="M8[us]")
    start.flags.writeable = False
    before = start.copy()
    SHOP.between(start, start)
    SHOP.add(start, HOUR)
    SHOP.next_open(start)
    assert np.array_equal(before, start, equal_nan=True)


# -- against slow walks ------------------------------------------------------------------------------


CHANGES = {zone: changes(zone, 2005, 2026) or [datetime(2020, 3, 1, tzinfo=UTC)] for zone in ZONES}


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    """A schedule and a UTC midnight at which clocks of some zone, most often its own, are about to change."""
    zone = draw(st.sampled_from(ZONES))
    around = draw(st.sampled_from(CHANGES[zone]))
    schedule = draw(schedules(around=around.date()))
    return Schedule(zone, schedule.week, schedule.special, schedule.holidays), around


@settings(max_examples=40)
@given(near_changes(), st.data())
def test_every_minute_around_a_clock_change(case: tuple[Schedule, datetime], data: st.DataObject) -> None:
    schedule, around = case
    hours, first, count = schedule.built(), around - DAY, 4 * 1440
    is_open = np.array(open_minutes(schedule, first, count))
    minutes = np.array([micros(first)]) + np.arange(count + 1) * 60_000_000
    passed = np.concatenate([[0], np.cumsum(is_open)])
    assert is_open.tolist() == hours.is_open(_inputs.as_utc(minutes[:-1])).tolist()
    assert np.array_equal(
        passed, hours.between(_inputs.as_utc(minutes[:1].repeat(count + 1)), _inputs.as_utc(minutes)) // MINUTE
    )
    a, b = data.draw(st.integers(0, count)), data.draw(st.integers(0, count))
    assert int(passed[b] - passed[a]) * MINUTE == hours.between(first + a * MINUTE, first + b * MINUTE)


@settings(max_examples=60)
@given(near_changes(), st.data())
def test_laws_and_a_walk_from_span_to_span(case: tuple[Schedule, datetime], data: st.DataObject) -> None:
    schedule, around = case
    hours = schedule.built()
    walk = Walk(schedule, around.date() - 12 * DAY, around.date() + 30 * DAY)
    instants = st.integers(micros(around - 3 * DAY), micros(around + 5 * DAY)).map(instant)
    a, b, c = data.draw(instants), data.draw(instants), data.draw(instants)
    passed = hours.between(a, b)
    assert walk.between(micros(a), micros(b)) * MICROSECOND == passed
    assert -passed == hours.between(b, a)
    assert hours.between(a, c) == passed + hours.between(b, c)
    assert abs(passed) <= abs(b - a)
    assert walk.is_open(micros(a)) == hours.is_open(a)
    duration = data.draw(st.sampled_from([passed, HOUR, 8 * HOUR, MICROSECOND, 50 * HOUR]).map(abs))
    for edge in ("closing", "next_open"):
        reached = walk.add(micros(a), duration // MICROSECOND, edge)
        if reached is not None and reached < micros(around + 25 * DAY):
            due = hours.add(a, duration, edge=edge)
            assert instant(reached) == due
            assert duration == hours.between(a, due)
            column = hours.add([a, None], [duration, duration], edge=edge)
            assert [due.astimezone(UTC).replace(tzinfo=None), None] == column.tolist()
    opening = walk.next_open(micros(a))
    if opening is not None and opening < micros(around + 25 * DAY):
        assert instant(opening) == hours.next_open(a)
    table = hours.between([a, b, c], [b, c, a])
    assert [passed, hours.between(b, c), hours.between(c, a)] == table.tolist()
    assert timedelta(0) == sum(table.tolist(), timedelta(0))


WEEK = (((540, 780), (840, 1080)),) * 4 + (((1320, 1800),), ((0, 150), (600, 840)), ((120, 180),))


@pytest.mark.parametrize(
    "zone", ["Africa/Casablanca", "Australia/Lord_Howe", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]
)
def test_a_hundred_thousand_pairs_of_thirty_years(zone: str) -> None:
    rng = np.random.default_rng(2000)
    days = [date(2000, 1, 1) + int(day) * DAY for day in rng.integers(0, 11_300, 400)]
    special = {day: (((600, 720),), ())[i % 2] for i, day in enumerate(days[:100])}
    schedule = Schedule(zone, WEEK, special, frozenset(days[100:]))
    walk = Walk(schedule, date(1999, 12, 1), date(2031, 2, 1))
    low, high = micros(at(2000, 1, 1, tz=UTC)), micros(at(2031, 1, 1, tz=UTC))
    start = rng.integers(low, high, 100_000)
    end = rng.integers(low, high, 100_000)
    end[:50_000] = start[:50_000] + rng.integers(-3 * 86_400_000_000, 10 * 86_400_000_000, 50_000)
    found = schedule.built().between(_inputs.as_utc(start), _inputs.as_utc(end)).view(np.int64)
    expected = [walk.between(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    assert expected == found.tolist()


def test_round_the_clock_is_elapsed_time() -> None:
    rng = np.random.default_rng(1)
    start, end = rng.integers(micros(at(1900, 1, 1, tz=UTC)), micros(at(2200, 1, 1, tz=UTC)), (2, 2_000))
    for zone in ZONES:
        always = BusinessHours.always(zone)
        found = always.between(_inputs.as_utc(start), _inputs.as_utc(end)).view(np.int64)
        assert np.array_equal(end - start, found)
        assert always.is_open(_inputs.as_utc(start)).all()


# -- against real tickets ------------------------------------------------------------------------------


def test_a_schedule_per_stretch_and_the_last_schedule_alone() -> None:
    # Ticket 941606 in the decision log of fivetran/dbt_zendesk, recomputed to the second: each stretch with
    # its own schedule 960.1333 minutes, the last schedule alone 690.1333.
    level_1 = BusinessHours({"mon-sun": ["12:00-02:00"]}, tz="UTC")
    level_2 = BusinessHours({"mon-fri": ["15:00-00:30"]}, tz="UTC")
    created = at(2020, 9, 29, 17, 1, 38, tz=UTC)
    changed = at(2020, 9, 30, 19, 1, 25, tz=UTC)
    replied = at(2020, 9, 30, 19, 1, 46, tz=UTC)
    assert timedelta(minutes=960, seconds=8) == level_1.between(created, changed) + level_2.between(changed, replied)
    assert timedelta(minutes=690, seconds=8) == level_2.between(created, replied)


PREPBENCH = SHARED / "data" / "prepbench"


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.skipif(not PREPBENCH.exists(), reason="the ticket logs lie beside the checkout")
def test_tickets_that_met_their_promise() -> None:
    # prepbench case 059: business days are Monday to Friday round the clock; of 103 closed tickets 71 took no
    # longer than their department was promised.
    promised = {row["Department"]: float(row["SLA Agreement"]) for row in rows_of(PREPBENCH / "case_059_input_01.csv")}
    opened: dict[str, datetime] = {}
    closed: dict[str, datetime] = {}
    for path in sorted(PREPBENCH.glob("case_059_input_*.csv"))[1:]:
        for row in rows_of(path):
            ticket, happened = row["Ticket"], datetime.fromisoformat(row["Timestamp"])
            opened[ticket] = min(happened, opened.get(ticket, happened))
            if row["Status Name"] == "Closed":
                closed[ticket] = max(happened, closed.get(ticket, happened))
    hours = BusinessHours({"mon-fri": ["00:00-24:00"]}, tz="UTC")
    took = hours.between([opened[ticket] for ticket in closed], list(closed.values())) / DAY
    met = took <= [promised[ticket.split(" / ")[1]] for ticket in closed]
    assert (103, 71) == (len(met), int(met.sum()))
