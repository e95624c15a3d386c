"""Instants and durations of any library as int64 microseconds, wall times of a zone as UTC, and both of them back."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentTypeError, InvalidValueError, MixedTimeZonesError, UnknownNameError
from .columns import NAT, Column, _Aware, column
from .refusals import _plain, refuse_invalid

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_EPOCH = dt.datetime(1970, 1, 1)
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_DAY = 86_400_000_000
# Years 1 to 9999, what datetime can hold: an instant outside is a reading error, not a time.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000


def _microseconds(data: Array) -> Ints:
    """datetime64 or timedelta64 of any unit as int64 microseconds, floored; NaT stays NaT."""
    kind, unit = data.dtype.kind, np.datetime_data(data.dtype)
    if unit == ("us", 1):
        return np.asarray(data).view(np.int64)
    if unit[0] == "ns" and unit[1] == 1:
        raw = np.asarray(data).view(np.int64)
        return np.where(raw == NAT, NAT, raw // 1000)
    return np.asarray(data).astype(f"{kind}8[us]").view(np.int64)


def instants(
    values: Any, argument: str, *, tz: str | dt.tzinfo | None = None, fold: int | None = None
) -> tuple[Ints, bool | None]:
    """Instants as int64 microseconds since 1970 (`NAT` where missing) and whether they are UTC.

    Aware instants become UTC. Naive ones are wall times of `tz` and become UTC too, or, without `tz`,
    stay an unbroken clock. The second value is None for a column without a single instant.

    Raises:
        MixedTimeZonesError: naive and aware instants in one column.
        ArgumentTypeError: texts or numbers instead of instants.
        InvalidValueError: wall times that are ambiguous or missing in `tz`, with `fold=None`.
    """
    found = column(values, argument)
    data = found.data
    if data.dtype.kind == "M":
        micros, aware = _microseconds(data), isinstance(data, _Aware)
    elif data.dtype.kind == "O" or not len(data) or (found.missing is not None and found.missing.all()):
        micros, kind = _object_instants(data, found.missing, argument)
        if kind is None:
            return micros, None
        aware = kind
    else:
        _refuse_not_instants(data[0], argument)
    if found.missing is not None and data.dtype.kind == "M":
        micros = np.where(found.missing, NAT, micros)
    if not (micros != NAT).any():
        return micros, None
    off = (micros != NAT) & ((micros < _FIRST) | (micros >= _LAST))
    if off.any():
        refuse_invalid(argument, "lie in the years 1 to 9999", off, data, way="check the unit of the timestamps")
    if aware or tz is None:
        return micros, aware
    return wall_to_utc(micros, tz, argument, fold=fold), True


def moment(micros: int, aware: bool | None, tz: str | dt.tzinfo | None = None) -> dt.datetime:
    """One instant back as a datetime, by the rule that `instants` found: in UTC, or on the clock of `tz`; or naive."""
    plain = _EPOCH + dt.timedelta(microseconds=micros)
    if not aware:
        return plain
    known = plain.replace(tzinfo=dt.UTC)
    return known if tz is None else known.astimezone(zone_of(tz))


def moment_or_none(micros: int | None, aware: bool | None, tz: str | dt.tzinfo | None = None) -> dt.datetime | None:
    """The same, None where there is no instant."""
    return None if micros is None or micros == NAT else moment(micros, aware, tz)


def as_utc(micros: Ints) -> Array:
    """Microseconds since 1970 as datetime64 that `instants` knows to be UTC, should it see them again."""
    return _Aware(micros.view("M8[us]"))


def _refuse_not_instants(value: Any, argument: str) -> None:
    value = _plain(value)
    way = "datetime.fromtimestamp(number, timezone.utc)"
    if isinstance(value, str):
        way = "datetime.fromisoformat(text), or a whole column with pd.to_datetime or polars' str.to_datetime"
    msg = (
        f"{argument} must be datetimes or datetime64 (got {value!r}); nothing is guessed from texts and numbers, "
        f"convert with {way}"
    )
    raise ArgumentTypeError(msg, argument=argument, found=value)


def _object_instants(data: Array, missing: Bools | None, argument: str) -> tuple[Ints, bool | None]:
    out = np.full(len(data), NAT, dtype=np.int64)
    aware = naive = False
    for i, value in enumerate(data.tolist()):
        if missing is not None and missing[i]:
            continue
        if isinstance(value, np.datetime64):
            micros = int(_microseconds(np.array([value]))[0])
            naive = naive or micros != NAT
        elif isinstance(value, dt.datetime):
            if value.utcoffset() is not None:
                micros, aware = (value - _EPOCH_UTC) // _MICROSECOND, True
            else:
                micros, naive = (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND, True
        elif isinstance(value, dt.date):
            micros, naive = (dt.datetime(value.year, value.month, value.day) - _EPOCH) // _MICROSECOND, True
        else:
            _refuse_not_instants(value, argument)
        out[i] = micros
    if aware and naive:
        msg = (
            f"{argument} must be all aware or all naive (got both); give the naive ones a zone with "
            f"value.replace(tzinfo=ZoneInfo('Europe/Berlin'))"
        )
        raise MixedTimeZonesError(msg, argument=argument)
    return out, (aware if aware or naive else None)


def instant(value: Any, argument: str, *, aware: bool | None, tz: str | dt.tzinfo | None = None) -> int:
    """One instant, following the rule of the columns it stands beside, in microseconds.

    Raises:
        ArgumentTypeError: not an instant.
        MixedTimeZonesError: naive where the columns are aware and name no zone, or the other way round.
    """
    micros, own = instants([value], argument)
    if own is None:
        msg = f"{argument} must be a datetime (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if own is False and aware and tz is not None:
        return int(wall_to_utc(micros, tz, argument, fold=None)[0])
    if aware is not None and own is not aware:
        mine, theirs = ("aware", "naive") if own else ("naive", "aware")
        way = (
            "name the zone of the data with tz= when you build the batch"
            if own
            else f"pass an aware one, e.g. {argument}=datetime(2026, 1, 31, tzinfo=timezone.utc)"
        )
        msg = f"{argument} must follow the same rule as the data (got {mine}, the data are {theirs}); {way}"
        raise MixedTimeZonesError(msg, argument=argument, found=value)
    return int(micros[0])


def wall_to_utc(wall: Ints, tz: str | dt.tzinfo, argument: str, *, fold: int | None) -> Ints:
    """Wall times of a zone in microseconds as UTC, vectorised over whole days without a clock change.

    A wall time that comes twice or never on its day follows `fold` (0 the earlier offset, 1 the later) or raises.
    """
    zone = zone_of(tz)
    rows = np.flatnonzero(wall != NAT)
    given = wall[rows]
    unique, inverse = _days(given)
    before = np.array([_offset(int(day) * _DAY, zone, 0) for day in unique], dtype=np.int64)
    after = np.array([_offset(int(day + 1) * _DAY, zone, 1) for day in unique], dtype=np.int64)
    offset = before[inverse]
    moved = before != after  # no zone changes its clocks twice in a day
    changing = np.flatnonzero(moved[inverse])
    never, twice = np.zeros(len(wall), dtype=np.bool_), np.zeros(len(wall), dtype=np.bool_)
    for place in np.flatnonzero(moved).tolist():
        mine = changing[inverse[changing] == place]
        early, late = int(before[place]), int(after[place])
        midnight = int(unique[place]) * _DAY
        change = _change(zone, midnight - max(early, late), midnight + _DAY - min(early, late), late)
        # Clocks skip these wall times or show them twice; before them one offset holds, after them the other.
        first, last = change + min(early, late), change + max(early, late)
        own = given[mine]
        odd = (own >= first) & (own < last)
        offset[mine] = np.where((own >= last) | (odd & (fold == 1)), late, early)
        (never if early < late else twice)[rows[mine[odd]]] = True
    for what, mask in (("exist", never), ("be unambiguous", twice)):
        if fold is None and mask.any():
            refuse_invalid(
                argument,
                f"{what} as wall times of {tz}",
                mask,
                wall.view("M8[us]"),
                way="pass aware instants, or fold=0 (first reading) or fold=1 (second reading)",
            )
    out = wall.copy()
    out[rows] -= offset
    return out


def _change(zone: dt.tzinfo, low: int, high: int, late: int) -> int:
    """The instant from which on `late` is the offset of a zone: at `low` at the earliest, at `high` at the latest."""
    low, high = low // 1_000_000 - 1, high // 1_000_000  # clocks change at whole seconds
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset_of_utc(middle * 1_000_000, zone) == late else (middle, high)
    return high * 1_000_000


def utc_to_wall(utc: Ints, tz: str | dt.tzinfo) -> Ints:
    """UTC instants in microseconds (none missing) as wall times of a zone, vectorised over whole days."""
    zone = zone_of(tz)
    unique, inverse = _days(utc)
    start, noon, end = (
        np.array([_offset_of_utc(int(day) * _DAY + into, zone) for day in unique], dtype=np.int64)
        for into in (0, _DAY // 2, _DAY)
    )
    offset = start[inverse]
    for i in np.flatnonzero(((start != noon) | (noon != end))[inverse]):
        offset[i] = _offset_of_utc(int(utc[i]), zone)
    return utc + offset


def _days(micros: Ints) -> tuple[Ints, Ints]:
    """The days that occur, in order, and the place of each instant's day among them."""
    days = np.floor_divide(micros, _DAY)
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    if last - first > 4 * len(days):
        unique, inverse = np.unique(days, return_inverse=True)
        return unique, inverse.reshape(-1)
    days -= first  # ticking off the days of a dense range spares sorting the rows
    occurs = np.zeros(last - first + 1, dtype=np.bool_)
    occurs[days] = True
    return np.flatnonzero(occurs) + first, (np.cumsum(occurs) - 1)[days]


