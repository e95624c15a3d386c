"""How to judge: what a call to `outliers` asked for, checked, and what writes the signature.

Knows fences and named rules as values, and whether the values are durations; sees no value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ... import _inputs
from ..._checks import check_choice
from ..._results import Signature
from ...errors import ArgumentTypeError, ArgumentValueError
from ._fence import Fence, Value, plain_limit
from ._rules import NamedRule, check_log, check_rule, check_side, named_rule

__all__ = ["Settings", "read_settings"]

Floats = npt.NDArray[np.float64]


@attrs.frozen
class Settings:
    """How to judge: by a rule that has a name, by a function of the user's, or by a stated limit."""

    rule: str
    """What the rule is called, whichever kind it is."""
    named: NamedRule | None
    function: Callable[[Floats], Fence] | None
    stated: Fence | None
    side: str
    missing: str
    invalid: str

    @property
    def log(self) -> bool:
        """Whether logarithms are judged."""
        return self.named is not None and self.named.log

    def signature(self) -> Signature:
        """What is judged, and which rows."""
        definition: dict[str, str] = {"rule": self.rule}
        if self.stated is not None:
            limits = [limit for limit in (self.stated.low, self.stated.high) if limit is not None]
            definition |= {"limit": ",".join(map(_exactly, limits)), "side": self.side}
        elif self.named is not None:
            log = "yes" if self.log else "no"
            definition |= {"cutoff": f"{self.named.cutoff:.12g}", "side": self.side, "log": log}
        definition["v"] = "1"
        return Signature("outliers", definition, {"missing": self.missing, "invalid": self.invalid})


def _exactly(limit: Value) -> str:
    return f"{limit.total_seconds():.15g}s" if isinstance(limit, timedelta) else f"{limit:.15g}"


def read_settings(
    rule: Any, cutoff: Any, limit: Any, side: Any, log: Any, missing: Any, invalid: Any, *, durations: bool | None
) -> Settings:
    """The arguments, checked against each other and against the kind of the values (None: no value tells)."""
    check_side(side)
    check_choice("missing", missing, ("drop", "raise"))
    check_choice("invalid", invalid, ("raise", "drop"))
    check_log(log)
    named = function = stated = None
    if limit is not None:
        for name, value in (("rule", rule), ("cutoff", cutoff), ("log", log or None)):
            if value is not None:
                msg = f"limit and {name} exclude each other (got limit={limit!r} and {name}={value!r}); leave one out"
                raise ArgumentValueError(msg, argument=name, found=value)
        rule, stated = "limit", _stated(limit, side, durations)
    elif callable(rule):
        for name, value in (("cutoff", cutoff), ("log", log or None)):
            if value is not None:
                msg = f"{name} has no meaning for a rule of your own (got {value!r}); apply it inside the function"
                raise ArgumentValueError(msg, argument=name, found=value)
        function, rule = rule, f"own {getattr(rule, '__name__', type(rule).__name__)}"
    else:
        rule = "mad" if rule is None else check_rule(rule)
        named = named_rule(rule, cutoff, side, log, durations=durations)
    return Settings(rule, named, function, stated, side, missing, invalid)


def _stated(limit: Any, side: str, durations: bool | None) -> Fence:
    """The fence that `limit=` states."""
    pair = isinstance(limit, (tuple, list))
    if side == "both":
        if not pair or len(limit) != 2 or any(part is None for part in limit):
            msg = f"limit must be a pair (low, high) with side='both' (got {limit!r})"
            raise ArgumentTypeError(msg, argument="limit", found=limit)
        low, high = limit
    else:
        if pair:
            msg = f"limit must be one value with side={side!r} (got {limit!r}); pass side='both' for a pair"
            raise ArgumentTypeError(msg, argument="limit", found=limit)
        low, high = (limit, None) if side == "low" else (None, limit)
    low, high = plain_limit(low, "limit"), plain_limit(high, "limit")
    for part in (low, high):
        if part is None or durations is None:
            continue
        if durations:
            _inputs.duration(part, "limit")  # refuses a number and shows the timedelta
        elif isinstance(part, timedelta):
            msg = (
                f"limit must be a number, as the values are (got {part!r}); pass durations as timedeltas or timedelta64"
            )
            raise ArgumentTypeError(msg, argument="limit", found=part)
    return Fence(low, high, "limit")
