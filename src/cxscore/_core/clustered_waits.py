"""What waits of one conversation are worth together: they share the agent, the question and the hour.

Plain columns in, effective numbers out. The rows of a cluster stand together, in any order of clusters.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .repeats import ClusterSums, effective_trials

__all__ = ["design_effect", "effective_number"]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


def effective_number(cluster: NDArray[np.integer[Any]], trials: Bools, hits: Bools) -> float:
    """How many independent waits say as much about the share of hits among the trials; NaN without a trial."""
    rows = np.flatnonzero(trials)
    codes, hit = cluster[rows], hits[rows]
    begins = np.ones(len(rows), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    if 0 < len(starts) == len(rows):
        return float(len(rows))  # each on its own; the formula would leave a rounding error
    tried = np.diff(starts, append=len(rows))
    found = np.add.reduceat(hit, starts, dtype=np.int64) if len(rows) else tried
    return float(
        effective_trials(
            ClusterSums(
                clusters=len(starts),
                clusters_with_hits=int(np.count_nonzero(found)),
                trials=len(rows),
                hits=int(found.sum()),
                hits_hits=int((found * found).sum()),
                hits_trials=int((found * tried).sum()),
                trials_trials=int((tried * tried).sum()),
            )
        )
    )


def design_effect(cluster: NDArray[np.integer[Any]], length: Ints, ended: Bools, at: float) -> float:
    """How much wider the variance of the share that ended by a time is than that of independent waits; 1 at least.

    Over the waits of which it is known: those that ended, and those that were seen running for longer.

    Args:
        cluster: code of each wait's cluster.
        length: how long it took, or how long it has been running.
        ended: whether it took that long.
        at: the time; NaN has the effect 1, as nothing is known there.
    """
    if np.isnan(at):
        return 1.0
    by_then = ended & (length <= at)
    known = ended | (length > at)
    n = int(np.count_nonzero(known))
    return n / effective_number(cluster, known, by_then) if n else 1.0
