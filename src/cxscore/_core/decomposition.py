"""Why a weighted mean changed: because the groups changed, or because their weights did.

May know: numpy. May not know: groups, results, errors.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["mix_and_rate", "shares_of"]

Floats = npt.NDArray[np.float64]


def shares_of(weight: Floats) -> Floats:
    """Weights as shares of their sum; NaN where nothing weighs."""
    total = weight.sum()
    return weight / (total if total > 0.0 else np.nan)


def mix_and_rate(share0: Floats, value0: Floats, share1: Floats, value1: Floats) -> tuple[Floats, Floats]:
    """What each group adds to the change of Σ share × value by its share, and by its value.

    Both are taken at the middle of the two periods, so they add up to the change exactly and change their signs
    when the periods are swapped. A group without a share in one period has the value of the other; one without
    any adds nothing. NaN where a period has no shares.
    """
    here0, here1 = share0 > 0.0, share1 > 0.0
    level0, level1 = _level(share0, value0, here0), _level(share1, value1, here1)
    # Where a group never was, any value does: its shares are 0.
    anywhere = np.where(here1, value1, 0.0)
    before = np.where(here0, value0, anywhere)
    after = np.where(here1, value1, before)
    mix = (share1 - share0) * ((before + after) / 2.0 - (level0 + level1) / 2.0)
    rate = (share0 + share1) / 2.0 * (after - before)
    return mix, rate


def _level(share: Floats, value: Floats, here: npt.NDArray[np.bool_]) -> float:
    return float((share * np.where(here, value, 0.0)).sum())
