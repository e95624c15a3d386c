"""What stood open at the end of each period: counts, and order statistics of the ages.

Conversations are numbered in the order of their opening; each has the period it was opened in and the one it
ended in, `periods` where it has not ended. Knows numpy only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["counts", "oldest", "ranks_of_quantile"]

Ints = npt.NDArray[np.int64]

_CELLS = 4_000_000
_SMALLEST_BLOCK = 256
_CHUNK = 1 << 20


def counts(codes: Ints, periods: int) -> Ints:
    """How many of some events fall into each period; those behind the last in none."""
    return np.bincount(codes, minlength=periods + 1)[:periods]


def ranks_of_quantile(n: Ints, numerator: int, denominator: int) -> tuple[Ints, Ints]:
    """Ranks, from 1, of the two smallest-first order statistics whose midpoint is a quantile of n values.

    That is the inverse of the distribution function with the midpoint where it is flat (type 2 of Hyndman and
    Fan). The quantile is a fraction so that n times it is exact.
    """
    return -(-n * numerator // denominator), n * numerator // denominator + 1


def oldest(begin: Ints, end: Ints, ranks: Ints) -> Ints:
    """The conversation that is the r-th oldest of those open at the end of each period.

    Args:
        begin: period that each was opened in, ascending.
        end: period that each ended in, not before it was opened.
        ranks: r from 1, one row a question and one column a period; at most as many as are open, or 0 for none.

    Returns:
        Numbers of conversations in the shape of `ranks`, -1 for a rank of 0.
    """
    n, periods = len(begin), ranks.shape[1]
    # Conversations in blocks: a matrix of blocks and periods says in which block the wanted one stands, and
    # only that block is looked through.
    size = max(_SMALLEST_BLOCK, -(-n * periods // _CELLS))
    blocks = -(-n // size)
    cells = (np.arange(n) // size) * (periods + 1) + end
    ended = np.bincount(cells, minlength=blocks * (periods + 1)).reshape(blocks, periods + 1)[:, :periods]
    opened = np.searchsorted(begin, np.arange(periods), side="right")
    first = np.arange(blocks)[:, None] * size
    standing = np.clip(opened - first, 0, size) - np.cumsum(ended, axis=1)
    before = np.cumsum(standing, axis=0)
    before = np.concatenate((np.zeros((1, periods), dtype=np.int64), before))
    padded = np.full(blocks * size, -1, dtype=np.int64)
    padded[:n] = end
    table = padded.reshape(blocks, size)

    found = np.full(ranks.shape, -1, dtype=np.int64)
    every = np.arange(periods)
    step = max(_CHUNK // size, 1)
    for question, wanted in enumerate(ranks):
        asked = every[wanted > 0]
        for start in range(0, len(asked), step):
            some = asked[start : start + step]
            block = (before[1:, some] < wanted[some]).sum(axis=0)
            rows = block[:, None] * size + np.arange(size)
            is_open = (table[block] > some[:, None]) & (rows < opened[some, None])
            nth = np.cumsum(is_open, axis=1) == (wanted[some] - before[block, some])[:, None]
            found[question, some] = block * size + nth.argmax(axis=1)
    return found
