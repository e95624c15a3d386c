"""What a policy does to waits once they are found and measured: whole units, one wait a conversation.

Comes last, because open time is measured of the waits themselves.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from .._core.waits import WAIT_ANSWERED, WAIT_OPEN
from .._inputs import NAT
from ._base import Clock, Timeline

__all__ = ["as_counted", "every_wait"]

Ints = npt.NDArray[np.int64]

_UNITS = {"second": None, "minute": 60_000_000, "hour": 3_600_000_000}


def as_counted(timeline: Timeline) -> Timeline:
    """The timeline with its waits cut down to whole units, and those of one conversation taken together.

    What the waits were before stays beside them as the clock `each_reply`.
    """
    unit, per = _UNITS[timeline.policy.unit], timeline.policy.per_conversation
    if unit is None and per == "all":
        return timeline
    now = timeline.as_of or 0
    clocks = dict(timeline.clocks)
    if unit is not None:
        clocks = {name: _floored(clock, unit, now) for name, clock in clocks.items()}
    if per != "all":
        for name in ("reply", "business_reply"):
            if name in clocks:
                if name == "reply":
                    clocks["each_reply"] = clocks[name]
                clocks[name] = _together(clocks[name], per, now)
    return attrs.evolve(timeline, clocks=clocks)


def _floored(clock: Clock, unit: int, now: int) -> Clock:
    off = np.zeros(len(clock.start), dtype=np.int64) if clock.off is None else clock.off
    spent = clock.open_time
    return attrs.evolve(
        clock,
        off=off + (clock.until(now) - clock.start - off) % unit,
        open_time=None if spent is None else np.where(spent == NAT, NAT, spent - spent % unit),
    )


def _together(clock: Clock, per: str, now: int) -> Clock:
    """One wait a conversation: of its answered waits the longest, the sum or the median; else the last it has."""
    lasted = clock.until(now) - clock.counted_from
    answered = clock.outcome == WAIT_ANSWERED
    rank = np.where(answered, 2, np.where(clock.outcome == WAIT_OPEN, 1, 0))
    within = np.where(answered, lasted, clock.start) if per == "longest" else clock.start
    order = np.lexsort((within, rank, clock.conversation))
    talk = clock.conversation[order]
    last = np.append(talk[1:] != talk[:-1], True) if len(talk) else np.empty(0, dtype=np.bool_)
    kept = order[last]
    found = clock.rows(kept)
    if per == "longest":
        return found
    whole = order[answered[order]]  # of each conversation in the order of their starts
    whole = whole[np.lexsort((lasted[whole], clock.conversation[whole]))]
    edges = np.searchsorted(clock.conversation[whole], found.conversation)
    sizes = np.searchsorted(clock.conversation[whole], found.conversation, side="right") - edges
    has = np.flatnonzero(sizes > 0)
    length = np.zeros(len(kept), dtype=np.int64)
    spans = lasted[whole]
    if per == "sum":
        sums = np.append(0, np.cumsum(spans))
        length[has] = sums[(edges + sizes)[has]] - sums[edges[has]]
    else:
        low, high = edges[has] + (sizes[has] - 1) // 2, edges[has] + sizes[has] // 2
        length[has] = (spans[low] + spans[high]) // 2
    off = np.zeros(len(kept), dtype=np.int64) if found.off is None else found.off.copy()
    start = found.start.copy()
    start[has], off[has] = found.end[has] - length[has], 0
    return attrs.evolve(found, start=start, off=off)


def every_wait(first: Clock | None, reply: Clock | None) -> Clock | None:
    """First responses and replies in one clock, a wait that is both once; by conversation and start."""
    if first is None or reply is None or reply.number is None or reply.first is None:
        return first if reply is None else reply
    both = Clock.joined(first, reply.rows(np.flatnonzero(~reply.first)))
    return both.rows(np.lexsort((both.start, both.conversation)))
