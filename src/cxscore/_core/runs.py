"""Runs in columns whose rows are in order: where they begin and end, what lies in them, and where waits lapse.

`waits` and `events` walk their logs with these. Knows positions, codes and instants; nothing of what a row is,
of rules or of how a wait ended.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounds", "changes", "ends", "ranges", "reopenings"]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


def changes(values: Ints) -> Bools:
    """Whether each value differs from the one before it; the first does."""
    differs = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def ends(values: Ints) -> Bools:
    """Whether each value differs from the one after it; the last does."""
    differs = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[:-1])
    return differs


def bounds(mask: Bools, new: Bools) -> tuple[Ints, Ints]:
    """First and last positions of the runs of True; a run never crosses into a new conversation."""
    first, last = mask.copy(), mask.copy()
    first[1:] &= new[1:] | ~mask[:-1]
    last[:-1] &= new[1:] | ~mask[1:]
    return np.flatnonzero(first), np.flatnonzero(last)


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """The numbers from each start on, as many as its size, one range after the other."""
    numbers = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    numbers += np.arange(len(numbers))
    return numbers


def reopenings(at: Ints, opens: Ints, lasts: Ints, expires: int) -> tuple[Ints, Ints]:
    """Positions that open a wait when waits lapse, and the number of the run of each.

    From any message of a run the next wait would open at the first message later than its deadline. These
    steps are followed from all openings at once, doubling the stride each time, so that a run with very many
    lapses costs no more rounds than the logarithm of their number.
    """
    split = np.flatnonzero(at[lasts] - at[opens] > expires)
    sizes = lasts[split] - opens[split] + 1
    stops = np.cumsum(sizes)
    member = ranges(opens[split], sizes)
    instant = at[member]
    nowhere = len(member)

    low, high = np.arange(1, nowhere + 1), np.repeat(stops, sizes)
    unsure = np.flatnonzero(low < high)
    while len(unsure):
        bottom, top = low[unsure], high[unsure]
        middle = (bottom + top) >> 1
        later = instant[middle] - instant[unsure] > expires
        # Multiplying by the condition is several times faster here than np.where.
        high[unsure] = top + (middle - top) * later
        low[unsure] = bottom + (middle + 1 - bottom) * ~later
        unsure = unsure[np.flatnonzero(low[unsure] < high[unsure])]

    step = np.append(low, nowhere)
    step[np.flatnonzero(low == np.repeat(stops, sizes))] = nowhere
    reached = np.zeros(nowhere + 1, np.bool_)
    reached[stops - sizes] = True
    while step.min(initial=nowhere) < nowhere:
        reached[step[np.flatnonzero(reached)]] = True
        step = step[step]

    opening = np.zeros(len(at), np.bool_)
    opening[member[np.flatnonzero(reached[:-1])]] = True
    opening[opens] = True
    positions = np.flatnonzero(opening)
    starts_run = np.zeros(len(at), np.bool_)
    starts_run[opens] = True
    return positions, np.cumsum(starts_run[positions]) - 1