def _offset_of_utc(utc: int, zone: dt.tzinfo) -> int:
    utc = min(max(utc, _FIRST + _DAY), _LAST - _DAY)  # at the ends of the calendar there is no other wall time
    value = moment(utc, True, zone)
    return (value.utcoffset() or dt.timedelta(0)) // _MICROSECOND


def zone_of(tz: object) -> dt.tzinfo:
    """A zone, or what names one.

    Raises:
        ArgumentTypeError: neither.
        UnknownNameError: a name that the IANA database does not have.
    """
    if isinstance(tz, dt.tzinfo):
        return tz
    if not isinstance(tz, str):
        msg = f"tz must be a zone, e.g. tz='Europe/Berlin' (got {tz!r})"
        raise ArgumentTypeError(msg, argument="tz", found=tz)
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):  # unknown, no key at all, a folder of zones
        msg = f"tz must name a zone of the IANA database, e.g. tz='Europe/Berlin' (got {tz!r}); is tzdata installed?"
        raise UnknownNameError(msg, argument="tz", found=tz) from None


def _offset(wall: int, zone: dt.tzinfo, fold: int) -> int:
    wall = min(max(wall, _FIRST), _LAST - 1)  # the last day has no next midnight
    value = moment(wall, False).replace(tzinfo=zone, fold=fold)
    return (value.utcoffset() or dt.timedelta(0)) // _MICROSECOND


