"""Effective numbers of waits in conversations, against the sandwich formula written out and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxscore._core import clustered_waits
from cxscore._core.clustered_waits import first_rows
from cxscore._core.clusters import at_level


def worth(cluster: np.ndarray, trials: np.ndarray, hits: np.ndarray, confidence: float = 0.95) -> float:
    told, clusters = clustered_waits.worth(first_rows(cluster), trials, hits & trials)
    return float(at_level(told, clusters, int(trials.sum()), confidence))


def written_out(cluster: np.ndarray, trials: np.ndarray, hits: np.ndarray) -> float:
    """n times the variance of independent trials over the linearised variance of a ratio (Cochran 1977), and Student's
    quantiles of Korn and Graubard (1998)."""
    n = int(trials.sum())
    share = (hits & trials).sum() / n
    codes = np.unique(cluster[trials])
    residuals = [((hits & trials)[cluster == code].sum() - share * trials[cluster == code].sum()) for code in codes]
    clusters = n**2 / sum(int(trials[cluster == code].sum()) ** 2 for code in codes)
    robust = clusters / (clusters - 1) * sum(residual**2 for residual in residuals) / n**2
    many, few = (stats.t.ppf(0.975, max(k - 1, 1)) for k in (n, clusters))
    return max(1.0, min(n, share * (1 - share) / (n - 1) / robust * n) * (many / few) ** 2)


rows = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=2, max_size=40)


@given(rows)
def test_the_number_is_that_of_the_linearised_variance(rows: list[tuple[int, bool, bool]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    cluster, trials, hits = (np.array(column) for column in zip(*rows, strict=True))
    found = worth(cluster, trials, hits)
    n, good = int(trials.sum()), int((trials & hits).sum())
    if n == 0:
        assert math.isnan(found)
    elif 0 < good < n and len(set(cluster[trials])) > 1:
        apart = {(hits & trials)[cluster == code].sum() / trials[cluster == code].sum() for code in cluster[trials]}
        if len(apart) > 1:  # else there is no variance between them
            assert found == pytest.approx(written_out(cluster, trials, hits))
    else:
        assert 0 < found <= n


def test_waits_on_their_own_are_worth_themselves() -> None:
    assert worth(np.arange(9), np.ones(9, bool), np.arange(9) < 4) == 9.0


def test_waits_that_are_all_alike_in_a_conversation_are_worth_one() -> None:
    cluster = np.repeat(np.arange(50), 4)
    hits = np.repeat(np.arange(50) % 2 == 0, 4)
    students = (stats.t.ppf(0.975, 199) / stats.t.ppf(0.975, 49)) ** 2
    assert worth(cluster, np.ones(200, bool), hits) == pytest.approx(50 * students, rel=0.02)


def test_rows_that_are_no_trial_change_nothing() -> None:
    cluster, hits = np.array([0, 0, 1, 1, 2, 3, 3]), np.array([1, 0, 1, 1, 0, 0, 0], bool)
    trials = np.array([1, 1, 0, 1, 1, 0, 0], bool)
    assert worth(cluster, trials, hits) == worth(cluster[trials], np.ones(4, bool), hits[trials])


def test_nothing_to_tell_is_worth_nothing_known() -> None:
    none = np.empty(0, np.int64)
    assert math.isnan(worth(none, none.astype(bool), none.astype(bool)))
