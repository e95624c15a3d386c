"""Counts of every point of a scale: all that NPS, CSAT and CES need, and exactly mergeable.

Where answers hang together, the tally has the sums of them over clusters as well, and merges only with shards
that share no cluster with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final, NoReturn

import attrs
import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._accounting import LeftOut, left_out
from .._calls import complete
from .._checks import check_choice
from .._core import clusters, counting
from .._frozen import FrozenMap
from .._grouping import Grouping, cut_by, group_rows
from .._inputs import NAT, Coded, Column
from ..batches import Batch, Responses, first_record
from ..errors import (
    ArgumentTypeError,
    InvalidValueError,
    LengthError,
    MergeError,
    MissingValueError,
    ScaleError,
    shown,
)
from ..scales import Scale
from . import _saved
from ._digests import BY_CONTENT, Digests, digests, packed, sealed_digests, size_only, unpacked
from ._sums import no_start

__all__ = [
    "GIVEN",
    "AnswerClusters",
    "ClusteredRows",
    "OtherRows",
    "ScoreTable",
    "ScoreTally",
    "SingleAnswers",
    "contents",
    "score_table",
    "score_tally",
]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SCHEMA = 3  # 1 knew no clusters, 2 did not say which of several answers count
GIVEN: Final = "given"  # what clusters and votes are called in a signature where they came as an array
_SMALL = 256  # up to here counting in plain Python beats numpy's start-up cost


def _counts(values: Sequence[Any]) -> tuple[int, ...]:
    counts = tuple(values)
    if {int}.issuperset(map(type, counts)) and min(counts, default=0) >= 0:
        return counts  # nearly every call
    return tuple(_whole_count(value, f"position {i}") for i, value in enumerate(counts))


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


@attrs.frozen(kw_only=True)
class ScoreTally:
    """How often each point was given, and what was left out. Merging is exact for any split of the rows.

    With clusters it is exact where no cluster stands in two shards; tallies that share one refuse to merge.

    Args:
        scale: the scale.
        counts: answers per point, in scale order.
        sums: sums of the sampling weights per point, None where answers have no weights.
        squares: sums of the squared weights per point, with `sums`.
        clusters: sums over clusters of answers, None where every answer counts as independent.
        left_out: rows left out by reason.
        superseded: "count" where answers that were given again count as well, "drop" where they do not.
        asked: survey invitations behind the answers, None where that is not known.
        respondents: distinct people behind the answers, None where that is not known or not additive.

    >>> import cxscore as cx
    >>> january = cx.ScoreTally.of([9, 10, 3], scale=cx.NPS_0_10)
    >>> february = cx.ScoreTally.from_counts({10: 4, 7: 2}, scale=cx.NPS_0_10)
    >>> (january + february).n
    9
    """

    scale: Scale
    counts: tuple[int, ...] = attrs.field(converter=_counts)
    sums: tuple[float, ...] | None = None
    squares: tuple[float, ...] | None = None
    clusters: AnswerClusters | None = None
    left_out: FrozenMap[LeftOut, int] = attrs.field(factory=FrozenMap)
    superseded: str = "drop"
    asked: int | None = attrs.field(default=None, eq=False)
    respondents: int | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        points = len(self.scale.points)
        for name in ("counts", "sums", "squares"):
            row = getattr(self, name)
            if row is not None and len(row) != points:
                msg = (
                    f"{name} must have one number for each of the {points} points of {self.scale.name} (got {len(row)})"
                )
                raise LengthError(msg, argument=name, found=len(row))
        if self.clusters is not None:
            table = self.clusters.products
            if {points} != {len(table), *map(len, table)}:
                msg = f"clusters must have products for each pair of the {points} points of {self.scale.name}"
                raise LengthError(msg, argument="clusters", found=len(table))

    @property
    def n(self) -> int:
        """Answers on the scale."""
        return sum(self.counts)

    @property
    def given(self) -> int:
        """Rows of the input."""
        return self.n + sum(self.left_out.values())

    @property
    def distribution(self) -> FrozenMap[int, int]:
        """Point to count, all points of the scale."""
        return FrozenMap(dict(zip(self.scale.points, self.counts, strict=True)))

    @classmethod
    @complete("write ScoreTally.of(answers, scale=cx.NPS_0_10)")
    def of(
        cls,
        data: Any,
        scale: Scale,
        *,
        weights: Any = None,
        cluster: Any = None,
        one_vote_per: Any = None,
        superseded: str = "drop",
        missing: str = "drop",
        invalid: str = "raise",
    ) -> ScoreTally:
        """Count answers of any shape the metrics accept.

        Every answer is independent unless `cluster` or `one_vote_per` says otherwise, also where it is known who gave
        which: tallies of any shards add up then. Counts and scores are those of the metrics; the interval of a tally
        without clusters is the independent one, and its signature says `cluster:none`.

        Args:
            data: numbers, labels, records, a `Responses` batch or counts by point.
            scale: the scale of the answers.
            weights: one number a row, or an attribute name for records.
            cluster: labels or a name as in `nps`; all answers of a cluster must be in this shard.
            one_vote_per: as in `nps`; all answers of an account must be in this shard.
            superseded: as in `nps`; answers that supersede each other must be in one shard.
            missing: "drop" or "raise".
            invalid: "raise" or "drop".

        Raises:
            ScaleError: answers off the scale under `invalid="raise"`.
            MissingValueError: missing answers under `missing="raise"`.
            ArgumentTypeError: cluster labels that have no stable text.
        """
        return score_tally(
            data, scale, weights=weights, cluster=False if cluster is None and one_vote_per is None else cluster,
            one_vote_per=one_vote_per, superseded=superseded, missing=missing, invalid=invalid, with_seen=True,
        )  # fmt: skip

    @classmethod
    @complete("write ScoreTally.from_counts({5: 40, 1: 3}, scale=cx.CSAT_1_5)")
    def from_counts(cls, counts: Mapping[Any, Any] | Sequence[Any], scale: Scale) -> ScoreTally:
        """Counts that were made elsewhere, e.g. by SQL.

        Args:
            counts: point or label to count, or counts in scale order.
            scale: the scale.

        Raises:
            ScaleError: a point that is not on the scale.
            InvalidValueError: a count that is no whole number of 0 or more.
            LengthError: a sequence that has not one count a point.
        """
        if hasattr(counts, "items"):  # a mapping, or a pandas Series as value_counts() gives it
            return _from_mapping(counts, scale, "drop", "raise")
        found = list(counts)
        if len(found) != len(scale.points):
            msg = (
                f"counts must have one number for each of the {len(scale.points)} points {scale.low} to {scale.high} "
                f"(got {len(found)}); pass {{point: count}} to name the points"
            )
            raise LengthError(msg, argument="counts", found=len(found))
        points = [_whole_count(count, point) for count, point in zip(found, scale.points, strict=True)]
        return cls(scale=scale, counts=points)

    @classmethod
    def empty(cls, scale: Scale) -> ScoreTally:
        """No answers: the start of a sum.

        >>> import cxscore as cx
        >>> sum([], start=cx.ScoreTally.empty(cx.CSAT_1_5)).n
        0
        """
        return cls(scale=scale, counts=[0] * len(scale.points))

    def emptied(self) -> ScoreTally:
        """An empty tally of the same kind."""
        return attrs.evolve(ScoreTally.empty(self.scale), superseded=self.superseded)

    def __radd__(self, other: object) -> NoReturn:
        raise no_start(type(self).__name__, other)

    def __add__(self, other: object) -> ScoreTally:
        if not isinstance(other, ScoreTally):
            return NotImplemented
        if self.scale != other.scale:
            msg = (
                f"tallies of unlike scales do not add up (got {self.scale.name} {dict(self.scale.definition)} and "
                f"{other.scale.name} {dict(other.scale.definition)}); count both with the same scale="
            )
            raise MergeError(msg, argument="other", found=(self.scale, other.scale))
        both = _merged_clusters(self, other)
        if (self.sums is None) != (other.sums is None) and self.n and other.n:
            msg = "a weighted and an unweighted tally do not add up; count both with weights= or both without"
            raise MergeError(msg, argument="other", found=(self.sums, other.sums))
        return ScoreTally(
            scale=self.scale,
            counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            sums=_added(self, other, "sums"),
            squares=_added(self, other, "squares"),
            clusters=both,
            left_out=left_out(
                {reason: self.left_out.get(reason, 0) + other.left_out.get(reason, 0) for reason in LeftOut}
            ),
            superseded=_merged_superseded(self, other),
            asked=_known_sum(self, other),
            # One person may answer in both; only no rows are known to add nobody.
            respondents=self.respondents if not other.given else other.respondents if not self.given else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with a `schema` number; `from_dict` reads them back."""
        return {
            "schema": SCHEMA,
            "kind": "ScoreTally",
            "scale": self.scale.to_dict(),
            "counts": list(self.counts),
            "sums": None if self.sums is None else list(self.sums),
            "squares": None if self.squares is None else list(self.squares),
            "clusters": None if self.clusters is None else self.clusters.to_dict(),
            "left_out": {str(reason): count for reason, count in self.left_out.items()},
            "superseded": self.superseded,
            "asked": self.asked,
            "respondents": self.respondents,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreTally:
        """The tally that `to_dict` wrote, in this or an older release.

        Raises:
            ArgumentValueError: something else, a field that is damaged or not there, a schema of a newer release.
        """
        _saved.check_schema(data, "ScoreTally", SCHEMA)
        if data["schema"] == 1:
            data = {**data, "clusters": None}
        if data["schema"] < 3:
            data = {**data, "superseded": "drop"}
        return cls(**_saved.mapping(data, "ScoreTally.to_dict()", _FIELDS))

    def to_bytes(self) -> bytes:
        """`to_dict` as UTF-8 JSON."""
        return json.dumps(self.to_dict()).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ScoreTally:
        """The tally that `to_bytes` wrote.

        Raises:
            ArgumentValueError: as `from_dict`.
        """
        return cls.from_dict(_saved.load(data, "ScoreTally"))


def _read_clusters(data: Any) -> AnswerClusters:
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
_WEIGHTS = _saved.optional(_saved.several(_saved.fractional))
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "scale": Scale.from_dict,
    "counts": _saved.several(_saved.count),
    "sums": _WEIGHTS,
    "squares": _WEIGHTS,
    "clusters": _saved.optional(_read_clusters),
    "left_out": _saved.reasons,
    "superseded": lambda data: check_choice("superseded", _saved.text(data), ("drop", "count")),
    "asked": _saved.optional(_saved.count),
    "respondents": _saved.optional(_saved.count),
}


