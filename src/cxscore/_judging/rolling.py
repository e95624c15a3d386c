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

__all__ = ["rolling"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
R = TypeVar("R", bound=Finding)


def rolling(groups: Groups[R], periods: int) -> Groups[R]:
    """The figures of the last `periods` periods together, for every period that has so many up to it.

    Nothing is counted again: survey scores add up the counts of the periods, waits and repeats put together what was
    found of each, so a percentile is that of all the waits of the window and never a mean of percentiles. Windows
    overlap: neighbours share all but one period, so `trend` and other judgements of many groups refuse them.

    Args:
        groups: what a metric gave by `cxscore.period`, alone or among other keys, each combination of which rolls for
            itself; or groups whose keys are dates, of which every one is taken for a period that follows the one
            before. Rows of no period (None) are in no window.
        periods: how many periods a window has, 1 or more.

    Returns:
        Groups: the key of a window is that of its last period. It is in `incomplete` where any of its periods is. The
        signature says `rolling`. `overall` is that of all rows, as before.

    Raises:
        ArgumentTypeError: no groups; keys that are no periods; groups that cannot be put together (outliers).
        ArgumentValueError: `periods` is no whole number of 1 or more.

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
    found = [
        order[start : start + periods]
        for members in series.values()
        for order in [sorted(members, key=lambda i: given[i] if not several else given[i][place])]
        for start in range(len(order) - periods + 1)
    ]
    found.sort(key=lambda window: window[-1])  # in the order of the keys, as before
    unfinished = set(groups.incomplete)
    keys = Keys(given[window[-1]] for window in found)
    keys.place = place
    keys.incomplete = tuple(given[w[-1]] for w in found if not unfinished.isdisjoint(given[i] for i in w))
    keys.definition = FrozenMap({**getattr(given, "definition", {}), "rolling": str(periods)})
    return keys, np.array(found, dtype=np.int64).reshape(len(found), periods)


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
