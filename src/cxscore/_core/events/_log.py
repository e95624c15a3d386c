"""The log in order, and what can be looked up in it: the first, last, next or previous row of a kind.

Knows the order of rows at one instant, and nothing of rules. Whoever asks brings a mask of the rows that are meant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import runs
from ..waits import NEVER, order
from ._words import AnyInts, Bools, Ints, Kind

__all__ = ["Log", "counts", "in_order"]

# The sort of `waits` tells eight ranks apart; what shares one is put in order after it, where it is tied.
_RANK = np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7], np.int8)


class Log(NamedTuple):
    """The rows in order. Positions below are places in it; `len(at)` stands for none."""

    row: Ints
    conversation: Ints
    at: Ints
    kind: NDArray[np.int8]
    status: NDArray[np.int8]
    by: NDArray[np.int8]
    agent: AnyInts
    begin: Ints  # position of the first row of each conversation
    stop: Ints  # and the position after its last one

    def first(self, mask: Bools) -> Ints:
        """First position in the mask of each conversation."""
        positions = np.flatnonzero(mask)
        code = self.conversation[positions]
        chosen = positions[runs.changes(code)]
        found = np.full(len(self.begin), len(self.at))
        found[self.conversation[chosen]] = chosen
        return found

    def last(self, mask: Bools) -> Ints:
        """Last position in the mask of each conversation."""
        positions = np.flatnonzero(mask)
        code = self.conversation[positions]
        chosen = positions[runs.ends(code)]
        found = np.full(len(self.begin), len(self.at))
        found[self.conversation[chosen]] = chosen
        return found

    def next(self, mask: Bools, after: Ints, code: Ints) -> Ints:
        """First position in the mask after some positions, in the conversations `code`."""
        positions = np.append(np.flatnonzero(mask), len(self.at))
        found = positions[np.searchsorted(positions[:-1], after, side="right")]
        found[found >= self.stop[code]] = len(self.at)
        return found

    def previous(self, mask: Bools, before: Ints, after: Ints) -> Ints:
        """Last position in the mask before some positions and after others."""
        positions = np.append(np.flatnonzero(mask), -1)
        found = positions[np.searchsorted(positions[:-1], before) - 1]
        found[found <= after] = len(self.at)
        return found

    def tally(self, mask: Bools) -> NDArray[np.int32]:
        """How many rows of each conversation are in the mask."""
        return counts(self.conversation[mask], len(self.begin))

    def instants(self, positions: Ints) -> Ints:
        """Their instants, NEVER for none."""
        return np.append(self.at, NEVER)[positions]

    def rows(self, positions: Ints) -> Ints:
        """Their rows, -1 for none."""
        return np.append(self.row, -1)[positions]


def in_order(
    conversation: AnyInts,
    at: Ints,
    kind: AnyInts,
    status: AnyInts,
    by: AnyInts,
    agent: AnyInts,
    n_conversations: int,
    threads: int,
) -> Log:
    """Put rows in any order in the order that the rules go by."""
    row = order(conversation, at, _RANK[kind], n_conversations, threads=threads)
    code, instant = conversation[row].astype(np.int64), at[row]
    what, standing = kind[row].astype(np.int8), status[row].astype(np.int8)
    # Kind and status in one number, so that what is tied has one order whatever the order of the input.
    detail = what * np.int16(16) + standing
    rank = _RANK[what]
    tied = (code[1:] == code[:-1]) & (instant[1:] == instant[:-1]) & (rank[1:] == rank[:-1])
    if (tied & (detail[1:] < detail[:-1])).any():
        group = np.cumsum(np.append(True, ~tied))
        places = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
        chosen = places[np.lexsort((detail[places], group[places]))]
        for column in (row, what, standing):
            column[places] = column[chosen]
    stop = np.cumsum(np.bincount(code, minlength=n_conversations))
    begin = np.append(0, stop[:-1])[:n_conversations]
    log = Log(row, code, instant, what, standing, by[row].astype(np.int8), agent[row], begin, stop)
    # A conversation is created once.
    created = log.kind == Kind.CREATED
    first = log.first(created)
    created[first[first < len(row)]] = False
    log.kind[created] = Kind.IGNORED
    return log


def counts(code: Ints, size: int) -> NDArray[np.int32]:
    """How often each code is there."""
    return np.bincount(code, minlength=size).astype(np.int32)
