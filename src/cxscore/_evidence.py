"""What a headline figure rests on: the few numbers that a judgement about it needs.

A metric writes it, a judgement reads it: comparing, trends and limits never look into a result of one kind
or another. Entries are plain numbers for one result and arrays for many groups; knows one formula of `_core`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ._core import clusters

__all__ = ["Evidence", "Form"]

Number = Any  # a float for one result, a float array for many
Form = Literal["net", "share", "mean", "median"]


class Evidence(NamedTuple):
    """One headline figure and what it is worth.

    Shares are 0 to 1; `value`, `low` and `high` stand in the unit of the figure, and one whole share is `unit` of
    it (100 for a score in points or percent). Undefined entries are NaN.
    """

    name: str
    """What the figure is called."""
    form: Form
    unit: float
    upward: bool
    """Whether more is better."""
    value: Number
    n: Number
    """How many independent answers it is worth: weights and clusters are counted in, not yet how few clusters there
    are, which matters more the surer one wants to be: `at` tells the number for a level."""
    weight: Number
    """What it weighs in a figure of all groups: the sum of its weights, or its rows."""
    up: Number = float("nan")
    """Share of what counts for the figure (promoters, satisfied answers, repeats)."""
    down: Number = 0.0
    """Share of what counts against it; 0 for plain shares."""
    spread: Number = float("nan")
    """Variance of one answer, of a mean (divisor n)."""
    low: float = float("nan")
    """Least value the figure can have."""
    high: float = float("nan")
    clusters: Number = float("nan")
    """Effective number of clusters that the variance was estimated from; NaN where every answer is independent."""
    answers: Number = float("nan")
    """Effective number of answers, with `clusters`."""
    limits: Callable[[float], tuple[Any, Any]] | None = None
    """Limits at a level, of a median, whose variance is not known; None of everything else."""

    @property
    def variance(self) -> Number:
        """Variance of one answer, in squared units of the figure (divisor n)."""
        if self.form in ("mean", "median"):
            return self.spread
        net = self.up - self.down
        return self.unit**2 * (self.up + self.down - net * net)

    def at(self, confidence: float) -> Evidence:
        """The same for an interval at a level, whatever level the result was measured at.

        Few clusters leave their variance unknown: `n` is brought down to what Student's quantile makes of it. A
        p-value has the factor of the level that was asked for.
        """
        worth = clusters.at_level(self.n, self.clusters, self.answers, confidence)
        return self._replace(n=worth, clusters=_NAN, answers=_NAN)

    @property
    def counts(self) -> tuple[Number, Number, Number]:
        """Answers against, in neither band and for, told of as many answers as they are worth."""
        return self.down * self.n, (1.0 - self.up - self.down) * self.n, self.up * self.n

    @classmethod
    def stacked(cls, parts: Sequence[Evidence]) -> Evidence:
        """One entry a group; at least one, all of one form. A median keeps its limits for itself."""
        columns: dict[str, Any] = {
            name: np.array([getattr(part, name) for part in parts], dtype=np.float64) for name in _COLUMNS
        }
        return parts[0]._replace(**columns, limits=None)

    @property
    def nothing(self) -> Evidence:
        """The same figure where nobody answered."""
        return self._replace(value=_NAN, n=0.0, weight=0.0, up=_NAN, down=_NAN, spread=_NAN, clusters=_NAN,
                             answers=_NAN, limits=None)  # fmt: skip

    def placed(self, places: Any) -> Evidence:
        """Groups by position, one entry a position; nothing where it is -1."""
        if not len(self.value):
            return Evidence.stacked([self.nothing] * len(places)) if len(places) else self
        columns: dict[str, Any] = {
            name: np.where(
                places < 0, getattr(self.nothing, name), np.broadcast_to(getattr(self, name), self.value.shape)[places]
            )
            for name in _COLUMNS
        }
        return self._replace(**columns)

    def rows(self, keep: Any) -> Evidence:
        """Some of the groups."""
        columns = {name: getattr(self, name) for name in _COLUMNS}
        return self._replace(
            **{name: value[keep] if isinstance(value, np.ndarray) else value for name, value in columns.items()}
        )


_NAN = float("nan")
_COLUMNS = ("value", "n", "weight", "up", "down", "spread", "clusters", "answers")
