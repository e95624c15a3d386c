"""Effective numbers of waits in conversations, against the sandwich formula written out and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxscore._core.clustered_waits import design_effect, effective_number


def written_out(cluster: np.ndarray, trials: np.ndarray, hits: np.ndarray) -> float:
    """n times the variance of independent trials over the linearised variance of a ratio (Cochran 1977)."""
    n = int(trials.sum())
    share = (hits & trials).sum() / n
    codes = np.unique(cluster[trials])
    residuals = [((hits & trials)[cluster == code].sum() - share * trials[cluster == code].sum()) for code in codes]
    clusters = len(codes)
    robust = clusters / (clusters - 1) * sum(residual**2 for residual in residuals) / n**2
    return min(n, share * (1 - share) / (n - 1) / robust * n)


rows = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=2, max_size=40)


@given(rows)
def test_the_number_is_that_of_the_linearised_variance(rows: list[tuple[int, bool, bool]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    cluster, trials, hits = (np.array(column) for column in zip(*rows, strict=True))
    found = effective_number(cluster, trials, hits)
    n, good = int(trials.sum()), int((trials & hits).sum())
    if n == 0:
        assert math.isnan(found)
    elif 0 < good < n and len(set(cluster[trials])) > 1:
        with np.errstate(divide="ignore"):
            expected = written_out(cluster, trials, hits)
        if math.isfinite(expected):
            assert found == pytest.approx(expected)
    else:
        assert 0 < found <= n


def test_waits_on_their_own_are_worth_themselves() -> None:
    assert effective_number(np.arange(9), np.ones(9, bool), np.arange(9) < 4) == 9.0
    assert design_effect(np.arange(9), np.arange(9), np.ones(9, bool), 4.0) == 1.0


def test_waits_that_are_all_alike_in_a_conversation_are_worth_one() -> None:
    cluster = np.repeat(np.arange(50), 4)
    hits = np.repeat(np.arange(50) % 2 == 0, 4)
    assert effective_number(cluster, np.ones(200, bool), hits) == pytest.approx(50, rel=0.02)
    assert design_effect(cluster, np.where(hits, 1, 9), np.ones(200, bool), 5.0) == pytest.approx(4, rel=0.02)


def test_what_was_not_seen_for_long_enough_tells_nothing() -> None:
    cluster, length = np.array([0, 0, 1, 1]), np.array([3, 9, 4, 8])
    ended = np.array([True, True, False, False])
    # The wait of 4 that still runs is not known to end by 5.
    known = np.array([True, True, False, True])
    assert design_effect(cluster, length, ended, 5.0) == 3 / effective_number(cluster, known, ended & (length <= 5))


def test_nothing_to_tell_widens_nothing() -> None:
    none = np.empty(0, np.int64)
    assert design_effect(none, none, none.astype(bool), 5.0) == 1.0
    assert design_effect(np.array([0]), np.array([3]), np.array([True]), math.nan) == 1.0
    assert math.isnan(effective_number(none, none.astype(bool), none.astype(bool)))
