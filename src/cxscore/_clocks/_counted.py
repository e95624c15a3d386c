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
    """Of the answered waits of a conversation one: the longest, the sum or the median. Else the last that ended.

    Open waits stay as they are beside it: who waits must not vanish behind an earlier answer.
    """
    lasted = clock.until(now) - clock.counted_from
    answered, is_open = clock.outcome == WAIT_ANSWERED, clock.outcome == WAIT_OPEN
    rank = np.where(answered, 2, np.where(is_open, 1, 0))
    within = np.where(answered, lasted, clock.start) if per == "longest" else clock.start
    order = np.lexsort((within, rank, clock.conversation))
    talk = clock.conversation[order]
    chosen = is_open
    chosen[order[np.append(talk[1:] != talk[:-1], True) if len(talk) else order]] = True
    kept = np.flatnonzero(chosen)
    kept = kept[np.lexsort((clock.start[kept], clock.conversation[kept]))]
    found = clock.rows(kept)
    has = np.flatnonzero(answered[kept])
    if per == "longest" or not len(has):
        return found
    whole = np.flatnonzero(answered)
    numbers = _Numbers(clock.conversation[whole], found.conversation[has], per)
    length = numbers.taken(lasted[whole])
    off = np.zeros(len(kept), dtype=np.int64) if found.off is None else found.off.copy()
    start, spent = found.start.copy(), found.open_time
    start[has], off[has] = found.end[has] - length, 0
    began, ended = (instants.copy() for instants in found.seen)
    began[has], ended[has] = numbers.ends(*(instants[whole] for instants in clock.seen))
    if spent is not None and clock.open_time is not None:
        known = whole[clock.open_time[whole] != NAT]
        theirs = has[np.isin(found.conversation[has], clock.conversation[known])]
        spent = spent.copy()
        spent[has] = NAT
        spent[theirs] = _Numbers(clock.conversation[known], found.conversation[theirs], per).taken(
            clock.open_time[known]
        )
    return attrs.evolve(found, start=start, off=off, open_time=spent, instants=(began, ended))


class _Numbers:
    """One figure out of several of each conversation; every one that is asked for has some."""

    def __init__(self, conversation: Ints, asked: Ints, per: str) -> None:
        self._conversation = conversation
        self._per = per
        talks = np.sort(conversation)
        self._first = np.searchsorted(talks, asked)
        self._size = np.searchsorted(talks, asked, side="right") - self._first

    def taken(self, values: Ints) -> Ints:
        """The sum or the median of the values of each conversation."""
        ordered = values[np.lexsort((values, self._conversation))]
        if self._per == "sum":
            sums = np.append(0, np.cumsum(ordered))
            total: Ints = sums[self._first + self._size] - sums[self._first]
            return total
        low, high = self._first + (self._size - 1) // 2, self._first + self._size // 2
        middle: Ints = (ordered[low] + ordered[high]) // 2
        return middle

    def ends(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """The earliest start and the latest end of each conversation."""
        by_start = starts[np.lexsort((starts, self._conversation))]
        by_end = ends[np.lexsort((ends, self._conversation))]
        return by_start[self._first], by_end[self._first + self._size - 1]


def every_wait(first: Clock | None, reply: Clock | None) -> Clock | None:
    """First responses and replies in one clock, a wait that is both once; by conversation and start."""
    if first is None or reply is None:
        return first if reply is None else reply
    if reply.number is None or reply.first is None:
        return attrs.evolve(reply, name=first.name)  # the same first waits, and the others
    both = Clock.joined(first, reply.rows(np.flatnonzero(~reply.first)))
    return both.rows(np.lexsort((both.start, both.conversation)))
