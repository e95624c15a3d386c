"""What was promised: longest waits by clock and channel, least satisfaction. Knows `errors` and `_frozen`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import timedelta
from numbers import Integral
from typing import Any

import attrs

from .._frozen import FrozenMap
from ..errors import ArgumentTypeError, ArgumentValueError, UnknownNameError

__all__ = ["TARGETS", "ServiceTargets", "channel_name", "positive", "read_target", "seconds"]

_MICROSECOND = timedelta(microseconds=1)
_CLOCKS = ("first_response", "reply", "resolution")
Target = timedelta | FrozenMap[Hashable, timedelta] | None


def positive(argument: str, value: object) -> None:
    """Refuse what is no timedelta longer than zero."""
    if not isinstance(value, timedelta):
        msg = f"{argument} must be a timedelta (got {value!r}), e.g. {argument}=timedelta(hours=24)"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if value <= timedelta(0):
        msg = f"{argument} must be longer than zero (got {value!r}), e.g. {argument}=timedelta(hours=24)"
        raise ArgumentValueError(msg, argument=argument, found=value)


def seconds(value: timedelta) -> str:
    """A duration as a signature writes it."""
    whole, micros = divmod(value // _MICROSECOND, 1_000_000)
    return f"{whole}.{micros:06d}".rstrip("0").rstrip(".") + "s"  # exact, however long


def _span(text: str) -> timedelta:
    whole, _, part = text.removesuffix("s").partition(".")
    return timedelta(seconds=int(whole), microseconds=int(part.ljust(6, "0")))


# What a signature, or a list of targets in it, uses between its parts.
_ESCAPES = {"%": "%25", ",": "%2C", "=": "%3D", "|": "%7C", ";": "%3B"}


def channel_name(channel: object) -> str:
    """A channel, or another key of a mapping, as a signature writes it.

    What is no text says so by its type after a percent sign, which no text has without digits behind it. Keys that are
    equal are written alike.
    """
    if isinstance(channel, str):
        return _escaped(channel)
    if isinstance(channel, Integral) or (isinstance(channel, float) and channel.is_integer()):
        channel = int(channel)
    return f"%{_escaped(type(channel).__name__)}:{_escaped(str(channel))}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _channel(name: str) -> Any:
    kind, _, value = name.partition(":")
    if kind.startswith("%") and not kind[1].isdigit():
        if kind in ("%int", "%NoneType"):
            return int(value) if kind == "%int" else None
        name = value
    for mark, code in reversed(_ESCAPES.items()):  # the percent sign last
        name = name.replace(code, mark)
    return name


def read_target(definition: str) -> Target:
    """The target back from what `ServiceTargets.definition` wrote; channels come back as texts, integers or None."""
    if definition == "none":
        return None
    if "=" not in definition:
        return _span(definition)
    pairs = (part.partition("=") for part in definition.split(","))
    return FrozenMap({_channel(channel): _span(limit) for channel, _, limit in pairs})


def _frozen_mapping(value: Any) -> Any:
    return FrozenMap(value) if isinstance(value, Mapping) else value


def _target(record: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, Mapping):
        for channel, limit in value.items():
            positive(f"{attribute.name}[{channel!r}]", limit)
    elif value is not None:
        positive(attribute.name, value)


def _clocks(value: bool | Iterable[str]) -> frozenset[str]:
    if isinstance(value, bool):
        return frozenset(_CLOCKS if value else ())
    msg = f"in_business_time must be True, False or a set of clocks (got {value!r}), e.g. {{'first_response'}}"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ArgumentTypeError(msg, argument="in_business_time", found=value)
    found = list(value)
    if not set(found) <= set(_CLOCKS):
        raise UnknownNameError(f"{msg}; clocks are {', '.join(_CLOCKS)}", argument="in_business_time", found=value)
    return frozenset(found)


@attrs.frozen(kw_only=True)
class ServiceTargets:
    """What you promise: at most so long, at least so satisfied.

    Args:
        first_response: longest first response, or a mapping of channel to it; channels that are not in the
            mapping have no target.
        reply: longest wait for any reply, likewise.
        resolution: longest time to resolution, likewise.
        satisfaction: least CSAT in percent.
        detractors: largest share of detractors, 0 to 1.
        in_business_time: True where all promises are about business time, or the clocks whose promises are, e.g.
            `{"first_response"}`; the others are about calendar time. Needs `hours` where they are applied.

    Raises:
        ArgumentTypeError: a time that is no timedelta.
        ArgumentValueError: a time not longer than zero, a percentage or share out of range.
        UnknownNameError: a clock in `in_business_time` that is none.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> targets = cx.ServiceTargets(first_response={"email": timedelta(hours=24), "social": timedelta(hours=1)})
    >>> targets.first_response["social"]
    datetime.timedelta(seconds=3600)
    """

    first_response: Target = attrs.field(default=None, converter=_frozen_mapping, validator=_target)
    reply: Target = attrs.field(default=None, converter=_frozen_mapping, validator=_target)
    resolution: Target = attrs.field(default=None, converter=_frozen_mapping, validator=_target)
    satisfaction: float | None = None
    detractors: float | None = None
    in_business_time: frozenset[str] = attrs.field(default=False, converter=_clocks)

    def __attrs_post_init__(self) -> None:
        for name, most in (("satisfaction", 100.0), ("detractors", 1.0)):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                msg = f"{name} must be a number from 0 to {most:g} (got {value!r})"
                raise ArgumentTypeError(msg, argument=name, found=value)
            if not 0.0 <= value <= most:
                msg = f"{name} must lie between 0 and {most:g} (got {value!r})"
                raise ArgumentValueError(msg, argument=name, found=value)

    def definition(self, clock: str) -> str:
        """What the signature says of the target of one clock."""
        target: Target = getattr(self, clock)
        if not target:
            return "none"
        business = "business " if clock in self.in_business_time else ""
        if isinstance(target, timedelta):
            return business + seconds(target)
        return business + ",".join(
            sorted(f"{channel_name(channel)}={seconds(limit)}" for channel, limit in target.items())
        )


TARGETS = ServiceTargets(
    first_response={"email": timedelta(hours=24), "social": timedelta(hours=1)},
    resolution=timedelta(hours=48),
    satisfaction=75.0,
    detractors=0.10,
)
"""Targets published with the advice this library follows. Used only where they are passed."""