def _whole_count(count: Any, label: Any) -> int:
    number = count.item() if isinstance(count, np.generic) else count
    try:
        whole = not isinstance(number, bool) and int(number) == number and number >= 0
    except (TypeError, ValueError, OverflowError):  # no number, NaN, infinite
        whole = False
    if not whole:
        msg = f"counts must be whole numbers of 0 or more (got {shown(count)} for {label!r})"
        raise InvalidValueError(msg, argument="counts", found=count)
    return int(number)


def _from_mapping(counts: Any, scale: Scale, missing: str, invalid: str) -> ScoreTally:
    """Counts by point or label; labels that were never given do not matter."""
    points = [0] * len(scale.points)
    gone = off = 0
    for label, count in counts.items():
        times = _whole_count(count, label)
        try:
            point = scale.parse(label) if times else None
        except ScaleError:
            if invalid == "raise":
                raise
            off += times
            continue
        if point is None:
            gone += times
        else:
            points[point - scale.low] += times
    if gone and missing == "raise":
        msg = f"answers must have no missing values with missing='raise' (got {gone}); use missing='drop' to count them"
        raise MissingValueError(msg, argument="answers", count=gone)
    return ScoreTally(scale=scale, counts=points, left_out=left_out({LeftOut.MISSING: gone, LeftOut.INVALID: off}))


