"""Counts that were made elsewhere, by SQL for instance: whole numbers of 0 or more, whatever type they have.

Knows no tally.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidValueError, shown

__all__ = ["whole_count"]


def whole_count(count: Any, label: Any) -> int:
    """A count as an int; `label` is what it counts.

    Raises:
        InvalidValueError: anything but a whole number of 0 or more.
    """
    number = count.item() if isinstance(count, np.generic) else count
    try:
        whole = not isinstance(number, bool) and int(number) == number and number >= 0
    except (TypeError, ValueError, OverflowError):  # no number, NaN, infinite
        whole = False
    if not whole:
        msg = f"counts must be whole numbers of 0 or more (got {shown(count)} for {label!r})"
        raise InvalidValueError(msg, argument="counts", found=count)
    return int(number)
