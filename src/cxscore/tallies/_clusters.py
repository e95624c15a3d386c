"""Answers that hang together: their sums in a tally, and the rows that any part of them is summed from.

Knows points, weights, groups and labels as columns; knows no `ScoreTally`, and nothing of where the answers came
from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from .._core import clusters, counting
from ..errors import MergeError
from . import _saved
from ._digests import BY_CONTENT, Digests, digests, packed, sealed_digests, size_only, unpacked

__all__ = [
    "AnswerClusters",
    "ClusteredRows",
    "OtherRows",
    "SingleAnswers",
    "merged_clusters",
    "read_clusters",
    "single_answers",
]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


# -- in a tally --------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class AnswerClusters:
    """Answers that hang together, as sums over clusters: the variance of any mean or share of them rests on these.

    Args:
        name: what tells the clusters apart: the name of a column, or "given" for labels beside the answers.
        one_vote: whether the answers of a cluster weigh 1 together.
        count: clusters with at least one answer.
        products: for every pair of points the sum over clusters of (weight at one) times (weight at the other).
        seen: digests of the labels, ascending; None where they are not known. An answer without a label is a
            cluster of its own and has none.
    """

    name: str
    one_vote: bool
    count: int
    products: tuple[tuple[float, ...], ...]
    seen: Digests | None = attrs.field(
        default=None, converter=sealed_digests, eq=BY_CONTENT, hash=False, repr=size_only
    )

    def spread(self, values: Sequence[float]) -> float:
        """Sum over clusters of the squared sum of a value a point, weighted."""
        row = np.array(values)
        return float(row @ np.array(self.products) @ row)

    @property
    def sizes(self) -> float:
        """Sum over clusters of the squared weight."""
        return self.spread([1.0] * len(self.products))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the digests are a base64 text of little-endian 64-bit integers."""
        return {
            "name": self.name,
            "one_vote": self.one_vote,
            "count": self.count,
            "products": [list(row) for row in self.products],
            "seen": None if self.seen is None else packed(self.seen, "<u8"),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that the digests are read-only again.
        return _restored, ({field.name: getattr(self, field.name) for field in attrs.fields(type(self))},)


def _restored(fields: dict[str, Any]) -> AnswerClusters:
    return AnswerClusters(**fields)


def merged_clusters(mine: AnswerClusters, theirs: AnswerClusters) -> AnswerClusters:
    """The clusters of two tallies, of which none may stand in both.

    Raises:
        MergeError: unlike clusters, unknown ones, or some that stand in both.
    """
    if (mine.name, mine.one_vote) != (theirs.name, theirs.one_vote):
        msg = (
            f"tallies of unlike clusters do not add up (got {_told(mine)} and {_told(theirs)}); count both with the "
            f"same cluster= or one_vote_per="
        )
        raise MergeError(msg, argument="other", found=(mine.name, theirs.name))
    if mine.seen is None or theirs.seen is None:
        msg = (
            "tallies with clusters add up only where no cluster stands in both (got one that does not know its "
            "clusters); build both with ScoreTally.of"
        )
        raise MergeError(msg, argument="other")
    shared = np.intersect1d(mine.seen, theirs.seen, assume_unique=True).size
    if shared:
        msg = (
            f"tallies with clusters add up only where no cluster stands in both (got {shared:,} that do, of "
            f"{mine.count:,} and {theirs.count:,}); split the shards by {_told(mine)}, never by time"
        )
        raise MergeError(msg, argument="other", found=shared)
    return attrs.evolve(
        mine,
        count=mine.count + theirs.count,
        products=tuple(
            tuple(a + b for a, b in zip(*rows, strict=True))
            for rows in zip(mine.products, theirs.products, strict=True)
        ),
        seen=np.sort(np.concatenate((mine.seen, theirs.seen))),
    )


def _told(found: AnswerClusters) -> str:
    return f"{'one_vote_per' if found.one_vote else 'cluster'}:{found.name}"


def read_clusters(data: Any) -> AnswerClusters:
    """What `AnswerClusters.to_dict` wrote."""
    return AnswerClusters(**_saved.mapping(data, "ScoreTally.to_dict()", _CLUSTERS))


def _row(data: Any) -> tuple[float, ...]:
    found: tuple[float, ...] = _saved.several(_saved.fractional)(data)
    return found


_CLUSTERS: dict[str, Callable[[Any], Any]] = {
    "name": _saved.text,
    "one_vote": _saved.flag,
    "count": _saved.count,
    "products": _saved.several(_row),
    "seen": _saved.optional(unpacked("<u8")),
}


def single_answers(name: str, counts: Sequence[int], squares: Sequence[float] | None) -> AnswerClusters:
    """Clusters of one answer each."""
    products = np.diag(np.array(counts if squares is None else squares, dtype=np.float64))
    return AnswerClusters(name=name, one_vote=False, count=sum(counts), products=tuple(map(tuple, products.tolist())))


# -- in rows, by group -------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class SingleAnswers:
    """Clusters of one answer each, by group: they change no interval, and groups of them add up."""

    name: str
    count: Ints
    one_vote: bool = False


class ClusteredRows:
    """The answers that count, by group, with the cluster that each belongs to: the sums of any part of them.

    A cluster may have answers in several groups, so groups do not add up; every part is summed from its answers.
    """

    def __init__(
        self,
        *,
        point: Ints,
        points: int,
        weight: Floats | None,
        cluster: Ints,
        labels: Sequence[Any],
        name: str,
        one_vote: bool,
        group: Ints | None = None,
        groups: int = 1,
    ) -> None:
        self._cells = clusters.arrange(cluster, np.zeros_like(cluster) if group is None else group)
        order = self._cells.order
        self._point = point[order]
        self._points = points
        self._weight = clusters.equal_votes(self._cells) if one_vote else None if weight is None else weight[order]
        self._cluster = cluster[order]
        self._group = np.zeros_like(order) if group is None else group[order]
        self._groups = groups
        self._labels = labels
        self.name = name
        self.one_vote = one_vote

    @property
    def _cell_group(self) -> Ints:
        return self._group[self._cells.starts]

    def sums(self) -> tuple[Floats, Floats] | None:
        """Sums of the weights and of their squares by group and point, None without weights."""
        if self._weight is None:
            return None
        return counting.weighted_sums(self._point, self._points, self._group, self._groups, self._weight)

    @cached_property
    def count(self) -> Ints:
        """Clusters of each group."""
        return np.bincount(self._cell_group, minlength=self._groups)

    @cached_property
    def sizes(self) -> Floats:
        """For each group the sum over clusters of the squared weight."""
        return self.spread([1.0] * self._points)

    def spread(self, values: Sequence[Any]) -> Floats:
        """For each group the sum over clusters of the squared sum of a value a point and group, weighted."""
        table = np.array([np.broadcast_to(value, (self._groups,)) for value in values], dtype=np.float64)
        value = table[self._point, self._group]
        if self._weight is not None:
            value *= self._weight
        squared = clusters.squared_sums(self._cells, value)
        summed: Floats = np.bincount(self._cell_group, weights=squared, minlength=self._groups).astype(np.float64)
        return summed

    def group(self, i: int) -> slice:
        """The answers of one group, for `part`."""
        return slice(*np.searchsorted(self._group, (i, i + 1)).tolist())

    def others(self, i: int) -> Bools:
        """The answers outside one group, for `part`."""
        return np.asarray(self._group != i)

    def several(self, places: Ints) -> Bools:
        """The answers of some groups, for `part`."""
        return np.isin(self._group, places)

    def outside(self) -> OtherRows:
        """For each group the answers of all others, which must not weigh what their group makes of them."""
        cells, weight = self._cells, np.ones(len(self._point)) if self._weight is None else self._weight
        return OtherRows(cells, self._cell_group, self._point, weight, self._groups)

    def part(
        self, rows: Any = slice(None), *, with_seen: bool = False
    ) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None, AnswerClusters]:
        """Sums of the weights and of their squares by point (None without), and the clusters, of some answers."""
        cluster, point = self._cluster[rows], self._point[rows]
        cells = clusters.arrange(cluster)
        point = point[cells.order]
        weight = None if self._weight is None else self._weight[rows][cells.order]
        sums = squares = None
        if self.one_vote:
            weight = clusters.equal_votes(cells)
        if weight is not None:
            both = counting.weighted_sums(point, self._points, None, 1, weight)
            sums, squares = (tuple(row[0].tolist()) for row in both)
        products = clusters.products(cells, point, weight, self._points)
        seen = None
        if with_seen:
            seen = digests(self._labels, cells.cluster[cells.cluster < len(self._labels)], "cluster")
        found = AnswerClusters(
            name=self.name,
            one_vote=self.one_vote,
            count=len(cells.starts),
            products=tuple(map(tuple, products.tolist())),
            seen=seen,
        )
        return sums, squares, found


