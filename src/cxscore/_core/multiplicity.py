"""Many tests at once: adjusted p-values, and the level at which each interval has to stand.

A p-value of NaN is a test that was not made: it stays NaN and does not count. Takes and gives float64 arrays.
Knows numpy only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "false_coverage_level", "holm", "simultaneous_level"]

Floats = npt.NDArray[np.float64]

_HIGHEST = float(np.nextafter(1.0, 0.0))  # a level of 1 has no interval


def holm(p: Floats) -> Floats:
    """Holm's step-down p-values (1979): the chance of any false finding stays below each, whatever depends on what."""
    made, order, ranked = _ranked(p)
    return _back(p, made, order, np.maximum.accumulate(ranked * np.arange(len(ranked), 0, -1)))


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini and Hochberg's step-up p-values (1995): the expected share of false findings stays below each."""
    made, order, ranked = _ranked(p)
    steps = ranked * (len(ranked) / np.arange(1, len(ranked) + 1))
    return _back(p, made, order, np.minimum.accumulate(steps[::-1])[::-1])


def _ranked(p: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    made = np.flatnonzero(~np.isnan(p))
    order = np.argsort(p[made], kind="stable")
    return made, order, p[made][order]


def _back(p: Floats, made: npt.NDArray[np.intp], order: npt.NDArray[np.intp], adjusted: Floats) -> Floats:
    result = np.full(len(p), np.nan)
    result[made[order]] = np.minimum(adjusted, 1.0)
    return result


def simultaneous_level(p: Floats, confidence: float) -> float:
    """Bonferroni: level of each interval at which all hold together with `confidence`, at least."""
    return min(1.0 - (1.0 - confidence) / max(int(np.count_nonzero(~np.isnan(p))), 1), _HIGHEST)


def false_coverage_level(p: Floats, confidence: float) -> float:
    """Level at which of the intervals that Benjamini and Hochberg's rule selects a share of at most
    1 - confidence is expected to miss (Benjamini and Yekutieli 2005).

    At that level exactly the selected intervals exclude 0.
    """
    made = int(np.count_nonzero(~np.isnan(p)))
    selected = int(np.count_nonzero(benjamini_hochberg(p) <= 1.0 - confidence))
    return min(1.0 - (1.0 - confidence) * max(selected, 1) / max(made, 1), _HIGHEST)
