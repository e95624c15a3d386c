"""Rules as values: what ends a wait, and what counts as good. Frozen, and part of the signature.

Knows `errors` only; applies nothing itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from ._frozen import FrozenMap
from .errors import ArgumentTypeError, ArgumentValueError

__all__ = ["DEFAULT_POLICY", "TARGETS", "ReplyPolicy", "ServiceTargets"]

_MICROSECOND = timedelta(microseconds=1)
Target = timedelta | FrozenMap[Hashable, timedelta] | None


def _positive(argument: str, value: object) -> None:
    if not isinstance(value, timedelta):
        msg = f"{argument} must be a timedelta (got {value!r}), e.g. {argument}=timedelta(hours=24)"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    if value <= timedelta(0):
        msg = f"{argument} must be longer than zero (got {value!r}), e.g. {argument}=timedelta(hours=24)"
        raise ArgumentValueError(msg, argument=argument, found=value)


def _seconds(value: timedelta) -> str:
    seconds, micros = divmod(value // _MICROSECOND, 1_000_000)
    return f"{seconds}.{micros:06d}".rstrip("0").rstrip(".") + "s"  # exact, however long


def _span(seconds: str) -> timedelta:
    whole, _, part = seconds.removesuffix("s").partition(".")
    return timedelta(seconds=int(whole), microseconds=int(part.ljust(6, "0")))


# What a signature, or a list of targets in it, uses between its parts.
_ESCAPES = {"%": "%25", ",": "%2C", "=": "%3D", "|": "%7C", ";": "%3B"}


def _escaped(channel: object) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in str(channel))


def _unescaped(text: str) -> str:
    for mark, code in reversed(_ESCAPES.items()):  # the percent sign last
        text = text.replace(code, mark)
    return text


def read_target(definition: str) -> Target:
    """The target back from what `ServiceTargets.definition` wrote; channels come back as texts."""
    if definition == "none":
        return None
    if "=" not in definition:
        return _span(definition)
    pairs = (part.partition("=") for part in definition.split(","))
    return FrozenMap({_unescaped(channel): _span(limit) for channel, _, limit in pairs})


@attrs.frozen(kw_only=True)
class ReplyPolicy:
    """How waits are found in a message log.

    Args:
        expires: a wait that nobody answered for this long lapses, for logs without resolution times: a
            closing "thanks!" is not an open question for ever. None: waits never lapse.

    Raises:
        ArgumentTypeError: `expires` is no timedelta.
        ArgumentValueError: `expires` is not longer than zero.

    >>> from datetime import timedelta
    >>> import cxscore as cx
    >>> cx.ReplyPolicy(expires=timedelta(days=3)).definition
    'cxscore,expires=259200s'
    """

    expires: timedelta | None = None

    def __attrs_post_init__(self) -> None:
        if self.expires is not None:
            _positive("expires", self.expires)

    @property
    def definition(self) -> str:
        """What the signature says of it."""
        return "cxscore" if self.expires is None else f"cxscore,expires={_seconds(self.expires)}"


DEFAULT_POLICY = ReplyPolicy()
"""The definitions of this library: waits end by an answer, a resolution or the customer leaving; none lapses."""


def _frozen_mapping(value: Any) -> Any:
    return FrozenMap(value) if isinstance(value, Mapping) else value


def _target(record: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, Mapping):
        for channel, limit in value.items():
            _positive(f"{attribute.name}[{channel!r}]", limit)
    elif value is not None:
        _positive(attribute.name, value)


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

    Raises:
        ArgumentTypeError: a time that is no timedelta.
        ArgumentValueError: a time not longer than zero, a percentage or share out of range.

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
        if isinstance(target, timedelta):
            return _seconds(target)
        return ",".join(sorted(f"{_escaped(channel)}={_seconds(limit)}" for channel, limit in target.items()))


TARGETS = ServiceTargets(
    first_response={"email": timedelta(hours=24), "social": timedelta(hours=1)},
    resolution=timedelta(hours=48),
    satisfaction=75.0,
    detractors=0.10,
)
"""Targets published with the advice this library follows. Used only where they are passed."""
