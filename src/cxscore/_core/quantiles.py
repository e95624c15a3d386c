"""Quantiles of sorted values, and logarithmic bins that let quantiles of durations be merged.

A bin holds durations that differ by at most two percent, and stands for all of them within one percent. Bins
are part of what tallies store: their edges never change. This module knows nothing of tallies or censoring.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RELATIVE_ERROR", "bin_of", "counts", "type_quantile", "value_of"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

RELATIVE_ERROR = 0.01

# 35 bins an octave: a ratio of 2 ** (1 / 35) = 1.0200 between edges, where 1.0202 would give one percent
# exactly. What is left over takes up all rounding. Zero has bin 0, and 1 the first edge of bin 1.
_BINS_AN_OCTAVE = 35
_OCTAVES = 64
_N_BINS = 1 + _BINS_AN_OCTAVE * _OCTAVES
_CHUNK = 1 << 16

# Edges within [1, 2), cut to 40 bits so that no platform's pow decides about a bin.
_STEPS = np.round(2.0 ** (np.arange(_BINS_AN_OCTAVE) / _BINS_AN_OCTAVE) * 2.0**40) / 2.0**40
_LOWER = np.append(0.0, (_STEPS * 2.0 ** np.arange(_OCTAVES)[:, None]).ravel())
_UPPER = np.append(_LOWER[1:], 2.0**_OCTAVES)

# The leading bits of a float (exponent and six bits of fraction) name a cell narrower than any bin, so that a
# cell meets at most one edge: a look-up and a comparison give the bin, with no logarithm.
_CELL_BITS = 6
_CELL_SHIFT = 52 - _CELL_BITS
_FIRST_CELL = (1023 << _CELL_BITS) - 1  # one cell before that of 1.0 is for zero
_CELL_STARTS = np.append(
    0.0,
    ((1.0 + np.arange(1 << _CELL_BITS) / (1 << _CELL_BITS)) * 2.0 ** np.arange(_OCTAVES)[:, None]).ravel(),
)
_CELL_BIN = np.searchsorted(_LOWER, _CELL_STARTS, side="right") - 1
_CELL_EDGE = _UPPER[_CELL_BIN]


def bin_of(values: NDArray[np.integer[Any]]) -> Ints:
    """The bin of each duration, 0 to 2**63 - 1."""
    exact = values.astype(np.float64)
    cell = exact.view(np.int64) >> _CELL_SHIFT
    cell -= _FIRST_CELL
    np.maximum(cell, 0, out=cell)
    bins: Ints = _CELL_BIN[cell]
    bins += exact >= _CELL_EDGE[cell]
    return bins


def value_of(bins: NDArray[np.integer[Any]]) -> Floats:
    """The duration that a bin stands for: equally far, in relative terms, from both its edges."""
    low, high = _LOWER[bins], _UPPER[bins]
    return np.where(bins == 0, 0.0, 2.0 * low * (high / (low + high)))


def counts(values: NDArray[np.integer[Any]]) -> tuple[Ints, Ints]:
    """The bins that occur, ascending, and how many durations each has."""
    total = np.zeros(_N_BINS, np.int64)
    for start in range(0, len(values), _CHUNK):
        total += np.bincount(bin_of(values[start : start + _CHUNK]), minlength=_N_BINS)
    bins = np.flatnonzero(total)
    return bins, total[bins]


# Position of quantile q among n values, h = n * q + m with m = a + q * b (Hyndman and Fan 1996, table 1).
_POSITIONS = {
    1: (0.0, 0.0),
    2: (0.0, 0.0),
    3: (-0.5, 0.0),
    4: (0.0, 0.0),
    5: (0.5, 0.0),
    6: (0.0, 1.0),
    7: (1.0, -1.0),
    8: (1 / 3, 1 / 3),
    9: (3 / 8, 1 / 4),
}


def type_quantile(sorted_values: NDArray[Any], q: ArrayLike, type: int = 7) -> Floats:
    """Quantiles of ascending values by one of Hyndman and Fan's nine types; NaN of no values."""
    q = np.asarray(q, np.float64)
    n = len(sorted_values)
    if n == 0:
        return np.full(q.shape, np.nan)
    a, b = _POSITIONS[type]
    position = n * q + (a + b * q)
    # 0.29 * 100 falls just short of 29; a position this near a whole number is one, as in R.
    nearest = np.round(position)
    close = np.abs(position - nearest) <= 4 * np.finfo(np.float64).eps * np.maximum(1.0, nearest)
    position = np.where(close, nearest, position)
    below = np.floor(position)
    beyond = position - below
    if type == 1:
        weight = np.where(beyond > 0.0, 1.0, 0.0)
    elif type == 2:
        weight = np.where(beyond > 0.0, 1.0, 0.5)
    elif type == 3:  # the even one of two equally near
        weight = np.where((beyond > 0.0) | (below % 2.0 == 1.0), 1.0, 0.0)
    else:
        weight = beyond
    left = np.clip(below - 1.0, 0, n - 1).astype(np.int64)
    right = np.clip(below, 0, n - 1).astype(np.int64)
    low, high = sorted_values[left].astype(np.float64), sorted_values[right].astype(np.float64)
    # From the nearer end, so that equal values give themselves and weight 1 gives the upper one exactly.
    step = (high - low) * weight
    return np.asarray(np.where(weight < 0.5, low + step, high - (high - low) * (1.0 - weight)))
