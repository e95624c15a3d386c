"""Clocks in open time: the same waits, measured by business hours; and the door for logs that knows of them.

Instants become open time until now, so a clock in open time is a clock like any other, whose now is 0. A wait that
stood still or whose schedule changed is measured part by part. Sits on `_clocks` and `hours`; computes no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._clocks import Clock, ScheduleChanges, Timeline, as_counted, read_log
from ._core.events import Stretches, pieces
from ._inputs import NAT, Coded
from .errors import ArgumentTypeError, MixedTimeZonesError, UnknownNameError
from .hours import BusinessHours
from .policies import ReplyPolicy, ServiceTargets, channel_name

__all__ = ["Schedules", "hours_definition", "promised_as", "read_measured_log", "with_open_time"]

Ints = npt.NDArray[np.int64]
Schedules = BusinessHours | Mapping[Any, BusinessHours]


def hours_definition(hours: Schedules | None) -> str:
    """What the signature says of the hours.

    Raises:
        ArgumentTypeError: no BusinessHours, and no mapping of channel or schedule to them.
    """
    if hours is None:
        return "none"
    if isinstance(hours, BusinessHours):
        return hours.digest
    if isinstance(hours, Mapping) and hours and all(isinstance(one, BusinessHours) for one in hours.values()):
        return ",".join(sorted(f"{channel_name(channel)}={one.digest}" for channel, one in hours.items()))
    msg = (
        f"hours must be BusinessHours, or a mapping of channel or schedule to them (got {type(hours).__name__}), e.g. "
        f'hours=cx.BusinessHours({{"mon-fri": ["09:00-17:00"]}}, tz="Europe/Berlin")'
    )
    raise ArgumentTypeError(msg, argument="hours", found=type(hours))


# Clocks that something can be promised for, and what the promise is called.
_PROMISED = {name: name for name in ("first_response", "reply", "resolution")} | {"first_resolution": "resolution"}


def promised_as(clock: str, targets: ServiceTargets) -> str | None:
    """What the promise is called that a clock is held against, None without one.

    A promise about business time is none of calendar time.
    """
    name = _PROMISED.get(clock.removeprefix("business_"))
    return None if clock in _PROMISED and name in targets.in_business_time else name


def read_measured_log(
    log: Any,
    *,
    hours: Schedules | None,
    targets: ServiceTargets,
    policy: ReplyPolicy,
    **options: Any,
) -> Timeline:
    """Read a log into clocks, those in open time beside them where there are hours, each with what it is held against.

    The other options are those of `read_log`.

    Raises:
        ArgumentTypeError: targets in business time without hours; and what `read_log` and `with_open_time` raise.
    """
    if targets.in_business_time and hours is None:
        msg = "hours must be given where targets are about business time (got None), e.g. hours=cx.BusinessHours(...)"
        raise ArgumentTypeError(msg, argument="hours")
    timeline = read_log(log, targets=targets, policy=policy, **options)
    if hours is not None:
        timeline = with_open_time(timeline, hours)
    timeline = as_counted(timeline)
    if not targets.in_business_time:
        return timeline
    clocks = {
        name: attrs.evolve(clock, target=None) if promised_as(name, targets) is None else clock
        for name, clock in timeline.clocks.items()
    }
    return attrs.evolve(timeline, clocks=clocks)


def with_open_time(timeline: Timeline, hours: Schedules) -> Timeline:
    """The timeline with a clock in open time beside each, under `business_` and its name.

    Waits on a channel without a schedule are in no clock of open time, unless the policy says what they take.

    Raises:
        MixedTimeZonesError: instants without a zone, which no opening hours can be held against.
        UnknownNameError: a change to a schedule that `hours` does not have.
    """
    if timeline.aware is False:
        msg = (
            "hours need instants with a zone (got naive ones); pass aware instants, or name the zone of the wall "
            "times with tz= when you build the batch"
        )
        raise MixedTimeZonesError(msg, argument="hours")
    now = timeline.as_of or 0
    desk = _Desk(hours, timeline.schedules, timeline.policy)
    clocks = dict(timeline.clocks)
    for clock in timeline.clocks.values():
        if desk.plain and clock.paused is None:
            until_now = desk.open(clock, clock.start, np.full(len(clock.start), now))
            left = desk.open(clock, clock.end, np.full(len(clock.end), now))
        else:
            until_now, left = desk.in_parts(clock, now)
        spent = np.where(left == NAT, until_now, until_now - left)
        timeless = desk.timeless(clock, until_now, left, now)
        opened = attrs.evolve(
            clock, name=f"business_{clock.name}", start=_before_now(until_now + timeless),
            end=_before_now(left + timeless), now=0, off=None, open_time=spent, instants=clock.seen,
        )  # fmt: skip
        clocks[opened.name] = opened.rows(np.flatnonzero(until_now != NAT))
        clocks[clock.name] = attrs.evolve(clock, open_time=spent)
    return attrs.evolve(timeline, clocks=clocks)


def _before_now(open_time: Ints) -> Ints:
    return np.where(open_time == NAT, NAT, -open_time)


class _Desk:
    """Whose business hours count when."""

    def __init__(self, hours: Schedules, changes: ScheduleChanges | None, policy: ReplyPolicy) -> None:
        self._hours = hours
        self._changes = changes
        self._rule = policy.schedule_change
        self._without = policy.no_hours
        self._named: list[BusinessHours] = []
        if changes is not None:
            self._named = [_named(hours, name) for name in changes.names]

    @property
    def plain(self) -> bool:
        """Whether every wait asks one schedule, which tells itself what counts from its start to its end."""
        of_one_instant = self._rule != "each_part" and any(one.changes for one in _all(self._hours))
        return self._changes is None and not of_one_instant

    def open(self, clock: Clock, start: Ints, end: Ints) -> Ints:
        """Open time from start to end by the channel of each wait; `NAT` where there is none to tell."""
        return self._filled(_open(self._hours, clock.channel, start, end), start, end)

    def _filled(self, found: Ints, start: Ints, end: Ints) -> Ints:
        if self._without == "nan":
            return found
        known = (start != NAT) & (end != NAT)
        instead = np.zeros(len(found), dtype=np.int64) if self._without == "zero" else end - start
        return np.where((found == NAT) & known, instead, found)

    def timeless(self, clock: Clock, until_now: Ints, left: Ints, now: int) -> Ints:
        """By how much waits that ended and take no time for want of a schedule lie back: in calendar time.

        In their own time they would never be old enough for any target.
        """
        back = np.zeros(len(clock.start), dtype=np.int64)
        if self._without == "zero":
            bare = _open(self._hours, clock.channel, clock.start, clock.start) == NAT
            rows = np.flatnonzero(bare & (until_now == 0) & (left == 0))
            back[rows] = now - clock.start[rows]
        return back

    def in_parts(self, clock: Clock, now: int) -> tuple[Ints, Ints]:
        """Open time until now, and what of it lies after the end (`NAT` while open), part by part.

        A wait that stood still, or whose schedule changed, has the sum of its parts.
        """
        until = clock.until(now)
        number = np.arange(len(clock.start))
        taken_off = (number[:0], number[:0], number[:0])
        if clock.paused is not None:
            taken_off = pieces(clock.conversation, clock.start, until, clock.paused)
        length = self._summed(clock, until, (number, clock.start, until))
        if len(taken_off[0]):
            length = np.where(length == NAT, NAT, length - self._summed(clock, until, taken_off))
        rest = self._summed(clock, until, (number, until, np.full(len(until), now)))
        untold = (length == NAT) | (rest == NAT)
        return np.where(untold, NAT, length + rest), np.where(untold | (clock.end == NAT), NAT, rest)

    def _summed(self, clock: Clock, until: Ints, parts: tuple[Ints, Ints, Ints]) -> Ints:
        """Open time of some parts of waits, a sum a wait; `NAT` where one of them has no schedule."""
        number, start, end = parts
        total = np.zeros(len(clock.start), dtype=np.int64)
        untold = np.zeros(len(clock.start), dtype=np.bool_)
        anchor = self._anchor(clock, until)
        for code, of, begin, stop in self._scheduled(clock, until, number, start, end):
            channel = None if clock.channel is None else Coded(clock.channel.codes[of], clock.channel.labels)
            hours = self._hours if code < 0 else self._named[code]
            at = None if anchor is None else anchor[of]
            found = self._filled(_open(hours, channel if code < 0 else None, begin, stop, at), begin, stop)
            known = found != NAT
            np.add.at(total, of[known], found[known])
            untold[of[~known]] = True
        return np.where(untold, NAT, total)

    def _anchor(self, clock: Clock, until: Ints) -> Ints | None:
        """The instant whose schedule counts for the whole of a wait; None where each part has its own."""
        if self._rule == "each_part":
            return None
        return clock.start if self._rule == "at_start" else until

    def _scheduled(
        self, clock: Clock, until: Ints, number: Ints, start: Ints, end: Ints
    ) -> Iterator[tuple[int, Ints, Ints, Ints]]:
        """Parts by the schedule that counts for them: its number, -1 for that of the channel; wait, start, end."""
        changes = self._changes
        if changes is None:
            yield -1, number, start, end
            return
        anchor = self._anchor(clock, until)
        if anchor is None:
            of, begin, stop = pieces(clock.conversation[number], start, end, _as_stretches(changes))
            code = changes.code[_schedule_at(changes, clock.conversation[number[of]], begin)]
            # Before the first change the hours of the channel count.
            first = _first_change(changes, clock.conversation[number])
            before = np.flatnonzero(start < first)
            yield -1, number[before], start[before], np.minimum(end, first)[before]
            of = number[of]
        else:
            at = _schedule_at(changes, clock.conversation[number], anchor[number])
            code = np.where(at < 0, -1, changes.code[at])
            of, begin, stop = number, start, end
        for one in np.unique(code).tolist():
            rows = np.flatnonzero(code == one)
            yield int(one), of[rows], begin[rows], stop[rows]


def _named(hours: Schedules, name: Any) -> BusinessHours:
    if isinstance(hours, Mapping) and name in hours:
        return hours[name]
    known = ", ".join(map(repr, hours)) if isinstance(hours, Mapping) else "one schedule without a name"
    msg = (
        f"hours must have every schedule that changes name (got {known}; a change is to {name!r}), e.g. "
        f"hours={{{name!r}: cx.BusinessHours(...)}}"
    )
    raise UnknownNameError(msg, argument="hours", found=name)


def _as_stretches(changes: ScheduleChanges) -> Stretches:
    return Stretches(changes.conversation, changes.start, changes.end, np.zeros(len(changes.start), dtype=np.int8))


def _schedule_at(changes: ScheduleChanges, conversation: Ints, at: Ints) -> Ints:
    """Number of the stretch that an instant of a conversation lies in, -1 before the first."""
    n = len(changes.start)
    both, instant = np.concatenate((changes.conversation, conversation)), np.concatenate((changes.start, at))
    asked = np.arange(len(both)) >= n
    order = np.lexsort((asked, instant, both))  # a change counts from its own instant on
    seen = np.maximum.accumulate(np.where(asked[order], -1, np.arange(len(order)))) if len(order) else order
    number = np.where(seen >= 0, order[seen], -1)
    number[(number >= 0) & (both[number] != both[order])] = -1
    found = np.empty(len(order), dtype=np.int64)
    found[order] = number
    return found[n:]


def _first_change(changes: ScheduleChanges, conversation: Ints) -> Ints:
    """When the first change of each conversation is, later than everything where it has none."""
    known = np.searchsorted(changes.conversation, conversation)
    found = np.append(changes.start, 0)[known]
    there = np.append(changes.conversation, -1)[known] == conversation
    return np.where(there, found, np.iinfo(np.int64).max)


def _all(hours: Schedules) -> Iterable[BusinessHours]:
    return [hours] if isinstance(hours, BusinessHours) else hours.values()


def _open(hours: Schedules, channel: Coded | None, start: Ints, end: Ints, anchor: Ints | None = None) -> Ints:
    """Open time from start to end in microseconds; `NAT` where either is missing or there is no schedule.

    Where hours change themselves each part counts under its own, or all of it under those of the instant `anchor`.
    """
    if isinstance(hours, BusinessHours):
        if anchor is not None and hours.changes:
            return _open_as_at(anchor, hours, start, end)
        found: Ints = hours.between(_inputs.as_utc(start), _inputs.as_utc(end)).view(np.int64)
        return found
    out = np.full(len(start), NAT, dtype=np.int64)
    labels = [None] if channel is None else channel.labels
    for code, label in enumerate(labels):
        if label in hours:
            rows = np.arange(len(start)) if channel is None else np.flatnonzero(channel.codes == code)
            out[rows] = _open(hours[label], None, start[rows], end[rows], None if anchor is None else anchor[rows])
    return out


def _open_as_at(anchor: Ints, hours: BusinessHours, start: Ints, end: Ints) -> Ints:
    """Open time under the schedule that counts at one instant of each row, be that within it or not."""
    out = np.full(len(start), NAT, dtype=np.int64)
    since, _ = _inputs.instants(list(hours.changes), "hours")
    number = np.searchsorted(since, anchor, side="right")  # a change counts from its own instant on
    for code, (_, schedule) in enumerate(hours._parts()):
        rows = np.flatnonzero(number == code)
        out[rows] = _open(schedule, None, start[rows], end[rows])
    return out