def _added(one: ScoreTally, other: ScoreTally, name: str) -> tuple[float, ...] | None:
    mine, theirs = getattr(one, name), getattr(other, name)
    if mine is None or theirs is None:
        # The tally without weights decides where it has answers: the other has none then.
        plain = one if mine is None else other
        return None if plain.n else mine or theirs
    return tuple(a + b for a, b in zip(mine, theirs, strict=True))


def _merged_superseded(one: ScoreTally, other: ScoreTally) -> str:
    """Which of several answers count in both; a tally without rows takes it from the other."""
    said = {tally.superseded for tally in (one, other) if tally.given} or {one.superseded, other.superseded}
    if len(said) > 1 and one.given:
        msg = (
            "a tally of the latest answers and one of all answers do not add up (got superseded='drop' and 'count'); "
            "count both with the same superseded="
        )
        raise MergeError(msg, argument="other", found=(one.superseded, other.superseded))
    return min(said)


def _merged_clusters(one: ScoreTally, other: ScoreTally) -> AnswerClusters | None:
    """The clusters of both tallies, of which none may stand in both."""
    mine, theirs = one.clusters, other.clusters
    if mine is None or theirs is None:
        plain, clustered = (one, other) if mine is None else (other, one)
        if plain.n and clustered.n and clustered.clusters is not None:
            msg = (
                "a tally with clusters and one without do not add up; count both with the same cluster= or "
                "one_vote_per=, or both without"
            )
            raise MergeError(msg, argument="other", found=(mine, theirs))
        return None if plain.n else clustered.clusters
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


def _known_sum(one: ScoreTally, other: ScoreTally) -> int | None:
    # An empty tally knows that it asked nobody.
    mine = 0 if one.asked is None and not one.given else one.asked
    theirs = 0 if other.asked is None and not other.given else other.asked
    return None if mine is None or theirs is None or (one.asked is None and other.asked is None) else mine + theirs


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