class OtherRows:
    """For each group the clusters of all answers outside it, from sums: all of a cluster less what stands inside."""

    def __init__(self, cells: clusters.Cells, cell_group: Ints, point: Ints, weight: Floats, groups: int) -> None:
        self._starts = cells.starts
        self._group = cell_group
        self._groups = groups
        self._cluster = np.unique(cells.cluster, return_inverse=True)[1].reshape(-1)
        self._point = point
        self._given = weight
        self._weight = self._of_cells(weight)
        rows = np.bincount(self._cluster, weights=cells.lengths)[self._cluster]
        only_here = np.bincount(cell_group[cells.lengths == rows], minlength=groups)
        self.count: Ints = int(self._cluster.max(initial=-1)) + 1 - only_here

    def _of_cells(self, value: Floats) -> Floats:
        found: Floats = np.add.reduceat(value, self._starts) if self._starts.size else np.zeros(0)
        return found

    @property
    def sizes(self) -> Floats:
        """For each group the sum over clusters of the squared weight."""
        return self._spread(self._weight, np.zeros(self._groups))

    def spread(self, values: Sequence[Any]) -> Floats:
        """For each group the sum over clusters of the squared sum of a value a point less the mean of the group."""
        table = np.array([np.broadcast_to(value, (self._groups,)) for value in values], dtype=np.float64)
        known = np.flatnonzero(~np.isnan(table[0]))
        if not known.size:
            return np.full(self._groups, np.nan)
        base = known[0]
        return self._spread(self._of_cells(table[self._point, base] * self._given), table[0] - table[0, base])

    def _spread(self, inside: Floats, shift: Floats) -> Floats:
        """Of the sums of a value in each cell, to which every group adds its own shift."""
        total, weight = (np.bincount(self._cluster, weights=value) for value in (inside, self._weight))
        all_of_them = total @ total + 2.0 * shift * (total @ weight) + shift * shift * (weight @ weight)
        moved = shift[self._group]
        full = total[self._cluster] + moved * weight[self._cluster]
        rest = full - inside - moved * self._weight
        less = np.bincount(self._group, weights=rest * rest - full * full, minlength=self._groups)
        found: Floats = np.maximum(all_of_them + less, 0.0)
        return found
