"""Counting points of a scale: the one pass over the data that NPS, CSAT and CES share.

Chunks stay in the processor's cache and no array as long as the data is ever made, so a hundred
million answers need a few hundred kilobytes. numpy releases the interpreter lock inside its loops, so
two threads count two halves of a long column.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["cross_count", "on_scale", "point_counts", "row_counts", "small_counts", "weighted_count", "weighted_sums"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BYTES = 1 << 18  # a chunk and its mask fit the second-level cache
_THREADED = 1 << 22  # below this many rows starting a thread costs more than it saves
_MOST_SCANS = 16  # scales with more points are cheaper in one bincount than in one scan a point


def point_counts(data: Array, low: int, high: int) -> list[int]:
    """How often each whole point of low..high stands in a numeric column; everything else counts nowhere."""
    points = high - low + 1
    if points > _MOST_SCANS:
        counts: list[int] = cross_count(data, low, high, None, 1, None)[0][0].tolist()
        return counts
    workers = min(os.cpu_count() or 1, 4) if len(data) >= _THREADED else 1
    if workers == 1:
        return _scan(data, low, points)
    edges = [len(data) * i // workers for i in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(lambda i: _scan(data[edges[i] : edges[i + 1]], low, points), range(workers))
    return [sum(column) for column in zip(*parts, strict=True)]


def _scan(data: Array, low: int, points: int) -> list[int]:
    step = max(_BYTES // max(data.itemsize, 1), 1)
    mask = np.empty(min(step, len(data)), dtype=np.bool_)
    counts = [0] * points
    for start in range(0, len(data), step):
        chunk = data[start : start + step]
        hits = mask[: len(chunk)]
        left = len(chunk)
        for i in range(points):
            np.equal(chunk, low + i, out=hits)
            found = int(np.count_nonzero(hits))
            counts[i] += found
            left -= found
            if not left:
                break
    return counts


def on_scale(data: Array, low: int, high: int) -> Bools:
    """Which values are whole points of the scale."""
    inside = (data >= low) & (data <= high)
    if data.dtype.kind == "f":
        inside &= data == np.floor(data)
    return inside


def cross_count(
    data: Array, low: int, high: int, group: Array | None, groups: int, skip: Bools | None
) -> tuple[Ints, Ints]:
    """Counts by group and point, and how many rows of each group are off the scale, skipped rows apart.

    Args:
        data: numeric answers.
        low, high: bounds of the scale.
        group: group code of each row, or None for one group.
        groups: number of groups.
        skip: rows that count nowhere, or None.

    Returns:
        counts (groups, points) and off-scale rows (groups,).
    """
    points = high - low + 1
    counts = np.zeros(groups * points, dtype=np.int64)
    off = np.zeros(groups, dtype=np.int64)
    # A chunk far longer than the table it adds into keeps the adding negligible.
    step = max(1 << 17, 4 * groups * points)
    for start in range(0, len(data), step):
        rows = slice(start, start + step)
        chunk = data[rows]
        code = None if group is None else group[rows]
        good = on_scale(chunk, low, high)
        if skip is not None:
            kept = ~skip[rows]
            off += _by_group(code, kept & ~good, groups)
            good &= kept
        elif not good.all():
            off += _by_group(code, ~good, groups)
        if not good.all():
            chunk = chunk[good]
            code = None if code is None else code[good]
        flat = chunk.astype(np.int64)
        if low:
            flat -= low
        if code is not None:
            flat += code.astype(np.int64, copy=False) * points
        counts += np.bincount(flat, minlength=groups * points)
    return counts.reshape(groups, points), off


def _by_group(code: Array | None, mask: Bools, groups: int) -> Ints:
    if code is None:
        return np.array([np.count_nonzero(mask)], dtype=np.int64)
    return np.bincount(code[mask], minlength=groups).astype(np.int64, copy=False)


def row_counts(group: Array | None, groups: int, mask: Bools) -> Ints:
    """How many rows of a mask each group has."""
    return _by_group(group, mask, groups)


def weighted_count(
    data: Array, low: int, high: int, group: Array | None, groups: int, keep: Bools, weights: Floats
) -> tuple[Floats, Floats]:
    """Sums of the weights and of their squares by group and point, over the rows to keep."""
    point = data[keep].astype(np.int64) - low
    code = None if group is None else group[keep].astype(np.int64, copy=False)
    return weighted_sums(point, high - low + 1, code, groups, weights[keep])


def weighted_sums(point: Ints, points: int, group: Ints | None, groups: int, weights: Floats) -> tuple[Floats, Floats]:
    """Sums of the weights and of their squares by group and point, of positions on the scale."""
    flat = point if group is None else group * points + point
    size = groups * points
    sums = np.bincount(flat, weights=weights, minlength=size)
    squares = np.bincount(flat, weights=weights * weights, minlength=size)
    return np.asarray(sums, float).reshape(groups, points), np.asarray(squares, float).reshape(groups, points)


def small_counts(values: Sequence[Any], low: int, high: int) -> list[int] | None:
    """Counts of a short sequence of plain ints without numpy's start-up cost; None where it is anything else."""
    counts = [0] * (high - low + 1)
    for value in values:
        if type(value) is not int or not low <= value <= high:
            return None
        counts[value - low] += 1
    return counts