class People:
    """How many distinct people answered in each group, in all, and in all groups but one; counted when asked for."""

    def __init__(self, group: Ints, groups: int, person: Ints) -> None:
        self._group = group
        self._groups = groups
        self._person = person

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints]:
        pairs = clusters.arrange(self._person, self._group)
        return self._group[pairs.order][pairs.starts], pairs.cluster

    @cached_property
    def by_group(self) -> Ints:
        """People of each group."""
        return np.bincount(self._pairs[0], minlength=self._groups)

    @cached_property
    def total(self) -> int:
        """People of all groups."""
        return int(np.count_nonzero(np.bincount(self._person)))

    @cached_property
    def only_here(self) -> Ints:
        """People of each group who answered in no other."""
        group, person = self._pairs
        alone = np.bincount(person)[person] == 1
        return np.bincount(group[alone], minlength=self._groups)


class ScoreTable:
    """Score tallies of many groups in arrays, one row a group."""

    __slots__ = (
        "asked", "assumed", "counts", "keys", "left", "many", "names", "people", "rows", "scale", "single", "squares",
        "sums", "superseded",
    )  # fmt: skip

    def __init__(
        self,
        *,
        scale: Scale,
        keys: Sequence[Any],
        names: tuple[str, ...],
        many: bool,
        counts: Ints,
        sums: Floats | None,
        squares: Floats | None,
        left: Mapping[LeftOut, Ints],
        asked: Ints | None,
        rows: ClusteredRows | None = None,
        people: People | None = None,
        single: str | None = None,
        assumed: bool = False,
        superseded: str = "drop",
    ) -> None:
        self.scale = scale
        self.keys = keys
        self.names = names
        self.many = many
        self.counts = counts
        self.sums = sums
        self.squares = squares
        self.left = left
        self.asked = asked
        self.rows = rows
        self.people = people
        self.single = single  # what tells clusters apart of which none has two answers
        self.assumed = assumed  # nobody asked for clusters, so that tallies to merge have none
        self.superseded = superseded

    @property
    def clusters(self) -> ClusteredRows | SingleAnswers | None:
        """The clusters of each group, None where every answer is independent."""
        return self.rows if self.single is None else SingleAnswers(self.single, self.counts.sum(axis=1))

    def __len__(self) -> int:
        return len(self.counts)

    def row(self, i: int, *, to_merge: bool = False) -> ScoreTally:
        """The tally of one group; `to_merge` with the digests of clusters that were asked for, and of no others."""
        people = None if self.people is None else int(self.people.by_group[i])
        answers = None if self.rows is None else self.rows.group(i)
        return self._tally(slice(i, i + 1), answers, people, to_merge)

    def total(self, *, to_merge: bool = False) -> ScoreTally:
        """The tally of all groups together."""
        people = None if self.people is None else self.people.total
        return self._tally(slice(None), slice(None), people, to_merge)

    def rest(self, i: int) -> ScoreTally:
        """The tally of all groups but one."""
        people = None if self.people is None else self.people.total - int(self.people.only_here[i])
        answers = None if self.rows is None else self.rows.others(i)
        return self._tally(np.arange(len(self)) != i, answers, people, False)

    def union(self, places: Ints) -> ScoreTally:
        """The tally of some groups together; how many people that are is not known."""
        answers = None if self.rows is None else self.rows.several(places)
        return self._tally(places, answers, None, False)

    def unions(self, windows: Ints) -> ScoreTable | None:
        """Tallies of several groups each, one row a window; None where clusters keep groups from adding up."""
        if self.rows is not None:
            return None

        def added(counts: Any) -> Any:
            return None if counts is None else sum(counts[column] for column in windows.T)

        return ScoreTable(
            scale=self.scale,
            keys=[self.keys[i] for i in windows[:, -1].tolist()],
            names=self.names,
            many=self.many,
            counts=added(self.counts),
            sums=added(self.sums),
            squares=added(self.squares),
            left={reason: added(counts) for reason, counts in self.left.items()},
            asked=added(self.asked),
            single=self.single,
            superseded=self.superseded,
        )

    def _tally(self, groups: Any, answers: Any, people: int | None, to_merge: bool) -> ScoreTally:
        sums = squares = found = None
        asked_for = not (to_merge and self.assumed)
        counts = self.counts[groups].sum(axis=0).tolist()
        if self.rows is not None and asked_for:
            sums, squares, found = self.rows.part(answers, with_seen=to_merge)
        elif self.sums is not None and self.squares is not None:
            sums, squares = (tuple(part[groups].sum(axis=0).tolist()) for part in (self.sums, self.squares))
        if self.single is not None and asked_for:
            found = _single(self.single, counts, squares)
        return ScoreTally(
            scale=self.scale,
            counts=counts,
            sums=sums,
            squares=squares,
            clusters=found,
            left_out=left_out({reason: counts[groups].sum() for reason, counts in self.left.items()}),
            superseded=self.superseded,
            asked=None if self.asked is None else int(self.asked[groups].sum()),
            respondents=people,
        )


