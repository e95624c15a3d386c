"""Answers that hang together: which of them one cluster gave, what that is worth, and which came last.

Works on integer codes and knows nothing of records, scales or names. The variance of a weighted mean over
clusters rests on one sum a cluster, so a matrix of products of points (`products`) is all that has to be kept
of any number of them, for every contrast of the points at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .distributions import t_value
from .repeats import ClusterSums, sort_rows

__all__ = [
    "Cells",
    "arrange",
    "at_level",
    "effective_share",
    "equal_votes",
    "joint",
    "products",
    "squared_sums",
    "superseded",
    "worth",
    "worth_of_share",
]

Number = Any  # a float for one group, an array for many
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CELLS = 1 << 13  # cells whose points stand side by side at a time; they stay in the processor's cache


class Cells(NamedTuple):
    """Rows side by side that have the same group and cluster.

    Attributes:
        order: input row of each row in this order.
        starts: where each cell begins.
        lengths: rows of each cell.
        cluster: cluster code of each cell.
    """

    order: Ints
    starts: Ints
    lengths: Ints
    cluster: Ints


def arrange(cluster: Ints, group: Ints | None = None) -> Cells:
    """Bring rows in order of their group, then of their cluster."""
    order, first = sort_rows(cluster if group is None else group, np.zeros_like(cluster) if group is None else cluster)
    begins = np.ones(order.size, dtype=np.bool_)
    begins[1:] = first[1:] != first[:-1]
    if group is not None:
        first = cluster[order]
        begins[1:] |= first[1:] != first[:-1]
    starts = np.flatnonzero(begins)
    return Cells(order, starts, np.diff(np.append(starts, order.size)), first[starts])


def equal_votes(cells: Cells) -> Floats:
    """A weight for each arranged row, so that every cell weighs 1."""
    return np.repeat(1.0 / cells.lengths, cells.lengths)


def products(cells: Cells, point: Ints, weight: Floats | None, points: int) -> Floats:
    """Sum over cells of (weight at one point) times (weight at another), for every pair of points.

    Args:
        cells: the clusters.
        point: position on the scale of each arranged row.
        weight: of each arranged row; None for 1.
        points: points of the scale.
    """
    total = np.zeros((points, points))
    for begin in range(0, cells.starts.size, _CELLS):
        lengths = cells.lengths[begin : begin + _CELLS]
        first = int(cells.starts[begin])
        rows = slice(first, first + int(lengths.sum()))
        place = np.repeat(np.arange(0, lengths.size * points, points), lengths) + point[rows]
        given = None if weight is None else weight[rows]
        table = np.bincount(place, weights=given, minlength=lengths.size * points)
        table = table.reshape(-1, points).astype(np.float64, copy=False)
        total += table.T @ table
    return total


def squared_sums(cells: Cells, value: Floats) -> Floats:
    """For each cell the square of the sum of a value that each arranged row has."""
    return np.square(np.add.reduceat(value, cells.starts)) if cells.starts.size else np.zeros(0)


def worth(
    variance: Number,
    spread: Number,
    sizes: Number,
    total: Number,
    independent: Number,
    kish: Number,
) -> tuple[Number, Number]:
    """How many independent answers say as much about a weighted mean as clustered ones do, and k.

    The variance of one answer over the linearised variance of the mean, spread / total². Each has the correction
    of a sample variance, 1 - 1 / k, where k is Kish's number: of the answers for the one, of the clusters for the
    other, which is their plain number where all weigh the same; k of unequal clusters is the effective number of
    Carter, Schnepel and Steigerwald (2017). Where either variance is 0 it says nothing, and Kish's number of
    clusters stands in, with NaN for k. Never more than without clusters, 0 without weight.

    Args:
        variance: of one answer, divisor n.
        spread: sum over clusters of the squared sum of weighted deviations from the mean.
        sizes: sum over clusters of the squared weight.
        total: weight of all answers.
        independent: the effective number if no answer hung on another.
        kish: Kish's number of answers.
    """
    many = isinstance(spread, np.ndarray)
    variance, spread, sizes, total, independent, kish = (
        np.atleast_1d(np.asarray(part, dtype=np.float64))
        for part in (variance, spread, sizes, total, independent, kish)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        clusters = total * total / sizes
        told = variance * total * total / spread * (1.0 - 1.0 / clusters) / (1.0 - 1.0 / kish)
        # What rounding leaves of 0 is below these: values are points of a scale, so a real variance is some 1 / n
        # and up, and a real spread above 1 / the weight of a cluster.
        varies = (variance > 1e-24) & (spread > 1e-12 * variance * sizes)
    told = np.minimum(told, independent, where=varies, out=np.where(total > 0.0, clusters, 0.0))
    clusters = np.where(varies, clusters, np.nan)
    return (told, clusters) if many else (float(told[0]), float(clusters[0]))


def at_level(told: Number, clusters: Number, kish: Number, confidence: float) -> Number:
    """What `worth` tells, for an interval at a level of confidence; unchanged where k is NaN.

    With few clusters the variance itself is hardly known, so the number is brought down to where the normal quantile
    reaches as far as Student's with k - 1 degrees of freedom does (Korn and Graubard 1998). Never less than 1.

    Args:
        told: how many independent answers say as much.
        clusters: k, Kish's number of clusters.
        kish: Kish's number of answers.
        confidence: level of the interval that this is for.
    """
    found, clusters, kish = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (told, clusters, kish))
    )
    # One degree of freedom has a quantile of 12.7 at 95 %; less of it would say no more.
    few, all_of_them = (np.maximum(k - 1.0, 1.0) for k in np.atleast_1d(clusters, kish))
    known = ~np.isnan(few)
    level = np.atleast_1d(found).copy()
    level[known] = np.maximum(
        level[known] * np.square(t_value(confidence, all_of_them[known]) / t_value(confidence, few[known])), 1.0
    )
    return level if found.ndim else float(level[0])


def worth_of_share(sums: ClusterSums) -> tuple[Number, Number]:
    """`worth` of a share of hits among trials of which each counts once; NaN without trials."""
    n, hits = sums.trials * 1.0, sums.hits * 1.0
    if not isinstance(n, np.ndarray):
        n = np.float64(n)  # divides by 0 without an exception
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        spread = sums.hits_hits - 2.0 * share * sums.hits_trials + share * share * sums.trials_trials
        told, clusters = worth(share * (1.0 - share), spread, sums.trials_trials * 1.0, n, n, n)
        return told + 0.0 * share, clusters


def effective_share(sums: ClusterSums, confidence: float) -> Number:
    """How many independent trials say as much about a share, at a level of confidence; NaN without trials."""
    return at_level(*worth_of_share(sums), sums.trials, confidence)


def joint(columns: Sequence[Ints]) -> Ints:
    """One code for each combination of codes, small enough to be packed with a row and an instant."""
    code: Ints = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if int(code.max(initial=0)) * size >= 1 << 62:
            code = np.unique(code, return_inverse=True)[1].reshape(-1)
        code = code * size + column
    if int(code.max(initial=0)) * code.size >= 1 << 62:
        code = np.unique(code, return_inverse=True)[1].reshape(-1)
    return code


def superseded(code: Ints, at: Ints, rank: Ints) -> Bools:
    """Which rows are not the last of their code, by time and then by rank."""
    old = np.zeros(code.size, dtype=np.bool_)
    order, code = sort_rows(code, at, rank)
    old[order[:-1]] = code[1:] == code[:-1]
    return old
