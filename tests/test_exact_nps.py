"""The exact interval of a net promoter score: against brute force, and its promise at its weakest points."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxscore import intervals
from cxscore._core import exact
from cxscore.errors import InvalidValueError

Floats = npt.NDArray[np.float64]


def results_of(n: int) -> list[tuple[int, int, int]]:
    return [(d, n - d - r, r) for d in range(n + 1) for r in range(n - d + 1)]


@cache
def limits_of(n: int, confidence: float) -> dict[tuple[int, int, int], tuple[float, float]]:
    return {result: exact.nps_exact(*result, confidence) for result in results_of(n)}


def distances(d: int, p: int, r: int, supposed: Floats) -> Floats:
    """Size of Tango's score statistic; the likeliest share of detractors is found by search, not by formula."""
    n = d + p + r

    def log_likelihood(share: Floats) -> Floats:
        shares = share, 1.0 - 2.0 * share - supposed, share + supposed
        return sum(
            (k * np.log(np.maximum(s, 1e-300)) for k, s in zip((d, p, r), shares, strict=True) if k), 0.0 * supposed
        )

    low, high = np.maximum(0.0, -supposed), (1.0 - supposed) / 2.0
    for _ in range(80):
        left, right = low + (high - low) / 3.0, high - (high - low) / 3.0
        rising = log_likelihood(left) < log_likelihood(right)
        low, high = np.where(rising, left, low), np.where(rising, high, right)
    deviation = np.sqrt(n * np.maximum(2.0 * low + supposed - supposed**2, 1e-12))
    return np.abs(r - d - n * supposed) / deviation


def shares_at(supposed: float, steps: int) -> Floats:
    passives = (1.0 - abs(supposed)) * np.square(np.sin(np.linspace(0.0, math.pi / 2.0, steps + 1)))
    promoters = (1.0 - passives + supposed) / 2.0
    return np.clip(np.stack([1.0 - passives - promoters, passives, promoters], axis=1), 0.0, 1.0)


def chances(results: list[tuple[int, int, int]], shares: Floats) -> Floats:
    """Probability of each result (columns) under each of the shares (rows)."""
    n = sum(results[0])
    ways = [math.factorial(n) / math.prod(math.factorial(k) for k in result) for result in results]
    return np.stack([w * np.prod(shares ** np.array(k), axis=1) for w, k in zip(ways, results, strict=True)], axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_limits_are_those_of_brute_force(n: int) -> None:
    results, step = results_of(n), 0.01
    grid = np.arange(-1.0 + step / 2.0, 1.0, step)
    far = np.stack([distances(*result, grid) for result in results])
    p_values = np.empty_like(far)
    for at, supposed in enumerate(grid):
        chance = chances(results, shares_at(supposed, 100))
        farther = far[:, None, at] >= far[None, :, at] - 1e-6
        p_values[:, at] = (chance @ farther).max(axis=0)
    for confidence in (0.8, 0.95):
        for result, p_value in zip(results, p_values, strict=True):
            low, high = limits_of(n, confidence)[result]
            kept = grid[p_value > 1.0 - confidence]
            assert low <= kept[0]
            assert kept[-1] <= high
            # No farther out than the next point of the grid, which is rejected, but for what lies between two.
            assert not ((grid > low + step) & (grid < kept[0])).any()
            assert not ((grid < high - step) & (grid > kept[-1])).any()


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_coverage_is_never_below_the_confidence(n: int, confidence: float) -> None:
    """Coverage jumps where a limit lies, so it is least next to one."""
    limits = limits_of(n, confidence)
    low, high = np.array(list(limits.values())).T
    for limit in {*low, *high}:
        for supposed in (limit - 1e-7, limit, limit + 1e-7):
            if abs(supposed) <= 1.0:
                covering = (low <= supposed) & (supposed <= high)
                coverage = chances(list(limits), shares_at(supposed, 120)) @ covering
                assert coverage.min() >= confidence - 1e-6


def test_a_single_answer() -> None:
    # A promoter is as surprising as it can be where nobody is a passive: (1 + s) / 2 = .05 at s = -.9.
    low, high = exact.nps_exact(0, 0, 1, 0.95)
    assert (low, high) == (pytest.approx(-0.9, abs=2e-6), 1.0)
    # A passive has a share of at most 1 - |s|.
    assert exact.nps_exact(0, 1, 0, 0.95) == (pytest.approx(-0.95, abs=2e-6), pytest.approx(0.95, abs=2e-6))


def test_five_promoters_may_come_from_an_even_split() -> None:
    # At a score of 0 five of a kind have a probability of 2 / 32 on either side together, above .05; a little
    # below 0 five detractors are nearer than five promoters and leave 1 / 32.
    low, _ = exact.nps_exact(0, 0, 5, 0.95)
    assert -2e-6 <= low <= 0.0


def test_limits_hold_an_island_that_lies_apart() -> None:
    # Near .13556 the p-value of 9 promoters and a passive passes .01 on less than .0001; the next supposed
    # score that is not rejected is .168.
    low, _ = exact.nps_exact(0, 1, 9, 0.99)
    assert 0.1355 < low < 0.1356


counts = st.integers(0, 8)
results = st.tuples(counts, counts, counts).filter(any)


@settings(max_examples=12, deadline=None)
@given(results, st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99]))
def test_laws(result: tuple[int, int, int], confidence: float) -> None:
    low, high = exact.nps_exact(*result, confidence)
    score = (result[2] - result[0]) / sum(result)
    assert -1.0 <= low <= score <= high <= 1.0
    assert exact.nps_exact(*result[::-1], confidence) == (-high, -low)
    wider = exact.nps_exact(*result, (1.0 + confidence) / 2.0)
    # Both are outwards of the truth by less than a millionth.
    assert wider[0] <= low + 1e-6
    assert wider[1] >= high - 1e-6


def test_many_answers_come_near_the_score_interval() -> None:
    ours, score = exact.nps_exact(40, 60, 100, 0.95), intervals.nps(40, 60, 100)
    assert [100.0 * limit for limit in ours] == pytest.approx(score, abs=0.5)


# By its public name


def test_points_floats_and_arrays() -> None:
    low, high = intervals.nps([0, 1, 0, 0], [1, 2, 1, 0], [6, 4, 6, 0], method="exact")
    one_by_one = [intervals.nps(*r, method="exact") for r in [(0, 1, 6), (1, 2, 4), (0, 1, 6), (0, 0, 0)]]
    np.testing.assert_array_equal(np.column_stack((low, high)), one_by_one)
    assert [type(limit) for limit in one_by_one[0]] == [float, float]
    assert one_by_one[0] == tuple(100.0 * limit for limit in exact.nps_exact(0, 1, 6, 0.95))
    assert intervals.nps([[1], [2]], 1, [1, 2, 3], method="exact")[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("counts", "argument", "message"),
    [
        ((1.5, 2, 3), "detractors", 'must be whole numbers for method="exact"; method="score" takes fractions'),
        ((1, [2, 2.5], 3), "passives", "1 of 2 break this (first: 2.5 at 1)"),
        ((100, 100, 1), "detractors", 'at most 200 answers together with passives and promoters for method="exact"'),
        ((1e12, 0, 0), "detractors", 'method="score" takes any number'),
    ],
)
def test_refusals(counts: tuple[object, ...], argument: str, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        intervals.nps(*counts, method="exact")
    assert message in str(caught.value)
    assert caught.value.argument == argument
