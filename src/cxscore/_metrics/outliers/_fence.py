"""The fence: limits as a value of their own, that any data can be held against.

Knows the named rules, which find limits in a tally, and reads values through the door to flag them. Knows no record,
no result and nothing of the call to `outliers`.
"""

from __future__ import annotations

import math
import sys
from datetime import timedelta
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._core import fences as core
from ..._core import quantiles
from ..._results import put, show, show_open
from ...errors import ArgumentTypeError, ArgumentValueError, shown
from ...tallies._durations import DurationTally
from ._rules import NamedRule, OutlierRule, OutlierSide, check_log, check_rule, check_side, named_rule

__all__ = ["MICROSECOND", "Fence", "Value", "bound_of", "fence_of", "figure", "plain_limit"]

Bools = npt.NDArray[np.bool_]

Value = Any  # a timedelta, or a plain int or float

MICROSECOND = timedelta(microseconds=1)
_RULE_TITLES = {"mad": "MAD", "double-mad": "double MAD", "tukey": "Tukey", "sd": "SD", "limit": "stated limit"}


def plain_limit(value: Any, argument: str) -> Value:
    """A limit as a timedelta or a plain finite number, None for no limit."""
    if value is None or isinstance(value, timedelta):
        return value
    if isinstance(value, np.timedelta64):
        return _inputs.duration(value, argument) * MICROSECOND
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        msg = f"{argument} must be a number or a timedelta (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if not abs(value) <= sys.float_info.max:
        msg = f"{argument} must be a finite number (got {shown(value)}); None stands for no limit"
        raise ArgumentValueError(msg, argument=argument, found=value)
    return value


def _low(value: Any) -> Value:
    return plain_limit(value, "low")


def _high(value: Any) -> Value:
    return plain_limit(value, "high")


def _centre(value: Any) -> Value:
    return plain_limit(value, "centre")


