"""What intervals have in common with stretches of their conversations.

Knows sorted columns and nothing else: no log, no rules.
"""

from __future__ import annotations

import numpy as np

from .. import runs
from ..waits import AgentTurns
from ._found import Stretches
from ._words import Ints

__all__ = ["pieces"]


def pieces(conversation: Ints, start: Ints, end: Ints, stretches: Stretches | AgentTurns) -> tuple[Ints, Ints, Ints]:
    """What intervals have in common with the stretches of their conversations.

    Returns the number of the interval, the start and the end of each piece, ordered by interval and start.
    Pieces without length are none.
    """
    low = np.searchsorted(stretches.conversation, conversation)
    stop = np.searchsorted(stretches.conversation, conversation, side="right")
    low = _first_after(stretches.end, start, low, stop)
    high = _first_after(stretches.start, end - 1, low, stop)
    sizes = np.where(start < end, high - low, 0)
    index = np.repeat(np.arange(len(start)), sizes)
    chosen = runs.ranges(low, sizes)
    return index, np.maximum(start[index], stretches.start[chosen]), np.minimum(end[index], stretches.end[chosen])


def _first_after(values: Ints, limit: Ints, low: Ints, stop: Ints) -> Ints:
    """The first place from `low` on, before `stop`, whose value is greater than the limit; the stop without one."""
    low, high = low.copy(), stop.copy()
    unsure = np.flatnonzero(low < high)
    while len(unsure):
        middle = (low[unsure] + high[unsure]) >> 1
        beyond = values[middle] > limit[unsure]
        high[unsure[beyond]] = middle[beyond]
        low[unsure[~beyond]] = middle[~beyond] + 1
        unsure = unsure[low[unsure] < high[unsure]]
    return low
