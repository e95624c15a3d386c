"""Which of several answers counts, where somebody answered the same survey about the same conversation again.

Knows answers as the door read them, and the columns beside them. Counts nothing and knows no tally.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _inputs
from .._core import clusters
from .._inputs import NAT
from ..batches import Batch
from ._answers import Answers, Belonging

__all__ = ["contents", "superseded"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Read = Callable[[int], Any]  # what a row holds


def superseded(
    answers: Answers, weight: Floats | None, belonging: Belonging | None, group: Read | None = None
) -> Bools | None:
    """Answers that somebody gave again in the same survey after the same conversation, None where there are none.

    The latest counts; of several at one instant, or without one, the poorest, and of equal ones what else they hold
    decides, so that order never matters.
    """
    batch, people = answers.batch, answers.people
    if batch is None or people is None or not (batch.known("conversation") and batch.known("survey")):
        return None
    columns = [people, batch.coded("conversation"), batch.coded("survey")]
    rows = answers.kept()
    for column in columns:
        if column.labels[-1] is None:
            rows &= column.codes != len(column.labels) - 1
        # Most conversations have one answer, so that hardly a row is left to be sorted.
        rows[rows] = np.bincount(column.codes[rows])[column.codes[rows]] > 1
    code = clusters.joint([column.codes[rows].astype(np.int64, copy=False) for column in columns])
    at = batch.times("at")[rows]
    known = at != NAT
    at = np.where(known, at, at.min(where=known, initial=0) - 1)
    point = answers.points[rows].astype(np.int64)
    rank = point if answers.scale.low_is_good else -point
    order = np.lexsort((rank, at, code))
    same = np.logical_and.reduce([column[order[1:]] == column[order[:-1]] for column in (code, at, rank)])
    if same.any():
        tied = order[np.append(same, False) | np.append(False, same)]
        place = np.zeros(len(rank), dtype=np.int64)
        further = _beside(weight, belonging, group)
        place[tied[np.lexsort(contents(batch, np.flatnonzero(rows)[tied], further))]] = np.arange(len(tied))
        both = np.lexsort((place, rank))
        rank[both] = np.arange(len(both))
    old = np.zeros(len(answers), dtype=np.bool_)
    old[rows] = clusters.superseded(code, at, rank)
    return old if old.any() else None


def _beside(weight: Floats | None, belonging: Belonging | None, group: Read | None) -> list[Read]:
    """What stands beside the columns of a batch and makes rows unlike."""
    found: list[Read] = []
    if weight is not None:
        found.append(lambda row: float(weight[row]))
    if belonging is not None:
        found.append(belonging.label)
    if group is not None:
        found.append(group)
    return found


def contents(batch: Batch[Any], rows: Ints, further: Sequence[Read] = ()) -> list[Ints]:
    """What rows hold as numbers to sort by, so that their position decides nothing; the last matters most.

    Scores come first, from the highest number down; all other columns by the names of the columns and the texts of
    their values.
    """
    names = sorted({*batch.columns, *batch.extra} - {"score"})
    columns = [batch.raw(name) for name in names]
    reads: list[Read] = [*further, *(partial(_inputs.value_at, column) for column in columns)]
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