def _single(name: str, counts: Sequence[int], squares: Sequence[float] | None) -> AnswerClusters:
    """Clusters of one answer each."""
    products = np.diag(np.array(counts if squares is None else squares, dtype=np.float64))
    return AnswerClusters(name=name, one_vote=False, count=sum(counts), products=tuple(map(tuple, products.tolist())))


# -- the door for answers ----------------------------------------------------------------------------


def _open(answers: Any) -> tuple[Any, Batch[Any] | None]:
    """Answers as one column, with the batch they stand in, if any."""
    answers = _inputs.materialise(answers)
    if isinstance(answers, Responses):
        return answers.raw("score"), answers
    kind = first_record(answers)
    if kind is not None or isinstance(answers, Batch):
        if kind is not Responses.record:
            found = (kind or type(answers)).__name__
            msg = f"answers must be scores, SurveyResponse records or a Responses batch (got {found})"
            raise ArgumentTypeError(msg, argument="answers", found=found)
        batch = Responses.from_records(answers)
        return batch.raw("score"), batch
    if type(answers) is int and answers == 0:
        msg = (
            "answers must be data or a tally (got 0, what sum() gives for no tallies); "
            "start the sum with a tally: sum(tallies, start=cx.ScoreTally.empty(cx.NPS_0_10))"
        )
        raise ArgumentTypeError(msg, argument="answers", found=answers)
    return answers, None


def _weight_column(weights: Any, n: int, batch: Batch[Any] | None) -> Floats:
    if isinstance(weights, str):
        if batch is None:
            msg = (
                f"weights must be numbers beside plain answers (got the name {weights!r}); pass weights=df[{weights!r}]"
            )
            raise ArgumentTypeError(msg, argument="weights", found=weights)
        weights = batch.raw(weights, "weights")
    return _inputs.weights(_inputs.materialise(weights), n)


def _check_settings(scale: Any, superseded: str, missing: str, invalid: str) -> None:
    if not isinstance(scale, Scale):
        msg = f"scale must be a Scale, e.g. cx.CSAT_1_5 (got {scale!r})"
        raise ArgumentTypeError(msg, argument="scale", found=scale)
    check_choice("superseded", superseded, ("drop", "count"))
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))


class _Belonging:
    """The cluster of each row, as `cluster=` or `one_vote_per=` names it."""

    def __init__(self, coded: Coded, name: str, *, one_vote: bool = False, assumed: bool = False) -> None:
        self._coded = coded
        self.name = name
        self._one_vote = one_vote
        self.assumed = assumed  # known from the data; nobody asked

    def single(self, kept: Bools) -> bool:
        """Whether nobody asked, and none of the answers to keep shares its cluster with another."""
        if not self.assumed:
            return False
        sizes = np.bincount(self._coded.codes[kept], minlength=len(self._coded.labels))
        if self._coded.labels and self._coded.labels[-1] is None:
            sizes = sizes[:-1]
        return bool(sizes.max(initial=0) <= 1)

    def label(self, row: int) -> Any:
        """What the cluster of a row is called."""
        return self._coded.labels[self._coded.codes[row]]

    def of(
        self,
        found: Column,
        scale: Scale,
        kept: Bools,
        weight: Floats | None,
        group: Ints | None = None,
        groups: int = 1,
    ) -> ClusteredRows:
        """The answers to keep with their clusters; one without a label is a cluster of its own."""
        labels = self._coded.labels
        code = self._coded.codes[kept].astype(np.int64, copy=False)
        if labels and labels[-1] is None:
            labels = labels[:-1]
            unknown = code == len(labels)
            code = np.where(unknown, len(labels) + np.cumsum(unknown), code)
        return ClusteredRows(
            point=found.data[kept].astype(np.int64) - scale.low,
            points=len(scale.points),
            weight=None if weight is None else weight[kept],
            cluster=code,
            labels=labels,
            name=self.name,
            one_vote=self._one_vote,
            group=group,
            groups=groups,
        )


def _belonging(weights: Any, cluster: Any, one_vote_per: Any, n: int, batch: Batch[Any] | None) -> _Belonging | None:
    if one_vote_per is not None:
        for argument, value, why in (
            ("weights", weights, "an answer then weighs one over the answers of its account"),
            ("cluster", cluster, "the answers of an account are then a cluster already"),
        ):
            if value is not None:
                msg = f"{argument} must be left out beside one_vote_per (got both): {why}"
                raise ArgumentTypeError(msg, argument=argument, found=type(value))
        return _Belonging(*_labels("one_vote_per", one_vote_per, n, batch), one_vote=True)
    if cluster is None:  # the unit that is known
        people = _respondents(batch)
        return None if people is None else _Belonging(people, "respondent", assumed=True)
    return None if cluster is False else _Belonging(*_labels("cluster", cluster, n, batch))


