"""Sums, extremes and target counts of one clock's waits; all but its percentiles.

Durations and instants are int64 microseconds. Knows how waits end (`waits`), nothing of tallies or policies.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .waits import NEVER, WAIT_ABANDONED, WAIT_ANSWERED, WAIT_CLOSED, WAIT_LAPSED, WAIT_OPEN

__all__ = ["Totals", "exact_sum", "totals"]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


class Totals(NamedTuple):
    """What one pass over the waits of a clock counts."""

    ended: Ints
    """Durations of answered waits, ascending."""
    ages: Ints
    """Ages of open ones, ascending."""
    n: int
    waiting: int
    closed: int
    lapsed: int
    abandoned: int
    total: int
    shortest: int | None
    longest: int | None
    longest_waiting: int | None
    eligible: int
    """Waits that opened at least their target ago and whose outcome counts."""
    within: int
    immature: int
    waiting_over_target: int
    brackets: tuple[int, ...]
    old: Bools | None
    """Which waits are the eligible ones; None without a target."""
    met: Bools | None
    """Which of them ended in time."""


def exact_sum(values: Ints) -> int:
    """The sum as an unbounded integer: a billion waits of a month overflow 64 bits."""
    if len(values) == 0:
        return 0
    if max(int(values.max()), -int(values.min())) * len(values) < 2**62:
        return int(values.sum())
    low = values & 0xFFFFFFFF
    return (int((values >> 32).sum()) << 32) + int(low.sum())


def totals(
    start: Ints,
    end: Ints,
    outcome: NDArray[np.int8],
    target: Ints | None,
    now: int,
    edges: Ints,
    *,
    unanswered_misses: bool,
) -> Totals:
    """Count one clock.

    Args:
        start, end: instants; `end` is NEVER while open.
        outcome: how each wait ended.
        target: longest wait promised, NEVER where nothing was; None where nothing was at all.
        now: the instant that counts as now.
        edges: ascending upper edges of the brackets; an edge belongs to the bracket it closes.
        unanswered_misses: whether waits that were closed or lapsed without an answer miss their target
            (first response) or are left out of it (replies).
    """
    answered, is_open = outcome == WAIT_ANSWERED, outcome == WAIT_OPEN
    rows = np.flatnonzero(answered)  # twice as fast to index with as the mask
    ended = end[rows]
    ended -= start[rows]
    ended.sort()
    ages = now - start[np.flatnonzero(is_open)]
    ages.sort()
    reached = np.searchsorted(ended, edges, side="right")
    brackets = tuple(np.diff(reached, prepend=0, append=len(ended)).tolist()) if len(edges) else ()
    eligible = within = immature = late = 0
    old = met = None
    if target is not None:
        judged = target != NEVER
        if not unanswered_misses:
            judged &= (outcome != WAIT_CLOSED) & (outcome != WAIT_LAPSED)
        age = now - start
        old = judged & (age >= target)
        eligible = int(np.count_nonzero(old))
        immature = int(np.count_nonzero(judged)) - eligible
        met = old & answered & (end - start <= target)
        within = int(np.count_nonzero(met))
        late = int(np.count_nonzero(judged & is_open & (age > target)))
    return Totals(
        ended=ended,
        ages=ages,
        n=len(ended),
        waiting=len(ages),
        closed=int(np.count_nonzero(outcome == WAIT_CLOSED)),
        lapsed=int(np.count_nonzero(outcome == WAIT_LAPSED)),
        abandoned=int(np.count_nonzero(outcome == WAIT_ABANDONED)),
        total=exact_sum(ended),
        shortest=int(ended[0]) if len(ended) else None,
        longest=int(ended[-1]) if len(ended) else None,
        longest_waiting=int(ages[-1]) if len(ages) else None,
        eligible=eligible,
        within=within,
        immature=immature,
        waiting_over_target=late,
        brackets=brackets,
        old=old,
        met=met,
    )
