"""Calendar periods as groups of clocks: a wait belongs to its start, a resolution to its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._grouping import read_key
from .._inputs import NAT, Coded
from ..batches import Conversations
from ..periods import Period, PeriodCodes

__all__ = ["by_end", "resolved_at", "tickets_and_ends"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def by_end(spec: Any) -> bool:
    """Whether a key of groups is a period in which resolutions belong to their ends."""
    return isinstance(spec, Period) and spec.anchor is None


def resolved_at(ends: dict[str, Ints], kept: Bools) -> dict[str, Ints]:
    """The end of each ticket on the clocks of resolution; a first one that nobody knows is taken for the last."""
    left_at = ends["abandoned_at"]
    last, first = ends["resolved_at"], ends["first_resolved_at"]
    last = np.where(last == NAT, left_at, last)
    found = {"resolution": last, "first_resolution": np.where(first == NAT, last, first)}
    return {name: np.where(kept, at, NAT) for name, at in found.items()}


def tickets_and_ends(spec: Any, table: Conversations, ended: dict[str, Ints], kept: Bools) -> Coded:
    """Labels of tickets followed by those of their resolutions, one run a clock."""
    n = len(table)
    if ended and by_end(spec):
        both: PeriodCodes = spec.coded(n, table, tuple(ended.values()))
        codes = both.codes.reshape(-1, n)
        # What is left out has no resolution, and stays where its ticket is.
        return both.with_codes(np.where(kept, codes, codes[0]).reshape(-1))
    labels = read_key(spec, n, table)
    codes = np.tile(labels.codes, 1 + len(ended))
    return labels.with_codes(codes) if isinstance(labels, PeriodCodes) else Coded(codes, labels.labels, labels.name)
