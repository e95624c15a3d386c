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
from ..._inputs import NAT, moment_or_none, read_only
from ..._results import put, show
from ...policies import ServiceTargets
from ...tallies._durations import CLOCKS
from ._summary import moments, now_of

__all__ = ["AtRisk", "WaitTable", "at_risk", "channels_among", "promised_clocks"]

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

    A row is a dict: `conversation`, `start`, `end` (None while open), `wait` (timedelta as the clock counts it: without
    pauses, in business time on a clock of it; age while open), `agent` (who answered, or the assignee of an open
    wait), `channel` (None where none is known), `ended` ("answered", "closed", "abandoned", "lapsed", "open"), `first`
    (whether it is the first response), `clock` (its name, e.g. "reply" or "business_resolution"; without one named,
    "first_response" or "reply"), `started_by` (why the clock started there: "customer", "handoff", "created",
    "opened", "bot_resolved", "last_customer", "previous_answer", "assigned", or "resolved" on "reopened_after"),
    `as_of` (what counted as now), and with `hours` also `business_wait` (None on a channel without a schedule). A row
    that stands for all answered waits of a conversation (`per_conversation="sum"` or `"median"`) goes from the start of
    the first to the end of the last.

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
        one = clock.rows(np.array([i]))
        start, end = one.seen
        row = {
            "conversation": timeline.label(int(clock.conversation[i])),
            "start": moment_or_none(int(start[0]), timeline.aware),
            "end": moment_or_none(int(end[0]), timeline.aware),
            "wait": dt.timedelta(microseconds=int((one.until(now_of(timeline)) - one.counted_from)[0])),
            "agent": one.agents()[0],
            "channel": None if one.channel is None else one.channel.labels[int(one.channel.codes[0])],
            "ended": _OUTCOMES[int(clock.outcome[i])],
            "first": bool(clock.first is None or clock.first[i]),
            "clock": _names(one)[0],
            "started_by": one.starts()[0],
            "as_of": moment_or_none(timeline.as_of, timeline.aware),
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
        start, end = clock.seen
        labels, agents, channels, starts = np.empty((4, n), dtype=object)
        starts[:] = clock.starts()
        if clock.channel is not None:
            channels[:] = [clock.channel.labels[code] for code in clock.channel.codes.tolist()]
        labels[:] = [timeline.label(code) for code in clock.conversation.tolist()]
        agents[:] = clock.agents()
        found = {
            "conversation": labels,
            "start": read_only(moments(start, timeline.aware)),
            "end": read_only(moments(end, timeline.aware)),
            "wait": (clock.until(now_of(timeline)) - clock.counted_from).view("m8[us]"),
            "agent": agents,
            "channel": channels,
            "ended": np.array([_OUTCOMES[code] for code in range(len(_OUTCOMES))], dtype=object)[clock.outcome],
            "first": np.ones(n, dtype=np.bool_) if clock.first is None else read_only(clock.first),
            "clock": _names(clock),
            "started_by": starts,
            "as_of": moments(np.full(n, NAT if timeline.as_of is None else timeline.as_of), timeline.aware),
        }
        if clock.open_time is not None:
            found["business_wait"] = read_only(clock.open_time.view("m8[us]"))
        return found

    def __repr__(self) -> str:
        return f"WaitTable({_counted(len(self), 'wait')})"

    def _repr_html_(self) -> str:
        names = ["conversation", "start", "end", "wait", "agent", "channel", "ended", "first", "started_by"]
        if self._clock.open_time is not None:
            names.append("business_wait")
        rows = [[_cell(row[name]) for name in names] for row in self[:_SHOWN_WAITS]]
        more = len(self) - _SHOWN_WAITS
        names = [name.replace("_", " ") for name in names]
        title = _counted(len(self), "wait")
        return _html.table(names, rows, title=title, more=f"... and {more:,} more" if more > 0 else "")


def _names(clock: Clock) -> npt.NDArray[Any]:
    """The clock of each wait; among first responses stand the other replies where both are listed."""
    names = np.full(len(clock.start), clock.name, dtype=object)
    if clock.name == "first_response" and clock.first is not None:
        names[~clock.first] = "reply"
    return names


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


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
    business time), `age`, `target`, `left` (timedelta; negative where it is missed), `missed`, `agent` (the
    assignee, None where nobody is known), and `channel` (None where none is known).

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

    __slots__ = ("_clocks", "_label", "_notes", "_place", "_which")

    def __init__(
        self, clocks: Sequence[_Pending], which: Ints, place: Ints, label: Callable[[int], Any], notes: Sequence[str]
    ) -> None:
        self._notes = tuple(notes)
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
            "channel": None if one.channel is None else one.channel.labels[int(one.channel.codes[0])],
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
        return f"AtRisk({self._told()})"

    def _told(self) -> str:
        """How many, how many of them are missed and on which clocks, and what nobody can tell."""
        missed = {pending.clock.name: 0 for pending in self._clocks}
        for which, pending in enumerate(self._clocks):
            places = self._place[self._which == which]
            missed[pending.clock.name] = int(np.count_nonzero(pending.age[places] > pending.target[places]))
        each = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in missed.items() if count)
        counts = f"{_counted(len(self), 'conversation')}, {sum(missed.values()):,} missed"
        return "; ".join((f"{counts} ({each})" if sum(map(bool, missed.values())) > 1 else counts, *self._notes))

    def _repr_html_(self) -> str:
        names = ["conversation", "clock", "age", "target", "left", "missed", "agent", "channel"]
        rows = [[_cell(value) for value in row.values()] for row in self[:_SHOWN_WAITS]]
        more = len(self) - _SHOWN_WAITS
        return _html.table(
            names, rows, title=f"at risk: {self._told()}", more=f"... and {more:,} more" if more > 0 else ""
        )


