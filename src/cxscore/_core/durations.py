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


class Totals(NamedTuple):
    """What one pass over the waits of a clock counts."""

    ended: Ints
    """Durations of answered waits, in no order."""
    ages: Ints
    """Ages of open ones."""
    closed: int
    lapsed: int
    abandoned: int
    total: int
    eligible: int
    """Waits that opened at least their target ago and whose outcome counts."""
    within: int
    immature: int
    waiting_over_target: int
    brackets: tuple[int, ...]


def exact_sum(values: Ints) -> int:
    """The sum as an unbounded integer: a billion waits of a month overflow 64 bits."""
    if len(values) == 0:
        return 0
    if int(np.abs(values).max()) * len(values) < 2**62:
        return int(values.sum())
    low = values & 0xFFFFFFFF
    return (int((values >> 32).sum()) << 32) + int(low.sum())


def totals(
    start: Ints,
    end: Ints,
    outcome: NDArray[np.int8],
    target: Ints,
    now: int,
    edges: Ints,
    *,
    unanswered_misses: bool,
) -> Totals:
    """Count one clock.

    Args:
        start, end: instants; `end` is NEVER while open.
        outcome: how each wait ended.
        target: longest wait promised, NEVER where nothing was.
        now: the instant that counts as now.
        edges: ascending upper edges of the brackets; an edge belongs to the bracket it closes.
        unanswered_misses: whether waits that were closed or lapsed without an answer miss their target
            (first response) or are left out of it (replies).
    """
    counts = np.bincount(outcome, minlength=5)
    answered = outcome == WAIT_ANSWERED
    ended = end[answered] - start[answered]
    is_open = outcome == WAIT_OPEN
    ages = now - start[is_open]
    brackets: tuple[int, ...] = ()
    if len(edges):
        place = np.searchsorted(edges, ended, side="left")
        brackets = tuple(np.bincount(place, minlength=len(edges) + 1).tolist())
    eligible = within = immature = late = 0
    judged = target != NEVER
    if judged.any():
        if not unanswered_misses:
            judged &= (outcome != WAIT_CLOSED) & (outcome != WAIT_LAPSED)
        age = now - start
        old = judged & (age >= target)
        eligible = int(np.count_nonzero(old))
        immature = int(np.count_nonzero(judged)) - eligible
        within = int(np.count_nonzero(old & answered & (end - start <= target)))
        late = int(np.count_nonzero(judged & is_open & (age > target)))
    return Totals(
        ended,
        ages,
        int(counts[WAIT_CLOSED]),
        int(counts[WAIT_LAPSED]),
        int(counts[WAIT_ABANDONED]),
        exact_sum(ended),
        eligible,
        within,
        immature,
        late,
        brackets,
    )
