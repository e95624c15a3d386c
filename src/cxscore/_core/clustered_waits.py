"""What waits of one conversation are worth together: they share the agent, the question and the hour.

Plain columns in, effective numbers out. The rows of a cluster stand together, in any order of clusters.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .clusters import worth_of_share
from .repeats import ClusterSums

__all__ = ["first_rows", "worth"]

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


def first_rows(cluster: NDArray[np.integer[Any]]) -> Ints:
    """Where each cluster begins."""
    begins = np.ones(len(cluster), np.bool_)
    np.not_equal(cluster[1:], cluster[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def worth(first: Ints, trials: Bools, hits: Bools) -> tuple[float, float]:
    """How many independent waits say as much about the share of hits among the trials, and how many clusters say so.

    Both as `clusters.worth` has them: the second is NaN where every trial is a cluster of its own; without a trial the
    first is NaN, too.

    Args:
        first: where each cluster begins.
        trials: which rows count.
        hits: which rows are hits; among the trials.
    """
    n = int(np.count_nonzero(trials))
    if n == 0:
        return float("nan"), float("nan")
    tried = _counts(trials, first, n)
    clusters = int(np.count_nonzero(tried))
    if clusters == n:
        return float(n), float("nan")  # each on its own; the formula would leave a rounding error
    found = _counts(hits, first, int(np.count_nonzero(hits)))
    told, known = worth_of_share(
        ClusterSums(
            clusters=clusters,
            clusters_with_hits=int(np.count_nonzero(found)),
            trials=n,
            hits=int(found.sum()),
            hits_hits=int(np.einsum("i,i", found, found, dtype=np.int64)),
            hits_trials=int(np.einsum("i,i", found, tried, dtype=np.int64)),
            trials_trials=int(np.einsum("i,i", tried, tried, dtype=np.int64)),
        )
    )
    return float(told), float(known)


def _counts(mask: Bools, first: Ints, total: int) -> NDArray[np.integer[Any]]:
    """How many rows of each cluster are in a mask that has so many."""
    if total == len(mask):
        return np.diff(first, append=len(mask))
    # Sums up to each row are thrice as fast as `reduceat` over a million clusters of a few.
    before = np.cumsum(mask, dtype=np.int32 if len(mask) < 1 << 31 else np.int64)
    return np.diff(np.append(before[first[1:] - 1], before[-1:]), prepend=before[:0].dtype.type(0))
