"""How often `cx.trend` calls a direction where there is none, and how often it finds one that is there.

Seeded series of CSAT shares through the public function; `python benchmarks/trend.py` prints the tables of
docs/how-to/trend.md. `--series 1000` is quicker and rougher.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache

import numpy as np

import cxscore as cx

LENGTHS = (4, 5, 6, 8, 12)
SHARE = 0.8


@cache
def result(satisfied: int, n: int) -> cx.CsatResult:
    return cx.csat({1: satisfied, 0: n - satisfied}, scale=cx.CSAT_THUMBS)


def sizes(rng: np.random.Generator, series: int, periods: int, n: int, unlike: bool) -> np.ndarray:
    """Answers a period: all alike, or lognormal about n, the largest of eight five to six times the smallest."""
    spread = 0.6 if unlike else 0.0
    return np.maximum(1, np.rint(n * np.exp(rng.normal(0.0, spread, (series, periods))))).astype(int)


def called(
    series: int,
    periods: int,
    n: int,
    *,
    unlike: bool = False,
    sd: float = 0.0,
    change: float = 0.0,
    method: cx.TrendMethod = "least-squares",
) -> tuple[float, float]:
    """Share of series called improving, and declining.

    Args:
        series: how many.
        periods: length of each.
        n: answers a period.
        unlike: whether periods differ in size.
        sd: standard deviation of the true share from period to period.
        change: of the true share over the whole span.
        method: of the trend.
    """
    rng = np.random.default_rng([series, periods, n, unlike, round(1e4 * sd), round(1e4 * change)])
    count = sizes(rng, series, periods, n, unlike)
    truth = SHARE + change * (np.arange(periods) / (periods - 1) - 0.5) + rng.normal(0.0, sd, count.shape)
    satisfied = rng.binomial(count, np.clip(truth, 0.0, 1.0))
    directions = [
        cx.trend([result(*pair) for pair in zip(*rows, strict=True)], method=method).direction
        for rows in zip(satisfied.tolist(), count.tolist(), strict=True)
    ]
    return directions.count("improving") / series, directions.count("declining") / series


def line(head: str, cells: list[str]) -> None:
    print(f"| {head} | {' | '.join(cells)} |", flush=True)


def flat_series(series: int) -> None:
    line("flat series", [f"{periods} periods" for periods in LENGTHS])
    line("---", ["---"] * len(LENGTHS))
    rows: list[tuple[str, int, bool, float, cx.TrendMethod]] = [
        ("200 answers, chance alone", 200, False, 0.0, "least-squares"),
        ("200 answers, SD of 2 points", 200, False, 0.02, "least-squares"),
        ("2,000 answers, chance alone", 2_000, False, 0.0, "least-squares"),
        ("2,000 answers, SD of 2 points", 2_000, False, 0.02, "least-squares"),
        ("unlike sizes about 200, SD of 2 points", 200, True, 0.02, "least-squares"),
        ("unlike sizes about 2,000, SD of 2 points", 2_000, True, 0.02, "least-squares"),
        ("the same, `random-effects`", 2_000, True, 0.02, "random-effects"),
        ("2,000 answers, SD of 2 points, `cochran-armitage`", 2_000, False, 0.02, "cochran-armitage"),
        ("2,000 answers, SD of 2 points, `mann-kendall`", 2_000, False, 0.02, "mann-kendall"),
    ]
    for head, n, unlike, sd, method in rows:
        shares = [sum(called(series, periods, n, unlike=unlike, sd=sd, method=method)) for periods in LENGTHS]
        line(head, [f"{100.0 * share:.1f} %" for share in shares])


def real_slopes(series: int) -> None:
    line("true change over the span", [f"{periods} periods" for periods in LENGTHS])
    line("---", ["---"] * len(LENGTHS))
    for n, change, sd in (
        (200, 0.1, 0.0),
        (200, 0.1, 0.02),
        (2_000, 0.1, 0.0),
        (2_000, 0.1, 0.02),
        (2_000, 0.04, 0.02),
    ):
        noise = "SD of 2 points" if sd else "chance alone"
        found = [called(series, periods, n, sd=sd, change=change)[0] for periods in LENGTHS]
        line(f"{100 * change:g} points, {n:,} answers, {noise}", [f"{100.0 * share:.0f} %" for share in found])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000, help="how many a cell (10,000)")
    series = parser.parse_args(arguments).series
    flat_series(series)
    print()
    real_slopes(series)


if __name__ == "__main__":
    main(sys.argv[1:])
