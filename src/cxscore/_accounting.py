"""Why a row was left out, and the sums that must add up. Knows `_frozen` only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._frozen import FrozenMap

__all__ = ["Account", "LeftOut", "left_out", "status_reason"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class LeftOut(enum.StrEnum):
    """Reasons for which a row of the input takes no part in a figure; every one is counted.

    >>> import cxscore as cx
    >>> cx.csat([5, None]).left_out[cx.LeftOut.MISSING]
    1
    """

    MISSING = "missing"
    INVALID = "invalid"
    SUPERSEDED = "superseded"
    BOT = "bot"
    AUTOMATIC = "automatic"
    PRIVATE_NOTE = "private_note"
    PUBLIC_NOTE = "public_note"
    AFTER_AS_OF = "after_as_of"
    UNKNOWN_CUSTOMER = "unknown_customer"
    SAME_DAY = "same_day"
    UNMATCHED = "unmatched"
    MERGED = "merged"
    SPAM = "spam"
    TEST = "test"
    DELETED = "deleted"


_OF_STATUS = {str(reason): reason for reason in (LeftOut.MERGED, LeftOut.SPAM, LeftOut.TEST, LeftOut.DELETED)}


def status_reason(status: object) -> LeftOut | None:
    """Why a conversation of this status is no customer's experience, None where it is one; case does not matter.

    >>> status_reason("Spam")
    <LeftOut.SPAM: 'spam'>
    """
    return _OF_STATUS.get(str(status).casefold())


def left_out(counts: Mapping[str, Any]) -> FrozenMap[LeftOut, int]:
    """Reasons with their counts as plain ints, in the order of `LeftOut`, zeros not listed.

    >>> dict(left_out({"invalid": 0, "missing": 2}))
    {<LeftOut.MISSING: 'missing'>: 2}
    """
    return FrozenMap({reason: int(counts[reason]) for reason in LeftOut if counts.get(reason, 0)})


class Account:
    """Rows that are still in, and why the others are out; the first reason counts."""

    def __init__(self, n: int) -> None:
        self.kept = np.ones(n, dtype=np.bool_)
        self.out: dict[LeftOut, Bools] = {}

    def leave_out(self, reason: LeftOut, mask: Bools) -> None:
        """Leave out those rows of the mask that are still in."""
        mask = mask & self.kept
        if mask.any():
            self.out[reason] = self.out[reason] | mask if reason in self.out else mask
            self.kept &= ~mask

    def by_group(self, group: Ints | None, groups: int) -> tuple[Ints, dict[LeftOut, Ints]]:
        """Rows that are in, and those left out by reason, one entry a group (`group` None: all in one)."""

        def count(mask: Bools) -> Ints:
            if group is None:
                return np.array([np.count_nonzero(mask)])
            return np.bincount(group[mask], minlength=groups)

        return count(self.kept), {reason: count(mask) for reason, mask in self.out.items()}
