"""The way back from figures to records: one row a wait, and one a conversation whose promise is at risk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

import attrs
import numpy as np
import numpy.typing as npt

from ... import _html
from ..._clocks import Clock, Timeline
from ..._core import waits
from ..._inputs import NAT, read_only
from ..._results import put, show
from ._summary import moment, moments, now_of

__all__ = ["AtRisk", "WaitTable", "at_risk"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_OUTCOMES = {
    waits.WAIT_ANSWERED: "answered",
    waits.WAIT_CLOSED: "closed",
    waits.WAIT_ABANDONED: "abandoned",
    waits.WAIT_LAPSED: "lapsed",
    waits.WAIT_OPEN: "open",
}


_SHOWN_WAITS = 20


class WaitTable(Sequence[dict[str, Any]]):
    """One row a wait, made when it is read: the way back from a figure to its records.

    A row is a dict: `conversation`, `start`, `end` (None while open), `wait` (timedelta without pauses; age while
    open), `agent` (who answered, or the assignee of an open wait), `ended` ("answered", "closed", "abandoned",
    "lapsed", "open"), `first` (whether it is the first response), `started_by` (why the clock started there:
    "customer", "handoff", "created", "opened", "bot_resolved", "last_customer", "previous_answer" or "assigned"),
    and with `hours` also `business_wait` (None on a channel without a schedule).

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> at = [nine, nine + timedelta(minutes=5)]
    >>> log = cx.Messages(conversation=[1, 1], at=at, author=["customer", "agent"])
    >>> row = cx.response_times(log).table()[0]
    >>> row["conversation"], row["wait"], row["ended"]
    (1, datetime.timedelta(seconds=300), 'answered')
    """

    __slots__ = ("_clock", "_timeline")

    def __init__(self, clock: Clock, timeline: Timeline) -> None:
        self._clock = clock
        self._timeline = timeline

    def __len__(self) -> int:
        return len(self._clock.start)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._row(i) for i in range(len(self))[index]]
        return self._row(range(len(self))[index])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._row(i) for i in range(len(self)))

    def _row(self, i: int) -> dict[str, Any]:
        clock, timeline = self._clock, self._timeline
        start, end = int(clock.start[i]), int(clock.end[i])
        until = now_of(timeline) if end == NAT else end
        stopped = 0 if clock.off is None else int(clock.off[i])
        one = clock.rows(np.array([i]))
        row = {
            "conversation": timeline.label(int(clock.conversation[i])),
            "start": moment(start, timeline.aware),
            "end": moment(end, timeline.aware),
            "wait": dt.timedelta(microseconds=until - start - stopped),
            "agent": one.agents()[0],
            "ended": _OUTCOMES[int(clock.outcome[i])],
            "first": bool(clock.first is None or clock.first[i]),
            "started_by": one.starts()[0],
        }
        if clock.open_time is not None:
            micros = int(clock.open_time[i])
            row["business_wait"] = None if micros == NAT else dt.timedelta(microseconds=micros)
        return row

    @property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The same in columns, for `pandas.DataFrame(table.columns)`: instants as datetime64[us], UTC if aware."""
        clock, timeline = self._clock, self._timeline
        n = len(self)
        until = np.where(clock.end == NAT, now_of(timeline), clock.end)
        labels, agents, starts = np.empty((3, n), dtype=object)
        starts[:] = clock.starts()
        labels[:] = [timeline.label(code) for code in clock.conversation.tolist()]
        agents[:] = clock.agents()
        found = {
            "conversation": labels,
            "start": read_only(moments(clock.start, timeline.aware)),
            "end": read_only(moments(clock.end, timeline.aware)),
            "wait": (until - clock.counted_from).view("m8[us]"),
            "agent": agents,
            "ended": np.array([_OUTCOMES[code] for code in range(len(_OUTCOMES))], dtype=object)[clock.outcome],
            "first": np.ones(n, dtype=np.bool_) if clock.first is None else read_only(clock.first),
            "started_by": starts,
        }
        if clock.open_time is not None:
            found["business_wait"] = read_only(clock.open_time.view("m8[us]"))
        return found

    def __repr__(self) -> str:
        return f"WaitTable({len(self):,} waits)"

    def _repr_html_(self) -> str:
        rows = [[_cell(value) for value in row.values()] for row in self[:_SHOWN_WAITS]]
        more = len(self) - _SHOWN_WAITS
        names = ["conversation", "start", "end", "wait", "agent", "ended", "first", "started by"]
        if self._clock.open_time is not None:
            names.append("business wait")
        return _html.table(names, rows, more=f"... and {more:,} more" if more > 0 else "")