def durations(values: Any, argument: str) -> Ints:
    """Durations as int64 microseconds, `NAT` where missing.

    Raises:
        ArgumentTypeError: numbers without a unit.
    """
    return _durations(column(values, argument), argument)


def _durations(found: Column, argument: str) -> Ints:
    data = found.data
    if data.dtype.kind == "m":
        micros = _microseconds(data)
        return micros if found.missing is None else np.where(found.missing, NAT, micros)
    out = np.full(len(data), NAT, dtype=np.int64)
    if found.missing is not None and found.missing.all():
        return out
    for i, value in enumerate(data.tolist()):
        if found.missing is not None and found.missing[i]:
            continue
        if isinstance(value, np.timedelta64):
            out[i] = _microseconds(np.array([value]))[0]
        elif isinstance(value, dt.timedelta):
            out[i] = _counted(value, argument)
        else:
            msg = (
                f"{argument} must be timedeltas or timedelta64 (got {value!r}); numbers have no unit, "
                f"e.g. timedelta(minutes=5)"
            )
            raise ArgumentTypeError(msg, argument=argument, found=value)
    return out


def _counted(value: dt.timedelta, argument: str) -> int:
    micros = value // _MICROSECOND
    if abs(micros) >= 1 << 63:
        msg = (
            f"{argument} must be shorter than 292,000 years (got {value!r}), the most that 64 bits of microseconds hold"
        )
        raise InvalidValueError(msg, argument=argument, found=value)
    return micros


def duration(value: Any, argument: str, *, positive: bool = False, way: str | None = None) -> int:
    """One duration in microseconds; `way` is what to write where it is one of several.

    Raises:
        ArgumentTypeError: a bare number; the message shows timedelta.
        ArgumentValueError: missing, or not above zero where it must be.
    """
    if isinstance(value, np.timedelta64):
        value = value.astype("m8[us]").item()
    if not isinstance(value, dt.timedelta):
        shown = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 7
        msg = f"{argument} must be a timedelta (got {value!r}); write {way or f'{argument}=timedelta(days={shown})'}"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if positive and value <= dt.timedelta(0):
        msg = f"{argument} must be longer than zero (got {value!r}), e.g. {way or f'{argument}=timedelta(days=7)'}"
        raise InvalidValueError(msg, argument=argument, found=value)
    return value // _MICROSECOND