@attrs.frozen
class Fence:
    """Limits beyond which a value is flagged, on their own: found on one part of the data, used on any other.

    Args:
        low: values strictly below it are flagged; a number or a timedelta, None for no lower limit.
        high: values strictly above it are flagged; of the same kind as `low`.
        rule: how the limits were found.
        cutoff: multiple of the spread that the rule used, None without one.
        log: whether the rule judged logarithms.
        centre: median or mean around which the limits lie, None where unknown or undefined.
        relative_error: largest relative error of the values that the limits were found from; 0.0 when exact.

    Raises:
        ArgumentTypeError: a limit that is no number and no timedelta, or one of each.
        ArgumentValueError: limits that are not finite, or a `low` above `high`.

    >>> import cxscore as cx
    >>> cx.Fence(high=9).flags([3, 9, 10, None]).tolist()
    [False, False, True, False]
    """

    low: Value = attrs.field(default=None, converter=_low)
    high: Value = attrs.field(default=None, converter=_high)
    rule: str = "own"
    cutoff: float | None = attrs.field(default=None, kw_only=True)
    log: bool = attrs.field(default=False, kw_only=True)
    centre: Value = attrs.field(default=None, kw_only=True, converter=_centre)
    relative_error: float = attrs.field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        if len({isinstance(limit, timedelta) for limit in limits}) > 1:
            msg = f"low and high must both be numbers or both timedeltas (got {self.low!r} and {self.high!r})"
            raise ArgumentTypeError(msg, argument="low", found=(self.low, self.high))
        if len(limits) == 2 and self.low > self.high:
            msg = f"low must not be above high (got {self.low!r} and {self.high!r}); swap them"
            raise ArgumentValueError(msg, argument="low", found=(self.low, self.high))

    @classmethod
    def from_tally(
        cls,
        tally: DurationTally,
        rule: OutlierRule = "mad",
        cutoff: float | None = None,
        side: OutlierSide = "high",
        log: bool | None = None,
    ) -> Fence:
        """The fence of the answered waits that a tally has counted, for data in shards.

        Every wait counts as the middle of its bin, so `relative_error` is that of the tally; the limits of a rule
        on the log scale may move by a few times as much, as the cutoff multiplies the error of the spread.

        Args:
            tally: answered waits of all shards together; open ones are not looked at.
            rule: "mad", "double-mad", "tukey" or "sd".
            cutoff: multiple of the spread; the rule's customary one by default.
            side: "high", "low" or "both".
            log: judge logarithms; None means True, as for all durations.

        Raises:
            ArgumentTypeError: no DurationTally.
            UnknownNameError: an unknown rule or side.

        >>> from datetime import timedelta
        >>> import cxscore as cx
        >>> waits = [timedelta(minutes=minutes) for minutes in (4, 5, 6, 7, 9)]
        >>> shards = [cx.DurationTally.of(waits), cx.DurationTally.of([timedelta(minutes=8)])]
        >>> fence = cx.Fence.from_tally(shards[0] + shards[1])
        >>> fence.flags([timedelta(minutes=10), timedelta(hours=4)]).tolist()
        [False, True]
        """
        if not isinstance(tally, DurationTally):
            msg = f"tally must be a DurationTally (got {type(tally).__name__}), as cx.DurationTally.of(waits) makes it"
            raise ArgumentTypeError(msg, argument="tally", found=type(tally))
        check_rule(rule)
        check_side(side)
        check_log(log)
        named = named_rule(rule, cutoff, side, log, durations=True)
        bins, repeats = np.array(tally.bins, dtype=np.int64).reshape(-1, 2).T
        low, high, found = named.limits(quantiles.value_of(bins), None, 1, durations=True, repeats=repeats)
        fence = fence_of(named, low[0], high[0], found.centre[0], durations=True)
        return attrs.evolve(fence, relative_error=tally.relative_error)

    def flags(self, values: Any) -> Bools:
        """Which values lie strictly outside the limits; a missing one does not, an infinite one may.

        Args:
            values: 1-D ArrayLike of numbers or durations, as the limits are.

        Returns:
            bool array of the same length.

        Raises:
            ArgumentTypeError: numbers for limits that are durations, or the other way round.
        """
        found, durations = _inputs.measures(_inputs.materialise(values), "values")
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        wanted = isinstance(limits[0], timedelta) if limits else durations
        if durations is not None and durations is not wanted:
            is_a, got = ("timedelta", "numbers") if wanted else ("number", "durations")
            msg = f"values must be of the same kind as the limits of the fence (got {got}, a limit is a {is_a})"
            raise ArgumentTypeError(msg, argument="values", found=got)
        low, high = (bound_of(limit, open_end) for limit, open_end in ((self.low, -np.inf), (self.high, np.inf)))
        flagged = core.outside(found.data.astype(np.float64, copy=False), low, high)
        if found.missing is not None:
            flagged &= ~found.missing
        return flagged

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; durations as float seconds under `..._seconds`."""
        fields = attrs.asdict(self, recurse=False)
        durations = any(isinstance(value, timedelta) for value in fields.values())
        out: dict[str, Any] = {}
        for name, value in fields.items():
            put(out, name, value, duration=durations and name in ("low", "high", "centre"))
        return out

    def __str__(self) -> str:
        return self._told(business=False)

    def _told(self, *, business: bool) -> str:
        """The limits for a person; those of business time are no days."""
        limits = [
            f"{word} {figure(limit, business=business)}{' of business time' if business else ''}"
            for word, limit in (("below", self.low), ("above", self.high))
            if limit is not None
        ]
        return f"{' or '.join(limits) or 'no limit'} ({self._title})"

    @property
    def _title(self) -> str:
        parts = [_RULE_TITLES.get(self.rule, self.rule) + (" on the log scale" if self.log else "")]
        if self.cutoff is not None:
            parts.append(f"cutoff {self.cutoff:g}")
        return ", ".join(parts)

    def _passed(self, value: Value) -> tuple[Value, Value, str]:
        """The limit that a flagged value has passed, how far, and in which direction."""
        if self.low is None or (self.high is not None and value > self.high):
            return self.high, value - self.high, "over"
        return self.low, self.low - value, "under"


def fence_of(rule: NamedRule, low: float, high: float, centre: float, *, durations: bool) -> Fence:
    """The fence of limits that a named rule has found; one that is not finite is none."""
    low, high, centre = (_value(limit, durations=durations) for limit in (low, high, centre))
    return Fence(low, high, rule.name, cutoff=rule.cutoff, log=rule.log, centre=centre)


def _value(limit: float, *, durations: bool) -> Value:
    """A finite limit as it is shown, None for any other."""
    if not math.isfinite(limit):
        return None
    return timedelta(microseconds=float(limit)) if durations else float(limit)


def bound_of(limit: Value, open_end: float) -> float:
    """A limit in the unit that values are judged in."""
    if limit is None:
        return open_end
    return float(limit // MICROSECOND if isinstance(limit, timedelta) else limit)


def figure(value: Value, *, business: bool = False) -> str:
    """A value or a limit for a person; `business`: in business time."""
    if isinstance(value, timedelta):
        return show_open(value) if business else show(value)
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.6g}").replace("-", "−")