def _cell(value: Any) -> str:
    """A value of a wait for a person."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return show(value) if isinstance(value, dt.timedelta) else str(value)


class AtRisk(Sequence[dict[str, Any]]):
    """Conversations whose promise is missed or soon will be, worst first; rows are made when they are read.

    A row is a dict: `conversation`, `clock` (the promise with the least time left, "business_..." where it is about
    business time), `age`, `target`, `left` (timedelta; negative where it is missed), `missed`, and `agent` (the
    assignee, None where nobody is known).

    >>> from datetime import datetime, timedelta
    >>> import cxscore as cx
    >>> nine = datetime(2026, 3, 2, 9)
    >>> log = cx.Messages(conversation=["a", "b"], at=[nine, nine + timedelta(minutes=50)], author="customer")
    >>> now = nine + timedelta(hours=1)
    >>> result = cx.response_times(log, as_of=now, targets=timedelta(minutes=30))
    >>> for row in result.at_risk(within=timedelta(minutes=20)):
    ...     print(row["conversation"], row["clock"], row["left"], row["missed"])
    a first_response -1 day, 23:30:00 True
    b first_response 0:20:00 False
    """

    __slots__ = ("_clocks", "_label", "_place", "_which")

    def __init__(self, clocks: Sequence[_Pending], which: Ints, place: Ints, label: Callable[[int], Any]) -> None:
        self._clocks = clocks
        self._which = which
        self._place = place
        self._label = label

    def __len__(self) -> int:
        return len(self._place)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._row(i) for i in range(len(self))[index]]
        return self._row(range(len(self))[index])

    def _row(self, i: int) -> dict[str, Any]:
        pending, place = self._clocks[int(self._which[i])], int(self._place[i])
        one = pending.clock.rows(np.array([pending.rows[place]]))
        age, target = int(pending.age[place]), int(pending.target[place])
        return {
            "conversation": self._label(int(one.conversation[0])),
            "clock": pending.clock.name,
            "age": dt.timedelta(microseconds=age),
            "target": dt.timedelta(microseconds=target),
            "left": dt.timedelta(microseconds=target - age),
            "missed": age > target,
            "agent": one.agents()[0],
        }

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain JSON values; durations as float seconds under `..._seconds`."""
        rows = []
        for row in self:
            out: dict[str, Any] = {}
            for name, value in row.items():
                put(out, name, value)
            rows.append(out)
        return rows

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AtRisk):
            return NotImplemented
        return list(self) == list(other)

    def __hash__(self) -> int:
        return hash((type(self), len(self)))

    def __repr__(self) -> str:
        missed = sum(row["missed"] for row in self)
        return f"AtRisk({len(self):,} conversations, {missed:,} missed)"

    def _repr_html_(self) -> str:
        names = ["conversation", "clock", "age", "target", "left", "missed", "agent"]
        rows = [[_cell(value) for value in row.values()] for row in self[:_SHOWN_WAITS]]
        more = len(self) - _SHOWN_WAITS
        return _html.table(names, rows, more=f"... and {more:,} more" if more > 0 else "")


@attrs.frozen(eq=False)
class _Pending:
    """Open waits of one clock that have a target."""

    clock: Clock
    rows: Ints
    age: Ints
    target: Ints


def at_risk(clocks: Iterable[Clock], timeline: Timeline, within: int) -> AtRisk:
    """Open waits with at most so much time left, the worst of each conversation."""
    found = []
    for clock in clocks:
        if clock.target is not None:
            rows = np.flatnonzero((clock.end == NAT) & (clock.outcome == waits.WAIT_OPEN) & (clock.target != NAT))
            now = now_of(timeline) if clock.now is None else clock.now
            age, target = now - clock.counted_from[rows], clock.target[rows]
            near = target - age <= within
            found.append(_Pending(clock, rows[near], age[near], target[near]))
    nothing = np.empty(0, dtype=np.int64)
    which = np.concatenate([nothing, *(np.full(len(one.rows), i) for i, one in enumerate(found))])
    place = np.concatenate([nothing, *(np.arange(len(one.rows)) for one in found)])
    left = np.concatenate([nothing, *(one.target - one.age for one in found)])
    talk = np.concatenate([nothing, *(one.clock.conversation[one.rows] for one in found)])
    order = np.lexsort((which, left))
    _, worst = np.unique(talk[order], return_index=True)  # the first of each conversation
    chosen = order[np.sort(worst)]
    return AtRisk(found, which[chosen], place[chosen], timeline.label)
