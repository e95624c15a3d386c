"""Counts of one clock against plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxscore._core import durations, waits

HOWS = [waits.WAIT_ANSWERED, waits.WAIT_CLOSED, waits.WAIT_ABANDONED, waits.WAIT_LAPSED, waits.WAIT_OPEN]


@given(st.lists(st.integers(-(2**62), 2**62), max_size=20) | st.lists(st.integers(-9, 9)))
def test_the_sum_is_exact(values):
    column = np.array(values, dtype=np.int64)
    column.flags.writeable = False
    assert sum(values) == durations.exact_sum(column)


def test_a_billion_long_waits_would_overflow():
    many = np.full(5, 2**62)
    assert 5 * 2**62 == durations.exact_sum(many)
    assert 5 * -(2**63) == durations.exact_sum(np.full(5, -(2**63)))


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(HOWS), st.none() | st.integers(0, 6)),
        max_size=12,
    ),
    unanswered_misses=st.booleans(),
    edges=st.lists(st.integers(1, 8), unique=True, max_size=4).map(sorted),
)
def test_totals_equal_a_slow_count(rows, unanswered_misses, edges):
    now = 20
    start = np.array([row[0] for row in rows], dtype=np.int64)
    end = np.array([waits.NEVER if row[2] == waits.WAIT_OPEN else row[0] + row[1] for row in rows], dtype=np.int64)
    outcome = np.array([row[2] for row in rows], dtype=np.int8)
    target = np.array([waits.NEVER if row[3] is None else row[3] for row in rows], dtype=np.int64)
    for column in (start, end, outcome, target):
        column.flags.writeable = False
    found = durations.totals(
        start, end, outcome, target, now, np.array(edges, dtype=np.int64), unanswered_misses=unanswered_misses
    )
    ended = [wait for _, wait, how, _ in rows if how == waits.WAIT_ANSWERED]
    ages = [now - begin for begin, _, how, _ in rows if how == waits.WAIT_OPEN]
    assert (sorted(ended), sorted(ages)) == (sorted(found.ended.tolist()), sorted(found.ages.tolist()))
    assert (len(ended), len(ages), sum(ended)) == (found.n, found.waiting, found.total)
    assert (min(ended, default=None), max(ended, default=None), max(ages, default=None)) == (
        found.shortest, found.longest, found.longest_waiting
    )  # fmt: skip
    for how, count in ((1, found.closed), (2, found.abandoned), (3, found.lapsed)):
        assert [row[2] for row in rows].count(how) == count
    judged = [
        row for row in rows
        if row[3] is not None and (unanswered_misses or row[2] not in (waits.WAIT_CLOSED, waits.WAIT_LAPSED))
    ]  # fmt: skip
    old = [row for row in judged if now - row[0] >= row[3]]
    assert (len(old), len(judged) - len(old)) == (found.eligible, found.immature)
    assert sum(row[2] == waits.WAIT_ANSWERED and row[1] <= row[3] for row in old) == found.within
    assert sum(row[2] == waits.WAIT_OPEN and now - row[0] > row[3] for row in judged) == found.waiting_over_target
    bounds = [-1, *edges, 10**9]
    expected = [sum(low < wait <= high for wait in ended) for low, high in itertools.pairwise(bounds)]
    assert (tuple(expected) if edges else ()) == found.brackets


@pytest.mark.parametrize("rows", [0, 3])
def test_without_a_target_nothing_is_judged(rows):
    zeros = np.zeros(rows, dtype=np.int64)
    found = durations.totals(zeros, zeros + 1, zeros.astype(np.int8), None, 9, zeros[:0], unanswered_misses=True)
    assert (rows, 0, 0, 0, 0, ()) == (
        found.n, found.eligible, found.within, found.immature, found.waiting_over_target, found.brackets
    )  # fmt: skip
