"""Counting against a plain walk over the rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxscore._core.counting import cross_count, on_scale, point_counts, row_counts, small_counts, weighted_count

BOUNDS = st.sampled_from([(0, 10), (1, 5), (-3, 3), (0, 1), (0, 100), (-20, 20)])


@st.composite
def columns(draw: st.DrawFn) -> tuple[Any, int, int]:
    """An array of any dtype whose values lie on and around the scale."""
    low, high = draw(BOUNDS)
    dtype = draw(st.sampled_from(["int8", "int64", "uint8", "uint64", "float16", "float64", ">i4"]))
    steps = st.integers(low - 3, high + 3)
    if "float" in dtype:
        steps = steps.map(float) | st.sampled_from([low + 0.5, np.nan, np.inf, -np.inf])
    values = draw(st.lists(steps, max_size=40))
    if dtype.startswith("u"):
        values = [abs(value) for value in values]
    return np.array(values, dtype=dtype), low, high


@given(columns())
def test_points_are_counted_and_nothing_else(column: tuple[Any, int, int]) -> None:
    data, low, high = column
    seen = Counter(data.tolist())
    assert point_counts(data, low, high) == [seen[point] for point in range(low, high + 1)]
    assert on_scale(data, low, high).tolist() == [value in range(low, high + 1) for value in data.tolist()]


@given(columns(), st.data())
def test_groups_are_counted_row_by_row(column: tuple[Any, int, int], draw: st.DataObject) -> None:
    data, low, high = column
    n, groups = len(data), 3
    code = np.array(draw.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=np.int8)
    skip = np.array(draw.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    weight = np.array(draw.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=float)
    counts = np.zeros((groups, high - low + 1), dtype=np.int64)
    off = np.zeros(groups, dtype=np.int64)
    sums, squares = np.zeros(counts.shape), np.zeros(counts.shape)
    for value, g, gone, w in zip(data.tolist(), code.tolist(), skip.tolist(), weight.tolist(), strict=True):
        if gone:
            continue
        if value not in range(low, high + 1):
            off[g] += 1
            continue
        counts[g, int(value) - low] += 1
        sums[g, int(value) - low] += w
        squares[g, int(value) - low] += w * w
    found = cross_count(data, low, high, code, groups, skip)
    np.testing.assert_array_equal(found[0], counts)
    np.testing.assert_array_equal(found[1], off)
    one = cross_count(data, low, high, None, 1, skip)
    np.testing.assert_array_equal(one[0][0], counts.sum(axis=0))
    assert one[1].tolist() == [off.sum()]
    assert row_counts(code, groups, skip).tolist() == [int((skip & (code == g)).sum()) for g in range(groups)]
    kept = on_scale(data, low, high) & ~skip
    for ours, expected in zip(
        weighted_count(data, low, high, code, groups, kept, weight), (sums, squares), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


def test_long_columns_take_the_same_counts_in_chunks_and_threads() -> None:
    data = np.random.default_rng(3).integers(-1, 12, (1 << 22) + 17).astype(np.int8)
    expected = np.bincount(data[(data >= 0) & (data <= 10)], minlength=11)
    assert point_counts(data, 0, 10) == expected.tolist()
    code = (np.arange(len(data)) % 7).astype(np.int16)
    counts, off = cross_count(data, 0, 10, code, 7, None)
    np.testing.assert_array_equal(counts.sum(axis=0), expected)
    assert off.sum() == ((data < 0) | (data > 10)).sum()


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([1, 5, 5], [1, 0, 0, 0, 2]),
        ((), [0, 0, 0, 0, 0]),
        ([1, 6], None),
        ([1.0], None),
        ([True], None),
        (["1"], None),
        ([None], None),
        ([np.int8(1)], None),
    ],
)
def test_a_short_list_of_plain_ints_needs_no_numpy(values: Any, counts: list[int] | None) -> None:
    assert small_counts(values, 1, 5) == counts
