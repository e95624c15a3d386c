"""Calendar periods: where they begin in every zone, what belongs to them, and what they do as keys of groups."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cxscore as cx
from cxscore._core import periods as core
from cxscore.periods import Calendar

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe",
    "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Asia/Tehran", "Asia/Kolkata", "Pacific/Kiritimati",
]  # fmt: skip
UNITS = ["day", "week", "month", "quarter", "year"]
DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def slow_day(moment: datetime, zone: str) -> date:
    """The latest date that the clocks of a zone have shown, looked at minute by minute.

    Where clocks go back over midnight the date of the day before comes again for a while; the new day has begun.
    """
    return max((moment - timedelta(minutes=back)).astimezone(ZoneInfo(zone)).date() for back in range(181))


def slow_start(day: date, unit: str, week_starts: int = 0, year_starts: int = 1) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=(day.weekday() - week_starts) % 7)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    back = (day.month - year_starts) % size
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


# -- where periods begin ---------------------------------------------------------------------------------


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)).flatmap(
        lambda first: st.lists(st.datetimes(first, first + timedelta(days=300)), min_size=1, max_size=3)
    ),
    st.sampled_from(ZONES),
    st.sampled_from(UNITS),
    st.integers(0, 6),
    st.integers(1, 12),
)
@example([datetime(2011, 12, 30, 9, 59), datetime(2011, 12, 30, 10)], "Pacific/Apia", "day", 0, 1)
@example([datetime(2018, 11, 4, 2, 59), datetime(2018, 11, 4, 3)], "America/Sao_Paulo", "day", 0, 1)
@example([datetime(2006, 10, 29, 2, 30), datetime(2006, 10, 29, 2, 31)], "America/St_Johns", "day", 0, 1)
@example([datetime(2026, 4, 4, 15, 30)], "Australia/Lord_Howe", "week", 6, 1)
def test_an_instant_lies_in_the_period_that_its_zone_shows(
    moments: list[datetime], zone: str, unit: Any, week_starts: int, year_starts: int
) -> None:
    moments = [moment.replace(tzinfo=UTC) for moment in moments]
    weekday: Any = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][week_starts]
    found = cx.period(moments, unit, tz=zone, week_starts=weekday, year_starts=year_starts)
    expected = [slow_start(slow_day(moment, zone), unit, week_starts, year_starts) for moment in moments]
    assert expected == found.first_days.tolist()


@given(st.lists(st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)), max_size=20), st.sampled_from(UNITS))
def test_wall_times_lie_where_their_calendar_says(moments: list[datetime], unit: Any) -> None:
    expected = [slow_start(moment.date(), unit) for moment in moments]
    assert expected == cx.period(moments, unit, tz="America/St_Johns").first_days.tolist()


def test_iso_weeks_by_default() -> None:
    days = [date(2020, 12, 27) + timedelta(days=i) for i in range(30)]
    found = cx.period(days, "week", tz="UTC").first_days.tolist()
    assert [date.fromisocalendar(*day.isocalendar()[:2], 1) for day in days] == found


def test_days_follow_each_other_and_are_as_long_as_clocks_say() -> None:
    days = np.arange(-7_000, 20_000)  # 1950 to 2024
    for zone in ZONES:
        starts = core.starts_of_days(days, ZoneInfo(zone))
        lengths = np.diff(starts)
        odd = np.flatnonzero(lengths != DAY)
        assert 0 == len(odd) if zone == "UTC" else len(odd) < 400
        assert (np.abs(lengths[odd] - DAY) <= DAY).all()
    apia = np.diff(core.starts_of_days(days, ZoneInfo("Pacific/Apia")))
    assert [date(2011, 12, 30)] == [date(1970, 1, 1) + timedelta(days=int(day)) for day in days[:-1][apia == 0]]


def test_a_date_that_clocks_skip_is_no_day() -> None:
    sent = [datetime(2011, 12, 29, 12, tzinfo=ZoneInfo("Pacific/Apia")), datetime(2011, 12, 31, 12)]
    sent[1] = sent[1].replace(tzinfo=ZoneInfo("Pacific/Apia"))
    groups = cx.nps([9, 3], by=cx.period(sent, "day", tz="Pacific/Apia"))
    assert [date(2011, 12, 29), date(2011, 12, 31)] == list(groups)
    assert [date(2011, 12, 29), date(2011, 12, 30)] == list(cx.nps([9, 3], by=cx.period(sent, "day", tz="UTC")))


def test_a_missing_midnight_moves_the_start_of_the_day() -> None:
    # Clocks in São Paulo went from 2018-11-03 23:59:59 to 2018-11-04 01:00, which is 03:00 UTC.
    (start,) = core.starts_of_days(
        np.array([(date(2018, 11, 4) - date(1970, 1, 1)).days]), ZoneInfo("America/Sao_Paulo")
    )
    assert micros(datetime(2018, 11, 4, 3, tzinfo=UTC)) == start


@given(st.integers(0, 2**32), st.integers(1, 400), st.integers(1, 60))
def test_placing_is_a_binary_search(seed: int, n: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.integers(-10 * DAY, 10 * DAY, periods))
    instants = rng.integers(starts[0], 12 * DAY, n)
    assert (starts.searchsorted(instants, side="right") - 1).tolist() == core.place(instants, starts).tolist()


def test_placing_nothing() -> None:
    assert 0 == len(core.place(np.empty(0, np.int64), np.zeros(2, np.int64)))
    assert 0 == len(core.starts_of_days(np.empty(0, np.int64), BERLIN))


# -- what may be asked -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"unit": "fortnight"}, cx.UnknownNameError, "unit must be one of 'day', 'week'"),
        ({"week_starts": "monday"}, cx.UnknownNameError, "week_starts must be one of"),
        ({"year_starts": 13}, cx.ArgumentValueError, "year_starts must be a month, 1 to 12"),
        ({"year_starts": True}, cx.ArgumentValueError, "year_starts must be a month"),
        ({"anchor": "start"}, cx.UnknownNameError, "anchor must be one of 'opened'"),
        ({"tz": "Berlin"}, cx.UnknownNameError, "IANA"),
        ({"tz": 2}, cx.ArgumentTypeError, "tz must be a zone"),
        ({"tz": None}, cx.MixedTimeZonesError, "name it with tz="),
        ({"as_of": "today"}, cx.ArgumentTypeError, "as_of must be datetimes"),
        ({"times": ["2026-01-01"]}, cx.ArgumentTypeError, "times must be datetimes"),
    ],
)
def test_wrong_arguments_are_explained(options: dict[str, Any], error: type[Exception], words: str) -> None:
    every = {"times": [datetime(2026, 1, 1)], "unit": "day", "tz": "UTC", **options}
    with pytest.raises(error, match=words):
        cx.period(**every)


@pytest.mark.parametrize("kind", ["naive", "aware"])
def test_days_need_a_zone(kind: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC if kind == "aware" else None)
    with pytest.raises(cx.MixedTimeZonesError, match=rf"times .*{kind} instants and no zone.*tz="):
        cx.period([at], "day")
    responses = cx.Responses(score=[9], at=[at])
    with pytest.raises(cx.MixedTimeZonesError, match=rf"by .*{kind} instants and no zone.*tz="):
        cx.nps(responses, by=cx.period("at", "day"))


def test_a_naive_cut_is_wall_time_of_the_zone_that_cuts_the_days() -> None:
    at, cut = [datetime(2026, 1, 31, 12)], datetime(2026, 2, 1)
    berlin = cx.Responses(score=[9], at=at, tz="Europe/Berlin")
    for early, expected in ((timedelta(0), ()), (timedelta(seconds=1), (date(2026, 1, 1),))):
        month = cx.period("at", "month", as_of=cut - early)
        assert expected == cx.nps(berlin, by=month).incomplete
        assert expected == cx.nps(berlin, by=cx.period("at", "month", tz="Europe/Berlin", as_of=cut - early)).incomplete
    with pytest.raises(cx.MixedTimeZonesError, match="by needs a zone whose clocks cut the days"):
        cx.nps(cx.Responses(score=[9], at=at), by=month)
    with pytest.raises(cx.ArgumentTypeError, match="as_of must be a datetime"):
        cx.period("at", "day", tz="UTC", as_of=pd.NaT)  # type: ignore[arg-type]  # the point of the test


def test_the_zone_of_the_batch_is_a_zone_that_was_named() -> None:
    responses = cx.Responses(score=[9], at=[datetime(2026, 1, 1, 0, 30)], tz="Europe/Berlin")
    groups = cx.nps(responses, by=cx.period("at", "day"))
    assert [date(2026, 1, 1)] == list(groups)
    assert "|period:day@Europe/Berlin|" in groups[date(2026, 1, 1)].signature
    assert [date(2025, 12, 31)] == list(cx.nps(responses, by=cx.period("at", "day", tz="UTC")))


def test_a_name_needs_columns_to_look_in() -> None:
    with pytest.raises(cx.ArgumentTypeError, match=r"by=cx\.period\(df\['at'\], 'day'"):
        cx.nps([9], by=cx.period("at", "day", tz="UTC"))
    with pytest.raises(cx.ArgumentTypeError, match="first_days needs instants"):
        cx.period("at", "day", tz="UTC").first_days  # noqa: B018
    with pytest.raises(cx.UnknownNameError, match="known columns"):
        cx.nps(cx.Responses(score=[9]), by=cx.period("sent", "day", tz="UTC"))
    with pytest.raises(cx.ArgumentTypeError, match="channel must be datetimes"):
        cx.nps(cx.Responses(score=[9], channel=["a"]), by=cx.period("channel", "day", tz="UTC"))


def test_one_instant_a_row() -> None:
    with pytest.raises(cx.LengthError):
        cx.nps([9, 10], by=cx.period([datetime(2026, 1, 1)], "day", tz="UTC"))


def test_a_period_before_the_calendar_begins_is_refused() -> None:
    with pytest.raises(cx.InvalidValueError, match="begin in the year 1 or later"):
        cx.nps([9], by=cx.period([datetime(1, 1, 1)], "year", tz="UTC", year_starts=4))


# -- as keys of groups -----------------------------------------------------------------------------------


def test_every_door_for_instants_gives_the_same() -> None:
    naive = [datetime(2026, 1, 31, 23, 30), None, datetime(2026, 3, 1)]
    aware = [None if at is None else at.replace(tzinfo=BERLIN) for at in naive]
    scores = [9, 3, 10]
    doors = [
        naive,
        aware,
        np.array(naive, dtype="M8[s]"),
        pd.Series(naive),
        pd.Series(pd.to_datetime(naive)).dt.tz_localize("Europe/Berlin"),
        pl.Series(naive),
        pl.Series(aware),
        iter(naive),
    ]
    expected = cx.nps(scores, by=cx.period(naive, "month", tz="Europe/Berlin"))
    assert [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), None] == list(expected)
    for times in doors:
        assert expected == cx.nps(scores, by=cx.period(times, "month", tz="Europe/Berlin"))
    batch = cx.Responses(score=scores, at=aware)
    assert expected == cx.nps(batch, by=cx.period("at", "month", tz=BERLIN))
    records = [cx.SurveyResponse(score=score, at=at) for score, at in zip(scores, aware, strict=True)]
    assert expected == cx.nps(records, by=cx.period("at", "month", tz="Europe/Berlin"))
    assert expected == cx.nps(records, by=cx.period(naive, "month", tz="Europe/Berlin"))  # wall times beside instants


def test_empty_periods_stay_and_say_nothing() -> None:
    sent = [datetime(2026, 1, 5), datetime(2026, 1, 26)]
    weekly = cx.nps([9, 3], by=cx.period(sent, "week", tz="UTC"))
    assert [1, 0, 0, 1] == [result.n for result in weekly.values()]
    assert np.isnan(weekly[date(2026, 1, 12)].score)
    assert {} == dict(weekly[date(2026, 1, 12)].left_out)
    assert ("week",) == weekly.names


def test_every_combination_of_the_other_keys_has_all_periods() -> None:
    sent = [datetime(2026, 1, 5), datetime(2026, 3, 2), datetime(2026, 1, 9), None]
    channel, team = ["mail", "mail", "chat", "chat"], ["a", "a", "b", "b"]
    by = {"channel": channel, "month": cx.period(sent, "month", tz="UTC"), "team": team}
    groups = cx.csat([5, 4, 3, 2], by=by)
    months = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    expected = [("chat", month, "b") for month in (*months, None)] + [("mail", month, "a") for month in months]
    assert expected == list(groups)
    assert [1, 0, 0, 1, 1, 0, 1] == groups.column("n").tolist()
    assert ("channel", "month", "team") == groups.names
    assert {("chat", date(2026, 3, 1), "b"), ("chat", None, "b"), ("mail", date(2026, 3, 1), "a")} == set(
        groups.incomplete
    )


def test_many_combinations_keep_their_periods() -> None:
    rng = np.random.default_rng(3)
    who, where = rng.integers(0, 300, 400), [f"place {i}" for i in range(400)]
    sent = np.array(["2026-01-05", "2026-02-05"], dtype="M8[s]")[rng.integers(0, 2, 400)]
    month = cx.period(sent, "month", tz="UTC")
    groups = cx.nps(rng.integers(0, 11, 400), by=[who, where, month])
    assert 800 == len(groups)
    assert 400 == groups.column("n").sum() == sum(result.n for result in groups.values())
    (key,) = [key for key in groups if key[1] == "place 7" and groups[key].n]
    assert (int(who[7]), "place 7", sent[7].item().date().replace(day=1)) == key


def test_two_calendars_have_only_what_exists() -> None:
    sent = [datetime(2025, 12, 30), datetime(2026, 1, 5)]
    by = [cx.period(sent, "year", tz="UTC"), cx.period(sent, "week", tz="UTC")]
    groups = cx.nps([9, 3], by=by)
    assert [(date(2025, 1, 1), date(2025, 12, 29)), (date(2026, 1, 1), date(2026, 1, 5))] == list(groups)
    assert () == groups.incomplete


def test_a_period_alone_in_a_list_makes_tuples() -> None:
    groups = cx.nps([9], by=[cx.period([datetime(2026, 1, 5)], "month", tz="UTC")])
    assert [(date(2026, 1, 1),)] == list(groups)


def test_no_rows_make_no_periods() -> None:
    assert [] == list(cx.nps([], by=cx.period([], "month")))
    assert [None] == list(cx.nps([9], by=cx.period([None], "month", tz="UTC")))
    assert [] == list(cx.nps(cx.Responses(score=[], at=[]), by=cx.period("at", "month")))


# -- the end of the data ---------------------------------------------------------------------------------


def test_a_last_period_that_reaches_past_the_cut_is_incomplete() -> None:
    sent = [datetime(2026, 1, 5), datetime(2026, 2, 28, 23)]

    def incomplete(**options: Any) -> tuple[Any, ...]:
        return cx.nps([9, 3], by=cx.period(sent, "month", tz="Europe/Berlin", **options)).incomplete

    assert (date(2026, 2, 1),) == incomplete()
    assert () == incomplete(as_of=datetime(2026, 3, 1))
    assert () == incomplete(as_of=datetime(2026, 2, 28, 23, tzinfo=UTC))  # midnight in Berlin
    assert (date(2026, 2, 1),) == incomplete(as_of=datetime(2026, 2, 28, 22, 59, tzinfo=UTC))
    assert (date(2026, 1, 1), date(2026, 2, 1)) == incomplete(as_of=datetime(2026, 1, 20))


def test_the_cut_of_the_metric_counts() -> None:
    contacts = cx.Contacts(customer=["a", "b"], at=[datetime(2026, 1, 5), datetime(2026, 2, 10)], tz="UTC")
    months = cx.period("at", "month")
    assert (date(2026, 2, 1),) == cx.repeat_contacts(contacts, by=months).incomplete
    assert () == cx.repeat_contacts(contacts, by=months, as_of=datetime(2026, 3, 1)).incomplete


def test_all_instants_of_a_batch_say_when_the_data_end() -> None:
    responses = cx.Responses(score=[9], at=[datetime(2026, 1, 5)], asked_at=[datetime(2026, 1, 4)], tz="UTC")
    assert (date(2026, 1, 1),) == cx.nps(responses, by=cx.period("asked_at", "month")).incomplete
    later = cx.Responses(score=[9, None], at=[datetime(2026, 1, 5), None], asked_at=[datetime(2026, 1, 4),
                         datetime(2026, 2, 1)], tz="UTC")  # fmt: skip
    assert (None,) == cx.nps(later, by=cx.period("at", "month")).incomplete


# -- as a value ------------------------------------------------------------------------------------------


def test_the_signature_says_how_time_was_cut() -> None:
    sent = [datetime(2026, 1, 5)]

    def word(**options: Any) -> str:
        every = {"times": sent, "unit": "week", "tz": "Europe/Berlin", **options}
        (result,) = cx.nps(
            cx.Responses(score=[9], at=sent, asked_at=sent, tz="Europe/Berlin"), by=cx.period(**every)
        ).values()
        definition = result.signature.partition(" ; ")[0]
        return definition.partition("good:9-10|")[2].removesuffix("|v:1")

    assert "period:week@Europe/Berlin" == word() == word(times="at") == word(tz=BERLIN)
    assert "period:week-sun@Europe/Berlin" == word(week_starts="sun")
    assert "period:day@Europe/Berlin" == word(unit="day", week_starts="sun")
    assert "period:year-4@Europe/Berlin" == word(unit="year", year_starts=4)
    assert "period:quarter@Europe/Berlin" == word(unit="quarter", year_starts=4)
    assert "period:quarter-5@Europe/Berlin" == word(unit="quarter", year_starts=5)
    assert "period:month@Europe/Berlin" == word(unit="month", year_starts=5)
    assert "period:week@Europe/Berlin|anchor:asked_at" == word(times="asked_at")
    assert "period:week@Europe/Berlin|anchor:opened" == word(anchor="opened")
    assert "period:week@UTC+02:00" == word(tz=timezone(timedelta(hours=2)))


def test_the_whole_has_no_period() -> None:
    groups = cx.nps([9, 3], by=cx.period([datetime(2026, 1, 5), datetime(2026, 2, 5)], "month", tz="UTC"))
    assert "period" not in groups.overall.signature
    assert "|period:month@UTC|" in groups.rest(date(2026, 1, 1)).signature
    assert all("|period:month@UTC|" in row["signature"] for row in groups.to_dicts())
    assert groups != cx.nps([9, 3], by=[date(2026, 1, 1), date(2026, 2, 1)])
    # The tallies are those of the answers and know no calendar: months add up to a year.
    assert groups.overall == cx.nps(sum(groups.tallies.values(), start=cx.ScoreTally.empty(cx.NPS_0_10)))


def test_periods_are_values() -> None:
    months = cx.period([datetime(2026, 1, 5), None], "month", tz="Europe/Berlin")
    again = pickle.loads(pickle.dumps(months))
    assert months.first_days.tolist() == again.first_days.tolist() == [date(2026, 1, 1), None]
    assert "Period(2 instants, 'month', tz='Europe/Berlin')" == repr(again)
    assert "Period('at', 'week-sun', tz=None)" == repr(cx.period("at", "week", week_starts="sun"))
    groups = cx.nps([9, 3], by=months)
    assert groups == pickle.loads(pickle.dumps(groups))
    assert groups.incomplete == pickle.loads(pickle.dumps(groups)).incomplete
    assert "quarter-2" == str(Calendar(unit="quarter", year_starts=2))


# -- waits, resolutions, repeats, outliers ----------------------------------------------------------------


def test_a_wait_belongs_to_its_start_and_a_repeat_to_the_start_of_the_contact() -> None:
    log = cx.Messages(
        conversation=[1, 1, 1, 1],
        at=[datetime(2026, 1, 31, 23), datetime(2026, 2, 1, 1), datetime(2026, 2, 2), datetime(2026, 2, 3)],
        author=["customer", "agent", "customer", "agent"],
        tz="UTC",
    )
    january, february = cx.response_times(log, by=cx.period("at", "month")).values()
    assert (1, timedelta(hours=2)) == (january.reply.n, january.reply.median)
    assert (1, timedelta(days=1)) == (february.reply.n, february.reply.median)
    assert (1, 0) == (january.conversations, february.conversations)
    assert (1, 3) == (january.n, february.n)

    contacts = cx.Contacts(customer=["a", "a"], at=[datetime(2026, 1, 31), datetime(2026, 2, 2)], tz="UTC")
    months = cx.repeat_contacts(contacts, by=cx.period("at", "month"), as_of=datetime(2026, 3, 1))
    assert [1.0, 0.0] == months.scores.tolist()


TICKETS = {
    "id": [1, 2, 3, 4],
    "opened_at": [datetime(2026, 1, day) for day in (5, 6, 7, 8)],
    "first_response_at": [datetime(2026, 1, 5, 1), datetime(2026, 2, 6), None, None],
    "first_resolved_at": [datetime(2026, 1, 9), None, None, None],
    "resolved_at": [datetime(2026, 3, 1), datetime(2026, 2, 7), None, None],
    "status": [None, None, None, "spam"],
}


def resolutions(groups: Any) -> dict[Any, tuple[int, int, int, int]]:
    return {
        key: (found.conversations, found.first_response.n, found.resolution.n, found.resolution.waiting)
        for key, found in groups.items()
    }


def test_a_resolution_belongs_to_its_end() -> None:
    tickets = cx.Conversations(**TICKETS, tz="UTC")
    ended = cx.response_times(tickets, by=cx.period("opened_at", "month"), as_of=datetime(2026, 3, 5))
    january, february, march = (date(2026, month, 1) for month in (1, 2, 3))
    assert {january: (3, 2, 0, 0), february: (0, 0, 1, 0), march: (0, 0, 1, 0), None: (0, 0, 0, 1)} == resolutions(
        ended
    )
    assert (4, 3, {"spam": 1}) == (ended[january].given, ended[january].n, dict(ended[january].left_out))
    assert (1, 0) == (ended[january].first_resolution.n, ended[march].first_resolution.n)
    assert (march, None) == ended.incomplete

    opened = cx.response_times(
        tickets, by=cx.period("opened_at", "month", anchor="opened"), as_of=datetime(2026, 3, 5)
    )  # fmt: skip
    assert {january: (3, 2, 2, 1)} == resolutions(opened)
    by_both = cx.response_times(tickets, by=["status", cx.period("opened_at", "month", anchor="opened")])
    assert [("spam", january), (None, january)] == list(by_both)
    # The first resolution of a ticket, in January, belongs to its own end.
    by_name = cx.response_times(tickets, by=cx.period("resolved_at", "month"), as_of=datetime(2026, 3, 5))
    assert {january: (0, 0, 0, 0), february: (1, 1, 1, 0), march: (1, 1, 1, 0), None: (1, 0, 0, 1)} == resolutions(
        by_name
    )


@pytest.mark.parametrize("by", ["at", "opened_at"])
def test_messages_with_tickets_cut_time_alike(by: str) -> None:
    """Each conversation has its question when it was opened, so both instants say the same of it."""
    tickets = cx.Conversations(**TICKETS, tz="UTC")
    log = cx.Messages(
        conversation=[1, 1, 2, 2, 4, 9],
        at=[datetime(2026, 1, 5), datetime(2026, 1, 5, 1), datetime(2026, 1, 6), datetime(2026, 2, 6),
            datetime(2026, 1, 8), datetime(2026, 2, 2)],
        author=["customer", "agent", "customer", "agent", "customer", "customer"],
        channel=["chat", "chat", "mail", "mail", "mail", "mail"],
        tz="UTC",
    )  # fmt: skip
    found = cx.response_times(log, conversations=tickets, by=cx.period(by, "month"), as_of=datetime(2026, 3, 5))
    january, february, march = (date(2026, month, 1) for month in (1, 2, 3))
    nobody = (0, 0, 0, 0)
    # Conversation 3 has no message and belongs to its opening; 9 has no ticket.
    if by == "at":
        expected = {january: (3, 2, 0, 0), february: (1, 0, 1, 0), march: (0, 0, 1, 0), None: (0, 0, 0, 1)}
    else:
        expected = {january: (3, 2, 0, 0), february: (0, 0, 1, 0), march: (0, 0, 1, 0), None: (1, 0, 0, 1)}
    assert expected == resolutions(found)
    assert nobody not in expected.values()
    opened = cx.response_times(
        log, conversations=tickets, by=cx.period(by, "month", anchor="opened"), as_of=datetime(2026, 3, 5)
    )
    assert (3, 2, 2, 1) == resolutions(opened)[january]
    both = cx.response_times(
        log, conversations=tickets, by=["channel", cx.period(by, "month")], as_of=datetime(2026, 3, 5)
    )
    total = [sum(values) for values in zip(*resolutions(both).values(), strict=True)]
    assert [*resolutions({None: both.overall})[None]] == total
    assert (1, 1, 0, 0) == resolutions(both)["chat", january]
    assert (0, 0, 1, 0) == resolutions(both)["chat", march]


def test_messages_without_tickets() -> None:
    log = cx.Messages(conversation=[1], at=[datetime(2026, 1, 31, 23, 30, tzinfo=UTC)], author="customer")
    (month,) = cx.response_times(log, by=cx.period("at", "month", tz="Europe/Berlin"))
    assert date(2026, 2, 1) == month
    assert [] == list(cx.response_times([], by=cx.period("at", "month", tz="Europe/Berlin")))
    column = cx.period(log.raw("at"), "month", tz="Europe/Berlin")  # a plain column: wall times
    assert [date(2026, 1, 1)] == list(cx.response_times(log, by=column))


def test_outliers_of_a_table_of_waits() -> None:
    log = cx.Messages(
        conversation=[1, 1, 2, 2],
        at=[datetime(2026, 1, 31, 23, 30, tzinfo=UTC), datetime(2026, 2, 1, 1, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)],
        author=["customer", "agent", "customer", "agent"],
    )  # fmt: skip
    table = cx.response_times(log).table()
    slow = cx.outliers(table, by=cx.period("start", "month", tz="Europe/Berlin"), limit=timedelta(hours=2))
    assert {date(2026, 2, 1): 0, date(2026, 3, 1): 1} == {month: found.count for month, found in slow.items()}
    starts = [row["start"] for row in table]
    assert slow == cx.outliers(table, by=cx.period(starts, "month", tz="Europe/Berlin"), limit=timedelta(hours=2))
    assert "|period:month@Europe/Berlin|" in slow[date(2026, 3, 1)].signature


def test_own_columns_and_functions_stand_beside_periods() -> None:
    sent = [datetime(2026, 1, 5), datetime(2026, 2, 5)]
    batch = cx.Responses(score=[9, 3], extra={"closed": sent}, tz="UTC")
    months = cx.nps(batch, by=cx.period("closed", "month", tz="UTC"))
    assert [date(2026, 1, 1), date(2026, 2, 1)] == list(months)
    assert "|anchor:closed|" in months[date(2026, 1, 1)].signature
    records = [cx.SurveyResponse(score=9, at=sent[0], channel="chat")]
    groups = cx.nps(records, by=[lambda record: record.channel, cx.period("at", "month", tz="UTC")])
    assert [("chat", date(2026, 1, 1))] == list(groups)


# -- rows behind the cut ---------------------------------------------------------------------------------

CUT = datetime(2026, 4, 12, 18)
BEHIND = [datetime(2026, 4, 11, 9), datetime(2026, 4, 12, 9), datetime(2026, 4, 12, 20), datetime(2026, 4, 14, 9)]
LATE = cx.LeftOut.AFTER_AS_OF
MEASURED_UNTIL: dict[str, Any] = {
    "contacts": lambda by, as_of: cx.repeat_contacts(
        cx.Contacts(customer=list("abcd"), at=BEHIND, channel="chat", tz="UTC"), by=by("at"), as_of=as_of
    ),
    "tickets": lambda by, as_of: cx.response_times(
        cx.Conversations(id=list("abcd"), opened_at=BEHIND, first_response_at=BEHIND, channel="chat", tz="UTC"),
        by=by("opened_at"), as_of=as_of,
    ),
    "messages": lambda by, as_of: cx.response_times(
        cx.Messages(conversation=list("abcd"), at=BEHIND, author="customer", channel="chat", tz="UTC"),
        by=by("at"), as_of=as_of,
    ),
    "events": lambda by, as_of: cx.response_times(
        cx.Messages(conversation=list("abcd"), at=BEHIND, author="customer", channel="chat", tz="UTC"),
        by=by("at"), as_of=as_of, policy=cx.policies.CHATWOOT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("measure", MEASURED_UNTIL.values(), ids=MEASURED_UNTIL)
def test_no_period_begins_behind_the_cut(measure: Any) -> None:
    def days(name: str) -> cx.Period:
        return cx.period(name, "day")

    found = measure(days, CUT)
    assert [date(2026, 4, 11), date(2026, 4, 12), None] == list(found)
    assert (date(2026, 4, 12), None) == found.incomplete
    # What was left out is still counted: in the day of the cut, and of no period.
    assert [{}, {LATE: 1}, {LATE: 1}] == [dict(result.left_out) for result in found.values()]
    assert found.overall.given == sum(result.given for result in found.values()) == 4
    several = measure(lambda name: {"channel": "channel", "day": days(name)}, CUT)
    assert [("chat", date(2026, 4, 11)), ("chat", date(2026, 4, 12)), ("chat", None)] == list(several)
    assert [result.left_out for result in several.values()] == [result.left_out for result in found.values()]


@pytest.mark.parametrize("measure", MEASURED_UNTIL.values(), ids=MEASURED_UNTIL)
def test_a_cut_where_a_period_begins_shows_nothing_of_it_but_what_happened_right_there(measure: Any) -> None:
    def months(name: str) -> cx.Period:
        return cx.period(name, "day")

    assert [date(2026, 4, 11), None] == list(measure(months, datetime(2026, 4, 12)))
    assert [date(2026, 4, 11), date(2026, 4, 12), None] == list(measure(months, datetime(2026, 4, 12, 9)))
    assert [None] == list(measure(months, datetime(2026, 4, 1)))
    midnight = cx.Contacts(customer=["a", "b", "c"], at=[*BEHIND[:1], datetime(2026, 4, 12), BEHIND[3]], tz="UTC")
    found = cx.repeat_contacts(midnight, by=cx.period("at", "day"), as_of=datetime(2026, 4, 12))
    assert [(date(2026, 4, 11), 1), (date(2026, 4, 12), 1), (None, 0)] == [(key, r.n) for key, r in found.items()]


def test_a_period_of_another_instant_may_lie_behind_the_cut() -> None:
    promised = [datetime(2026, 5, 1), datetime(2026, 6, 1)]
    contacts = cx.Contacts(customer=["a", "b"], at=BEHIND[:2], extra={"promised": promised}, tz="UTC")
    found = cx.repeat_contacts(contacts, by=cx.period("promised", "month"), as_of=CUT)
    assert [(date(2026, 5, 1), 1), (date(2026, 6, 1), 1)] == [(key, result.n) for key, result in found.items()]
