"""Judgements as ratios, and what they promise, counted.

`python benchmarks/judging.py` prints how long comparing many groups takes against the intervals it starts from,
and the coverage of the intervals of differences: by exact enumeration of all pairs of samples for two groups, by
a seeded simulation for many at once.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from run import Row, fastest

import cxscore as cx
from cxscore._core import differences, intervals
from cxscore._core.distributions import z_value
from cxscore._core.paired import mean_score_interval

Floats = npt.NDArray[np.float64]

MIXES = [(d, p, 100 - d - p) for d in (2, 10, 20, 33, 50, 70, 90) for p in (2, 8, 20, 34, 50, 70, 90) if d + p <= 98]
"""Detractors, passives and promoters in percent, at least 2 in every group."""


def comparing(size: float) -> Iterator[Row]:
    """Two sets of groups against the two calls that give their intervals."""
    groups = int(100_000 * size)
    rng = np.random.default_rng(8)
    by = np.repeat(np.arange(groups), 30)
    for name, metric, low, high in (("nps", cx.nps, 0, 10), ("csat", cx.csat, 1, 5), ("ces", cx.ces, 1, 7)):
        before, after = (metric(rng.integers(low, high + 1, len(by)), by=by) for _ in range(2))

        def two_intervals(one: Any = before, two: Any = after) -> None:
            one.column("interval.low")
            two.column("interval.low")

        for work, ours in (
            (f"compare {name}, {groups:,} groups", lambda one=before, two=after: cx.compare(one, two)),  # type: ignore[misc]  # default arguments bind the loop variables
            (f"compare {name} with the rest", lambda one=before: cx.compare(one)),  # type: ignore[misc]  # as above
        ):
            mine, theirs = fastest(ours, two_intervals)
            yield Row(work, "the two interval calls", mine / theirs, 10.0, mine, theirs)


def samples(n: int, points: int) -> Floats:
    """All ways to spread n answers over some points, one a row."""
    bars = np.array(list(itertools.combinations(range(n + points - 1), points - 1)))
    fences = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, n + points - 1)))
    return np.diff(fences, axis=1) - 1.0


def chances(counts: Floats, shares: Floats) -> Floats:
    """Multinomial probability of each sample (columns) in each population (rows)."""
    log_factorial = np.cumsum(np.log(np.maximum(np.arange(counts[0].sum() + 1), 1)))
    ways = log_factorial[-1] - log_factorial[counts.astype(int)].sum(axis=1)
    return np.exp(ways + np.log(shares) @ counts.T)


def nps_difference(n1: int, n2: int, limits: Callable[..., Any]) -> tuple[float, float, float]:
    """Least and mean coverage at 95 %, and mean width in points, over all pairs of mixes."""
    shares = np.array(MIXES) / 100.0
    first, second = samples(n1, 3), samples(n2, 3)
    one, two = chances(first, shares), chances(second, shares)
    truth = (shares[:, 2] - shares[:, 0])[:, None] - (shares[:, 2] - shares[:, 0])[None, :]
    covered, width = np.zeros_like(truth), np.zeros_like(truth)
    columns = [np.ascontiguousarray(column) for column in second.T]
    for i, sample in enumerate(first):
        low, high = limits([np.full(len(second), count) for count in sample], columns, z_value(0.95))
        for j in range(len(shares)):
            inside = (low <= truth[j][:, None] + 1e-9) & (truth[j][:, None] - 1e-9 <= high)
            covered[j] += one[j, i] * (two * inside).sum(axis=1)
        width += one[:, i][:, None] * (two @ (high - low))[None, :]
    return float(covered.min()), float(covered.mean()), float(100.0 * width.mean())


def coverage_of_nps_differences() -> None:
    print(f"\nNPS differences, 95 %: least and mean coverage and mean width over {len(MIXES)}² pairs of mixes")
    methods = {
        "mover": intervals.nps_difference_mover,
        "adjusted-wald": intervals.nps_difference_adjusted_wald,
        "wald": intervals.nps_difference_wald,
    }
    for n1, n2 in ((5, 5), (5, 20), (10, 10), (10, 30), (30, 30)):
        cells = ["{:.3f} {:.3f} {:5.1f}".format(*nps_difference(n1, n2, limits)) for limits in methods.values()]
        print(f"{n1:>3} {n2:>3}  " + "  ".join(f"{name} {cell}" for name, cell in zip(methods, cells, strict=True)))


CES = {
    "ceiling": (1, 1, 2, 3, 8, 25, 60),
    "strong ceiling": (0.5, 0.5, 1, 1, 2, 10, 85),
    "bimodal": (20, 5, 3, 2, 5, 15, 50),
    "even": (100 / 7,) * 7,
    "middle": (2, 8, 20, 40, 20, 8, 2),
}
"""Percent of answers 1 to 7."""


def mean_and_variance(shares: Floats, n: int) -> tuple[Floats, Floats, Floats]:
    """All pairs of mean and variance that n answers can have, and their probability."""
    chance = {(0, 0): 1.0}
    for _ in range(n):
        more: dict[tuple[int, int], float] = {}
        for (total, squares), p in chance.items():
            for point, share in enumerate(shares.tolist(), 1):
                key = total + point, squares + point * point
                more[key] = more.get(key, 0.0) + p * share
        chance = more
    sums = np.array(list(chance), dtype=np.float64) / n
    return sums[:, 0], np.maximum(sums[:, 1] - sums[:, 0] ** 2, 0.0), np.array(list(chance.values()))


def ces_difference(one: str, two: str, n1: int, n2: int) -> tuple[float, float]:
    """Coverage at 95 % of adjusted-welch and of welch."""
    shares = [np.array(CES[name]) / 100.0 for name in (one, two)]
    truth = float((shares[0] - shares[1]) @ np.arange(1, 8))
    (mean1, variance1, chance1), (mean2, variance2, chance2) = (
        mean_and_variance(share, n) for share, n in zip(shares, (n1, n2), strict=True)
    )
    each = np.ones(len(mean2))
    second = differences.Means(n2 * each, mean2, variance2)
    covered = [0.0, 0.0]
    for mean, variance, chance in zip(mean1, variance1, chance1, strict=True):
        first = differences.Means(n1 * each, mean * each, variance * each)
        for i, (low, high) in enumerate(
            (differences.adjusted_welch(first, second, 1.0, 7.0, 0.95), differences.welch(first, second, 0.95))
        ):
            covered[i] += chance * float(chance2 @ ((low <= truth + 1e-9) & (truth - 1e-9 <= high)))
    return covered[0], covered[1]


def coverage_of_ces_differences() -> None:
    print("\nCES differences, 95 %: least coverage over all pairs of five mixes")
    for n1, n2 in ((5, 5), (5, 20), (10, 10)):
        found = [ces_difference(one, two, n1, n2) for one in CES for two in CES]
        least = [min(pair[i] for pair in found) for i in range(2)]
        print(f"{n1:>3} {n2:>3}  adjusted-welch {least[0]:.3f}  welch {least[1]:.3f}")


CHANGES = {
    "half stay": (4, 16, 50, 22, 8),
    "many move": (12, 18, 30, 22, 18),
    "few move": (2, 4, 86, 5, 3),
    "mostly upwards": (2, 4, 44, 30, 20),
}
"""Percent of people whose group moved by -2 to 2."""


def movement_coverage(percents: tuple[float, ...], n: int) -> float:
    """Coverage at 95 % of the score interval of a paired NPS difference."""
    shares = np.array([percents]) / 100.0
    truth = float(shares[0] @ np.arange(-2, 3))
    counts = samples(n, 5)
    limits = np.array([mean_score_interval(row, -2, z_value(0.95)) for row in counts.astype(int).tolist()])
    inside = (limits[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= limits[:, 1])
    return float(chances(counts, shares)[0] @ inside)


def coverage_of_movement() -> None:
    print("\nNPS of the same people, 95 %: coverage")
    for name, percents in CHANGES.items():
        print(f"{name:>14}  " + "  ".join(f"n={n} {movement_coverage(percents, n):.3f}" for n in (5, 10, 20)))


def false_findings(correction: Any, groups: int, runs: int, moved: int = 0, seed: int = 9) -> tuple[float, float]:
    """Share of runs in which all intervals hold their truth, and with a false finding; 80 answers a group."""
    rng = np.random.default_rng(seed)
    mixes = np.array([[0.2, 0.3, 0.5]] * groups)
    later = mixes.copy()
    later[:moved] = [0.1, 0.2, 0.7]
    truth = 100.0 * ((later[:, 2] - later[:, 0]) - (mixes[:, 2] - mixes[:, 0]))
    hold, false = 0, 0
    for _ in range(runs):
        sides = []
        for side in (mixes, later):
            counts = rng.multinomial(80, side)
            tallies = {i: cx.ScoreTally.from_counts({0: d, 7: p, 10: r}, cx.NPS_0_10)
                       for i, (d, p, r) in enumerate(counts.tolist())}  # fmt: skip
            sides.append(cx.Groups.from_tallies(tallies, cx.nps))
        found = cx.compare(sides[0], sides[1], correction=correction)
        low, high = (found.column(f"simultaneous_interval.{end}") for end in ("low", "high"))
        hold += bool(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).all())
        false += any(found[i].verdict != "no clear change" for i in range(moved, groups))
    return hold / runs, false / runs


def many_at_once() -> None:
    print("\n20 groups at once, 95 %: runs whose intervals all hold the truth, runs with a false finding (1,000 runs)")
    for correction, moved in itertools.product(("holm", "bh", None), (0, 5)):
        hold, false = false_findings(correction, 20, 1_000, moved)
        error = math.sqrt(0.05 * 0.95 / 1_000)
        print(f"{correction!s:>5}, {moved} moved  {hold:.3f}  {false:.3f}  (± {error:.3f})")


TABLES = {
    "nps": coverage_of_nps_differences,
    "ces": coverage_of_ces_differences,
    "movement": coverage_of_movement,
    "many": many_at_once,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="judgements: time as ratios, coverage counted")
    parser.add_argument("tables", nargs="*", help=f"which: time, {', '.join(TABLES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a tenth of the groups")
    options = parser.parse_args()
    if not options.tables or "time" in options.tables:
        for row in comparing(0.1 if options.quick else 1.0):
            times = f"{row.ratio:>6.2f} {row.target:>6.1f} {row.ours:>9.4g} {row.theirs:>9.4g}"
            print(f"{row.work:<32} {row.peer:<24} {times}")
    for name, table in TABLES.items():
        if not options.tables or name in options.tables:
            table()


if __name__ == "__main__":
    main()
