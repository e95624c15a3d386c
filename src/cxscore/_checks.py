"""Checks that every public function shares: a confidence level, a choice among known names.

May know: the errors. May not know: what the arguments are for.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

from .errors import ArgumentTypeError, ArgumentValueError, UnknownNameError

__all__ = ["check_choice", "check_confidence"]


def check_confidence(value: Any) -> float:
    """`value` as a float strictly between 0 and 1.

    Raises:
        ArgumentTypeError: not a real number, or a bool.
        ArgumentValueError: outside 0 to 1, or so near to either that no float tells it apart.
    """
    if type(value) is float and 1e-6 <= value <= 0.999999:
        return value  # nearly every call
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentTypeError(
            f"confidence must be a number between 0 and 1, such as 0.95 (got {value!r})",
            argument="confidence",
            found=value,
        )
    confidence = float(value)
    if not 0.0 < confidence < 1.0:
        hint = f"; did you mean {confidence / 100:g}?" if 1.0 < confidence < 100.0 else ""
        raise ArgumentValueError(
            f"confidence must be between 0 and 1, exclusive (got {value!r}){hint}",
            argument="confidence",
            found=value,
        )
    return confidence


def check_flag(argument: str, value: Any) -> bool:
    """`value` if it is True or False.

    Raises:
        ArgumentTypeError: anything else.
    """
    if not isinstance(value, bool):
        msg = f"{argument} must be True or False (got {value!r})"
        raise ArgumentTypeError(msg, argument=argument, found=value)
    return value


def check_choice(argument: str, value: Any, choices: Iterable[str]) -> str:
    """`value` if it is one of `choices`.

    Raises:
        ArgumentTypeError: not a string.
        UnknownNameError: none of the choices; the message lists them.
    """
    known = tuple(choices)
    if isinstance(value, str) and value in known:
        return value
    listed = ", ".join(map(repr, known))
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{argument} must be one of {listed} (got {value!r})", argument=argument, found=value)
    from difflib import get_close_matches  # milliseconds that only a mistake has to pay

    near = get_close_matches(value.lower().replace("_", "-"), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UnknownNameError(f"{argument} must be one of {listed} (got {value!r}){hint}", argument=argument, found=value)
