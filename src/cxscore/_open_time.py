"""Clocks in open time: the same waits, measured by business hours.

Instants become open time until now, so a clock in open time is a clock like any other, whose now is 0. Sits on
`_clocks` and `hours`; computes no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from . import _inputs
from ._clocks import Clock, Timeline
from ._core.waits import AgentTurns
from ._inputs import NAT, Coded
from .errors import ArgumentTypeError, MixedTimeZonesError
from .hours import BusinessHours

__all__ = ["Schedules", "hours_definition", "with_open_time"]

Ints = npt.NDArray[np.int64]
Schedules = BusinessHours | Mapping[Any, BusinessHours]

_CLOCKS = ("first_response", "reply", "resolution")


def hours_definition(hours: Schedules | None) -> str:
    """What the signature says of the hours.

    Raises:
        ArgumentTypeError: no BusinessHours, and no mapping of channel to them.
    """
    if hours is None:
        return "none"
    if isinstance(hours, BusinessHours):
        return hours.digest
    if isinstance(hours, Mapping) and hours and all(isinstance(one, BusinessHours) for one in hours.values()):
        return ",".join(sorted(f"{channel}={one.digest}" for channel, one in hours.items()))
    msg = (
        f"hours must be BusinessHours, or a mapping of channel to them (got {type(hours).__name__}), e.g. "
        f'hours=cx.BusinessHours({{"mon-fri": ["09:00-17:00"]}}, tz="Europe/Berlin")'
    )
    raise ArgumentTypeError(msg, argument="hours", found=type(hours))


def with_open_time(timeline: Timeline, hours: Schedules) -> Timeline:
    """The timeline with a clock in open time beside each, under `business_` and its name.

    Waits on a channel without a schedule are in no clock of open time.

    Raises:
        MixedTimeZonesError: instants without a zone, which no opening hours can be held against.
    """
    if timeline.aware is False:
        msg = (
            "hours need instants with a zone (got naive ones); pass aware instants, or name the zone of the wall "
            "times with tz= when you build the batch"
        )
        raise MixedTimeZonesError(msg, argument="hours")
    now = timeline.as_of or 0
    clocks = dict(timeline.clocks)
    for name in _CLOCKS:
        if name in clocks:
            clock = clocks[name]
            until_now = _open(hours, clock.channel, clock.start, np.full(len(clock.start), now))
            left = _open(hours, clock.channel, clock.end, np.full(len(clock.end), now))
            opened = attrs.evolve(
                clock, name=f"business_{name}", start=_before_now(until_now), end=_before_now(left), now=0
            )
            known = np.flatnonzero(until_now != NAT)
            clocks[opened.name] = opened.rows(known)
            clocks[name] = attrs.evolve(clock, open_time=np.where(left == NAT, until_now, until_now - left))
            if name == "resolution" and timeline.agent_turns is not None:
                spent = _agent_time(timeline.agent_turns, clock, len(timeline.group), hours)
                ours = attrs.evolve(opened, name="business_our_resolution", start=opened.start + spent, target=None)
                clocks[ours.name] = ours.rows(known)
    return attrs.evolve(timeline, clocks=clocks)


def _before_now(open_time: Ints) -> Ints:
    return np.where(open_time == NAT, NAT, -open_time)


def _open(hours: Schedules, channel: Coded | None, start: Ints, end: Ints) -> Ints:
    """Open time from start to end in microseconds; `NAT` where either is missing or there is no schedule."""
    if isinstance(hours, BusinessHours):
        found: Ints = hours.between(_inputs.as_utc(start), _inputs.as_utc(end)).view(np.int64)
        return found
    out = np.full(len(start), NAT, dtype=np.int64)
    labels = [None] if channel is None else channel.labels
    for code, label in enumerate(labels):
        if label in hours:
            rows = np.arange(len(start)) if channel is None else np.flatnonzero(channel.codes == code)
            out[rows] = _open(hours[label], None, start[rows], end[rows])
    return out


def _agent_time(turns: AgentTurns, resolution: Clock, conversations: int, hours: Schedules) -> Ints:
    """Open time of each conversation in which the last public message was the agent's."""
    place = np.full(conversations, -1, dtype=np.int64)
    place[resolution.conversation] = np.arange(len(resolution.conversation))
    of_turn = place[turns.conversation]
    mine = np.flatnonzero(of_turn >= 0)
    of_turn = of_turn[mine]
    start = np.maximum(turns.start[mine], resolution.start[of_turn])
    end = np.maximum(turns.end[mine], start)
    channel = resolution.channel
    spent = _open(hours, None if channel is None else Coded(channel.codes[of_turn], channel.labels), start, end)
    total = np.zeros(len(resolution.start), dtype=np.int64)
    np.add.at(total, of_turn, np.where(spent == NAT, 0, spent))
    return total
