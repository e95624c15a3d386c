"""The coverage that docs/how-to/compare.md prints, computed again from all pairs of samples; nothing is simulated."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cxscore._core import intervals
from cxscore._core.distributions import z_value
from cxscore._core.paired import mean_score_interval

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "compare.md"
MIXES = [(d, p, 100 - d - p) for d in (2, 10, 20, 33, 50, 70, 90) for p in (2, 8, 20, 34, 50, 70, 90) if d + p <= 98]

Floats = npt.NDArray[np.float64]


def samples(n: int, points: int) -> list[tuple[int, ...]]:
    return [row for row in itertools.product(range(n + 1), repeat=points) if sum(row) == n]


def chance(sample: tuple[int, ...], percents: tuple[float, ...]) -> float:
    ways = math.factorial(sum(sample)) / math.prod(map(math.factorial, sample))
    return ways * math.prod((percent / 100) ** count for count, percent in zip(sample, percents, strict=True))


def test_mover_of_five_and_five_answers() -> None:
    rows = samples(5, 3)
    chances = np.array([[chance(row, mix) for row in rows] for mix in MIXES])
    scores = np.array([mix[2] - mix[0] for mix in MIXES]) / 100
    truth = scores[:, None] - scores[None, :]
    pairs = np.array(list(itertools.product(rows, rows)), dtype=np.float64)
    low, high = (
        limits.reshape(len(rows), len(rows))
        for limits in intervals.nps_difference_mover(tuple(pairs[:, 0].T), tuple(pairs[:, 1].T), z_value(0.95))
    )
    covered = np.array(
        [
            [one @ ((low <= t + 1e-9) & (t - 1e-9 <= high)) @ two for two, t in zip(chances, line, strict=True)]
            for one, line in zip(chances, truth, strict=True)
        ]
    )
    width = 100 * (chances @ (high - low) @ chances.T).mean()
    cell = f"{covered.min():.3f}, {covered.mean():.3f}, {width:.0f}".replace("0.", ".")
    (row,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| 5 and 5 |")]
    assert row.startswith(f"| 5 and 5 | {cell} |")
    assert len(MIXES) == 33


@pytest.mark.parametrize(
    ("name", "percents"),
    [("half stay", (4, 16, 50, 22, 8)), ("many move", (12, 18, 30, 22, 18)), ("few move", (2, 4, 86, 5, 3)),
     ("mostly upwards", (2, 4, 44, 30, 20))],
)  # fmt: skip
def test_movement_of_five_and_ten_people(name: str, percents: tuple[float, ...]) -> None:
    truth = sum(percent * step for step, percent in enumerate(percents, -2)) / 100
    cells = []
    for n in (5, 10):
        held = 0.0
        for sample in samples(n, 5):
            low, high = mean_score_interval(sample, -2, z_value(0.95))
            held += chance(sample, percents) * (low <= truth + 1e-9 and truth - 1e-9 <= high)
        cells.append(f"{held:.3f}".replace("0.", "."))
    (row,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name}: ")]
    assert f" | {' | '.join(cells)} |" in row
