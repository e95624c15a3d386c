"""Rows of one kind at one instant: the order in which they count, whatever the order in which they came.

Such rows stand in the order of their labels, so that the first of them lends its own to a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._inputs import Coded
from ..batches import Batch, Messages
from ..errors import ArgumentTypeError
from ._base import Bools, Ints

__all__ = ["in_label_order", "ranks", "stand_ins"]

_LABELS = ("agent", "channel", "customer", "team", "to")
# What a row is sorted by first, where it has it; all else that it holds only decides between what is equal so far.
_FIRST = ("handoff", *_LABELS)
# Odd numbers without a pattern: what they mix to differs unless the columns do, but for rare accidents.
_MIXERS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def in_label_order(batch: Batch[Any], rows: Ints, alike: tuple[Ints, Ints, Ints]) -> Ints:
    """The same rows; those with the same values in `alike` change places among each other, into their label order."""
    places = _twice(alike)
    if not len(places):
        return rows
    few = batch[rows[places]]
    keys = [column[places] for column in reversed(alike)]
    orders = [_ranks(few, name) for name in reversed(_names(few))]
    out = rows.copy()
    out[places[np.lexsort(keys)]] = rows[places[np.lexsort((*orders, *keys))]]
    return out


def stand_ins(
    log: Messages, codes: npt.NDArray[Any], at: Ints, kind: npt.NDArray[Any], kept: Bools, handoff: Bools | None
) -> Callable[[Ints], Ints]:
    """What maps rows of a log to those that stand for them: of like ones the first by its labels.

    Like are rows of one conversation, instant and kind. A log without labels has nothing to lend.
    """
    if not (log.extra or any(log.has(name) for name in _LABELS)):
        return lambda chosen: chosen
    sort = kind.astype(np.int64) * 2 + (0 if handoff is None else handoff)
    columns = (codes.astype(np.int64, copy=False), at, sort)
    rows = _twice(columns)
    rows = rows[kept[rows]]
    if not len(rows):
        return lambda chosen: chosen
    alike = (columns[0][rows], at[rows], sort[rows])
    group = np.lexsort(alike)
    head = np.ones(len(rows), dtype=np.bool_)
    head[1:] = np.logical_or.reduce([column[group][1:] != column[group][:-1] for column in alike])
    first = np.empty_like(rows)
    first[group] = in_label_order(log, rows, alike)[group][np.flatnonzero(head)][np.cumsum(head) - 1]

    def stand_in(chosen: Ints) -> Ints:
        place = np.minimum(np.searchsorted(rows, chosen), len(rows) - 1)
        return np.where(rows[place] == chosen, first[place], chosen)

    return stand_in


def _names(batch: Batch[Any]) -> list[str]:
    """Columns in the order in which they decide."""
    first = [name for name in _FIRST if batch.has(name)]
    return [*first, *sorted(name for name in {*batch.columns, *batch.extra}.difference(first) if name != "at")]


def _twice(columns: tuple[Ints, Ints, Ints]) -> Ints:
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


def _ranks(batch: Batch[Any], name: str) -> Ints:
    """The place of each row among the others by one column; codes are numbered as they were first seen."""
    try:
        found = batch.coded(name)
    except ArgumentTypeError:  # what nobody can group by still tells rows apart
        return _places([*batch.raw(name)])
    present, place = np.unique(found.codes, return_inverse=True)
    return _places([found.labels[code] for code in present.tolist()])[place]


def ranks(labels: Coded) -> Ints:
    """The place of each code in the order of the labels."""
    return _places(list(labels.labels))


def _places(labels: list[Any]) -> Ints:
    texts = [(label is None, type(label).__name__, repr(label)) for label in labels]
    places = {text: place for place, text in enumerate(sorted(set(texts)))}
    return np.array([places[text] for text in texts], dtype=np.int64)
