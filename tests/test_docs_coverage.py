"""The tables of exact coverage in the documentation, computed again.

Every possible sample is enumerated, so the figures are exact for the grid or the populations that the
pages name; nothing is simulated.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cxscore import intervals
from cxscore._core import intervals as formulas

METRICS = Path(__file__).resolve().parents[1] / "docs" / "metrics"

Floats = npt.NDArray[np.float64]


def samples(n: int, points: int) -> Floats:
    """All ways to spread n answers over some points, one a row."""
    bars = np.array(list(itertools.combinations(range(n + points - 1), points - 1)))
    fences = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, n + points - 1)))
    return np.diff(fences, axis=1) - 1.0


def probabilities(counts: Floats, shares: Floats) -> Floats:
    """Multinomial probability of each sample (columns) in each population (rows)."""
    log_factorial = np.cumsum(np.log(np.maximum(np.arange(counts[0].sum() + 1), 1)))
    ways = log_factorial[-1] - log_factorial[counts.astype(int)].sum(axis=1)
    return np.exp(ways + np.log(shares) @ counts.T)


def row(page: str, start: str) -> str:
    lines = (METRICS / page).read_text(encoding="utf-8").splitlines()
    (found,) = [line for line in lines if line.startswith(start)]
    return found


def shown(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def test_every_sample_is_there_once() -> None:
    assert len(samples(5, 3)) == math.comb(7, 2)
    assert probabilities(samples(5, 3), np.array([[0.2, 0.3, 0.5]])).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("n", [5, 10, 30, 100])
def test_nps(n: int) -> None:
    mixes = [(d, p, 100 - d - p) for d in range(2, 97) for p in range(2, 99 - d)]
    assert len(mixes) == 4_560
    shares = np.array(mixes) / 100.0
    counts = samples(n, 3)
    chance = probabilities(counts, shares)
    truth = 100.0 * (shares[:, 2] - shares[:, 0])[:, None]
    cells = []
    for method in ("score", "adjusted-wald", "wald"):
        low, high = intervals.nps(*counts.T, method=method)
        covered = (chance * ((low <= truth + 1e-9) & (truth - 1e-9 <= high))).sum(axis=1)
        cells.append(f"{shown(covered.min())}, mean {shown(covered.mean())}")
    assert row("nps.md", f"| {n} |") == f"| {n} | {' | '.join(cells)} |"


@pytest.mark.parametrize(
    ("name", "percents"),
    [
        ("ceiling", (1, 1, 2, 3, 8, 25, 60)),
        ("strong ceiling", (0.5, 0.5, 1, 1, 2, 10, 85)),
        ("bimodal", (20, 5, 3, 2, 5, 15, 50)),
        ("even", (100 / 7,) * 7),
        ("middle", (2, 8, 20, 40, 20, 8, 2)),
    ],
)
def test_ces(name: str, percents: tuple[float, ...]) -> None:
    shares = np.array([percents]) / 100.0
    points = np.arange(1.0, 8.0)
    truth = float(shares[0] @ points)
    cells = []
    for n in (5, 10, 20):
        counts = samples(n, 7)
        mean = counts @ points / n
        variance = np.maximum(counts @ np.square(points) / n - np.square(mean), 0.0)
        each = np.full(len(counts), float(n))
        found = []
        for low, high in (
            formulas.mean_adjusted_t(each, mean, variance, 1.0, 7.0, 0.95),
            formulas.mean_t(each, mean, variance, 0.95),
        ):
            covered = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
            found.append(shown(float(probabilities(counts, shares)[0] @ covered)))
        cells.append(", ".join(found))
    assert row("ces.md", f"| {name}: ").endswith(f" | {' | '.join(cells)} |")
