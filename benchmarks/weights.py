"""How often 95 % intervals of weighted answers hold the truth: linearised, as the library has them, and with Kish's n.

Weights do not depend on the answers. Samples are drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import cxscore as cx

_SAMPLES_AT_A_TIME = 1_000
SEED = 20_260_302


class Design(NamedTuple):
    """How answers are weighted, how many there are, and how many of them are satisfied."""

    name: str
    weights: Callable[[np.random.Generator, int], Any]
    n: int
    share: float


def heavy(part: float, weight: float) -> Callable[[np.random.Generator, int], Any]:
    """Some of the answers, chosen by chance, weigh more."""
    return lambda rng, size: np.where(rng.random(size) < part, weight, 1.0)


def equal(rng: np.random.Generator, size: int) -> Any:
    """All weigh the same."""
    return np.ones(size)


def between(rng: np.random.Generator, size: int) -> Any:
    """Evenly spread from a half to two."""
    return rng.uniform(0.5, 2.0, size)


def lognormal(rng: np.random.Generator, size: int) -> Any:
    """A long tail: one in twenty weighs over five times the median."""
    return rng.lognormal(0.0, 1.0, size)


DESIGNS = (
    Design("all alike", equal, 100, 0.9),
    Design("0.5 to 2", between, 100, 0.9),
    Design("0.5 to 2", between, 30, 0.8),
    Design("1 in 10 weighs 3", heavy(0.1, 3.0), 100, 0.9),
    Design("1 in 10 weighs 10", heavy(0.1, 10.0), 200, 0.8),
    Design("1 in 10 weighs 10", heavy(0.1, 10.0), 50, 0.9),
    Design("lognormal(1)", lognormal, 200, 0.8),
    Design("lognormal(1)", lognormal, 20, 0.8),
    Design("1 in 10 weighs 20", heavy(0.1, 20.0), 30, 0.8),
    Design("1 in 20 weighs 50", heavy(0.05, 50.0), 100, 0.9),
)


def coverage(design: Design, *, samples: int, seed: int = SEED) -> tuple[float, float, float]:
    """Mean of Kish's number over n, and the shares of samples whose interval holds the truth: ours, and Kish's."""
    rng = np.random.default_rng(seed)
    found = np.zeros(3)
    for start in range(0, samples, _SAMPLES_AT_A_TIME):
        size = min(_SAMPLES_AT_A_TIME, samples - start)
        points = np.where(rng.random(size * design.n) < design.share, 5, 2)
        weights = design.weights(rng, size * design.n)
        groups = cx.csat(points, by=np.repeat(np.arange(size), design.n), weights=weights)
        kish, score = groups.column("effective_n"), groups.scores
        low, high = _wilson(score / 100, kish)
        ours = groups.column("interval.low") / 100, groups.column("interval.high") / 100
        found += (float((kish / design.n).sum()), _held(ours, design.share), _held((low, high), design.share))
    told, linearised, kish_too = (found / samples).tolist()
    return told, linearised, kish_too


def _wilson(share: Any, n: Any) -> tuple[Any, Any]:
    """Wilson's interval of n answers, which need not be a whole number."""
    z = 1.959963984540054
    middle, reach = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def _held(limits: tuple[Any, Any], truth: float) -> int:
    return int(np.count_nonzero((limits[0] <= truth) & (truth <= limits[1])))


def table(count: int) -> Iterator[str]:
    """The table of the documentation, line by line."""
    yield "| weights | answers | satisfied | `effective_n` / `n` | coverage | with Kish's number |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for design in DESIGNS:
        told, linearised, kish = coverage(design, samples=count)
        yield f"| {design.name} | {design.n} | {design.share:.0%} | {told:.2f} | {linearised:.3f} | {kish:.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="coverage of 95 % intervals of weighted answers")
    parser.add_argument("--samples", type=int, default=20_000, help="samples a cell")
    for line in table(parser.parse_args().samples):
        print(line, flush=True)


if __name__ == "__main__":
    main()
