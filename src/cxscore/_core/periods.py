"""Calendar periods: where days, weeks, months, quarters and years begin, and which one holds an instant.

Instants are int64 microseconds, days are counted from 1970-01-01. Knows the calendar and the clocks of zones
(`business_time`); nothing of columns, of names of zones and of missing values.

A day begins at the first instant at which the clocks of its zone show its date or a later one. So every instant
lies in exactly one day and days follow each other, also where clocks skip midnight, show it twice, or skip a
whole date; such a date has no time in it.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from .business_time import DAY, span_starts, zone_changes

__all__ = ["MONTHS", "first_days", "place", "starts_of_days"]

Ints = npt.NDArray[np.int64]

MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""How many months the periods have that are made of months."""

_CHUNK = 1 << 16
# 1970-01-01 was a Thursday.
_THURSDAY = 3


def first_days(unit: str, low: int, high: int, *, week_start: int = 0, year_start: int = 1) -> Ints:
    """First days of the periods from the one of day `low` to the one of day `high`, and of the one after.

    Args:
        unit: day, week, month, quarter or year.
        low: a day.
        high: a day not before it.
        week_start: the day that weeks begin on, 0 is Monday.
        year_start: the month that years begin in, 1 is January; quarters are quarters of such years.
    """
    if unit == "day":
        return np.arange(low, high + 2, dtype=np.int64)
    if unit == "week":
        before = (low + _THURSDAY - week_start) % 7
        return np.arange(low - before, high + 8, 7, dtype=np.int64)
    size = MONTHS[unit]
    months = np.array([low, high], dtype="M8[D]").astype("M8[M]").astype(np.int64)
    shift = (year_start - 1) % size
    first, last = ((months - shift) // size * size + shift).tolist()
    starts = np.arange(first, last + size + 1, size, dtype=np.int64)
    return starts.astype("M8[M]").astype("M8[D]").astype(np.int64)


def starts_of_days(days: Ints, zone: dt.tzinfo | None) -> Ints:
    """The instants at which days begin, ascending like the days; without a zone the midnights of one clock."""
    midnights = days * DAY
    if zone is None or not len(days):
        return midnights
    return span_starts(midnights, *zone_changes(zone, int(days[0]) - 2, int(days[-1]) + 3))


def place(instants: Ints, starts: Ints) -> Ints:
    """The number of the period that holds each instant: starts[i] <= instant < starts[i + 1].

    Where periods have no time in them the last one that begins there counts. No instant lies outside all of them.
    """
    if not len(instants):
        return np.empty(0, dtype=np.int64)
    first, last = int(instants.min()) // DAY, int(instants.max()) // DAY
    if last - first > 4 * len(instants):
        return np.asarray(starts.searchsorted(instants, side="right") - 1, dtype=np.int64)
    # What each day of UTC begins in, and at most how many periods begin within one: looking that up and
    # comparing costs a tenth of a binary search.
    table = starts.searchsorted(np.arange(first, last + 2, dtype=np.int64) * DAY, side="right") - 1
    np.maximum(table, 0, out=table)  # the first day may begin before the first period
    steps = int(np.diff(table).max())
    # Beyond the last period there is no start to compare with.
    until = np.append(starts[1:], np.iinfo(np.int64).max)
    out = np.empty(len(instants), dtype=np.int64)
    for begin in range(0, len(instants), _CHUNK):
        chunk, into = instants[begin : begin + _CHUNK], out[begin : begin + _CHUNK]
        table.take(chunk // DAY - first, out=into)
        for _ in range(steps):
            into += chunk >= until[into]
    return out
