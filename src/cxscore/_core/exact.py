"""The exact interval of a net promoter score, for small surveys.

All the ways in which n answers can fall into detractors, passives and promoters are ordered, under each
supposed true score, by the size of Tango's score statistic (1998). A supposed score is rejected when results
at least as far from it as the one observed have a probability of at most 1 - confidence, whatever the share
of passives. The interval is the smallest that holds every supposed score that is not rejected.

May know: numpy, and the score interval next door, from which the search starts. May not know: anything
else. Nothing is checked here.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .distributions import z_value
from .intervals import nps_score

__all__ = ["LARGEST", "nps_exact"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

LARGEST = 200
"""Most answers: the results to go through grow with the square of their number."""

_ACCURACY = 1e-6  # of a limit, as a fraction and always outwards: .0001 points

# The search begins with cells between the score limits of these multiples of z. A limit is nearly always
# near 1; what lies farther out is rejected in a few large steps.
_MULTIPLES = (3.0, 2.0, 1.6, 1.4, 1.25, 1.15, 1.07, 1.0, 0.93, 0.85, 0.7, 0.4)
_NEARLY = 0.9  # of alpha: a maximum of less on the grid does not pass alpha between its steps
_REFINEMENTS = 3  # each to a quarter of the step
_BLOCK = 1 << 10  # results at a time, so that they stay in the processor's cache
_LOWEST = -1.0 + 1e-9  # at -1 itself the statistic has no spread


def nps_exact(detractors: int, passives: int, promoters: int, confidence: float) -> tuple[float, float]:
    """Limits of the score as a fraction, -1 to 1; NaN without answers."""
    if detractors + passives + promoters == 0:
        return math.nan, math.nan
    low = _low(detractors, passives, promoters, confidence)
    return low, -_low(promoters, passives, detractors, confidence)  # the mirror image


def _low(detractors: int, passives: int, promoters: int, confidence: float) -> float:
    """The lowest supposed score that is not rejected."""
    n, z = detractors + passives + promoters, z_value(confidence)
    if detractors == n:
        return -1.0
    score = (promoters - detractors) / n
    starts = [nps_score(float(detractors), float(passives), float(promoters), m * z)[0] for m in _MULTIPLES]
    edges = [_LOWEST, *(start for start in starts if start > _LOWEST), score]
    test = _Test(n, detractors, promoters)
    # Depth first, from the left: the first cell that stays and is too small to halve holds the limit. There is
    # one, since the observed score itself is never rejected.
    cells = list(pairwise(edges))[::-1]
    while True:
        low, high = cells.pop()
        if test.rejects(low, high, 1.0 - confidence):
            continue
        if high - low <= _ACCURACY:
            return low if low > _LOWEST else -1.0
        middle = (low + high) / 2.0
        cells += [(middle, high), (low, middle)]


class _Test:
    """The unconditional test of supposed scores, given one observed result."""

    def __init__(self, n: int, detractors: int, promoters: int) -> None:
        one, other = np.tril_indices(n + 1)
        d, r = other.astype(np.float64), (n - one).astype(np.float64)  # all with d + r <= n
        self.n, self.counts = n, np.stack([d, n - d - r, r])
        self.observed = np.flatnonzero((d == detractors) & (r == promoters))[0]
        log_factorial = np.array([math.lgamma(k + 1.0) for k in range(n + 1)])
        self.ways = log_factorial[n] - log_factorial[self.counts.astype(np.int64)].sum(axis=0)
        self.angles = np.linspace(0.0, math.pi / 2.0, 11 + math.ceil(4.0 * math.sqrt(n)))
        self.regions: dict[float, Bools] = {}

    def rejects(self, low: float, high: float, alpha: float) -> bool:
        """Whether all the supposed scores of a cell are rejected.

        A result counts that is as far off as the observed one at either end, so that none is missed that is
        so only in between.
        """
        far = self.region(low) | self.region(high)
        near = 2 * int(far.sum()) > len(far)  # the fewer results to add up
        chosen = ~far if near else far
        counts, ways = self.counts[:, chosen], self.ways[chosen]

        def chance(supposed: float, angles: Floats) -> Floats:
            log_shares, total = _log_shares(supposed, angles), np.zeros(len(angles))
            for at in range(0, len(ways), _BLOCK):
                logs = log_shares @ counts[:, at : at + _BLOCK] + ways[at : at + _BLOCK]
                np.maximum(logs, -700.0, out=logs)  # numbers too small for a normal float take ten times as long
                total += np.exp(logs, out=logs).sum(axis=1)
            return 1.0 - total if near else total

        for supposed in (low, high):
            angles = self.angles
            p_values = chance(supposed, angles)
            if p_values.max() > alpha:
                return False
            for peak in _peaks(p_values, _NEARLY * alpha):
                around = angles[max(peak - 1, 0)], angles[min(peak + 1, len(angles) - 1)]
                for _ in range(_REFINEMENTS):
                    finer = np.linspace(*around, 9)
                    p_values = chance(supposed, finer)
                    if p_values.max() > alpha:
                        return False
                    best = int(p_values.argmax())
                    around = finer[max(best - 1, 0)], finer[min(best + 1, 8)]
        return True

    def region(self, supposed: float) -> Bools:
        """Which results are at least as far from a supposed score as the observed one."""
        if supposed not in self.regions:
            distance = np.abs(_statistic(self.counts[0], self.counts[2], float(self.n), supposed))
            self.regions[supposed] = distance >= distance[self.observed] * (1.0 - 1e-9) - 1e-9  # ties count
        return self.regions[supposed]


def _peaks(values: Floats, least: float) -> list[int]:
    """Where values of at least so much are not below their neighbours."""
    padded = np.concatenate(([-math.inf], values, [-math.inf]))
    top = (values >= padded[:-2]) & (values >= padded[2:]) & (values >= least)
    return [int(i) for i in np.flatnonzero(top)]


def _statistic(d: Floats, r: Floats, n: float, supposed: float) -> Floats:
    """Tango's score statistic of each result, as Rocks (2016) writes it; 0 where it is 0 / 0."""
    if supposed < 0.0:
        return -_statistic(r, d, n, -supposed)
    b = -d - r + (2.0 * n - r + d) * supposed
    spread = supposed * (1.0 - supposed)
    likeliest = (np.sqrt(b * b + 8.0 * n * d * spread) - b) / (4.0 * n)  # share of detractors
    return (r - d - n * supposed) / np.sqrt(np.maximum(n * (2.0 * likeliest + spread), 1e-300))


def _log_shares(supposed: float, angle: Floats) -> Floats:
    """Logarithms of the three shares, one row an angle: 0 is no passives, a right angle nothing but them.

    Equal steps of the angle are about equal steps in standard errors of the passives.
    """
    rest = 1.0 - abs(supposed)
    passives = rest * np.square(np.sin(angle))
    fewer = rest * np.square(np.cos(angle)) / 2.0
    shares = [fewer, passives, fewer + abs(supposed)]
    return np.log(np.maximum(np.stack(shares if supposed >= 0.0 else shares[::-1], axis=1), 1e-300))
