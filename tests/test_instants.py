"""Instants and durations at the door: every type, one rule for zones, wall times that do not exist or come twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxscore as cx
from cxscore import _inputs

BERLIN = ZoneInfo("Europe/Berlin")
WALL = [datetime(2026, 3, 2, 9, 30), None, datetime(1969, 12, 31, 23, 59, 59, 999_999)]


def at(*instants: Any, **settings: Any) -> cx.Responses:
    return cx.Responses(score=[0] * len(instants), at=list(instants), **settings)


NAIVE = {
    "datetimes": WALL,
    "numpy us": np.array(WALL, dtype="M8[us]"),
    "numpy ns": np.array(WALL, dtype="M8[ns]"),
    "numpy scalars": [None if wall is None else np.datetime64(wall) for wall in WALL],
    "numpy object": np.array(WALL, dtype=object),
    "pandas": pd.Series(WALL).astype("M8[ns]"),
    "pandas us": pd.Series(WALL).astype("M8[us]"),
    "pandas Timestamps": [pd.NaT if wall is None else pd.Timestamp(wall) for wall in WALL],
    "pandas Arrow": pd.Series(WALL, dtype="timestamp[us][pyarrow]"),
    "polars us": pl.Series(WALL, dtype=pl.Datetime("us")),
    "polars ns": pl.Series(WALL, dtype=pl.Datetime("ns")),
    "pyarrow us": pa.array(WALL, type=pa.timestamp("us")),
    "pyarrow ns": pa.array(WALL, type=pa.timestamp("ns")),
    "pyarrow chunks": pa.chunked_array([WALL[:1], WALL[1:]], type=pa.timestamp("us")),
}
UTC_WALL = [None if wall is None else wall.replace(tzinfo=UTC) for wall in WALL]
AWARE = {
    "datetimes": UTC_WALL,
    "another zone": [None if wall is None else wall.astimezone(BERLIN) for wall in UTC_WALL],
    "pandas": pd.Series(UTC_WALL).astype("M8[ns, Europe/Berlin]"),
    "pandas index": pd.DatetimeIndex(UTC_WALL),
    "polars": pl.Series(UTC_WALL, dtype=pl.Datetime("us", "Europe/Berlin")),
    "pyarrow": pa.array(UTC_WALL, type=pa.timestamp("us", tz="Europe/Berlin")),
}


@pytest.mark.parametrize("values", NAIVE.values(), ids=NAIVE)
def test_naive_instants_are_an_unbroken_clock(values: Any) -> None:
    batch = cx.Responses(score=[0, 0, 0], at=values)
    assert batch.aware is False
    assert [record.at for record in batch] == WALL


@pytest.mark.parametrize("values", NAIVE.values(), ids=NAIVE)
def test_naive_instants_with_a_zone_are_wall_times_of_it(values: Any) -> None:
    batch = cx.Responses(score=[0, 0, 0], at=values, tz="Europe/Berlin")
    assert batch.aware is True
    assert [record.at for record in batch] == [None if wall is None else wall.replace(tzinfo=BERLIN) for wall in WALL]


@pytest.mark.parametrize("values", AWARE.values(), ids=AWARE)
def test_aware_instants_become_utc_whatever_zone_is_named(values: Any) -> None:
    for tz in (None, "America/New_York"):
        batch = cx.Responses(score=[0, 0, 0], at=values, tz=tz)
        assert batch.aware is True
        assert [record.at for record in batch] == UTC_WALL


def test_finer_instants_are_floored_also_before_1970() -> None:
    for nanoseconds, micros in ((1_999, 1), (-1, -1), (-1_000, -1)):
        assert cx.Responses(score=0, at=np.array([nanoseconds], dtype="M8[ns]")).times("at").tolist() == [micros]


def test_dates_and_coarse_units() -> None:
    days = [date(2026, 3, 2), np.datetime64("2026-03-02"), datetime(2026, 3, 2)]
    assert len(set(at(*days).times("at").tolist())) == 1
    for column in (
        np.array(["2026-03-02"], dtype="M8[D]"),
        pl.Series([date(2026, 3, 2)]),
        pa.array([date(2026, 3, 2)]),
    ):
        assert cx.Responses(score=0, at=column)[0].at == datetime(2026, 3, 2)


# -- mixing ------------------------------------------------------------------------------------------


def test_naive_and_aware_instants_do_not_mix() -> None:
    naive, aware = datetime(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(cx.MixedTimeZonesError, match=r"at must be all aware or all naive .got both"):
        at(naive, aware)
    with pytest.raises(
        cx.MixedTimeZonesError, match=r"asked_at must follow the same rule .*got aware ones beside naive"
    ):
        at(naive, asked_at=aware)
    with pytest.raises(cx.MixedTimeZonesError, match="concat needs batches that are all aware or all naive"):
        at(naive).concat(at(aware))


def test_columns_without_an_instant_follow_either_rule() -> None:
    aware = datetime(2026, 3, 2, tzinfo=UTC)
    for nothing in (None, [None], pd.Series([pd.NaT]), np.array(["NaT"], dtype="M8[ns]")):
        assert at(aware, asked_at=nothing).aware is True
    both = cx.Responses(score=[1]).concat(at(aware, tz="Europe/Berlin"))
    assert (both[0].at, both[1].at, both.tz) == (None, aware, "Europe/Berlin")


def test_one_instant_follows_the_rule_of_the_columns() -> None:
    naive, aware = datetime(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC)
    micros = int(np.datetime64(naive, "us").astype(np.int64))
    assert _inputs.instant(aware, "as_of", aware=True) == micros
    assert _inputs.instant(naive, "as_of", aware=False) == micros
    assert _inputs.instant(naive, "as_of", aware=None) == micros
    assert _inputs.instant(naive, "as_of", aware=True, tz=timezone(timedelta(hours=1))) == micros - 3_600_000_000
    with pytest.raises(cx.MixedTimeZonesError, match=r"as_of must follow .*got naive, the data are aware"):
        _inputs.instant(naive, "as_of", aware=True)
    with pytest.raises(cx.MixedTimeZonesError, match=r"got aware, the data are naive\); name the zone of the data"):
        _inputs.instant(aware, "as_of", aware=False)
    with pytest.raises(cx.ArgumentTypeError, match=r"as_of must be a datetime \(got None\)"):
        _inputs.instant(None, "as_of", aware=True)


# -- clock changes -----------------------------------------------------------------------------------

GAP = datetime(2026, 3, 29, 2, 30)  # clocks in Berlin go from 2 to 3
TWICE = datetime(2026, 10, 25, 2, 30)  # and back from 3 to 2


@pytest.mark.parametrize(("wall", "rule"), [(GAP, "exist"), (TWICE, "be unambiguous")])
def test_impossible_and_double_wall_times_are_refused(wall: datetime, rule: str) -> None:
    with pytest.raises(
        cx.InvalidValueError, match=rf"at must {rule} as wall times of Europe/Berlin .*fold=0"
    ) as caught:
        at(datetime(2026, 3, 1), wall, tz="Europe/Berlin")
    assert caught.value.positions == (1,)


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("wall", [GAP, TWICE, GAP + timedelta(hours=1), TWICE - timedelta(hours=1)])
def test_fold_chooses_the_reading(wall: datetime, fold: int) -> None:
    found = at(wall, tz="Europe/Berlin", fold=fold)[0].at
    assert found.astimezone(UTC) == wall.replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Pacific/Apia", "America/Sao_Paulo"]


@given(
    st.lists(st.datetimes(datetime(2005, 1, 1), datetime(2027, 1, 1)), max_size=20),
    st.sampled_from(ZONES),
    st.sampled_from([0, 1]),
)
def test_wall_times_agree_with_the_standard_library(walls: list[datetime], zone: str, fold: int) -> None:
    expected = [wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for wall in walls]
    assert [record.at for record in at(*walls, tz=zone, fold=fold)] == expected


@given(st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), max_size=20))
def test_aware_instants_come_back_after_a_round_through_a_batch(instants: list[datetime]) -> None:
    batch = at(*instants)
    assert [record.at for record in batch[:]] == instants


@given(st.datetimes(timezones=st.sampled_from([None, UTC])))
def test_an_instant_comes_back_as_it_was_read(value: datetime) -> None:
    (micros,), aware = _inputs.instants([value], "at")
    assert value == _inputs.moment(int(micros), aware) == _inputs.moment_or_none(int(micros), aware)


def test_an_instant_comes_back_on_the_clock_of_a_zone() -> None:
    micros = _inputs.instant(datetime(2026, 7, 1, 10, tzinfo=UTC), "at", aware=True)
    assert "2026-07-01 12:00:00+02:00" == str(_inputs.moment(micros, True, "Europe/Berlin"))
    assert "2026-07-01 10:00:00" == str(_inputs.moment(micros, False, "Europe/Berlin"))  # no zone was ever named
    assert _inputs.moment_or_none(None, True) is _inputs.moment_or_none(_inputs.NAT, True) is None


def test_the_ends_of_the_calendar() -> None:
    # 9999-12-31 is what databases write for "no end".
    assert at(datetime(9999, 12, 31), tz="Europe/Berlin")[0].at == datetime(9999, 12, 30, 23, tzinfo=UTC)
    assert at(datetime(1, 1, 2), tz="Asia/Tokyo")[0].at.year == 1
    with pytest.raises(cx.InvalidValueError, match="lie in the years 1 to 9999"):
        cx.Responses(score=0, at=np.array([2**62], dtype="M8[us]"))


@pytest.mark.parametrize(
    ("tz", "error"), [("Europe/Berln", cx.UnknownNameError), ("", cx.UnknownNameError), (1, cx.ArgumentTypeError)]
)
def test_unknown_zones(tz: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"tz must .*tz='Europe/Berlin'"):
        at(datetime(2026, 3, 2), tz=tz)


@pytest.mark.parametrize("value", ["2026-03-02", 1_772_442_000, 1.5, True, timedelta(1)])
def test_nothing_is_guessed_from_texts_and_numbers(value: Any) -> None:
    for column in ([value], [datetime(2026, 3, 2), value], pd.Series([value])):
        with pytest.raises(cx.ArgumentTypeError, match="at must be datetimes or datetime64"):
            cx.Responses(score=0, at=column)


# -- durations ---------------------------------------------------------------------------------------

WAITS = [timedelta(minutes=5), None, timedelta(microseconds=-1)]


@pytest.mark.parametrize(
    "values",
    [
        WAITS,
        np.array(WAITS, dtype="m8[us]"),
        pd.Series(WAITS, dtype="m8[ns]"),
        pl.Series(WAITS, dtype=pl.Duration("ns")),
        pa.array(WAITS, type=pa.duration("us")),
        [np.timedelta64(300, "s"), None, np.timedelta64(-1, "us")],
        np.ma.array([300_000_000, 0, -1], mask=[0, 1, 0], dtype="m8[us]"),
    ],
)
def test_durations_through_every_door(values: Any) -> None:
    assert _inputs.durations(values, "waits").tolist() == [300_000_000, _inputs.NAT, -1]


def test_durations_need_a_unit() -> None:
    assert _inputs.durations([None], "waits").tolist() == [_inputs.NAT]
    with pytest.raises(cx.ArgumentTypeError, match=r"waits must be timedeltas .*got 5\); numbers have no unit"):
        _inputs.durations([5], "waits")


def test_one_duration() -> None:
    for value in (timedelta(days=7), np.timedelta64(7, "D"), pd.Timedelta("7D")):
        assert _inputs.duration(value, "window") == 7 * 86_400_000_000
    with pytest.raises(cx.ArgumentTypeError, match=r"got 30\); write window=timedelta\(days=30\)"):
        _inputs.duration(30, "window")
    with pytest.raises(cx.ArgumentTypeError, match=r"got '7d'\); write window=timedelta\(days=7\)"):
        _inputs.duration("7d", "window")
    with pytest.raises(cx.InvalidValueError, match="window must be longer than zero"):
        _inputs.duration(timedelta(0), "window", positive=True)
    with pytest.raises(cx.ArgumentTypeError, match="window must be a timedelta"):
        _inputs.duration(np.timedelta64("NaT"), "window")


def test_a_duration_that_64_bits_cannot_hold_is_refused() -> None:
    with pytest.raises(cx.InvalidValueError, match="values must be shorter than 292,000 years"):
        cx.outliers([timedelta(minutes=1), timedelta.max])
