"""Score tallies of many groups in arrays: one row a group, and the tally of any of them on look-up.

Where clusters have answers in several groups, groups do not add up, and every part is summed from its rows. Knows
tallies and answers as the door read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._accounting import LeftOut, left_out
from .._core import counting
from .._grouping import Grouping, cut_by, group_rows
from ..errors import ArgumentTypeError
from ..scales import Scale
from ._answers import Answers, check_settings
from ._clusters import ClusteredRows, SingleAnswers, single_answers
from ._people import People, people_of
from ._scores import ScoreTally
from ._superseded import superseded as older_answers

__all__ = ["ScoreTable", "score_table"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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
            found = single_answers(self.single, counts, squares)
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
    check_settings(scale, superseded, missing, invalid)
    if isinstance(answers, (ScoreTally, Mapping)):
        msg = (
            "by must be left out beside counts; pass one tally a group, cx.Groups.from_tallies({key: tally, ...}, "
            "metric=cx.nps), or the answers themselves with by="
        )
        raise ArgumentTypeError(msg, argument="by", found=by)
    found = Answers(answers, scale)
    groups: Grouping = group_rows(by, len(found), found.batch)
    belonging = found.belonging(weights, cluster, one_vote_per)
    weight, gone = found.weights(weights), found.missing
    counts, off = counting.cross_count(found.points, scale.low, scale.high, groups.codes, groups.size, gone)
    dropped = np.zeros(groups.size, dtype=np.int64)
    if gone is not None:
        dropped = counting.row_counts(groups.codes, groups.size, gone)
    found.refuse(int(off.sum()), missing, invalid)
    answered = counts.sum(axis=1)
    given = answered + dropped + off
    people = found.people
    old = None
    if superseded == "drop":
        old = older_answers(found, weight, belonging, lambda row: groups.key(int(groups.codes[row])))
    if old is not None:
        codes = groups.codes[old]
        counts -= counting.cross_count(found.points[old], scale.low, scale.high, codes, groups.size, None)[0]
    before = answered - counts.sum(axis=1)
    order, keys = groups.order(given > 0)
    sums = squares = rows = single = None
    if belonging is not None or weight is not None or people is not None:
        kept = found.kept(old)
        rank = np.zeros(groups.size, dtype=np.int64)
        rank[order] = np.arange(len(order))
        if belonging is not None and belonging.single(kept):
            single = belonging.name
        elif belonging is not None:
            rows = belonging.of(found, kept, weight, rank[groups.codes[kept]], len(order))
            sums, squares = rows.sums() or (None, None)
        if rows is None and weight is not None:
            both = counting.weighted_count(found.points, scale.low, scale.high, groups.codes, groups.size, kept, weight)
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
        asked=None if found.batch is None or cut_by(by, "at") else (given - before)[order],
        rows=rows,
        single=single,
        assumed=belonging is not None and belonging.assumed,
        superseded=superseded,
        people=None if people is None else people_of(people, kept, rank[groups.codes], len(order)),
    )
