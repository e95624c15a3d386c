"""Why a row was left out, and the sums that must add up. Knows `_frozen` only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from ._frozen import FrozenMap

__all__ = ["LeftOut", "left_out"]


class LeftOut(enum.StrEnum):
    """Reasons for which a row of the input takes no part in a figure; every one is counted."""

    MISSING = "missing"
    INVALID = "invalid"
    SUPERSEDED = "superseded"
    BOT = "bot"
    AUTOMATIC = "automatic"
    PRIVATE_NOTE = "private_note"
    AFTER_AS_OF = "after_as_of"
    UNKNOWN_CUSTOMER = "unknown_customer"
    SAME_DAY = "same_day"
    MERGED = "merged"
    SPAM = "spam"
    TEST = "test"
    DELETED = "deleted"


def left_out(counts: Mapping[str, Any]) -> FrozenMap[LeftOut, int]:
    """Reasons with their counts as plain ints, in the order of `LeftOut`, zeros not listed.

    >>> dict(left_out({"invalid": 0, "missing": 2}))
    {<LeftOut.MISSING: 'missing'>: 2}
    """
    return FrozenMap({reason: int(counts[reason]) for reason in LeftOut if counts.get(reason, 0)})