def _labels(argument: str, values: Any, n: int, batch: Batch[Any] | None) -> tuple[Coded, str]:
    """A column of labels, and what a signature calls it."""
    if isinstance(values, str):
        if batch is None:
            msg = (
                f"{argument} must be labels beside plain answers (got the name {values!r}); pass the column itself, "
                f"{argument}=df[{values!r}]"
            )
            raise ArgumentTypeError(msg, argument=argument, found=values)
        # A signature is cut at these, and says "none" where nothing is clustered.
        return batch.coded(values, argument), GIVEN if {"|", ";"} & set(values) or values == "none" else values
    coded = _inputs.coded(_inputs.materialise(values), argument)
    _inputs.same_length(n, len(coded), argument, "the answers")
    return coded, GIVEN


def score_tally(
    answers: Any,
    scale: Scale,
    *,
    weights: Any = None,
    cluster: Any = None,
    one_vote_per: Any = None,
    superseded: str = "drop",
    missing: str = "drop",
    invalid: str = "raise",
    with_seen: bool = False,
) -> ScoreTally:
    """Count answers of any shape on one scale; a tally passes through.

    `with_seen` keeps the digests of the clusters, which only a merge needs.
    """
    _check_settings(scale, superseded, missing, invalid)
    if isinstance(answers, (ScoreTally, Mapping)):
        for argument, value in (("weights", weights), ("cluster", cluster), ("one_vote_per", one_vote_per)):
            if value is not None and not (argument == "cluster" and value is False):
                msg = (
                    f"{argument} must be left out beside counts: only single answers can have it; count with "
                    f"ScoreTally.of(..., {argument}=)"
                )
                raise ArgumentTypeError(msg, argument=argument, found=value)
        if isinstance(answers, ScoreTally):
            return _recounted(_rescaled(answers, scale), cluster, superseded, missing)
        return attrs.evolve(_from_mapping(answers, scale, missing, invalid), superseded=superseded)
    plain = weights is None and (cluster is None or cluster is False) and one_vote_per is None
    if plain and type(answers) in (list, tuple) and len(answers) <= _SMALL:
        small = counting.small_counts(answers, scale.low, scale.high)
        if small is not None:
            return ScoreTally(scale=scale, counts=small, superseded=superseded)
    values, batch = _open(answers)
    found = _inputs.answers(values, scale)
    n = len(found)
    belonging = _belonging(weights, cluster, one_vote_per, n, batch)
    weight = None if weights is None else _weight_column(weights, n, batch)
    gone = _missing(found)
    if gone is None and found.data.dtype.kind != "f":
        counts = counting.point_counts(found.data, scale.low, scale.high)
        off = n - sum(counts)
    else:
        table, missed = counting.cross_count(found.data, scale.low, scale.high, None, 1, gone)
        counts, off = table[0].tolist(), int(missed[0])
    dropped = 0 if gone is None else int(np.count_nonzero(gone))
    _enforce(found, values, scale, gone, off, missing, invalid)
    people = _respondents(batch)
    old = None
    if superseded == "drop":
        old = _superseded(batch, people, found, scale, gone, _further(weight, belonging))
    before = 0 if old is None else int(np.count_nonzero(old))
    if old is not None:
        replaced = counting.point_counts(found.data[old], scale.low, scale.high)
        counts = [count - less for count, less in zip(counts, replaced, strict=True)]
    sums = squares = clustered = None
    plain = belonging is None and weight is None and people is None  # a hundred million numbers need no mask
    kept = np.empty(0, dtype=np.bool_) if plain else _kept(found, scale, gone, old)
    single = belonging is not None and belonging.single(kept)
    if belonging is not None and not single:
        rows = belonging.of(found, scale, kept, weight)
        sums, squares, clustered = rows.part(with_seen=with_seen)
    elif weight is not None:
        both = counting.weighted_count(found.data, scale.low, scale.high, None, 1, kept, weight)
        sums, squares = (tuple(part[0].tolist()) for part in both)
    if belonging is not None and single:
        clustered = _single(belonging.name, counts, squares)
    return ScoreTally(
        scale=scale,
        counts=counts,
        sums=sums,
        squares=squares,
        clusters=clustered,
        left_out=left_out({LeftOut.MISSING: dropped, LeftOut.INVALID: off, LeftOut.SUPERSEDED: before}),
        superseded=superseded,
        asked=n - before if batch is not None else None,
        respondents=None if people is None else _people(people, kept).total,
    )


