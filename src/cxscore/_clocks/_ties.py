"""Messages of one kind at one instant: which of them lends its labels, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._inputs import Coded
from ..batches import Messages
from ._base import Bools, Ints

__all__ = ["stand_ins"]

_LENT = ("agent", "channel", "customer", "team")
# Odd numbers without a pattern: what they mix to differs unless the columns do, but for rare accidents.
_MIXERS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def stand_ins(
    log: Messages, codes: npt.NDArray[Any], at: Ints, kind: npt.NDArray[Any], kept: Bools, handoff: Bools | None
) -> Callable[[Ints], Ints]:
    """What maps rows of a log to those that stand for them: of like ones the first by its labels.

    Like are rows of one conversation, instant and kind. A log without labels has nothing to lend.
    """
    columns = [name for name in (*_LENT, *sorted(log.extra)) if name in log.extra or log.has(name)]
    sort = kind.astype(np.int64) * 2 + (0 if handoff is None else handoff)
    rows = _twice((codes.astype(np.int64, copy=False), at, sort)) if columns else np.empty(0, np.int64)
    rows = rows[kept[rows]]
    if not len(rows):
        return lambda chosen: chosen
    ranks = [_ranks(log.coded(name), rows) for name in reversed(columns)]
    rows = rows[np.lexsort((*ranks, sort[rows], at[rows], codes[rows]))]
    head = np.ones(len(rows), dtype=np.bool_)
    head[1:] = (codes[rows][1:] != codes[rows][:-1]) | (at[rows][1:] != at[rows][:-1])
    head[1:] |= sort[rows][1:] != sort[rows][:-1]
    first = rows[np.flatnonzero(head)][np.cumsum(head) - 1]
    by_row = np.argsort(rows)
    rows, first = rows[by_row], first[by_row]

    def stand_in(chosen: Ints) -> Ints:
        place = np.minimum(np.searchsorted(rows, chosen), len(rows) - 1)
        return np.where(rows[place] == chosen, first[place], chosen)

    return stand_in


def _twice(columns: tuple[Ints, ...]) -> Ints:
    """Rows whose values stand in another row, too, and by accident a few more."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column, mixer in zip(columns, _MIXERS, strict=True):
        mixed += column.view(np.uint64) * np.uint64(mixer)
    ordered = np.sort(mixed)
    level = ordered[1:] == ordered[:-1]
    if not level.any():
        return np.empty(0, dtype=np.int64)
    found = np.unique(ordered[1:][level])
    place = np.minimum(np.searchsorted(found, mixed), len(found) - 1)
    return np.flatnonzero(found[place] == mixed)


def _ranks(labels: Coded, rows: Ints) -> Ints:
    """Places of the labels of some rows among each other; codes are numbered as they were first seen."""
    present, place = np.unique(labels.codes[rows], return_inverse=True)
    texts = [(type(label).__name__, repr(label)) for label in (labels.labels[code] for code in present.tolist())]
    rank = np.empty(len(texts), dtype=np.int64)
    rank[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    ranks: Ints = rank[place]
    return ranks