@attrs.frozen(eq=False)
class _Pending:
    """Open waits of one clock that have a target."""

    clock: Clock
    rows: Ints
    age: Ints
    target: Ints


def promised_clocks(targets: ServiceTargets) -> list[str]:
    """Names of the clocks that something was promised for, each in the time that the promise is about."""
    return [
        f"business_{name}" if name in targets.in_business_time else name for name in CLOCKS if getattr(targets, name)
    ]


def channels_among(clock: Clock, rows: npt.NDArray[np.bool_]) -> str:
    """The channels of some waits in words, empty where there is none."""
    if not rows.any():
        return ""
    if clock.channel is None:
        return "waits without a channel"
    names = [clock.channel.labels[code] for code in np.unique(clock.channel.codes[rows]).tolist()]
    told = ", ".join(repr(name) for name in names if name is not None)
    parts = [f"the channel{'s' if ',' in told else ''} {told}"] if told else []
    return " and ".join([*parts, *(["waits without a channel"] if None in names else [])])


def at_risk(clocks: Iterable[Clock], timeline: Timeline, within: int, notes: Sequence[str] = ()) -> AtRisk:
    """Open waits with at most so much time left, the worst of each conversation."""
    found = []
    notes = list(notes)
    for clock, targets in ((clock, clock.target) for clock in clocks if clock.target is not None):
        is_open = (clock.end == NAT) & (clock.outcome == waits.WAIT_OPEN)
        if timeline.settled is not None:
            is_open &= ~timeline.settled[clock.conversation]
        where = channels_among(clock, is_open & (targets == NAT))
        if where:
            notes.append(f"no {clock.name.replace('_', ' ')} target for {where}")
        rows = np.flatnonzero(is_open & (targets != NAT))
        now = now_of(timeline) if clock.now is None else clock.now
        age, target = now - clock.counted_from[rows], targets[rows]
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
    return AtRisk(found, which[chosen], place[chosen], timeline.label, notes)
