"""Counts of every point of a scale: all that NPS, CSAT and CES need, and exactly mergeable.

Where answers hang together, the tally has the sums of them over clusters as well, and merges only with shards
that share no cluster with it. Knows answers as the door read them; a table of many groups knows this, not the other
way round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import attrs
import numpy as np

from .._accounting import LeftOut, left_out
from .._calls import complete
from .._checks import check_choice
from .._core import counting
from .._frozen import FrozenMap
from ..errors import ArgumentTypeError, LengthError, MergeError, MissingValueError, ScaleError
from ..scales import Scale
from . import _saved
from ._answers import Answers, check_settings
from ._clusters import AnswerClusters, merged_clusters, read_clusters, single_answers
from ._counts import whole_count
from ._people import people_of
from ._sums import no_start
from ._superseded import superseded as older_answers

__all__ = ["ScoreTally", "score_tally"]

SCHEMA = 3  # 1 knew no clusters, 2 did not say which of several answers count
_SMALL = 256  # up to here counting in plain Python beats numpy's start-up cost


def _counts(values: Sequence[Any]) -> tuple[int, ...]:
    counts = tuple(values)
    if {int}.issuperset(map(type, counts)) and min(counts, default=0) >= 0:
        return counts  # nearly every call
    return tuple(whole_count(value, f"position {i}") for i, value in enumerate(counts))


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
        points = [whole_count(count, point) for count, point in zip(found, scale.points, strict=True)]
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
        fields = _saved.mapping(data, "ScoreTally.to_dict()", _FIELDS)
        tally = cls(**fields)
        _saved.agree(fields, "ScoreTally", _agreement(tally))
        return tally

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


_WEIGHTS = _saved.optional(_saved.several(_saved.fractional))
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "scale": Scale.from_dict,
    "counts": _saved.several(_saved.count),
    "sums": _WEIGHTS,
    "squares": _WEIGHTS,
    "clusters": _saved.optional(read_clusters),
    "left_out": _saved.reasons,
    "superseded": lambda data: check_choice("superseded", _saved.text(data), ("drop", "count")),
    "asked": _saved.optional(_saved.count),
    "respondents": _saved.optional(_saved.count),
}


def _agreement(tally: ScoreTally) -> _saved.Rules:
    """What is counted twice in a tally, and whether both say the same."""
    n, found = tally.n, tally.clusters

    def weighs(row: Sequence[float] | None) -> bool:
        """Whether only points with answers have a weight."""
        return row is None or not any(weight for weight, count in zip(row, tally.counts, strict=True) if not count)

    return [
        (("sums", "squares"), (tally.sums is None) == (tally.squares is None)),
        (("counts", "sums"), weighs(tally.sums)),
        (("counts", "squares"), weighs(tally.squares)),
        (("counts", "clusters"), found is None or min(n, 1) <= found.count <= n),
        (("clusters",), found is None or found.seen is None or len(found.seen) <= found.count),
        (("counts", "asked"), tally.asked is None or n <= tally.asked),
        (("counts", "respondents"), tally.respondents is None or tally.respondents <= n),
    ]


# -- merging -----------------------------------------------------------------------------------------


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
    if mine is not None and theirs is not None:
        return merged_clusters(mine, theirs)
    plain, clustered = (one, other) if mine is None else (other, one)
    if plain.n and clustered.n and clustered.clusters is not None:
        msg = (
            "a tally with clusters and one without do not add up; count both with the same cluster= or "
            "one_vote_per=, or both without"
        )
        raise MergeError(msg, argument="other", found=(mine, theirs))
    return None if plain.n else clustered.clusters


def _known_sum(one: ScoreTally, other: ScoreTally) -> int | None:
    # An empty tally knows that it asked nobody.
    mine = 0 if one.asked is None and not one.given else one.asked
    theirs = 0 if other.asked is None and not other.given else other.asked
    return None if mine is None or theirs is None or (one.asked is None and other.asked is None) else mine + theirs


# -- counting ----------------------------------------------------------------------------------------


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
    check_settings(scale, superseded, missing, invalid)
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
    found = Answers(answers, scale)
    belonging = found.belonging(weights, cluster, one_vote_per)
    weight, gone = found.weights(weights), found.missing
    if gone is None and found.points.dtype.kind != "f":
        counts = counting.point_counts(found.points, scale.low, scale.high)
        off = len(found) - sum(counts)
    else:
        table, missed = counting.cross_count(found.points, scale.low, scale.high, None, 1, gone)
        counts, off = table[0].tolist(), int(missed[0])
    dropped = 0 if gone is None else int(np.count_nonzero(gone))
    found.refuse(off, missing, invalid)
    people = found.people
    old = older_answers(found, weight, belonging) if superseded == "drop" else None
    before = 0 if old is None else int(np.count_nonzero(old))
    if old is not None:
        replaced = counting.point_counts(found.points[old], scale.low, scale.high)
        counts = [count - less for count, less in zip(counts, replaced, strict=True)]
    sums = squares = clustered = None
    plain = belonging is None and weight is None and people is None  # a hundred million numbers need no mask
    kept = np.empty(0, dtype=np.bool_) if plain else found.kept(old)
    single = belonging is not None and belonging.single(kept)
    if belonging is not None and not single:
        rows = belonging.of(found, kept, weight)
        sums, squares, clustered = rows.part(with_seen=with_seen)
    elif weight is not None:
        both = counting.weighted_count(found.points, scale.low, scale.high, None, 1, kept, weight)
        sums, squares = (tuple(part[0].tolist()) for part in both)
    if belonging is not None and single:
        clustered = single_answers(belonging.name, counts, squares)
    return ScoreTally(
        scale=scale,
        counts=counts,
        sums=sums,
        squares=squares,
        clusters=clustered,
        left_out=left_out({LeftOut.MISSING: dropped, LeftOut.INVALID: off, LeftOut.SUPERSEDED: before}),
        superseded=superseded,
        asked=len(found) - before if found.batch is not None else None,
        respondents=None if people is None else people_of(people, kept).total,
    )


def _from_mapping(counts: Any, scale: Scale, missing: str, invalid: str) -> ScoreTally:
    """Counts by point or label; labels that were never given do not matter."""
    points = [0] * len(scale.points)
    gone = off = 0
    for label, count in counts.items():
        times = whole_count(count, label)
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
