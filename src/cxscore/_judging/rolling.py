"""Rolling windows: figures of the last few periods together, from what was counted of each.

Knows groups and what their tables can put together; sees no row.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .._evidence import Evidence
from .._frozen import FrozenMap
from .._grouping import Keys
from .._results import Finding
from ..errors import ArgumentTypeError, ArgumentValueError, MergeError, shown
from ..groups import Groups
from .keys import evenly_spaced, in_time

__all__ = ["rolling"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
R = TypeVar("R", bound=Finding)


def rolling(groups: Groups[R], periods: int) -> Groups[R]:
    """The figures of the last `periods` periods together, for every period that has so many up to it.

    Nothing is counted again: survey scores add up the counts of the periods, waits and repeats put together what was
    found of each, so a percentile is that of all the waits of the window and never a mean of percentiles.

    A window is what its rows give in one go, of the same definition: it may be compared with any other figure of that
    definition, the sum of the tallies of a year ago for instance. Windows overlap: neighbours share all but one period,
    so `trend` and other judgements of many figures refuse them, by what the second part of the signature says.

    Args:
        groups: what a metric gave by `cxscore.period`, alone or among other keys, each combination of which rolls for
            itself; or groups whose keys are dates that follow each other without a gap, as
            `Groups.from_tallies(..., unit="day")` makes them. Rows of no period (None) are in no window.
        periods: how many periods a window has, 1 or more.

    Returns:
        Groups: the key of a window is that of its last period. It is in `incomplete` where any of its periods is. The
        signature says `rolling`, and of what, in its second part. `overall` is that of all rows, as before.

    Raises:
        ArgumentTypeError: no groups; keys that are no periods; groups that cannot be put together (outliers).
        ArgumentValueError: `periods` is no whole number of 1 or more; dates with a gap, or at uneven distances.

    >>> from datetime import datetime
    >>> import cxscore as cx
    >>> given = [datetime(2026, 1, 5), datetime(2026, 1, 9), datetime(2026, 2, 3), datetime(2026, 3, 2)]
    >>> monthly = cx.nps([10, 3, 9, 9], by=cx.period(given, "month", tz="Europe/Berlin"))
    >>> monthly.scores
    array([  0., 100., 100.])
    >>> two_months = cx.rolling(monthly, 2)
    >>> [(str(month), result.n, round(result.score, 1)) for month, result in two_months.items()]
    [('2026-02-01', 3, 33.3), ('2026-03-01', 2, 100.0)]
    """
    if not isinstance(groups, Groups):
        msg = (
            f"groups must be Groups by period (got {type(groups).__name__}); "
            f"write cx.rolling(cx.nps(responses, by=cx.period('at', 'week', tz=...)), 4)"
        )
        raise ArgumentTypeError(msg, argument="groups", found=type(groups))
    if isinstance(periods, bool) or not isinstance(periods, int) or periods < 1:
        msg = f"periods must be a whole number of 1 or more (got {shown(periods)}), e.g. 4"
        raise ArgumentValueError(msg, argument="periods", found=periods)
    table = groups._table
    if not hasattr(table, "union"):
        msg = (
            f"groups must hold figures that can be put together (got {groups!r}, whose figures are not); "
            f"outliers and backlogs are read period by period"
        )
        raise ArgumentTypeError(msg, argument="groups", found=type(table))
    return Groups(_Windows(table, *_windows(groups, periods)), min_n=groups._min_n)


def _windows(groups: Groups[Any], periods: int) -> tuple[Keys, Ints]:
    """Keys of the windows, and the places of their periods among the groups, one row a window."""
    given = groups._table.keys
    place = _place_of_period(groups)
    several = groups._table.many
    series: dict[Any, list[int]] = defaultdict(list)
    for i, key in enumerate(given):
        parts = key if several else (key,)
        if parts[place] is not None:
            series[(*parts[:place], *parts[place + 1 :])].append(i)
    gapless = getattr(given, "place", None) is not None
    orders = [_in_order(members, given, place if several else None, gapless) for members in series.values()]
    found = [order[start : start + periods] for order in orders for start in range(len(order) - periods + 1)]
    found.sort(key=lambda window: window[-1])  # in the order of the keys, as before
    unfinished = set(groups.incomplete)
    keys = Keys(given[window[-1]] for window in found)
    keys.place = place
    keys.incomplete = tuple(given[w[-1]] for w in found if not unfinished.isdisjoint(given[i] for i in w))
    # A window is no period: how long it is does not decide what it may be compared with.
    said = dict(getattr(given, "definition", {}))
    cut = {name: said.pop(name) for name in ("period",) if name in said}
    keys.definition, keys.estimation = FrozenMap(said), FrozenMap({"rolling": str(periods), **cut})
    return keys, np.array(found, dtype=np.int64).reshape(len(found), periods)


def _in_order(members: list[int], keys: Sequence[Any], place: int | None, gapless: bool) -> list[int]:
    """Places of groups in order of time, none of which is missing."""
    dates = {i: keys[i] if place is None else keys[i][place] for i in members}
    if gapless:
        return sorted(members, key=dates.__getitem__)
    if in_time(list(dates.values())) is None:
        msg = f"groups must have keys that are all dates or all datetimes of one rule (got {shown(dates[members[0]])})"
        raise ArgumentTypeError(msg, argument="groups", found=dates[members[0]])
    found = sorted(members, key=dates.__getitem__)
    values = [dates[i] for i in found]
    if not evenly_spaced(values):
        msg = (
            f"groups must be periods that follow each other without a gap (got {len(values)} from {values[0]} to "
            f"{values[-1]} at uneven distances); say what they are, cx.Groups.from_tallies(tallies, cx.nps, "
            f"unit='day'), or cut time with by=cx.period(...), and periods without rows are there"
        )
        raise ArgumentValueError(msg, argument="groups", found=tuple(values[:2]))
    return found


def _place_of_period(groups: Groups[Any]) -> int:
    """Which part of the keys is the period."""
    known: int | None = getattr(groups._table.keys, "place", None)
    if known is not None:
        return known
    columns = list(zip(*groups, strict=True)) if groups._table.many else [tuple(groups)]
    dated = [
        place
        for place, column in enumerate(columns)
        if any(isinstance(part, dt.date) for part in column)
        and all(part is None or isinstance(part, dt.date) for part in column)
    ]
    if len(dated) != 1:
        msg = (
            f"groups must have one key that is a period (got {groups!r}); "
            f"cut time with by=cx.period('at', 'week', tz=...), or give groups dates as keys"
        )
        raise ArgumentTypeError(msg, argument="groups", found=groups.names)
    return dated[0]


class _Windows:
    """Results of several groups of another table together."""

    def __init__(self, base: Any, keys: Keys, windows: Ints) -> None:
        self.keys = keys
        self.names: tuple[str, ...] = base.names
        self.many: bool = base.many
        self._base = base
        self._windows = windows

    def result(self, i: int) -> Any:
        return self._base.union(self._windows[i])

    def overall(self) -> Any:
        return self._base.overall()

    def rest(self, i: int) -> Any:
        return self._base.union(np.setdiff1d(np.arange(len(self._base.keys)), self._windows[i]))

    @cached_property
    def _together(self) -> Any:
        """A table of the same windows in arrays, where the counts of groups add up; None elsewhere."""
        known = getattr(self._base, "unions", None)
        return None if known is None else known(self._windows)

    def column(self, name: str) -> Array | None:
        found: Array | None = None if self._together is None else self._together.column(name)
        return found

    def evidence(self) -> Evidence:
        msg = (
            "groups must share no rows to be judged together (got rolling windows, which overlap); "
            "pass the periods themselves, or compare two windows that share none"
        )
        raise ArgumentTypeError(msg, argument="groups")

    def tally(self) -> Any:
        return self._base.tally()

    def tallies(self) -> Sequence[Any]:
        msg = "rolling windows have no tallies that add up, because they overlap; take those of the periods"
        raise MergeError(msg)