def score_table(
    answers: Any,
    scale: Scale,
    *,
    by: Any,
    weights: Any = None,
    cluster: Any = None,
    one_vote_per: Any = None,
    superseded: str = "drop",
    missing: str = "drop",
    invalid: str = "raise",
) -> ScoreTable:
    """Count answers of any shape on one scale, by group."""
    _check_settings(scale, superseded, missing, invalid)
    if isinstance(answers, (ScoreTally, Mapping)):
        msg = (
            "by must be left out beside counts; pass one tally a group: "
            "Groups.from_tallies({key: tally, ...}, metric=cx.nps)"
        )
        raise ArgumentTypeError(msg, argument="by", found=by)
    values, batch = _open(answers)
    found = _inputs.answers(values, scale)
    n = len(found)
    groups: Grouping = group_rows(by, n, batch)
    belonging = _belonging(weights, cluster, one_vote_per, n, batch)
    weight = None if weights is None else _weight_column(weights, n, batch)
    gone = _missing(found)
    counts, off = counting.cross_count(found.data, scale.low, scale.high, groups.codes, groups.size, gone)
    dropped = np.zeros(groups.size, dtype=np.int64)
    if gone is not None:
        dropped = counting.row_counts(groups.codes, groups.size, gone)
    _enforce(found, values, scale, gone, int(off.sum()), missing, invalid)
    answered = counts.sum(axis=1)
    given = answered + dropped + off
    people = _respondents(batch)
    old = None
    if superseded == "drop":
        further = [*_further(weight, belonging), lambda row: groups.key(int(groups.codes[row]))]
        old = _superseded(batch, people, found, scale, gone, further)
    if old is not None:
        codes = groups.codes[old]
        counts -= counting.cross_count(found.data[old], scale.low, scale.high, codes, groups.size, None)[0]
    before = answered - counts.sum(axis=1)
    order, keys = groups.order(given > 0)
    sums = squares = rows = single = None
    if belonging is not None or weight is not None or people is not None:
        kept = _kept(found, scale, gone, old)
        rank = np.zeros(groups.size, dtype=np.int64)
        rank[order] = np.arange(len(order))
        if belonging is not None and belonging.single(kept):
            single = belonging.name
        elif belonging is not None:
            rows = belonging.of(found, scale, kept, weight, rank[groups.codes[kept]], len(order))
            sums, squares = rows.sums() or (None, None)
        if rows is None and weight is not None:
            both = counting.weighted_count(found.data, scale.low, scale.high, groups.codes, groups.size, kept, weight)
            sums, squares = (part[order] for part in both)
    return ScoreTable(
        scale=scale,
        keys=keys,
        names=groups.names,
        many=groups.many,
        counts=counts[order],
        sums=sums,
        squares=squares,
        left={LeftOut.MISSING: dropped[order], LeftOut.INVALID: off[order], LeftOut.SUPERSEDED: before[order]},
        # Who has not answered has no instant, so that no period knows how many were asked in it.
        asked=None if batch is None or cut_by(by, "at") else (given - before)[order],
        rows=rows,
        single=single,
        assumed=belonging is not None and belonging.assumed,
        superseded=superseded,
        people=None if people is None else _people(people, kept, rank[groups.codes], len(order)),
    )


def _missing(found: Column) -> npt.NDArray[np.bool_] | None:
    if found.data.dtype.kind != "f":
        return found.missing
    nan = np.isnan(found.data)
    if found.missing is not None:
        nan |= found.missing
    return nan if nan.any() else None


def _kept(found: Column, scale: Scale, gone: Bools | None, old: Bools | None = None) -> Bools:
    good = counting.on_scale(found.data, scale.low, scale.high)
    for mask in (gone, old):
        if mask is not None:
            good &= ~mask
    return good


def _further(weight: Floats | None, belonging: _Belonging | None) -> list[Callable[[int], Any]]:
    """What stands beside the columns of a batch and makes rows unlike."""
    found: list[Callable[[int], Any]] = []
    if weight is not None:
        found.append(lambda row: float(weight[row]))
    if belonging is not None:
        found.append(belonging.label)
    return found


def contents(batch: Batch[Any], rows: Ints, further: Sequence[Callable[[int], Any]] = ()) -> list[Ints]:
    """What rows hold as numbers to sort by, so that their position decides nothing; the last matters most.

    Scores come first, from the highest number down; all other columns by the names of the columns and the texts of
    their values.
    """
    names = sorted({*batch.columns, *batch.extra} - {"score"})
    columns = [batch.raw(name) for name in names]
    reads: list[Callable[[int], Any]] = [*further, *(partial(_inputs.value_at, column) for column in columns)]
    found = [[repr(read(int(row))) for row in rows] for read in reads]
    scores = [_inputs.value_at(batch.raw("score"), int(row)) for row in rows]
    found.append([_score_key(score) for score in scores])
    ranks = []
    for keys in found:
        places = {key: place for place, key in enumerate(sorted(set(keys)))}
        ranks.append(np.array([places[key] for key in keys], dtype=np.int64))
    return ranks


def _score_key(score: Any) -> Any:
    try:
        return 0, -float(score), ""
    except (TypeError, ValueError):  # a label, or no answer
        return 1, 0.0, repr(score)


