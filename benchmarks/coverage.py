"""How often the intervals hold the truth, by going through every possible sample.

Nothing is simulated: for each supposed population the probabilities of all samples whose interval holds
the true value are added up. `python benchmarks/coverage.py` prints the tables of the accuracy page; the
exact method at 100 answers takes most of an hour, `--quick` leaves it out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cxscore import intervals
from cxscore._core import intervals as formulas

Floats = npt.NDArray[np.float64]

CONFIDENCES = (0.8, 0.9, 0.95, 0.99)
SIZES = (5, 10, 30, 100)
NPS_METHODS = ("score", "adjusted-wald", "wald", "exact")
PROPORTION_METHODS = ("wilson", "agresti-coull", "wald")

# Shares of the points 1 to 7, in percent.
CES_MIXES = {
    "ceiling": (1, 1, 2, 3, 8, 25, 60),
    "strong ceiling": (0.5, 0.5, 1, 1, 2, 10, 85),
    "bimodal": (20, 5, 3, 2, 5, 15, 50),
    "uniform": (100 / 7,) * 7,
    "peaked": (2, 8, 20, 40, 20, 8, 2),
}

ROUNDING = 1e-9  # a limit this near to the truth holds it


class Cell(NamedTuple):
    """What a table says of one method: the worst population, the mean over all, and the mean width."""

    least: float
    mean: float
    width: float

    def __str__(self) -> str:
        return f"{share(self.least)}, {share(self.mean)}, {self.width:.{1 if self.width >= 2 else 3}f}"


def share(x: float) -> str:
    return f"{x:.3f}".removeprefix("0")


# Net promoter score


def nps_samples(n: int) -> Floats:
    """All counts of detractors, passives and promoters that add up to n, one a row."""
    return np.array([(d, n - d - r, r) for d in range(n + 1) for r in range(n - d + 1)], np.float64)


def nps_mixes(least: int) -> Floats:
    """All shares in whole percents with at least so many in each group, one a row."""
    percents = range(least, 101 - 2 * least)
    return np.array([(d, p, 100 - d - p) for d in percents for p in percents if 100 - d - p >= least]) / 100.0


def chances(samples: Floats, mixes: Floats) -> Floats:
    """Multinomial probability of each sample (columns) in each population (rows)."""
    n = int(samples[0].sum())
    log_factorial = np.array([math.lgamma(k + 1.0) for k in range(n + 1)])
    ways = log_factorial[n] - log_factorial[samples.astype(np.int64)].sum(axis=1)
    return np.exp(np.log(np.maximum(mixes, 1e-300)) @ samples.T + ways)


def nps_limits(samples: Floats, method: Any, confidence: float) -> tuple[Floats, Floats]:
    """Limits in points of every sample. The upper ones of the exact method are its lower ones mirrored."""
    if method != "exact":
        return intervals.nps(*samples.T, method=method, confidence=confidence)
    ahead = samples[:, 2] >= samples[:, 0]
    low, high = np.empty(len(samples)), np.empty(len(samples))
    low[ahead], high[ahead] = intervals.nps(*samples[ahead].T, method="exact", confidence=confidence)
    mirrored = {tuple(row): i for i, row in enumerate(samples)}
    for i in np.flatnonzero(~ahead):
        twin = mirrored[tuple(samples[i, ::-1])]
        low[i], high[i] = -high[twin], -low[twin]
    return low, high


def covered(limits: tuple[Floats, Floats], samples: Floats, mixes: Floats) -> tuple[Floats, Floats]:
    """Coverage and expected width in each population."""
    low, high = limits
    coverage, width = np.empty(len(mixes)), np.empty(len(mixes))
    for at in range(0, len(mixes), 256):  # a few at a time: 5,151 populations have 5,151 samples of 100 answers
        rows = slice(at, at + 256)
        chance = chances(samples, mixes[rows])
        truth = 100.0 * (mixes[rows, 2:] - mixes[rows, :1])
        coverage[rows] = (chance * ((low <= truth + ROUNDING) & (truth - ROUNDING <= high))).sum(axis=1)
        width[rows] = chance @ (high - low)
    return coverage, width


def nps_cells(n: int, confidence: float, method: str) -> tuple[Cell, Cell]:
    """Over the whole simplex in steps of a percent, and over its mixes with at least 2 % in each group."""
    samples, mixes = nps_samples(n), nps_mixes(0)
    coverage, width = covered(nps_limits(samples, method, confidence), samples, mixes)
    inner = (mixes >= 0.02 - ROUNDING).all(axis=1)
    everywhere, within = (Cell(coverage[i].min(), coverage[i].mean(), width[i].mean()) for i in (slice(None), inner))
    return everywhere, within


def least_exact_coverage(n: int, confidence: float, steps: int = 200) -> float:
    """Of the exact method at true scores next to all its limits, where its coverage jumps.

    At each, the share of passives runs over a grid that is finer near its ends.
    """
    samples = nps_samples(n)
    limits = nps_limits(samples, "exact", confidence)
    jumps = np.unique(np.concatenate(limits)) / 100.0
    scores = np.concatenate([jumps - 1e-7, jumps, jumps + 1e-7])
    scores = scores[np.abs(scores) <= 1.0]
    wave = np.square(np.sin(np.linspace(0.0, math.pi / 2.0, steps + 1)))
    passives = (1.0 - np.abs(scores))[:, None] * wave
    promoters = (1.0 - passives + scores[:, None]) / 2.0
    mixes = np.stack([1.0 - passives - promoters, passives, promoters], axis=-1).reshape(-1, 3)
    return float(covered(limits, samples, np.clip(mixes, 0.0, 1.0))[0].min())


# Shares


def proportion_cell(n: int, confidence: float, method: Any) -> Cell:
    """Over true shares of 0 to 1 in steps of .001."""
    k = np.arange(n + 1.0)
    low, high = intervals.proportion(k, n, method=method, confidence=confidence)
    truth = np.arange(1001) / 1000.0
    samples = np.stack([k, n - k], axis=1)
    chance = chances(samples, np.stack([truth, 1.0 - truth], axis=1))
    holds = (low <= truth[:, None] + ROUNDING) & (truth[:, None] - ROUNDING <= high)
    coverage = (chance * holds).sum(axis=1)
    return Cell(coverage.min(), coverage.mean(), (chance @ (high - low)).mean())


# Means of answers of 1 to 7


def sums(n: int, percents: tuple[float, ...]) -> Floats:
    """Probability of each pair of sum and sum of squares of n answers less 1, by convolution."""
    shares = np.array(percents) / np.sum(percents)
    table = np.ones((1, 1))
    for _ in range(n):
        grown = np.zeros((table.shape[0] + 6, table.shape[1] + 36))
        for point, chance in enumerate(shares):
            grown[point : point + table.shape[0], point * point : point * point + table.shape[1]] += chance * table
        table = grown
    return table


def ces_cells(n: int, confidence: float, percents: tuple[float, ...]) -> dict[str, tuple[float, float]]:
    """Coverage and expected width of both intervals of the mean."""
    table = sums(n, percents)
    first, second = np.nonzero(table)
    chance = table[first, second]
    mean = 1.0 + first / n
    variance = np.maximum(second / n - np.square(first / n), 0.0)
    size = np.full(len(mean), float(n))
    truth = float(np.arange(1, 8) @ np.array(percents) / np.sum(percents))
    limits = {
        "adjusted-t": formulas.mean_adjusted_t(size, mean, variance, 1.0, 7.0, confidence),
        "t": formulas.mean_t(size, mean, variance, confidence),
    }
    return {
        method: (
            float(chance @ ((low <= truth + ROUNDING) & (truth - ROUNDING <= high))),
            float(chance @ (high - low)),
        )
        for method, (low, high) in limits.items()
    }


# Tables


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def header(*names: str) -> Iterator[str]:
    yield row(*names)
    yield row(*["---"] * len(names))


def nps_rows(n: int, confidence: float, without_exact: bool = False) -> tuple[str, str]:
    """One row of either table."""
    cells = [nps_cells(n, confidence, method) for method in NPS_METHODS if not (without_exact and method == "exact")]
    everywhere, within = (row(f"{confidence:.0%}, {n}", *column) for column in zip(*cells, strict=True))
    return everywhere, within


def nps_tables(quick: bool) -> Iterator[str]:
    rows = [nps_rows(n, confidence, quick and n == 100) for confidence in CONFIDENCES for n in SIZES]
    for title, table in zip(("whole simplex", "at least 2 % in each group"), zip(*rows, strict=True), strict=True):
        yield f"NPS, {title}: least coverage, mean coverage, mean width in points\n"
        yield from header("level, n", *NPS_METHODS)
        yield from table
        yield ""


def exact_table() -> Iterator[str]:
    yield "NPS, exact, next to its own limits: least coverage\n"
    yield from header("n", *(f"{confidence:.0%}" for confidence in CONFIDENCES))
    for n in (5, 10, 30):
        yield exact_row(n)
    yield ""


def exact_row(n: int) -> str:
    return row(n, *(f"{least_exact_coverage(n, confidence):.6f}".removeprefix("0") for confidence in CONFIDENCES))


def proportion_row(n: int, confidence: float) -> str:
    return row(f"{confidence:.0%}, {n}", *(proportion_cell(n, confidence, method) for method in PROPORTION_METHODS))


def proportion_table() -> Iterator[str]:
    yield "Shares: least coverage, mean coverage, mean width\n"
    yield from header("level, n", *PROPORTION_METHODS)
    yield from (proportion_row(n, confidence) for confidence in CONFIDENCES for n in SIZES)
    yield ""


def ces_row(name: str, n: int) -> str:
    cells = []
    for confidence in CONFIDENCES:
        found = ces_cells(n, confidence, CES_MIXES[name])
        cells.append("; ".join(f"{share(coverage)}, {width:.2f}" for coverage, width in found.values()))
    return row(f"{name}, {n}", *cells)


def ces_table() -> Iterator[str]:
    yield "Means of answers of 1 to 7, adjusted t; t: coverage, mean width\n"
    yield from header("mix, n", *(f"{confidence:.0%}" for confidence in CONFIDENCES))
    for name in CES_MIXES:
        for n in SIZES:
            yield ces_row(name, n)
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the exact method at 100 answers")
    quick = parser.parse_args().quick
    for lines in (ces_table(), proportion_table(), nps_tables(quick), exact_table()):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
