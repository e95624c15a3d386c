"""What group keys say: their order in time, whether a period is missing, whether two sets are of one kind.

Sees keys and names only, never a figure.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from ..errors import ArgumentValueError
from ..groups import Groups

__all__ = ["check_same_groups", "evenly_spaced", "in_time"]

# What texts say the year, and then the quarter, the month, the week or the day: in order where they are sorted.
_WRITTEN = (
    re.compile(r"(\d{4})"),
    re.compile(r"(\d{4})-?Q([1-4])"),
    re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    re.compile(r"(\d{4})-?W([0-4]\d|5[0-3])"),
    re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
)
_DAY = dt.timedelta(days=1)
_UNIT_STEPS = ({_DAY}, {7 * _DAY})
_MONTHS = {1, 3, 12}


def in_time(parts: Sequence[Any]) -> list[Any] | None:
    """Values that stand in order of time and tell how far apart they are; None where the parts say neither.

    Args:
        parts: dates, datetimes, numbers, or texts such as "2026", "2026-Q1", "2026-01", "2026-W05", "2026-01-31"
            or "week 9", all of one kind.

    Returns:
        list: a value for each part: a date or datetime, a number, or months counted from the year 0.
    """
    plain = [part.item() if isinstance(part, np.generic) else part for part in parts]
    for kind in (dt.datetime, dt.date):
        if all(isinstance(part, kind) for part in plain):
            return plain if _comparable(plain) else None
    if all(isinstance(part, Real) and not isinstance(part, bool) and part == part for part in plain):
        return plain
    if not all(isinstance(part, str) for part in plain):
        return None
    for form in _WRITTEN:
        found = [form.fullmatch(part) for part in plain]
        if all(found):
            try:
                return [_written(form, match) for match in found if match is not None]
            except ValueError:  # no day of the calendar
                return None
    return _numbered(plain)


def _numbered(texts: Sequence[str]) -> list[int] | None:
    """Places of texts that differ in a number alone, such as "week 9" and "week 10"; None of others."""
    parts = [re.fullmatch(r"(\D*)(\d+)(\D*)", text) for text in texts]
    if not texts or not all(parts) or len({(part[1], part[3]) for part in parts if part}) > 1:
        return None
    return [int(part[2]) for part in parts if part]


def _comparable(instants: Sequence[Any]) -> bool:
    """Whether instants follow one rule: all aware or all naive, and none a bare date among datetimes."""
    return len({(type(one) is dt.date, getattr(one, "tzinfo", None) is None) for one in instants}) < 2


def _written(form: re.Pattern[str], match: re.Match[str]) -> Any:
    year, *rest = (int(number) for number in match.groups())
    place = _WRITTEN.index(form)
    if place == 3:
        return dt.date.fromisocalendar(year, rest[0], 1)
    if place == 4:
        return dt.date(year, *rest)
    step = (12, 3, 1)[place]
    return 12 * year + step * (rest[0] - 1 if rest else 0)


def evenly_spaced(values: Sequence[Any]) -> bool:
    """Whether values in order are the same step apart, so that none is missing between them.

    Days may be months, quarters or years apart, too. Of two dates only a day, a week, a month, a quarter or a year
    is a step: any two are evenly spaced otherwise.
    """
    if len(values) < 2:
        return True
    dated = isinstance(values[0], dt.date)
    steps = {after - before for before, after in pairwise(values)}
    if not dated:
        return bool(max(steps) - min(steps) <= 1e-9 * max(steps))
    if len(steps) == 1 and len(values) > 2:
        return True
    if len({(one.day, *one.timetuple()[3:6]) for one in values}) == 1:
        months = [12 * one.year + one.month for one in values]
        apart = {after - before for before, after in pairwise(months)}
        if len(apart) == 1 and (len(values) > 2 or apart <= _MONTHS):
            return True
    return steps in _UNIT_STEPS


def check_same_groups(before: Groups[Any], after: Groups[Any], *, in_common: bool = True) -> None:
    """Refuse two sets of groups by unlike keys, or, where it matters, without a key in common.

    Raises:
        ArgumentValueError: keys that were named and are called otherwise, another number of them, or none in both.
    """
    mine, theirs = before.names, after.names
    unlike = [one for one in zip(mine, theirs, strict=False) if one[0] != one[1] and not any(map(_unnamed, one))]
    some = bool(len(before) and len(after))
    if unlike or (some and (len(mine) != len(theirs) or before._table.many is not after._table.many)):
        msg = (
            f"before and after must have the same kind of groups (got groups by {', '.join(mine)} and by "
            f"{', '.join(theirs)}); use the same by= for both, under the same names: by={{'channel': ...}}"
        )
        raise ArgumentValueError(msg, argument="after", found=(mine, theirs))
    if in_common and some and not any(key in before for key in after):
        shown = [repr(next(iter(side))) for side in (before, after)]
        msg = (
            f"before and after must have groups in common (got keys such as {shown[0]} and {shown[1]}); measure both "
            f"with the same by=, and write labels alike"
        )
        raise ArgumentValueError(msg, argument="after", found=tuple(after))


def _unnamed(name: str) -> bool:
    return re.fullmatch(r"group(_\d+)?", name) is not None