def _superseded(
    batch: Batch[Any] | None,
    people: Coded | None,
    found: Column,
    scale: Scale,
    gone: Bools | None,
    further: Sequence[Callable[[int], Any]],
) -> Bools | None:
    """Answers that somebody gave again in the same survey after the same conversation, None where there are none.

    The latest counts; of several at one instant, or without one, the poorest, and of equal ones what else they hold
    decides, so that order never matters.
    """
    if batch is None or people is None or not (batch.known("conversation") and batch.known("survey")):
        return None
    columns = [people, batch.coded("conversation"), batch.coded("survey")]
    rows = _kept(found, scale, gone)
    for column in columns:
        if column.labels[-1] is None:
            rows &= column.codes != len(column.labels) - 1
        # Most conversations have one answer, so that hardly a row is left to be sorted.
        rows[rows] = np.bincount(column.codes[rows])[column.codes[rows]] > 1
    code = clusters.joint([column.codes[rows].astype(np.int64, copy=False) for column in columns])
    at = batch.times("at")[rows]
    known = at != NAT
    at = np.where(known, at, at.min(where=known, initial=0) - 1)
    point = found.data[rows].astype(np.int64)
    rank = point if scale.low_is_good else -point
    order = np.lexsort((rank, at, code))
    same = np.logical_and.reduce([column[order[1:]] == column[order[:-1]] for column in (code, at, rank)])
    if same.any():
        tied = order[np.append(same, False) | np.append(False, same)]
        place = np.zeros(len(rank), dtype=np.int64)
        place[tied[np.lexsort(contents(batch, np.flatnonzero(rows)[tied], further))]] = np.arange(len(tied))
        both = np.lexsort((place, rank))
        rank[both] = np.arange(len(both))
    old = np.zeros(len(found), dtype=np.bool_)
    old[rows] = clusters.superseded(code, at, rank)
    return old if old.any() else None


def _enforce(
    found: Column, values: Any, scale: Scale, gone: npt.NDArray[np.bool_] | None, off: int, missing: str, invalid: str
) -> None:
    if gone is not None and missing == "raise":
        _inputs.refuse_missing("answers", gone)
    if off and invalid == "raise":
        bad = ~counting.on_scale(found.data, scale.low, scale.high)
        if gone is not None:
            bad &= ~gone
        _inputs.refuse_invalid(
            "answers",
            f"be whole points {scale.low} to {scale.high} of the scale {scale.name}, or its labels",
            bad,
            values,
            kind=ScaleError,
            way="name another scale with scale=, read words with scale.with_labels({...}), or use "
            "invalid='drop' to leave them out and count them",
        )


def _respondents(batch: Batch[Any] | None) -> Coded | None:
    return None if batch is None or not batch.known("respondent") else batch.coded("respondent")


def _people(people: Coded, kept: Bools, group: Ints | None = None, groups: int = 1) -> People:
    if people.labels[-1] is None:
        kept = kept & (people.codes != len(people.labels) - 1)
    person = people.codes[kept].astype(np.int64, copy=False)
    return People(np.zeros_like(person) if group is None else group[kept], groups, person)


def _recounted(tally: ScoreTally, cluster: Any, superseded: str, missing: str) -> ScoreTally:
    """A tally as a metric may read it; what its rows would be needed for is refused."""
    if superseded == "count" and tally.superseded != "count":
        msg = (
            "superseded must be left out beside a tally, which holds the latest answers only (got 'count'); count with "
            "ScoreTally.of(..., superseded='count')"
        )
        raise ArgumentTypeError(msg, argument="superseded", found=superseded)
    gone = tally.left_out.get(LeftOut.MISSING, 0)
    if missing == "raise" and gone:
        msg = (
            f"answers must have no missing values with missing='raise' (got a tally that left {gone:,} out); count "
            f"with ScoreTally.of(..., missing='raise')"
        )
        raise MissingValueError(msg, argument="answers", count=gone)
    if cluster is False and tally.clusters is not None:
        if tally.clusters.one_vote:
            msg = "cluster must be left out beside a tally of one vote an account: it is a figure of the accounts"
            raise ArgumentTypeError(msg, argument="cluster", found=cluster)
        return attrs.evolve(tally, clusters=None)
    return tally


def _rescaled(tally: ScoreTally, scale: Scale) -> ScoreTally:
    """A tally under other bands of the same points; its counts stay what they are."""
    if (tally.scale.low, tally.scale.high) != (scale.low, scale.high):
        msg = (
            f"scale must have the points of the tally (got {scale.name} {scale.low} to {scale.high}, the tally counts "
            f"{tally.scale.name} {tally.scale.low} to {tally.scale.high}); leave scale= out to use the tally's own"
        )
        raise ScaleError(msg, argument="scale", found=scale)
    return attrs.evolve(tally, scale=scale)
