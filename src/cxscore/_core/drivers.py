"""Answers that name a tag beside those that do not: their scores, and what every tag adds to the score.

Answers come in combinations of tags, one row of weights by point each; `combination` and `tag` are columns of
pairs, one for each tag of each combination. A score is the mean of a value a point: -100, 0 and 100 for a net, 0
and 100 for a share, the points themselves for a mean.

May know: numpy and the formulas next door. May not know: names of tags and metrics, scales, results.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import intervals, scores
from .differences import Means, adjusted_welch

__all__ = ["Side", "contributions", "mean_lift", "naming_and_others", "net_lift", "share_lift"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Limits = tuple[Floats, Floats]


class Side(NamedTuple):
    """Weights of answers by point, one row a tag; and the sums of the squared weights, None without weights."""

    sums: Floats
    squares: Floats | None

    @property
    def total(self) -> Floats:
        """Weight of all answers; NaN where there is none."""
        total: Floats = scores.or_nan(self.sums.sum(axis=1))
        return total

    def score(self, values: Floats) -> Floats:
        """Mean of a value a point."""
        score: Floats = (self.sums @ values) / self.total
        return score

    def worth(self, values: Floats) -> Floats:
        """Answers that carry the information about the mean of `values`."""
        if self.squares is None:
            return np.asarray(self.sums.sum(axis=1))
        worth: Floats = scores.effective(list(self.sums.T), list(self.squares.T), values.tolist())
        return worth

    def counts(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Answers of negative, no and positive value, told of as many answers as they are worth."""
        stretch = self.worth(values) / self.total
        down, middle, up = (self.sums[:, np.sign(values) == sign].sum(axis=1) for sign in (-1.0, 0.0, 1.0))
        return down * stretch, middle * stretch, up * stretch

    def means(self, points: Floats) -> Means:
        """Size, mean and spread of the points."""
        mean, variance = scores.mean_and_variance(list(self.sums.T), points.tolist())
        return Means(self.worth(points), mean, variance)


def naming_and_others(
    sums: Floats, squares: Floats | None, combination: Ints, tag: Ints, tags: int
) -> tuple[Side, Side]:
    """Weights of the answers that name each tag, and of all the others."""
    naming = Side(_by_tag(sums, combination, tag, tags), None)
    if squares is None:
        return naming, Side(sums.sum(axis=0) - naming.sums, None)
    naming = naming._replace(squares=_by_tag(squares, combination, tag, tags))
    return naming, Side(_without(sums, naming.sums), _without(squares, naming.squares))


def _by_tag(table: Any, combination: Ints, tag: Ints, tags: int) -> Floats:
    columns = [np.bincount(tag, weights=column[combination], minlength=tags) for column in table.T]
    return np.array(columns, dtype=np.float64).T


def _without(table: Floats, part: Any) -> Floats:
    total = table.sum(axis=0)
    rest = total - part
    # What rounding leaves of weights that are all taken away is nobody.
    return np.where(rest > 1e-12 * total, rest, 0.0)


def contributions(sums: Floats, values: Floats, combination: Ints, tag: Ints, tags: int) -> Floats:
    """What each tag adds to the score when every answer is split evenly over the tags it names."""
    named = np.bincount(combination, minlength=len(sums))
    each = (sums @ values) / np.maximum(named, 1)
    added = np.bincount(tag, weights=each[combination], minlength=tags)
    shares: Floats = added / scores.or_nan(float(sums.sum()))
    return shares


# Interval of the score of those who name a tag less that of the others.


def net_lift(naming: Side, others: Side, values: Floats, z: float) -> Limits:
    """Of values -1, 0 and 1, as fractions: MOVER on the two score intervals."""
    return intervals.nps_difference_mover(naming.counts(values), others.counts(values), z)


def share_lift(naming: Side, others: Side, values: Floats, z: float) -> Limits:
    """Of values 0 and 1, as fractions: Newcombe's interval."""
    (_, rest1, hits1), (_, rest2, hits2) = naming.counts(values), others.counts(values)
    return intervals.newcombe(hits1, hits1 + rest1, hits2, hits2 + rest2, z)


def mean_lift(naming: Side, others: Side, points: Floats, confidence: float) -> Limits:
    """Of means: Welch with a quarter answer more at each end of the scale."""
    ends = float(points[0]), float(points[-1])
    return adjusted_welch(naming.means(points), others.means(points), *ends, confidence)
