"""The rules that have a name: which there are, what a call may say of them, and the limits they find in every group.

Knows the fences of the core and that durations are whole microseconds. Knows neither a `Fence` nor where the values
come from; rules of a user's own and stated limits are no concern of it.
"""

from __future__ import annotations

import sys
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from ..._checks import check_choice
from ..._core import fences as core
from ...errors import ArgumentTypeError, ArgumentValueError, shown

__all__ = ["NamedRule", "OutlierRule", "OutlierSide", "check_log", "check_rule", "check_side", "named_rule"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OutlierRule = Literal["mad", "double-mad", "tukey", "sd"]
OutlierSide = Literal["high", "low", "both"]

_SIDES = ("high", "low", "both")
_LONGEST = 2.0**63  # microseconds that numpy can hold: no duration is beyond


@attrs.frozen
class NamedRule:
    """A rule with a name, and what it is told."""

    name: str
    cutoff: float
    side: str
    log: bool

    def limits(
        self, judged: Floats, codes: Ints | None, groups: int, *, durations: bool, repeats: Ints | None = None
    ) -> tuple[Floats, Floats, core.Fences]:
        """The limits of every group on the sides that count, infinite on the other, and what they rest on."""
        found = core.fences(judged, codes, groups, rule=self.name, cutoff=self.cutoff, log=self.log, repeats=repeats)
        low = found.low if self.side != "high" else np.full(groups, -np.inf)
        high = found.high if self.side != "low" else np.full(groups, np.inf)
        if durations:
            # Durations are whole microseconds, so a limit between two of them is the nearer one inside.
            low, high = np.ceil(low), np.floor(high)
            # Limits less than a microsecond apart may change places on the way; then the wider pair holds.
            low, high = np.minimum(low, high), np.maximum(low, high)
            low, high = np.where(low < -_LONGEST, -np.inf, low), np.where(high > _LONGEST, np.inf, high)
        return low, high, found


def check_rule(rule: Any) -> str:
    """The name of a rule.

    Raises:
        ArgumentTypeError: no string.
        UnknownNameError: none of the rules.
    """
    return check_choice("rule", rule, core.RULES)


def check_side(side: Any) -> str:
    """Which side counts.

    Raises:
        ArgumentTypeError: no string.
        UnknownNameError: none of the sides.
    """
    return check_choice("side", side, _SIDES)


def check_log(log: Any) -> None:
    """Whether logarithms are judged.

    Raises:
        ArgumentTypeError: neither True nor False nor None.
    """
    if log is not None and not isinstance(log, (bool, np.bool_)):
        msg = f"log must be True, False or None (got {log!r})"
        raise ArgumentTypeError(msg, argument="log", found=log)


def named_rule(rule: str, cutoff: Any, side: str, log: Any, *, durations: bool | None) -> NamedRule:
    """A rule that was checked, by default with its customary cutoff, and on the log scale for durations.

    Raises:
        ArgumentTypeError: a cutoff that is no number.
        ArgumentValueError: a cutoff that is not above 0.
    """
    cutoff = core.CUTOFFS[rule] if cutoff is None else _positive(cutoff)
    return NamedRule(rule, cutoff, side, durations is True if log is None else bool(log))


def _positive(cutoff: Any) -> float:
    plain = cutoff.item() if isinstance(cutoff, np.generic) else cutoff
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        msg = f"cutoff must be a number, a multiple of the spread such as 3.5 (got {cutoff!r})"
        raise ArgumentTypeError(msg, argument="cutoff", found=cutoff)
    if not 0 < plain <= sys.float_info.max:
        msg = f"cutoff must be a finite number above 0 (got {shown(cutoff)}), e.g. 3.5"
        raise ArgumentValueError(msg, argument="cutoff", found=cutoff)
    return float(plain)
