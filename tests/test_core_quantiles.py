"""Log bins and the nine quantile types against exact arithmetic, numpy and published values."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxscore._core import quantiles as qu

ORACLES = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "oracles.json"
METHODS = {
    1: "inverted_cdf",
    2: "averaged_inverted_cdf",
    3: "closest_observation",
    4: "interpolated_inverted_cdf",
    5: "hazen",
    6: "weibull",
    7: "linear",
    8: "median_unbiased",
    9: "normal_unbiased",
}


def within_one_percent(x, y):
    return abs(Fraction(x) - Fraction(y)) <= Fraction(x) / 100


edges = [0, 1, 2, 49, 50, 51, 2**53 - 1, 2**53 + 1, 2**62 - 1, 2**63 - 1]


@given(x=st.integers(0, 2**62 - 1) | st.integers(0, 10**6), step=st.integers(0, 10))
@settings(max_examples=300, deadline=None)
@example(x=2**53 - 1, step=2)
@example(x=0, step=1)
def test_bin_stands_for_its_values(x, step):
    bins = qu.bin_of(np.array([x, x + step]))
    values = qu.value_of(bins)
    assert within_one_percent(x, float(values[0]))
    assert bins[0] <= bins[1]


def test_every_edge_of_every_bin():
    first = np.unique(np.ceil(qu._LOWER[: 1 + 35 * 63]).astype(np.int64))
    x = np.unique(np.concatenate([first, first - 1, first + 1, edges]))
    x = x[x >= 0]
    bins = qu.bin_of(x)
    assert np.all(np.diff(bins) >= 0)
    assert all(within_one_percent(int(a), float(b)) for a, b in zip(x, qu.value_of(bins), strict=True))
    expected = np.searchsorted(qu._LOWER, x.astype(float), side="right") - 1
    assert expected.tolist() == bins.tolist()


def test_a_cell_meets_at_most_one_edge():
    # Else a look-up and one comparison could not tell the bin.
    edges_before = np.searchsorted(qu._LOWER, qu._CELL_STARTS[1:], side="left")
    assert np.diff(edges_before).max() == 1


def test_values_are_fixed_points():
    bins = np.arange(35 * 60)
    assert np.all(np.diff(qu.value_of(bins)) > 0)
    far = bins[bins > 35 * 40]  # where rounding to whole microseconds stays within the bin
    assert far.tolist() == qu.bin_of(qu.value_of(far).astype(np.int64)).tolist()


def test_bins_never_change():
    # Written by the first release; stored tallies hold these numbers.
    x = np.array([0, 1, 2, 3, 10, 1_000, 60_000_000, 3_600_000_000, 86_400_000_000, 2**62])
    assert qu.bin_of(x).tolist() == [0, 1, 36, 56, 117, 349, 905, 1112, 1272, 2171]


def test_counts_over_chunks(monkeypatch):
    monkeypatch.setattr(qu, "_CHUNK", 7)
    x = np.random.default_rng(2).integers(0, 10**9, 100)
    x.flags.writeable = False
    bins, n = qu.counts(x)
    expected_bins, expected_n = np.unique(qu.bin_of(x), return_counts=True)
    assert expected_bins.tolist() == bins.tolist()
    assert expected_n.tolist() == n.tolist()


def test_counts_of_nothing():
    bins, n = qu.counts(np.array([], np.int64))
    assert (bins.tolist(), n.tolist()) == ([], [])


@pytest.mark.parametrize("kind", METHODS)
@given(values=st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30), part=st.integers(0, 64))
@settings(max_examples=40, deadline=None)
def test_types_equal_numpy(kind, values, part):
    q = part / 64  # exact in binary, so that both see the same whole numbers in n * q
    x = np.sort(np.array(values, float))
    expected = np.quantile(x, [q, 0.5], method=METHODS[kind])
    assert expected == pytest.approx(qu.type_quantile(x, [q, 0.5], kind), rel=1e-12, abs=1e-3)


# 15, 20, 35, 40, 50 at p = 0.4: numpy/lib/tests/test_function_base.py, TestPercentile.
@pytest.mark.parametrize(
    ("kind", "expected"),
    [(1, 20), (2, 27.5), (3, 20), (4, 20), (5, 27.5), (6, 26), (7, 29), (8, 27), (9, 27.125)],
)
def test_published_types(kind, expected):
    assert float(qu.type_quantile(np.array([15, 20, 35, 40, 50]), 0.4, kind)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", METHODS)
def test_decimal_quantiles_meet_their_value(kind):
    # Type 2 of 1..100 at 0.29 lies between the 29th and the 30th, whatever 0.29 * 100 is in floats.
    expected = {1: 29.0, 2: 29.5, 4: 29.0, 5: 29.5}.get(kind)
    if expected is not None:
        assert float(qu.type_quantile(np.arange(1, 101), 0.29, kind)) == pytest.approx(expected, rel=1e-15)
    assert float(qu.type_quantile(np.arange(1, 101), 1.0, kind)) == 100.0
    assert float(qu.type_quantile(np.arange(1, 101), 0.0, kind)) == 1.0


def test_quantile_of_nothing_is_not_a_number():
    assert np.isnan(qu.type_quantile(np.array([]), [0.1, 0.5])).tolist() == [True, True]


@pytest.mark.skipif(not ORACLES.exists(), reason="the collected published values are not beside the checkout")
def test_collected_values():
    records = [
        record
        for record in json.loads(ORACLES.read_text())
        if record["topic"] == "quantile" and "hyndman_fan_type" in record["inputs"]
    ]
    assert len(records) > 20
    for record in records:
        given_ = record["inputs"]
        found = qu.type_quantile(np.sort(given_["x"]), given_["p"], given_["hyndman_fan_type"])
        assert record["expected"] == pytest.approx(found, abs=record["tolerance"]), record["id"]
